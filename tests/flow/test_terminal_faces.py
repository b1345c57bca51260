"""The terminal process with a camera beside the sensor: faces as the next way, and none where a network is wrong.

The faces are drawn: nobody has them.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.lines import Message
from matching import models
from matching.face import Advice, Engine, View, fuse
from sync.record import Means, SourceClass
from sync.seal import seal_template
from sync.wire import CardFlag, SealedTemplate
from tests.flow.terminal_site import TERMINAL, Site, person
from tests.unit.matching.test_face_engine import FOLDER, NETWORKS, drawn

DIGITS = "012345"
NOT_TRIED = "not tried: a face before the terminal (set HAZRI_MODELS to a folder with the networks of faces)"
FACE_NETWORK = "face_detection_yunet_2023mar.onnx"


def networks(folder: Path) -> Path:
    """The networks of fingers and of faces in one folder."""
    folder.mkdir(exist_ok=True)
    for home in (models.folder(), FOLDER):
        for file in home.glob("*.onnx"):
            link = folder / file.name
            if not link.exists():
                link.symlink_to(file)
    return folder


def film(path: Path, frame: Callable[[int], np.ndarray], frames: int = 600) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (640, 480))
    for n in range(frames):
        writer.write(frame(n))
    writer.release()
    return path


def with_camera(site: Site, source: Path, folder: Path) -> None:
    text = site.config.read_text().replace(str(models.folder()), str(folder))
    camera = f'[[sensors]]\ndriver = "camera"\noptions = {{ source = "{source}", frozen_ms = 0 }}\n'
    site.config.write_text(text.replace("[policy]", camera + "[policy]\nface_turns = 0"))


def face_of(site: Site, folder: Path, who: bytes) -> SealedTemplate:
    """A face enrolled elsewhere, as it comes with the roster."""
    engine = Engine(folder)
    views = [engine.view(drawn(size)) for size in (180, 200, 230)]
    template = fuse([view.template for view in views if isinstance(view, View)])
    return seal_template(site.authority.seal, TERMINAL, who, 0, 1, template.to_bytes(), site.authority.template)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, patience_s=2)
    yield site
    if site.process:
        assert site.stop() == 0


def test_who_has_no_finger_to_lay_is_known_by_the_face(site: Site, tmp_path: Path) -> None:
    """S1, S16: ENTER says "not this way"; somebody whose card says so is asked for the face at once."""
    if not NETWORKS:
        print(NOT_TRIED, file=sys.stderr)  # noqa: T201
        return
    folder = networks(tmp_path / "networks")
    with_camera(site, film(tmp_path / "face.avi", lambda _n: drawn(210)), folder)
    face = face_of(site, folder, person(1))
    site.people(
        site.authority.entry(person(1), DIGITS, [face]),
        site.authority.entry(person(2), "654321", [], CardFlag.FACE_FIRST),
    )
    site.start()
    site.wait(lambda: site.status()["devices"].get("camera", {}).get("here", False))
    assert site.status()["faces"] == "ready"
    seen = skipping(site, DIGITS)
    assert (seen["outcome"], seen["means"], seen["person"]) == ("accepted", "face", person(1).hex())
    punch = site.punches()[seen["seq"]]
    assert (punch.means, punch.source_class) == (Means.FACE, SourceClass.AADHAAR_TERMINAL)
    with site.hands() as hands, site.control() as eyes:
        eyes.ask({"do": "watch"})
        hands.ask({"do": "press", "keys": [*"654321", "enter"]})
        while (shown := eyes.next()).get("state") in ("idle", "typing", "working"):
            pass
        assert shown["state"] == "look_at_camera"


def skipping(site: Site, digits: str) -> Message:
    """Digits, and ENTER at each finger that is asked for; the outcome."""
    with site.hands() as hands, site.control() as eyes:
        eyes.ask({"do": "watch"})
        hands.ask({"do": "press", "keys": [*digits, "enter"]})
        while (seen := eyes.next()).get("event") != "outcome":
            if seen.get("state") == "place":
                hands.ask({"do": "press", "keys": ["enter"]})
    return seen


def test_a_stranger_is_not_and_a_wall_gets_advice(site: Site, tmp_path: Path) -> None:
    if not NETWORKS:
        print(NOT_TRIED, file=sys.stderr)  # noqa: T201
        return
    folder = networks(tmp_path / "networks")
    with_camera(site, film(tmp_path / "wall.avi", lambda _n: np.full((480, 640, 3), 128, np.uint8)), folder)
    site.people(site.authority.entry(person(1), DIGITS, [face_of(site, folder, person(1))]))
    site.config.write_text(site.config.read_text().replace("[policy]", "[policy]\nface_timeout_s = 2"))
    site.start()
    site.wait(lambda: site.status()["devices"].get("camera", {}).get("here", False))
    advice: list[object] = []
    watching = threading.Thread(target=lambda: advice.extend(watch(site)))
    watching.start()
    assert skipping(site, DIGITS)["outcome"] == "abandoned"
    watching.join()
    assert Advice.NO_FACE.value in advice


def watch(site: Site) -> Iterator[object]:
    with site.control() as eyes:
        eyes.ask({"do": "watch"})
        while (seen := eyes.next()).get("event") != "outcome":
            yield seen.get("advice")


def test_a_wrong_network_disables_faces_and_not_the_terminal(site: Site, tmp_path: Path) -> None:
    """In words, in the log and in the status."""
    folder = networks(tmp_path / "networks")
    (folder / FACE_NETWORK).unlink(missing_ok=True)
    (folder / FACE_NETWORK).write_bytes(b"not this one")
    with_camera(site, film(tmp_path / "wall.avi", lambda _n: np.full((480, 640, 3), 128, np.uint8), 20), folder)
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    status = site.status()
    assert status["serving"]
    assert status["faces"].startswith("off: ")
    assert FACE_NETWORK in status["faces"]
    assert any(e["event"] == "trouble" and e["what"] == "faces" for e in site.events)
    assert skipping(site, DIGITS)["outcome"] == "abandoned"
