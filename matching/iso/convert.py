"""Between this program's templates and the standard's records and cards. Pure.

Our directions already are the standard's (up the ridge, anticlockwise from the x axis), our places its pixels at
500 dpi; angles lose two bits on the way out, and the contact mask stays behind: on the way in it is drawn anew around
the minutiae.

A record from elsewhere was made by another extractor. Its templates are therefore named FOREIGN and compare among
themselves only; whoever knows better says so.
"""

import math
from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.errors import TemplateError
from matching.iso import card, record
from matching.iso.card import CardMinutia
from matching.iso.record import IsoMinutia, IsoRecord, IsoView, Kind
from matching.minutiae import CELL_PX, MAX_SIDE_PX, Minutiae, cells, pack
from matching.template import Format, Modality, Template

FOREIGN = "iso-19794-2"
VERSION = 1
PX_PER_CM = 197  # 500 dpi, as near as the field can say
CARD_MOST = 60  # what a card takes unless it says otherwise
_DPI = 500.0
_MM10_PER_PX = 254 / _DPI
_REACH_PX = 24  # how far around the minutiae the finger is taken to have touched
_NOT_REPORTED = 0.5
_TURN = 2 * np.pi

Floats = NDArray[np.float64]


def record_of(templates: Sequence[Template], fingers: Sequence[int] = (), *, device: int = 0) -> bytes:
    """One record with a view for each template.

    `fingers` names their fingers in the standard's numbers (1 … 5 the right hand from the thumb, 6 … 10 the left;
    none: unknown). Raises TemplateError for templates without minutiae, for more than 16 views of one finger, and
    for a number out of range.
    """
    if fingers and len(fingers) != len(templates):
        raise TemplateError(f"{len(templates)} templates and {len(fingers)} fingers")
    all_minutiae = [template.minutiae for template in templates]
    seen: Counter[int] = Counter()
    views = []
    for finger, minutiae in zip(fingers or [0] * len(templates), all_minutiae, strict=True):
        views.append(_view(minutiae, finger, seen[finger]))
        seen[finger] += 1
    width = max((m.width for m in all_minutiae), default=1)
    height = max((m.height for m in all_minutiae), default=1)
    return record.encode(IsoRecord(width, height, PX_PER_CM, PX_PER_CM, tuple(views), device))


def templates_of(data: bytes, *, algorithm: str = FOREIGN, version: int = VERSION) -> list[Template]:
    """A template for each view of the record in `data`, at 500 dpi.

    `algorithm` and `version` name the extractor that made it: those of this program for records it wrote itself.
    Raises TemplateError, or TemplateVersion for another edition, when this is no such record or a finger in it is
    larger than 10 cm.
    """
    read = record.decode(data)
    across, down = _scale(read.x_per_cm), _scale(read.y_per_cm)
    width, height = max(1, math.ceil(read.width * across)), max(1, math.ceil(read.height * down))
    if max(width, height) > MAX_SIDE_PX:
        raise TemplateError(f"a finger of {width} × {height} px at 500 dpi is too large; {MAX_SIDE_PX} px is the most")
    return [
        _template(
            np.array([m.x * across for m in view.minutiae]),
            np.array([m.y * down for m in view.minutiae]),
            np.array([m.angle * (_TURN / 256) for m in view.minutiae]),
            [m.kind for m in view.minutiae],
            np.array([m.quality / 100 or _NOT_REPORTED for m in view.minutiae]),
            (width, height),
            (algorithm, version),
        )
        for view in read.views
    ]


def card_of(template: Template, most: int = CARD_MOST) -> bytes:
    """The best `most` minutiae for a card, best first. A finger wider than a card's 25.6 mm is cut to the fullest part.

    Raises TemplateError for a template without minutiae.
    """
    minutiae = template.minutiae
    x = np.rint(minutiae.x * _MM10_PER_PX).astype(np.int64)
    y = np.rint(minutiae.y * _MM10_PER_PX).astype(np.int64)
    x, y = x - _window(x), y - _window(y)
    inside = np.flatnonzero((x >= 0) & (y >= 0) & (x <= 255) & (y <= 255))[: max(0, most)]
    angle = np.rint(minutiae.direction * (64 / _TURN)).astype(np.int64) % 64
    return card.encode([CardMinutia(_kind(minutiae, i), int(x[i]), int(y[i]), int(angle[i])) for i in inside])


def template_of_card(data: bytes, *, algorithm: str = FOREIGN, version: int = VERSION) -> Template:
    """The finger on a card. Names as in `templates_of`. Raises TemplateError for what is no card."""
    read = card.decode(data)
    x = np.array([m.x / _MM10_PER_PX for m in read])
    y = np.array([m.y / _MM10_PER_PX for m in read])
    side = round(256 / _MM10_PER_PX)
    return _template(
        x,
        y,
        np.array([m.angle * (_TURN / 64) for m in read]),
        [m.kind for m in read],
        np.full(len(read), _NOT_REPORTED),
        (side, side),
        (algorithm, version),
    )


def _view(minutiae: Minutiae, finger: int, number: int) -> IsoView:
    # 0 would say "not reported".
    quality = np.clip(np.rint(minutiae.quality * 100), 1, 100).astype(np.int64)
    angle = np.rint(minutiae.direction * (256 / _TURN)).astype(np.int64) % 256
    listed = tuple(
        IsoMinutia(_kind(minutiae, i), int(minutiae.x[i]), int(minutiae.y[i]), int(angle[i]), int(quality[i]))
        for i in range(len(minutiae))
    )
    return IsoView(finger, number, 0, round(float(quality.mean())) if len(quality) else 0, listed)


def _kind(minutiae: Minutiae, index: int) -> Kind:
    return Kind.ENDING if minutiae.ending[index] else Kind.BIFURCATION


def _scale(per_cm: int) -> float:
    """Pixels at 500 dpi in a pixel of the record; the field is whole, so what rounds to 500 dpi is 500 dpi."""
    return 1.0 if per_cm == PX_PER_CM else _DPI / (2.54 * per_cm)


def _window(place: NDArray[np.int64]) -> int:
    """Where 256 tenths of a millimetre begin that hold most of `place`: 0 when all fit from there."""
    if not len(place) or place.max() <= 255:
        return 0
    starts = np.unique(place)
    held = [int(((place >= start) & (place <= start + 255)).sum()) for start in starts]
    return int(starts[int(np.argmax(held))])


def _template(
    x: Floats,
    y: Floats,
    direction: Floats,
    kinds: Sequence[Kind],
    quality: Floats,
    size: tuple[int, int],
    made_by: tuple[str, int],
) -> Template:
    width, height = size
    x, y = np.minimum(np.rint(x), width - 1), np.minimum(np.rint(y), height - 1)
    minutiae = Minutiae(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        direction=direction.astype(np.float32),
        ending=np.array([kind is not Kind.BIFURCATION for kind in kinds], np.bool_),
        quality=quality.astype(np.float32),
        contact=_around(x, y, size),
        width=width,
        height=height,
    )
    return Template(Format.MINUTIAE, made_by[0], made_by[1], Modality.FINGER, pack(minutiae))


def _around(x: Floats, y: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The contact mask a record has not: cells at least half within the hull of the minutiae and a margin."""
    width, height = size
    rows, columns = cells(height), cells(width)
    if not len(x):
        return np.zeros((rows, columns), np.bool_)
    whole = np.zeros((rows * CELL_PX, columns * CELL_PX), np.uint8)
    hull = cv2.convexHull(np.stack([x, y], axis=1).astype(np.int32))
    cv2.fillConvexPoly(whole, hull, 1)
    cv2.polylines(whole, [hull], isClosed=True, color=1, thickness=2 * _REACH_PX)
    whole[height:], whole[:, width:] = 0, 0
    share = whole.reshape(rows, CELL_PX, columns, CELL_PX).mean(axis=(1, 3))
    return np.asarray(share >= 0.5, np.bool_)
