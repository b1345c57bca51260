"""What crosses the wire besides batches: receipts, rosters, sealed templates, chunks and beats, as frozen types and
the bytes they become. No I/O.

What must stay true here: every `parse_x(x_bytes(v)) == v`; every parser raises WireError, and nothing else, on any
other bytes; a change of any byte is a change of sync.cbor.VERSION (golden bytes in tests/captures/wire hold us to it).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

from sync.cbor import VERSION, array, decode, encode, integer, message, octets, text
from sync.record import HEAD_BYTES, LOG_BYTES, PERSON_BYTES, SIGNATURE_BYTES

ROOM = 180_000  # bytes of roster in one message where nothing speaks for less


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server's word that everything up to `seq` of `log` is committed, ending in chain head `head`.

    `plain` asks for batches that name their people in full: the roster they speak of is not known there.
    """

    log: bytes
    seq: int
    head: bytes
    signature: bytes
    plain: bool = False


@dataclass(frozen=True, slots=True)
class SealedTemplate:
    """A template nobody between terminals opens: `body` under a key of its own, `wrapped` that key for one reader."""

    person: bytes
    finger: int
    version: int
    body: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """One person at one terminal. `sealed` opens only on that terminal to PersonCard; `active` False means: forget."""

    person: bytes
    active: bool
    sealed: bytes
    templates: tuple[SealedTemplate, ...]


class CardFlag(IntFlag):
    """What sets a person apart at a terminal; bits unknown here are kept and mean nothing."""

    NONE = 0
    SUPERVISOR = 1  # may vouch for others (S1)
    FACE_FIRST = 2  # is asked for the face before the finger (S16)
    MORE_TIME = 4  # gets longer at every step (S16)
    SPOKEN = 8  # is told everything aloud (S16)


@dataclass(frozen=True, slots=True)
class PersonCard:
    """What the terminal may know of a person: keyed digits, the name to greet them with, and how to serve them."""

    lookup: bytes
    name: str
    flags: CardFlag = CardFlag.NONE


@dataclass(frozen=True, slots=True)
class RosterDelta:
    """Changes that bring a roster from version `base` to `version`; `base` 0 replaces everything.

    `goal` is the version the server is bringing it to: what begins at base 0 is complete there, and not before.
    """

    version: int
    base: int
    entries: tuple[RosterEntry, ...]
    signature: bytes
    goal: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Part `index` of `total` of the sealed template that the ENROLMENT event (log, seq) announced by its hash."""

    log: bytes
    seq: int
    index: int
    total: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Beat:
    """What a terminal says of itself from time to time; also its last will, with `online` False.

    `session` is drawn anew at each connection, so that a stale will does not raise an alarm (S4). `roster_version` is
    how far the roster was received; `room` how many bytes of it the line takes at once, 0: only what is urgent (S3).
    """

    session: bytes
    online: bool
    log: bytes
    seq: int
    backlog: int
    roster_version: int
    room: int = ROOM


def receipt_bytes(receipt: Receipt) -> bytes:
    r = receipt
    return encode([VERSION, r.log, r.seq, r.head, r.signature, int(r.plain)])


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt. Raises WireError. Seq 0 says: nothing of this log is known here."""
    fields = message(data, "receipt", 6)
    return Receipt(
        log=octets(fields[1], "log", LOG_BYTES),
        seq=integer(fields[2], "seq", 0),
        head=octets(fields[3], "head", HEAD_BYTES),
        signature=octets(fields[4], "signature", SIGNATURE_BYTES),
        plain=bool(integer(fields[5], "plain", 0, 1)),
    )


def template_bytes(template: SealedTemplate) -> bytes:
    return encode(_template_fields(template))


def parse_template(data: bytes) -> SealedTemplate:
    return _template(decode(data, what="sealed template"))


def _template_fields(t: SealedTemplate) -> list[Any]:
    return [t.person, t.finger, t.version, t.body, t.wrapped]


def _template(value: object) -> SealedTemplate:
    fields = array(value, "sealed template", range(5, 6))
    return SealedTemplate(
        person=octets(fields[0], "person", PERSON_BYTES),
        finger=integer(fields[1], "finger", 0, 255),
        version=integer(fields[2], "template version", 1, 2**32 - 1),
        body=octets(fields[3], "template body", range(28, 65536)),
        wrapped=octets(fields[4], "wrapped key", range(1, 512)),
    )


def card_bytes(card: PersonCard) -> bytes:
    """Flags are there only when one is set: most people have none."""
    return encode([card.lookup, card.name, *([int(card.flags)] if card.flags else [])])


def parse_card(data: bytes) -> PersonCard:
    fields = array(decode(data, what="person card"), "person card", range(2, 4))
    return PersonCard(
        lookup=octets(fields[0], "lookup", range(8, 33)),
        name=text(fields[1], "name", 256),
        flags=CardFlag(integer(fields[2], "flags", 1, 0xFFFF)) if len(fields) > 2 else CardFlag.NONE,
    )


def roster_unsigned(version: int, base: int, entries: Sequence[RosterEntry], goal: int) -> bytes:
    """What the server signs of a roster delta."""
    rows = [[e.person, int(e.active), e.sealed, [_template_fields(t) for t in e.templates]] for e in entries]
    return encode([VERSION, version, base, rows, goal])


def roster_bytes(delta: RosterDelta) -> bytes:
    return encode([roster_unsigned(delta.version, delta.base, delta.entries, delta.goal), delta.signature])


def parse_roster(data: bytes) -> RosterDelta:
    """Read a roster delta. Raises WireError."""
    outer = array(decode(data, what="roster"), "roster", range(2, 3))
    fields = message(octets(outer[0], "roster body", range(1, len(data))), "roster", 5)
    version = integer(fields[1], "roster version", 1)
    return RosterDelta(
        version=version,
        base=integer(fields[2], "roster base", 0),
        entries=tuple(_entry(row) for row in array(fields[3], "roster entries", range(10_001))),
        signature=octets(outer[1], "signature", SIGNATURE_BYTES),
        goal=integer(fields[4], "roster goal", version),
    )


def _entry(value: object) -> RosterEntry:
    fields = array(value, "roster entry", range(4, 5))
    templates = array(fields[3], "templates", range(65))
    return RosterEntry(
        person=octets(fields[0], "person", PERSON_BYTES),
        active=bool(integer(fields[1], "active", 0, 1)),
        sealed=octets(fields[2], "person card", range(2048)),
        templates=tuple(_template(t) for t in templates),
    )


def chunk_bytes(chunk: Chunk) -> bytes:
    return encode([VERSION, chunk.log, chunk.seq, chunk.index, chunk.total, chunk.data])


def parse_chunk(data: bytes) -> Chunk:
    fields = message(data, "chunk", 6)
    total = integer(fields[4], "chunk total", 1, 1024)
    return Chunk(
        log=octets(fields[1], "log", LOG_BYTES),
        seq=integer(fields[2], "seq", 1),
        index=integer(fields[3], "chunk index", 0, total - 1),
        total=total,
        data=octets(fields[5], "chunk data", range(1, 65536)),
    )


def beat_bytes(beat: Beat) -> bytes:
    b = beat
    return encode([VERSION, b.session, int(b.online), b.log, b.seq, b.backlog, b.roster_version, b.room])


def parse_beat(data: bytes) -> Beat:
    fields = message(data, "beat", 8)
    return Beat(
        session=octets(fields[1], "session", 8),
        online=bool(integer(fields[2], "online", 0, 1)),
        log=octets(fields[3], "log", LOG_BYTES),
        seq=integer(fields[4], "seq", 0),
        backlog=integer(fields[5], "backlog", 0),
        roster_version=integer(fields[6], "roster version", 0),
        room=integer(fields[7], "room", 0, ROOM),
    )
