"""Every driver by name: ours, and those that other packages bring.

A vendor whose software development kit is closed ships a package with an entry point of the group `hazri.drivers`
that names its Entry; it then stands here beside ours.
"""

import difflib
from collections.abc import Mapping
from importlib.metadata import entry_points

from drivers import (
    OptionError,
    adms,
    camera,
    evdev,
    gpio_keypad,
    gt521f,
    http_capture,
    libfprint,
    rdservice,
    uru4000,
    virtual,
    zfm,
    zk,
)
from drivers.base import Driver
from drivers.entry import Entry, Option, Options, Value

GROUP = "hazri.drivers"

DRIVERS: Mapping[str, Entry] = {
    "virtual": virtual.ENTRY,
    "uru4000": uru4000.ENTRY,
    "libfprint": libfprint.ENTRY,
    "libfprint_match": libfprint.MATCH_ENTRY,
    "evdev": evdev.ENTRY,
    "gpio_keypad": gpio_keypad.ENTRY,
    "camera": camera.ENTRY,
    "camera_net": camera.NET_ENTRY,
    "rdservice": rdservice.ENTRY,
    "http_capture": http_capture.ENTRY,
    "zk": zk.ENTRY,
    "adms": adms.ENTRY,
    "zfm": zfm.ENTRY,
    "gt521f": gt521f.ENTRY,
}


def make(name: str, options: Options) -> Driver:
    """A driver of this name, not opened yet. Raises OptionError."""
    return find(name).make(check(name, options))


def names() -> list[str]:
    """Ours, and those that other packages bring; one of these may yet turn out not to load."""
    return sorted({*DRIVERS, *(point.name for point in entry_points(group=GROUP))})


def find(name: str) -> Entry:
    """Ours, or else a plug-in's. Raises OptionError naming the nearest driver when there is none of this name."""
    if name in DRIVERS:
        return DRIVERS[name]
    plugged = {point.name: point for point in entry_points(group=GROUP)}
    if name not in plugged:
        raise OptionError(f"unknown driver {name!r}; {_nearest(name, {**DRIVERS, **plugged})}")
    try:
        entry = plugged[name].load()
    except Exception as error:  # noqa: BLE001 - it is somebody else's code
        raise OptionError(f"driver {name}: the package that brings it cannot be loaded: {error}") from None
    if not isinstance(entry, Entry):
        raise OptionError(f"driver {name}: {plugged[name].value} is not a drivers.entry.Entry")
    return entry


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
