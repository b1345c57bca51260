"""Is every row of the ledger what a terminal signed and what the checkpoints say? Reads everything, trusts no row.

For each record, in the order of server_seq:
    its columns    are what its body says                     (else COLUMNS)
    its body       leads from the head before to its own      (else CHAIN)
    its head       is signed, by itself or by a later one of its log, by a key this server vouched for (SIGNATURE)
    its leaf       is the one in the transparency log         (else LEAF)
and none is missing (MISSING); the leaves make up the roots that the checkpoints were signed for (TREE).

The checkpoints are what an administrator of the database cannot make: a finding names the first that contradicts it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, and_, cast, func, select

from server import ProofError
from server.fleet import vouch
from server.fleet.vouch import Vouched
from server.ledger.store import Ledger
from server.ledger.tables import checkpoint as checkpoint_table
from server.ledger.tables import log as log_table
from server.ledger.tables import record, signed
from server.transparency import checkpoint, notary, tiles
from server.transparency.checkpoint import Checkpoint
from server.transparency.leaf import leaf_bytes
from server.transparency.tree import EMPTY_ROOT, Frontier, leaf_hash
from sync import WireError, chain
from sync.cbor import encode
from sync.ed25519 import PublicKey
from sync.record import Punch, Record, RecordType, parse_record

_SLICE = 2000
_MAX_FINDINGS = 100


class Fault(StrEnum):
    """What is wrong with a row, or with the tree."""

    COLUMNS = "columns"
    CHAIN = "chain"
    SIGNATURE = "signature"
    LEAF = "leaf"
    MISSING = "missing"
    TREE = "tree"
    CHECKPOINT = "checkpoint"


class Finding(msgspec.Struct, frozen=True):
    """One contradiction. `terminal`, `log` (hexadecimal) and `seq` name the record where it can be named;
    `contradicted_by` is the size of the first good checkpoint that speaks of it, 0 while there is none."""

    fault: Fault
    server_seq: int
    terminal: str
    log: str
    seq: int
    detail: str
    contradicted_by: int = 0


class Tip(msgspec.Struct):
    """The last record seen of a log, and the last one whose signature was good."""

    seq: int
    head: bytes
    signed: int


class State(msgspec.Struct):
    """How far an audit has come: enough to go on from, and to know whether it is of the same ledger."""

    size: int = 0
    edge: list[bytes] = []
    logs: dict[str, Tip] = {}
    findings: list[Finding] = []
    more: int = 0
    elsewhere: list[str] = []


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found: at most 100 findings in full, and how many more there were."""

    records: int
    checkpoints: list[Checkpoint]
    findings: list[Finding]
    more: int

    @property
    def sound(self) -> bool:
        return not self.findings


class Auditor:
    """One pass over the ledger. `steps` does the work; `state` may be kept between them and given to another one."""

    def __init__(
        self,
        ledger: Ledger,
        key: PublicKey,
        elsewhere: Sequence[str] = (),
        state: State | None = None,
        former: Sequence[PublicKey] = (),
    ) -> None:
        """`elsewhere` are checkpoints (notes) that were kept outside of this ledger; with others than those that
        `state` knows, the audit begins anew. `former`: this server's keys before `key`, which signed checkpoints."""
        self.state = state if state and state.elsewhere == [*elsewhere] else State(elsewhere=[*elsewhere])
        self._ledger, self._key, self._former = ledger, key, former
        self._frontier = Frontier(self.state.size, self.state.edge)
        self._keys: dict[str, list[Vouched]] = {}
        with ledger.read() as connection:
            self.size = notary.size(connection)
            beyond = connection.scalar(select(func.max(record.c.server_seq))) or 0
        self._notes = self._read_checkpoints(elsewhere)
        if self.state.size == 0 and beyond > self.size:
            self._find(Fault.MISSING, beyond, detail=f"rows up to {beyond}, where {self.size} were taken in")

    def steps(self) -> Iterator[int]:
        """Work slice by slice; yields how many records were looked at."""
        while self._frontier.size < self.size:
            first = self._frontier.size
            with self._ledger.read() as connection:
                self._slice(connection, min(first + _SLICE, self.size))
            self.state.size, self.state.edge = self._frontier.size, list(self._frontier.edge)
            yield self._frontier.size - first
        with self._ledger.read() as connection:
            self._ends(connection)

    def report(self) -> Report:
        s = self.state
        sizes = sorted(one.size for one in self._notes)
        found = [
            msgspec.structs.replace(one, contradicted_by=next((size for size in sizes if size >= one.server_seq), 0))
            for one in sorted(s.findings, key=lambda one: one.server_seq)
        ]
        return Report(s.size, self._notes, found, s.more)

    # ── the records ──

    def _slice(self, connection: Connection, end: int) -> None:
        rows = {row.server_seq: row for row in _rows(connection, self._frontier.size, end)}
        leaves = tiles.leaves(connection, self._frontier.size)
        roots = {one.size: one for one in self._notes}
        for server_seq in range(self._frontier.size + 1, end + 1):
            row = rows.get(server_seq)
            stored = next(leaves, b"")
            if row is None:
                self._find(Fault.MISSING, server_seq, detail="no record under this number")
            elif stored != _leaf(row):
                self._find(Fault.LEAF, server_seq, row, detail="not the record, or not the time of receipt, taken in")
            if row is not None:
                self._record(connection, row)
            self._frontier.append(stored or EMPTY_ROOT)
            if server_seq in roots and self._frontier.root() != roots[server_seq].root:
                self._tree(roots[server_seq])

    def _record(self, connection: Connection, row: Any) -> None:
        if wrong := _wrong_columns(row):
            self._find(Fault.COLUMNS, row.server_seq, row, detail=f"its body says otherwise: {', '.join(wrong)}")
        name = f"{row.terminal}/{row.log.hex()}"
        tip = self.state.logs.setdefault(name, Tip(0, chain.genesis(row.terminal, row.log), 0))
        if row.seq > tip.seq + 1:
            gone = f"{tip.seq + 1}" if row.seq == tip.seq + 2 else f"{tip.seq + 1} to {row.seq - 1}"
            self._find(Fault.MISSING, row.server_seq, row, seq=tip.seq + 1, detail=f"{gone} of its log not there")
        elif row.seq <= tip.seq or chain.next_head(tip.head, row.body) != row.head:
            self._find(Fault.CHAIN, row.server_seq, row, detail="does not continue its log")
        if row.signature is not None:
            if not self._signed(connection, row):
                detail = f"no key of the terminal signed {tip.signed + 1} to {row.seq} as they are"
                self._find(Fault.SIGNATURE, row.server_seq, row, seq=tip.signed + 1, detail=detail)
            tip.signed = row.seq
        tip.seq, tip.head = row.seq, row.head

    def _signed(self, connection: Connection, row: Any) -> bool:
        keys = self._keys.get(row.terminal)
        if keys is None:
            keys = self._keys[row.terminal] = vouch.keys(connection, self._key, row.terminal)
        return any(one.signed(row.seq, row.head, row.signature) for one in keys)

    def _ends(self, connection: Connection) -> None:
        """Is the end of every log where the ledger says, and signed?"""
        for row in connection.execute(select(log_table.c.terminal, log_table.c.log, log_table.c.seq)):
            tip = self.state.logs.get(f"{row.terminal}/{row.log.hex()}")
            seen = tip.seq if tip else 0
            if seen < row.seq and not self._later(connection, row, seen):
                detail = f"{seen + 1} to {row.seq} of its log not there"
                self._find(Fault.MISSING, self.size, row, seq=seen + 1, detail=detail)
        for name, tip in self.state.logs.items():
            if tip.signed < tip.seq:
                terminal, log = name.split("/")
                detail = f"no signature reaches {tip.signed + 1} to {tip.seq}"
                self._note(Finding(Fault.SIGNATURE, self.size, terminal, log, tip.signed + 1, detail))

    def _later(self, connection: Connection, row: Any, seen: int) -> bool:
        """Has the next record of this log come since the audit began?"""
        r = record.c
        mine = r.terminal == row.terminal, r.log == row.log, r.seq == seen + 1, r.server_seq > self.size
        return connection.scalar(select(r.seq).where(*mine)) is not None

    # ── the tree ──

    def _read_checkpoints(self, elsewhere: Sequence[str]) -> list[Checkpoint]:
        with self._ledger.read() as connection:
            c = checkpoint_table.c
            kept = connection.execute(select(c.size, c.note).order_by(c.size)).all()
        good = []
        for size, note in [*((row.size, row.note) for row in kept), *((None, note) for note in elsewhere)]:
            try:
                one = checkpoint.verify_any(note, (self._key, *self._former))
                if size not in (None, one.size):
                    raise ProofError(f"checkpoint of {one.size} records: kept as one of {size}")
            except ProofError as error:
                self._find(Fault.CHECKPOINT, size or 0, detail=str(error))
                continue
            if one.size > self.size:
                detail = f"signed for {one.size} records on {one.made:%Y-%m-%d}, and {self.size} are here"
                self._find(Fault.TREE, self.size + 1, detail=detail)
            good.append(one)
        return good

    def _tree(self, said: Checkpoint) -> None:
        before = max((one.size for one in self._notes if one.size < said.size), default=0)
        detail = f"the leaves {before + 1} to {said.size} are not those signed for on {said.made:%Y-%m-%d %H:%M} UTC"
        self._find(Fault.TREE, before + 1, detail=detail)

    def _find(self, fault: Fault, server_seq: int, row: Any = None, *, seq: int = 0, detail: str) -> None:
        if row is None:
            self._note(Finding(fault, server_seq, "", "", 0, detail))
        else:
            self._note(Finding(fault, server_seq, row.terminal, row.log.hex(), seq or row.seq, detail))

    def _note(self, finding: Finding) -> None:
        if finding in self.state.findings:
            return
        if len(self.state.findings) < _MAX_FINDINGS:
            self.state.findings.append(finding)
        else:
            self.state.more += 1


def _rows(connection: Connection, after: int, end: int) -> Sequence[Any]:
    r, s = record.c, signed.c
    same = and_(s.terminal == r.terminal, s.log == r.log, s.seq == r.seq)
    # As bytes, whatever somebody made of them: SQLite keeps a text where bytes were, and cannot read it back as such.
    columns = [cast(c, LargeBinary).label(c.name) if isinstance(c.type, LargeBinary) else c for c in r]
    statement = select(*columns, cast(s.signature, LargeBinary).label("signature"))
    statement = statement.select_from(record.outerjoin(signed, same))
    return connection.execute(statement.where(r.server_seq > after, r.server_seq <= end)).all()


def _leaf(row: Any) -> bytes:
    """Nothing where a column holds what no accepted record can have."""
    try:
        return leaf_hash(leaf_bytes(row.terminal, row.log, row.seq, row.head, row.received_ms))
    except (TypeError, AttributeError, OverflowError):
        return b""


def _wrong_columns(row: Any) -> list[str]:
    """The columns that are not what the body says."""
    if row.type == RecordType.PUNCH and row.event is None and _punch_body(row) == row.body:
        return []
    try:
        said = _columns(parse_record(row.body))
    except WireError:
        return ["body"]
    return [name for name, value in said.items() if getattr(row, name) != value]


def _punch_body(row: Any) -> bytes:
    """What the body of a punch with these columns is: three times quicker to compare than the columns one by one."""
    r = row
    try:
        time = [r.boot_no, r.since_boot_ms, r.wall_ms - r.since_boot_ms, r.clock_source, r.error_bound_ms]
        return encode([int(r.type), time, r.person, r.kind, r.means, r.score, r.source_class, r.flags])
    except TypeError:
        return b""


def _columns(one: Record) -> dict[str, Any]:
    """The columns of `record` that follow from its body."""
    i = one.instant
    time = {
        "boot_no": i.boot_no,
        "since_boot_ms": i.since_boot_ms,
        "wall_ms": i.wall_ms,
        "clock_source": int(i.source),
        "error_bound_ms": i.error_bound_ms,
    }
    names = ("type", "person", "kind", "means", "score", "source_class", "flags", "event")
    if isinstance(one, Punch):
        p = one
        what = int(RecordType.PUNCH), p.person, int(p.kind), int(p.means), p.score, int(p.source_class), int(p.flags)
        return {**dict(zip(names, (*what, None), strict=True)), **time}
    return {**dict(zip(names, (int(RecordType.EVENT), *[None] * 6, int(one.code)), strict=True)), **time}
