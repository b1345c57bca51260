"""By which link the terminal reaches the world, and what that link costs: facts for whoever sends, no Readings.

    look()     NetworkManager and ModemManager over D-Bus; without them the kernel's own tables; and for a modem that
               nobody manages, AT commands on its port

Where a link is metered, punches go first and templates wait (S3); the identity of a terminal never depends on it (S4).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from drivers import DeviceGone, DriverError
from drivers.entry import Simulation, Simulator, Stage


class Kind(StrEnum):
    NONE = "none"
    LAN = "lan"
    WIFI = "wifi"
    GPRS = "gprs"  # any mobile network, whatever its generation
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Uplink:
    """The link that carries what leaves now.

    `signal_percent`: 0 to 100, None on a cable or when nobody says. `operator`: the mobile network's name. `at`: what
    time that network says it is, aware, None when it does not. `portal`: a login page stands before the world.
    """

    kind: Kind
    metered: bool = False
    signal_percent: int | None = None
    operator: str = ""
    at: datetime | None = None
    portal: bool = False


VARIANTS = {
    "sim800": "2G, echo on, answers +CREG and +CGREG, network time after AT+CLTS=1",
    "ec25": "LTE, echo on, answers +CEREG, sends +QIND unasked",
    "sim7600": "LTE, echo off, answers +CEREG, sends *PSUTTZ unasked",
}


def look(*, bus: str = "SYSTEM", at_port: str = "", root: Path = Path("/")) -> Uplink:
    """The uplink now. `at_port`: a serial port for AT commands, used only when nobody manages it (drivers.modem.owner).

    Never raises: what cannot be learnt is left out. Ends within some seconds.
    """
    from drivers.modem import managers, routes

    found = _tried(lambda: managers.look(bus)) or routes.look(root)
    if found.kind is not Kind.GPRS or not at_port or found.signal_percent is not None:
        return found
    asked = _tried(lambda: ask(at_port, bus=bus, root=root))
    if asked is None:
        return found
    return replace(found, signal_percent=asked.signal_percent, operator=found.operator or asked.operator, at=asked.at)


def ask(port: str, *, bus: str = "SYSTEM", root: Path = Path("/")) -> Uplink:
    """What a modem says on its AT port. Raises DeviceGone when the port is somebody else's or nobody answers."""
    from drivers.modem import owner
    from drivers.modem.modem import Modem
    from drivers.ports import SerialPort

    reason = owner.refusal(port, bus=bus, root=root)
    if reason:
        raise DeviceGone(f"{port}: {reason}")
    line = SerialPort(port, 115200)
    line.open()
    try:
        return Modem(line).look()
    finally:
        line.close()


def _tried(facts: Callable[[], Uplink | None]) -> Uplink | None:
    try:
        return facts()
    except DriverError:
        return None


def _start(stage: Stage) -> Simulation:
    from drivers.modem.sim import ModemSimulation

    return ModemSimulation(stage)


SIMULATOR = Simulator(VARIANTS, _start, library=False)
