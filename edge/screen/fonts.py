"""Which font draws which letter, and where it lies: Debian's Noto fonts, one a script, found without a font library.

A line of text is cut into runs, each of one font, so that a name in another script than the message still has all its
letters. What a font can draw is read from its own character map (OpenType specification, table `cmap`, formats 4 and
12), so whether anything would be missing is known before it is drawn.
"""

import math
import os
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont, features

from edge import SetupError
from edge.screen.words import Language

FOLDERS = (Path("/usr/share/fonts/truetype/noto"), Path("/usr/share/fonts/noto"), Path("/usr/local/share/fonts/noto"))
FOLDER_VARIABLE = "HAZRI_FONTS"
_LATIN, _NASKH, _NASTALIQ = "NotoSans", "NotoNaskhArabic", "NotoNastaliqUrdu"
_FIRST = {
    Language.HINDI: "NotoSansDevanagari",
    Language.ENGLISH: _LATIN,
    Language.KANNADA: "NotoSansKannada",
    Language.URDU: _NASTALIQ,
}
# Other scripts in which a name may be written, and signs; the first that has the letter draws it.
_OTHERS = (
    _LATIN,
    *(f"NotoSans{s}" for s in ("Devanagari", "Kannada")),
    _NASKH,
    *(f"NotoSans{s}" for s in ("Tamil", "Telugu", "Malayalam", "Bengali", "Gujarati", "Gurmukhi", "Oriya", "OlChiki")),
    "NotoSansMath",
    "NotoSansSymbols2",
)
_HEIGHT = {_NASTALIQ: 2.2, _NASKH: 1.5}  # of a line, in sizes: the fonts' own figures leave too much air on a panel
_USUAL_HEIGHT = 1.34
_LARGER = {"NotoSansMath": 1.5}
_MEASURED_PX = 64  # Nastaliq takes 100 times as long to shape: a word is measured once, at this size


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one font, in the order they are read."""

    font: str
    text: str
    direction: Literal["ltr", "rtl"]

    def face(self, size: int, bold: bool) -> ImageFont.FreeTypeFont:
        """Its font for text of a size in pixels; signs stand larger, because they name a key."""
        return face(self.font, round(size * _LARGER.get(self.font, 1)), bold)

    def width(self, size: int, bold: bool) -> float:
        """In pixels."""
        return self.face(size, bold).getlength(self.text, direction=self.direction)


@dataclass(frozen=True, slots=True)
class Style:
    """How one language is set: `calm` takes Naskh for Urdu, legible where Nastaliq's slope has too few pixels."""

    language: Language
    bold: bool = False
    calm: bool = False

    @property
    def first(self) -> str:
        return _NASKH if self.calm and self.language is Language.URDU else _FIRST[self.language]

    @property
    def rightward(self) -> bool:
        return self.language is not Language.URDU

    @property
    def slopes(self) -> bool:
        """Whether words descend, so that how high a line is depends on what it says."""
        return self.first == _NASTALIQ

    @property
    def line_height(self) -> float:
        """Of one line, in sizes."""
        return _HEIGHT.get(self.first, _USUAL_HEIGHT)


@lru_cache(maxsize=2000)
def runs(text: str, style: Style) -> tuple[Run, ...]:
    """The text cut by fonts, in reading order. Raises SetupError when fonts are missing."""
    names: list[str] = []
    for letter in text:
        chain = (*names[-1:], style.first, *_OTHERS) if _joins(letter) else (style.first, *_OTHERS)
        names.append(next((name for name in chain if ord(letter) in _letters(name)), style.first))
    found: list[Run] = []
    for name, letter in zip(names, text, strict=True):
        if found and found[-1].font == name:
            found[-1] = Run(name, found[-1].text + letter, found[-1].direction)
        else:
            found.append(Run(name, letter, "rtl" if name in (_NASKH, _NASTALIQ) else "ltr"))
    return tuple(found)


def missing(text: str, style: Style) -> str:
    """The letters that none of the fonts has."""
    letters = ((run.font, c) for run in runs(text, style) for c in run.text)
    return "".join(c for font, c in letters if ord(c) not in _letters(font) and not _void(c))


@lru_cache(maxsize=20_000)
def width(text: str, size: int, style: Style) -> int:
    """Of the text on one line, in pixels."""
    if style.slopes and size != _MEASURED_PX:
        return math.ceil(width(text, _MEASURED_PX, style) * size / _MEASURED_PX)
    return round(sum(run.width(size, style.bold) for run in runs(text, style)))


@lru_cache(maxsize=2000)
def ink(text: str, size: int, style: Style) -> tuple[float, float]:
    """How far the strokes reach above and below the baseline, in pixels."""
    if size != _MEASURED_PX:
        above, below = ink(text, _MEASURED_PX, style)
        return above * size / _MEASURED_PX, below * size / _MEASURED_PX
    boxes = [
        run.face(size, style.bold).getbbox(run.text, anchor="ls", direction=run.direction) for run in runs(text, style)
    ]
    return max(-top for _, top, _, _ in boxes), max(bottom for *_, bottom in boxes)


def placed(text: str, size: int, style: Style) -> Iterator[tuple[float, Run]]:
    """Each run with its distance from the left end: a line of Urdu begins at the right."""
    x, of = 0.0, runs(text, style)
    for run in of if style.rightward else reversed(of):
        yield x, run
        x += run.width(size, style.bold) if len(of) > 1 else 0


def _joins(letter: str) -> bool:
    """Marks, digits, blanks and stops stay in the font of what they follow."""
    return unicodedata.category(letter)[0] in "MNPZC"


def _void(letter: str) -> bool:
    """Joiners and the like have no picture of their own."""
    return unicodedata.category(letter) == "Cf"


@lru_cache(maxsize=300)
def face(name: str, size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels. Raises SetupError."""
    if not features.check("raqm"):
        raise SetupError("this Pillow has no Raqm, which sets Hindi, Kannada and Urdu: install Pillow from PyPI")
    try:
        return ImageFont.truetype(str(_file(name, bold)), size, layout_engine=ImageFont.Layout.RAQM)
    except OSError as error:
        raise SetupError(f"font {name}: {error}") from None


def _file(name: str, bold: bool) -> Path:
    folders = (Path(os.environ[FOLDER_VARIABLE]),) if FOLDER_VARIABLE in os.environ else FOLDERS
    weights = ("Bold", "Regular") if bold else ("Regular",)
    for path in (folder / f"{name}-{weight}.ttf" for weight in weights for folder in folders):
        if path.is_file():
            return path
    raise SetupError(
        f"font {name} is missing in {', '.join(map(str, folders))}: apt install fonts-noto-core, "
        f"or name the fonts' folder in {FOLDER_VARIABLE}"
    )


@lru_cache(maxsize=40)
def _letters(name: str) -> frozenset[int]:
    """The characters a font has. Raises SetupError."""
    data = _file(name, False).read_bytes()
    try:
        return frozenset(_character_map(data))
    except (struct.error, StopIteration):
        raise SetupError(f"font {name}: its character map cannot be read") from None


def _character_map(data: bytes) -> Iterable[int]:
    tables = (struct.unpack_from(">4sLLL", data, 12 + 16 * n) for n in range(struct.unpack_from(">H", data, 4)[0]))
    at = next(offset for tag, _, offset, _ in tables if tag == b"cmap")
    count = struct.unpack_from(">H", data, at + 2)[0]
    for _, _, offset in (struct.unpack_from(">HHL", data, at + 4 + 8 * n) for n in range(count)):
        kind = struct.unpack_from(">H", data, at + offset)[0]
        if kind == 4:
            yield from _segments(data, at + offset)
        elif kind == 12:
            for n in range(struct.unpack_from(">L", data, at + offset + 12)[0]):
                first, last, _ = struct.unpack_from(">LLL", data, at + offset + 16 + 12 * n)
                yield from range(first, last + 1)


def _segments(data: bytes, at: int) -> Iterable[int]:
    twice = struct.unpack_from(">H", data, at + 6)[0]
    ends = struct.unpack_from(f">{twice // 2}H", data, at + 14)
    starts = struct.unpack_from(f">{twice // 2}H", data, at + 16 + twice)
    for first, last in zip(starts, ends, strict=True):
        yield from range(first, min(last, 0xFFFE) + 1)
