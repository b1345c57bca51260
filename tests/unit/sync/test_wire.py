"""The wire: every message survives the round trip, every other byte string is refused, and the bytes do not drift."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import VersionError, WireError
from sync.anchor import Answer, Question, answer_bytes, parse_answer, parse_question, question_bytes
from sync.batch import Batch, Order, batch_bytes, parse_batch
from sync.cbor import MAX_MESSAGE_BYTES, decode, encode
from sync.columns import parse_columns
from sync.fetch import Found, Wanted, Whereabouts, found_bytes, parse_found, parse_wanted, wanted_bytes
from sync.health import (
    Counters,
    Health,
    LinkKind,
    Machine,
    Sensor,
    SensorKind,
    SensorState,
    Serving,
    Throttled,
    Verdict,
    health_bytes,
    parse_health,
)
from sync.orders import Order as Command
from sync.orders import OrderKind, order_bytes, parse_order
from sync.record import (
    ClockSource,
    Event,
    EventCode,
    Flag,
    Instant,
    Kind,
    Means,
    Punch,
    SourceClass,
    parse_record,
    record_body,
)
from sync.wire import (
    Beat,
    CardFlag,
    Chunk,
    PersonCard,
    Receipt,
    RosterDelta,
    RosterEntry,
    SealedTemplate,
    beat_bytes,
    card_bytes,
    chunk_bytes,
    parse_beat,
    parse_card,
    parse_chunk,
    parse_receipt,
    parse_roster,
    parse_template,
    receipt_bytes,
    roster_bytes,
    template_bytes,
)
from tests.unit.sync import strategies as make

GOLDEN = Path(__file__).parents[2] / "captures" / "wire"

NOW = Instant(3, 86_400_123, 1_798_000_000_000, ClockSource.NTP, 40)
LATER = Instant(3, 86_461_000, 1_798_000_000_000, ClockSource.UNKNOWN, None)
PUNCH = Punch(b"person-1", Kind.IN, Means.FINGER, 912, SourceClass.AADHAAR_TERMINAL, Flag.NONE, NOW)
AGAIN = Punch(b"person-1", Kind.OUT, Means.FACE, 700, SourceClass.AADHAAR_TERMINAL, Flag.DUPLICATE, LATER)
BOOT = Event(EventCode.BOOT, {"boot_id": bytes(range(16)), "software": "0.1.0"}, NOW)
QUESTION = Question(bytes(range(16)), 86_400_123, b"question")
SEALED = SealedTemplate(b"person-1", 1, 2, bytes(range(60)), bytes(range(92)))
HEALTH = Health(
    software="0.1.0",
    serving=Serving.SERVING,
    link=LinkKind.GPRS,
    metered=True,
    signal_percent=61,
    backlog=3,
    oldest_s=42,
    clock=ClockSource.SERVER,
    clock_offset_ms=-1200,
    clock_bound_ms=384,
    roster_version=5,
    roster_age_s=7200,
    certificate_days=61,
    machine=Machine(86_400, 1, 54, Throttled.UNDER_VOLTAGE_ONCE, 48, 11_800, 21, 10),
    sensors=(
        Sensor("zfm", SensorKind.FINGER, SensorState.HERE, Verdict.PRINT, 70, 70, Counters(412, 31, 2)),
        Sensor("zk", SensorKind.MACHINE, SensorState.GONE, counters=Counters(96, gone=1)),
    ),
)

SHAPES: dict[str, tuple[Callable[[Any], bytes], Callable[[bytes], Any], Any, Any]] = {
    "punch": (record_body, parse_record, make.punches, PUNCH),
    "event": (record_body, parse_record, make.events, BOOT),
    "batch": (batch_bytes, parse_batch, make.batches, Batch(b"the-log!", 7, (BOOT, PUNCH, AGAIN), b"s" * 64)),
    "receipt": (receipt_bytes, parse_receipt, make.receipts, Receipt(b"the-log!", 9, b"h" * 32, b"s" * 64)),
    "template": (template_bytes, parse_template, make.templates, SEALED),
    "card": (card_bytes, parse_card, make.cards, PersonCard(b"l" * 16, "नमूना कर्मचारी")),
    "card-flags": (card_bytes, parse_card, make.cards, PersonCard(b"l" * 16, "नमूना", CardFlag.SUPERVISOR)),
    "roster": (
        roster_bytes,
        parse_roster,
        make.deltas,
        RosterDelta(5, 3, (RosterEntry(b"person-1", True, b"card", (SEALED,)),), b"s" * 64, 9),
    ),
    "chunk": (chunk_bytes, parse_chunk, make.chunks, Chunk(b"the-log!", 4, 1, 3, b"part")),
    "question": (lambda tag: encode([1, tag]), parse_question, make.octets(16), QUESTION.tag),
    "answer": (answer_bytes, parse_answer, make.answers, Answer(1_798_086_400_500, b"s" * 64)),
    "health": (health_bytes, parse_health, make.healths, HEALTH),
    "beat": (beat_bytes, parse_beat, make.beats, Beat(b"session!", True, b"the-log!", 12, 3, 5, 4096)),
    "wanted": (wanted_bytes, parse_wanted, make.wanted, Wanted(7, bytes(range(66)))),
    "found": (found_bytes, parse_found, make.found, Found(7, Whereabouts.COMING, 5, b"s" * 64)),
    "order": (
        order_bytes,
        parse_order,
        make.orders,
        Command(3, OrderKind.WIPE, {"person": b"person-1", "version": 5}, b"session!", b"s" * 64),
    ),
}
PARSERS = {name: shape[1] for name, shape in SHAPES.items()}


@pytest.mark.parametrize("name", SHAPES)
def test_golden_bytes(name: str) -> None:
    """A change of these files is a change of the protocol: raise sync.cbor.VERSION with it."""
    write, read, _, example = SHAPES[name]
    golden = bytes.fromhex((GOLDEN / f"{name}.hex").read_text())
    assert write(example) == golden
    assert read(golden) == example


def test_the_golden_question_is_the_tag_of_its_boot_moment_and_nonce() -> None:
    assert question_bytes(QUESTION).hex() == (GOLDEN / "question.hex").read_text().strip()


def test_every_golden_file_has_its_message() -> None:
    assert {path.stem for path in GOLDEN.glob("*.hex")} == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
@given(data=st.data())
def test_round_trip(name: str, data: st.DataObject) -> None:
    write, read, strategy, _ = SHAPES[name]
    value = data.draw(strategy)
    assert read(write(value)) == value


@pytest.mark.parametrize("name", SHAPES)
@given(data=st.data())
def test_any_bytes_parse_or_are_refused(name: str, data: st.DataObject) -> None:
    """Garbage, and our own messages cut or with a byte changed: WireError, and nothing else."""
    write, read, strategy, _ = SHAPES[name]
    good = write(data.draw(strategy))
    cut = data.draw(st.integers(0, len(good)))
    flip = data.draw(st.integers(0, len(good) - 1))
    flipped = good[:flip] + bytes([good[flip] ^ data.draw(st.integers(1, 255))]) + good[flip + 1 :]
    for hostile in (good[:cut], flipped, good + b"\0", data.draw(st.binary(max_size=64))):
        try:
            value = read(hostile)
        except WireError:
            continue
        assert write(value) == hostile or name == "batch"  # unused columns of a batch without punches are free


simple = st.none() | st.integers(-(2**60), 2**60) | st.binary(max_size=9) | st.text(max_size=9) | st.booleans()
nested = st.recursive(
    simple, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@pytest.mark.parametrize("name", SHAPES)
@given(value=nested, fields=st.lists(nested, max_size=20))
def test_well_formed_nonsense_is_refused_or_valid(name: str, value: Any, fields: list[Any]) -> None:
    for message in (value, fields, [1, *fields]):
        try:
            data = encode(message)
            PARSERS[name](data)
        except WireError:
            pass


@pytest.mark.parametrize("name", ["batch", "receipt", "chunk", "beat", "health"])
def test_a_later_protocol_is_named(name: str) -> None:
    _, read, _, example = SHAPES[name]
    fields = decode(SHAPES[name][0](example))
    fields[0] = 2
    with pytest.raises(VersionError, match=r"protocol version 2.*update this side"):
        read(encode(fields))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not CBOR"),
        (b"\x00\x00", "not CBOR|trailing"),
        (b"\x81" * 400 + b"\x00", "depth"),
        (b"\x9f\x00\xff", "not CBOR"),  # indefinite length
        (b"\xc0\x741970-01-01T00:00:00Z", "not CBOR"),  # a date tag
        (b"\xd8\x1c\x81\xd8\x1d\x00", "not CBOR"),  # a list that contains itself
        (b"\x18\x01", "deterministic"),  # 1 in two bytes
        (b"\x9b\x00\xff\xff\xff\xff\xff\xff\xff", "not CBOR"),
        (b"\x5b\x00\xff\xff\xff\xff\xff\xff\xff", "not CBOR"),
        (bytes(MAX_MESSAGE_BYTES + 1), "more than the"),
        (cbor2.dumps({1: 2, "a": 3}) + b"\xff", "not CBOR|trailing"),
    ],
)
def test_hostile_cbor(data: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        decode(data)


def _batch_with(position: int, value: object) -> bytes:
    fields = decode(batch_bytes(Batch(b"the-log!", 7, (BOOT, PUNCH, AGAIN), b"s" * 64)))
    fields[position] = value
    return encode(fields)


@pytest.mark.parametrize(
    ("position", "value", "why"),
    [
        (1, b"short", "log"),
        (2, 0, "first seq"),
        (3, 0, "count"),
        (3, 1001, "count"),
        (4, 3, "record type"),
        (4, [2, -1], "record type"),
        (4, [1, b"\x00"], "one way"),  # no distance at all: one number says it
        (4, [0, b"\x29"], "one way"),  # a lowest one that none has
        (4, [1, b"\x01\x00"], "one way"),  # wider than need be
        (
            4,
            [1, b"\x01" + bytes(21)],
            "record type",
        ),
        (4, [1, b"\xc1"], "one way"),  # bits beyond the last
        (5, [2**53, b"\x01"], "beyond"),
        (5, [True, b"\x01"], "boot number"),
        (5, True, "boot number"),
        (6, [1, True, 2], "time since boot|time column"),
        (6, [5, 0], "first one and"),
        (6, [-1, 2], "since boot"),
        (6, [2**53, [0, b"\x01"]], "time since boot|time column"),
        (8, 9, "clock source"),
        (10, b"12345678", "persons"),
        (10, [0, 0], "roster version"),
        (10, [1, -1], "place"),
        (13, [900, b"\xc8"], "score"),
        (15, 64, "flags"),
        (16, [], "events"),
        (16, [[99, {}]], "event code"),
        (16, [[1, {"x" * 33: 1}]], "name"),
        (16, [[1, {"x": None}]], "neither a number"),
        (16, [[1, {"x": "y" * 513}]], "longer than 512"),
        (16, [[1, 5]], "not a map"),
        (17, b"s", "signature"),
    ],
)
def test_a_batch_with_one_bad_field(position: int, value: object, why: str) -> None:
    with pytest.raises(WireError, match=why):
        parse_columns(_batch_with(position, value))
    with pytest.raises(WireError):
        parse_batch(_batch_with(position, value))


def test_a_batch_of_events_has_no_punch_columns() -> None:
    fields = decode(batch_bytes(Batch(b"the-log!", 7, (BOOT,), b"s" * 64)))
    for column in range(11, 16):
        with pytest.raises(WireError, match="expected one number"):
            parse_columns(encode([*fields[:column], [], *fields[column + 1 :]]))


def test_a_template_version_that_no_seal_could_bind() -> None:
    with pytest.raises(WireError, match="template version"):
        parse_template(encode([b"person-1", 1, 2**32, bytes(28), b"w"]))


@pytest.mark.parametrize("fields", [[1, [3, 4, 5, 0, None]], [2, [3, 4, 5, 0, None], 1, {}, 0], [True, [], 0, 0]])
def test_a_record_of_no_known_shape(fields: list[object]) -> None:
    with pytest.raises(WireError):
        parse_record(encode(fields))


def test_card_with_a_name_too_long() -> None:
    with pytest.raises(WireError, match="name"):
        parse_card(encode([b"l" * 16, "x" * 257]))


def test_fifty_punches_fit_in_few_bytes() -> None:
    """Fifty different people, all fields, irregular arrivals: the packing that the wire goals rest on."""
    rows = tuple(
        Punch(
            bytes([n] * 8),
            Kind.IN,
            Means.FINGER,
            800 + n * 7 % 200,
            SourceClass.AADHAAR_TERMINAL,
            Flag.NONE,
            Instant(3, 86_400_000 + n * n * 977 % 60_000 + n * 9_000, 1_798_000_000_000, ClockSource.NTP, 40),
        )
        for n in range(50)
    )
    batch = Batch(b"the-log!", 100_001, rows, b"s" * 64)
    assert len(batch_bytes(batch)) <= 50 * 8 + 50 * 4 + 120
    assert len(batch_bytes(batch, Order(7, {row.person: place for place, row in enumerate(rows)}))) <= 50 * 5 + 120


@pytest.mark.parametrize("tag", [*range(64), 100, 256, 258, 260, 261, 1004, 43000, 55799, 65535])
def test_no_tag_gets_in(tag: int) -> None:
    with pytest.raises(WireError, match="not CBOR"):
        decode(cbor2.dumps(cbor2.CBORTag(tag, "1")))


def test_shown_time_is_boot_time_plus_offset() -> None:
    assert NOW.wall_ms == 1_798_086_400_123
