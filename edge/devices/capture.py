"""`hazri-edge capture`: one picture from one sensor of a stopped terminal, for the technician's bench."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from drivers import DriverError, OptionError, registry
from drivers.base import Feature, Retry, Scan
from edge import SetupError
from edge.devices.selftest import FACE, PLACE, VERDICTS, Verdict, patient_read, verdict
from edge.measuring import write_file
from edge.screen.words import ADVICE
from edge.settings import Device, named

Tell = Callable[[str], None]
NOTHING = "nothing was written"


def run(devices: Sequence[Device], wanted: str, out: Path, timeout_s: float, tell: Tell) -> int:
    """The exit code. `wanted`: a sensor's name, "" for the first. Raises SetupError, OptionError."""
    name, device = _chosen(devices, wanted)
    _check(out)
    sensor = registry.make(device.driver, device.options)
    try:
        sensor.open()
        ask = FACE if Feature.STREAM in sensor.features else PLACE
        tell(ask.fill(device=name).both)
        reading = patient_read(sensor, timeout_s, lambda words: tell(words.both))
    except OptionError:
        raise
    except DriverError as error:
        tell(f"{name}: {VERDICTS[verdict(error)].both} ({error}); {NOTHING}")
        return 1
    finally:
        sensor.close()
    if not isinstance(reading, Scan):
        words = ADVICE[reading.advice] if isinstance(reading, Retry) else VERDICTS[Verdict.UNTOUCHED]
        tell(f"{name}: {words.both}; {NOTHING}")
        return 1
    _write(out, reading)
    rows, columns = reading.image.shape[:2]  # a face has colours besides
    dpi = f", {reading.dpi:.0f} dpi" if reading.dpi else ""  # a camera has none
    tell(f"{columns} × {rows} px{dpi}, in {out}")
    return 0


def _chosen(devices: Sequence[Device], wanted: str) -> tuple[str, Device]:
    """By its name in the settings. Raises SetupError when there is none."""
    pictured = [(name, one) for name, one in named(devices) if Feature.IMAGE in registry.find(one.driver).features]
    for name, device in pictured:
        if wanted in ("", name):
            return name, device
    if not pictured:
        raise SetupError("the settings name no sensor that gives pictures")
    raise SetupError(f"--sensor {wanted}: sensors that give pictures are {', '.join(name for name, _ in pictured)}")


def _check(out: Path) -> None:
    """Before anybody is asked for a finger. Raises SetupError."""
    if out.suffix.lower() != ".png":
        raise SetupError(f"--out {out}: name a file that ends in .png")
    try:
        if out.is_dir():
            raise SetupError(f"--out {out}: a folder; name a file in it")
        there = next((path for path in (out, *out.parents) if path.exists()), out)
    except OSError as error:
        raise SetupError(f"--out {out}: {error.strerror}") from None
    if there is not out and not there.is_dir():
        raise SetupError(f"--out {out}: {there} is no folder")
    if not os.access(there, os.W_OK):
        raise SetupError(f"--out {out}: no right to write to {there}")


def _write(out: Path, scan: Scan) -> None:
    """A file only its owner can read. Raises SetupError."""
    import cv2

    _, png = cv2.imencode(".png", scan.image)
    write_file(out, png.tobytes(), 0o600)
