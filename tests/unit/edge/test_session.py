"""The terminal's state machine: what it never does, whatever happens, and what it does when."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import CLEAR, ENTER, Advice
from edge.people.facing import Seen
from edge.screen.scene import Colour, screen
from edge.session import messages as m
from edge.session import outcome, states
from edge.session.messages import USUAL
from edge.session.moves import Rung, Session, resting, seconds, wants
from edge.session.policy import Rules
from edge.session.step import begin, step
from matching import Match, NoMatch
from sync.record import Kind, Means
from tests.unit.edge import machine
from tests.unit.edge.machine import (
    ABLE,
    ANNA,
    CHIEF,
    CHIEF_HIT,
    EVENTS,
    HIT,
    PEOPLE,
    RULES,
    TWO,
    answers,
)

DOC = Path(__file__).parents[3] / "docs" / "terminal.md"


class Told:
    """A session that is told things one after the other, and what it wanted done."""

    def __init__(self, rules: Rules = RULES, able: m.Able = ABLE) -> None:
        self.session = begin(rules, able, 0.0)
        self.now_s = 0.0
        self.actions: list[m.Action] = []

    def tell(self, *events: m.Event, after_s: float = 0.1) -> "Told":
        for event in events:
            self.now_s += after_s
            self.session, actions = step(self.session, event, self.now_s)
            self.actions += actions
        return self

    def type(self, digits: str = "012345", found: tuple[m.Named, ...] = PEOPLE) -> "Told":
        return self.tell(*(m.Key(key) for key in (*digits, ENTER)), m.Found(found, USUAL, 0.0, 5))

    def touch(self, result: m.Hit | m.Miss | Advice) -> "Told":
        return self.tell(m.Touched(), m.Compared(result))

    @property
    def state(self) -> states.State:
        return self.session.state

    @property
    def ended(self) -> outcome.Outcome:
        last = self.actions[-1]
        assert isinstance(last, m.End)
        return last.outcome

    @property
    def wanted(self) -> m.Action:
        return self.actions[-1]

    def failures(self) -> list[str]:
        return [action.digits for action in self.actions if isinstance(action, m.Fail)]


# ---- what must always hold


@st.composite
def days(draw: st.DrawFn) -> list[tuple[Session, str, Session, tuple[m.Action, ...]]]:
    """A random day: any events in any order, with answers that fit what was asked, or with none."""
    finger, face = draw(st.sampled_from([(False, False), (True, False), (False, True)]))
    rules = replace(RULES, identify=finger, identify_face=face, captures=draw(st.integers(1, 4)))
    session, now_s, due, day = begin(rules, ABLE, 0.0), 0.0, dict[str, m.Event](), []
    for _ in range(draw(st.integers(1, 60))):
        now_s += draw(st.floats(0, 20))
        told = due if due and draw(st.booleans()) else EVENTS | due
        name = draw(st.sampled_from(sorted(told)))
        event = m.TimeUp() if now_s >= session.until_s and draw(st.booleans()) else told[name]
        after, actions = step(session, event, now_s)
        day.append((session, name, after, actions))
        session, due = after, answers(actions)
    return day


@given(days())
@settings(max_examples=150)
def test_nothing_is_green_that_was_not_recorded(
    day: list[tuple[Session, str, Session, tuple[m.Action, ...]]],
) -> None:
    """Green after COMMIT, and only then."""
    for before, what, after, _ in day:
        if screen(after.state).colour is Colour.GREEN and after.state != before.state:
            assert what == "recorded"


@given(days())
@settings(max_examples=150)
def test_from_anywhere_the_time_outs_lead_to_rest(
    day: list[tuple[Session, str, Session, tuple[m.Action, ...]]],
) -> None:
    session = day[-1][2]
    for _ in range(8):
        assert session.until_s < float("inf")
        session, actions = step(session, m.TimeUp(), session.until_s)
        assert not any(isinstance(action, m.Record | m.Note) for action in actions)
    assert isinstance(session.state, states.Idle | states.IdentifyReady | states.OutOfService)


@given(days())
@settings(max_examples=150)
def test_a_visit_without_an_end_is_bounded_in_pictures_and_keys(
    day: list[tuple[Session, str, Session, tuple[m.Action, ...]]],
) -> None:
    for _, _, after, _ in day:
        assert after.visit.pictures <= 2 * after.rules.captures
        assert len(after.visit.typed) <= 16
        assert not (resting(after.state) and after.visit.digits)


@given(days())
@settings(max_examples=150)
def test_one_thing_is_asked_at_a_time_and_every_end_is_shown(
    day: list[tuple[Session, str, Session, tuple[m.Action, ...]]],
) -> None:
    for _, _, after, actions in day:
        answers(actions)
        for action in actions:
            if isinstance(action, m.End):
                assert after.state == states.Done(action.outcome) or isinstance(
                    after.state, states.Locked | states.OutOfService
                )


@pytest.mark.parametrize("identify", [False, True])
def test_every_state_can_be_reached_and_left(identify: bool) -> None:
    ways = list(machine.explore(replace(RULES, identify=identify)))
    reached = {type(after.state) for _, _, after, _ in ways} | {type(before.state) for before, _, _, _ in ways}
    missing = set(get_args(states.State)) - reached
    assert missing == (set() if identify else {states.IdentifyReady})  # Idle is for faces alone then


def test_digits_nobody_has_take_the_same_way_as_somebody_elses() -> None:
    """Whatever the terminal shows is the same; only a supervisor learns that nobody has them."""
    for misses in ([m.Miss.CLEAR] * 2, [Advice.WIPE] * 4, [Advice.WIPE, m.Miss.CLEAR, m.Miss.CLEAR]):
        shown = []
        for people in (PEOPLE, ()):
            told = Told().type(found=people)
            states_seen = [told.state]
            for miss in misses:
                told.touch(miss)
                states_seen.append(told.state)
            told.tell(m.TimeUp(), m.TimeUp())
            shown.append((states_seen, told.state, told.ended, told.failures()))
        assert shown[0] == shown[1]


def test_the_drawing_is_the_machine() -> None:
    """Run `python -m tests.unit.edge.machine` and put its answer into the page when this fails."""
    text = DOC.read_text()
    assert machine.table(Rules()) in text
    assert machine.drawing() in text


# ---- typing (R1.1, R1.16, R4.6)


@pytest.mark.parametrize("digits", ["12345", "1234567", "12345a", "1234567890123456789"])
def test_anything_but_six_digits_ends_before_a_sensor_is_wanted(digits: str) -> None:
    """R1.1"""
    told = Told().tell(*(m.Key(key) for key in (*digits, ENTER)))
    assert told.ended == outcome.WrongDigits()
    assert wants(told.state) is m.Want.NOTHING


@pytest.mark.parametrize("kind", Kind)
def test_the_kind_is_chosen_by_key_or_by_menu_before_or_after_digits(kind: Kind) -> None:
    """R1.16, R4.6"""
    name, number = kind.name.lower(), str(list(Kind).index(kind) + 1)
    for keys in ([name, *"012345"], [*"012345", name], [ENTER, number, *"012345"], ["*", name, *"012345"]):
        told = Told().tell(*map(m.Key, (*keys, ENTER)), m.Found(PEOPLE, USUAL, 0.0, 5)).touch(HIT)
        assert isinstance(told.wanted, m.Record)
        assert told.wanted.kind is kind


def test_a_punch_began_with_the_first_key_of_the_session_that_succeeded() -> None:
    """Queue fairness: not that of an earlier session, and not the finger's."""
    told = Told().tell(m.Key("9"), m.Key(CLEAR))
    told.now_s = 100.0
    told.type().touch(HIT)
    assert isinstance(told.wanted, m.Record)
    assert told.wanted.began_s == pytest.approx(100.1)


def test_a_key_ends_what_is_shown_of_the_last_session() -> None:
    told = Told().type().touch(HIT).tell(m.Recorded(machine.GREEN))
    assert told.tell(m.Key("1")).state == states.Typing(1)


# ---- the ladder (S1)


def test_the_ladder_goes_from_finger_to_other_finger_to_face_to_supervisor() -> None:
    """S1"""
    told = Told().type()
    assert told.state == states.Place(1, None)
    assert told.touch(m.Miss.CLEAR).state == states.Place(2, None, other=True)
    assert told.touch(m.Miss.CLEAR).state == states.LookAtCamera()
    assert told.tell(m.TimeUp()).state == states.SuperviseTyping(0)
    assert told.tell(m.TimeUp()).ended == outcome.NoMatch()
    assert told.failures() == ["012345"]


def test_a_finger_that_still_lies_there_is_asked_to_lift_and_costs_no_try() -> None:
    """S11: at rest it is nobody's, be it a print on the glass; and nobody waits any longer for it."""
    told = Told().type().touch(m.Miss.NEAR)
    place, until_s, visit = told.state, told.session.until_s, told.session.visit
    assert isinstance(place, states.Place)
    for _ in range(2 * RULES.captures):
        assert told.tell(m.Advised(Advice.LIFT)).state == replace(place, advice=Advice.LIFT)
    assert (told.session.until_s, told.session.visit) == (until_s, visit)
    ready = Told(replace(RULES, identify=True))
    assert isinstance(ready.state, states.IdentifyReady)
    before = ready.session
    assert ready.tell(m.Advised(Advice.LIFT)).session == before


def test_a_near_miss_and_a_poor_picture_try_the_same_finger_again_with_advice() -> None:
    """S1: up to `captures` pictures of a finger."""
    told = Told().type().touch(m.Miss.NEAR)
    assert told.state == states.Place(2, Advice.PLACE_AGAIN)
    assert told.tell(m.Advised(Advice.WIPE)).state == states.Place(3, None, other=True)
    assert told.touch(Advice.PRESS_HARDER).state == states.Place(4, Advice.PRESS_HARDER, other=True)
    assert told.touch(HIT).wanted == m.Record(ANNA, Means.FINGER, 0.9, None, pytest.approx(0.1), "012345")


def test_without_a_camera_or_a_supervisor_the_ladder_is_short() -> None:
    told = Told(able=m.Able()).type().touch(m.Miss.CLEAR).touch(m.Miss.CLEAR)
    assert told.ended == outcome.NoMatch()


def test_poor_pictures_alone_are_no_failure() -> None:
    told = Told(able=m.Able()).type()
    for _ in range(2 * RULES.captures):
        told.touch(Advice.WIPE)
    assert told.ended == outcome.PoorImage(Advice.WIPE)
    assert told.failures() == []


def test_leaving_after_a_miss_is_a_failure_all_the_same() -> None:
    for leaving in (m.TimeUp(), m.Key(CLEAR)):
        told = Told().type().touch(m.Miss.CLEAR).tell(leaving)
        assert told.ended == outcome.NoMatch()
        assert told.failures() == ["012345"]


def test_two_who_cannot_be_told_apart_end_it() -> None:
    """S5"""
    assert Told().type(found=TWO).touch(m.Miss.TOO_CLOSE).ended == outcome.TooClose()


def test_enter_says_not_this_way() -> None:
    """S16: somebody without a finger to lay there."""
    assert Told().type().tell(m.Key(ENTER), m.Key(ENTER)).state == states.LookAtCamera()


def test_who_prefers_the_face_is_asked_for_it_first_and_patience_is_longer() -> None:
    """S16"""
    manner = m.Manner(patience=3.0, face_first=True)
    told = Told().tell(*map(m.Key, (*"012345", ENTER)), m.Found(PEOPLE, manner, 0.0, 5))
    assert told.state == states.LookAtCamera()
    assert told.session.until_s == pytest.approx(told.now_s + 3 * RULES.face_timeout_s)


def test_a_sensor_that_goes_in_the_middle_leads_on() -> None:
    told = Told().type().tell(m.Changed(m.Able(finger=False, face=True)))
    assert told.state == states.LookAtCamera()
    assert told.tell(m.Changed(m.Able(finger=False))).ended == outcome.SensorGone()
    assert told.state == states.OutOfService(states.Fault.SENSOR)
    assert told.session.until_s == pytest.approx(told.now_s + RULES.done_s), "it may be back soon"
    assert told.tell(m.TimeUp()).state == states.OutOfService(states.Fault.SENSOR)
    assert told.tell(m.Key("1")).state == states.OutOfService(states.Fault.SENSOR)
    assert told.tell(m.Changed(ABLE)).state == states.Idle()


@pytest.mark.parametrize("typed", [False, True])
def test_a_sensor_that_goes_before_a_supervisor_is_said_and_not_their_time(typed: bool) -> None:
    """Nobody is told that time is up when it is the machine that fails; the failure before it still counts."""
    told = Told(able=m.Able(vouched=True)).type().touch(m.Miss.CLEAR).touch(m.Miss.CLEAR)
    assert told.state == states.SuperviseTyping(0)
    if typed:
        told.type("111111", (m.Named(CHIEF, "Synthetic C"),))
        assert told.state == states.SupervisePlace(1, None)
    told.tell(m.Changed(m.Able(finger=False, vouched=True)))
    assert (told.state, told.ended) == (states.OutOfService(states.Fault.SENSOR), outcome.SensorGone())
    assert told.failures() == ["012345"]


def test_a_sensor_that_goes_while_digits_are_typed_is_said() -> None:
    told = Told(able=m.Able()).tell(*map(m.Key, "012345"), m.Changed(m.Able(finger=False)))
    assert isinstance(told.state, states.Typing)
    assert told.tell(m.Key(ENTER), m.Found(PEOPLE, USUAL, 0.0, 5)).ended == outcome.SensorGone()


def test_a_camera_alone_serves_faces() -> None:
    told = Told(able=m.Able(finger=False, face=True)).type()
    assert told.state == states.LookAtCamera()


def test_a_finger_nobody_asked_for_is_nobodys() -> None:
    """S11"""
    told = Told().tell(m.Touched())
    assert (told.state, told.actions) == (states.Idle(), [])


def test_a_dirty_glass_is_said_while_nobody_is_here() -> None:
    """S11"""
    dirty = replace(ABLE, dirty=True)
    assert Told(able=dirty).state == states.Idle(wipe=True)
    assert Told().tell(m.Changed(dirty)).state == states.Idle(wipe=True)
    assert Told(able=dirty).tell(m.Key("1")).state == states.Typing(1)


def test_late_answers_change_nothing() -> None:
    told = Told().tell(m.Compared(HIT), m.Found(PEOPLE, USUAL, 0.0, 1), m.PinTried(True, 0.0))
    assert (told.state, told.actions) == (states.Idle(), [])


# ---- faces


def seen(at_s: float, person: bytes | None = ANNA, yaw_deg: float = 0.0) -> m.Faced:
    decision = Match(person, 0.9, 0.0) if person else NoMatch(0.1)
    return m.Faced(Seen(at_s, (100.0, 100.0, 80.0, 90.0), yaw_deg, decision))


def test_a_face_is_a_punch_after_three_frames_and_two_turns() -> None:
    """The three-frame rule, then the challenge."""
    told = Told(replace(RULES, turns=2), m.Able(finger=False, face=True)).type()
    told.tell(seen(1.0), seen(1.1))
    assert told.state == states.LookAtCamera()
    told.tell(seen(1.2))
    at_s = 1.3
    for _ in range(2):
        assert isinstance(told.state, states.LookAtCamera)
        yaw_deg = 30.0 if told.state.ask is states.Ask.TURN_LEFT else -30.0
        for yaw in (0.0, yaw_deg, 0.0):
            assert not isinstance(told.actions[-1], m.Record)
            told.tell(seen(at_s := at_s + 0.1, yaw_deg=yaw))
    assert told.wanted == m.Record(ANNA, Means.FACE, 0.9, None, pytest.approx(0.1), "012345")


def test_the_wrong_turn_goes_on_to_the_next_way() -> None:
    told = Told(replace(RULES, turns=2)).type().tell(m.Key(ENTER), m.Key(ENTER))
    told.tell(seen(1.0), seen(1.1), seen(1.2))
    assert isinstance(told.state, states.LookAtCamera)
    wrong = -30.0 if told.state.ask is states.Ask.TURN_LEFT else 30.0
    assert told.tell(seen(1.3), seen(1.4, yaw_deg=wrong)).state == states.SuperviseTyping(0)


def test_frames_do_not_prolong_the_wait() -> None:
    told = Told(able=m.Able(finger=False, face=True)).type()
    until_s = told.session.until_s
    told.tell(*(seen(1.0 + n / 10, None) for n in range(20)))
    assert told.session.until_s == until_s
    assert told.tell(m.TimeUp()).ended == outcome.NoMatch()


# ---- the supervised punch (S1, S5, S6)


def vouching(found: tuple[m.Named, ...] = PEOPLE) -> Told:
    told = Told().type(found=found).tell(*[m.Key(ENTER)] * 3)
    assert told.state == states.SuperviseTyping(0)
    return told.type("654321", found=()).touch(CHIEF_HIT)


def test_a_supervisor_vouches_with_digits_finger_and_reason() -> None:
    """S1: flagged as what it is, never a lowered threshold."""
    told = vouching()
    assert told.state == states.SuperviseReason("Synthetic A")
    told.tell(m.Key("2"))
    why = m.Vouched(CHIEF, states.Reason.INJURED)
    assert told.wanted == m.Record(ANNA, Means.SUPERVISED, 0.9, None, pytest.approx(0.1), "012345", why)


def test_of_several_with_these_digits_the_supervisor_says_whom() -> None:
    """S5"""
    told = vouching(TWO)
    assert told.state == states.SuperviseWho(("Synthetic A", "Synthetic B"))
    assert told.tell(m.Key("9"), m.Key("2")).state == states.SuperviseReason("Synthetic B")


def test_digits_nobody_has_are_noted_for_the_office() -> None:
    """S6: transferred, and the roster has not followed yet."""
    told = vouching(())
    assert told.state == states.SuperviseReason("")
    told.tell(m.Key("5"))
    assert told.wanted == m.Note("012345", None, pytest.approx(0.1), m.Vouched(CHIEF, states.Reason.NEW))


def test_nobody_vouches_for_themselves() -> None:
    told = vouching((m.Named(CHIEF, "Synthetic C"),))
    assert told.ended == outcome.NotSupervised()


def test_who_is_no_supervisor_does_not_vouch() -> None:
    told = Told().type().tell(*[m.Key(ENTER)] * 3).type("654321").touch(HIT)
    assert told.ended == outcome.NotSupervised()
    other = Told().type().tell(*[m.Key(ENTER)] * 3).type("654321").touch(m.Miss.CLEAR)
    assert other.ended == outcome.NotSupervised()
    assert other.failures() == ["654321"]


def test_a_supervisors_near_miss_may_try_again() -> None:
    told = Told().type().tell(*[m.Key(ENTER)] * 3).type("654321").touch(m.Miss.NEAR)
    assert told.state == states.SupervisePlace(2, Advice.PLACE_AGAIN)
    assert told.touch(m.Miss.NEAR).ended == outcome.NotSupervised()


# ---- lockout, PIN, technician


def test_locked_digits_are_said_to_be_and_the_next_person_is_served() -> None:
    told = Told().tell(*map(m.Key, (*"012345", ENTER)), m.Found(PEOPLE, USUAL, 29.1, 5))
    assert (told.state, told.ended) == (states.Locked(30), outcome.LockedOut(30))
    assert told.tell(m.Key("1")).state == states.Typing(1)


def test_the_technician_needs_the_pin() -> None:
    told = Told().tell(*map(m.Key, (ENTER, "0", *"4711", ENTER)))
    assert told.wanted == m.TryPin("4711")
    assert told.tell(m.PinTried(False, 0.0)).state == states.Pin(0, wrong=True)
    assert told.tell(*map(m.Key, (*"4712", ENTER)), m.PinTried(True, 0.0)).state == states.Technician()
    assert told.tell(m.Key("1"), m.Opened((("seq", "7"),))).state == states.Technician(
        states.Page.STATUS, (("seq", "7"),)
    )
    assert told.tell(m.Key(CLEAR)).state == states.Technician()
    assert told.tell(m.Key(CLEAR)).state == states.Idle()


def test_the_technician_gets_in_when_nothing_else_works() -> None:
    told = Told(able=m.Able(finger=False)).tell(*map(m.Key, (ENTER, "1")))
    assert isinstance(told.state, states.ChooseKind)
    assert told.tell(m.Key("0")).state == states.Pin(0)


def test_a_pin_is_not_tried_while_it_is_locked() -> None:
    told = Told().tell(*map(m.Key, (ENTER, "0", "4", ENTER)), m.PinTried(False, 59.5))
    assert told.state == states.Locked(60)


# ---- without digits


def test_a_finger_is_known_without_digits_where_the_settings_say_so() -> None:
    told = Told(replace(RULES, identify=True)).tell(m.Touched())
    assert told.wanted == m.Find("")
    told.tell(m.Found((), USUAL, 0.0, 5))
    assert told.wanted == m.Identify()
    assert told.tell(m.Compared(HIT)).wanted == m.Record(ANNA, Means.FINGER, 0.9, None, pytest.approx(0.1), "")
    other = Told(replace(RULES, identify=True)).tell(m.Touched(), m.Found((), USUAL, 0.0, 5), m.Compared(m.Miss.NEAR))
    assert (other.ended, other.failures()) == (outcome.NoMatch(), [""])


def test_an_unwritable_disk_is_said_and_a_punch_is_tried_all_the_same() -> None:
    """S13: it may have recovered by now."""
    told = Told(able=replace(ABLE, disk=False))
    assert told.state == states.OutOfService(states.Fault.STORAGE)
    assert told.tell(m.Key("1")).state == states.Typing(1)


def test_enrolment_is_left_by_key_and_by_time() -> None:
    for state in (states.EnrolPlace(1, 3, None), states.EnrolFace(1, 3, None)):
        for leaving in (m.Key(CLEAR), m.TimeUp()):
            told = Told()
            told.session = replace(told.session, state=state)
            assert told.tell(leaving).state == states.EnrolDone(False)


def test_rungs_are_tried_once() -> None:
    told = Told().type()
    for _ in range(4):
        told.tell(m.Key(ENTER))
    assert told.session.visit.tried == () or len(set(told.session.visit.tried)) == len(told.session.visit.tried)
    assert len(Rung) == 5
    assert seconds(states.Working(), RULES) > 0
