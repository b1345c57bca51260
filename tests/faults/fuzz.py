"""The parsers of the wire and of the chain, given what nobody sane would send: nothing but their own typed errors.

Valid messages are taken apart as CBOR, changed at a random node (another type, a huge number, one item more or fewer,
deep nesting, another message's node) and put together again; or their bytes are flipped, cut, doubled.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cbor2

from sync import SyncError, WireError
from sync.anchor import (
    Anchor,
    Answer,
    Question,
    answer_bytes,
    check,
    parse_answer,
    parse_question,
    question_bytes,
    sign_answer,
)
from sync.batch import Batch, Order, batch_bytes, parse_batch
from sync.chain import genesis, heads, sign_head, sign_receipt, sign_roster, verify_receipt, verify_roster
from sync.columns import Columns, Indexes, bodies, named, parse_columns
from sync.ed25519 import PublicKey
from sync.record import parse_record, record_body
from sync.wire import (
    Beat,
    CardFlag,
    Chunk,
    PersonCard,
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
from tests.faults.table import Result, Step, quiet
from tests.faults.writer import KEY, TERMINAL, record
from tests.unit.sync.verifying import verify_batch

LOG = b"log-one!"
PUBLIC = PublicKey.of(KEY)
ASKED = Question(b"boot-one-16bytes", 5000, b"question")
ORDER = Order(4, {n.to_bytes(8, "big"): n - 1 for n in range(1, 61)})  # everybody who punches in the samples
MAX_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Target:
    """What reads a message, and what must hold of whatever it accepts."""

    name: str
    read: Callable[[bytes], Any]
    holds: Callable[[bytes, Any], bool]
    samples: tuple[bytes, ...]


def targets() -> tuple[Target, ...]:
    batches = tuple(_batch(first, n) for first, n in ((1, 1), (1, 12), (5, 50)))
    template = SealedTemplate(b"person-1", 1, 2, b"b" * 60, b"w" * 92)
    entries = (RosterEntry(b"person-1", True, b"card", (template,)), RosterEntry(b"person-2", False, b"", ()))
    roster = sign_roster(KEY, TERMINAL, 3, 0, entries)
    receipt = sign_receipt(KEY, TERMINAL, LOG, 9, b"h" * 32)
    beat = Beat(b"session!", True, LOG, 9, 2, 3)
    card = PersonCard(b"l" * 32, "Synthetic 1", CardFlag.NONE)
    answer = sign_answer(KEY, TERMINAL, ASKED.tag, 1_767_238_200_000)
    return (
        Target("record", parse_record, lambda data, r: record_body(r) == data, tuple(map(_body, range(12)))),
        Target("batch", parse_batch, _same_by_columns, batches),
        Target("columns", parse_columns, _whole, (*batches, _batch(1, 12, ORDER), _batch(5, 50, ORDER))),
        Target("receipt", parse_receipt, _only(verify_receipt, receipt), (receipt_bytes(receipt),)),
        Target("roster", parse_roster, _only(verify_roster, roster), (roster_bytes(roster),)),
        Target("template", parse_template, lambda data, t: True, (template_bytes(template),)),
        Target("chunk", parse_chunk, lambda data, c: True, (chunk_bytes(Chunk(LOG, 4, 0, 2, b"x" * 99)),)),
        Target("beat", parse_beat, lambda data, b: True, (beat_bytes(beat),)),
        Target("question", parse_question, lambda data, q: True, (question_bytes(ASKED),)),
        Target("answer", parse_answer, _only(_check_answer, answer), (answer_bytes(answer),)),
        Target("card", parse_card, lambda data, c: True, (card_bytes(card),)),
    )


def _body(n: int) -> bytes:
    return record_body(record(n))


def _batch(first: int, n: int, order: Order | None = None) -> bytes:
    records = tuple(record(first + k) for k in range(n))
    head = heads(genesis(TERMINAL, LOG), map(record_body, records))[-1]
    return batch_bytes(Batch(LOG, first, records, sign_head(KEY, first + n - 1, head)), order)


_GENUINE = {_batch(1, 1), _batch(1, 12), _batch(5, 50)}


def _same_by_columns(data: bytes, batch: Batch) -> bool:
    """The server's reading agrees with this one, record by record; and only the genuine is believed."""
    if bodies(parse_columns(data)) != [record_body(r) for r in batch.records]:
        return False
    try:
        verify_batch(PUBLIC, batch, genesis(TERMINAL, batch.log))
    except SyncError:
        return True
    return batch_bytes(batch) in _GENUINE


def _whole(data: bytes, columns: Columns) -> bool:
    """A body for every record, with people by name or by their places in a roster; a place it has not is refused."""
    if isinstance(columns.people, Indexes):
        try:
            columns = named(columns, b"".join(ORDER.places))
        except WireError:
            return True
    return len(bodies(columns)) == len(columns)


def _check_answer(key: PublicKey, terminal: str, answer: Answer) -> None:
    check(key, terminal, Anchor(ASKED, ASKED.asked_ms + 700, answer), ASKED.asked_ms + 900)


def _only(verify: Callable[..., None], genuine: object) -> Callable[[bytes, Any], bool]:
    def holds(data: bytes, message: Any) -> bool:
        try:
            verify(PUBLIC, TERMINAL, message)
        except SyncError:
            return True
        return bool(message == genuine)

    return holds


# ── what is done to messages ──

_ODD: tuple[Any, ...] = (None, True, -1, 0, 1, 2**31, 2**53, 2**63, 2**64 - 1, -(2**63), 2**200, 0.5, float("nan"))
_ODDER: tuple[Any, ...] = ("", b"", "x" * 600, b"x" * 9000, [], {}, {1: 2}, [[]], "\ud83d", cbor2.CBORTag(2, b"\1"))


def mutated(data: bytes, other: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.choice((1, 1, 2, 4))):
        data = _in_structure(data, other, dice) if dice.random() < 0.7 else _in_bytes(data, other, dice)
    return data[:MAX_BYTES]


def _in_structure(data: bytes, other: bytes, dice: random.Random) -> bytes:
    try:
        tree, stranger = cbor2.loads(data), cbor2.loads(other)
        if isinstance(tree, list):
            _change(tree, stranger, dice)
        return cbor2.dumps(tree, canonical=dice.random() < 0.5)
    except Exception:  # noqa: BLE001 - a mutant of a mutant need not be CBOR any more
        return _in_bytes(data, other, dice)


def _change(tree: list[Any], stranger: Any, dice: random.Random) -> None:
    while tree and dice.random() < 0.5 and (deeper := [item for item in tree if isinstance(item, list) and item]):
        tree = dice.choice(deeper)
    at = dice.randrange(len(tree))
    match dice.randrange(8):
        case 0:
            tree[at] = dice.choice(_ODD)
        case 1:
            tree[at] = dice.choice(_ODDER)
        case 2:
            del tree[at]
        case 3:
            tree.insert(at, tree[at])
        case 4:
            tree[at] = [tree[at]] * dice.choice((1, 2, 300))
        case 5 if isinstance(stranger, list) and stranger:
            tree[at] = dice.choice(stranger)
        case 6 if isinstance(tree[at], bytes):
            tree[at] = _in_bytes(tree[at], b"\0", dice)
        case _:
            tree[at] = tree[at] + dice.choice((1, -1, 256, 2**40)) if type(tree[at]) is int else [[[[tree[at]]]]]


def _in_bytes(data: bytes, other: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    match dice.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + dice.randbytes(dice.randrange(1, 9)) + data[at:]
        case 2:
            return data[:at] + bytes([0x81 + dice.randrange(3)]) * dice.choice((10, 100, 5000)) + data[at:]
        case 3:
            return data[:at] + other[dice.randrange(len(other) + 1) :]
        case 4:
            return data + data
        case _:
            return data[: at - 1] + bytes([dice.randrange(256)]) + data[at:] if at else data


def run(n: int, seed: int = 0, step: Step = quiet) -> Result:
    result = Result("wire and chain parsers: anything but their own errors")
    known = targets()
    read = 0
    for number in range(seed * 100_000_000, seed * 100_000_000 + n):
        dice = random.Random(number)
        target = known[number % len(known)]
        data = mutated(dice.choice(target.samples), dice.choice(dice.choice(known).samples), dice)
        try:
            message = target.read(data)
        except WireError:
            pass
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            result.wrong(f"{number} ({target.name}): {type(error).__name__}: {error}")
        else:
            read += 1
            try:
                if not target.holds(data, message):
                    result.wrong(f"{number} ({target.name}): read as something it is not")
            except Exception as error:  # noqa: BLE001
                result.wrong(f"{number} ({target.name}), read: {type(error).__name__}: {error}")
        result.tried += 1
        step(result.tried)
    result.remark = f"{read:,} were still messages"
    return result
