"""Helpers of the aggregator's tests: a terminal made of the real keys, records and chain, and an aggregator over a
loopback link. Names and digits here are made up by counting; nobody is meant."""

import os
import queue
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from server.feed import Feed
from server.fleet.admit import admit
from server.fleet.push import RosterPusher
from server.fleet.roster import RosterKeys
from server.ingest import Ingest
from server.intake.group import Intake
from server.ledger.records import RecordWriter
from server.ledger.store import Ledger
from server.people.register import Registration, register
from server.settings import BrokerSettings, IngestSettings
from server.trust.keys import ServerKeys, open_keys
from server.trust.vault import Vault
from sync import admission, chain, seal
from sync.admission import Admission
from sync.batch import Batch, batch_bytes
from sync.chain import verify_receipt
from sync.ed25519 import PublicKey
from sync.keys import new_transport_key
from sync.link import Delivery, Hub, LoopbackLink
from sync.record import (
    ClockSource,
    Event,
    EventCode,
    Flag,
    Instant,
    Kind,
    Means,
    Punch,
    Record,
    SourceClass,
    record_body,
)
from sync.request import make_request
from sync.topics import UP_ALL, down_all, up
from sync.topics import leaf as topic_leaf
from sync.wire import Beat, Receipt, beat_bytes, parse_receipt

SETTINGS = IngestSettings(commit_records=2000, commit_ms=2)
WALL_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
WAIT_S = 60.0  # only what fails waits as long


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def broker_settings(port: int = 8883) -> BrokerSettings:
    return BrokerSettings(True, "mosquitto", "127.0.0.1", "127.0.0.1", port, "", 0)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that other threads bring about."""
    give_up = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up, f"never happened: {what}"
        time.sleep(0.01)


def instant(n: int, bound_ms: int | None = 500) -> Instant:
    return Instant(1, 1000 * n, WALL_MS, ClockSource.NTP, bound_ms)


def punch(person: bytes, n: int = 1, *, kind: Kind = Kind.IN, flags: Flag = Flag.NONE) -> Punch:
    return Punch(person, kind, Means.FINGER, 800, SourceClass.AADHAAR_TERMINAL, flags, instant(n))


def boot_event() -> Event:
    return Event(EventCode.BOOT, {"boot_id": bytes(16), "software": "0.1.0"}, instant(0, None))


class Terminal:
    """The keys and the log of one terminal."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.transport = new_transport_key()
        self.key = Ed25519PrivateKey.generate()
        self.seal = X25519PrivateKey.generate()
        self.session = os.urandom(8)
        self.admission: Admission | None = None
        self.new_log()

    def new_log(self) -> None:
        self.log = os.urandom(8)
        self.records: list[Record] = []
        self.heads = [chain.genesis(self.name, self.log)]

    def fork(self) -> "Terminal":
        """A card that was copied: same keys, same log, its own future."""
        twin = Terminal(self.name)
        twin.transport, twin.key, twin.seal, twin.log = self.transport, self.key, self.seal, self.log
        twin.records, twin.heads = list(self.records), list(self.heads)
        return twin

    def add(self, *records: Record) -> None:
        for record in records:
            self.records.append(record)
            self.heads.append(chain.next_head(self.heads[-1], record_body(record)))

    def punches(self, n: int, person: bytes = b"nobody!!") -> None:
        self.add(*(punch(person, len(self.records) + i) for i in range(n)))

    def batch(self, first: int = 1, last: int = 0, key: Ed25519PrivateKey | None = None) -> Batch:
        last = last or len(self.records)
        signature = chain.sign_head(key or self.key, last, self.heads[last])
        return Batch(self.log, first, tuple(self.records[first - 1 : last]), signature)

    def batch_bytes(self, first: int = 1, last: int = 0) -> bytes:
        return batch_bytes(self.batch(first, last))

    def beat(self, *, online: bool = True, roster_version: int = 0, session: bytes | None = None) -> bytes:
        beat = Beat(session or self.session, online, self.log, len(self.records), 0, roster_version)
        return beat_bytes(beat)

    def csr(self, name: str | None = None, key: EllipticCurvePrivateKey | None = None) -> str:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or self.name)])
        csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key or self.transport, hashes.SHA256())
        return csr.public_bytes(serialization.Encoding.PEM).decode()

    def request(self, csr: str | None = None) -> bytes:
        public = self.seal.public_key().public_bytes_raw()
        return admission.to_json(make_request(self.name, csr or self.csr(), self.key, public)).encode()

    def lookup_key(self) -> bytes:
        assert self.admission
        sealed = bytes.fromhex(self.admission.lookup_key)
        return seal.open_sealed(self.seal, sealed, admission.lookup_binding(self.name))


class Aggregator:
    """Keys, ledger, ingest and rosters over a loopback link."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.keys: ServerKeys = open_keys(folder, ())
        self.ledger = Ledger(url or f"sqlite:///{folder / 'ledger.db'}")
        self.vault = Vault(self.keys.vault)
        self.hub = Hub()
        self.feed = Feed()
        self.link = LoopbackLink(self.hub, (UP_ALL,))
        self.roster_keys = RosterKeys(self.keys.server, self.keys.template, self.vault)
        self.intake = Intake(RecordWriter(self.ledger.engine.dialect), self.keys.server, self.roster_keys)
        self.pusher = RosterPusher(self.ledger, self.roster_keys, self.link)
        self.ingest = Ingest(SETTINGS, self.ledger, self.intake, self.link, self.pusher, self.feed)

    def start(self) -> None:
        self.ingest.start()
        self.pusher.start()

    def stop(self) -> None:
        self.pusher.stop()
        self.ingest.stop()
        self.ledger.close()

    def admit(self, terminal: Terminal) -> Terminal:
        terminal.admission = admit(self.ledger, self.keys, broker_settings(), terminal.request())
        return terminal

    def people(self, n: int) -> list[bytes]:
        rows = [Registration(f"Synthetic Person {i:03}", f"{i:06}") for i in range(n)]
        return register(self.ledger, self.vault, rows)

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with self.ledger.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def edit(self, statement: str, **values: object) -> None:
        """What somebody with the database's password does."""
        with self.ledger.write() as connection:
            connection.execute(text(statement), values)

    def count(self, name: str) -> int:
        return self.feed.counts().get(name, 0)

    def wait(self, name: str, n: int = 1) -> None:
        until(lambda: self.count(name) >= n, f"{name} reached {n}: {self.feed.counts()}")


class Line:
    """A terminal's end of the loopback: what it sends, and what comes down to it."""

    def __init__(self, hub: Hub, terminal: Terminal) -> None:
        self.terminal = terminal
        self.inbox: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self.link = LoopbackLink(hub, (down_all(terminal.name),))
        self.link.open(self.inbox.put, lambda _up, _reason: None)

    def send(self, leaf: str, payload: bytes) -> None:
        self.link.publish(up(self.terminal.name, leaf), payload)

    def receipt(self, key: bytes) -> Receipt:
        """The next receipt, with its signature checked."""
        receipt = parse_receipt(self.next("receipt"))
        verify_receipt(PublicKey.of(Ed25519PrivateKey.from_private_bytes(key)), self.terminal.name, receipt)
        return receipt

    def next(self, leaf: str) -> bytes:
        while True:
            delivery = self.inbox.get(timeout=WAIT_S)
            if topic_leaf(delivery.topic) == leaf:
                return delivery.payload


@contextmanager
def aggregator(folder: Path, url: str = "") -> Iterator[Aggregator]:
    one = Aggregator(folder, url)
    one.start()
    try:
        yield one
    finally:
        one.stop()
