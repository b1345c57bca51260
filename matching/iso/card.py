"""The compact card format of ISO/IEC 19794-2:2005, clause 8: three bytes a minutia, nothing else. Pure.

    u8 x, u8 y                  tenths of a millimetre, 0 … 25.5 mm
    2 bits type, 6 bits angle   64ths of a turn, as in the record

How many there are follows from the length; size, resolution and quality are not kept. What a card adds around it
(tags, its most, its sort order) belongs to whoever talks to the card.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from matching.errors import TemplateError
from matching.iso.record import Kind

MAX_COUNT = 255
BYTES = 3


@dataclass(frozen=True)
class CardMinutia:
    """x, y: 0 … 255, tenths of a millimetre, y downwards. angle: 0 … 63, 64ths of a turn, anticlockwise."""

    kind: Kind
    x: int
    y: int
    angle: int


def encode(minutiae: Sequence[CardMinutia]) -> bytes:
    """Three bytes a minutia, in the order given. Raises TemplateError for what does not fit."""
    if len(minutiae) > MAX_COUNT:
        raise TemplateError(f"{len(minutiae)} minutiae do not fit a card: at most {MAX_COUNT} do")
    for m in minutiae:
        if not (0 <= m.x <= 255 and 0 <= m.y <= 255 and 0 <= m.angle <= 63):
            raise TemplateError(f"a minutia at {m.x}, {m.y} tenths of a millimetre, angle {m.angle}, does not fit")
    return b"".join(bytes((m.x, m.y, m.kind << 6 | m.angle)) for m in minutiae)


def decode(data: bytes) -> tuple[CardMinutia, ...]:
    """The minutiae in `data`. Raises TemplateError for a length that is no multiple of three and a reserved type."""
    if len(data) % BYTES or len(data) > BYTES * MAX_COUNT:
        raise TemplateError(f"a card of {len(data)} bytes: three a minutia are expected, {MAX_COUNT} minutiae at most")
    if any(data[at] >> 6 == 3 for at in range(2, len(data), BYTES)):
        raise TemplateError("a minutia on the card is of the reserved type 3")
    return tuple(
        CardMinutia(Kind(data[at + 2] >> 6), data[at], data[at + 1], data[at + 2] & 63)
        for at in range(0, len(data), BYTES)
    )
