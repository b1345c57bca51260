"""The terminal's states and what moves it from one to the next. Pure: no I/O, no clock, no picture.

`step` is told what happened and when, and answers with the new session and the actions to carry out; the answers to
those come back as events. docs/terminal.md has a drawing, and a test that compares it with this file.

What must stay true here: nothing is green but what was recorded; every state ends by its time-out; digits that nobody
has take the same way as digits somebody has, so that nothing tells them apart (a person who is served in their own
manner, S16, and who is asked for at the server, S6, excepted; that the server bounds).
"""

import math
from dataclasses import replace
from typing import assert_never

from drivers.base import CLEAR, ENTER
from edge.session import ladder, policy
from edge.session.messages import (
    Able,
    Advised,
    Changed,
    Compared,
    Event,
    Faced,
    Find,
    Found,
    Key,
    OfAnotherState,
    Open,
    Opened,
    PinTried,
    Recorded,
    TimeUp,
    Touched,
    TryPin,
)
from edge.session.moves import Session, Step, Visit, choice, end, go, rest, resting
from edge.session.outcome import Abandoned, Cleared, WrongDigits
from edge.session.policy import Rules
from edge.session.states import (
    Asking,
    ChooseKind,
    EnrolDone,
    EnrolFace,
    EnrolPlace,
    Fault,
    IdentifyReady,
    Idle,
    Locked,
    LookAtCamera,
    OutOfService,
    Page,
    Pin,
    Place,
    SupervisePlace,
    SuperviseReason,
    SuperviseTyping,
    SuperviseWho,
    Technician,
    Typing,
    Working,
)
from sync.record import Kind

_KINDS = tuple(Kind)
_PAGES = tuple(Page)


def begin(rules: Rules, able: Able, at_s: float) -> Session:
    """A terminal before which nobody stands."""
    return rest(Session(rules, able, Idle(), at_s, Visit()), at_s)[0]


def step(session: Session, event: Event, at_s: float) -> Step:
    """What `event` at `at_s` (seconds of a steady clock) makes of the session. What fits no more changes nothing."""
    match event:
        case Key(key):
            return _key(session, key, at_s)
        case TimeUp():
            return _time_up(session, at_s)
        case Changed(able):
            return _changed(replace(session, able=able), at_s)
        case Touched():
            return ladder.touched(session, at_s)
        case Advised(advice):
            return ladder.advised(session, advice, at_s)
        case Faced(seen):
            return ladder.faced(session, seen, at_s)
        case Found():
            return ladder.found(session, event, at_s)
        case OfAnotherState():
            return ladder.of_another_state(session, at_s)
        case Compared(result):
            return ladder.compared(session, result, at_s)
        case Recorded(outcome):
            return end(session, outcome, at_s)
        case PinTried(right, wait_s):
            return _pin_tried(session, right, wait_s, at_s)
        case Opened(facts):
            shown = replace(session.state, facts=facts) if isinstance(session.state, Technician) else session.state
            return go(session, shown, at_s)
    assert_never(event)


def _time_up(session: Session, at_s: float) -> Step:
    visit = session.visit
    match session.state:
        case LookAtCamera() | Asking():
            return ladder.climb(session, at_s)
        case Typing() | Place() | Working():
            return end(session, visit.missed or Abandoned(), at_s)
        case SuperviseTyping() | SupervisePlace() | SuperviseWho() | SuperviseReason():
            return end(session, visit.missed or Abandoned(), at_s)
        case EnrolPlace() | EnrolFace():
            return go(session, EnrolDone(enrolled=False), at_s)
        case Technician(page) if page:
            return go(session, Technician(), at_s)
    return rest(session, at_s)


def _changed(session: Session, at_s: float) -> Step:
    """A device went or came back: what needs it is left, what rests is drawn anew."""
    able = session.able
    match session.state:
        case Idle() | IdentifyReady() | OutOfService():
            return rest(session, at_s)
        case Place() | SuperviseTyping() | SupervisePlace() if not able.finger:
            return ladder.without(session, at_s)
        case LookAtCamera() if not able.face:
            return ladder.without(session, at_s)
        case EnrolPlace() if not able.finger:
            return go(session, EnrolDone(enrolled=False), at_s)
        case EnrolFace() if not able.face:
            return go(session, EnrolDone(enrolled=False), at_s)
    return session, ()


# ---- keys


def _key(session: Session, key: str, at_s: float) -> Step:
    state, visit = session.state, session.visit
    if resting(state):
        return _first_key(session, key, at_s)
    match state:
        case ChooseKind(kinds):
            return _menu_key(session, key, kinds, at_s)
        case Typing():
            return _digit(session, key, at_s)
        case Place() | LookAtCamera() if key == ENTER:  # "not this way": somebody without a finger to lay there
            return ladder.climb(session, at_s)
        case Place() | LookAtCamera() | Asking() if key == CLEAR:
            return end(session, visit.missed or Cleared(), at_s)
        case SuperviseTyping() | SupervisePlace() | SuperviseWho() | SuperviseReason():
            if key == CLEAR:
                return end(session, visit.missed or Cleared(), at_s)
            return ladder.supervising_key(session, key, at_s)
        case EnrolPlace() | EnrolFace() if key == CLEAR:
            return go(session, EnrolDone(enrolled=False), at_s)
        case Pin():
            return _pin_key(session, key, at_s)
        case Technician(page):
            if page or key == CLEAR:
                return go(session, Technician(), at_s) if page else rest(session, at_s)
            chosen = choice(_PAGES, key)
            return go(session, Technician(chosen), at_s, Open(chosen)) if chosen else (session, ())
    return session, ()


def _first_key(session: Session, key: str, at_s: float) -> Step:
    fresh = replace(session, visit=Visit(began_s=at_s))
    if key == CLEAR:
        return rest(session, at_s)
    if key == ENTER or key in session.rules.menu_keys:
        return go(fresh, ChooseKind(_KINDS), at_s)
    rested = rest(session, at_s)[0].state
    if isinstance(rested, OutOfService) and rested.fault is not Fault.STORAGE:
        return rest(session, at_s)  # digits would lead nowhere; a disk, though, may have recovered by now
    return _digit(fresh, key, at_s)


def _menu_key(session: Session, key: str, kinds: tuple[Kind, ...], at_s: float) -> Step:
    if key == CLEAR:
        return rest(session, at_s)
    if key == "0":
        return go(session, Pin(0), at_s)
    kind = session.rules.kind_keys.get(key) or choice(kinds, key)
    able = session.able
    if kind is None or not (able.finger or able.face):
        return session, ()
    return go(session, Typing(0, kind), at_s, visit=replace(session.visit, kind=kind))


def _digit(session: Session, key: str, at_s: float) -> Step:
    visit, rules = session.visit, session.rules
    if key == CLEAR:
        return end(session, Cleared(), at_s)
    if key == ENTER:
        digits = policy.digits(visit.typed)
        if digits is None:
            return end(session, WrongDigits(), at_s)
        return go(session, Working(), at_s, Find(digits), visit=replace(visit, digits=digits, typed=()))
    if key in rules.kind_keys:
        visit = replace(visit, kind=rules.kind_keys[key])
    elif key not in rules.menu_keys:
        visit = replace(visit, typed=(*visit.typed, key)[: policy.MAX_KEYS])
    return go(session, Typing(len(visit.typed), visit.kind), at_s, visit=visit)


def _pin_key(session: Session, key: str, at_s: float) -> Step:
    visit = session.visit
    if key == CLEAR:
        return rest(session, at_s)
    if key == ENTER:
        return go(session, Working(), at_s, TryPin("".join(visit.typed)), visit=replace(visit, typed=()))
    visit = replace(visit, typed=(*visit.typed, key)[: policy.MAX_KEYS])
    return go(session, Pin(len(visit.typed)), at_s, visit=visit)


def _pin_tried(session: Session, right: bool, wait_s: float, at_s: float) -> Step:
    if not isinstance(session.state, Working):
        return session, ()
    if wait_s > 0:
        return go(session, Locked(math.ceil(wait_s)), at_s)
    return go(session, Technician() if right else Pin(0, wrong=True), at_s)
