"""The three-frame rule and the challenge: pure rules over what was seen."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import Match, NoMatch, TooClose
from matching.face import Action, Challenge, Observation, Verdict
from matching.face import parameters as p
from matching.face.frames import Streak
from matching.face.liveness import draw

ANNA, BERT = b"synthetic-a", b"synthetic-b"
BOX = (200.0, 100.0, 150.0, 200.0)


# ── three frames ──


def test_three_frames_in_a_row_make_a_match_with_the_worst_of_them() -> None:
    streak = Streak()
    for at_s, (score, runner_up) in enumerate([(0.8, 0.1), (0.6, 0.3), (0.9, 0.2)]):
        assert streak.match is None
        streak = streak.after(Match(ANNA, score, runner_up), at_s / 10)
    assert streak.match == Match(ANNA, 0.6, 0.3)


@pytest.mark.parametrize("between", [NoMatch(0.4), TooClose(0.8, 0.78), None, Match(BERT, 0.7, 0.0)])
def test_one_frame_that_disagrees_starts_again(between: object) -> None:
    streak = Streak()
    for at_s, decision in enumerate([Match(ANNA, 0.8, 0), Match(ANNA, 0.8, 0), between, Match(ANNA, 0.7, 0)]):
        streak = streak.after(decision, at_s / 10)  # type: ignore[arg-type]
        assert streak.match is None
    streak = streak.after(Match(ANNA, 0.7, 0), 0.5).after(Match(ANNA, 0.75, 0), 0.6)
    assert streak.match == Match(ANNA, 0.7, 0)


@pytest.mark.parametrize("gap_s", [p.FRAME_GAP_S + 0.1, -0.1, math.nan])
def test_frames_far_apart_or_out_of_order_are_not_in_a_row(gap_s: float) -> None:
    streak = Streak().after(Match(ANNA, 0.8, 0), 5.0).after(Match(ANNA, 0.8, 0), 5.1)
    streak = streak.after(Match(ANNA, 0.8, 0), 5.1 + gap_s)
    assert (streak.match, streak.count) == (None, 1)


def test_how_many_frames_is_a_setting_and_never_none() -> None:
    assert Streak(needed=1).after(Match(ANNA, 0.8, 0), 0).match is not None
    assert Streak(needed=0).match is None
    assert Streak(needed=5).after(Match(ANNA, 0.8, 0), 0).match is None


# ── the challenge ──

FRONT = Observation(0.0, BOX, yaw_deg=2.0, eyes=1.0, same=True)


def play(challenge: Challenge, *frames: Observation, every_s: float = 0.1) -> Challenge:
    """Show frames one after another, from the challenge's start or after its last frame on."""
    at_s = challenge.last.at_s if challenge.last else challenge.began_s
    for frame in frames:
        at_s += every_s
        challenge = challenge.after(replace(frame, at_s=at_s))
    return challenge


def turned(degrees: float) -> Observation:
    return replace(FRONT, yaw_deg=2.0 + degrees, same=None)


def way(action: Action) -> int:
    return {Action.TURN_LEFT: 1, Action.TURN_RIGHT: -1}[action]


def turn(action: Action) -> list[Observation]:
    """There and back."""
    return [turned(way(action) * degrees) for degrees in (8, 16, 30, 16)] + [FRONT]


def closing() -> list[Observation]:
    return [replace(FRONT, eyes=eyes) for eyes in (0.9, 0.5, 0.1, 0.5, 0.95)]


def test_who_does_what_is_asked_passes() -> None:
    for seed in range(20):
        challenge = draw(random.Random(seed).randrange, 100.0, turns=3, close_eyes=True)
        challenge = play(challenge, FRONT)
        for number, action in enumerate(challenge.actions):
            assert (challenge.asked, challenge.done) == (action, number)
            challenge = play(challenge, *(closing() if action is Action.CLOSE_EYES else turn(action)))
        assert challenge.verdict is Verdict.PASSED
        assert challenge.asked is None
        assert play(challenge, turned(-60), replace(FRONT, same=False)).verdict is Verdict.PASSED


def test_what_is_asked_is_drawn_anew() -> None:
    drawn = [draw(random.Random(seed).randrange, 0.0, turns=2, close_eyes=True).actions for seed in range(200)]
    assert len(set(drawn)) == 12  # four orders of turns, three places for the eyes
    assert all(actions.count(Action.CLOSE_EYES) == 1 for actions in drawn)
    assert all(draw(lambda below: below - 1, 0.0, turns).actions for turns in (-1, 0, 1))


def asks(*actions: Action) -> Challenge:
    return Challenge(actions, 0.0)


def begun(*actions: Action) -> Challenge:
    return play(asks(*actions), FRONT)


def test_a_photograph_never_passes() -> None:
    """It is the right person, and it does nothing (S1: the ladder's face needs a living one)."""
    challenge = begun(Action.TURN_LEFT)
    challenge = play(challenge, *[FRONT] * 200)
    assert challenge.verdict is Verdict.TOO_SLOW


def test_a_head_that_turns_the_other_way_fails() -> None:
    assert play(begun(Action.TURN_LEFT), *turn(Action.TURN_RIGHT)).verdict is Verdict.WRONG_WAY
    assert play(begun(Action.TURN_RIGHT), *turn(Action.TURN_LEFT)).verdict is Verdict.WRONG_WAY


def test_a_small_turn_is_no_turn_and_no_mistake() -> None:
    challenge = play(begun(Action.TURN_LEFT), turned(10), turned(-10), FRONT)
    assert (challenge.verdict, challenge.acted) == (Verdict.WAITING, False)


def test_a_turn_counts_when_the_same_person_is_back() -> None:
    away = play(begun(Action.TURN_LEFT), turned(15), turned(30))
    assert away.acted
    assert play(away, turned(12)).verdict is Verdict.WAITING
    assert play(away, turned(2)).verdict is Verdict.WAITING  # back, but nobody looked who it is
    assert play(away, replace(FRONT, same=False)).verdict is Verdict.FACE_CHANGED
    assert play(away, FRONT).verdict is Verdict.PASSED


def test_it_begins_with_the_recognised_person_looking_ahead() -> None:
    for first in (replace(FRONT, same=None), replace(FRONT, yaw_deg=45.0)):
        challenge = play(asks(Action.TURN_LEFT), first, *turn(Action.TURN_LEFT)[:-1])
        assert challenge.front is None or challenge.verdict is not Verdict.PASSED
    assert play(asks(Action.TURN_LEFT), replace(FRONT, same=False)).verdict is Verdict.FACE_CHANGED


@pytest.mark.parametrize(
    ("box", "verdict"),
    [
        ((400.0, 100.0, 150.0, 200.0), Verdict.FACE_CHANGED),  # beside it
        ((150.0, 50.0, 320.0, 420.0), Verdict.FACE_CHANGED),  # suddenly twice as near
        ((230.0, 110.0, 160.0, 210.0), Verdict.WAITING),  # it moves as faces do
    ],
)
def test_a_face_that_jumps_is_another(box: tuple[float, float, float, float], verdict: Verdict) -> None:
    assert play(begun(Action.TURN_LEFT), replace(FRONT, box=box)).verdict is verdict


def test_a_face_that_is_away_for_long_is_lost() -> None:
    nobody = Observation(0.0, None)
    assert play(begun(Action.TURN_LEFT), nobody, nobody, FRONT).verdict is Verdict.WAITING
    assert play(begun(Action.TURN_LEFT), *[nobody] * 6).verdict is Verdict.WAITING
    assert play(begun(Action.TURN_LEFT), *[nobody] * 8).verdict is Verdict.FACE_LOST
    assert play(begun(Action.TURN_LEFT), FRONT, every_s=1.0).verdict is Verdict.FACE_LOST
    assert play(begun(Action.TURN_LEFT), FRONT, every_s=-0.05).verdict is Verdict.FACE_LOST


def test_nobody_at_all_is_too_slow() -> None:
    challenge = asks(Action.TURN_LEFT)
    for step in range(100):
        challenge = challenge.after(Observation(step / 10, None))
    assert challenge.verdict is Verdict.TOO_SLOW


def test_each_action_has_its_own_time() -> None:
    challenge = begun(Action.TURN_LEFT, Action.TURN_LEFT)
    waiting = [FRONT] * int((p.CHALLENGE_S - 1.5) * 10)
    challenge = play(challenge, *waiting, *turn(Action.TURN_LEFT), *waiting, *turn(Action.TURN_LEFT))
    assert challenge.verdict is Verdict.PASSED


def test_eyes_count_only_when_they_were_open_are_known_and_the_head_is_level() -> None:
    assert play(begun(Action.CLOSE_EYES), *closing()).verdict is Verdict.PASSED
    unknown = [replace(frame, eyes=None) for frame in closing()]
    assert play(begun(Action.CLOSE_EYES), *unknown).verdict is Verdict.WAITING
    averted = [replace(frame, yaw_deg=25.0) for frame in closing()]
    assert not play(begun(Action.CLOSE_EYES), *averted).acted
    shut = play(asks(Action.CLOSE_EYES), replace(FRONT, eyes=0.0), *closing())
    assert shut.verdict is Verdict.WAITING


@pytest.mark.parametrize("field", ["yaw_deg", "eyes"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_not_seen(field: str, value: float) -> None:
    challenge = begun(Action.TURN_LEFT)
    assert play(challenge, replace(FRONT, **{field: value})) == challenge  # type: ignore[arg-type]
    assert play(challenge, replace(FRONT, box=(value, 0.0, 1.0, 1.0))) == challenge


NUMBER = st.floats(allow_nan=True, allow_infinity=True)
SEEN = st.builds(
    Observation,
    NUMBER,
    st.none() | st.tuples(NUMBER, NUMBER, NUMBER, NUMBER),
    NUMBER,
    st.none() | NUMBER,
    st.none() | st.booleans(),
)


@given(st.lists(SEEN, max_size=30), st.integers(0, 10**9))
@settings(max_examples=200)
def test_no_sequence_of_frames_breaks_it_and_its_end_is_final(frames: list[Observation], seed: int) -> None:
    challenge = draw(random.Random(seed).randrange, 0.0, close_eyes=True)
    for frame in frames:
        before, challenge = challenge, challenge.after(frame)
        assert challenge.done >= before.done
        assert before.verdict is Verdict.WAITING or challenge == before
    assert (challenge.verdict is Verdict.PASSED) == (challenge.done == len(challenge.actions))


def test_time_that_is_no_number_ends_it() -> None:
    assert begun(Action.TURN_LEFT).after(replace(FRONT, at_s=math.nan)).verdict is Verdict.TOO_SLOW
