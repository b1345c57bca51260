"""A claim: how a blank machine becomes a terminal of an office with nothing but a token, and nobody typing keys.

    office's admin makes a token ──file, card or stick──▶ terminal ──token + request, sealed──▶ claim
    claim: pending ──▶ admitted   by somebody who looked, or at once where the token says so
                  └──▶ refused

A token lets one machine in, within a day. The ledger holds its hash. Whoever asks again with the same keys hears the
same answer, so a lost reply costs nothing; whoever asks with other keys hears that the token is spent, and the claim
says that somebody tried.
"""

import contextlib
import hashlib
import hmac
import json
import logging
import os
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from server import AdmissionError, ClaimError, FleetError
from server.fleet import places
from server.fleet.admit import admit, offices_of
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import claim, claim_token, office, terminal
from server.settings import BrokerSettings
from server.trust.keys import ServerKeys
from sync import WireError
from sync.admission import Request, parse, to_json
from sync.claim import Claim, ClaimState, ServerWord, Token, Verdict, new_secret, open_claim, verdict_json
from sync.topics import check_terminal

log = logging.getLogger("hazri.fleet")

VALID_MS = 24 * 3_600_000
KEEP_MS = 90 * VALID_MS
_ID_TAIL = 2  # random bytes that make an office's terminals differ


class State(StrEnum):
    PENDING = "pending"
    ADMITTED = "admitted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where machines ask and people decide: what the functions below need, in one."""

    ledger: Ledger
    keys: ServerKeys
    broker: BrokerSettings

    @property
    def word(self) -> ServerWord:
        return word_of(self.keys)

    def answer(self, sealed: bytes) -> tuple[Verdict, bytes]:
        """What to say to a sealed claim, and the same signed. Raises WireError, ClaimError."""
        verdict = take(self.ledger, self.keys, self.broker, self._open(sealed))
        return verdict, verdict_json(self.keys.server, sealed, verdict)

    def turn_away(self, sealed: bytes, why: str) -> bytes:
        """The signed answer to whoever brings a token that lets nobody in."""
        return verdict_json(self.keys.server, sealed, Verdict(ClaimState.REFUSED, why, ""))

    def approve(self, one: bytes, by: str) -> Any:
        return approve(self.ledger, self.keys, self.broker, one, by)

    def refuse(self, one: bytes, by: str, why: str) -> Any:
        return refuse(self.ledger, one, by, why)

    def _open(self, sealed: bytes) -> Claim:
        for key in (self.keys.template, *self.keys.other_templates):
            with contextlib.suppress(WireError):
                return open_claim(key, sealed)
        raise WireError("claim: not one that is sealed to this server")


@dataclass(frozen=True, slots=True)
class Made:
    """A token as it leaves here, once."""

    token: Token
    terminal: str
    until_ms: int


def make(
    connection: Connection,
    by: str,
    *,
    office_id: bytes | None = None,
    terminal_id: str = "",
    at_once: bool = False,
    replaces: bool = False,
) -> Made:
    """A token for one machine of an office. `at_once`: it is admitted without anybody being asked again. `replaces`:
    it may take the place of the unit of `terminal_id`, and stands where that stood (S7). Raises ClaimError."""
    now = now_ms()
    name = terminal_id or _free_name(connection, office_id)
    try:
        check_terminal(name)
    except WireError as error:
        raise ClaimError(str(error)) from None
    if replaces:
        known = connection.execute(select(terminal.c.office).where(terminal.c.id == name)).one_or_none()
        if known is None:
            raise ClaimError(f"{name}: no such terminal, so there is none to replace")
        office_id = known.office
    token = Token(os.urandom(8), new_secret())
    values: dict[str, Any] = {"id": token.id, "hash": _hash(token), "office": office_id, "terminal": name, "by": by}
    values |= {"at_once": at_once, "replaces": replaces, "made_ms": now, "until_ms": now + VALID_MS}
    connection.execute(insert(claim_token).values(**values))
    _forget(connection, now)
    return Made(token, name, now + VALID_MS)


def file_of(made: Made, fingerprint: str, url: str) -> str:
    """What goes on the card of the machine: TOML. Raises ClaimError."""
    if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]_-]{1,180}(/[A-Za-z0-9._~/-]*)?", url):
        raise ClaimError("the server's address: expected https://NAME, as machines reach it")
    said = {"server": url, "token": str(made.token), "terminal": made.terminal, "fingerprint": fingerprint}
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items())


def take(ledger: Ledger, keys: ServerKeys, broker: BrokerSettings, asked: Claim) -> Verdict:
    """Answer a machine; the same machine may ask as often as it likes. Raises ClaimError for a token that is none."""
    with ledger.write() as connection:
        token = _good(connection, asked.token)
        known = connection.execute(select(claim).where(claim.c.token == token.id)).one_or_none()
        if known is None:
            if now_ms() > token.until_ms:
                raise ClaimError("the token is older than a day; have another one made")
            if asked.request.terminal != token.terminal:
                raise ClaimError(f"the token is for {token.terminal}")
            known = _open(connection, token, asked)
        elif _keys(parse(Request, known.request)) != _keys(asked.request):
            # Whoever holds the keys that asked first is right; the other one copied the token.
            log.warning("terminal=%s claim=%s state=token_copied", known.terminal, known.id.hex())
            raise ClaimError("the token was used by another machine already")
    if known.state == State.PENDING and token.at_once:
        known = approve(ledger, keys, broker, known.id, "token")
    return _verdict(known)


def approve(ledger: Ledger, keys: ServerKeys, broker: BrokerSettings, one: bytes, by: str) -> Any:
    """Let the machine in: from now on it is a terminal of the token's office. Raises ClaimError; what cannot be
    admitted is refused with the reason."""
    with ledger.read() as connection:
        row = connection.execute(_with_token().where(claim.c.id == one)).one_or_none()
    if row is None:
        raise ClaimError("no such claim; `hazri-server claim list` lists them")
    if row.state == State.REFUSED:
        raise ClaimError("this claim was refused; have another token made")
    if row.state == State.ADMITTED:
        return row
    try:
        admission = admit(ledger, keys, broker, row.request.encode(), replace=row.replaces, by=by)
    except AdmissionError as error:
        return refuse(ledger, one, by, str(error))
    now = now_ms()
    with ledger.write() as connection:
        if row.office is not None and not row.replaces:
            try:
                places.move(connection, row.terminal, places.Place(now, row.office, "", ""), by, "claimed", now)
            except FleetError as error:
                raise ClaimError(str(error)) from None
            admission = replace(admission, offices=offices_of(connection, row.office))
        return _decide(connection, one, State.ADMITTED, by, "", to_json(admission))


def refuse(ledger: Ledger, one: bytes, by: str, why: str) -> Any:
    """Turn the machine away; its token is spent. Raises ClaimError."""
    with ledger.write() as connection:
        state = connection.scalar(select(claim.c.state).where(claim.c.id == one))
        if state is None:
            raise ClaimError("no such claim; `hazri-server claim list` lists them")
        if state == State.ADMITTED:
            raise ClaimError("it was admitted already; `hazri-server revoke` is the way now")
        return _decide(connection, one, State.REFUSED, by, why or "refused", None)


def word_of(keys: ServerKeys) -> ServerWord:
    """What a technician's file carries the fingerprint of."""
    server, template = keys.server.public_key(), keys.template.public_key()
    return ServerWord(server.public_bytes_raw(), template.public_bytes_raw())


def listed(*, waiting: bool = True, limit: int = 200) -> Select[Any]:
    """Claims, the newest first; `waiting`: only those that nobody has decided."""
    asked = select(claim).order_by(claim.c.asked_ms.desc(), claim.c.id).limit(limit)
    return asked.where(claim.c.state == State.PENDING) if waiting else asked


def office_of(connection: Connection, code: str) -> bytes:
    """The office `ORG/CODE`. Raises ClaimError."""
    org, _, rest = code.partition("/")
    found: bytes | None = connection.scalar(select(office.c.id).where(office.c.org == org, office.c.code == rest))
    if found is None:
        raise ClaimError(f"--office {code}: no such office; write ORG/CODE, as edu/hr-12-3")
    return found


def _good(connection: Connection, token: Token) -> Any:
    row = connection.execute(select(claim_token).where(claim_token.c.id == token.id)).one_or_none()
    if row is None or not hmac.compare_digest(row.hash, _hash(token)):
        raise ClaimError("no such token")
    return row


def _open(connection: Connection, token: Any, asked: Claim) -> Any:
    now = now_ms()
    values = {"id": os.urandom(8), "token": token.id, "terminal": token.terminal, "office": token.office}
    values |= {"state": str(State.PENDING), "request": to_json(asked.request), "serial": asked.serial}
    connection.execute(insert(claim).values(**values, asked_ms=now, by="", why=""))
    connection.execute(update(claim_token).where(claim_token.c.id == token.id).values(used_ms=now))
    log.info("terminal=%s claim=%s state=pending", token.terminal, values["id"].hex())
    return connection.execute(select(claim).where(claim.c.id == values["id"])).one()


def _decide(connection: Connection, one: bytes, state: State, by: str, why: str, admission: str | None) -> Any:
    values = {"state": str(state), "by": by, "why": why[:500], "admission": admission, "decided_ms": now_ms()}
    connection.execute(update(claim).where(claim.c.id == one).values(**values))
    log.info("claim=%s state=%s", one.hex(), state)
    return connection.execute(select(claim).where(claim.c.id == one)).one()


def _with_token() -> Select[Any]:
    return select(claim, claim_token.c.replaces).join(claim_token, claim.c.token == claim_token.c.id)


def _verdict(row: Any) -> Verdict:
    return Verdict(ClaimState(row.state), row.why, row.admission or "")


def _keys(request: Request) -> tuple[str, str]:
    """What makes a machine the same; its certificate request is signed anew each time."""
    return request.record_key, request.seal_key


def _free_name(connection: Connection, office_id: bytes | None) -> str:
    code = connection.scalar(select(office.c.code).where(office.c.id == office_id)) if office_id else None
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in (code or "terminal").lower()).strip("-")
    return f"{plain[:26] or 'terminal'}-{os.urandom(_ID_TAIL).hex()}"


def _forget(connection: Connection, now: int) -> None:
    """Tokens that nobody used, and claims that were refused, are not kept for ever."""
    old = now - KEEP_MS
    connection.execute(delete(claim).where(claim.c.state == State.REFUSED, claim.c.asked_ms < old))
    used = select(claim.c.token)
    connection.execute(delete(claim_token).where(claim_token.c.until_ms < old, claim_token.c.id.not_in(used)))


def _hash(token: Token) -> bytes:
    return hashlib.sha256(b"hazri claim token 1\0" + token.id + token.secret).digest()
