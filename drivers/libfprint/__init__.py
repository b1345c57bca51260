"""Every reader that libfprint knows, through libfprint: its pictures, or where it has none its own matching."""

from drivers.base import Driver, Feature
from drivers.entry import PATIENCE, Entry, Option, Options

_DEVICE = Option(str, "any", "which reader: its driver in libfprint (uru4000) or a part of its name")
_PYTHON = Option(str, "/usr/bin/python3", "the interpreter that has libfprint: Debian's own")


def _make(options: Options) -> Driver:
    from drivers.libfprint.driver import Capturing

    return Capturing(str(options["python"]), str(options["device"]), int(options["dpi"]), _patience(options))


def _make_match(options: Options) -> Driver:
    from drivers.libfprint.driver import Matching

    return Matching(str(options["python"]), str(options["device"]), _patience(options))


def _patience(options: Options) -> float:
    return int(options["patience_pct"]) / 100


ENTRY = Entry(
    summary="readers that libfprint knows and takes pictures from",
    features=Feature.IMAGE,
    options={
        "device": _DEVICE,
        "dpi": Option(int, 0, "resolution of the pictures; 0: what libfprint says or is known of the reader", 0, 2000),
        "python": _PYTHON,
        "patience_pct": PATIENCE,
    },
    make=_make,
)

MATCH_ENTRY = Entry(
    summary="readers that libfprint knows and that match by themselves",
    features=Feature.MATCH,
    options={"device": _DEVICE, "python": _PYTHON, "patience_pct": PATIENCE},
    make=_make_match,
)
