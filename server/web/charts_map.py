"""A map of places as SVG, from latitude and longitude alone: no tiles, nothing fetched. Each place is a numbered circle
that leads to it, sized by its terminals; the ring tells how they are, the sign the worst of it and how many. Numbers
lead to names in a list beside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDE, _EDGE = 400.0, 36.0
_MOST_HIGH = 520.0
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


def draw(spots: Sequence[Spot], says: str) -> Markup:
    """Empty where there is none."""
    if not spots:
        return Markup("")
    radii = [min(26.0, 11.0 + 2 * math.log2(1 + spot.size)) if len(spots) <= _APART else 6.0 for spot in spots]
    places, high = _placed(spots)
    if len(spots) <= _APART:
        places = _apart(places, radii, high)
    parts = [_drawn(spot, *place, radius) for spot, place, radius in zip(spots, places, radii, strict=True)]
    head = Markup('<svg class="map" viewBox="0 0 {:.0f} {:.0f}" role="group" aria-label="{}">')
    return head.format(_WIDE, high, says) + Markup("").join(parts) + Markup("</svg>")


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


def _placed(spots: Sequence[Spot]) -> tuple[list[tuple[float, float]], float]:
    """Equirectangular, true in both directions at the middle latitude; north is up. Also how high the picture is."""
    south, north = min(s.latitude for s in spots), max(s.latitude for s in spots)
    west, east = min(s.longitude for s in spots), max(s.longitude for s in spots)
    narrow = math.cos(math.radians((south + north) / 2))
    wide, tall = (east - west) * narrow, north - south
    room = _WIDE - 2 * _EDGE
    scale = min(room / wide if wide else math.inf, (_MOST_HIGH - 2 * _EDGE) / tall if tall else math.inf)
    scale = scale if math.isfinite(scale) else 1.0
    high = max(120.0, tall * scale + 2 * _EDGE)
    left = (_WIDE - wide * scale) / 2
    top = (high - tall * scale) / 2
    return [(left + (s.longitude - west) * narrow * scale, top + (north - s.latitude) * scale) for s in spots], high


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
