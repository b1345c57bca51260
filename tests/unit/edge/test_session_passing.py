"""People known without digits: a face in passing, once, and only when everybody is ready to be searched. Pure."""

from dataclasses import replace

import pytest

from edge.people.facing import Seen
from edge.session import messages as m
from edge.session.messages import USUAL
from matching import Match
from sync.record import Means
from tests.unit.edge.machine import ABLE, ANNA, BINA, GREEN, RULES, STRANGER
from tests.unit.edge.test_session import Told

IN_PASSING = Seen(0.0, (0.0, 0.0, 9.0, 9.0), decision=Match(ANNA, 0.9, 0.0))
OTHER = Seen(0.0, (0.0, 0.0, 9.0, 9.0), decision=Match(BINA, 0.9, 0.0))


def shown(told: Told) -> str:
    return type(told.state).__name__


def passing(told: Told, seen: Seen, frames: int) -> Told:
    return told.tell(*(m.Faced(replace(seen, at_s=n / 10)) for n in range(frames)))


def test_a_face_is_known_in_passing_and_then_looked_at_alone() -> None:
    """Three frames against everybody begin a visit of that person; three more, and the challenge, end it."""
    rules = replace(RULES, identify_face=True)
    told = Told(rules)
    assert shown(told) == "IdentifyReady"
    passing(told, IN_PASSING, 2)
    assert shown(told) == "IdentifyReady"
    passing(told, IN_PASSING, 3)
    assert told.wanted == m.Find("")
    told.tell(m.Found((), USUAL, 0.0, 5))
    assert shown(told) == "LookAtCamera"
    assert [one.person for one in told.session.visit.people] == [ANNA]
    passing(told, IN_PASSING, 3)
    assert told.wanted == m.Record(ANNA, Means.FACE, 0.9, None, pytest.approx(0.4, abs=0.2), "")


def test_who_was_known_in_passing_must_leave_before_being_known_again() -> None:
    told = Told(replace(RULES, identify_face=True))
    passing(told, IN_PASSING, 3).tell(m.Found((), USUAL, 0.0, 5))
    passing(told, IN_PASSING, 3).tell(m.Recorded(GREEN), m.TimeUp())
    assert shown(told) == "IdentifyReady"
    passing(told, IN_PASSING, 9)
    assert shown(told) == "IdentifyReady"
    passing(told, OTHER, 3)  # somebody else need not wait
    assert told.wanted == m.Find("")


def test_faces_of_strangers_in_passing_begin_nothing() -> None:
    told = Told(replace(RULES, identify_face=True))
    passing(told, STRANGER, 9)
    assert shown(told) == "IdentifyReady"
    assert told.failures() == []


def test_while_everybody_is_being_prepared_digits_are_asked_for() -> None:
    told = Told(replace(RULES, identify=True), able=replace(ABLE, search=False))
    assert shown(told) == "Idle"
    assert shown(told.tell(m.Changed(ABLE))) == "IdentifyReady"
