"""The terminal process with a virtual finger: every way a session can end, and what is in punches.db afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.lines import LineClient, Message
from matching.synthetic import generate
from sync.record import Event, EventCode, Flag, Kind
from tests.flow.terminal_site import Site, person


@pytest.fixture(scope="module")
def fingers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], Path]:
    """(finger, impression) -> picture, of four fingers that nobody has."""
    out = tmp_path_factory.mktemp("synthetic") / "fingers"
    generate(4, 6, 7, out)
    return {(f, i): out / f"{100 + f}_{i}.png" for f in range(1, 5) for i in range(1, 7)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, fingers: dict[tuple[int, int], Path]) -> Iterator[Site]:
    """Three enrolled people; the second and the third share their digits, a fourth has no finger enrolled."""
    site = Site(tmp_path_factory.mktemp("site"))
    digits = {1: "012345", 2: "654321", 3: "654321", 4: "777777"}
    site.people(*(site.authority.entry(person(n), d) for n, d in digits.items()))
    site.start()
    for n in (1, 2, 3):
        answer = site.enrol(person(n), 1, [fingers[n, i] for i in (1, 2, 3)])
        assert answer["ok"], answer
    yield site
    assert site.stop() == 0


Fingers = dict[tuple[int, int], Path]


def test_a_finger_enrolled_here_punches_at_once_and_leading_zeros_are_digits(site: Site, fingers: Fingers) -> None:
    """R1.1, R1.2: in with six digits and the right finger; green only when it is in punches.db."""
    seen = site.punch("012345", fingers[1, 4])
    assert seen["outcome"] == "accepted"
    punch = site.punches()[seen["seq"]]
    assert (punch.person, punch.kind) == (person(1), Kind.IN)
    assert punch.person.hex() == seen["person"]
    assert seen["touch_to_green_ms"] > 0


def test_a_double_tap_is_kept_and_flagged(site: Site, fingers: Fingers) -> None:
    """S14: the same person within a minute."""
    first = site.punch("012345", fingers[1, 4])
    again = site.punch("012345", fingers[1, 5])
    assert (first["outcome"], again["outcome"]) == ("accepted", "accepted")
    assert again["duplicate"]
    assert Flag.DUPLICATE in site.punches()[again["seq"]].flags
    assert again["kind"] == first["kind"]


@pytest.mark.parametrize("keys", ["12345", "0123456", "01234a", "12345६"])
def test_anything_but_six_digits_is_refused_before_the_sensor_lights(site: Site, keys: str) -> None:
    """R1.1: five, seven, letters, other scripts."""
    before = site.readings()
    assert site.punch(keys)["outcome"] == "wrong_digits"
    assert site.readings() == before


def test_digits_of_nobody_and_of_somebody_not_enrolled_look_like_a_wrong_finger(site: Site, fingers: Fingers) -> None:
    """Which digits exist is nobody's business: all are asked for a finger, and none is recognised."""
    before = site.readings()
    for digits in ("999999", "777777", "012345"):
        assert site.punch(digits, *[fingers[4, i] for i in (4, 5, 6)])["outcome"] == "no_match"
    assert site.readings() >= before + 3


def test_an_impostor_with_somebody_elses_digits(site: Site, fingers: Fingers) -> None:
    count = len(site.punches())
    for finger in (2, 3, 4):
        assert site.punch("012345", *[fingers[finger, i] for i in (4, 5, 6)])["outcome"] == "no_match"
    assert len(site.punches()) == count


def test_two_people_with_the_same_digits_are_told_apart(site: Site, fingers: Fingers) -> None:
    """S5: each finger finds its own person among all who have these digits."""
    for n in (2, 3):
        seen = site.punch("654321", fingers[n, 4])
        assert (seen["outcome"], seen.get("person")) == ("accepted", person(n).hex())


def test_a_finger_that_somebody_with_the_same_digits_has_is_not_enrolled_twice(site: Site, fingers: Fingers) -> None:
    """S5: enrolment refuses a biometric duplicate among people with the same digits."""
    before = site.status()["seq"]
    answer = site.enrol(person(3), 2, [fingers[2, i] for i in (4, 5, 6)])
    assert not answer["ok"]
    assert "same digits" in answer["error"]
    assert site.status()["seq"] == before


def test_somebody_who_is_not_on_the_roster_is_not_enrolled(site: Site, fingers: Fingers) -> None:
    """R6.5: terminals never create employees."""
    answer = site.enrol(person(9), 1, [fingers[4, 1]])
    assert not answer["ok"]
    assert "roster" in answer["error"]


def test_impressions_of_different_fingers_are_not_enrolled_together(site: Site, fingers: Fingers) -> None:
    """Each comes three times, to the last bit: the very same picture tells nothing new."""
    answer = site.enrol(person(4), 1, [fingers[n, 1] for n in (1, 2, 3, 4)] * 3, played=True)
    assert not answer["ok"]
    assert "agree" in answer["error"]
    assert site.punch("777777", fingers[1, 4])["outcome"] == "no_match"


def test_a_picture_without_a_finger_gets_advice(site: Site, tmp_path: Path, blank: bytes) -> None:
    """S1: what to do, and no comparison."""
    (tmp_path / "blank.png").write_bytes(blank)
    seen = site.punch("012345", *[tmp_path / "blank.png"] * 3)
    assert (seen["outcome"], seen["advice"]) == ("poor_image", "place_flat")


@pytest.mark.parametrize("harm", ["truncated", "flipped", "text", "empty"])
def test_a_damaged_picture_is_no_punch_and_the_terminal_goes_on(
    site: Site, fingers: Fingers, tmp_path: Path, harm: str
) -> None:
    whole = fingers[1, 4].read_bytes()
    middle = len(whole) // 2
    broken = {
        "truncated": whole[:middle],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "text": b"this is not a picture",
        "empty": b"",
    }[harm]
    (tmp_path / "broken.png").write_bytes(broken)
    bad = site.status()["bad_readings"]
    seen = site.punch("012345", *[tmp_path / "broken.png"] * 3)
    assert seen["outcome"] == "poor_image"
    assert site.status()["bad_readings"] == bad + 3
    reason = {"truncated": "cut short", "flipped": "damaged"}.get(harm, "not a PNG")
    site.wait(lambda: any(reason in e["reason"] for e in troubles(site) if "reason" in e))
    said = len(troubles(site))
    assert site.punch("012345", tmp_path / "broken.png", fingers[1, 5])["outcome"] == "accepted"
    site.wait(lambda: len(troubles(site)) == said + 1)
    assert troubles(site)[-1].get("over")


def troubles(site: Site) -> list[Message]:
    return [e for e in site.events if e["event"] == "trouble" and e["what"] == "reading"]


def test_an_ending_stays_on_the_screen_until_the_next_key(site: Site) -> None:
    """A key ends it at once, the clear key too; without a key it ends by itself."""
    with site.hands() as hands, site.control() as eyes:
        eyes.ask({"do": "watch"})
        seen = press(hands, eyes, "1", "enter")
        assert seen["outcome"] == "wrong_digits"
        seen = press(hands, eyes, "1", "clear")
        assert seen["outcome"] == "cleared"
        hands.ask({"do": "press", "keys": ["clear"]})
        assert eyes.next()["state"] == "idle"
        assert press(hands, eyes, "1", "enter")["outcome"] == "wrong_digits"
        assert eyes.next()["state"] == "idle"


def press(hands: LineClient, eyes: LineClient, *keys: str) -> Message:
    """The outcome; until then nothing but typing is shown."""
    hands.ask({"do": "press", "keys": keys})
    seen = eyes.next()
    while seen.get("state") == "typing":
        seen = eyes.next()
    return seen


def test_somebody_who_walks_away_leaves_nothing_behind(site: Site, fingers: Fingers) -> None:
    assert site.punch("012345")["outcome"] == "abandoned"
    assert site.punch("012345", fingers[1, 6])["outcome"] == "accepted"


def test_the_sensors_own_advice_is_passed_on(site: Site, fingers: Fingers) -> None:
    with site.hands() as hands, site.control() as eyes:
        eyes.ask({"do": "watch"})
        hands.ask({"do": "press", "keys": [*"012345", "enter"]})
        hands.ask({"do": "advise", "advice": "wipe"})
        seen = eyes.next()
        while seen.get("advice") != "wipe":
            seen = eyes.next()
        hands.ask({"do": "place", "picture": str(fingers[1, 4])})
        while seen.get("event") != "outcome":
            seen = eyes.next()
        hands.ask({"do": "lift"})
    assert seen["outcome"] == "accepted"


def test_the_log_begins_with_the_boot_and_holds_the_enrolments(site: Site) -> None:
    first = site.records()[0][1]
    assert isinstance(first, Event)
    assert first.code is EventCode.BOOT
    codes = [r.code for _, r in site.records() if isinstance(r, Event)]
    assert codes.count(EventCode.ENROLMENT) == 9
    assert codes.count(EventCode.BOOT) == 1


def test_a_new_roster_is_taken_up_without_a_restart(site: Site, fingers: Fingers) -> None:
    """R6.7: who has left is forgotten, although their finger was enrolled here."""
    keep = [site.authority.entry(person(n), d) for n, d in {2: "654321", 3: "654321", 4: "777777"}.items()]
    version = site.status()["roster_version"]
    site.people(*keep)
    site.wait(lambda: site.status()["roster_version"] == version + 1)
    assert site.punch("012345", fingers[1, 4], fingers[1, 5])["outcome"] == "no_match"
    site.people(*keep, site.authority.entry(person(1), "012345"))
    site.wait(lambda: site.status()["roster_version"] == version + 2)
    assert site.punch("012345", fingers[1, 4])["outcome"] == "accepted"


def test_no_digits_and_no_names_in_what_it_says_of_itself(site: Site) -> None:
    text = "".join(site.log) + str(site.events)
    assert "outcome" in text
    for secret in ("012345", "654321", "999999", "Synthetic"):
        assert secret not in text


@pytest.fixture
def blank() -> bytes:
    import cv2
    import numpy as np

    return cv2.imencode(".png", np.full((288, 256), 232, np.uint8))[1].tobytes()
