"""What the fingerprint pipeline saw, stage by stage, as pictures to be looked at.

`trace` takes one finger in, or two and compares them, and returns a picture for each stage; `save` writes them.
They show somebody's finger: files are for their owner's eyes only, and belong into no report.
"""

import itertools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matching import models
from matching.errors import DataError, ModelMissing
from matching.fingerprint import relaxation
from matching.fingerprint.compare import Prepared, compare, examine, in_order, prepare
from matching.fingerprint.parameters import QUALITY_MIN, SIZE_MULTIPLE_PX
from matching.fingerprint.pipeline import Extractor, View
from matching.identify import THRESHOLD
from matching.minutiae import CELL_PX, Minutiae

Picture = NDArray[np.uint8]
"""uint8 (rows, columns, 3), blue, green, red."""

_Indices = tuple[NDArray[np.int64], NDArray[np.int64]]

SCALE = 2  # minutiae are small: everything is drawn at 1000 dpi
_GAP_PX = 24
_SHEET_SCALE = 0.6
_SIDE = re.compile("-[ab]$")
_INK, _PAPER, _SHADE = (40, 40, 40), (255, 255, 255), (200, 120, 40)
_ARM_PX = 9  # of a minutia's direction, at 500 dpi: a ridge and the next


@dataclass(frozen=True, eq=False)
class Trace:
    """Pictures by the name of their stage, in order; the views, one or two; the score of two."""

    pictures: dict[str, Picture]
    views: tuple[View, ...]
    score: float | None


@dataclass(frozen=True, eq=False)
class _Finger:
    """One view, the cropped picture it was found in, and the pictures of its stages."""

    view: View
    image: NDArray[np.uint8]
    pictures: dict[str, Picture]


def trace(
    image: NDArray[Any], dpi: float = 500, against: NDArray[Any] | None = None, against_dpi: float | None = None
) -> Trace:
    """Take in `image` (uint8, rows × columns), and `against` as well to compare the two.

    Stages: normalised, foreground, network, minutiae; of two, each with -a or -b, and pairs, overlay. Raises as
    `Extractor.view` does.
    """
    first = _take_in(image, dpi)
    if against is None:
        return Trace(first.pictures, (first.view,), None)
    second = _take_in(against, against_dpi or dpi)
    pictures = {f"{name}-a": picture for name, picture in first.pictures.items()}
    pictures |= {f"{name}-b": picture for name, picture in second.pictures.items()}
    a, b = prepare(first.view.template), prepare(second.view.template)
    score = compare(a, b)
    pictures |= _comparison(first, second, a, b, score)
    return Trace(pictures, (first.view, second.view), score)


def save(pictures: Mapping[str, Picture], out_dir: Path) -> list[Path]:
    """Write `<number>-<stage>.png` for each and `sheet.png` with all of them. Raises DataError when it cannot."""
    numbered = {f"{place}-{name}.png": picture for place, (name, picture) in enumerate(pictures.items(), 1)}
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name, picture in {**numbered, "sheet.png": sheet(pictures)}.items():
            data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
            with os.fdopen(os.open(out_dir / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
    except OSError as cause:
        raise DataError(f"{out_dir} cannot be written: {cause.strerror}") from cause
    return [out_dir / name for name in [*numbered, "sheet.png"]]


def sheet(pictures: Mapping[str, Picture]) -> Picture:
    """All pictures with their names, smaller: a row for each finger, one for the comparison."""
    rows = [
        np.hstack(_as_tall([_named(name, _smaller(picture)) for name, picture in group]))
        for _, group in itertools.groupby(pictures.items(), key=lambda one: _SIDE.findall(one[0]))
    ]
    width = max(int(row.shape[1]) for row in rows)
    return np.vstack([_pad(row, 0, width) for row in rows])


# ── one finger ──


def _take_in(image: NDArray[Any], dpi: float) -> _Finger:
    seen: dict[str, Mapping[str, NDArray[Any]]] = {}
    view = Extractor(threads=1, trace=seen.__setitem__).view(image, dpi)
    crop, mask = seen["foreground"]["image"], seen["foreground"]["mask"]
    pictures = {
        "normalised": _large(seen["normalise"]["image"]),
        "foreground": _foreground(crop, mask, view.template.minutiae),
        "network": _network(crop, mask),
        "minutiae": _minutiae(crop, view.template.minutiae),
    }
    return _Finger(view, crop, pictures)


def _foreground(crop: NDArray[np.uint8], mask: NDArray[np.bool_], minutiae: Minutiae) -> Picture:
    """What is not finger is shaded, its rim drawn; the cells of the stored contact mask are dotted."""
    picture, whole = _large(crop), _enlarged(mask.astype(np.uint8))
    picture[whole == 0] = (0.55 * picture[whole == 0] + 0.45 * np.array(_SHADE)).astype(np.uint8)
    rims, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, rims, -1, _SHADE, 2, cv2.LINE_AA)
    for row, column in np.argwhere(minutiae.contact):
        middle = (int((column + 0.5) * CELL_PX * SCALE), int((row + 0.5) * CELL_PX * SCALE))
        cv2.circle(picture, middle, 4, _SHADE, cv2.FILLED, cv2.LINE_AA)
    return picture


def _network(crop: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Picture:
    """How sure the network is, pixel by pixel, that a minutia lies there: from dark to bright over the pale picture."""
    heat = _positions(crop)
    pale = _pale(_large(crop), 0.35)
    if heat is None:
        return _written(pale, "LEADER.onnx is not installed")
    level = _enlarged(np.where(mask, np.clip(heat, 0, 1), 0).astype(np.float32))[:, :, None]
    colours = cv2.applyColorMap((255 * level[:, :, 0]).astype(np.uint8), cv2.COLORMAP_TURBO)
    share = np.clip(2 * level, 0, 1)
    return np.asarray((1 - share) * pale + share * colours, np.uint8)


def _positions(crop: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """The position map of the network as published; the one rewritten at installation hands out points only."""
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(models.path("LEADER.onnx")), providers=["CPUExecutionProvider"])
    except ModelMissing:
        return None
    rows, columns = crop.shape
    down, right = -rows % SIZE_MULTIPLE_PX, -columns % SIZE_MULTIPLE_PX
    padded = cv2.copyMakeBorder(crop, 0, down, 0, right, cv2.BORDER_REPLICATE).astype(np.float32)
    maps = session.run(None, {session.get_inputs()[0].name: padded[None, :, :, None]})[0]
    return np.asarray(maps[0, :rows, :columns, 0], np.float32)


def _minutiae(crop: NDArray[np.uint8], minutiae: Minutiae) -> Picture:
    """Circles are endings, squares bifurcations; the arm points up the ridge; red is poor, green is sure."""
    picture = _pale(_large(crop), 0.6)
    for place in range(len(minutiae)):
        _mark(picture, minutiae, place, _colour(float(minutiae.quality[place])))
    return picture


def _mark(picture: Picture, m: Minutiae, place: int, colour: tuple[int, ...], left: int = 0) -> None:
    x, y = _at(m, place)
    x += left
    towards = m.direction[place]
    arm = _ARM_PX * SCALE
    end = (x + round(float(arm * np.cos(towards))), y - round(float(arm * np.sin(towards))))
    cv2.line(picture, (x, y), end, colour, 3, cv2.LINE_AA)
    if m.ending[place]:
        cv2.circle(picture, (x, y), 6, colour, 3, cv2.LINE_AA)
    else:
        cv2.rectangle(picture, (x - 6, y - 6), (x + 6, y + 6), colour, 3, cv2.LINE_AA)


# ── two fingers ──


def _comparison(first: _Finger, second: _Finger, a: Prepared, b: Prepared, score: float) -> dict[str, Picture]:
    """The pairs that relaxation holds up, and one finger laid over the other."""
    if in_order(a, b)[0] is b:
        pairs, (ib, ia) = _paired(b, a)
        pairs = relaxation.Pairs(pairs.b, pairs.a, pairs.after, pairs.support)
    else:
        pairs, (ia, ib) = _paired(a, b)
    words = f"score {score:.2f}, {'same finger' if score >= THRESHOLD else 'not shown to be the same'}"
    return {
        "pairs": _pairs(first, second, pairs, (ia, ib)),
        "overlay": _overlay(first, second, (ia, ib), words),
    }


def _paired(a: Prepared, b: Prepared) -> tuple[relaxation.Pairs, _Indices]:
    """The pairs after relaxation, and what fell together when one was laid over the other."""
    seen = examine(a, b)
    none = np.zeros(0, np.int64)
    return seen.pairs, (seen.laid.a, seen.laid.b) if seen.laid else (none, none)


def _pairs(first: _Finger, second: _Finger, pairs: relaxation.Pairs, together: _Indices) -> Picture:
    """Both fingers side by side: green lines join what fell together, grey ones pairs that did not."""
    left, right = _large(first.image), _large(second.image)
    tall = max(left.shape[0], right.shape[0])
    shift = left.shape[1] + _GAP_PX
    both: Picture = np.hstack([_pad(left, tall, shift), _pad(right, tall, 0)])
    both = _pale(both, 0.45)
    a, b = first.view.template.minutiae, second.view.template.minutiae
    kept = set(zip(together[0].tolist(), together[1].tolist(), strict=True))
    proposed = set(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)) - kept
    for joined, colour, width in ((proposed, (170, 170, 170), 1), (kept, (60, 150, 40), 2)):
        for one, other in sorted(joined):
            x, y = _at(b, other)
            cv2.line(both, _at(a, one), (x + shift, y), colour, width, cv2.LINE_AA)
            _mark(both, a, one, colour)
            _mark(both, b, other, colour, shift)
    return both


def _overlay(first: _Finger, second: _Finger, together: _Indices, words: str) -> Picture:
    """The first finger, turned and shifted by what fell together, in red over the second in blue: dark where both."""
    a, b = first.view.template.minutiae, second.view.template.minutiae
    ia, ib = together
    if len(ia) < 2:
        return _written(_large(second.image), "nothing to lay over: " + words)
    at_a, at_b = np.stack([a.x, a.y], axis=1)[ia], np.stack([b.x, b.y], axis=1)[ib]
    move: NDArray[Any] | None = cv2.estimateAffinePartial2D(at_a, at_b, method=cv2.LMEDS)[0]
    if move is None or not np.isfinite(move).all():
        return _written(_large(second.image), "nothing to lay over: " + words)
    rows, columns = second.image.shape
    moved = cv2.warpAffine(first.image, move, (columns, rows), borderMode=cv2.BORDER_CONSTANT, borderValue=(255.0,))
    ours, theirs = _evened(np.asarray(moved, np.uint8)), _evened(second.image)
    red = np.stack([ours, ours, np.full_like(ours, 255)], axis=-1).astype(np.uint16)
    blue = np.stack([np.full_like(theirs, 255), theirs, theirs], axis=-1).astype(np.uint16)
    picture = np.asarray(_enlarged((red * blue // 255).astype(np.uint8)), np.uint8)
    for place in ib.tolist():
        cv2.circle(picture, _at(b, place), 6, (60, 150, 40), 2, cv2.LINE_AA)
    return _written(picture, words)


# ── drawing ──


def _at(m: Minutiae, place: int) -> tuple[int, int]:
    return round(float(m.x[place]) * SCALE), round(float(m.y[place]) * SCALE)


def _colour(quality: float) -> tuple[int, int, int]:
    """Red at the lowest quality that is taken, green at the highest."""
    share = min(1.0, max(0.0, (quality - QUALITY_MIN) / (1 - QUALITY_MIN)))
    return 30, round(40 + 130 * share), round(210 * (1 - share) + 20)


def _evened(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Ridges and valleys in the same grey everywhere, so that one finger does not hide the other."""
    ground = cv2.GaussianBlur(image, (0, 0), 8).astype(np.float32)
    return np.asarray(np.clip(215 + 2.2 * (image - ground), 60, 255), np.uint8)


def _enlarged(image: NDArray[Any]) -> NDArray[Any]:
    rows, columns = image.shape[0] * SCALE, image.shape[1] * SCALE
    method = cv2.INTER_NEAREST if image.max(initial=0) <= 1 and image.dtype == np.uint8 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=method))


def _pale(picture: Picture, share: float) -> Picture:
    return np.asarray(cv2.addWeighted(picture, share, np.full_like(picture, 255), 1 - share, 0), np.uint8)


def _large(image: NDArray[np.uint8]) -> Picture:
    return np.asarray(cv2.cvtColor(_enlarged(image), cv2.COLOR_GRAY2BGR), np.uint8)


def _named(name: str, picture: Picture) -> Picture:
    framed = cv2.copyMakeBorder(picture, 30, 8, 8, 8, cv2.BORDER_CONSTANT, value=_PAPER)
    cv2.putText(framed, name, (8, 21), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK, 1, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


def _written(picture: Picture, words: str) -> Picture:
    under = cv2.copyMakeBorder(picture, 0, 40, 0, 0, cv2.BORDER_CONSTANT, value=_PAPER)
    cv2.putText(under, words, (6, under.shape[0] - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.85, _INK, 1, cv2.LINE_AA)
    return np.asarray(under, np.uint8)


def _smaller(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, None, fx=_SHEET_SCALE, fy=_SHEET_SCALE, interpolation=cv2.INTER_AREA))


def _as_tall(tiles: list[Picture]) -> list[Picture]:
    """The tiles of a row, each made as tall as the tallest."""
    rows = max(int(tile.shape[0]) for tile in tiles)
    return [_pad(tile, rows, 0) for tile in tiles]


def _pad(picture: Picture, rows: int, columns: int) -> Picture:
    down, right = max(0, rows - picture.shape[0]), max(0, columns - picture.shape[1])
    return np.asarray(cv2.copyMakeBorder(picture, 0, down, 0, right, cv2.BORDER_CONSTANT, value=_PAPER), np.uint8)
