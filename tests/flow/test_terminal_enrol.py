"""Enrolling on the running terminal: several fingers, the best of them, a face; and people known without digits.

Fingers are synthetic and faces are drawn: nobody has them.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.lines import Message
from matching.synthetic import generate
from sync.record import Event, EventCode, Means
from tests.flow.terminal_site import Site, person, run
from tests.flow.test_terminal_faces import NOT_TRIED, film, networks, skipping, with_camera
from tests.unit.matching.test_face_engine import NETWORKS, drawn

Pictures = Mapping[int, Sequence[Path]]
THUMB, INDEX, LEFT = 1, 2, 6
DIGITS = "012345"


@pytest.fixture(scope="module")
def fingers(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Path]]:
    """By finger of the hand: a good one, a bad one and another good one."""
    out = tmp_path_factory.mktemp("synthetic")
    generate(2, 6, 7, out / "good", condition="good")
    generate(3, 6, 7, out / "worn", condition="worn")
    return {
        THUMB: [out / "good" / f"101_{n}.png" for n in range(1, 7)],
        LEFT: [out / "good" / f"102_{n}.png" for n in range(1, 7)],
        INDEX: [out / "worn" / f"103_{n}.png" for n in range(1, 7)],
    }


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, patience_s=2)
    yield site
    if site.process:
        assert site.stop() == 0


def enrol(site: Site, fingers: Pictures, **asked: object) -> tuple[Message, list[Message]]:
    """Lay down pictures of whichever finger is asked for; the answer, and what was told before it."""
    told: list[Message] = []
    laid = dict.fromkeys(fingers, 0)
    with site.hands() as hands, site.control() as control:
        seen = control.ask({"do": "enrol", "person": person(1).hex(), "fingers": list(fingers), **asked})
        while "ok" not in seen:
            told.append(seen)
            if seen.get("event") == "place":
                pictures = fingers[seen["finger"]]
                hands.ask({"do": "lift"})
                hands.ask({"do": "place", "picture": str(pictures[laid[seen["finger"]] % len(pictures)])})
                laid[seen["finger"]] += 1
            seen = control.next()
        hands.ask({"do": "lift"})
    return seen, told


def test_two_fingers_are_enrolled_one_after_the_other_and_either_punches(site: Site, fingers: Pictures) -> None:
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    answer, told = enrol(site, {LEFT: fingers[LEFT], THUMB: fingers[THUMB]})
    assert (answer["ok"], answer["fingers"]) == (True, [LEFT, THUMB])
    assert len(answer["seqs"]) == 6
    assert [t["finger"] for t in told if t["event"] == "finger"] == [LEFT, THUMB]
    for finger in (THUMB, LEFT):
        assert site.punch(DIGITS, fingers[finger][4])["outcome"] == "accepted"


def test_a_picture_that_does_not_match_is_said_and_not_counted(site: Site, fingers: Pictures) -> None:
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    laid = [fingers[THUMB][0], fingers[LEFT][0], *fingers[THUMB][1:]]
    answer, told = enrol(site, {THUMB: laid})
    assert answer["ok"], answer
    steps = [(t["event"], t.get("view")) for t in told if t["event"] != "finger"]
    second = steps.index(("differs", None))
    assert steps[second - 3 : second + 3] == [
        ("place", 1), ("view", 1), ("place", 2), ("differs", None), ("advice", None), ("place", 2),
    ]  # fmt: skip
    assert [view for step, view in steps if step == "view"] == [1, 2, 3]


def test_the_best_fingers_are_found_and_only_they_are_kept(site: Site, fingers: Pictures) -> None:
    """Best-finger detection: all are tried, the order is told and recorded, and the worn one is left out."""
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    answer, told = enrol(site, {INDEX: fingers[INDEX], THUMB: fingers[THUMB], LEFT: fingers[LEFT]}, best=2)
    assert answer["ok"], answer
    assert sorted(answer["fingers"]) == [THUMB, LEFT]
    worth = {t["finger"]: t["worth"] for t in told if t["event"] == "finger"}
    assert worth[answer["fingers"][0]] >= worth[answer["fingers"][1]] > worth[INDEX]
    said = [r.detail for _, r in site.records() if isinstance(r, Event) and r.detail.get("what") == "best_finger"]
    assert [list(one["order"])[:2] for one in said if isinstance(one["order"], bytes)] == [answer["fingers"]]
    views = [r.detail["finger"] for _, r in site.records() if isinstance(r, Event) and r.code is EventCode.ENROLMENT]
    assert INDEX not in views


def test_the_same_finger_is_not_enrolled_under_two_names(site: Site, fingers: Pictures) -> None:
    """What was recorded before that stays, and the answer says so."""
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    answer, _ = enrol(site, {THUMB: fingers[THUMB][:3], INDEX: fingers[THUMB][3:]})
    assert not answer["ok"]
    assert "already, as Right thumb" in answer["error"]
    assert "enrolled before that: Right thumb" in answer["error"]
    assert "पहले से दर्ज है: दायाँ अँगूठा" in answer["hi"]
    assert site.punch(DIGITS, fingers[THUMB][4])["outcome"] == "accepted"


@pytest.mark.parametrize(
    "asked",
    [
        {"fingers": [1, 1]},
        {"fingers": [11]},
        {"fingers": [True]},
        {"fingers": "1"},
        {"fingers": []},
        {"fingers": [1], "best": 2},
        {"fingers": [1], "impressions": 99},
        {"fingers": [1], "face": "yes"},
    ],
    ids=str,
)
def test_what_is_asked_wrongly_is_refused_in_words(running: Site, asked: dict[str, object]) -> None:
    with running.control() as control:
        answer = control.ask({"do": "enrol", "person": person(1).hex(), **asked})
    assert not answer["ok"]
    assert "expected" in answer["error"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), patience_s=2)
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    yield site
    assert site.stop() == 0


def test_a_face_cannot_be_enrolled_without_a_camera(running: Site) -> None:
    done = run("enrol", "--config", running.config, "--person", person(1).hex(), "--face")
    assert done.returncode == 1
    assert "no camera" in done.stdout
    done = run("enrol", "--config", running.config, "--person", person(1).hex())
    assert "name --fingers, --face or both" in done.stderr


def breathing(n: int) -> np.ndarray:
    """A face that is never twice the same picture."""
    frame = drawn(205 + 8 * np.sin(n / 7), x=320 + 6 * np.cos(n / 5))
    return np.asarray(cv2.add(frame, np.random.default_rng(n).integers(0, 8, frame.shape, np.uint8)))


def test_a_finger_and_a_face_are_enrolled_together_and_the_face_punches(
    site: Site, tmp_path: Path, fingers: Pictures
) -> None:
    """S1, S16: frames of one face are fused, and it is known by the next way."""
    if not NETWORKS:
        print(NOT_TRIED, file=sys.stderr)  # noqa: T201
        return
    with_camera(site, film(tmp_path / "face.avi", breathing, 200), networks(tmp_path / "networks"))
    site.people(site.authority.entry(person(1), DIGITS), site.authority.entry(person(2), DIGITS))
    site.start()
    site.wait(lambda: site.status()["devices"].get("camera", {}).get("here", False))
    answer, told = enrol(site, {THUMB: fingers[THUMB]}, face=True)
    assert (answer["ok"], answer["fingers"]) == (True, [THUMB, 0])
    assert [t["view"] for t in told if t["event"] == "view"][-3:] == [1, 2, 3]
    seen = skipping(site, DIGITS)
    assert (seen["outcome"], seen["means"], seen["person"]) == ("accepted", "face", person(1).hex())
    with site.control() as control:  # S5: the same face for somebody else with these digits
        answer = control.ask({"do": "enrol", "person": person(2).hex(), "face": True})
        while "ok" not in answer:
            answer = control.next()
    assert not answer["ok"]
    assert "has this face already" in answer["error"]


def test_a_face_that_does_not_turn_when_asked_is_not_enrolled_as_living(site: Site, tmp_path: Path) -> None:
    """A picture held before the camera."""
    if not NETWORKS:
        print(NOT_TRIED, file=sys.stderr)  # noqa: T201
        return
    with_camera(site, film(tmp_path / "face.avi", breathing, 200), networks(tmp_path / "networks"))
    site.config.write_text(site.config.read_text().replace("[policy]", "[policy]\nface_timeout_s = 3"))
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    site.wait(lambda: site.status()["devices"].get("camera", {}).get("here", False))
    before = site.status()["seq"]
    answer, told = enrol(site, {}, face=True, alive=True)
    assert not answer["ok"]
    assert any(t["event"] == "ask" for t in told)
    assert site.status()["seq"] == before


def test_a_face_is_known_in_passing_and_only_once(site: Site, tmp_path: Path) -> None:
    """identify = "face": nobody types anything, and who stays before the camera does not punch again and again."""
    if not NETWORKS:
        print(NOT_TRIED, file=sys.stderr)  # noqa: T201
        return
    with_camera(site, film(tmp_path / "face.avi", breathing, 200), networks(tmp_path / "networks"))
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    site.wait(lambda: site.status()["devices"].get("camera", {}).get("here", False))
    assert enrol(site, {}, face=True)[0]["ok"]
    assert site.stop() == 0
    site.config.write_text(site.config.read_text() + '\n[terminal]\nidentify = "face"\n')
    site.start()
    site.wait(lambda: len(site.punches()) == 1)
    (punch,) = site.punches().values()
    assert (punch.person, punch.means) == (person(1), Means.FACE)
    time.sleep(6)
    assert len(site.punches()) == 1
    assert site.status()["identify"] == "1 people"
