"""NetworkManager and ModemManager as python-dbusmock plays them, on a bus of our own."""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import unwrap_msg

from drivers import DeviceGone, modem
from drivers.entry import Stage
from drivers.modem import Kind, Uplink, owner
from drivers.modem.bus import NoBus, opened
from drivers.modem.managers import MM, MM_PATH, NM, NM_PATH
from drivers.modem.sim import ModemSimulation

DEBIAN = "/usr/bin/python3"  # python3-dbusmock is a package of Debian's
MOCK = "org.freedesktop.DBus.Mock"
DEVICE = f"{NM_PATH}/Devices/mock"
ACTIVE = f"{NM_PATH}/ActiveConnection/1"
MODEM = f"{MM_PATH}/Modem/0"


class Board:
    """A bus, and the services that were put on it."""

    def __init__(self) -> None:
        command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
        self._children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True)]
        assert self._children[0].stdout is not None
        self.address = self._children[0].stdout.readline().strip()
        self._line = open_dbus_connection(self.address)

    def start(self, *arguments: str) -> None:
        """One mocked service, ready when it has its name."""
        env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address}
        command = [DEBIAN, "-m", "dbusmock", "--system", *arguments]
        child = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._children.append(child)
        name = NM if "networkmanager" in arguments else MM
        for _ in range(400):
            if self.ask(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", "s", name
            )[0]:
                return
            select.select([], [], [], 0.05)
        raise AssertionError(f"{name} did not come")

    def ask(self, name: str, path: str, interface: str, method: str, signature: str = "", *given: Any) -> Any:
        message = new_method_call(DBusAddress(path, name, interface), method, signature or None, given)
        return unwrap_msg(self._line.send_and_get_reply(message, timeout=20))

    def close(self) -> None:
        self._line.close()
        for child in reversed(self._children):
            child.terminate()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()

    def network(self, kind: str, metered: int, connectivity: int = 4, **device: Any) -> None:
        """NetworkManager with one device whose connection is the primary one."""
        self.start("--template", "networkmanager")
        interface = ("s", device.pop("interface", "eth0"))
        extra = {"Interface": interface, "IpInterface": interface}
        self.add(NM, NM_PATH, DEVICE, f"{NM}.Device", extra)
        self.add(NM, NM_PATH, ACTIVE, f"{NM}.Connection.Active", {"Type": ("s", kind), "Devices": ("ao", [DEVICE])})
        primary = {"PrimaryConnection": ("o", ACTIVE), "PrimaryConnectionType": ("s", kind), "Metered": ("u", metered)}
        self.ask(NM, NM_PATH, MOCK, "AddProperties", "sa{sv}", NM, primary)
        self.ask(NM, NM_PATH, MOCK, "UpdateProperties", "sa{sv}", NM, {"Connectivity": ("u", connectivity)})

    def modem(self, **properties: tuple[str, Any]) -> None:
        """ModemManager with one modem."""
        self.start("-m", MM, MM_PATH, MM)
        ports = [("ttyUSB2", 3), ("ttyUSB3", 3), ("wwan0", 2)]
        modem = {"SignalQuality": ("(ub)", (58, True)), "PrimaryPort": ("s", "cdc-wdm0"), "Ports": ("a(su)", ports)}
        self.add(MM, MM_PATH, MODEM, f"{MM}.Modem", {**modem, **properties})
        self.ask(MM, MODEM, MOCK, "AddProperties", "sa{sv}", f"{MM}.Modem.Modem3gpp", {"OperatorName": ("s", "airtel")})
        self.answer_time('"2026-11-22T05:45:12+05:30"')

    def answer_time(self, text: str) -> None:
        how = ("GetNetworkTime", "", "s", f"ret = {text}")
        self.ask(MM, MODEM, MOCK, "AddMethod", "sssss", f"{MM}.Modem.Time", *how)

    def add(self, name: str, at: str, path: str, interface: str, properties: dict[str, tuple[str, Any]]) -> None:
        self.ask(name, at, MOCK, "AddObject", "ssa{sv}a(ssss)", path, interface, properties, [])


@pytest.fixture
def board() -> Iterator[Board]:
    with closing(Board()) as board:
        yield board


def look(board: Board, root: Path = Path("/nowhere")) -> Uplink:
    return modem.look(bus=board.address, root=root)


def test_a_cable(board: Board) -> None:
    board.network("802-3-ethernet", metered=4)
    assert look(board) == Uplink(Kind.LAN)


def test_wifi_with_its_strength_and_a_login_page_before_the_world(board: Board) -> None:
    """S4: NetworkManager's guess of a portal is told; whether the server is the server, its signature says."""
    board.network("802-11-wireless", metered=3, connectivity=2, interface="wlan0")
    point = f"{NM_PATH}/AccessPoint/1"
    board.add(NM, NM_PATH, point, f"{NM}.AccessPoint", {"Strength": ("y", 83)})
    wireless = {"ActiveAccessPoint": ("o", point)}
    board.ask(NM, DEVICE, MOCK, "AddProperties", "sa{sv}", f"{NM}.Device.Wireless", wireless)
    assert look(board) == Uplink(Kind.WIFI, metered=True, signal_percent=83, portal=True)


def test_a_mobile_link_with_operator_signal_and_network_time(board: Board) -> None:
    """S3: metered, unless somebody said that it is not."""
    board.network("gsm", metered=0, interface="cdc-wdm0")
    board.modem()
    noon = datetime(2026, 11, 22, 0, 15, 12, tzinfo=UTC)
    assert look(board) == Uplink(Kind.GPRS, metered=True, signal_percent=58, operator="airtel", at=noon)
    for text in ('"soon"', '"2026-11-22T05:45:12"', '""'):
        board.answer_time(text)
        assert look(board).at is None


def test_a_mobile_link_that_somebody_called_free(board: Board) -> None:
    board.network("gsm", metered=2)
    assert look(board) == Uplink(Kind.GPRS, metered=False)


def test_no_primary_connection_is_no_link(board: Board) -> None:
    board.start("--template", "networkmanager")
    board.ask(NM, NM_PATH, MOCK, "AddProperties", "sa{sv}", NM, {"PrimaryConnection": ("o", "/")})
    assert look(board) == Uplink(Kind.NONE)


def test_types_that_are_wrong_are_nothing_known(board: Board) -> None:
    board.network("gsm", metered=0)
    board.modem(SignalQuality=("s", "strong"), Ports=("s", "many"), PrimaryPort=("u", 7))
    wrong = {"Metered": ("s", "yes"), "Connectivity": ("as", ["x"])}
    for name, value in wrong.items():
        board.ask(NM, NM_PATH, MOCK, "UpdateProperties", "sa{sv}", NM, {name: value})
    found = look(board)
    assert (found.kind, found.metered, found.signal_percent, found.portal) == (Kind.GPRS, True, None, False)


def test_without_networkmanager_the_kernel_is_asked(board: Board, tmp_path: Path) -> None:
    assert look(board, tmp_path) == Uplink(Kind.NONE)


def test_a_service_that_does_not_run_is_not_started(board: Board) -> None:
    """A question must not bring up ModemManager, which then would take the port."""
    with opened(board.address) as bus:
        assert bus.ask(MM, MM_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects") is None
        assert bus.properties(MM, MM_PATH, MM) == {}
        assert bus.properties(MM, "no path", MM) == {}


def test_a_bus_that_is_none(tmp_path: Path) -> None:
    for address in ("unix:path=/nowhere", "nonsense", "tcp:host=127.0.0.1,port=1"):
        with pytest.raises(NoBus), opened(address):
            pass


def test_a_service_that_hangs_is_not_waited_for_long(board: Board) -> None:
    board.start("-m", MM, MM_PATH, MM)
    board.ask(MM, MM_PATH, MOCK, "AddMethod", "sssss", MM, "Hang", "", "", "import time; time.sleep(4)")
    with opened(board.address) as bus, pytest.raises(DeviceGone, match="no answer in time"):
        bus.ask(MM, MM_PATH, MM, "Hang")


# ── whose the port is ──


def test_a_port_that_modemmanager_has_is_never_opened(board: Board, tmp_path: Path) -> None:
    board.modem()
    assert owner.refusal("/dev/ttyUSB2", bus=board.address, root=tmp_path) == "ModemManager has it"
    assert owner.refusal("/dev/ttyUSB9", bus=board.address, root=tmp_path) is None
    with pytest.raises(DeviceGone, match="ModemManager has it"):
        modem.ask("/dev/ttyUSB3", bus=board.address, root=tmp_path)


def test_a_port_that_modemmanager_may_take_is_ours_only_by_a_rule(board: Board, tmp_path: Path) -> None:
    board.modem()
    with closing(ModemSimulation(Stage(pacing=False))) as sim:
        number = Path(sim.where).stat().st_rdev
        udev = tmp_path / "run/udev/data" / f"c{os.major(number)}:{os.minor(number)}"
        udev.parent.mkdir(parents=True)
        udev.write_text("I:1\nE:ID_MM_CANDIDATE=1\n")
        with pytest.raises(DeviceGone, match="ID_MM_PORT_IGNORE"):
            modem.ask(sim.where, bus=board.address, root=tmp_path)
        udev.write_text("E:ID_MM_CANDIDATE=1\nE:ID_MM_PORT_IGNORE=1\n")
        assert modem.ask(sim.where, bus=board.address, root=tmp_path).kind is Kind.GPRS
