"""The wires of an SPI panel on a Raspberry Pi: pins by gpiozero and the bus by lgpio, in the shape luma.lcd asks for.

luma would take RPi.GPIO and spidev, which know no Raspberry Pi 5 and have no wheels; what lights and buzzer use serves
as well, and its pretended pins serve for tests.
"""

import warnings
from typing import Any, Protocol

MODE = 0  # SPI's, as the panels' datasheets have it
DATA, RESET, LIGHT = 24, 25, 18
"""Broadcom numbers of the pins beside the bus: command or data, reset, and the light behind the panel."""


class Bus(Protocol):
    """lgpio's way to an SPI bus; what fails raises its `error`."""

    error: type[Exception]

    def spi_open(self, spi_device: int, spi_channel: int, baud: int, spi_flags: int) -> int: ...
    def spi_write(self, handle: int, data: bytes) -> int: ...
    def spi_close(self, handle: int) -> int: ...


class Pins:
    """What luma uses of RPi.GPIO. Raises gpiozero's errors."""

    LOW, HIGH, OUT = 0, 1, 0

    def __init__(self) -> None:
        self._pins: dict[int, Any] = {}

    def setup(self, pin: int, _way: int) -> None:
        from gpiozero import DigitalOutputDevice  # type: ignore[import-untyped]
        from gpiozero.exc import PinFactoryFallback  # type: ignore[import-untyped]

        warnings.filterwarnings("ignore", category=PinFactoryFallback)  # what it tries before it gives up is no news
        self._pins[pin] = DigitalOutputDevice(pin)

    def output(self, pin: int, level: int) -> None:
        self._pins[pin].value = level

    def close(self) -> None:
        """Free for whoever comes next. Never raises."""
        for pin in self._pins.values():
            pin.close()
        self._pins.clear()


class Spi:
    """What luma uses of spidev. `max_speed_hz` is set after `open`, so the bus is opened by the first write."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._where = (0, 0)
        self._handle: int | None = None
        self.max_speed_hz = 0

    def open(self, bus: int, device: int) -> None:
        self._where = (bus, device)

    def writebytes(self, data: bytes | list[int]) -> None:
        """Raises OSError."""
        try:
            if self._handle is None:
                self._handle = self._bus.spi_open(*self._where, self.max_speed_hz, MODE)
            self._bus.spi_write(self._handle, bytes(data))
        except self._bus.error as error:
            raise OSError(f"SPI bus {self._where[0]}.{self._where[1]}: {error}") from None

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            self._bus.spi_close(handle)
