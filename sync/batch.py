"""A batch: consecutive records of one log as columns, because neighbouring punches differ in few fields.

Constant columns shrink to one number, times to small differences. The server rebuilds each record's body from the
columns and checks it against the chain, so packing can never change a record unnoticed. No I/O.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from sync import WireError
from sync.cbor import MAX_INT, VERSION, array, encode, enum, integer, message, octets
from sync.record import (
    LOG_BYTES,
    PERSON_BYTES,
    SIGNATURE_BYTES,
    Event,
    EventCode,
    Punch,
    Record,
    RecordType,
    event_detail,
    make_instant,
    make_punch,
)

MAX_RECORDS = 1000


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one log, first_seq onwards; the signature of the last vouches for all before it."""

    log: bytes
    first_seq: int
    records: tuple[Record, ...]
    signature: bytes

    @property
    def last_seq(self) -> int:
        return self.first_seq + len(self.records) - 1


_TIME_COLUMNS = 5
_PUNCH_COLUMNS = 5


def batch_bytes(batch: Batch) -> bytes:
    """[version, log, first seq, n, types, 5 time columns, persons, 5 punch columns, events, signature]."""
    instants = [r.instant for r in batch.records]
    punches = [r for r in batch.records if isinstance(r, Punch)]
    events = [r for r in batch.records if isinstance(r, Event)]
    return encode(
        [
            VERSION,
            batch.log,
            batch.first_seq,
            len(batch.records),
            _pack([int(RecordType.PUNCH if isinstance(r, Punch) else RecordType.EVENT) for r in batch.records]),
            _pack([i.boot_no for i in instants]),
            _pack([i.since_boot_ms for i in instants]),
            _pack([i.wall_offset_ms for i in instants]),
            _pack([int(i.source) for i in instants]),
            _pack([-1 if i.error_bound_ms is None else i.error_bound_ms for i in instants]),
            b"".join(p.person for p in punches),
            _pack([int(p.kind) for p in punches]),
            _pack([int(p.means) for p in punches]),
            _pack([p.score for p in punches]),
            _pack([int(p.source_class) for p in punches]),
            _pack([int(p.flags) for p in punches]),
            [[int(e.code), dict(e.detail)] for e in events],
            batch.signature,
        ]
    )


def parse_batch(data: bytes) -> Batch:
    """Read a batch. Raises VersionError for a later protocol, WireError for anything that is not a batch."""
    fields = message(data, "batch", 18)
    log = octets(fields[1], "log", LOG_BYTES)
    first_seq = integer(fields[2], "first seq", 1)
    n = integer(fields[3], "count", 1, MAX_RECORDS)
    types = _unpack(fields[4], n, "types")
    times = [_unpack(c, n, "time column") for c in fields[5 : 5 + _TIME_COLUMNS]]
    n_punches = types.count(RecordType.PUNCH)
    if n_punches + types.count(RecordType.EVENT) != n:
        raise WireError("batch: a record that is neither a punch nor an event")
    persons = octets(fields[10], "persons", n_punches * PERSON_BYTES)
    columns = [_unpack(c, n_punches, "punch column") for c in fields[11 : 11 + _PUNCH_COLUMNS]]
    events = array(fields[16], "events", range(n - n_punches, n - n_punches + 1))
    signature = octets(fields[17], "signature", SIGNATURE_BYTES)

    records: list[Record] = []
    p = e = 0
    for k, kind in enumerate(types):
        boot_no, since, offset, source, bound = (column[k] for column in times)
        instant = make_instant(boot_no, since, offset, source, None if bound == -1 else bound)
        if kind == RecordType.PUNCH:
            person = persons[p * PERSON_BYTES : (p + 1) * PERSON_BYTES]
            records.append(make_punch(person, *(column[p] for column in columns), instant=instant))
            p += 1
        else:
            code, detail = array(events[e], "event", range(2, 3))
            records.append(Event(enum(EventCode, code, "event code"), event_detail(detail), instant))
            e += 1
    return Batch(log, first_seq, tuple(records), signature)


def _pack(values: Sequence[int]) -> int | list[int]:
    """A column: one number where all agree, else the first value and then differences."""
    if not values:
        return 0
    if all(v == values[0] for v in values):
        return values[0]
    return [values[0], *(b - a for a, b in itertools.pairwise(values))]


def _unpack(column: object, n: int, what: str) -> list[int]:
    if isinstance(column, list) and n:
        array(column, what, range(n, n + 1))
        total, values = 0, []
        for step in column:
            total += integer(step, what, -MAX_INT)
            values.append(integer(total, what, -MAX_INT))
        if values == [values[0]] * n:
            raise WireError(f"{what}: a constant column must be one number")
        return values
    return [integer(column, what, -MAX_INT)] * n
