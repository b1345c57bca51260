"""The terminal's panel: draws the newest state in a thread of its own, and again when the corner has changed."""

from collections.abc import Callable, Sequence
from typing import Protocol

from PIL import Image

from edge.screen.latest import Latest
from edge.screen.picture import draw
from edge.screen.scene import Corner, screen
from edge.screen.words import Language
from edge.session.states import State

_LOOK_UP_S = 1.0


class Panel(Protocol):
    """Something that shows pictures of one size (width, height in pixels)."""

    @property
    def size(self) -> tuple[int, int]: ...

    def show(self, image: Image.Image) -> None:
        """Mode RGB, of this size. Raises OSError when it cannot be shown."""
        ...

    def close(self) -> None: ...


class Display:
    """A Show (see edge.session.states). `corner` is asked in the display's thread; `trouble` is told what is
    wrong, or ""."""

    def __init__(
        self,
        panel: Panel,
        languages: Sequence[Language],
        corner: Callable[[], Corner],
        trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._panel = panel
        self._languages = tuple(languages)
        self._corner = corner
        self._shown: tuple[State, Corner] | None = None
        self._latest = Latest("display", self._draw, trouble, again_s=_LOOK_UP_S)

    def __call__(self, state: State) -> None:
        self._latest.put(state)

    def close(self) -> None:
        """Let the panel go."""
        self._latest.close()
        self._panel.close()

    def _draw(self, state: State) -> None:
        now = state, self._corner()
        if now != self._shown:
            self._panel.show(draw(screen(state), now[1], self._panel.size, self._languages))
            self._shown = now
