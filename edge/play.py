"""People played at a terminal, through the virtual device's socket and the control socket, by a plan.

A plan is a JSON file that only its owner may read, for digits are in it and must be nowhere else:

    {"terminal": {"control": PATH, "virtual": PATH},
     "enrol":   [{"person": HEX, "finger": 1, "pictures": [PATH, …]}],
     "punches": [{"digits": "…", "picture": PATH, "expect": "genuine" | "impostor", "pause_ms": 0}],
     "loop": false}

Somebody who is asked to place the finger again lays down the next picture of an enrolment, and then the first again;
the same picture for a punch.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers import DeviceGone, ProtocolError
from drivers.lines import LineClient
from edge import SetupError

_ANSWER_S = 60.0
_BACK_S = 60.0
_LONGEST_PAUSE_MS = 3_600_000
Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Enrol:
    person: str
    finger: int
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Punch:
    digits: str
    picture: str
    expect: str
    pause_ms: int


@dataclass(frozen=True, slots=True)
class Plan:
    control: Path
    virtual: Path
    enrol: tuple[Enrol, ...]
    punches: tuple[Punch, ...]
    loop: bool


def load(path: Path) -> Plan:
    """Read a plan. Raises SetupError naming what is wrong with it, and never quoting it."""
    try:
        if path.stat().st_mode & 0o077:
            raise SetupError(f"{path}: digits are in it: make it readable by you alone (chmod 600)")
        table = json.loads(path.read_bytes())
        return Plan(
            control=Path(table["terminal"]["control"]),
            virtual=Path(table["terminal"]["virtual"]),
            enrol=tuple(
                Enrol(str(e["person"]), _whole(e["finger"], 1, 10), _pictures(e["pictures"]))
                for e in table.get("enrol", [])
            ),
            punches=tuple(
                Punch(str(p["digits"]), str(p["picture"]), str(p["expect"]), _pause(p))
                for p in table.get("punches", [])
            ),
            loop=bool(table.get("loop", False)),
        )
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None
    except KeyError as missing:
        raise SetupError(f"{path}: not a plan: {missing} is missing") from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise SetupError(f"{path}: not a plan: not JSON of the expected shape") from None


def _pause(punch: dict[str, Any]) -> int:
    return _whole(punch.get("pause_ms", 0), 0, _LONGEST_PAUSE_MS)


def _whole(value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError
    return value


def _pictures(value: Any) -> tuple[str, ...]:
    pictures = tuple(str(p) for p in value)
    if not pictures:
        raise ValueError
    return pictures


def play(plan: Plan, tell: Tell) -> bool:
    """Play it to the end (never, with loop); `tell` gets one dict an enrolment and one a session.

    Returns whether every enrolment succeeded. Raises DeviceGone when the terminal stays away for a minute.
    """
    all_enrolled = True
    for step in plan.enrol:
        result = _again(plan, step)
        all_enrolled &= bool(result["ok"])
        tell({"enrol": step.person, "finger": step.finger, **result})
    for number, punch in enumerate(_rounds(plan), 1):
        time.sleep(punch.pause_ms / 1000)
        result = _again(plan, punch)
        tell({"session": number, "expect": punch.expect, **result})
    return all_enrolled


def _rounds(plan: Plan) -> Iterator[Punch]:
    while True:
        yield from plan.punches
        if not plan.loop or not plan.punches:
            return


def _again(plan: Plan, step: Enrol | Punch) -> dict[str, Any]:
    """One step before a terminal that is there; when it goes in the middle, wait for it and say so."""
    until_s = time.monotonic() + _BACK_S
    visit: _Visit | None = None
    while visit is None:
        try:
            visit = _Visit(plan)
        except DeviceGone:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.2)
    try:
        return visit.enrol(step) if isinstance(step, Enrol) else visit.punch(step)
    except DeviceGone as gone:
        return {"ok": False, "outcome": "gone", "error": str(gone)}
    finally:
        visit.close()


class _Visit:
    """One person before the terminal: hands on the virtual device, eyes on what the terminal shows."""

    def __init__(self, plan: Plan) -> None:
        """Raises DeviceGone."""
        self._hands = LineClient(plan.virtual)
        try:
            self._eyes = LineClient(plan.control, _ANSWER_S)
        except DeviceGone:
            self._hands.close()
            raise

    def close(self) -> None:
        self._hands.close()
        self._eyes.close()

    def enrol(self, step: Enrol) -> dict[str, Any]:
        pictures = itertools.cycle(step.pictures)
        seen = self._eyes.ask({"do": "enrol", "person": step.person, "finger": step.finger})
        while "ok" not in seen:
            if seen.get("event") == "place":
                self._lay(next(pictures))
            seen = self._eyes.next()
        self._hands.ask({"do": "lift"})
        return seen

    def punch(self, punch: Punch) -> dict[str, Any]:
        self._eyes.ask({"do": "watch"})
        self._do({"do": "press", "keys": [*punch.digits, "enter"]})
        while True:
            seen = self._eyes.next()
            if seen.get("event") == "outcome":
                break
            if seen.get("state") == "place":
                self._lay(punch.picture)
            if seen.get("state") == "supervise_typing":  # nobody here vouches for anybody
                self._do({"do": "press", "keys": ["clear"]})
        self._hands.ask({"do": "lift"})
        kept = ("outcome", "seq", "person", "kind", "duplicate", "wall_ms", "touch_to_green_ms", "advice")
        return {key: seen.get(key) for key in kept if key in seen}

    def _lay(self, picture: str) -> None:
        self._do({"do": "lift"})
        self._do({"do": "place", "picture": picture})

    def _do(self, message: dict[str, Any]) -> None:
        answer = self._hands.ask(message)
        if not answer.get("ok"):
            raise ProtocolError(f"the virtual device: {answer.get('error')}")
