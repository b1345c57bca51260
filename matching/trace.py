"""A window into the pipelines: every stage hands what it made to a sink.

A sink gets the name of the stage and named arrays, in the order of the stages. Nothing is computed for it, so
an idle sink costs nothing; it must not change what it gets.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray


class Sink(Protocol):
    """Whoever wants to see the stages."""

    def __call__(self, stage: str, arrays: Mapping[str, NDArray[Any]], /) -> None: ...


def silent(stage: str, arrays: Mapping[str, NDArray[Any]], /) -> None:
    """The sink that looks away."""
