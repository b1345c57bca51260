"""Who may open which device: the terminal each that its unit lets it see, and nobody else any."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[3] / "systemd"
OWNERS = {"input": "input", "fb": "video", "alsa": "audio", "gpiochip": "gpio", "spi": "spi"}
"""By DeviceAllow's names, the groups that udev's own rules or Raspberry Pi OS's give them to."""
BY_RULE = {"ttyUSB", "ttyACM", "ttyAMA", "ttyS", "usb_device", "video4linux"}
FOR_RPICAM = {"media", "dma_heap"}  # group video's on Raspberry Pi OS, as the frame buffer is


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Members by group, as systemd-sysusers makes them on a fresh card."""
    root = tmp_path_factory.mktemp("root")
    (root / "etc").mkdir()
    told = (SYSTEMD / "sysusers.conf").read_bytes()
    subprocess.run(["systemd-sysusers", f"--root={root}", "-"], input=told, check=True, capture_output=True)
    lines = (line.split(":") for line in (root / "etc/group").read_text().splitlines())
    return {name: set(filter(None, members.split(","))) for name, _, _, members in lines}


def test_the_terminal_may_open_what_its_unit_shows_it(groups: dict[str, set[str]]) -> None:
    unit = (SYSTEMD / "hazri-terminal.service").read_text()
    shown = set(re.findall(r"^DeviceAllow=char-(\w+)", unit, re.MULTILINE))
    assert shown == {*OWNERS, *BY_RULE, *FOR_RPICAM}
    for kind in shown & OWNERS.keys():
        assert groups[OWNERS[kind]] == {"hazri-terminal"}, f"{kind}: nobody else has devices"
    assert "hazri-terminal" in groups["hazri"]


def test_who_reaches_for_pins_stands_where_it_may_write(tmp_path: Path) -> None:
    """lgpio's pipe; without it there is neither light nor buzzer, and no panel."""
    subprocess.run([sys.executable, "-c", "import lgpio"], cwd=tmp_path, check=True)
    assert list(tmp_path.glob(".lgd-nfy*"))
    for name in ("terminal", "firstboot"):
        unit = (SYSTEMD / f"hazri-{name}.service").read_text().splitlines()
        assert {"WorkingDirectory=/tmp", "PrivateTmp=yes", "ProtectSystem=strict"} <= set(unit)


def test_sensors_belong_to_the_group_hazri_and_pins_to_theirs() -> None:
    rules = (SYSTEMD / "60-hazri-sensors.rules").read_text().splitlines()
    matching = [line for line in rules if "GROUP=" in line and not line.startswith("#")]
    owners = {re.findall(r'GROUP="(\w+)"', line)[0] for line in matching}
    assert owners == {"hazri", "gpio", "spi"}
    assert all('MODE="0660"' in line for line in matching)
