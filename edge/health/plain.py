"""`hazri-edge status` in words: one line a figure, one line a device. What programs read is `--json`."""

from collections.abc import Iterator, Mapping
from typing import Any

NAMES: Mapping[str, str] = {
    "ok": "running",
    "error": "why not",
    "reason": "reason",
    "serving": "serving people",
    "uptime_s": "running for",
    "log": "log",
    "seq": "records written",
    "receipted": "receipted by the aggregator",
    "roster_version": "roster version",
    "people": "people on the roster",
    "templates": "templates",
    "damaged": "damaged templates",
    "sessions": "visits since the start",
    "accepted": "accepted",
    "not_recorded": "not recorded",
    "bad_readings": "pictures that could not be read",
    "faces": "faces",
    "identify": "without digits",
    "clock": "clock set by",
    "clock_bound_ms": "clock right within (ms)",
    "silent": "nobody came today",
    "bridged": "punches from old machines",
    "unknown_badges": "unknown badges there",
    "repeated": "sent again there",
    "link": "network",
    "up": "connected to the aggregator",
    "metered": "paid by the megabyte",
    "signal_percent": "signal (%)",
    "operator": "operator",
}
_COUNTS = {
    "readings": "{} read",
    "garbled": "{} garbled",
    "gone": "gone {} times",
    "resets": "freed {} times",
    "abandoned": "left hanging {} times",
}
_WIDE = max(map(len, NAMES.values()))


def status(answer: Mapping[str, Any]) -> Iterator[str]:
    """The lines of an answer to `{"do": "status"}`."""
    tests = answer.get("selftest") or {}
    for name, value in answer.items():
        if name == "devices":
            yield from (_line(device, _device(of, tests.get(device, {}))) for device, of in value.items())
        elif name == "connection":
            yield from (_line(NAMES.get(part, _spaced(part)), _said(what)) for part, what in value.items())
        elif name == "uptime_s":
            yield _line(NAMES[name], _time(value))
        elif name != "selftest":
            yield _line(NAMES.get(name, _spaced(name)), _said(value))


def _device(of: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    """Whether it is there, what befell it, and what it said of itself when it was last tried."""
    said = ["here" if of.get("here") else "not there"]
    said += [words.format(of[name]) for name, words in _COUNTS.items() if of.get(name) or name == "readings"]
    said += [f"{_spaced(name)} {_said(value)}" for name, value in test.items() if value not in ("", "here")]
    return ", ".join(said)


def _line(name: str, value: str) -> str:
    return f"{name:<{_WIDE}}  {value}"


def _said(value: object) -> str:
    if value is None:
        return "not known"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _time(seconds: int) -> str:
    minutes, hours = seconds // 60 % 60, seconds // 3600
    return f"{hours // 24} d {hours % 24} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"


def _spaced(name: str) -> str:
    return name.replace("_", " ")
