"""A proof of one record, for somebody who trusts neither this server nor whoever runs it (S17).

find      which record is meant
make      its bytes, the terminal's signature, its place in the tree, the signed checkpoints: see docs/proof.md
sync.verify checks it, and this module asks that before it gives a proof away
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from server import ProofError
from server.fleet import vouch
from server.fleet.vouch import Vouched
from server.ledger.store import Ledger
from server.ledger.tables import log as log_table
from server.ledger.tables import person, record, signed
from server.transparency import notary, tree
from server.transparency.notary import IST, Kept
from server.transparency.tiles import StoredTree
from sync import WireError, chain
from sync.code import head_prefixes, stands_for
from sync.ed25519 import PublicKey
from sync.verify import FORMAT, Found, verify

_DAY_MS = 86_400_000


class Signed(msgspec.Struct, frozen=True):
    """The terminal's signature over the record, or over one a little later: `between` are the bodies on the way."""

    between: list[str]
    signature: str


class Proof(msgspec.Struct, frozen=True):
    """The file. Bytes are in hexadecimal, checkpoints are signed notes; `signed` is null where it was left out."""

    format: str
    terminal: str
    log: str
    seq: int
    record: str
    head_before: str
    terminal_key: str
    signed: Signed | None
    vouched: str
    received_ms: int
    index: int
    inclusion: list[str]
    checkpoint: str
    later: str | None
    consistency: list[str]
    server_key: str


@dataclass(frozen=True, slots=True)
class Where:
    """A record's name."""

    terminal: str
    log: bytes
    seq: int

    def __str__(self) -> str:
        return f"{self.terminal}/{self.log.hex()}/{self.seq}"


def find(ledger: Ledger, what: str, day: dt.date | None = None, at_terminal: str | None = None) -> Where:
    """The record that TERMINAL/LOG/SEQ, TERMINAL/SEQ or a receipt code of a day names. Raises ProofError."""
    with ledger.read() as connection:
        found = _named(connection, what) if "/" in what else _by_code(connection, what, day, at_terminal)
    if not found:
        raise ProofError(f"{what}: no such record here")
    if len(found) > 1:
        raise ProofError(f"{what}: more than one record; name it as one of {', '.join(map(str, found[:10]))}")
    return found[0]


def make(ledger: Ledger, key: Ed25519PrivateKey, where: Where, *, alone: bool = False) -> tuple[bytes, Found]:
    """The proof as JSON, and what it proves. Makes a checkpoint of now. Raises ProofError, LedgerError.

    The terminal signs once a batch, so its signature can only be checked with the records between this one and the
    end of its batch: other people's punches, under their references. `alone` leaves both out.
    """
    newest = notary.make(ledger, key)
    with ledger.read() as connection:
        row = _row(connection, where)
        first = notary.first_over(connection, row.server_seq)
        if newest is None or first is None:
            raise ProofError(f"{where}: no checkpoint reaches it; run `hazri-server audit`")
        proof = _proof(connection, key, where, row, first, newest, alone)
    data = msgspec.json.format(msgspec.json.encode(proof), indent=1) + b"\n"
    found = verify(data)
    if not found.holds:
        bad = ", ".join(step for step, held in found.steps.items() if held is False)
        raise ProofError(f"{where}: the ledger contradicts itself ({bad}); `hazri-server audit` says where")
    return data, found


def _proof(
    connection: Connection,
    key: Ed25519PrivateKey,
    where: Where,
    row: Any,
    first: Kept,
    newest: Kept,
    alone: bool,
) -> Proof:
    stored = StoredTree(connection)
    before = _head_before(connection, where)
    vouched, after = _signature(connection, key, where, chain.next_head(before, row.body))
    later = newest if newest.size > first.size else None
    steps = tree.consistency(first.size, later.size, stored.fetch) if later else []
    return Proof(
        format=FORMAT,
        terminal=where.terminal,
        log=where.log.hex(),
        seq=where.seq,
        record=row.body.hex(),
        head_before=before.hex(),
        terminal_key=vouched.record_key.hex(),
        signed=None if alone else after,
        vouched=vouched.signature.hex(),
        received_ms=row.received_ms,
        index=row.server_seq - 1,
        inclusion=_hex(tree.inclusion(row.server_seq - 1, first.size, stored.fetch)),
        checkpoint=first.note,
        later=later.note if later else None,
        consistency=_hex(steps),
        server_key=key.public_key().public_bytes_raw().hex(),
    )


def _row(connection: Connection, where: Where) -> Any:
    r = record.c
    statement = select(r.body, r.received_ms, r.server_seq).where(
        r.terminal == where.terminal, r.log == where.log, r.seq == where.seq
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise ProofError(f"{where}: no such record here")
    return row


def _signature(
    connection: Connection, server_key: Ed25519PrivateKey, where: Where, head: bytes
) -> tuple[Vouched, Signed]:
    """The first signature that covers the record, and whose it is."""
    s, r = signed.c, record.c
    mine = s.terminal == where.terminal, s.log == where.log, s.seq >= where.seq
    sign = connection.execute(select(signed).where(*mine).order_by(s.seq).limit(1)).one_or_none()
    if sign is None:
        raise ProofError(f"{where}: the terminal's signature over it is gone; run `hazri-server audit`")
    span = r.terminal == where.terminal, r.log == where.log, r.seq > where.seq, r.seq <= sign.seq
    bodies = connection.scalars(select(r.body).where(*span).order_by(r.seq)).all()
    last = chain.heads(head, bodies)[-1] if bodies else head
    for one in vouch.keys(connection, PublicKey.of(server_key), where.terminal):
        if one.signed(sign.seq, last, sign.signature):
            return one, Signed(_hex(bodies), sign.signature.hex())
    raise ProofError(f"{where}: no key of the terminal signed it as it stands here; `hazri-server audit` says where")


def _head_before(connection: Connection, where: Where) -> bytes:
    if where.seq == 1:
        return chain.genesis(where.terminal, where.log)
    r = record.c
    statement = select(r.head).where(r.terminal == where.terminal, r.log == where.log, r.seq == where.seq - 1)
    head: bytes | None = connection.scalars(statement).one_or_none()
    if head is None:
        raise ProofError(f"{where}: the record before it is gone; run `hazri-server audit`")
    return head


def _named(connection: Connection, what: str) -> list[Where]:
    name, *log, seq = what.split("/")
    try:
        number = int(seq)
        logs = [bytes.fromhex(one) for one in log]
    except ValueError:
        number, logs = 0, [b"", b""]
    if len(logs) > 1 or not 0 < number < 2**63:
        raise ProofError(f"{what}: expected TERMINAL/LOG/SEQ, TERMINAL/SEQ, or a receipt code")
    r = record.c
    logs = logs or list(connection.scalars(select(log_table.c.log).where(log_table.c.terminal == name)))
    statement = select(r.terminal, r.log, r.seq).where(r.terminal == name, r.log.in_(logs), r.seq == number)
    return [Where(*row) for row in connection.execute(statement)]


def _by_code(connection: Connection, code: str, day: dt.date | None, at_terminal: str | None) -> list[Where]:
    """Every record of that day (as its terminal or this server dates it) whose receipt code this is."""
    try:
        low, high = head_prefixes(code)
    except WireError as error:
        raise ProofError(f"{code}: {error}; or name the record as TERMINAL/LOG/SEQ") from None
    if day is None:
        raise ProofError(f"{code}: say of which day, with --day YYYY-MM-DD: codes come again")
    start = int(dt.datetime.combine(day, dt.time(), IST).timestamp() * 1000)
    r = record.c
    statement = select(r.terminal, r.log, r.seq, r.head).where(r.head >= low, r.head < high + b"\xff" * 29)
    shown = r.wall_ms.between(start, start + _DAY_MS - 1)
    statement = statement.where(shown | r.received_ms.between(start, start + _DAY_MS - 1))
    if at_terminal is not None:
        statement = statement.where(r.terminal == at_terminal)
    rows = connection.execute(statement.order_by(r.server_seq).limit(100))
    return [Where(row.terminal, row.log, row.seq) for row in rows if stands_for(code, row.head)]


def person_name(ledger: Ledger, ref: bytes) -> str:
    """The name the register has now for a reference; empty for nobody's."""
    with ledger.read() as connection:
        return connection.scalar(select(person.c.name).where(person.c.ref == ref)) or ""


def _hex(values: Sequence[bytes]) -> list[str]:
    return [value.hex() for value in values]
