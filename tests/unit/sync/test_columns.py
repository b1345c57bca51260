"""Reading a batch by column and reading it record by record are one reading: the same bodies, the same refusals."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import WireError
from sync.batch import Batch, Order, batch_bytes, parse_batch
from sync.cbor import MAX_INT, decode, encode
from sync.columns import Columns, Indexes, bodies, named, pack, pack_steps, parse_columns, unpack, unpack_steps
from sync.record import ClockSource, Event, Flag, Instant, Kind, Means, Punch, RecordType, SourceClass, record_body
from tests.unit.sync import strategies as make

INSTANT = Instant(1, 2, 3, ClockSource.NTP, None)
PUNCH = Punch(b"person-1", Kind.IN, Means.FINGER, 900, SourceClass.AADHAAR_TERMINAL, Flag.NONE, INSTANT)

numbers = st.lists(st.integers(-MAX_INT, MAX_INT), min_size=1, max_size=60) | st.lists(
    st.integers(0, 300), min_size=1, max_size=60
)


def order_of(batch: Batch, version: int = 7) -> Order:
    refs = sorted({r.person for r in batch.records if isinstance(r, Punch)} | {b"somebody", bytes(8)})
    return Order(version, {ref: place for place, ref in enumerate(refs)})


def by_column(data: bytes, order: Order) -> tuple[Columns, list[bytes]]:
    columns = parse_columns(data)
    if isinstance(columns.people, Indexes):
        if columns.people.version != order.version:
            raise WireError("persons: another roster")
        columns = named(columns, b"".join(order.places))
    return columns, bodies(columns)


def both(data: bytes, order: Order) -> None:
    """Read `data` both ways; they must agree."""
    try:
        batch = parse_batch(data, order)
    except WireError as error:
        with pytest.raises(type(error)):
            by_column(data, order)
        return
    columns, made = by_column(data, order)
    assert made == [record_body(record) for record in batch.records]
    assert (columns.log, columns.first_seq, columns.last_seq) == (batch.log, batch.first_seq, batch.last_seq)
    assert (columns.signature, len(columns)) == (batch.signature, len(batch.records))
    assert columns.refs() == [r.person for r in batch.records if isinstance(r, Punch)]
    assert columns.punches == columns.types.count(RecordType.PUNCH)
    assert columns.events == [(int(r.code), r.detail) for r in batch.records if isinstance(r, Event)]


long_batches = st.builds(
    Batch,
    log=make.octets(8),
    first_seq=st.integers(1, 2**40),
    records=(st.lists(make.punches, min_size=1, max_size=80) | st.lists(make.records, min_size=1, max_size=80)).map(
        tuple
    ),
    signature=make.octets(64),
)


@given(long_batches, st.booleans())
def test_both_ways_read_the_same(batch: Batch, places: bool) -> None:
    order = order_of(batch)
    data = batch_bytes(batch, order if places else None)
    assert parse_batch(data, order) == batch
    both(data, order)


simple = st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.binary(max_size=12)
columns_on_the_wire = simple | st.lists(simple | st.lists(simple, max_size=2), max_size=3) | numbers.map(pack)


@settings(max_examples=400)
@given(long_batches, st.integers(0, 17), columns_on_the_wire, st.booleans())
def test_both_ways_refuse_the_same(batch: Batch, position: int, value: Any, places: bool) -> None:
    """A good batch with one field replaced by anything."""
    order = order_of(batch)
    fields = decode(batch_bytes(batch, order if places else None))
    fields[position] = value
    both(encode(fields), order)


@settings(max_examples=400)
@given(long_batches, st.data())
def test_both_ways_read_the_same_of_flipped_bytes(batch: Batch, data: st.DataObject) -> None:
    order = order_of(batch)
    bad = bytearray(batch_bytes(batch, order))
    for _ in range(data.draw(st.integers(1, 3))):
        bad[data.draw(st.integers(0, len(bad) - 1))] ^= data.draw(st.integers(1, 255))
    both(bytes(bad), order)


@given(numbers)
def test_a_column_has_one_form(values: list[int]) -> None:
    assert unpack(pack(values), len(values), "x") == values
    climbing = [abs(value) for value in values]
    assert unpack_steps(pack_steps(climbing), len(values), "x") == climbing


@given(st.integers(2, 40), st.integers(-5, 5), st.binary(min_size=1, max_size=20))
def test_no_other_form_of_a_column_is_read(n: int, low: int, data: bytes) -> None:
    for read, write in ((unpack, pack), (unpack_steps, pack_steps)):
        for column in ([low, data], [low, [low, data]], [low, low]):
            try:
                values = read(column, n, "x")
            except WireError:
                continue
            assert write(values) == column


def test_people_not_on_the_roster_are_named_in_full() -> None:
    batch = Batch(b"the-log!", 1, (PUNCH,), b"s" * 64)
    with_places = batch_bytes(batch, Order(3, {b"person-1": 4}))
    assert isinstance(parse_columns(with_places).people, Indexes)
    assert batch_bytes(batch, Order(3, {b"person-2": 4})) == batch_bytes(batch)
    with pytest.raises(WireError, match="roster that is not known"):
        parse_batch(with_places)
    with pytest.raises(WireError, match="place that the roster has not"):
        parse_batch(with_places, Order(3, {b"person-1": 0}))
    with pytest.raises(WireError, match="place that the roster has not"):
        named(parse_columns(with_places), b"person-0")
