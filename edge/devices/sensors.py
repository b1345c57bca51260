"""`hazri-edge sensors`: which drivers there are, which devices the settings name, and what is plugged in."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drivers import OptionError, registry
from drivers.base import Feature
from edge.health.report import line as say
from edge.settings import Device

# USB vendor and product (None: any) to the driver that reads it. Numbers from the public usb.ids list and from
# libfprint's table of supported devices.
USB: tuple[tuple[str, str | None, str, str], ...] = (
    ("05ba", "0007", "uru4000", "DigitalPersona U.are.U 4000"),
    ("05ba", "0008", "uru4000", "DigitalPersona U.are.U 4000"),
    ("05ba", "000a", "uru4000", "DigitalPersona U.are.U 4000B, 4500"),
    ("045e", "00bb", "uru4000", "Microsoft keyboard with fingerprint reader"),
    ("045e", "00bc", "uru4000", "Microsoft wireless reader"),
    ("045e", "00bd", "uru4000", "Microsoft fingerprint reader"),
    ("045e", "00ca", "uru4000", "Microsoft fingerprint reader v2"),
    ("2c0f", "1005", "http_capture", "Mantra MFS100: through its vendor's service"),
    ("2c0f", None, "rdservice", "Mantra: through its vendor's service"),
    ("1162", None, "http_capture", "SecuGen: through its vendor's service"),
    ("225d", None, "", "Morpho: its vendor's library, as a plug-in"),
    ("0bca", None, "", "Startek: its vendor's library, as a plug-in"),
    ("1b55", None, "", "ZKTeco: its vendor's library, as a plug-in"),
    ("1491", None, "", "Futronic: its vendor's library, as a plug-in"),
    ("147e", None, "libfprint", "UPEK"),
    ("08ff", None, "libfprint", "AuthenTec"),
    ("138a", None, "libfprint", "Validity"),
    ("1c7a", None, "libfprint", "EgisTec"),
    ("04f3", None, "libfprint", "Elan (only its fingerprint readers)"),
)
_SERIAL = ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyS0")
_FACTS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """Something plugged in: where, what, and the driver that may read it ("": none of ours)."""

    where: str
    what: str
    driver: str


def run(devices: tuple[Device, ...], *, as_json: bool, root: Path = Path("/")) -> int:
    import json

    listing = report(devices, root)
    if as_json:
        say(json.dumps(listing))
        return 0
    for name, driver in listing["drivers"].items():
        place = "bridge" if driver["network"] else "terminal"
        say(f"{name:<14} {driver['summary']} ({', '.join(driver['features']) or 'nothing'}; {place})")
        for option, words in driver["options"].items():
            say(f"    {option:<14} {words}")
    say("")
    say("in the settings: " + (", ".join(device["driver"] for device in listing["settings"]) or "none"))
    say("plugged in:" if listing["found"] else "plugged in: nothing that is known here")
    for found in listing["found"]:
        say(f"    {found['where']:<20} {found['what']} → {found['driver'] or 'no driver of ours'}")
    return 0


def report(devices: tuple[Device, ...], root: Path = Path("/")) -> dict[str, Any]:
    """Drivers with features and options, the settings' devices, and what was found; as JSON."""
    return {
        "drivers": {name: _driver(name) for name in registry.names()},
        "settings": [{"driver": device.driver, "options": dict(device.options)} for device in devices],
        "found": [asdict(found) for found in search(root)],
    }


def search(root: Path = Path("/")) -> list[Found]:
    """What sysfs shows. Nothing is opened, so a running terminal is not disturbed."""
    return [*_usb(root), *_serial(root), *_video(root), *_keypads(root)]


def _driver(name: str) -> dict[str, Any]:
    try:
        entry = registry.find(name)
    except OptionError as error:
        return {"summary": str(error), "features": [], "network": False, "simulator": [], "options": {}}
    options = {
        option: f"{spec.doc} ({'must be given' if spec.default is None else repr(spec.default)})"
        for option, spec in entry.options.items()
    }
    return {
        "summary": entry.summary,
        "features": [str(feature.name).lower() for feature in Feature if feature in entry.features],
        "network": entry.network,
        "simulator": list(entry.simulator.variants) if entry.simulator else [],
        "options": options,
    }


def _usb(root: Path) -> Iterator[Found]:
    for device in sorted((root / "sys/bus/usb/devices").glob("*")):
        vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
        for known_vendor, known_product, driver, what in USB:
            if vendor == known_vendor and known_product in (None, product):
                yield Found(f"usb {device.name}", f"{vendor}:{product} {what}", driver)
                break


def _serial(root: Path) -> Iterator[Found]:
    for pattern in _SERIAL:
        for port in sorted((root / "sys/class/tty").glob(pattern)):
            if (port / "device").exists():
                yield Found(f"/dev/{port.name}", "a serial port: a fingerprint module or a modem", "zfm")


def _video(root: Path) -> Iterator[Found]:
    for camera in sorted((root / "sys/class/video4linux").glob("video*")):
        # A camera has several nodes; the first one of each gives pictures, the others what goes with them.
        if _read(camera / "index") in ("", "0"):
            yield Found(f"/dev/{camera.name}", _read(camera / "name") or "a camera", "camera")


def _keypads(root: Path) -> Iterator[Found]:
    for device in sorted((root / "sys/class/input").glob("event*")):
        name = _read(device / "device/name")
        if any(word in name.lower() for word in ("keypad", "numpad", "keyboard")):
            yield Found(f"/dev/input/{device.name}", name, "evdev")


def _read(path: Path) -> str:
    """One line of sysfs; empty when it is not there."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_FACTS).strip()
    except OSError:
        return ""
    return "".join(c for c in text if c.isprintable())
