"""A batch: consecutive records of one log as columns, because neighbouring punches differ in few fields.

Constant columns shrink to one number, the others to as few bits as their spread needs, and people to their places in
a roster both sides know. The server rebuilds each record's body from the columns and checks it against the chain, so
packing can never change a record unnoticed. The server reads batches by sync.columns; `parse_batch` here is the same
reading record by record, against which that one is tried. No I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sync import WireError
from sync.cbor import VERSION, array, encode, enum, integer, message, octets
from sync.columns import MAX_RECORDS, Indexes, pack, pack_steps, people, unpack, unpack_steps
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


@dataclass(frozen=True, slots=True)
class Order:
    """The people of a roster at one version, each with their place when sorted by reference."""

    version: int
    places: Mapping[bytes, int]


_TIME_COLUMNS = 5
_PUNCH_COLUMNS = 5


def batch_bytes(batch: Batch, order: Order | None = None) -> bytes:
    """[version, log, first seq, n, types, 5 time columns, persons, 5 punch columns, events, signature].

    With the `order` of a roster the server knows, people become places in it where it has them all.
    """
    instants = [r.instant for r in batch.records]
    punches = [r for r in batch.records if isinstance(r, Punch)]
    events = [r for r in batch.records if isinstance(r, Event)]
    return encode(
        [
            VERSION,
            batch.log,
            batch.first_seq,
            len(batch.records),
            pack([int(RecordType.PUNCH if isinstance(r, Punch) else RecordType.EVENT) for r in batch.records]),
            pack([i.boot_no for i in instants]),
            pack_steps([i.since_boot_ms for i in instants]),
            pack([i.wall_offset_ms for i in instants]),
            pack([int(i.source) for i in instants]),
            pack([-1 if i.error_bound_ms is None else i.error_bound_ms for i in instants]),
            _people([p.person for p in punches], order),
            pack([int(p.kind) for p in punches]),
            pack([int(p.means) for p in punches]),
            pack([p.score for p in punches]),
            pack([int(p.source_class) for p in punches]),
            pack([int(p.flags) for p in punches]),
            [[int(e.code), dict(e.detail)] for e in events],
            batch.signature,
        ]
    )


def parse_batch(data: bytes, order: Order | None = None) -> Batch:
    """Read a batch. Raises VersionError for a later protocol, WireError for anything that is not a batch, or one that
    speaks of places in another roster than `order`."""
    fields = message(data, "batch", 18)
    log = octets(fields[1], "log", LOG_BYTES)
    first_seq = integer(fields[2], "first seq", 1)
    n = integer(fields[3], "count", 1, MAX_RECORDS)
    types = unpack(fields[4], n, "types")
    times = [(unpack_steps if i == 1 else unpack)(fields[5 + i], n, "time column") for i in range(_TIME_COLUMNS)]
    n_punches = types.count(RecordType.PUNCH)
    if n_punches + types.count(RecordType.EVENT) != n:
        raise WireError("record type: one that is neither a punch nor an event")
    persons = _refs(people(fields[10], n_punches), order)
    columns = [unpack(c, n_punches, "punch column") for c in fields[11 : 11 + _PUNCH_COLUMNS]]
    events = array(fields[16], "events", range(n - n_punches, n - n_punches + 1))
    signature = octets(fields[17], "signature", SIGNATURE_BYTES)

    records: list[Record] = []
    p = e = 0
    for k, kind in enumerate(types):
        boot_no, since, offset, source, bound = (column[k] for column in times)
        instant = make_instant(boot_no, since, offset, source, None if bound == -1 else bound)
        if kind == RecordType.PUNCH:
            records.append(make_punch(persons[p], *(column[p] for column in columns), instant=instant))
            p += 1
        else:
            code, detail = array(events[e], "event", range(2, 3))
            records.append(Event(enum(EventCode, code, "event code"), event_detail(detail), instant))
            e += 1
    return Batch(log, first_seq, tuple(records), signature)


def _people(refs: list[bytes], order: Order | None) -> object:
    if order is not None and refs:
        places = [order.places.get(ref, -1) for ref in refs]
        if -1 not in places:
            return [order.version, pack(places)]
    return b"".join(refs)


def _refs(value: bytes | Indexes, order: Order | None) -> list[bytes]:
    if isinstance(value, bytes):
        return [value[i : i + PERSON_BYTES] for i in range(0, len(value), PERSON_BYTES)]
    if order is None or order.version != value.version:
        raise WireError("persons: places in a roster that is not known here")
    refs = {place: ref for ref, place in order.places.items()}
    try:
        return [refs[place] for place in value.places]
    except KeyError:
        raise WireError("persons: a place that the roster has not") from None
