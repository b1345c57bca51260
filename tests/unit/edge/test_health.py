"""What the terminal says of itself: the machine's own words, the devices', and what sync adds to them."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from drivers.modem import Kind, Uplink
from edge.devices.checkup import Checkup
from edge.devices.supervisor import Bench, Slot
from edge.health import condition, machine
from edge.health.message import Reporter
from edge.health.report import Report
from edge.health.vitals import Clock, Vitals
from edge.session.policy import Rules
from edge.trust.certificate import days_left
from sync.health import Health, LinkKind, Sensor, SensorKind, SensorState, Serving, Throttled
from sync.record import ClockSource, Instant
from tests.unit.edge.test_supervisor import Sensor as Device

NOW = Instant(1, 1000, 1_798_000_000_000, ClockSource.NTP, 12)
ZK = Sensor("zk", SensorKind.MACHINE, SensorState.HERE)


def write(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_machine_tells_what_it_has(tmp_path: Path) -> None:
    """S12, S13"""
    write(tmp_path, "sys/class/thermal/thermal_zone0/temp", "61300\n")
    write(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    write(tmp_path, "proc/meminfo", "MemTotal:     1000 kB\nMemFree:  1 kB\nMemAvailable:    480 kB\n")
    write(tmp_path, "sys/block/mmcblk0/device/life_time", "0x01 0x03\n")
    found = machine.look(tmp_path, 2, tmp_path)
    assert (found.temperature_c, found.memory_free_percent, found.wear_percent, found.restarts) == (61, 48, 30, 2)
    now, once = Throttled.UNDER_VOLTAGE | Throttled.THROTTLED, Throttled.UNDER_VOLTAGE_ONCE | Throttled.THROTTLED_ONCE
    assert found.throttled == now | once
    assert found.storage_free_mb is not None
    assert found.uptime_s > 0


def test_a_machine_that_tells_nothing_is_no_error(tmp_path: Path) -> None:
    found = machine.look(tmp_path / "nowhere", 0, tmp_path)
    assert (found.temperature_c, found.throttled, found.wear_percent, found.storage_free_mb) == (None, 0, None, None)
    write(tmp_path, "sys/class/thermal/thermal_zone0/temp", "warm\n")
    write(tmp_path, "sys/block/mmcblk0/device/life_time", "0x00 0x00\n")
    found = machine.look(tmp_path, 0, tmp_path)
    assert (found.temperature_c, found.wear_percent) == (None, None)


def test_a_note_is_read_while_it_is_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "terminal.health"
    assert condition.noted(file) is None
    health = Health("0.1.0", Serving.SERVING, LinkKind.OTHER, sensors=(ZK,))
    condition.note(file, health)
    assert condition.noted(file) == health
    condition.note(tmp_path / "nowhere" / "file", health)
    later = condition.since_boot_ms() + 200_000
    monkeypatch.setattr(condition, "since_boot_ms", lambda: later)
    assert condition.noted(file) is None, "a terminal that ended or hangs"
    assert condition.noted(file, within_ms=None) == health


@given(st.binary(max_size=200))
def test_a_note_of_anything_else_is_none(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.health"
    file.write_bytes(data)
    assert condition.noted(file) is None


@pytest.fixture
def bench() -> Bench:
    return Bench([Slot("d0", Device)], 15.0)


def vitals(folder: Path, bench: Bench) -> Vitals:
    checkup = Checkup(bench, Rules(), None, Report("terminal", events=False))
    return Vitals(folder / "terminal.health", folder, bench, checkup, lambda: (ZK,))


def test_devices_clock_and_restarts_are_noted_and_news_at_once(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11"""
    monkeypatch.setattr("edge.health.vitals._LOOK_S", 0.0)
    first = vitals(tmp_path, bench)
    first.look(lambda: Clock(NOW, -1200), serving=True)
    found = condition.noted(tmp_path / "terminal.health")
    assert found is not None
    assert (found.serving, found.clock, found.clock_bound_ms, found.clock_offset_ms) == (2, ClockSource.NTP, 12, -1200)
    assert [(one.name, one.state) for one in found.sensors] == [("d0", SensorState.GONE), ("zk", SensorState.HERE)]
    assert found.machine.restarts == 0
    bench.workers[0].here = True
    first.look(lambda: Clock(NOW, None), serving=True)
    found = condition.noted(tmp_path / "terminal.health")
    assert found is not None
    assert found.faults == frozenset()
    vitals(tmp_path, bench).look(lambda: Clock(NOW, None), serving=False)
    found = condition.noted(tmp_path / "terminal.health")
    assert found is not None
    assert (found.machine.restarts, found.serving) == (1, Serving.UNABLE)


def day(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day, tzinfo=dt.UTC)


def certificate(folder: Path, ends: dt.datetime) -> Path:
    key, name = generate_private_key(SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "t-1")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(day(2020, 1, 1)).not_valid_after(ends)
    file = folder / "transport.crt"
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("ends", "days"),
    [(day(2026, 4, 1), 31), (day(2026, 2, 27), -2), (day(2051, 1, 1), 9072)],
)
def test_a_certificate_tells_when_it_ends(tmp_path: Path, ends: dt.datetime, days: int) -> None:
    """S15; from 2050 on it is written in another form"""
    assert days_left(certificate(tmp_path, ends), day(2026, 3, 1)) == days


@given(st.data())
def test_a_spoilt_certificate_has_no_end_or_some_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    file = folder / "transport.crt"
    if not file.exists():
        certificate(folder, day(2026, 4, 1))
        (folder / "whole.crt").write_bytes(file.read_bytes())
    text = bytearray((folder / "whole.crt").read_bytes())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255))
    file.write_bytes(text[: data.draw(st.integers(0, len(text)))])
    found = days_left(file, day(2026, 3, 1))
    assert found is None or isinstance(found, int)


def test_sync_adds_link_backlog_roster_and_certificate(tmp_path: Path, bench: Bench) -> None:
    ends = certificate(tmp_path, day(2026, 4, 1))
    true_s: list[float | None] = [None]
    version = [4]
    report = Reporter(
        tmp_path / "terminal.health",
        ends,
        lambda: Uplink(Kind.GPRS, metered=True, signal_percent=40),
        lambda: version[0],
        lambda: true_s[0],
    )
    alone = report(3, 50)
    assert (alone.serving, alone.link, alone.metered, alone.signal_percent) == (Serving.ABSENT, LinkKind.GPRS, True, 40)
    assert (alone.backlog, alone.oldest_s, alone.roster_version, alone.roster_age_s) == (3, 50, 4, None)
    assert alone.certificate_days is None, "nobody knows the time yet"
    vitals(tmp_path, bench).look(lambda: Clock(NOW, None), serving=True)
    version[0], true_s[0] = 5, day(2026, 3, 1).timestamp()
    both = report(0, 0)
    assert (both.serving, both.roster_age_s, both.certificate_days) == (Serving.SERVING, 0, 31)
