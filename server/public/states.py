"""What somebody's marks of today amount to: four actions, and the counts made of them (R5.2, R5.3). Pure.

The user manual of the circular: Mark-in, "employee presence in office", green; Out of office, "employee out of office
for office work", yellow; On leave, pink; Absent, "employee not marked presence or any action", red.

What must stay true here: registered = marked + absent, and marked = present + on leave + out of office.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sync.record import Kind


class Action(StrEnum):
    """What an employee did today, in the circular's four words."""

    IN = "in"
    OUT = "out"
    LEAVE = "leave"
    ABSENT = "absent"


class Away(StrEnum):
    """Why somebody need not mark: what was sanctioned for today. The reason itself is nobody's business (R5.12)."""

    LEAVE = "leave"
    DUTY = "duty"  # on duty elsewhere, or on tour (R4.6)


class Mark(NamedTuple):
    """One punch of today. `here`: at a terminal of the building where the person is posted."""

    at_ms: int
    kind: Kind
    here: bool


class Standing(NamedTuple):
    """An action, and since when; None: no punch says it."""

    action: Action
    at_ms: int | None


def standing(marks: Iterable[Mark], away: Away | None) -> Standing:
    """Of one person. A punch says more than a sanctioned absence: who came has come.

    Green promises that somebody can be found in this building, so a punch at another one (R1.12) is "out of office".
    To leave for the day takes nothing back: the four words tell what was done today, not who is at a desk now.
    """
    found: Standing | None = None
    for mark in sorted(marks):
        action = _said(mark, found)
        if found is None or found.action is not action:
            found = Standing(action, mark.at_ms)
    if found is not None:
        return found
    if away is None:
        return Standing(Action.ABSENT, None)
    return Standing(Action.LEAVE if away is Away.LEAVE else Action.OUT, None)


def _said(mark: Mark, before: Standing | None) -> Action:
    if mark.kind in (Kind.MOVEMENT_OUT, Kind.ON_DUTY):
        return Action.OUT
    if mark.kind is Kind.OUT and before is not None:
        return before.action
    return Action.IN if mark.here else Action.OUT


@dataclass(frozen=True, slots=True)
class Counts:
    """The six figures of the circular, of one office or of many; `offices` counts those that are mapped."""

    offices: int = 0
    registered: int = 0
    present: int = 0
    out: int = 0
    leave: int = 0
    absent: int = 0

    @property
    def marked(self) -> int:
        """Everybody who took any action."""
        return self.present + self.leave + self.out

    @property
    def percent(self) -> float:
        """Of the registered, how many marked: the figure districts are ranked by."""
        return 100 * self.marked / self.registered if self.registered else 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.offices + other.offices,
            self.registered + other.registered,
            self.present + other.present,
            self.out + other.out,
            self.leave + other.leave,
            self.absent + other.absent,
        )


def count(actions: Iterable[Action]) -> Counts:
    """Of the people of one office."""
    found = dict.fromkeys(Action, 0)
    for action in actions:
        found[action] += 1
    total = sum(found.values())
    return Counts(1, total, found[Action.IN], found[Action.OUT], found[Action.LEAVE], found[Action.ABSENT])


class Fresh(StrEnum):
    """Can the page be believed about an office? A terminal that cannot be heard makes nobody absent."""

    FRESH = "fresh"
    PARTLY = "partly"  # some of its terminals are not heard
    OFFLINE = "offline"  # none is
    NONE = "none"  # it has none


@dataclass(frozen=True, slots=True)
class Heard:
    """One terminal of an office: is it online, when was it last heard of (None: never), how many records wait there."""

    online: bool
    seen_ms: int | None
    backlog: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """`since_ms`: when what is missing was last heard of; `pending`: records that wait on terminals."""

    fresh: Fresh
    since_ms: int | None = None
    pending: int = 0

    @property
    def doubtful(self) -> bool:
        """May red be a lie here?"""
        return self.pending > 0 or self.fresh in (Fresh.PARTLY, Fresh.OFFLINE)


def freshness(terminals: Iterable[Heard], now_ms: int, quiet_ms: int) -> Freshness:
    """Of one office; a terminal that says it is online and was not heard of for `quiet_ms` is not."""
    known = list(terminals)
    lost = [one for one in known if not one.online or one.seen_ms is None or now_ms - one.seen_ms > quiet_ms]
    pending = sum(one.backlog for one in known)
    if not known:
        return Freshness(Fresh.NONE)
    if not lost:
        return Freshness(Fresh.FRESH, None, pending)
    times = [one.seen_ms for one in lost if one.seen_ms is not None]
    if len(lost) < len(known):
        return Freshness(Fresh.PARTLY, min(times, default=None), pending)
    return Freshness(Fresh.OFFLINE, max(times, default=None), pending)
