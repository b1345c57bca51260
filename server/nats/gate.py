"""The gate: the nodes ask it about everybody who knocks (NATS' "auth callout"), and it asks the registry.

A terminal comes in with a certificate of ours that is not revoked, while it is not gone, under its own name as the
client id: else one terminal could end another's session. It may speak below its own `up` and listen to its own
`down`. It is let in for six hours: whoever was revoked meanwhile is not let in again, and until then nothing it says is
believed (server.intake asks the registry for every record).

Several gates may run: each question goes to one of them. While none does, nobody new comes in and whoever is in stays.
Over the same line each sees to it that the store of messages is capped (cap.py).
"""

import contextlib
import json
import logging
import os
import random
import socket
import ssl
import time
from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from server import BrokerError, LedgerError
from server.fleet.standing import State
from server.ledger.locks import PLACES
from server.ledger.store import Ledger
from server.ledger.tables import certificate, terminal
from server.nats import cap, passes
from server.nats.papers import GatePapers
from server.nats.passes import Pass, Question
from server.threads import Rounds
from server.trust import pki
from server.trust.pki import INGEST
from sync.topics import DOWN, ROOT, UP

log = logging.getLogger("hazri.gate")

FOR_S = 6 * 3600
_SPREAD_S = 1800  # not all on one day's anniversary
_ASKED = "$SYS.REQ.USER.AUTH"
_TIMEOUT_S, _REST_S, _LOOK_S, _CAP_S = 5.0, 1.0, 0.5, 10.0
_LINE = 4096
_GONE = (State.REVOKED, State.RETIRED)
_INGEST = frozenset({INGEST, *(f"{INGEST}-{n}" for n in range(1, PLACES))})


class Door:
    """Who may come in, and what they may do there."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def opens(self, question: Question) -> Pass | str:
        """Their pass, or why not. Raises LedgerError."""
        name = _common_name(question.leaf)
        if question.leaf is None or not name:
            return "no certificate"
        if question.client_id != name:
            return "the client id is not the name in the certificate"
        if name in _INGEST:
            return Pass(name, [f"{ROOT}.*.{DOWN}.>"], [f"{ROOT}.*.{UP}", f"{ROOT}.*.{UP}.>"])
        return self._terminal(name, pki.serial_of(question.leaf))

    def _terminal(self, name: str, serial: str) -> Pass | str:
        t, c = terminal.c, certificate.c
        with self._ledger.read() as connection:
            state = connection.scalar(select(t.state).where(t.id == name))
            revoked = connection.scalar(select(c.revoked_ms).where(c.serial == serial))
        if state is None:
            return "not in the registry"
        if state in _GONE or revoked is not None:
            return "revoked"
        for_s = FOR_S + random.randrange(_SPREAD_S)  # noqa: S311 - no secret
        return Pass(name, [f"{ROOT}.{name}.{UP}.>"], [f"{ROOT}.{name}.{DOWN}", f"{ROOT}.{name}.{DOWN}.>"], for_s)


class Gate(Rounds):
    """One line to a node, and the next node when it breaks. `start`, then `stop` once."""

    def __init__(self, papers: GatePapers, ca: str, nodes: Sequence[tuple[str, int]], door: Door) -> None:
        """`nodes`: (host, port for gates) of each; `ca`: the file of our authority. Raises BrokerError."""
        super().__init__("gate", _REST_S)
        self._issuer, self._nodes, self._door = papers.issuer, list(nodes), door
        self._turn = 0
        self.open = False
        try:
            self._tls = ssl.create_default_context(cafile=ca)
            self._tls.load_cert_chain(str(papers.certificate), str(papers.key))
        except OSError as error:
            raise BrokerError(f"{ca} or {papers.key}: {error.strerror}") from None

    def round(self) -> None:
        """One life of a line."""
        host, port = self._nodes[self._turn % len(self._nodes)]
        self._turn += 1
        try:
            with (
                socket.create_connection((host, port), _TIMEOUT_S) as plain,
                self._tls.wrap_socket(plain, server_hostname=host) as line,
            ):
                self._answer(_Line(line))
        except OSError as error:
            raise BrokerError(f"no line to the node {host}:{port}: {error}") from None
        finally:
            self.open = False

    def _answer(self, line: "_Line") -> None:
        line.begin()
        self.open = True
        log.info("gate state=open")
        capped, asked_s = False, float("-inf")
        while not self.stopping.is_set():
            if not capped and time.monotonic() - asked_s > _CAP_S:
                asked_s = time.monotonic()
                line.ask(cap.ASK)
            came = line.next()
            if came is None:
                continue
            if not came[0]:
                capped = _capped(line, came[1])
                continue
            try:
                question = passes.read(came[1])
            except BrokerError as error:
                log.warning("gate question=unread reason=%s", error)  # unanswered, it lets nobody in
                continue
            line.publish(came[0], self._word(question))

    def _word(self, question: Question) -> bytes:
        try:
            found = self._door.opens(question)
        except LedgerError:
            found = "the registry cannot be read now"
        now_s = int(time.time())
        if isinstance(found, Pass):
            return passes.granted(self._issuer, question, found, now_s)
        log.info("gate refused=%r reason=%r", _common_name(question.leaf)[:40], found)
        return passes.refused(self._issuer, question, found, now_s)


def _capped(line: "_Line", told: bytes) -> bool:
    """Is the store of messages? If not, have it be."""
    if cap.is_capped(told):
        log.info("gate store=capped")
        return True
    if wanted := cap.change(told):
        line.ask(cap.CHANGE, wanted)
    return False


class _Line:
    """As much of NATS' client protocol as a gate needs (NATS documentation, "Client Protocol"). Raises OSError."""

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self._tls = tls
        self._held = b""
        self._inbox = f"_INBOX.{os.urandom(8).hex()}"

    def begin(self) -> None:
        told = {"verbose": False, "pedantic": False, "tls_required": True, "name": "hazri-gate", "lang": "python"}
        hello = json.dumps(told | {"version": "1", "protocol": 1})
        self._line()  # INFO
        listen = f"SUB {_ASKED} gates 1\r\nSUB {self._inbox} 2\r\n"
        self._tls.sendall(f"CONNECT {hello}\r\n{listen}PING\r\n".encode())
        while (word := self._line()) != b"PONG":
            if word.startswith(b"-ERR"):
                raise ConnectionError(word[:100].decode("ascii", "replace"))

    def next(self) -> tuple[str, bytes] | None:
        """A question and where the answer goes (nowhere: it is an answer itself), or None after a while without any."""
        self._tls.settimeout(_LOOK_S)
        try:
            word = self._line()
        except TimeoutError:
            return None
        self._tls.settimeout(_TIMEOUT_S)
        if word == b"PING":
            self._tls.sendall(b"PONG\r\n")
        elif word.startswith(b"-ERR"):
            raise ConnectionError(word[:100].decode("ascii", "replace"))
        elif word.startswith(b"MSG "):
            *parts, size = word.decode("ascii", "replace").split(" ")
            if not size.isdigit() or int(size) > passes.MAX_REQUEST or len(parts) not in (3, 4) or parts[2:] == ["1"]:
                raise ConnectionError("the node speaks in another way")
            return (parts[3] if parts[2] == "1" else ""), self._bytes(int(size) + 2)[:-2]
        return None

    def ask(self, subject: str, data: bytes = b"") -> None:
        self.publish(f"{subject} {self._inbox}", data)

    def publish(self, subject: str, data: bytes) -> None:
        self._tls.sendall(f"PUB {subject} {len(data)}\r\n".encode() + data + b"\r\n")

    def _line(self) -> bytes:
        while b"\r\n" not in self._held:
            if len(self._held) > 16 * _LINE:
                raise ConnectionError("the node's line has no end")
            self._more()
        word, _, self._held = self._held.partition(b"\r\n")
        return word

    def _bytes(self, n: int) -> bytes:
        while len(self._held) < n:
            self._more()
        data, self._held = self._held[:n], self._held[n:]
        return data

    def _more(self) -> None:
        data = self._tls.recv(_LINE)
        if not data:
            raise ConnectionError("the node has hung up")
        self._held += data


def _common_name(leaf: x509.Certificate | None) -> str:
    with contextlib.suppress(ValueError):
        names = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if leaf is not None else []
        return str(names[0].value) if len(names) == 1 else ""
    return ""
