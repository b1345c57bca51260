"""Small SPI panels (ILI9341, ST7789, …) through luma.lcd, which is loaded only when the settings name one."""

from typing import Any

from PIL import Image

from edge import SetupError

CHIPS = ("ili9341", "ili9486", "ili9488", "st7789")


class LumaPanel:
    """See edge.screen.sinks.display.Panel. `device`: any of luma's, its own pretended ones among them."""

    def __init__(self, device: Any) -> None:
        self._device = device

    @property
    def size(self) -> tuple[int, int]:
        return int(self._device.width), int(self._device.height)

    def show(self, image: Image.Image) -> None:
        self._device.display(image.convert(self._device.mode))

    def close(self) -> None:
        """Dark, and its pins free."""
        self._device.cleanup()


def spi_panel(chip: str, size: tuple[int, int], rotate: int = 0, spi_bus: int = 0, spi_device: int = 0) -> LumaPanel:
    """A panel on the Pi's SPI pins, wired as luma.lcd expects. Raises SetupError."""
    if chip not in CHIPS:
        raise SetupError(f"luma = {chip!r}: expected one of {', '.join(CHIPS)}")
    try:
        from luma.core.error import Error  # type: ignore[import-untyped]
        from luma.core.interface.serial import spi  # type: ignore[import-untyped]
        from luma.lcd import device  # type: ignore[import-untyped]
    except ImportError as error:
        raise SetupError(f"luma.lcd is not installed ({error.name}): pip install 'hazri[pi]'") from None
    try:
        wire = spi(port=spi_bus, device=spi_device, bus_speed_hz=32_000_000)
        return LumaPanel(getattr(device, chip)(wire, width=size[0], height=size[1], rotate=rotate // 90))
    except (Error, OSError, AttributeError, ImportError, AssertionError) as error:
        raise SetupError(f"luma {chip}: {error}") from None
