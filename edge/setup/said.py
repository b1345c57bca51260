"""What a step of a set-up says while it runs, and what it is given."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from edge.screen.words import Words
from edge.settings import Settings, Uplink

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray


class State(StrEnum):
    """How it stands: nothing to do, somebody is to do something, it works but is worth a look, it does not work."""

    FINE = "fine"
    DO = "do"
    CARE = "care"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was found, and what to do about it (`now`; None: nothing)."""

    state: State
    text: Words
    now: Words | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a sensor sees just now: uint8 (rows, columns) grey, or with three colours. It is shown and never kept."""

    image: "NDArray[uint8]"


Said = Finding | Picture
Tell = Callable[[Said], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something the technician types for a step: its name, what it is called, what is offered."""

    name: str
    label: Words
    offered: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every step may use. `left` is set when somebody leaves the step; `root`: where the system's files are.
    `once`: one good picture is enough."""

    settings: Settings
    uplink: Uplink
    left: threading.Event = field(default_factory=threading.Event)
    root: Path = Path("/")
    timeout_s: float = 15.0
    once: bool = False


Run = Callable[[Desk, Mapping[str, str], Tell], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One page: `now` is what a person standing before it does first. `asks`: it waits for "go" before it begins."""

    name: str
    title: Words
    now: Words
    run: Run
    entries: tuple[Entry, ...] = ()
    asks: bool = False


def fine(text: Words) -> Finding:
    return Finding(State.FINE, text)


def plain(text: str) -> Words:
    """What a program says, which is the same in every language."""
    return Words(text, text)
