"""The units' walls, by systemd's own judgement, and what no judgement of its counts."""

import json
import re
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[3] / "systemd"
# Tenths, as --threshold wants them: no unit may become more exposed than this.
LIMITS = {
    "hazri-terminal": 5,
    "hazri-clock": 5,
    "hazri-sync": 10,
    "hazri-bridge": 10,
    "hazri-server": 12,
    "hazri-broker": 20,
    "hazri-backup": 5,
    "hazri-selftest": 5,
    "hazri-update": 14,
    "hazri-update-settle": 10,
}
LONG = ("hazri-terminal", "hazri-clock", "hazri-sync", "hazri-bridge", "hazri-server", "hazri-broker")


def settings(unit: str) -> dict[str, list[str]]:
    """Every value a unit gives to each name."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", (UNITS / f"{unit}.service").read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("unit", LIMITS)
def test_exposure(unit: str) -> None:
    """S8: what a hole in a program gives a stranger stays small."""
    path = UNITS / f"{unit}.service"
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={LIMITS[unit]}", "--no-pager", path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout.splitlines()[-1] + done.stderr


def test_the_gate_can_fail(tmp_path: Path) -> None:
    """The same unit with one wall less is refused at its own limit."""
    text = (UNITS / "hazri-terminal.service").read_text().replace("PrivateNetwork=yes\n", "")
    (tmp_path / "hazri-terminal.service").write_text(text)
    limit = f"--threshold={LIMITS['hazri-terminal']}"
    command = ["systemd-analyze", "security", "--offline=true", limit, tmp_path / "hazri-terminal.service"]
    assert subprocess.run(command, capture_output=True).returncode != 0


def test_every_long_unit_is_measured() -> None:
    """A new unit that runs Hazri's programs has to say how exposed it may be."""
    ours = {path.stem for path in UNITS.glob("*.service") if "/opt/hazri/bin/" in path.read_text()}
    ours -= {"hazri-firstboot", "hazri-stick@"}  # they make keys; what they may is said where they are
    assert ours <= set(LIMITS)


@pytest.mark.parametrize("unit", LIMITS)
def test_nothing_of_its_memory_reaches_a_disk(unit: str) -> None:
    """S8: no core, and no page of keys in a swap file."""
    given = settings(unit)
    assert given["LimitCORE"] == ["0"]
    assert given["MemorySwapMax"] == ["0"]


@pytest.mark.parametrize("unit", LONG)
def test_a_long_unit_is_watched_and_comes_back(unit: str) -> None:
    """S2: it says when it is ready, is started again whatever ends it, at a bounded rate; what hangs is ended."""
    given = settings(unit)
    assert given["Type"] == ["notify"]
    assert given["Restart"] == ["always"]
    assert int(given["RestartSec"][0]) >= 5
    assert given["StartLimitIntervalSec"] == ["0"]
    assert ("WatchdogSec" in given) == (unit != "hazri-broker")  # Mosquitto beats no heart


def test_who_holds_sensors_has_no_network_and_who_has_the_network_no_sensor() -> None:
    terminal, sync, bridge = (settings(f"hazri-{name}") for name in ("terminal", "sync", "bridge"))
    assert terminal["PrivateNetwork"] == ["yes"]
    assert terminal["RestrictAddressFamilies"] == ["AF_UNIX AF_NETLINK"]
    for other in (sync, bridge):
        assert other["PrivateDevices"] == ["yes"]
        assert "DeviceAllow" not in other


def test_each_process_is_given_its_own_keys_alone() -> None:
    """S8: the process with the network can sign no record and open no template."""

    def keys(unit: str) -> set[str]:
        return {value.split(":")[0] for value in settings(unit).get("LoadCredential", [])}

    assert keys("hazri-sync") == {"transport.key", "transport.crt", "ca.crt", "admission.json"}
    assert keys("hazri-terminal") == {"record.key", "admission.json"}  # the seal key it destroys itself
    handed = " ".join(settings("hazri-terminal")["ExecStartPre"])
    assert re.findall(r"keys/([\w.]+)", handed) == ["seal.key", "admin.pin"]
    assert keys("hazri-bridge") == set()
    assert settings("hazri-sync")["InaccessiblePaths"] == ["/var/lib/hazri/keys"]


def test_no_unit_is_judged_by_an_old_word() -> None:
    """The figures are of this systemd's own list: it still knows the walls that count most."""
    command = ["systemd-analyze", "security", "--offline=true", "--json=short", UNITS / "hazri-terminal.service"]
    judged = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    fields = {row["json_field"] for row in judged}
    assert {
        "PrivateNetwork",
        "PrivateUsers",
        "ProtectClock",
        "MemoryDenyWriteExecute",
        "CapabilityBoundingSet_CAP_SYS_ADMIN",
    } <= fields
