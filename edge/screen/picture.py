"""A Screen drawn for a panel: pure, from what is to be said, the corner, the panel's size and its languages.

The panel is a strip with the corner's facts, a sign on the side where reading begins, and the words beside it. Each
group of words is set as large as it fits; what would not fit at the least legible size raises, and a test sees to it
that nothing ever does, at any supported size, in any pair of languages.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from PIL import Image, ImageDraw, ImageOps

from edge import EdgeError
from edge.screen import icons, words
from edge.screen.fonts import Style
from edge.screen.scene import Colour, Corner, Link, Screen
from edge.screen.typeset import Box, Item, TooLongError, draw_line, fit
from edge.screen.words import Language

Rgb = tuple[int, int, int]
SIZES = ((320, 240), (480, 320), (640, 480), (800, 480), (1024, 600))
_WHITE, _INK, _STRIP = (255, 255, 255), (17, 17, 17), (28, 34, 43)
_AMBER, _FAINT = (255, 214, 10), (170, 178, 189)


@dataclass(frozen=True, slots=True)
class Paint:
    """Background and what is written on it."""

    back: Rgb
    ink: Rgb


PAINTS = {
    Colour.WHITE: Paint(_WHITE, _INK),
    Colour.BLUE: Paint((11, 61, 145), _WHITE),
    Colour.GREEN: Paint((11, 107, 46), _WHITE),
    Colour.YELLOW: Paint((255, 212, 0), _INK),
    Colour.RED: Paint((176, 0, 32), _WHITE),
}
STRIP_PAINTS = (Paint(_STRIP, _WHITE), Paint(_STRIP, _AMBER), Paint(_STRIP, _FAINT))
"""What is written in the corner, and on what."""


class PictureError(EdgeError):
    """A screen that cannot be drawn: a size, or words that do not fit it."""


def draw(screen: Screen, corner: Corner, size: tuple[int, int], languages: Sequence[Language]) -> Image.Image:
    """The picture, mode RGB. `size`: width and height in pixels, from 320×240; one or two languages, first the larger.

    Raises PictureError, and SetupError when fonts are missing.
    """
    wide, high = size
    if wide < 320 or high < 240 or not 1 <= len(languages) <= 2:
        raise PictureError(f"{wide}×{high} in {len(languages)} languages: expected 320×240 or more in one or two")
    sheet = _Sheet(Image.new("RGB", size, PAINTS[screen.colour].back), PAINTS[screen.colour], tuple(languages))
    sheet.strip(corner)
    try:
        sheet.body(screen)
    except TooLongError as error:
        raise PictureError(f"{wide}×{high}: {error}") from None
    return sheet.image


class _Sheet:
    def __init__(self, image: Image.Image, paint: Paint, languages: tuple[Language, ...]) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image)
        self._paint = paint
        self._languages = languages
        self._wide, self._high = image.size
        self._strip = round(max(26, self._high * 0.1))
        self._pad = round(self._high * 0.03)
        self._calm = self._high < 400
        self._mirrored = languages[0] is Language.URDU

    # ── the corner ──

    def strip(self, corner: Corner) -> None:
        """Time at the side where reading begins, link and queue at the other."""
        self._draw.rectangle((0, 0, self._wide, self._strip), _STRIP)
        ink = _WHITE if corner.clock_trusted else _AMBER
        figure = Style(Language.ENGLISH, bold=True)
        text_px, sign_px = round(self._strip * 0.68), round(self._strip * 0.66)
        left, right, middle = self._pad, self._wide - self._pad, self._strip // 2
        if not corner.clock_trusted:
            self._sign("clock", Box(left, middle - sign_px // 2, sign_px, sign_px), _AMBER)
            left += round(sign_px * 1.3)
        if corner.clock:
            left += draw_line(self._draw, corner.clock, text_px, figure, (left, middle), ink) + self._pad
        if corner.link is not None:
            right -= sign_px
            ink = _FAINT if corner.link is Link.NONE else _WHITE
            self._sign(corner.link, Box(right, middle - sign_px // 2, sign_px, sign_px), ink)
        if corner.bars is not None:
            right -= round(sign_px * 1.15)
            self._bars(corner.bars, Box(right, middle - sign_px // 2, sign_px, sign_px))
        if corner.unreceipted:
            count = str(min(corner.unreceipted, 99_999))
            right -= round(sign_px * 0.5) + Item(count, 1, figure).width(text_px)
            draw_line(self._draw, count, text_px, figure, (right, middle), _AMBER)
            right -= sign_px
            self._sign("up", Box(right, middle - sign_px // 2, sign_px, sign_px), _AMBER)
        if not corner.clock_trusted:
            note = Item(words.CLOCK_CORNER.within(self._languages[0]), 1, self._style(self._languages[0]))
            self._centre([note], Box(left, 0, right - self._pad - left, self._strip), text_px, 9, _AMBER)

    def _bars(self, bars: int, box: Box) -> None:
        step = box.wide / 4
        for n in range(4):
            x, top = box.left + n * step, box.top + box.high * (3 - n) / 4
            ink = _WHITE if n < bars else (84, 92, 104)
            self._draw.rectangle((x, top, x + step * 0.65, box.top + box.high), ink)

    # ── the body ──

    def body(self, screen: Screen) -> None:
        """Sign and words, or a list; whatever the screen holds."""
        top = self._strip + self._pad
        whole = Box(self._pad, top, self._wide - 2 * self._pad, self._high - top - self._pad)
        if screen.choices or screen.facts:
            self._list(screen, whole)
            return
        photo = _photo(screen.photo, self._high // 2) if screen.photo else None
        share = 0.4 if screen.guide or photo else 0.32
        side, rest = whole.split(round(whole.wide * share), self._pad * 2, mirrored=self._mirrored)
        self._side(screen, photo, side)
        below = rest
        if screen.progress:
            below, row = below.cut_bottom(round(whole.high * 0.13), self._pad)
            self._progress(screen.progress, row)
        if screen.dots or screen.places:
            below, row = below.cut_bottom(round(whole.high * 0.24), self._pad)
            self._dots(screen.dots, max(screen.places, screen.dots), row)
        if screen.big:
            below, row = below.cut_bottom(round(whole.high * 0.4), self._pad)
            item = Item(screen.big, 1, Style(Language.ENGLISH, bold=True))
            self._centre([item], row, row.high, 24, self._paint.ink)
        self._message(screen, below)

    def _message(self, screen: Screen, box: Box) -> None:
        """The first line large in each language, then a name, then the rest."""
        items = self._said(screen.lines[:1], 1.0, bold=True)
        if screen.name:
            items.append(Item(screen.name, 1.15, replace(self._style(self._languages[0]), bold=True), shortens=True))
        items += self._said(screen.lines[1:], 0.68, bold=False)
        self._centre(items, box, round(self._high * 0.16), round(self._high * 0.055), self._paint.ink)

    def _said(self, lines: Sequence[words.Words], weight: float, *, bold: bool) -> list[Item]:
        return [
            Item(
                line.within(language), weight * (0.78 if n else 1), replace(self._style(language), bold=bold and not n)
            )
            for line in lines
            for n, language in enumerate(self._languages)
        ]

    def _side(self, screen: Screen, photo: Image.Image | None, box: Box) -> None:
        """The sign; for who was accepted their photo with it, and the receipt's code below."""
        if screen.code:
            box, row = box.cut_bottom(round(box.high * 0.25), self._pad)
            self._code(screen.code, row)
        square = box.square()
        if screen.guide:
            self._guide(screen, square)
        elif photo:
            self._photo(photo, screen, square)
        else:
            self._sign(screen.icon, square.shrunk(0.94), self._paint.ink)

    def _photo(self, photo: Image.Image, screen: Screen, square: Box) -> None:
        self.image.paste(photo.resize((square.wide, square.high)), (square.left, square.top))
        badge = round(square.wide * 0.4)
        corner = Box(square.left + square.wide - badge, square.top + square.high - badge, badge, badge)
        self._draw.ellipse(corner.rectangle, self._paint.back)
        self._sign(screen.icon, corner.shrunk(0.7), self._paint.ink)

    def _guide(self, screen: Screen, square: Box) -> None:
        """Where the face belongs: an oval, with what the face is to do inside or beside it."""
        oval = square.shrunk(0.94)
        inset = round(oval.wide * 0.12)
        edge = (oval.left + inset, oval.top, oval.left + oval.wide - inset, oval.top + oval.high)
        self._draw.ellipse(edge, outline=self._paint.ink, width=max(3, round(oval.wide * 0.035)))
        self._sign(screen.arrow or screen.icon, square.shrunk(0.6), self._paint.ink)

    def _code(self, code: str, box: Box) -> None:
        label, row = Item(words.RECEIPT.within(self._languages[0]), 0.6, self._style(self._languages[0])), box
        figures = Item(f"{code[:3]} {code[3:]}", 1, Style(Language.ENGLISH, bold=True))
        self._centre([label, figures], row, round(row.high * 0.6), 12, self._paint.ink)

    def _dots(self, dots: int, places: int, box: Box) -> None:
        """Keys typed and keys to come; which ones is nobody's business."""
        step = min(box.wide / max(places, 1), box.high)
        radius, y = step * 0.34, box.top + box.high / 2
        start = box.left + (box.wide - step * places) / 2
        for n in range(places):
            x = start + step * (n + 0.5)
            circle = (x - radius, y - radius, x + radius, y + radius)
            if n < dots:
                self._draw.ellipse(circle, self._paint.ink)
            else:
                self._draw.ellipse(circle, outline=self._paint.ink, width=max(2, round(radius * 0.22)))

    def _progress(self, progress: tuple[int, int], box: Box) -> None:
        """One block a view: done, due, to come."""
        due, of = progress
        step, thick = box.wide / of, max(2, round(box.high * 0.1))
        for n in range(of):
            x = round(box.left + step * ((of - 1 - n) if self._mirrored else n))
            block = (x + 2, box.top, round(x + step) - 4, box.top + box.high)
            self._draw.rounded_rectangle(
                block, box.high // 4, self._paint.ink if n < due - 1 else None, self._paint.ink, thick
            )
            if n == due - 1:
                middle, y, radius = (block[0] + block[2]) / 2, (block[1] + block[3]) / 2, box.high * 0.2
                self._draw.ellipse((middle - radius, y - radius, middle + radius, y + radius), self._paint.ink)

    # ── lists ──

    def _list(self, screen: Screen, box: Box) -> None:
        """A question and its answers, each behind the key that gives it; or figures by name."""
        if screen.lines:
            head, box = box.cut_top(round(box.high * (0.24 if screen.choices else 0.15)), self._pad)
            title = self._said(screen.lines[:1], 1.0, bold=True)[: None if screen.choices else 1]
            self._centre(title, head, round(self._high * 0.085), round(self._high * 0.04), self._paint.ink)
        rows = box.rows(max(len(screen.choices) + len(screen.facts), 4 if screen.choices else 7), self._pad // 2)
        for key, (choice, row) in enumerate(zip(screen.choices, rows, strict=False), 1):
            self._choice(str(key), choice, row)
        for (name, value), row in zip(screen.facts, rows, strict=False):
            self._fact(name, value, row)

    def _choice(self, key: str, choice: words.Words, row: Box) -> None:
        cap, text = row.split(row.high, self._pad, mirrored=self._mirrored)
        self._draw.rounded_rectangle(cap.rectangle, row.high // 5, self._paint.ink)
        item = Item(key, 1, Style(Language.ENGLISH, bold=True))
        self._centre([item], cap, round(row.high * 0.75), 10, self._paint.back)
        said = {choice.within(language): language for language in reversed(self._languages)}  # a name: once
        columns = [(said[t], t) for t in dict.fromkeys(choice.within(language) for language in self._languages)]
        width = text.wide // len(columns)
        for n, (language, of) in enumerate(columns):
            at = (len(columns) - 1 - n) if self._mirrored else n
            column = Box(text.left + at * width, row.top, width - self._pad, row.high)
            # Flat rows suit Naskh on any panel.
            item = Item(of, 1, Style(language, bold=not n, calm=True), shortens=len(columns) == 1)
            self._start([item], column, round(row.high * 0.6))

    def _fact(self, label: words.Words, of: words.Words, row: Box) -> None:
        language = self._languages[0]
        name, value, plain = label.within(language), of.within(language), Style(language, calm=True)
        first, second = row.split(round(row.wide * 0.45), self._pad, mirrored=self._mirrored)
        self._start([Item(name, 1, plain, shortens=True)], first, round(row.high * 0.7))
        self._start([Item(value, 1, replace(plain, bold=True), shortens=True)], second, round(row.high * 0.7))

    # ── the means ──

    def _style(self, language: Language) -> Style:
        return Style(language, calm=self._calm)

    def _centre(self, items: Sequence[Item], box: Box, most_px: int, least_px: int, ink: Rgb) -> None:
        for line in fit(tuple(items), box, most_px, least_px):
            x = box.left + (box.wide - line.wide) / 2
            draw_line(self._draw, line.text, line.size, line.style, (x, line.middle), ink)

    def _start(self, items: Sequence[Item], box: Box, most_px: int) -> None:
        for line in fit(tuple(items), box, most_px, round(self._high * 0.038)):
            x = box.left + (box.wide - line.wide if not line.style.rightward else 0)
            draw_line(self._draw, line.text, line.size, line.style, (x, line.middle), self._paint.ink)

    def _sign(self, sign: icons.Sign, box: Box, ink: Rgb) -> None:
        self._draw.bitmap((box.left, box.top), icons.mask(sign, min(box.wide, box.high)), ink)


@lru_cache(maxsize=8)
def _photo(jpeg: bytes, side: int) -> Image.Image | None:
    """A person's picture as a square; None when it cannot be read, for a punch is shown all the same."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            if image.width * image.height > 4_000_000:
                return None
            image.draft("RGB", (side, side))
            return ImageOps.fit(image.convert("RGB"), (side, side))
    except (OSError, ValueError, SyntaxError):
        return None


def contrast(a: Rgb, b: Rgb) -> float:
    """WCAG 2.2's contrast ratio of two sRGB colours, 1 to 21."""
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Rgb) -> float:
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
