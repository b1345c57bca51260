"""What the bridge and the terminal say to each other over bridge.sock. No I/O.

    {"do": "take", "readings": [{"badge": …, "means": …, "kind": …, "device": …, "cursor": …, "wall_ms": …,
                                 "offset_ms": …}, …]}
    {"ok": true, "taken": 3}                     all are on disk
    {"ok": false, "taken": 1, "error": "…"}      the first one is; the rest must be handed over again
    {"do": "devices", "devices": [["zk", true, 96, 0, 1], …]}      how they are, once a minute: sync.health.Counters
    {"ok": true}

What must stay true here: `readings(take(some)) == some`; readings raises ProtocolError, and nothing else.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from drivers import ProtocolError
from drivers.base import Means, Recognition, Stamp
from drivers.lines import MAX_LINE, Message
from sync.health import MAX_NAME, MAX_SENSORS, Counters, Sensor, SensorKind, SensorState

MAX_READINGS = 64
_ROOM = MAX_LINE - 64
_MAX_WORD = 64
_FROM_MS, _TO_MS = 0, 4_102_444_800_000  # to the year 2100
_MAX_OFFSET_MS = 10**13


def take(readings: Sequence[Recognition]) -> Message:
    return {"do": "take", "readings": [_fields(reading) for reading in readings]}


def batches(readings: Sequence[Recognition]) -> Iterator[list[Recognition]]:
    """The readings in pieces that fit on a line, in order."""
    batch: list[Recognition] = []
    size = 0
    for reading in readings:
        length = len(json.dumps(_fields(reading), ensure_ascii=True)) + 2
        if batch and (size + length > _ROOM or len(batch) == MAX_READINGS):
            yield batch
            batch, size = [], 0
        batch.append(reading)
        size += length
    if batch:
        yield batch


def readings(message: Message) -> list[Recognition]:
    """What the bridge hands over. Raises ProtocolError."""
    match message:
        case {"do": "take", "readings": list(given)} if 0 < len(given) <= MAX_READINGS:
            return [_reading(fields) for fields in given]
    raise ProtocolError(f'expected {{"do": "take"}} with 1 to {MAX_READINGS} readings')


def devices(found: Sequence[Sensor]) -> Message:
    """How the bridge's devices are."""
    rows = [
        [s.name, s.state is SensorState.HERE, s.counters.readings, s.counters.garbled, s.counters.gone] for s in found
    ]
    return {"do": "devices", "devices": rows}


def sensors(message: Message) -> tuple[Sensor, ...]:
    """What `devices` said. Raises ProtocolError."""
    match message:
        case {"devices": list(rows)} if len(rows) <= MAX_SENSORS:
            return tuple(map(_sensor, rows))
    raise ProtocolError(f"expected at most {MAX_SENSORS} devices")


def _sensor(row: object) -> Sensor:
    match row:
        case [str(name), bool(here), *counts] if 0 < len(name) <= MAX_NAME and len(counts) == 3:
            readings, garbled, gone = (_integer(count, 0, 2**53) for count in counts)
            state = SensorState.HERE if here else SensorState.GONE
            counters = Counters(readings=readings, garbled=garbled, gone=gone)
            return Sensor(name, SensorKind.MACHINE, state, counters=counters)
    raise ProtocolError("a device that is not a name, whether it is there, and three counts")


def taken(answer: Message, asked: int) -> tuple[int, str | None, bool]:
    """The terminal's answer: how many are on disk, why not all, and whether they may be handed over again at once."""
    match answer:
        case {"ok": True}:
            return asked, None, False
        case {"ok": False, "taken": int(first), "error": str(reason)} if 0 <= first <= asked:
            return first, reason, True
        case {"ok": False, "error": str(reason)}:
            return 0, reason, False  # not understood, so it would not be the next time either
    return 0, "an answer that is none", False


def _fields(reading: Recognition) -> dict[str, Any]:
    stamp = reading.stamp
    if stamp is None:
        raise ProtocolError("a recognition without a stamp cannot be handed over")
    return {
        "badge": reading.badge,
        "means": reading.means,
        "kind": reading.kind,
        "device": stamp.device,
        "cursor": stamp.cursor,
        "wall_ms": stamp.wall_ms,
        "offset_ms": stamp.offset_ms,
    }


def _reading(fields: object) -> Recognition:
    if not isinstance(fields, dict):
        raise ProtocolError("a reading that is not an object")
    badge, device, cursor = (_word(fields.get(name), name, least=1) for name in ("badge", "device", "cursor"))
    kind, means = _word(fields.get("kind"), "kind", least=0), fields.get("means")
    if not isinstance(means, str) or means not in list(Means):
        raise ProtocolError(f"a reading whose means is none of {', '.join(Means)}")
    wall_ms = _integer(fields.get("wall_ms"), _FROM_MS, _TO_MS)
    given = fields.get("offset_ms")
    offset_ms = None if given is None else _integer(given, -_MAX_OFFSET_MS, _MAX_OFFSET_MS)
    return Recognition(badge, Means(means), kind, Stamp(wall_ms, offset_ms, device, cursor))


def _word(value: object, name: str, *, least: int) -> str:
    if not isinstance(value, str) or not least <= len(value) <= _MAX_WORD or not value.isprintable():
        raise ProtocolError(f"a reading whose {name} is not a text of {least} to {_MAX_WORD} characters")
    return value


def _integer(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:  # a bool is an int to isinstance
        raise ProtocolError(f"a number that is not a whole one from {least} to {most}")
    return value
