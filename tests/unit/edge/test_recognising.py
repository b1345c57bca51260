"""Whose finger or face was read: nobody's who has left, and no answer before its time."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from drivers.base import Advice, DeviceTemplate, Matched, Modality, Scan
from edge.devices.supervisor import Got
from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.people.comparing import Comparer, Limits
from edge.people.gallery import People
from edge.people.identifying import Preparing
from edge.people.module_template import pack
from edge.people.onmodule import Job, Module
from edge.people.probes import Probes
from edge.people.recognising import MOST_ON_MODULE, Recogniser, Repeat
from edge.session.messages import Able, Hit, Miss
from edge.session.moves import Session, Visit
from edge.session.policy import Rules, View
from edge.session.states import Place, State, Typing
from matching import Modality as Part
from matching import Template
from sync.wire import SealedTemplate
from tests.unit.edge.people_site import SECRETS, close, entry, finger, people, sealed

A, B = b"A" * 8, b"B" * 8
DIGITS = "012345"
KEY = b"k" * 32
SCAN = Scan(np.zeros((8, 8), np.uint8), 500, Modality.FINGER)
MODULE = Module("zfm:3", 50)


class Settled:
    """What a picture shows is settled beforehand: the pipeline has tests of its own."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def __call__(self, scan: Scan) -> tuple[Template, View]:
        return self._template, View(None, 40, 200.0)

    def again(self, scan: Scan) -> list[Template]:
        return []


def looks_like(template: Template) -> Comparer:
    return Comparer(Settled(template), Limits(), search=Preparing(Part.FINGER, SECRETS))


def recogniser(found: People, comparer: Comparer, step_s: float = 0.0) -> Recogniser:
    return Recogniser(comparer, found, Troubles(Report("test", events=False)), step_s, Probes(None, KEY))


def on_module(person: bytes, version: int) -> SealedTemplate:
    return sealed(person, 1, version, pack(DeviceTemplate("zfm:3", bytes([version]))))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[People]:
    mine = [sealed(A, 1, 1, finger(1).to_bytes()), *(on_module(A, n) for n in range(2, 20))]
    other = [sealed(B, 1, 1, finger(2).to_bytes()), *(on_module(B, n) for n in range(2, 20))]
    found = people(tmp_path, entry(A, DIGITS, *mine), entry(B, DIGITS, *other))
    yield found
    close(found)


def test_a_picture_is_compared_with_those_who_have_the_digits_or_with_everybody(office: People) -> None:
    comparer = looks_like(finger(2, shaken=1))
    assert comparer.search
    comparer.search.follow(office.gallery)
    assert comparer.search.join(10)
    eyes = recogniser(office, comparer)
    eyes.hold(SCAN, 0.0)
    for digits in (DIGITS, None):
        hit = eyes.finger_of(digits)
        assert isinstance(hit, Hit)
        assert (hit.person, hit.supervisor) == (B, False)
    assert eyes.finger == (finger(2, shaken=1), View(None, 40, 200.0))
    assert eyes.finger_of("999999") is Miss.CLEAR


def test_somebody_who_left_since_the_search_was_prepared_is_nobody(office: People, tmp_path: Path) -> None:
    """R6.7"""
    comparer = looks_like(finger(2, shaken=1))
    assert comparer.search
    comparer.search.follow(office.gallery)
    assert comparer.search.join(10)
    left = people(tmp_path, entry(A, DIGITS))
    eyes = recogniser(left, comparer)
    eyes.hold(SCAN, 0.0)
    assert eyes.finger_of(None) is Miss.CLEAR
    close(left)


def test_a_module_is_sent_no_more_than_it_can_compare_while_somebody_waits(office: People) -> None:
    """And only to those it understands, and only while a finger is wanted."""

    def at(state: State) -> Session:
        return Session(Rules(), Able(), state, 0.0, Visit(digits=DIGITS))

    eyes = recogniser(office, looks_like(finger(1)))
    job = eyes.job(at(Place(1, None)), frozenset({"zfm:3"}))
    assert job
    assert len(job.candidates) == len(job.people) == MOST_ON_MODULE
    assert set(job.people) == {A, B}
    assert eyes.job(at(Place(1, None)), frozenset({"another"})) == Job()
    assert eyes.job(at(Place(1, None)), frozenset()) is None
    assert eyes.job(at(Typing(1)), frozenset({"zfm:3"})) is None


def test_what_a_module_says_is_held_until_the_next_reading(office: People) -> None:
    eyes = recogniser(office, looks_like(finger(1)))
    job = Job((DeviceTemplate("zfm:3", b"x"),) * 2, people=(A, B))
    eyes.hold(Got(Matched((0, 90), None), 0.0, 1, stream=False, module=MODULE, job=job), 0.0)
    hit = eyes.finger_of(DIGITS)
    assert isinstance(hit, Hit)
    assert hit.person == B
    assert eyes.verdict
    assert eyes.verdict.score == 90
    assert eyes.finger is None
    eyes.hold(SCAN, 1.0)
    assert eyes.verdict is None


def test_a_refusal_waits_for_the_next_step_of_time_and_a_match_does_not(office: People) -> None:
    """How long it took says nothing about whose digits they are."""
    eyes = recogniser(office, looks_like(finger(1, shaken=1)), step_s=0.2)
    for digits, waits in ((DIGITS, False), ("999999", True)):
        began = time.monotonic()
        eyes.hold(SCAN, began)
        result = eyes.finger_of(digits)
        assert isinstance(result, Hit) is not waits
        assert not waits or time.monotonic() - began >= 0.2


def heard() -> tuple[list[tuple[str, bytes | None]], Repeat]:
    told: list[tuple[str, bytes | None]] = []
    return told, lambda what, person, _at_s: told.append((what, person))


def test_a_picture_that_was_taken_before_counts_for_nobody(tmp_path: Path) -> None:
    """S8: it is told whose it was taken for, and only where it is anybody's."""
    found = people(tmp_path, entry(A, DIGITS, sealed(A, 1, 1, finger(1).to_bytes())), entry(B, "654321"))
    told, tell = heard()
    one = Recogniser(looks_like(finger(1)), found, Troubles(Report("test", events=False)), 0.0, Probes(None, KEY), tell)
    answers = []
    for at_s, digits in enumerate((DIGITS, DIGITS, "654321"), 1):
        one.hold(SCAN, float(at_s))
        answers.append(one.finger_of(digits))
    assert isinstance(answers[0], Hit)
    assert answers[1:] == [Advice.PLACE_AGAIN] * 2
    assert told == [("finger", A), ("finger", None)]
    close(found)


def test_a_touch_a_module_hands_over_twice_is_told_and_no_more(tmp_path: Path) -> None:
    """Who can play it again can say that it matched, too."""
    found = people(tmp_path, entry(A, DIGITS, on_module(A, 1)))
    told, tell = heard()
    one = Recogniser(looks_like(finger(1)), found, Troubles(Report("test", events=False)), 0.0, Probes(None, KEY), tell)
    touch = Matched((60,), DeviceTemplate("zfm:3", b"touch"))
    job = Job((DeviceTemplate("zfm:3", b"\1"),), people=(A,))
    for at_s in (1.0, 2.0):
        one.hold(Got(touch, at_s, 1, False, module=MODULE, job=job), at_s)
        assert isinstance(one.finger_of(DIGITS), Hit)
    assert told == [("module", A)]
    close(found)
