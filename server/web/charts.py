"""Small pictures of figures as SVG: no script, no style of their own, drawn in the colours of static/app.css.

They are stretched to whatever width there is (`preserveAspectRatio="none"`), so that a phone and a wall screen get the
same few bytes; their texts stand beside them as HTML. Each says in words what it shows, for who cannot see it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDE, _HIGH = 600, 100


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a band, `start` and `end` in its units; `kind` is a class of the style sheet, `title` says it."""

    start: int
    end: int
    kind: str
    title: str


def line(
    points: Sequence[tuple[int, float | None]], start: int, end: int, says: str, mark: float | None = None
) -> Markup:
    """A line over time with the ground below it filled. `points` are (moment, figure or None for a gap), oldest first,
    in the units of `start` and `end`; `mark`: a figure from which on it is bad. Empty where there is no figure."""
    known = [value for _, value in points if value is not None]
    if not known or end <= start:
        return Markup("")
    low, high = min(0.0, *known), max(*known, mark or 0.0, 1.0)

    def x(at: int) -> str:
        return f"{(at - start) * _WIDE / (end - start):.1f}"

    def y(value: float) -> str:
        return f"{_HIGH - 2 - (value - low) * (_HIGH - 6) / (high - low):.1f}"

    parts = []
    for run in _runs(points):
        path = " ".join(f"{x(at)} {y(value)}" for at, value in run)
        first, last = x(run[0][0]), x(run[-1][0])
        parts.append(
            f'<path class="fill" d="M{first} {_HIGH} L{path} L{last} {_HIGH}Z"/><path class="stroke" d="M{path}"/>'
        )
        if len(run) == 1:
            parts.append(f'<path class="stroke dot" d="M{path} h.01"/>')
    if mark is not None and low <= mark <= high:
        parts.append(f'<path class="mark" d="M0 {y(mark)}H{_WIDE}"/>')
    return _svg("plot", _WIDE, _HIGH, says, "".join(parts))


def bars(figures: Sequence[int], says: str, titles: Sequence[str]) -> Markup:
    """One bar a figure (0 or more), side by side, each with its title."""
    high = max([*figures, 1])
    parts = []
    for at, (value, title) in enumerate(zip(figures, titles, strict=True)):
        if value:
            tall = max(2.0, value * (_HIGH - 2) / high)
            text = Markup("<title>{}</title>").format(title)
            parts.append(f'<rect x="{at * 10 + 1}" y="{_HIGH - tall:.1f}" width="8" height="{tall:.1f}">{text}</rect>')
    return _svg("bars", 10 * max(1, len(figures)), _HIGH, says, "".join(parts))


def band(spans: Iterable[Span], length: int, says: str) -> Markup:
    """A band of so many units, coloured by parts."""
    rect = Markup('<rect class="{}" x="{}" width="{}" height="10"><title>{}</title></rect>')
    parts = [rect.format(one.kind, one.start, one.end - one.start, one.title) for one in spans]
    return _svg("band", length, 10, says, "".join(parts))


def share(parts: Sequence[tuple[str, int]], says: str) -> Markup:
    """How a whole is shared out: a band of (class, count)."""
    at, spans = 0, []
    for kind, count in parts:
        if count:
            spans.append(Span(at, at + count, kind, ""))
            at += count
    inner = "".join(f'<rect class="{s.kind}" x="{s.start}" width="{s.end - s.start}" height="10"/>' for s in spans)
    return _svg("band thin", max(1, at), 10, says, inner)


def _runs(points: Sequence[tuple[int, float | None]]) -> Iterable[list[tuple[int, float]]]:
    run: list[tuple[int, float]] = []
    for at, value in points:
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _svg(kind: str, wide: int, high: int, says: str, inner: str) -> Markup:
    head = Markup('<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">')
    return head.format(kind, wide, high, says) + Markup(inner) + Markup("</svg>")  # noqa: S704 - numbers and escaped titles
