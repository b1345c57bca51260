"""Lights and beeps: what a state looks like from across the room, and sounds like to who cannot see the screen.

`signal` is pure; `Signals` plays it in a thread of its own, newest first, so that no beep holds up a punch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from edge import SetupError
from edge.screen.latest import Latest
from edge.screen.scene import Colour, screen
from edge.session.states import (
    Done,
    EnrolDone,
    EnrolFace,
    EnrolPlace,
    Located,
    LookAtCamera,
    Pin,
    Place,
    State,
    SuperviseTyping,
    Typing,
)


@dataclass(frozen=True, slots=True)
class Signal:
    """The light's colour, and how long it beeps and is silent, in turn, in milliseconds."""

    light: Colour
    beeps_ms: tuple[int, ...] = ()


_CLICK, _ATTENTION, _GOOD = (15,), (60, 60, 60), (220,)
_BAD = (110, 70, 110, 70, 110)
_BEEPS: Mapping[Colour, tuple[int, ...]] = {Colour.GREEN: _GOOD, Colour.YELLOW: _ATTENTION, Colour.RED: _BAD}


def signal(state: State) -> Signal:
    """One long beep is good, two short ones ask for something, three are a refusal, a click is a key (S16);
    one each second says "here I am"."""
    colour = screen(state).colour
    match state:
        case Typing() | Pin() | SuperviseTyping(keys=1 | 2 | 3 | 4 | 5 | 6):
            return Signal(Colour.WHITE, _CLICK)
        case Located(seconds):
            return Signal(colour, (250, 750) * seconds)
        case Done() | EnrolDone() | Place() | LookAtCamera() | EnrolPlace() | EnrolFace() | SuperviseTyping():
            return Signal(colour, _BEEPS.get(colour, ()))
    return Signal(colour)


class Lamp(Protocol):
    """Anything that is on or off."""

    def on(self) -> None: ...
    def off(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Lamps:
    """What there is of lights and a buzzer; None for what is not fitted."""

    green: Lamp | None = None
    red: Lamp | None = None
    blue: Lamp | None = None
    buzzer: Lamp | None = None

    def lights(self) -> "tuple[tuple[Lamp, frozenset[Colour]], ...]":
        """Each light with the colours in which it shines; yellow is red and green."""
        mixed = (
            (self.green, frozenset({Colour.GREEN, Colour.YELLOW})),
            (self.red, frozenset({Colour.RED, Colour.YELLOW})),
            (self.blue, frozenset({Colour.BLUE})),
        )
        return tuple((lamp, colours) for lamp, colours in mixed if lamp is not None)


class Signals:
    """A Show (see edge.session.states). `trouble` is told what goes wrong, or ""."""

    def __init__(self, lamps: Lamps, trouble: Callable[[str], None] = lambda _: None) -> None:
        self._lamps = lamps
        self._latest = Latest("signals", self._play, trouble)

    def __call__(self, state: State) -> None:
        self._latest.put(state)

    def close(self) -> None:
        """Everything off."""
        self._latest.close()
        for lamp in (self._lamps.green, self._lamps.red, self._lamps.blue, self._lamps.buzzer):
            if lamp is not None:
                lamp.off()
                lamp.close()

    def _play(self, state: State) -> None:
        found = signal(state)
        for lamp, colours in self._lamps.lights():
            if found.light in colours:
                lamp.on()
            else:
                lamp.off()
        self._beep(found.beeps_ms)

    def _beep(self, beeps_ms: tuple[int, ...]) -> None:
        buzzer = self._lamps.buzzer
        if buzzer is None:
            return
        try:
            for n, length_ms in enumerate(beeps_ms):
                if n % 2 == 0:
                    buzzer.on()
                else:
                    buzzer.off()
                if self._latest.overtaken(length_ms / 1000):
                    return
        finally:
            buzzer.off()


def on_pins(green: int, red: int, blue: int, buzzer: int) -> Lamps:
    """Lamps on a Raspberry Pi's pins, by Broadcom number; 0 for what is not fitted. Raises SetupError."""
    try:
        from gpiozero import DigitalOutputDevice  # type: ignore[import-untyped]
        from gpiozero.exc import GPIOZeroError  # type: ignore[import-untyped]
    except ImportError:
        raise SetupError("gpiozero is not installed: pip install 'hazri[pi]'") from None

    def lamp(pin: int) -> Any:
        return DigitalOutputDevice(pin) if pin else None

    try:
        return Lamps(lamp(green), lamp(red), lamp(blue), lamp(buzzer))
    except (GPIOZeroError, OSError, ImportError) as error:
        raise SetupError(f"lights and buzzer: {error}") from None
