"""The state machine, explored: every session that can come about from a handful of events, and the ways between."""

import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from drivers.base import CLEAR, ENTER, Advice
from edge.people.facing import Seen
from edge.session import messages as m
from edge.session.messages import USUAL
from edge.session.moves import Session, go, seconds
from edge.session.outcome import Accepted, Noted, NotRecorded
from edge.session.policy import Lock, Rules
from edge.session.states import EnrolFace, EnrolPlace, IdentifyReady, Idle, Located, OutOfService, State
from edge.session.step import begin, step
from matching import Match, NoMatch
from sync.record import ClockSource, Flag, Instant, Kind, Means, Punch, SourceClass

RULES = Rules(captures=2, turns=0, lock=Lock())
ABLE = m.Able(finger=True, face=True, vouched=True)
ANNA, BINA, CHIEF = b"person-A", b"person-B", b"person-C"
NOW = Instant(1, 10_000, 0, ClockSource.NTP, 5)
GREEN = Accepted(Punch(ANNA, Kind.IN, Means.FINGER, 900, SourceClass.AADHAAR_TERMINAL, Flag.NONE, NOW), 7, "", 1.0)
PEOPLE = (m.Named(ANNA, "Synthetic A"),)
TWO = (*PEOPLE, m.Named(BINA, "Synthetic B"))
HIT = m.Hit(ANNA, 0.9, supervisor=False)
CHIEF_HIT = m.Hit(CHIEF, 0.9, supervisor=True)
SOMEBODY = Seen(0.0, (0.0, 0.0, 9.0, 9.0), decision=Match(ANNA, 0.9, 0.0))
STRANGER = Seen(0.0, (0.0, 0.0, 9.0, 9.0), decision=NoMatch(0.1))

EVENTS: dict[str, m.Event] = {
    "a digit": m.Key("1"),
    "0": m.Key("0"),
    "enter": m.Key(ENTER),
    "clear": m.Key(CLEAR),
    "kind key": m.Key("out"),
    "time up": m.TimeUp(),
    "a finger": m.Touched(),
    "sensor's advice": m.Advised(Advice.WIPE),
    "a known face": m.Faced(SOMEBODY),
    "a strange face": m.Faced(STRANGER),
    "no face": m.Faced(Seen(0.0, advice=Advice.NO_FACE)),
    "finger sensor gone": m.Changed(replace(ABLE, finger=False)),
    "camera gone": m.Changed(replace(ABLE, face=False)),
    "all sensors gone": m.Changed(m.Able(finger=False, vouched=True)),
    "sensors back": m.Changed(ABLE),
}
ANSWERS: dict[type[m.Action], dict[str, m.Event]] = {
    m.Find: {
        "nobody": m.Found((), USUAL, 0.0, 5),
        "one": m.Found(PEOPLE, USUAL, 0.0, 5),
        "two": m.Found(TWO, m.Manner(face_first=True), 0.0, 5),
        "locked": m.Found(PEOPLE, USUAL, 30.0, 5),
    },
    m.Compare: {
        "recognised": m.Compared(HIT),
        "supervisor recognised": m.Compared(CHIEF_HIT),
        "near miss": m.Compared(m.Miss.NEAR),
        "somebody else's": m.Compared(m.Miss.CLEAR),
        "two alike": m.Compared(m.Miss.TOO_CLOSE),
        "poor picture": m.Compared(Advice.WIPE),
    },
    m.Record: {"recorded": m.Recorded(GREEN), "disk refuses": m.Recorded(NotRecorded())},
    m.Note: {"noted": m.Recorded(Noted(8)), "disk refuses": m.Recorded(NotRecorded())},
    m.TryPin: {
        "right PIN": m.PinTried(True, 0.0),
        "wrong PIN": m.PinTried(False, 0.0),
        "PIN locked": m.PinTried(False, 60.0),
    },
    m.Open: {"facts": m.Opened((("seq", "7"),))},
}
ANSWERS[m.Ask] = {
    "nobody anywhere": m.Found((), USUAL, 0.0, 5),
    "a guest": m.Found(PEOPLE, USUAL, 0.0, 5),
    "of another state": m.OfAnotherState(),
    "clear": m.Key(CLEAR),
    "time up": m.TimeUp(),
}
ANSWERS[m.Identify] = ANSWERS[m.Compare]

Way = tuple[State, str, State]


def answers(actions: tuple[m.Action, ...]) -> dict[str, m.Event]:
    """What may come back for these actions: at most one of them asks anything."""
    asked = [action for action in actions if type(action) in ANSWERS]
    assert len(asked) <= 1
    return ANSWERS[type(asked[0])] if asked else {}


def explore(rules: Rules, able: m.Able = ABLE) -> Iterator[tuple[Session, str, Session, tuple[m.Action, ...]]]:
    """Every (session, what happened, session after, actions) that can come about; times left out of account."""
    start = begin(rules, able, 0.0)
    online = begin(rules, replace(able, online=True), 0.0)
    shown = (EnrolPlace(1, 3, None), EnrolFace(1, 3, None), Located(30))
    from_outside = (go(start, state, 0.0)[0] for state in shown)
    todo: deque[tuple[Session, dict[str, m.Event]]] = deque((one, {}) for one in (start, online, *from_outside))
    seen = {_alike(one, {}) for one, _ in todo}
    while todo:
        session, due = todo.popleft()
        for name, event in (due or EVENTS).items():
            after, actions = step(session, event, 0.0)
            yield session, name, after, actions
            waiting = answers(actions)
            key = _alike(after, waiting)
            if key not in seen and _simple(after.visit.typed):
                seen.add(key)
                todo.append((after, waiting))


def _alike(session: Session, due: dict[str, m.Event]) -> object:
    """What decides where a session can go from here; how many pictures were taken, say, does not."""
    v = session.visit
    facing = v.facing and (v.facing.streak.count, v.facing.challenge, v.facing.passed)
    people, state = len(v.people), (type(session.state), getattr(session.state, "page", None))
    ladder = (v.tried, v.attempts, v.missed is None, facing, people, v.supervisor, v.subject)
    return (state, len(v.typed), bool(v.digits), ladder, v.manner, session.able, tuple(due))


def _simple(typed: tuple[str, ...]) -> bool:
    """Which digits were typed makes no difference, nor how many beyond six: no need to try them all."""
    return set(typed) <= {"1"} and len(typed) <= 6


def table(rules: Rules) -> str:
    """Every state with its time-out, as docs/terminal.md has it."""
    rows = [f"| {kind.__name__} | {limit} |" for kind, limit in _limits(rules)]
    return "\n".join(["| state | ends by itself after |", "|---|---|", *rows])


def _limits(rules: Rules) -> list[tuple[type, str]]:
    from tests.unit.edge.test_screen import NAMED, STATES

    examples = {type(state): state for state in (*STATES, *NAMED)}
    return [(kind, f"{seconds(example, rules):g} s") for kind, example in examples.items()]


def drawing() -> str:
    """The ways between states as a Mermaid diagram; what a device's going and coming does is left out."""
    ways: dict[tuple[str, str], list[str]] = {}
    for rules in (RULES, replace(RULES, identify=True), replace(RULES, identify_face=True)):
        for before, what, after, _ in explore(rules):
            one, other = _place(before.state), _place(after.state)
            if one != other and not what.endswith(("gone", "back")):
                labels = ways.setdefault((one, other), [])
                labels.extend([] if what in labels else [what])
    lines = [f"    {one} --> {other} : {', '.join(sorted(labels))}" for (one, other), labels in sorted(ways.items())]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> Rest", *lines, "```"])


def _place(state: State) -> str:
    return "Rest" if isinstance(state, Idle | IdentifyReady | OutOfService) else type(state).__name__


if __name__ == "__main__":
    sys.stdout.write(f"{table(Rules())}\n\n{drawing()}\n")
