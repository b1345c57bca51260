"""What of panels, lights, buzzer and voice the settings name, ready to be told each state of the terminal.

Each has a thread of its own and shows the newest state only: whatever is slow or broken here, a punch is not.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edge import SetupError
from edge.health.trouble import Troubles
from edge.screen.scene import Corner
from edge.screen.words import Language
from edge.session.states import State
from edge.settings import Settings, Shown

if TYPE_CHECKING:
    from edge.screen.sinks.display import Panel


class Showing(Protocol):
    """Told each state of the terminal, and closed at the end."""

    def __call__(self, state: State) -> None: ...
    def close(self) -> None: ...


def fitted(settings: Settings, corner: Callable[[], Corner], troubles: Troubles) -> list[Showing]:
    """Open what is fitted; what cannot be opened is said as a trouble, and people are served without it."""
    shows: list[Showing] = []
    for what, make in _makers(settings, corner):
        try:
            shows.append(make(_teller(what, troubles)))
        except SetupError as error:
            troubles.found(what, str(error))
    return shows


def aloud(settings: Settings, troubles: Troubles) -> Showing:
    """The voice for those whose card asks for it (S16); silent where there is none, or where everybody hears it."""
    if settings.shown.voice_dir and settings.shown.voice_for != "everybody":
        return _voice(settings.shown, _teller("voice", troubles))
    return Silence()


class Silence:
    """Says nothing."""

    def __call__(self, state: State) -> None: ...
    def close(self) -> None: ...


Tell = Callable[[str], None]


def _makers(settings: Settings, corner: Callable[[], Corner]) -> Iterator[tuple[str, Callable[[Tell], Showing]]]:
    shown = settings.shown
    if shown.panel:
        yield "panel", lambda tell: _display(_panel(shown), shown, corner, tell)
    if settings.preview_png:
        path = settings.preview_png
        yield "preview", lambda tell: _display(_png(path, shown), shown, corner, tell)
    if any((shown.green_pin, shown.red_pin, shown.blue_pin, shown.buzzer_pin)):
        yield "signals", lambda tell: _signals(shown, tell)
    if shown.voice_dir and shown.voice_for == "everybody":
        yield "voice", lambda tell: _voice(shown, tell)


def _teller(what: str, troubles: Troubles) -> Tell:
    return lambda reason: troubles.found(what, reason) if reason else troubles.mended(what)


def panel(settings: Settings) -> "Panel | None":
    """The panel alone, for what is shown before there is a terminal; None where there is none that opens."""
    try:
        if settings.shown.panel:
            return _panel(settings.shown)
        return _png(settings.preview_png, settings.shown) if settings.preview_png else None
    except SetupError:
        return None


def _display(panel: "Panel", shown: Shown, corner: Callable[[], Corner], tell: Tell) -> Showing:
    from edge.screen.sinks.display import Display

    return Display(panel, [Language(code) for code in shown.languages], corner, tell)


def _panel(shown: Shown) -> "Panel":
    if shown.panel == "framebuffer":
        from edge.screen.sinks.framebuffer import FrameBuffer

        return FrameBuffer(shown.framebuffer, shown.rotate)
    from edge.screen.sinks.luma import spi_panel

    return spi_panel(shown.panel, shown.size, shown.rotate)


def _png(path: Path, shown: Shown) -> "Panel":
    from edge.screen.sinks.png import PngPanel

    return PngPanel(path, shown.size)


def _signals(shown: Shown, tell: Tell) -> Showing:
    from edge.screen.signals import Signals, on_pins

    return Signals(on_pins(shown.green_pin, shown.red_pin, shown.blue_pin, shown.buzzer_pin), tell)


def _voice(shown: Shown, tell: Tell) -> Showing:
    from edge.screen.voice import Voice

    return Voice(shown.voice_dir or Path(), [Language(code) for code in shown.voice_languages], tell)
