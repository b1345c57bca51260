"""The signs on the terminal's screen, drawn by code as shapes in a square of 100 by 100.

Each is a mask: white where the sign is. They are drawn four times as large and reduced, which makes edges smooth.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw

from edge.screen.scene import Arrow, Icon, Link

_FINE = 4
Point = tuple[float, float]


class Pen:
    """Draws in hundredths of the square."""

    def __init__(self, size: int) -> None:
        self._unit = size * _FINE / 100
        self.image = Image.new("L", (size * _FINE, size * _FINE), 0)
        self._draw = ImageDraw.Draw(self.image)

    def line(self, points: Sequence[Point], width: float, ink: int = 255) -> None:
        """With round ends and corners."""
        scaled = [(x * self._unit, y * self._unit) for x, y in points]
        self._draw.line(scaled, ink, round(width * self._unit), joint="curve")
        for x, y in points:
            self.disc(x, y, width / 2, ink)

    def disc(self, x: float, y: float, radius: float, ink: int = 255) -> None:
        self._draw.ellipse(self._box(x - radius, y - radius, x + radius, y + radius), ink)

    def ring(self, box: tuple[float, float, float, float], width: float) -> None:
        self._draw.ellipse(self._box(*box), outline=255, width=round(width * self._unit))

    def arc(self, box: tuple[float, float, float, float], start: float, end: float, width: float) -> None:
        """Degrees, clockwise from three o'clock."""
        self._draw.arc(self._box(*box), start, end, 255, round(width * self._unit))

    def block(self, box: tuple[float, float, float, float], radius: float, ink: int = 255, width: float = 0) -> None:
        """A rectangle with round corners: filled, or with a width only its outline."""
        fill, outline = (None, ink) if width else (ink, None)
        scale = self._unit
        self._draw.rounded_rectangle(self._box(*box), radius * scale, fill, outline, max(1, round(width * scale)))

    def shape(self, points: Sequence[Point], ink: int = 255) -> None:
        self._draw.polygon([(x * self._unit, y * self._unit) for x, y in points], ink)

    def _box(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        u = self._unit
        return left * u, top * u, right * u, bottom * u


def _keypad(pen: Pen) -> None:
    for row in range(4):
        for column in range(3):
            x, y = 18 + 24 * column, 4 + 24 * row
            pen.block((x, y, x + 18, y + 18), 4)


def _finger(pen: Pen) -> None:
    """Ridges: arches one in the other."""
    for n, (inset, foot) in enumerate(((0, 78), (11, 90), (22, 96), (33, 88))):
        left, right, top = 14 + inset, 86 - inset, 4 + inset
        pen.arc((left, top, right, top + right - left), 180, 360, 6)
        y = top + (right - left) / 2
        pen.line([(left + 3, y), (left + 3, foot - 14 * (n == 0))], 6)
        pen.line([(right - 3, y), (right - 3, foot - 14 * (n % 2 == 0))], 6)


def _face(pen: Pen) -> None:
    pen.ring((20, 4, 80, 84), 6)
    pen.disc(38, 38, 5)
    pen.disc(62, 38, 5)
    pen.line([(50, 42), (50, 53)], 4)
    pen.arc((36, 46, 64, 70), 25, 155, 5)
    pen.arc((10, 82, 90, 150), 200, 340, 6)


def _wait(pen: Pen) -> None:
    pen.line([(22, 6), (78, 6)], 8)
    pen.line([(22, 94), (78, 94)], 8)
    pen.line([(28, 8), (28, 24), (47, 50), (28, 76), (28, 92)], 5)
    pen.line([(72, 8), (72, 24), (53, 50), (72, 76), (72, 92)], 5)
    pen.shape([(36, 28), (64, 28), (50, 46)])
    pen.shape([(34, 88), (66, 88), (50, 66)])


def _tick(pen: Pen) -> None:
    pen.line([(12, 54), (39, 80), (88, 22)], 16)


def _cross(pen: Pen) -> None:
    pen.line([(18, 18), (82, 82)], 16)
    pen.line([(82, 18), (18, 82)], 16)


def _again(pen: Pen) -> None:
    pen.arc((14, 14, 86, 86), -40, 250, 11)
    pen.shape([(64, 2), (94, 26), (60, 40)])


def _book(pen: Pen) -> None:
    """An open register, and a pen."""
    pen.shape([(4, 20), (46, 28), (46, 90), (4, 80)])
    pen.shape([(96, 20), (54, 28), (54, 90), (96, 80)])
    for y in (40, 54, 68):
        pen.line([(14, y - 2), (36, y + 2)], 4, 0)
        pen.line([(86, y - 2), (64, y + 2)], 4, 0)


def _lock(pen: Pen) -> None:
    pen.arc((28, 6, 72, 62), 180, 360, 10)
    pen.line([(33, 34), (33, 50)], 10)
    pen.line([(67, 34), (67, 50)], 10)
    pen.block((16, 46, 84, 96), 8)
    pen.disc(50, 66, 7, 0)
    pen.line([(50, 68), (50, 82)], 6, 0)


def _people(pen: Pen) -> None:
    """One in front, who vouches for the one behind."""
    pen.disc(70, 28, 15)
    pen.block((46, 48, 98, 110), 24)
    pen.disc(34, 34, 24, 0)
    pen.block((-4, 56, 72, 130), 36, 0)
    pen.disc(34, 34, 19)
    pen.block((1, 61, 67, 130), 32)


def _tools(pen: Pen) -> None:
    """A spanner."""
    pen.line([(18, 82), (62, 38)], 18)
    pen.disc(70, 30, 25)
    pen.shape([(70, 30), (80, -6), (106, 20)], 0)
    pen.disc(71, 29, 10, 0)
    pen.disc(18, 82, 4, 0)


def _left(pen: Pen) -> None:
    pen.shape([(6, 50), (54, 10), (54, 90)])
    pen.block((50, 34, 96, 66), 4)


def _right(pen: Pen) -> None:
    pen.shape([(94, 50), (46, 10), (46, 90)])
    pen.block((4, 34, 50, 66), 4)


def _eyes(pen: Pen) -> None:
    """Closed lids."""
    for x in (6, 54):
        pen.arc((x, 22, x + 40, 62), 20, 160, 7)
        for dx, dy in ((4, 60), (20, 70), (36, 60)):
            pen.line([(x + dx, dy), (x + dx + (dx - 20) / 4, dy + 10)], 5)


def _no_link(pen: Pen) -> None:
    pen.arc((8, 24, 92, 108), 225, 315, 11)
    pen.disc(50, 80, 10)
    pen.line([(14, 10), (90, 92)], 10)


def _lan(pen: Pen) -> None:
    pen.block((36, 6, 64, 34), 4)
    pen.block((6, 66, 34, 94), 4)
    pen.block((66, 66, 94, 94), 4)
    pen.line([(50, 34), (50, 50)], 8)
    pen.line([(20, 66), (20, 50), (80, 50), (80, 66)], 8)


def _wifi(pen: Pen) -> None:
    for radius in (66, 42, 20):
        pen.arc((50 - radius, 84 - radius, 50 + radius, 84 + radius), 225, 315, 12)
    pen.disc(50, 82, 9)


def _mobile(pen: Pen) -> None:
    """A mast; the bars beside it are the strength."""
    pen.line([(50, 40), (50, 94)], 9)
    pen.disc(50, 34, 10)
    for radius in (24, 42):
        pen.arc((50 - radius, 34 - radius, 50 + radius, 34 + radius), -50, 50, 8)
        pen.arc((50 - radius, 34 - radius, 50 + radius, 34 + radius), 130, 230, 8)


def _clock(pen: Pen) -> None:
    pen.ring((6, 6, 94, 94), 10)
    pen.line([(50, 26), (50, 52), (66, 62)], 9)


def _up(pen: Pen) -> None:
    pen.shape([(50, 4), (88, 46), (12, 46)])
    pen.block((37, 42, 63, 96), 3)


Sign = Icon | Arrow | Link | str
_SIGNS: Mapping[Sign, Callable[[Pen], None]] = {
    Icon.KEYPAD: _keypad,
    Icon.FINGER: _finger,
    Icon.FACE: _face,
    Icon.WAIT: _wait,
    Icon.TICK: _tick,
    Icon.AGAIN: _again,
    Icon.CROSS: _cross,
    Icon.BOOK: _book,
    Icon.LOCK: _lock,
    Icon.PEOPLE: _people,
    Icon.TOOLS: _tools,
    Arrow.LEFT: _left,
    Arrow.RIGHT: _right,
    Arrow.EYES: _eyes,
    Link.NONE: _no_link,
    Link.LAN: _lan,
    Link.WIFI: _wifi,
    Link.MOBILE: _mobile,
    "clock": _clock,
    "up": _up,
}


@lru_cache(maxsize=100)
def mask(sign: Sign, size: int) -> Image.Image:
    """The sign as a mask of size × size pixels (mode L)."""
    pen = Pen(size)
    _SIGNS[sign](pen)
    return pen.image.reduce(_FINE)
