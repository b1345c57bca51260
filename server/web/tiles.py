"""Tiles behind the map, where the server names a place that gives them: `https://tiles.example/{z}/{x}/{y}.png`, 256
pixels square, in the Web Mercator projection (EPSG:3857), which every such place uses. Whoever looks at the map asks
for them; else nothing is fetched from elsewhere.
"""

import math
from dataclasses import dataclass
from urllib.parse import urlsplit

_SHOWN = 150.0  # how wide a tile is meant to be drawn, in units of the picture, of which a screen shows two pixels each
_DEEPEST = 17
_MOST = 64


@dataclass(frozen=True, slots=True)
class Tiles:
    """`credit`: whose map it is, which its licence wants to be said."""

    url: str
    credit: str

    @property
    def origin(self) -> str:
        """What the browser must be allowed to fetch from."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def at(self, z: int, x: int, y: int) -> str:
        return self.url.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))


def tiles_of(url: str, credit: str) -> Tiles | None:
    return Tiles(url, credit) if url else None


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of a part of the world: where its upper left corner is, and how many of its units the world is wide."""

    left: float
    top: float
    scale: float

    def place(self, latitude: float, longitude: float) -> tuple[float, float]:
        """In the picture."""
        x, y = mercator(latitude, longitude)
        return (x - self.left) * self.scale, (y - self.top) * self.scale


def mercator(latitude: float, longitude: float) -> tuple[float, float]:
    """Of a world that is one wide and one high: from the west, and from the north (Snyder, Map Projections, USGS
    Professional Paper 1395, 1987, page 41). Latitudes further than 85 degrees are drawn there."""
    turned = math.radians(min(85.0, max(-85.0, latitude)))
    return (longitude + 180) / 360, (1 - math.asinh(math.tan(turned)) / math.pi) / 2


def cover(frame: Frame, wide: float, high: float) -> tuple[float, list[tuple[int, int, int, float, float]]]:
    """The tiles that lie behind a picture: how wide each is drawn; z, x, y, and where its upper left corner is."""
    z = min(_DEEPEST, max(0, round(math.log2(frame.scale / _SHOWN)))) if frame.scale > 0 else 0
    n = 1 << z
    side = frame.scale / n
    first_x, first_y = math.floor(frame.left * n), math.floor(frame.top * n)
    last_x = math.floor((frame.left + wide / frame.scale) * n)
    last_y = math.floor((frame.top + high / frame.scale) * n)
    found = [
        (z, x % n, y, x * side - frame.left * frame.scale, y * side - frame.top * frame.scale)
        for y in range(max(0, first_y), min(n - 1, last_y) + 1)
        for x in range(first_x, last_x + 1)
    ]
    return side, found[:_MOST]
