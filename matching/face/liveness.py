"""The challenge: turn your head as asked, or close your eyes for a moment, in time. A state machine, pure.

What it refuses: a photograph, a face that does something else, a face that is exchanged on the way, and no answer.
What it cannot refuse: a mask worn by somebody who follows the prompts, and a film that happens to answer; the
order is drawn anew each time, so a film made beforehand must be lucky.

An action begins with the head as it was at the start (level with the camera, eyes open). A turn is done when the
head was turned far enough to the side that was asked and is back; turning to the other side first fails. Closing
the eyes is done when they were closed and are open again. Then comes the next action, each with its own time.
"""

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from matching.face import parameters as p


class Action(enum.Enum):
    """What the person is asked to do; left and right are the person's own."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    CLOSE_EYES = "close_eyes"


class Verdict(enum.Enum):
    """How the challenge stands."""

    WAITING = "waiting"
    PASSED = "passed"
    TOO_SLOW = "too_slow"
    WRONG_WAY = "wrong_way"
    FACE_LOST = "face_lost"
    FACE_CHANGED = "face_changed"


@dataclass(frozen=True)
class Observation:
    """One frame as the challenge sees it.

    at_s: seconds of any steady clock. box: x, y, width, height; None when there is no face, then nothing else
    counts. yaw_deg: as `Pose`. eyes: how open they are, in any unit, or None when that is not known.
    same: whether this is the recognised person; None when it was not looked at (a turned head often is nobody).
    """

    at_s: float
    box: tuple[float, float, float, float] | None
    yaw_deg: float = 0.0
    eyes: float | None = None
    same: bool | None = None


@dataclass(frozen=True)
class Challenge:
    """What is asked, and how far the person has come. Make one with `draw`, go on with `after`."""

    actions: tuple[Action, ...]
    began_s: float
    verdict: Verdict = Verdict.WAITING
    done: int = 0
    acted: bool = False  # the current action's far point was reached; now back to the start
    front: tuple[float, float] | None = None  # yaw and openness of the eyes at the start
    last: Observation | None = None  # the last frame with a face

    @property
    def asked(self) -> Action | None:
        """What to do now, for the screen; None when it is over."""
        return self.actions[self.done] if self.verdict is Verdict.WAITING else None

    def after(self, seen: Observation) -> "Challenge":
        """The challenge after one more frame."""
        if self.verdict is not Verdict.WAITING:
            return self
        if not seen.at_s - self.began_s <= p.CHALLENGE_S:
            return replace(self, verdict=Verdict.TOO_SLOW)
        if seen.box is None or not _numbers(seen):
            gone = self.last is not None and seen.at_s - self.last.at_s > p.LOST_S
            return replace(self, verdict=Verdict.FACE_LOST) if gone else self
        if self.last is not None and (trouble := _interrupted(self.last, seen)):
            return replace(self, verdict=trouble)
        if seen.same is False:
            return replace(self, verdict=Verdict.FACE_CHANGED)
        return replace(_advance(self, seen), last=seen)


def draw(pick: Callable[[int], int], at_s: float, turns: int = 2, *, close_eyes: bool = False) -> Challenge:
    """A new challenge of some turns, each to a random side, and if wanted closing the eyes at a random place.

    `pick(n)` gives a random whole number below n (`secrets.randbelow`). `close_eyes` is for cameras whose driver
    measures eyes: from five points and pixels alone they could not be told open from closed (see the README).
    """
    actions = [(Action.TURN_LEFT, Action.TURN_RIGHT)[pick(2)] for _ in range(max(1, turns))]
    if close_eyes:
        actions.insert(pick(len(actions) + 1), Action.CLOSE_EYES)
    return Challenge(tuple(actions), at_s)


def _numbers(seen: Observation) -> bool:
    values = [seen.yaw_deg, *(seen.box or ()), *(() if seen.eyes is None else (seen.eyes,))]
    return all(math.isfinite(value) for value in values)


def _interrupted(last: Observation, seen: Observation) -> Verdict | None:
    """The same face all the time? A frame without one for long, or a box that jumps, means it may be another."""
    if not 0 <= seen.at_s - last.at_s <= p.LOST_S:
        return Verdict.FACE_LOST
    assert last.box is not None and seen.box is not None  # noqa: S101, PT018 - only frames with a face come here
    (x0, y0, w0, h0), (x1, y1, w1, h1) = last.box, seen.box
    moved = math.hypot(x1 + w1 / 2 - x0 - w0 / 2, y1 + h1 / 2 - y0 - h0 / 2)
    grown = max(w1, w0) > 2 * max(1.0, min(w1, w0))
    return Verdict.FACE_CHANGED if moved > p.JUMP_SHARE * max(w0, 1.0) or grown else None


def _advance(now: Challenge, seen: Observation) -> Challenge:
    if now.front is None:
        # The start must be a frame in which the recogniser knew the person, looking ahead.
        begun = seen.same is True and abs(seen.yaw_deg) <= p.YAW_MOST_DEG
        return replace(now, front=(seen.yaw_deg, seen.eyes or 0.0)) if begun else now
    match now.actions[now.done]:
        case Action.TURN_LEFT:
            return _turn(now, seen, seen.yaw_deg - now.front[0])
        case Action.TURN_RIGHT:
            return _turn(now, seen, now.front[0] - seen.yaw_deg)
        case Action.CLOSE_EYES:
            return _close_eyes(now, seen, now.front[1])


def _turn(now: Challenge, seen: Observation, turned_deg: float) -> Challenge:
    if now.acted:
        return _next(now, seen) if abs(turned_deg) <= p.FRONT_DEG and seen.same is True else now
    if turned_deg <= -p.TURNED_DEG:
        return replace(now, verdict=Verdict.WRONG_WAY)
    return replace(now, acted=True) if turned_deg >= p.TURNED_DEG else now


def _close_eyes(now: Challenge, seen: Observation, open_before: float) -> Challenge:
    if seen.eyes is None or open_before <= 0 or now.front is None:
        return now
    if abs(seen.yaw_deg - now.front[0]) > p.TURNED_DEG:
        return now  # eyes of a turned head look smaller
    share = seen.eyes / open_before
    if now.acted:
        return _next(now, seen) if share >= p.EYES_OPEN and seen.same is True else now
    return replace(now, acted=True) if share <= p.EYES_CLOSED else now


def _next(now: Challenge, seen: Observation) -> Challenge:
    done = now.done + 1
    if done == len(now.actions):
        return replace(now, done=done, acted=False, verdict=Verdict.PASSED)
    return replace(now, done=done, acted=False, began_s=seen.at_s)
