"""A finger sensor and keypad without hardware, for demonstrations, tests and trials of a whole system."""

from pathlib import Path

from drivers.base import Driver, Feature
from drivers.entry import Entry, Option, Options


def _make(options: Options) -> Driver:
    from drivers.virtual.driver import VirtualDriver

    return VirtualDriver(Path(str(options["socket"])), dpi=int(options["dpi"]))


ENTRY = Entry(
    summary="a finger sensor and a keypad played over a Unix socket",
    features=Feature.IMAGE | Feature.KEYPAD,
    options={
        "socket": Option(str, None, "path of the Unix socket to listen on"),
        "dpi": Option(int, 500, "resolution of the pictures, unless one says otherwise", 100, 2000),
    },
    make=_make,
)
