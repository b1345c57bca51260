"""Sensors on the network: pretended devices → bridge → terminal → log, and what happens when the bridge is not there.

The fingers are synthetic and the faces drawn: nobody has them.
"""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import pytest

from drivers.camera import NET_VARIANTS
from drivers.camera.sim import CameraSimulation
from drivers.entry import Stage
from drivers.http_capture.sim import CaptureSimulation
from matching import models
from matching.synthetic import generate
from sync.record import Means, SourceClass
from tests.flow.terminal_site import Site, person
from tests.flow.test_old_machines import Bridge
from tests.flow.test_terminal_faces import NETWORKS, NOT_TRIED, drawn, face_of, networks, skipping

DIGITS = "012345"


class Reader:
    """The glass of a reader behind a vendor's service: whose finger leaves, is seen to leave."""

    def __init__(self, folder: Path) -> None:
        self.sim = CaptureSimulation(Stage(tcp="127.0.0.1:0", variant="secugen", library=folder, pacing=False))

    def lay(self, picture: Path) -> None:
        self.lift()
        time.sleep(0.5)
        self.sim.do(f"touch {picture}")

    def lift(self) -> None:
        self.sim.do("lift")


class Networked:
    """A terminal with a keypad of its own; its finger sensor and its camera are on the network."""

    def __init__(self, folder: Path) -> None:
        self.pictures = folder / "fingers"
        generate(1, 5, 17, self.pictures)
        self.site = Site(folder, patience_s=8, policy="lockout_failures = 50\nface_turns = 0\n")
        self.reader = Reader(self.pictures)
        self.site.glass = self.reader  # type: ignore[assignment]
        faces = folder / "faces"
        faces.mkdir()
        cv2.imwrite(str(faces / "drawn.png"), drawn(210))
        self.camera = CameraSimulation(Stage(tcp="127.0.0.1:0", library=faces), NET_VARIANTS)
        with self.site.config.open("a") as file:
            file.write(
                f'[[sensors]]\ndriver = "http_capture"\n[sensors.options]\nshape = "secugen"\nglance_ms = 50\n'
                f'url = "{self.reader.sim.url}"\npin = "{self.reader.sim.pin}"\n'
                f'[[sensors]]\ndriver = "camera_net"\noptions = {{ url = "{self.camera.where}", frozen_ms = 0 }}\n'
            )
        if NETWORKS:
            text = self.site.config.read_text()
            self.site.config.write_text(text.replace(str(models.folder()), str(networks(folder / "networks"))))
        self.bridge: Bridge | None = None

    def here(self, *names: str) -> bool:
        devices = self.site.status()["devices"]
        return all(devices[name]["here"] for name in names)

    def close(self) -> None:
        if self.bridge is not None and self.bridge.process.poll() is None:
            assert self.bridge.end() == 0
        if self.site.process is not None:
            assert self.site.stop() == 0
        self.camera.close()
        self.reader.sim.close()


@pytest.fixture
def networked(tmp_path: Path) -> Iterator[Networked]:
    with closing(Networked(tmp_path)) as networked:
        yield networked


def test_a_finger_on_a_reader_of_the_network_becomes_a_punch(networked: Networked) -> None:
    """R1.1: the picture passes the bridge, and it alone has a network; enrolment goes the same way."""
    site, pictures = networked.site, networked.pictures
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    assert not networked.here("http_capture")
    networked.bridge = Bridge(site.config)
    site.wait(lambda: networked.here("http_capture", "camera_net"))
    answer = site.enrol(person(1), 1, [pictures / f"101_{n}.png" for n in (1, 2, 3)])
    assert answer["ok"], answer
    seen = site.punch(DIGITS, pictures / "101_4.png")
    assert (seen["outcome"], seen["person"]) == ("accepted", person(1).hex())
    punch = site.punches()[seen["seq"]]
    assert (punch.means, punch.source_class) == (Means.FINGER, SourceClass.AADHAAR_TERMINAL)


def test_when_the_bridge_dies_its_sensors_are_away_until_it_is_back(networked: Networked) -> None:
    """S9: nothing of the terminal's own depends on it."""
    site, pictures = networked.site, networked.pictures
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    networked.bridge = Bridge(site.config)
    site.wait(lambda: networked.here("http_capture"))
    assert site.enrol(person(1), 1, [pictures / f"101_{n}.png" for n in (1, 2, 3)])["ok"]
    networked.bridge.end(signal.SIGKILL)
    site.wait(lambda: not networked.here("http_capture"))
    assert site.status()["serving"]
    networked.bridge.start()
    site.wait(lambda: networked.here("http_capture"))
    assert site.punch(DIGITS, pictures / "101_4.png")["outcome"] == "accepted"
    networked.reader.sim.do("gone")
    site.wait(lambda: _touched_in_vain(networked))
    networked.reader.sim.do("back")
    site.wait(lambda: networked.here("http_capture"))
    assert site.punch(DIGITS, pictures / "101_5.png")["outcome"] == "accepted"


def _touched_in_vain(networked: Networked) -> bool:
    """The service says its reader is gone, which shows when somebody wants it."""
    with networked.site.hands() as hands:
        hands.ask({"do": "press", "keys": [*DIGITS, "enter"]})
    time.sleep(0.5)
    with networked.site.hands() as hands:
        hands.ask({"do": "press", "keys": ["clear"]})
    return not networked.here("http_capture")


def test_a_face_before_a_camera_of_the_network_becomes_a_punch(networked: Networked) -> None:
    if not NETWORKS:
        print(NOT_TRIED, file=sys.stderr)  # noqa: T201
        return
    site = networked.site
    folder = networked.site.folder / "networks"
    site.people(site.authority.entry(person(1), DIGITS, [face_of(site, folder, person(1))]))
    site.start()
    networked.bridge = Bridge(site.config)
    site.wait(lambda: networked.here("camera_net"))
    seen = skipping(site, DIGITS)
    assert (seen["outcome"], seen.get("means")) == ("accepted", "face")
    assert 0 < seen["touch_to_green_ms"] < 30_000, "from the picture by which the face was known"
