"""`hazri-edge sensors`: drivers, settings, and what is plugged in, by sysfs alone."""

import json
from pathlib import Path

from drivers.registry import DRIVERS
from edge.devices import sensors
from edge.devices.sensors import Found
from edge.settings import Device
from tests.flow.terminal_site import run


def plug(root: Path, path: str, **facts: str) -> None:
    device = root / path
    device.mkdir(parents=True)
    for name, text in facts.items():
        (device / name).write_text(text + "\n")


def test_what_is_plugged_in_is_found_with_the_driver_that_reads_it(tmp_path: Path) -> None:
    plug(tmp_path, "sys/bus/usb/devices/1-1", idVendor="05ba", idProduct="000a")
    plug(tmp_path, "sys/bus/usb/devices/1-2", idVendor="1d6b", idProduct="0002")
    plug(tmp_path, "sys/bus/usb/devices/1-3", idVendor="225d", idProduct="000b")
    plug(tmp_path, "sys/bus/usb/devices/1-4", idVendor="2c0f", idProduct="1005")
    plug(tmp_path, "sys/class/tty/ttyUSB0/device")
    plug(tmp_path, "sys/class/tty/ttyAMA0")
    plug(tmp_path, "sys/class/video4linux/video0", name="Camera\x07 One", index="0")
    plug(tmp_path, "sys/class/video4linux/video1", name="Camera One", index="1")
    plug(tmp_path, "sys/class/input/event3/device", name="USB Numpad")
    plug(tmp_path, "sys/class/input/event4/device", name="Power Button")
    found = sensors.search(tmp_path)
    assert [(f.where, f.driver) for f in found] == [
        ("usb 1-1", "uru4000"),
        ("usb 1-3", ""),
        ("usb 1-4", "http_capture"),
        ("/dev/ttyUSB0", "zfm"),
        ("/dev/video0", "camera"),
        ("/dev/input/event3", "evdev"),
    ]
    assert found[4] == Found("/dev/video0", "Camera One", "camera"), "what a device calls itself is made printable"


def test_nothing_plugged_in_is_no_error(tmp_path: Path) -> None:
    assert sensors.search(tmp_path) == []


def test_every_driver_that_is_named_exists() -> None:
    assert {driver for _, _, driver, _ in sensors.USB} <= {*DRIVERS, ""}


def test_the_report_has_every_driver_with_its_options(tmp_path: Path) -> None:
    listing = sensors.report((Device("virtual", {"socket": "/x"}),), tmp_path)
    assert set(listing["drivers"]) == set(DRIVERS)
    for name, driver in listing["drivers"].items():
        assert set(driver["options"]) == set(DRIVERS[name].options)
        assert driver["network"] is DRIVERS[name].network
    assert listing["drivers"]["rdservice"]["features"] == ["sealed"]
    assert listing["settings"] == [{"driver": "virtual", "options": {"socket": "/x"}}]


def test_the_command_in_words_and_as_json(tmp_path: Path) -> None:
    config = tmp_path / "edge.toml"
    config.write_text("[[sensors]]\ndriver = 'virtual'\noptions = { socket = '/x' }\n")
    words = run("sensors")
    assert words.returncode == 0
    assert "in the settings: none" in words.stdout
    assert "bridge" in next(line for line in words.stdout.splitlines() if line.startswith("rdservice"))
    listing = json.loads(run("sensors", "--json", "--config", config).stdout)
    assert [device["driver"] for device in listing["settings"]] == ["virtual"]
