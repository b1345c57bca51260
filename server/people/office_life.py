"""The life of an office, folded from its events: what it was, is, or will be on any day (R5.11, R6.8). Pure.

What must stay true here: the answer depends on the set of events alone, never on the order they were entered in; of
two events of one day the one recorded later is the later.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from server import PeopleError
from server.people.ranks import Level


class OfficeKind(Enum):
    """What can happen to an office, in the order in which things of one day take effect."""

    OPEN = "open"
    DESCRIBE = "describe"
    RENAME = "rename"
    MOVE = "move"  # under another office
    UPGRADE = "upgrade"  # middle school → high school
    STREAMS = "streams"  # taught here
    POSTS = "posts"  # sanctioned posts of one designation
    LIFE = "life"  # mapped → trial → live
    MERGE = "merge"  # into another office; this one ends
    CLOSE = "close"


LIVES = ("mapped", "trial", "live")
CLOSED = "closed"
GRADES = ("office", "primary", "middle", "high", "senior_secondary")


@dataclass(frozen=True, slots=True)
class OfficeEvent:
    """One event; `detail` holds fields of OfficeState (for `posts`: designation and posts; for `merge`: into)."""

    office: bytes
    kind: OfficeKind
    effective_on: dt.date
    detail: Mapping[str, Any]
    recorded_ms: int = 0
    id: bytes = b""


@dataclass(frozen=True, slots=True)
class OfficeState:
    """One office on one day. `posts` are the sanctioned posts by designation; `parent` and `merged_into` are ids."""

    id: bytes
    code: str
    level: Level
    name: str
    name_hi: str
    opened_on: dt.date
    parent: bytes | None = None
    urban: bool = False
    block: str = ""
    latitude: float | None = None
    longitude: float | None = None
    desk_phone: str = ""
    timezone: str = "Asia/Kolkata"
    grade: str = "office"
    streams: tuple[str, ...] = ()
    life: str = LIVES[0]
    posts: Mapping[str, int] = field(default_factory=dict)
    closed_on: dt.date | None = None
    merged_into: bytes | None = None

    @property
    def open(self) -> bool:
        return self.life != CLOSED


def fold(events: Iterable[OfficeEvent], on: dt.date) -> OfficeState | None:
    """What the office is on a day; None: it was not opened yet. Raises PeopleError where events contradict."""
    state: OfficeState | None = None
    for event in sorted((one for one in events if one.effective_on <= on), key=_order):
        state = step(state, event)
    return state


def check(events: Iterable[OfficeEvent]) -> None:
    """Raises PeopleError when the events together make no life an office can have."""
    fold(events, dt.date.max)


def step(state: OfficeState | None, event: OfficeEvent) -> OfficeState:
    """The office after one more event. Raises PeopleError naming the event that cannot be."""
    kind, detail, day = event.kind, dict(event.detail), event.effective_on
    if kind is OfficeKind.OPEN:
        return _opened(state, event, detail)
    if state is None:
        raise PeopleError(f"{kind.value} of {day}: the office is not open before it is opened")
    if not state.open:
        raise PeopleError(f"{kind.value} of {day}: the office closed on {state.closed_on}; open it again first")
    if kind is OfficeKind.LIFE:
        return replace(state, life=_next_life(state.life, detail["life"], day))
    if kind is OfficeKind.POSTS:
        return replace(state, posts={**state.posts, detail["designation"]: detail["posts"]})
    if kind is OfficeKind.MERGE:
        return replace(state, life=CLOSED, closed_on=day, merged_into=bytes.fromhex(detail["into"]))
    if kind is OfficeKind.CLOSE:
        return replace(state, life=CLOSED, closed_on=day)
    return replace(state, **_typed(detail))


def _opened(state: OfficeState | None, event: OfficeEvent, detail: dict[str, Any]) -> OfficeState:
    if state is None:
        return OfficeState(id=event.office, opened_on=event.effective_on, **_typed(detail))
    if state.open:
        raise PeopleError(f"open of {event.effective_on}: the office is open already, since {state.opened_on}")
    again = {name: value for name, value in _typed(detail).items() if name != "code"}
    return replace(state, opened_on=event.effective_on, closed_on=None, merged_into=None, **{"life": LIVES[0], **again})


def _typed(detail: dict[str, Any]) -> dict[str, Any]:
    if "level" in detail:
        detail["level"] = Level(detail["level"])
    if detail.get("parent") is not None:
        detail["parent"] = bytes.fromhex(detail["parent"])
    if "streams" in detail:
        detail["streams"] = tuple(detail["streams"])
    return detail


def _next_life(now: str, then: str, day: dt.date) -> str:
    if LIVES.index(then) < LIVES.index(now):
        raise PeopleError(f"life of {day}: an office that is {now} does not become {then} again; close and open it")
    return then


def _order(event: OfficeEvent) -> tuple[dt.date, int, int, bytes]:
    return event.effective_on, _PRECEDENCE[event.kind], event.recorded_ms, event.id


_PRECEDENCE = {kind: place for place, kind in enumerate(OfficeKind)}
