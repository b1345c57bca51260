"""Pretended pins wired as a key matrix: a held key connects its row with its column, as the contract suite plays it."""

import time
from pathlib import Path
from typing import Any

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from drivers import gpio_keypad
from drivers.entry import Options

DOWN_S = 0.08


class MatrixPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin that reads low when a held key connects it to a pin that is driven low."""

    def _get_state(self) -> Any:
        wired = self.factory.wires.get(self.info.name, ())
        if self.function == "input" and any(_driven_low(self.factory.pin(other)) for other in wired):
            return False
        return super()._get_state()


def _driven_low(pin: Any) -> bool:
    return bool(pin.function == "output" and not MockPin._get_state(pin))


class GpioKeypadRig:
    def __init__(self, _folder: Path) -> None:
        self.options: Options = {}
        self._before = Device.pin_factory
        self.factory: Any = MockFactory(pin_class=MatrixPin)
        self.factory.wires = {}
        Device.pin_factory = self.factory
        defaults = {name: option.default for name, option in gpio_keypad.ENTRY.options.items()}
        self.rows, self.columns = (str(defaults[name]).split() for name in ("rows", "columns"))
        self.layout = str(defaults["layout"]).split()

    def touch(self) -> None:
        """It has no sensor."""

    def lift(self) -> None:
        """It has no sensor."""

    def garble(self) -> None:
        """A contact that bounces for a moment and never closes for good."""
        for _ in range(3):
            self.hold("8")
            time.sleep(0.002)
            self.hold()
            time.sleep(0.02)

    def hold(self, *keys: str) -> None:
        """These keys are down now, and no others."""
        wires: dict[str, list[str]] = {}
        for key in keys:
            printed = {"enter": "#", "clear": "*"}.get(key, key)
            [(row, column)] = [(r, c) for r, line in enumerate(self.layout) for c, k in enumerate(line) if k == printed]
            wires.setdefault(f"GPIO{self.columns[column]}", []).append(f"GPIO{self.rows[row]}")
        self.factory.wires = wires

    def press(self, *keys: str) -> None:
        for key in keys:
            self.hold(key)
            time.sleep(DOWN_S)
            self.hold()
            time.sleep(DOWN_S)

    def close(self) -> None:
        self.factory.reset()
        Device.pin_factory = self._before
