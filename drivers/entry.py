"""What a driver says of itself before it is made: what it is, what it can do, and the options the settings may give.

Each driver's package holds one Entry, named ENTRY, and imports its own module only when a device is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from drivers.base import Driver, Feature

Value = str | int
Options = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its type (str or int), its default (None: it must be given), and what it means."""

    kind: type[str] | type[int]
    default: Value | None
    doc: str
    least: int = 0
    most: int = 2**31


PATIENCE = Option(
    int, 100, "how long an answer may take, in per cent of what is usual: more over a slow network", 5, 1000
)
"""For drivers whose line may lead over a network: a serial server on Wi-Fi answers late, and is there none the less."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a pretended device stands, and how it behaves.

    One of `port` (a serial port that exists), `tcp` ("host:port", port 0: any free one) and `pty` (a link to make to a
    new pseudo-terminal); none of them: what is usual for the device. `variant` is one of the simulator's. `library` is
    a folder or file with what is enrolled on the device or laid on it (its README row says which). Without `pacing`
    it answers as fast as it can, else as slowly as the wire it pretends to be.
    """

    port: str = ""
    tcp: str = ""
    pty: Path | None = None
    variant: str = ""
    library: Path | None = None
    pacing: bool = True


class Simulation(Protocol):
    """A pretended device that is running."""

    @property
    def where(self) -> str:
        """How software reaches it, in one line."""
        ...

    def do(self, what: str) -> str:
        """A line typed by whoever plays the person or breaks the device; what happened, in one line.

        Every simulator knows "help". Raises ProtocolError for what it does not know.
        """
        ...

    def close(self) -> None:
        """End it. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Simulator:
    """A driver's pretended device: its variants with a line on each (the first is the default), and how to start it.

    `start` raises OptionError for a stage it cannot stand on. `library`: it can be given one.
    """

    variants: Mapping[str, str]
    start: Callable[[Stage], Simulation]
    library: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One driver: what it is, what it can do, its options, and how to make one from checked options.

    `network`: the device is reached over a network, so it belongs to the bridge and not to the terminal process.
    """

    summary: str
    features: Feature
    options: Mapping[str, Option]
    make: Callable[[Options], Driver]
    network: bool = False
    simulator: Simulator | None = None
