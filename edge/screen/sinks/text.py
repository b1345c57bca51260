"""Screens as lines of text: for a bench without a display."""

from collections.abc import Iterator
from typing import TextIO

from edge.health.report import line
from edge.screen.scene import Screen, screen
from edge.screen.words import Words
from edge.session.states import State


class TextSink:
    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, state: State) -> None:
        picture = screen(state)
        line(f"[{picture.colour} {picture.icon}] {' | '.join(_parts(picture))}", self._out)

    def close(self) -> None:
        """Nothing to let go."""


def _both(said: Words) -> str:
    return said.en if said.hi == said.en else said.both


def _parts(picture: Screen) -> Iterator[str]:
    yield from (words.both for words in picture.lines)
    if picture.dots or picture.places:
        yield "●" * picture.dots + "○" * (picture.places - picture.dots)
    yield from (f"{key}  {words.both}" for key, words in enumerate(picture.choices, 1))
    yield from (f"{_both(name)}: {_both(value)}" for name, value in picture.facts)
    yield from (part for part in (picture.name, picture.code) if part)
