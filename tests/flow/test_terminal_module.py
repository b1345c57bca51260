"""The terminal process with a module that compares by itself, on a line too slow for pictures, beside a keypad.

The module is the pretended ZFM; what is laid on it are drawn fingers that nobody has.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.entry import Stage
from drivers.lines import Message
from drivers.zfm.sim import ZfmSim
from edge.people.module_template import FIRST_VERSION
from matching.synthetic import generate
from sync.record import Event, EventCode, Means
from tests.flow.terminal_site import Site, person

FIRST, SECOND = "012345", "654321"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Impressions of one finger for the keypad's own sensor, which the settings cannot take away."""
    out = tmp_path_factory.mktemp("synthetic") / "fingers"
    generate(2, 4, 7, out)
    return [out / f"10{finger}_{n}.png" for finger in (1, 2) for n in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def module() -> Iterator[ZfmSim]:
    sim = ZfmSim(Stage(variant="r307", pacing=False))
    yield sim
    sim.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, module: ZfmSim) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), patience_s=3)
    block = f'[[sensors]]\ndriver = "zfm"\noptions = {{ port = "{module.where}", baud = 57600 }}\n[policy]'
    site.config.write_text(site.config.read_text().replace("[policy]", block))
    site.people(site.authority.entry(person(1), FIRST), *(site.authority.entry(person(n), SECOND) for n in (2, 3)))
    site.start()
    site.wait(lambda: site.status()["devices"].get("zfm", {}).get("here", False))
    yield site
    assert site.stop() == 0


def lay(module: ZfmSim, finger: str) -> None:
    """After a while: a module that is looked at twenty times a second must see that the last finger went."""
    module.do("lift")
    time.sleep(0.3)
    module.do(f"place {finger}")


def enrol(site: Site, module: ZfmSim, one: bytes, pictures: list[Path], touches: list[str]) -> Message:
    """Pictures on the keypad's sensor first, then touches on the module."""
    left, more = list(pictures), list(touches)
    with site.hands() as hands, site.control() as control:
        seen = control.ask({"do": "enrol", "person": one.hex(), "finger": 1})
        while "ok" not in seen:
            if seen.get("event") == "place" and left:
                hands.ask({"do": "lift"})
                hands.ask({"do": "place", "picture": str(left.pop(0))})
            elif seen.get("event") == "place" and more:
                lay(module, more.pop(0))
            seen = control.next()
        hands.ask({"do": "lift"})
    module.do("lift")
    return seen


def punch(site: Site, module: ZfmSim, digits: str, *touches: str) -> Message:
    left = list(touches)
    with site.hands() as hands, site.control() as eyes:
        eyes.ask({"do": "watch"})
        hands.ask({"do": "press", "keys": [*digits, "enter"]})
        while (seen := eyes.next()).get("event") != "outcome":
            if seen.get("state") == "place" and left:
                lay(module, left.pop(0))
    module.do("lift")
    return seen


def test_a_finger_is_enrolled_on_the_module_and_known_by_it(site: Site, module: ZfmSim, pictures: list[Path]) -> None:
    """The punch says finger, with the score of one that just passes; the module's own figures are in the event."""
    answer = enrol(site, module, person(1), pictures[:3], ["1_1", "1_2", "1_1"])
    assert answer["ok"], answer
    versions = [
        r.detail["version"] for _, r in site.records() if isinstance(r, Event) and r.code is EventCode.ENROLMENT
    ]
    assert versions[:3] == [1, 2, 3]
    assert all(isinstance(version, int) and version > FIRST_VERSION for version in versions[3:])
    assert len(versions) >= 5
    seen = punch(site, module, FIRST, "1_2")
    assert (seen["outcome"], seen["person"]) == ("accepted", person(1).hex())
    record = site.punches()[seen["seq"]]
    assert (record.means, record.score) == (Means.FINGER, 500)
    said = [r for seq, r in site.records() if isinstance(r, Event) and r.detail.get("punch") == seen["seq"]]
    assert [one.detail["what"] for one in said] == ["on_module"]
    assert str(said[0].detail["family"]).startswith("zfm")
    score = said[0].detail["score"]
    assert isinstance(score, int)
    assert score >= 30


def test_somebody_elses_finger_is_nobodys_on_the_module(site: Site, module: ZfmSim) -> None:
    assert punch(site, module, FIRST, "2_1", "2_2", "2_1")["outcome"] in ("no_match", "abandoned")
    assert punch(site, module, SECOND, "1_1", "1_2")["outcome"] in ("no_match", "abandoned")


def test_the_module_finds_who_has_this_finger_already(site: Site, module: ZfmSim, pictures: list[Path]) -> None:
    """S5: with the same digits; the module compares, because nobody else can read its templates."""
    answer = enrol(site, module, person(2), pictures[4:7], ["2_1", "2_2", "2_1"])
    assert answer["ok"], answer
    answer = enrol(site, module, person(3), pictures[:3], ["2_2", "2_1", "2_2"])
    assert not answer["ok"]
    assert "same digits" in answer["error"]
    assert punch(site, module, SECOND, "2_1")["person"] == person(2).hex()


def test_touches_that_the_module_tells_apart_are_not_enrolled_together(site: Site, module: ZfmSim) -> None:
    answer = enrol(site, module, person(1), [], ["3_1"])
    assert not answer["ok"]
