"""`hazri-edge sensors --set-baud`: a serial module set to another speed, once, before it goes to its school.

At the speed most modules leave the factory with, a picture takes seven seconds. The module keeps what it is told here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from drivers import DriverError, OptionError, registry
from drivers.base import Driver, Informed
from drivers.entry import Options
from drivers.lines import listens
from edge import SetupError
from edge.settings import Device, Settings

BAUDS = (9600, 19200, 38400, 57600, 115200)
"""What every driver finds again by itself."""

FASTER = "hazri-edge sensors --set-baud 115200"


@runtime_checkable
class Tunable(Protocol):
    """A device that keeps the speed of its line."""

    def set_baud(self, baud: int) -> None:
        """Of the open device. Raises DeviceGone, ProtocolError."""
        ...


def set_baud(settings: Settings | None, baud: int, driver: str, port: str, tell: Callable[[str], None]) -> int:
    """Set the module that `port` or else the settings name; the exit code. Raises SetupError, OptionError."""
    if settings is not None and listens(settings.control):
        raise SetupError("the terminal is running and holds the sensor: stop it first")
    device = Device(driver, {"port": port}) if port else _only(settings.sensors if settings else (), driver)
    name = f"{device.driver} at {device.options.get('port', '?')}"
    try:
        before = _facts(device.driver, device.options, baud)
        # Found anew, at whatever speed it answers now: that is what the terminal will do.
        after = _facts(device.driver, {**device.options, "baud": 0}, None)
    except OptionError:
        raise
    except DriverError as error:
        tell(f"{name}: {error}")
        return 1
    tell(f"{name}: {before.get('baud')} baud before, {after.get('baud')} now{_pictures(before, after)}")
    if device.options.get("baud") not in (None, 0, baud):
        tell(f"the settings say baud = {device.options['baud']}: make that {baud}, or leave it out")
    return 0 if after.get("baud") == baud else 1


def _only(devices: Sequence[Device], driver: str) -> Device:
    """The one module of the settings that can be set."""
    found = [device for device in devices if device.driver == driver]
    if len(found) == 1:
        return found[0]
    ports = ", ".join(str(device.options.get("port")) for device in found)
    which = f"several {driver} sensors ({ports})" if found else f"no {driver} sensor"
    raise SetupError(f"the settings name {which}: say which one, as in --port /dev/hazri-serial")


def _facts(name: str, options: Options, baud: int | None) -> Mapping[str, Any]:
    """What the module says of itself; then, if wanted, it is set. Raises DriverError, SetupError."""
    driver: Driver = registry.make(name, options)
    if not isinstance(driver, Tunable):
        raise SetupError(f"{name}: its speed is not kept by the device, or it has none")
    try:
        driver.open()
        facts = dict(driver.info().details) if isinstance(driver, Informed) else {}
        if baud is not None:
            driver.set_baud(baud)
        return facts
    finally:
        driver.close()


def _pictures(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if "image_s" not in before or "image_s" not in after:
        return ""
    return f"; a picture took {before['image_s']} s, and takes {after['image_s']} s"
