"""A map of places as SVG, from latitude and longitude alone, with tiles behind it where that is asked for. Each place
is a numbered circle that leads to it, sized by its terminals; the ring tells how they are, the sign the worst of it and
how many. Numbers lead to names in a list beside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from server.web.tiles import Frame, Tiles, cover, mercator

_WIDE, _EDGE = 400.0, 36.0
_LEAST_HIGH, _MOST_HIGH = 120.0, 520.0
_NEAREST = 2e-5  # of the world's width: no picture shows less than a village
_APART = 60  # places up to which circles are pushed apart


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map; `shares`: (ok, warn, fail or none, how many terminals); `says`: its name and how it is."""

    number: int
    latitude: float
    longitude: float
    shares: tuple[tuple[str, int], ...]
    href: str
    says: str

    @property
    def size(self) -> int:
        return sum(n for _, n in self.shares)


_SIGNS = {"fail": "✕", "warn": "▲", "ok": "✓"}  # the worst first


def draw(spots: Sequence[Spot], says: str, tiles: Tiles | None = None) -> Markup:
    """Empty where there is none."""
    if not spots:
        return Markup("")
    radii = [min(26.0, 11.0 + 2 * math.log2(1 + spot.size)) if len(spots) <= _APART else 6.0 for spot in spots]
    frame, high = _framed(spots)
    places = [frame.place(spot.latitude, spot.longitude) for spot in spots]
    if len(spots) <= _APART:
        places = _apart(places, radii, high)
    parts = [_drawn(spot, *place, radius) for spot, place, radius in zip(spots, places, radii, strict=True)]
    head = Markup('<svg class="map" viewBox="0 0 {:.0f} {:.0f}" role="group" aria-label="{}">')
    behind = _tiled(tiles, frame, high) if tiles else Markup("")
    return head.format(_WIDE, high, says) + behind + Markup("").join(parts) + Markup("</svg>")


def _tiled(tiles: Tiles, frame: Frame, high: float) -> Markup:
    side, found = cover(frame, _WIDE, high)
    image = Markup('<image href="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" aria-hidden="true"/>')
    # A hair wider than it is, or the ground would shine through between them.
    return Markup("").join(image.format(tiles.at(*key), x, y, side + 0.2, side + 0.2) for *key, x, y in found)


def _drawn(spot: Spot, x: float, y: float, radius: float) -> Markup:
    link = Markup('<a href="{}" aria-label="{}"><title>{}</title>{}{}{}</a>')
    disc = Markup('<circle class="disc" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>').format(x, y, radius)
    number = Markup('<text x="{:.1f}" y="{:.1f}">{}</text>').format(x, y, spot.number) if radius > 8 else Markup("")
    counts = dict(spot.shares)
    worst = next((kind for kind in _SIGNS if counts.get(kind)), "")
    sign = Markup('<text class="sign {}" x="{:.1f}" y="{:.1f}">{} {}</text>')
    said = sign.format(worst, x, y - radius - 4, _SIGNS[worst], counts[worst]) if worst and radius > 8 else Markup("")
    return link.format(spot.href, spot.says, spot.says, disc + _ring(spot, x, y, radius), number, said)


def _ring(spot: Spot, x: float, y: float, radius: float) -> Markup:
    """Arcs of one circle, by shares; `pathLength` makes its way round as long as there are terminals."""
    arc = Markup(
        '<circle class="ring {}" cx="{:.1f}" cy="{:.1f}" r="{:.1f}" pathLength="{}" '
        'stroke-dasharray="{} {}" stroke-dashoffset="{}"/>'
    )
    parts, at = Markup(""), 0
    for kind, n in spot.shares:
        if n:
            parts += arc.format(kind, x, y, radius, spot.size, n, spot.size - n, -at)
            at += n
    return parts


def _framed(spots: Sequence[Spot]) -> tuple[Frame, float]:
    """The part of the world that holds them all, north up; and how high the picture is."""
    points = [mercator(spot.latitude, spot.longitude) for spot in spots]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    north, south = min(y for _, y in points), max(y for _, y in points)
    wide, tall = max(east - west, _NEAREST), max(south - north, _NEAREST)
    scale = min((_WIDE - 2 * _EDGE) / wide, (_MOST_HIGH - 2 * _EDGE) / tall)
    high = max(_LEAST_HIGH, (south - north) * scale + 2 * _EDGE)
    left, top = (west + east - _WIDE / scale) / 2, (north + south - high / scale) / 2
    return Frame(left, top, scale), high


def _apart(places: list[tuple[float, float]], radii: Sequence[float], high: float) -> list[tuple[float, float]]:
    """Push circles that lie on each other apart, a little at a time; all stay in the picture."""
    spots = [list(place) for place in places]
    for _ in range(24):
        moved = False
        for i, one in enumerate(spots):
            for j in range(i):
                other = spots[j]
                dx, dy = one[0] - other[0], one[1] - other[1]
                gap = math.hypot(dx, dy)
                need = radii[i] + radii[j] + 3
                if gap >= need:
                    continue
                if gap < 0.01:
                    dx, dy, gap = math.cos(i), math.sin(i), 1.0
                push = (need - min(gap, need)) / 2 / gap
                one[0], one[1] = one[0] + dx * push, one[1] + dy * push
                other[0], other[1] = other[0] - dx * push, other[1] - dy * push
                moved = True
        if not moved:
            break
    return [
        (min(max(x, radius + 6), _WIDE - radius - 6), min(max(y, radius + 6), high - radius - 6))
        for (x, y), radius in zip(spots, radii, strict=True)
    ]
