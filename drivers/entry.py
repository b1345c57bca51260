"""What a driver says of itself before it is made: what it is, what it can do, and the options the settings may give.

Each driver's package holds one Entry, named ENTRY, and imports its own module only when a device is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
