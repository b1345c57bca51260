"""Detection error trade-off curves as an SVG picture. Pure.

Written by hand rather than with a plotting library: one kind of plot, sixty lines, text that a repository can show and
compare, and nothing more to install on a terminal (matplotlib and what it needs are 60 MB).
"""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

import numpy as np

from matching.rates import Scores, curve

Points = Sequence[Sequence[float]]
"""Pairs of FMR and FNMR in percent, FMR falling."""

MOST_POINTS = 120
_WIDTH, _HEIGHT, _LEFT, _TOP, _SIDE = 760, 500, 64, 24, 420
_HIGHEST = 100.0
# Okabe and Ito's colours, told apart by most eyes; the dashes for the others and for print.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("", "7 3", "2 3", "9 3 2 3")


def det_points(genuine: Scores, impostor: Scores) -> list[list[float]]:
    """At most MOST_POINTS of the curve through the measured points, even on a logarithmic scale, with both its ends."""
    _, fmr, fnmr = curve(genuine, impostor)
    corner = np.flatnonzero(np.append(True, (np.diff(fmr) != 0) | (np.diff(fnmr) != 0)))
    rates = np.stack([fmr[corner], fnmr[corner]], axis=1)
    if len(rates) > MOST_POINTS:
        # A step to the side or upwards counts by how far it goes on the paper.
        paper = np.log10(np.maximum(rates, [1 / len(impostor), 1 / len(genuine)]))
        way = np.append(0, np.cumsum(np.abs(np.diff(paper, axis=0)).sum(axis=1)))
        places = np.searchsorted(way, np.linspace(0, way[-1], MOST_POINTS))
        rates = rates[np.unique(np.append(places, len(rates) - 1).clip(0, len(rates) - 1))]
    return [[round(100 * x, 4), round(100 * y, 4)] for x, y in rates.tolist()]


def det_svg(curves: Mapping[str, Points], title: str) -> str:
    """One line a name, both axes logarithmic in percent; rates of 0 lie on the rim. ValueError for nothing."""
    positive = [value for points in curves.values() for point in points for value in point if value > 0]
    if not positive:
        raise ValueError("there is no rate above 0 to draw")
    lowest = 10.0 ** math.floor(math.log10(min(positive)))
    decades = [lowest * 10.0**n for n in range(round(math.log10(_HIGHEST / lowest)) + 1)]
    scale = _SIDE / math.log10(_HIGHEST / lowest)

    def x(rate: float) -> float:
        return round(_LEFT + scale * math.log10(max(rate, lowest) / lowest), 1)

    def y(rate: float) -> float:
        return round(_TOP + _SIDE - scale * math.log10(max(rate, lowest) / lowest), 1)

    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    parts = [f'<text x="{_LEFT}" y="15" font-weight="bold">{escape(title)}</text>']
    for rate in decades:
        parts += [
            f'<path d="M{x(rate)} {_TOP}V{bottom}M{_LEFT} {y(rate)}H{right}" stroke="#ddd"/>',
            f'<text x="{x(rate)}" y="{bottom + 17}" text-anchor="middle">{rate:g}</text>',
            f'<text x="{_LEFT - 6}" y="{y(rate) + 4}" text-anchor="end">{rate:g}</text>',
        ]
    middle = _LEFT + _SIDE / 2, _TOP + _SIDE / 2
    across, up = "false matches, % of impostor trials", "false non-matches, % of genuine trials"
    parts += [
        f'<path d="M{_LEFT} {bottom}L{right} {_TOP}" stroke="#bbb" stroke-dasharray="2 4"/>',
        f'<text x="{middle[0]}" y="{bottom + 38}" text-anchor="middle">{across}</text>',
        f'<text transform="translate(16 {middle[1]}) rotate(-90)" text-anchor="middle">{up}</text>',
    ]
    for place, (name, points) in enumerate(curves.items()):
        line = f'stroke="{_COLOURS[place % len(_COLOURS)]}" stroke-width="2" stroke-dasharray="{_DASHES[place % 4]}"'
        way = "".join(f"L{x(fmr)} {y(fnmr)}" for fmr, fnmr in points[1:])
        beside = right + 20, _TOP + 16 + 22 * place
        parts += [
            f'<path d="M{x(points[0][0])} {y(points[0][1])}{way}" {line}/>' if points else "",
            f'<path d="M{beside[0]} {beside[1]}h28" {line}/>',
            f'<text x="{beside[0] + 36}" y="{beside[1] + 4}">{escape(name)}</text>',
        ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    )
    style = 'font-family="sans-serif" font-size="12" fill="none">'
    body = "\n".join(part.replace("<text", '<text fill="#222"') for part in parts if part)
    return f'{head} {style}\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
