"""`hazri-edge capture`: which sensor, where the picture goes, and what is said in Hindi and in English."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivers.lines import LineClient
from drivers.virtual import codec
from edge import SetupError
from edge.devices import capture
from edge.settings import Device

PLACE = "उँगली सेंसर पर रखें / virtual: place a finger on the sensor"
Person = Callable[[], None]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "finger.png"
    cv2.imwrite(str(path), np.arange(120 * 100, dtype=np.uint32).reshape(120, 100).astype(np.uint8))
    return path


class Bench:
    """A virtual sensor, and a person who does the next thing each time something is said."""

    def __init__(self, folder: Path) -> None:
        self.socket, self.out = folder / "v.sock", folder / "out" / "x.png"
        self.devices = [Device("virtual", {"socket": str(self.socket)})]
        self.told: list[str] = []

    def capture(self, *does: dict[str, Any], sensor: str = "", timeout_s: float = 10.0, out: Path | None = None) -> int:
        left = list(does)

        def tell(text: str) -> None:
            self.told.append(text)
            if left:
                with LineClient(self.socket) as hands:
                    assert hands.ask(left.pop(0)) == {"ok": True}

        return capture.run(self.devices, sensor, out or self.out, timeout_s, tell)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_picture_is_its_owners_alone_and_its_folder_is_made(bench: Bench, picture: Path) -> None:
    assert bench.capture({"do": "place", "picture": str(picture)}) == 0
    assert bench.out.stat().st_mode & 0o777 == 0o600
    assert codec.picture(bench.out.read_bytes()).shape == (120, 100)
    assert bench.told == [f"virtual: {PLACE}", f"100 × 120 px, 500 dpi, in {bench.out}"]


def test_who_does_it_wrong_is_told_and_has_another_go(bench: Bench, picture: Path) -> None:
    wipe = {"do": "advise", "advice": "wipe"}
    assert bench.capture(wipe, {"do": "place", "picture": str(picture)}) == 0
    assert bench.told[1] == "उँगली और शीशा पोंछें / Wipe the finger and the glass"


def test_who_does_it_wrong_and_goes_is_told_why_there_is_no_picture(bench: Bench) -> None:
    assert bench.capture({"do": "advise", "advice": "lift"}, timeout_s=0.2) == 1
    assert bench.told[1:] == [
        "उँगली उठाएँ / Lift the finger",
        "virtual: उँगली उठाएँ / Lift the finger; nothing was written",
    ]
    assert not bench.out.exists()


def test_nobody_there(bench: Bench) -> None:
    assert bench.capture(timeout_s=0.05) == 1
    assert bench.told[1] == "virtual: मिल गया, पर किसी ने इसे छुआ नहीं / Found, but nobody touched it; nothing was written"
    assert not bench.out.exists()


def test_a_sensor_that_is_away(bench: Bench) -> None:
    bench.devices = [Device("zfm", {"port": "/nowhere/sensor"})]
    assert bench.capture() == 1
    words = "zfm: नहीं मिला: तार और बिजली देखें / Not found: see to the cable and the power"
    assert bench.told == [f"{words} (/nowhere/sensor: nothing is plugged in there); nothing was written"]


def test_what_is_no_picture_is_garbled(bench: Bench, picture: Path) -> None:
    picture.write_bytes(picture.read_bytes()[:-40])
    assert bench.capture({"do": "place", "picture": str(picture)}) == 1
    assert "Found, but what it sent was garbled: see to the cable" in bench.told[1]


def test_the_sensor_that_is_named_is_taken(bench: Bench, picture: Path) -> None:
    bench.devices = [Device("zfm", {"port": "/nowhere"}), Device("evdev", {}), *bench.devices]
    assert bench.capture({"do": "place", "picture": str(picture)}, sensor="virtual") == 0
    with pytest.raises(SetupError, match="--sensor evdev: sensors that give pictures are zfm, virtual"):
        bench.capture(sensor="evdev")


@pytest.mark.parametrize(
    ("out", "words"), [("x.jpg", "ends in .png"), ("folder.png", "a folder"), ("finger.png/x.png", "is no folder")]
)
def test_a_place_where_no_picture_can_be_is_said_before_anybody_is_asked(
    out: str, words: str, bench: Bench, picture: Path
) -> None:
    (picture.parent / "folder.png").mkdir()
    with pytest.raises(SetupError, match=words):
        bench.capture(out=picture.parent / out)
    assert not bench.told


def test_no_right_to_write_is_said_before_anybody_is_asked(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # tests may run as root, who has every right
    with pytest.raises(SetupError, match="no right to write to"):
        bench.capture(out=tmp_path / "new" / "x.png")
    assert not bench.told


def test_a_place_where_nobody_may_look_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "is_dir", denied)
    with pytest.raises(SetupError, match=r"--out .*x\.png: Permission denied"):
        bench.capture()
    assert not bench.told
