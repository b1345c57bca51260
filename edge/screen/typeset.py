"""Words into boxes: broken at blanks, as large as fits, never cut off unless they are a name that may be shortened."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageDraw

from edge import EdgeError
from edge.screen.fonts import Style, ink, placed, width

Rgb = tuple[int, int, int]
_AIR = 0.25  # between two messages, in sizes
_WORDS = re.compile(r"\([^()]*\)\S*|\S+")  # what is in brackets stays on one line


class TooLongError(EdgeError):
    """Words that do not fit their box at the least size."""


@dataclass(frozen=True, slots=True)
class Box:
    """Part of the panel, in pixels."""

    left: int
    top: int
    wide: int
    high: int

    @property
    def rectangle(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        return self.left, self.top, self.left + self.wide, self.top + self.high

    def split(self, first: int, gap: int, *, mirrored: bool) -> "tuple[Box, Box]":
        """A column of `first` pixels where reading begins, and the rest."""
        rest = self.wide - first - gap
        if mirrored:
            return Box(self.left + rest + gap, self.top, first, self.high), Box(self.left, self.top, rest, self.high)
        return Box(self.left, self.top, first, self.high), Box(self.left + first + gap, self.top, rest, self.high)

    def cut_top(self, high: int, gap: int) -> "tuple[Box, Box]":
        """A row off the top, and the rest."""
        rest = Box(self.left, self.top + high + gap, self.wide, self.high - high - gap)
        return Box(self.left, self.top, self.wide, high), rest

    def cut_bottom(self, high: int, gap: int) -> "tuple[Box, Box]":
        """The rest, and a row off the bottom."""
        rest = Box(self.left, self.top, self.wide, self.high - high - gap)
        return rest, Box(self.left, self.top + self.high - high, self.wide, high)

    def rows(self, count: int, gap: int) -> "list[Box]":
        """As many rows of one height."""
        high = (self.high - gap * (count - 1)) // count
        return [Box(self.left, self.top + n * (high + gap), self.wide, high) for n in range(count)]

    def square(self) -> "Box":
        """The largest square in the middle of it."""
        side = min(self.wide, self.high)
        return Box(self.left + (self.wide - side) // 2, self.top + (self.high - side) // 2, side, side)

    def shrunk(self, share: float) -> "Box":
        """The same middle, smaller."""
        wide, high = round(self.wide * share), round(self.high * share)
        return Box(self.left + (self.wide - wide) // 2, self.top + (self.high - high) // 2, wide, high)


@dataclass(frozen=True, slots=True)
class Item:
    """One message: how large beside the others, its style, and whether its end may be left out."""

    text: str
    weight: float
    style: Style
    shortens: bool = False

    def width(self, size: int) -> int:
        """On one line, in pixels."""
        return width(self.text, size, self.style)


@dataclass(frozen=True, slots=True)
class Line:
    """One line where it stands: its middle's height on the panel, and how wide it is, in pixels."""

    text: str
    style: Style
    size: int
    wide: int
    middle: float


@lru_cache(maxsize=500)
def fit(items: tuple[Item, ...], box: Box, most_px: int, least_px: int) -> tuple[Line, ...]:
    """The items' lines at the largest size at which all of them fit. Raises TooLongError when there is none."""
    low, high = min(least_px, most_px), most_px
    best = _set(items, box, low)
    if best is None:
        best = _set(items, box, low, shorten=True)
        if best is None:
            # Not what it is: a name may be in it, and this may end in a log.
            raise TooLongError(f"{len(items)} message(s) do not fit {box.wide}×{box.high}")
        return best
    while low < high:
        middle = (low + high + 1) // 2
        found = _set(items, box, middle)
        if found is None:
            high = middle - 1
        else:
            low, best = middle, found
    return best


def _set(items: Sequence[Item], box: Box, base: int, *, shorten: bool = False) -> tuple[Line, ...] | None:
    """All lines at this size, in the middle of the box; None when they do not fit."""
    rows: list[tuple[Item, str, int, float, float]] = []  # with the height above the line's middle, and below
    for item in items:
        size = max(8, round(base * item.weight))
        broken = _broken(item, size, box.wide)
        if shorten and item.shortens and (broken is None or len(broken) > 1):
            broken = [_shortened(item, size, box.wide)]
        if broken is None:
            return None
        for n, text in enumerate(broken):
            above, below = _reach(text, size, item.style)
            rows.append((item, text, size, above + (size * _AIR if n == 0 and rows else 0), below))
    total = sum(above + below for *_, above, below in rows)
    if total > box.high:
        return None
    lines, y = [], box.top + (box.high - total) / 2
    for item, text, size, above, below in rows:
        lines.append(Line(text, item.style, size, width(text, size, item.style), y + above))
        y += above + below
    return tuple(lines)


def _reach(text: str, size: int, style: Style) -> tuple[float, float]:
    """How much room a line needs above and below its middle."""
    half, base = size * style.line_height / 2, size * _BASE.get(style.first, _USUAL_BASE)
    if not style.slopes:
        return half, half
    above, below = ink(text, size, style)
    return max(half, above - base), max(half, below + base)


def _broken(item: Item, size: int, wide: int) -> list[str] | None:
    """The message in as few lines no wider than that as can be, of about one length; None when a word is wider."""
    lines = _filled(item, size, wide)
    if lines is None or len(lines) < 2:
        return lines
    low, high = wide // len(lines), wide
    while high - low > size:  # the narrowest column that takes no more lines
        middle = (low + high) // 2
        narrower = _filled(item, size, middle)
        if narrower is None or len(narrower) > len(lines):
            low = middle
        else:
            high, lines = middle, narrower
    return lines


def _filled(item: Item, size: int, wide: int) -> list[str] | None:
    """Greedily. Each word is measured once a size: a line is taken as wide as its words and blanks."""
    lines: list[str] = []
    blank, used = width(" ", size, item.style), 0
    for word in _WORDS.findall(item.text):
        needs = width(word, size, item.style)
        if needs > wide:
            return None
        if lines and used + blank + needs <= wide:
            lines[-1] += " " + word
            used += blank + needs
        else:
            lines.append(word)
            used = needs
    return lines


def _shortened(item: Item, size: int, wide: int) -> str:
    text = item.text
    while text and width(text + "…", size, item.style) > wide:
        text = text[:-1]
    return text + "…"


def draw_line(draw: ImageDraw.ImageDraw, text: str, size: int, style: Style, at: tuple[float, float], fill: Rgb) -> int:
    """Draw one line from its left end at the middle of its height; returns how wide it is, in pixels."""
    x, middle = at
    base = middle + size * _BASE.get(style.first, _USUAL_BASE)
    for offset, run in placed(text, size, style):
        font = run.face(size, style.bold)
        draw.text((x + offset, base), run.text, fill, font, anchor="ls", direction=run.direction)
    return width(text, size, style)


# How far the baseline is below the middle of a line, in sizes, so that letters with marks stand in its middle.
_BASE = {"NotoSansKannada": 0.28, "NotoSansDevanagari": 0.26, "NotoNaskhArabic": 0.22, "NotoNastaliqUrdu": 0.45}
_USUAL_BASE = 0.36
