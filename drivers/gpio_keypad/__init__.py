"""A matrix of keys wired to the pins of a Raspberry Pi. Keys only."""

from drivers.base import Driver, Feature
from drivers.entry import Entry, Option, Options


def _make(options: Options) -> Driver:
    from drivers.gpio_keypad.driver import GpioKeypad

    return GpioKeypad(
        rows=str(options["rows"]),
        columns=str(options["columns"]),
        layout=str(options["layout"]),
        debounce_ms=int(options["debounce_ms"]),
    )


ENTRY = Entry(
    summary="a matrix keypad on GPIO pins",
    features=Feature.KEYPAD,
    options={
        "rows": Option(str, "5 6 13 19", "pins of the rows, top first, by Broadcom number"),
        "columns": Option(str, "26 16 20", "pins of the columns, left first"),
        "layout": Option(str, "123 456 789 *0#", "what is printed on the keys, row by row"),
        "debounce_ms": Option(int, 20, "how long a key must be down, or up, to count", 5, 200),
    },
    make=_make,
)
