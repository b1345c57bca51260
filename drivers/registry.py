"""Every driver by name, with its options: what the settings file may say, and how a device comes to be.

A driver's module is imported when a device of it is made, so nobody pays for a library that is not used.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drivers import OptionError
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
    """One driver: what it is, what it can do, its options, and how to make one from checked options."""

    summary: str
    features: Feature
    options: Mapping[str, Option]
    make: Callable[[Options], Driver]


def _virtual(options: Options) -> Driver:
    from drivers.virtual.driver import VirtualDriver

    return VirtualDriver(Path(str(options["socket"])), dpi=int(options["dpi"]))


DRIVERS: Mapping[str, Entry] = {
    "virtual": Entry(
        summary="a finger sensor and a keypad played over a Unix socket",
        features=Feature.IMAGE | Feature.KEYPAD,
        options={
            "socket": Option(str, None, "path of the Unix socket to listen on"),
            "dpi": Option(int, 500, "resolution of the pictures, unless one says otherwise", 100, 2000),
        },
        make=_virtual,
    ),
}


def make(name: str, options: Options) -> Driver:
    """A driver of this name, not opened yet. Raises OptionError."""
    return find(name).make(check(name, options))


def find(name: str) -> Entry:
    """Raises OptionError naming the nearest driver when there is none of this name."""
    if name not in DRIVERS:
        raise OptionError(f"unknown driver {name!r}; {_nearest(name, DRIVERS)}")
    return DRIVERS[name]


def check(name: str, options: Options) -> dict[str, Value]:
    """The options with defaults filled in. Raises OptionError naming driver, option and what is allowed."""
    known = find(name).options
    for given in options:
        if given not in known:
            raise OptionError(f"driver {name}: unknown option {given!r}; {_nearest(given, known)}")
    return {option: _value(f"driver {name}: {option}", spec, options.get(option)) for option, spec in known.items()}


def _value(where: str, spec: Option, given: Value | None) -> Value:
    value = spec.default if given is None else given
    if value is None:
        raise OptionError(f"{where} is missing: {spec.doc}")
    if isinstance(value, bool) or not isinstance(value, spec.kind):
        raise OptionError(f"{where} = {value!r}: expected {'a text' if spec.kind is str else 'a whole number'}")
    if isinstance(value, int) and not spec.least <= value <= spec.most:
        raise OptionError(f"{where} = {value}: expected {spec.least} to {spec.most}")
    return value


def _nearest(given: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(given, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known) or 'none'}"
