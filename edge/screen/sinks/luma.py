"""Small SPI panels (ILI9341, ST7789, …) through luma.lcd, which is loaded only when the settings name one."""

from importlib import import_module
from typing import Any

from PIL import Image

from edge import SetupError
from edge.screen.sinks.wires import DATA, LIGHT, RESET, Bus, Pins, Spi

_SPEED_HZ = 32_000_000
CHIPS = ("ili9341", "ili9486", "ili9488", "st7789")


class LumaPanel:
    """See edge.screen.sinks.display.Panel. `device`: any of luma's, a pretended one among them; on its `pins`."""

    def __init__(self, device: Any, pins: Pins | None = None) -> None:
        self._device, self._pins = device, pins

    @property
    def size(self) -> tuple[int, int]:
        return int(self._device.width), int(self._device.height)

    def show(self, image: Image.Image) -> None:
        self._device.display(image.convert(self._device.mode))

    def close(self) -> None:
        """Dark, and its pins free."""
        self._device.cleanup()
        if self._pins is not None:
            self._pins.close()


def spi_panel(chip: str, size: tuple[int, int], rotate: int = 0, bus: Bus | None = None) -> LumaPanel:
    """A panel on the Pi's first SPI bus and the pins of edge.screen.sinks.wires. Raises SetupError. `bus`: lgpio."""
    if chip not in CHIPS:
        raise SetupError(f"luma = {chip!r}: expected one of {', '.join(CHIPS)}")
    try:
        from luma.core.error import Error  # type: ignore[import-untyped]
        from luma.core.interface.serial import spi  # type: ignore[import-untyped]
        from luma.lcd import device  # type: ignore[import-untyped]

        bus = bus or import_module("lgpio")
    except ImportError as error:
        raise SetupError(f"{chip}: {error.name} is not installed: pip install 'hazri[pi]'") from None
    except OSError as error:  # lgpio's pipe
        raise SetupError(f"{chip}: {error}") from None
    from gpiozero.exc import GPIOZeroError  # type: ignore[import-untyped]

    pins = Pins()
    try:
        wire = spi(Spi(bus), pins, bus_speed_hz=_SPEED_HZ, gpio_DC=DATA, gpio_RST=RESET)
        make = getattr(device, chip)
        panel = make(wire, width=size[0], height=size[1], rotate=rotate // 90, gpio=pins, gpio_LIGHT=LIGHT)
    except (Error, GPIOZeroError, OSError, AttributeError, AssertionError) as error:
        pins.close()
        raise SetupError(f"luma {chip}: {error}") from None
    return LumaPanel(panel, pins)
