"""ZK machines through pyzk: each known fault of the machines, of the line and of pyzk, and what comes of it."""

import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import zk.base
from zk import ZK

from drivers import DeviceGone, OptionError, ProtocolError, registry
from drivers.base import Means, Recognition
from drivers.zk import codec
from drivers.zk.codec import Command, Entry, Packet
from drivers.zk.driver import ZkDriver
from drivers.zk.machine import FIRMWARES, SERIAL, Line, Machine
from drivers.zk.sim import ZkSim

MORNING = datetime(2026, 4, 1, 9, 0, 0)  # noqa: DTZ001 - wall time of a machine
READ_ONLY = {
    *(Command.CONNECT, Command.AUTH, Command.EXIT, Command.OPTION, Command.VERSION, Command.GET_TIME, Command.SIZES),
    *(Command.EVENT, Command.TABLE, Command.CHUNK, Command.FREE, Command.OK),
}


@contextlib.contextmanager
def stood(variant: str, **options: str | int) -> Iterator[tuple[ZkSim, ZkDriver]]:
    """A pretended machine, and the driver on it, not opened yet."""
    with closing(ZkSim(Machine(FIRMWARES[variant]))) as sim, closing(driver(sim.port, **options)) as made:
        yield sim, made


def driver(port: int, **options: str | int) -> ZkDriver:
    made = registry.make("zk", {"host": "127.0.0.1", "port": port, "poll_s": 1, "timeout_s": 2, **options})
    assert isinstance(made, ZkDriver)
    return made


def taken(driver: ZkDriver, timeout_s: float = 0.0) -> list[Recognition]:
    """Everything that is there, each taken as it comes; what the driver says in between is left out."""
    found: list[Recognition] = []
    while True:
        try:
            reading = driver.read(timeout_s)
        except ProtocolError:
            continue
        if reading is None:
            return found
        assert isinstance(reading, Recognition)
        driver.taken(reading)
        found.append(reading)


@pytest.mark.parametrize("variant", ["tcp40", "big", "wrapped", "quiet", "udp8", "udp16", "ma300"])
@pytest.mark.parametrize("udp", [False, True])
def test_pyzk_by_itself_takes_the_simulator_for_a_machine(variant: str, udp: bool) -> None:
    """The independent client reads what the pretended machine holds, over both transports."""
    with stood(variant) as (sim, _):
        sim.machine.punch("4", 1, when=MORNING)
        client = ZK("127.0.0.1", sim.port, timeout=5, force_udp=udp, ommit_ping=True)
        client._ZK__sock.close()  # it leaves one behind
        client.connect()
        assert client.get_serialnumber() == SERIAL
        assert {u.user_id for u in client.get_users()} == set(sim.machine.users.values())
        punches = client.get_attendance()
        client.disconnect()
        client._ZK__sock.close()
        assert len(punches) == len(sim.machine.entries)
        if variant != "ma300":  # whose order pyzk does not know
            assert (punches[-1].user_id, punches[-1].timestamp, punches[-1].punch) == ("4", MORNING, 1)


@pytest.mark.parametrize("variant", ["tcp40", "big", "wrapped", "miscount", "quiet", "udp8", "udp16", "ma300", "slow"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_every_variant_is_read_whole(variant: str, transport: str) -> None:
    with stood(variant, transport=transport, states=1, timeout_s=20) as (sim, driver):
        sim.machine.punch("4", 1, 2, MORNING)
        sim.machine.punch("17", when=MORNING + timedelta(minutes=1))
        driver.open()
        found = taken(driver)
        entries = sim.machine.entries
        assert [(r.badge, r.stamp.wall_ms if r.stamp else 0) for r in found] == [
            (e.badge, wall_ms(codec.unpack_time(e.when))) for e in entries
        ]
        assert (found[-2].means, found[-2].kind) == (Means.CARD, "out")
        assert set(sim.machine.seen) <= READ_ONLY  # never locked, cleared, or set


def wall_ms(when: datetime, zone: str = "Asia/Kolkata") -> int:
    return round(when.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def test_the_zone_of_the_settings_dates_an_entry_and_the_clock_is_compared_with_ours() -> None:
    with stood("tcp40", zone="Asia/Dubai") as (sim, driver):
        sim.machine.skew_s = 90 - 5400  # Dubai is an hour and a half behind India
        sim.machine.punch("4", when=MORNING)
        driver.open()
        (reading,) = taken(driver)
        assert reading.stamp is not None
        assert reading.stamp.wall_ms == wall_ms(MORNING, "Asia/Dubai")
        assert reading.stamp.offset_ms is not None
        assert abs(reading.stamp.offset_ms - 90_000) < 2_000
        assert reading.stamp.device == SERIAL


def test_an_entry_that_was_not_taken_comes_again_when_the_machine_does() -> None:
    with stood("tcp40") as (sim, driver):
        sim.machine.punch("4", when=MORNING)
        driver.open()
        first = driver.read(0)
        assert driver.read(0) is None  # not at once: whoever has it may be busy
        driver.close()
        driver.open()
        assert driver.read(0) == first
        assert isinstance(first, Recognition)
        driver.taken(first)
        driver.close()
        driver.open()
        assert driver.read(0) is None


def test_a_cleared_log_is_said_and_neither_loses_nor_doubles() -> None:
    with stood("tcp40") as (sim, driver):
        for n in range(5):
            sim.machine.punch(str(n + 1), when=MORNING)
        driver.open()
        assert len(taken(driver)) == 5
        unread = sim.machine.punch("9", when=MORNING + timedelta(hours=1))
        handed = driver.read(2)
        sim.machine.clear()
        sim.punch("8", when=MORNING + timedelta(hours=2))
        with pytest.raises(ProtocolError, match="shrank from 6 to 1"):
            driver.read(2)
        assert isinstance(handed, Recognition)
        assert handed.badge == unread.badge
        driver.taken(handed)  # cleared on the machine, but not lost
        assert driver.info().details["cleared"] == 1
        # The one log restored under the other doubles nothing that is still remembered.
        assert [r.badge for r in taken(driver)] in (["8"], [])
        sim.machine.entries = [unread, *sim.machine.entries]
        sim.punch("7", when=MORNING + timedelta(hours=3))
        assert "8" not in [r.badge for r in taken(driver, 1.5)]


def test_a_wrapped_log_goes_on_although_its_length_does_not_change() -> None:
    with stood("wrapped") as (sim, driver):
        driver.open()
        assert len(taken(driver)) == 20
        for n in range(3):
            sim.punch("5", when=MORNING + timedelta(days=1, minutes=n))
        assert len(sim.machine.entries) == 20
        assert [r.badge for r in taken(driver, 1.5)] == ["5"] * 3


def test_somebody_punches_while_the_log_is_fetched() -> None:
    """pyzk divides the log by a count it asked for before, and makes wrong records of it."""

    class Busy(Machine):
        hurry = 2

        def answer(self, raw: bytes, line: Line) -> list[bytes | None]:
            if codec.decode(raw)[0].command == Command.TABLE and self.hurry:
                self.hurry -= 1
                self.punch(str(20 + self.hurry), when=MORNING)
            return super().answer(raw, line)

    with closing(ZkSim(Busy(FIRMWARES["tcp40"]))) as sim, closing(driver(sim.port)) as reader:
        sim.machine.punch("1", when=MORNING)
        reader.open()
        assert sorted(r.badge for r in taken(reader)) == ["1", "20", "21"]


@pytest.mark.parametrize("size", [10, 12, 14, 32, 36, 52])
def test_a_live_event_of_any_length_is_no_punch_but_a_reason_to_look(size: int) -> None:
    """pyzk repeats the last punch for some lengths; here the log alone says who was there."""
    with stood("tcp40") as (sim, driver):
        driver.open()
        assert driver.read(0) is None
        sim.machine.event = lambda line, entry: codec.encode(  # type: ignore[method-assign]
            Packet(Command.EVENT, line.session, 0, b"\x01" * size)
        )
        sim.punch("AB-7", when=MORNING)  # with letters: pyzk's int() fails on them
        assert [r.badge for r in taken(driver, 1.5)] == ["AB-7"]


def test_an_entry_on_a_day_that_does_not_exist_is_left_and_said_once() -> None:
    with stood("tcp40") as (sim, driver):
        sim.machine.punch("1", when=MORNING)
        sim.machine.entries.append(Entry(2, "2", ((26 * 12 + 1) * 31 + 30) * 86_400, 1, 0))
        driver.open()
        with pytest.raises(ProtocolError, match="1 entries without a date"):
            driver.read(0)
        assert [r.badge for r in taken(driver)] == ["1"]
        assert driver.info().details["unusable"] == 1


def test_entries_from_before_are_left_alone() -> None:
    with stood("tcp40", since="2026-04-01") as (sim, driver):
        sim.machine.punch("1", when=MORNING - timedelta(days=1))
        sim.machine.punch("2", when=MORNING)
        driver.open()
        assert [r.badge for r in taken(driver)] == ["2"]


def test_a_locked_machine_wants_its_key(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("2718\n")
    with stood("commkey") as (sim, stranger), closing(driver(sim.port, key_file=str(key))) as friend:
        sim.machine.punch("1", when=MORNING)
        with pytest.raises(DeviceGone, match="key_file"):
            stranger.open()
        friend.open()
        assert len(taken(friend)) == 1


def test_lost_datagrams_are_asked_for_again() -> None:
    with stood("udp8", transport="udp", timeout_s=10) as (sim, driver):
        sim.machine.punch("1", when=MORNING)
        driver.open()
        sim.do("lose 2")
        assert [r.badge for r in taken(driver)] == ["1"]


def test_a_machine_that_hangs_up_in_the_middle_of_its_log_is_gone_and_then_read() -> None:
    """pyzk spins for ever on a connection that was closed."""
    with stood("tcp40") as (sim, driver):
        sim.machine.punch("1", when=MORNING)
        driver.open()
        sim.do("drop")
        with pytest.raises(DeviceGone):
            driver.read(0)
        driver.close()
        driver.open()
        assert [r.badge for r in taken(driver)] == ["1"]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_machine_that_falls_silent_is_gone_in_time(transport: str) -> None:
    with stood("tcp40", transport=transport, timeout_s=1) as (sim, driver):
        driver.open()
        sim.machine.answer = lambda *_: []  # type: ignore[method-assign]
        start = time.monotonic()
        with pytest.raises(DeviceGone):
            driver.read(0)
        assert time.monotonic() - start < 30


def test_a_machine_that_is_not_there_is_gone() -> None:
    with stood("tcp40") as (sim, driver):
        sim.unplug()
        with pytest.raises(DeviceGone):
            driver.open()
        sim.plug()
        driver.open()


def test_several_machines_at_once() -> None:
    with stood("tcp40") as (one, first), stood("udp8", transport="udp") as (two, second):
        one.machine.punch("1", when=MORNING)
        two.machine.punch("2", when=MORNING)
        for reader in (first, second):
            reader.open()
        assert ([r.badge for r in taken(first)], [r.badge for r in taken(second)]) == (["1"], ["2"])


def test_a_table_said_to_be_endless_is_not_fetched() -> None:
    """Bounded memory: pyzk believes any length."""

    class Endless(Machine):
        def _answer(self, asked: Packet, line: Line) -> list[bytes | None]:
            if asked.command == Command.TABLE:
                return [codec.encode(Packet(Command.OK, line.session, asked.reply, b"\0" + b"\xff\xff\xff\x7f" * 2))]
            if asked.command == Command.CHUNK:
                line.table = bytes(codec.TCP_CHUNK)
                asked = Packet(asked.command, asked.session, asked.reply, bytes(4) + asked.data[4:])
            return super()._answer(asked, line)

    with closing(ZkSim(Endless(FIRMWARES["tcp40"]))) as sim, closing(driver(sim.port)) as reader:
        sim.machine.punch("1", when=MORNING)
        reader.open()
        with pytest.raises((ProtocolError, DeviceGone)):
            reader.read(0)


def test_without_pyzk_the_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with stood("tcp40") as (_, driver):
        monkeypatch.setitem(sys.modules, "zk.base", None)
        with pytest.raises(OptionError, match=r"hazri\[zk\]"):
            driver.open()


def test_the_one_private_name_of_pyzk_that_is_used_is_there() -> None:
    """Its only way to a socket of ours; a version without it must not be taken."""
    machine: Any = zk.base.ZK("127.0.0.1")
    assert callable(machine._ZK__create_socket)
    machine._ZK__sock.close()


@pytest.mark.parametrize(
    ("option", "value"), [("zone", "Asia/Atlantis"), ("transport", "ipx"), ("since", "yesterday"), ("zone", "../x")]
)
def test_an_option_that_is_no_use_is_named(option: str, value: str) -> None:
    with pytest.raises(OptionError, match=f"{option} = .*expected"):
        registry.make("zk", {"host": "127.0.0.1", option: value})
