"""Everything that is asked of pyzk, and everything that can come of it: nothing but DeviceGone and ProtocolError.

pyzk has no seam for its socket; the private name that makes one is replaced on the instance, so pyproject.toml holds
pyzk below 1 and a test fails when the name goes. Its own ping, its own tables of punches and users, its live capture
and everything that locks or clears a machine are not used (see drivers.zk.codec and drivers.zk.guard for why).
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.zk import codec
from drivers.zk.guard import Guard

T = TypeVar("T")
_TABLE_S = 6.0  # a table may take this many times as long as a question: 100 000 records at 100 KB/s


@dataclass(frozen=True, slots=True)
class Counts:
    """What the machine says it holds; capacity 0 when it does not say."""

    users: int
    records: int
    capacity: int


class Client:
    """One machine. Raises DeviceGone when it is not there (any more), ProtocolError when it makes no sense."""

    def __init__(self, host: str, port: int, *, udp: bool, key: int, timeout_s: float) -> None:
        try:
            self._zk: Any = importlib.import_module("zk.base").ZK
        except ImportError:
            raise OptionError("the driver zk needs the package pyzk: pip install 'hazri[zk]'") from None
        self._where = f"{host}:{port}"
        self._udp, self._key, self._timeout_s = udp, key, timeout_s
        self._guard = Guard(host, port, udp=udp, timeout_s=timeout_s)
        try:
            self._machine = self._make(host, port)
            self._ask("connect", self._machine.connect)
        except (DeviceGone, ProtocolError):
            self._guard.hang_up()
            raise

    def _make(self, host: str, port: int) -> Any:
        machine = self._zk(
            host, port, timeout=self._timeout_s, password=self._key, force_udp=self._udp, ommit_ping=True
        )
        machine._ZK__sock.close()  # it opened one to throw away

        def lend() -> None:
            machine._ZK__sock = self._guard

        machine._ZK__create_socket = lend
        machine.helper = _Reached()
        return machine

    def serial(self) -> str:
        return self._word("serial number", self._machine.get_serialnumber)

    def model(self) -> str:
        return self._word("name", self._machine.get_device_name)

    def firmware(self) -> str:
        return self._word("firmware", self._machine.get_firmware_version)

    def clock(self) -> datetime:
        """Local wall time, without a zone."""
        when = self._ask("clock", self._machine.get_time)
        if not isinstance(when, datetime):
            raise ProtocolError(f"{self._where}: no time on its clock")
        return when

    def counts(self) -> Counts:
        self._ask("sizes", self._machine.read_sizes)
        counts = Counts(*(getattr(self._machine, name) for name in ("users", "records", "rec_cap")))
        if min(counts.users, counts.records) < 0:
            raise ProtocolError(f"{self._where}: {counts.records} records, {counts.users} users")
        return counts

    def attendance(self) -> bytes:
        return self._table("attendance log", codec.ATTENDANCE, 0)

    def users(self) -> bytes:
        return self._table("user table", codec.USERS, codec.USERS_PART)

    def listen(self) -> bool:
        """Ask to be told of each punch; False from a machine that does not offer it."""
        try:
            self._ask("events", lambda: self._machine.reg_event(codec.EVENTS_OF_ATTENDANCE))
        except ProtocolError:
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Wait until the machine says that somebody punched; whether it did."""
        return self._guard.wait(seconds)

    def close(self) -> None:
        """From any thread; never raises."""
        self._guard.hang_up()

    def _word(self, what: str, ask: Callable[[], str]) -> str:
        """A name of the machine; empty from one that does not know it."""
        try:
            return "".join(c for c in str(self._ask(what, ask)) if c.isprintable())[:64].strip()
        except ProtocolError:
            return ""

    def _table(self, what: str, command: int, part: int) -> bytes:
        fetched = self._ask(what, lambda: self._machine.read_with_buffer(command, part), _TABLE_S)
        return bytes(fetched[0])

    def _ask(self, what: str, ask: Callable[[], T], patience: float = 1.0) -> T:
        self._guard.allow(self._timeout_s * patience)
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - pyzk raises struct, index, type and value errors besides its own
            fault = self._guard.fault
            if self._guard.closed:
                raise DeviceGone(f"{self._where}: closed") from None
            if fault is not None:
                raise type(fault)(f"{what}: {fault}") from None
            if "Unauthenticated" in str(error):
                raise DeviceGone(f"{self._where}: refuses the communication key; see key_file") from None
            raise ProtocolError(f"{self._where}: {what}: {str(error) or type(error).__name__}") from None


class _Reached:
    """Stands for pyzk's helper, which would open a second connection to see whether the first is worth trying."""

    def test_tcp(self) -> int:
        return 0
