"""The matrix keypad's driver: a thread drives one row low after the other and looks at the columns.

Rows that are not looked at are inputs, so two keys held down together never connect a high pin with a low one.
"""

import queue
import threading
import warnings
from typing import Any

from drivers import DeviceGone, OptionError
from drivers.base import Feature, Info, Reading
from drivers.gpio_keypad import codec
from drivers.keys import next_key

_SCAN_S = 0.005
_MAX_WAITING = 64


class GpioKeypad:
    """See drivers.base.Driver and Keypad for the contract. Raises OptionError for a layout that does not fit."""

    def __init__(self, *, rows: str, columns: str, layout: str, debounce_ms: int) -> None:
        self._rows, self._columns = codec.pins("rows", rows), codec.pins("columns", columns)
        if set(self._rows) & set(self._columns):
            raise OptionError("rows and columns share a pin")
        self._keys = codec.layout(layout, len(self._rows), len(self._columns))
        self._steady = max(1, round(debounce_ms / 1000 / _SCAN_S))
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._closed.set()
        self._thread: threading.Thread | None = None
        self._waiting: queue.Queue[str] = queue.Queue(_MAX_WAITING)
        self._trouble = ""

    @property
    def features(self) -> Feature:
        return Feature.KEYPAD

    def open(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            rows, columns = _pins(self._rows), _pins(self._columns)
            self._waiting, self._trouble = queue.Queue(_MAX_WAITING), ""
            self._closed.clear()
            self._thread = threading.Thread(target=self._scan, args=(rows, columns), name="keypad", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                thread.join()

    def info(self) -> Info:
        self._check_open()
        return Info("GPIO matrix", details={"rows": len(self._rows), "columns": len(self._columns)})

    def read(self, timeout_s: float) -> Reading | None:
        """Nothing to read: it has keys and no sensor."""
        self._closed.wait(timeout_s)
        self._check_open()
        return None

    def read_key(self, timeout_s: float) -> str | None:
        return next_key(self._waiting, self._check_open, timeout_s)

    def _scan(self, rows: list[Any], columns: list[Any]) -> None:
        matrix = codec.Matrix(self._keys, self._steady)
        try:
            while not self._closed.wait(_SCAN_S):
                for key in matrix.scan(_closed(rows, columns)):
                    if not self._waiting.full():
                        self._waiting.put(key)
        except Exception as error:  # noqa: BLE001 - each pin library raises its own
            self._trouble = str(error)
        finally:
            for pin in (*rows, *columns):
                pin.close()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise DeviceGone("the keypad is closed")
        if self._trouble:
            raise DeviceGone(f"the keypad's pins: {self._trouble}")


def _pins(numbers: tuple[int, ...]) -> list[Any]:
    """The pins as inputs, pulled up. Raises DeviceGone where there are none."""
    from gpiozero import Device  # type: ignore[import-untyped]
    from gpiozero.exc import GPIOZeroError, PinFactoryFallback  # type: ignore[import-untyped]

    warnings.filterwarnings("ignore", category=PinFactoryFallback)  # what it tries before it gives up is no news
    try:
        # gpiozero picks its pin factory when the first of its devices is made; we need only pins.
        factory = Device.pin_factory or Device._default_pin_factory()
        Device.pin_factory = factory
        pins = [factory.pin(number) for number in numbers]
        for pin in pins:
            pin.function = "input"
            pin.pull = "up"
    except (GPIOZeroError, OSError, ImportError) as error:
        raise DeviceGone(f"no GPIO pins here: {error}") from None
    return pins


def _closed(rows: list[Any], columns: list[Any]) -> set[codec.Place]:
    closed = set()
    for r, row in enumerate(rows):
        row.output_with_state(0)
        closed |= {(r, c) for c, column in enumerate(columns) if not column.state}
        row.function = "input"
        row.pull = "up"
    return closed
