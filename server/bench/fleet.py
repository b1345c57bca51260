"""A made-up fleet for load tests: terminals admitted in bulk, and the signed batches they would send.

The keys and certificates are real and of the aggregator's own authority; the people are random references.
"""

import datetime as dt
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from server.fleet import roster
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import terminal
from server.trust import pki
from server.trust.keys import ServerKeys
from sync import chain
from sync.batch import Batch, Order, batch_bytes
from sync.keys import new_transport_key, write_key
from sync.record import ClockSource, Flag, Instant, Kind, Means, Punch, SourceClass, record_body

PEOPLE = 200
_OFFSET_MS = 1_798_000_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """One terminal of the fleet: what its client needs, in a form that another process can be given."""

    name: str
    record_key: bytes
    certificate: Path
    key: Path


def admit_fleet(
    ledger: Ledger, keys: ServerKeys, folder: Path, n: int, people: list[bytes], on_one: Callable[[], None]
) -> list[Member]:
    """Make n terminals and admit them, all with one transport key, so that thousands take seconds."""
    folder.mkdir()
    transport = new_transport_key()
    write_key(folder / "transport.key", transport)
    now = dt.datetime.now(dt.UTC)
    members = []
    for i in range(n):
        name = f"t-{i:04}"
        certificate = pki.client_certificate(keys.authority, name, transport.public_key(), now, 7)
        path = folder / f"{name}.crt"
        path.write_bytes(pki.pem(certificate))
        members.append(Member(name, os.urandom(32), path, folder / "transport.key"))
        on_one()
    order = b"".join(sorted(people))
    with ledger.write() as connection:
        for one in members:
            public = Ed25519PrivateKey.from_private_bytes(one.record_key).public_key().public_bytes_raw()
            values = {"state": "active", "roster_version": 1, "admitted_ms": now_ms()}
            secrets = {"record_key": public, "seal_key": bytes(32), "lookup_key": b""}
            connection.execute(insert(terminal).values(id=one.name, **values, **secrets))
            roster.remember(connection, one.name, 1, order)
    return members


def arrivals(people: list[bytes], seed: int, mean_gap_s: float = 6.0) -> Iterator[Punch]:
    """People in random order at the door of one terminal in the morning, by a seed: all fields of a punch."""
    draw = random.Random(seed)  # noqa: S311 - a load, not a secret
    since_ms = draw.randrange(10**7, 10**9)
    queue: list[bytes] = []
    while True:
        if not queue:
            queue = draw.sample(people, len(people))
        since_ms += round(draw.expovariate(1 / mean_gap_s) * 1000) + 800
        instant = Instant(3, since_ms, _OFFSET_MS, ClockSource.NTP, 40)
        score = min(1000, round(draw.gauss(850, 60)))
        yield Punch(queue.pop(), Kind.IN, Means.FINGER, score, SourceClass.AADHAAR_TERMINAL, Flag.NONE, instant)


def signed_batches(member: Member, log: bytes, people: list[bytes], seed: int, size: int, n: int) -> list[bytes]:
    """n batches of `size` punches of a new log, as they go onto the wire."""
    key = Ed25519PrivateKey.from_private_bytes(member.record_key)
    order = Order(1, {ref: place for place, ref in enumerate(sorted(people))})
    head = chain.genesis(member.name, log)
    coming = arrivals(people, seed)
    out = []
    for first in range(1, n * size + 1, size):
        punches = tuple(next(coming) for _ in range(size))
        head = chain.heads(head, map(record_body, punches))[-1]
        signature = chain.sign_head(key, first + size - 1, head)
        out.append(batch_bytes(Batch(log, first, punches, signature), order))
    return out
