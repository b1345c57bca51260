"""What the fold takes and what it gives. Instants are Unix milliseconds, or intervals of them; days are local dates.

Every span of days includes both its ends; `until` None: it goes on. Of a fact that may be corrected, `id` is its name
in the ledger, by which a derivation refers to it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from typing import NamedTuple

from server.attendance.limits import Limits
from server.attendance.rules import Policy, Shift
from sync.record import Flag, Kind, Means, SourceClass


class PunchId(NamedTuple):
    """Which entry of which terminal's log."""

    terminal: str
    log: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class Punch:
    """One accepted marking event. It was made between `low_ms` and `high_ms`, ends included (server.intake.dating);
    None: that side is not known (S2). `office` is where the terminal stood. `signed`: its terminal's signature holds.
    `disputed`: its shown time was not this (S10)."""

    id: PunchId
    low_ms: int | None
    high_ms: int | None
    office: bytes
    kind: Kind = Kind.IN
    means: Means = Means.FINGER
    source_class: SourceClass = SourceClass.AADHAAR_TERMINAL
    flags: Flag = Flag.NONE
    signed: bool = True
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class ServiceSpan:
    """Where somebody is posted, and what is expected there. `rank` is one of the policy's ranks; empty: not held.

    `counted` False: punches are kept and count for nothing (suspension, R6.7). `contractual`: marks on the old machines
    (R6.2). `shift` None: the hours of the office, or of the policy.
    """

    since: dt.date
    until: dt.date | None
    office: bytes
    policy: str
    rank: str = ""
    expected: bool = True
    counted: bool = True
    contractual: bool = False
    shift: Shift | None = None
    id: str = ""

    def covers(self, day: dt.date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Half(StrEnum):
    FULL = "full"
    FORENOON = "forenoon"
    AFTERNOON = "afternoon"


@dataclass(frozen=True, slots=True)
class Leave:
    """Approved leave, `kind` as in the leave rules (CL, EL, …). A half is of every day it covers."""

    since: dt.date
    until: dt.date
    kind: str
    half: Half = Half.FULL
    id: str = ""


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Duty elsewhere, as the reporting officer allowed it (R4.6). A tour is one with a `place`."""

    since: dt.date
    until: dt.date
    purpose: str = ""
    place: str = ""
    half: Half = Half.FULL
    id: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of the movement register at the gate (R1.16). `in_ms` None: nobody has written the return."""

    out_ms: int
    in_ms: int | None
    purpose: str = ""
    id: str = ""


class Act(StrEnum):
    """What an adjustment does. The punch itself is never edited (R2.7)."""

    ADD_IN = "add_in"
    ADD_OUT = "add_out"
    CONDONE_LATE = "condone_late"
    CONDONE_EARLY = "condone_early"
    NOT_MINE = "not_mine"  # a punch made with somebody else's digits (S14)
    DECIDE_PRESENT = "decide_present"
    DECIDE_ABSENT = "decide_absent"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A reasoned correction of one work date. `at_ms` of an added mark; `punch` of one that is not theirs."""

    day: dt.date
    act: Act
    by: str
    reason: str
    at_ms: int | None = None
    punch: PunchId | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class RegisterMark:
    """A signature in the branch register (R2.9)."""

    day: dt.date
    by: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Exemption:
    """No machine is asked of this person (S16): by whose order, and when it is looked at again."""

    since: dt.date
    review_on: dt.date
    by: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class FitnessSpan:
    """A terminal could take punches of an office from `low_ms` up to `high_ms`."""

    terminal: str
    office: bytes
    low_ms: int
    high_ms: int


class Life(StrEnum):
    MAPPED = "mapped"
    TRIAL = "trial"
    LIVE = "live"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LifeSpan:
    """A part of an office's life (R5.11, R6.8)."""

    since: dt.date
    until: dt.date | None
    life: Life


@dataclass(frozen=True, slots=True)
class WeeklyOff:
    """Weekdays on which nobody is expected, 1 Monday to 7 Sunday. `weeks` of the month ("second Saturday": {2});
    empty: every one."""

    since: dt.date
    until: dt.date | None
    weekdays: frozenset[int]
    weeks: frozenset[int] = frozenset()

    def covers(self, day: dt.date) -> bool:
        if day.isoweekday() not in self.weekdays or day < self.since or (self.until is not None and day > self.until):
            return False
        return not self.weeks or (day.day - 1) // 7 + 1 in self.weeks


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays by name, and weekly offs."""

    holidays: Mapping[dt.date, str] = field(default_factory=dict)
    weekly: tuple[WeeklyOff, ...] = ()


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Hours of an office other than its policy's (R2.1)."""

    since: dt.date
    until: dt.date | None
    shift: Shift


@dataclass(frozen=True, slots=True)
class Office:
    """What is true of all who are posted in an office. A life of () is live for ever; a posting's own shift goes before
    the office's `hours`."""

    id: bytes
    name: str
    calendar: Calendar = Calendar()
    life: tuple[LifeSpan, ...] = ()
    fitness: tuple[FitnessSpan, ...] = ()
    hours: tuple[OfficeHours, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is not about one person."""

    policies: Mapping[str, Policy]
    offices: Mapping[bytes, Office]


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Everything that is about one person, in any order."""

    person: bytes
    spans: tuple[ServiceSpan, ...]
    punches: tuple[Punch, ...] = ()
    leaves: tuple[Leave, ...] = ()
    duties: tuple[OnDuty, ...] = ()
    movements: tuple[Movement, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    register: tuple[RegisterMark, ...] = ()
    exemptions: tuple[Exemption, ...] = ()


class Status(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"
    ON_LEAVE = "on_leave"
    ON_DUTY = "on_duty"
    HOLIDAY = "holiday"
    WEEKLY_OFF = "weekly_off"
    UNDETERMINED = "undetermined"  # nobody may be blamed: a machine or a clock was not fit
    NOT_EXPECTED = "not_expected"
    EXEMPT = "exempt"  # no machine is asked of this person
    PENDING = "pending"  # the day is not over


class DayFlag(IntFlag):
    """What else is to be said of a day."""

    LATE = 1 << 0
    LATE_UNCERTAIN = 1 << 1  # the clock's bound lies on both sides of the limit: not late
    LATE_UNFIT = 1 << 2  # the terminals were unfit when a punch in time would have been made: not late
    LEFT_EARLY = 1 << 3
    EARLY_UNCERTAIN = 1 << 4
    EARLY_UNFIT = 1 << 5
    OUT_MISSING = 1 << 6
    IN_MISSING = 1 << 7
    DUPLICATE = 1 << 8
    SEVERAL_TERMINALS = 1 << 9
    ELSEWHERE = 1 << 10  # punched in another office than posted (R1.12)
    NO_AADHAAR_MARK = 1 << 11  # R2.8
    SUPERVISED = 1 << 12
    LEGACY = 1 << 13
    REGISTER_ONLY = 1 << 14
    CLOCK_DISPUTED = 1 << 15
    CLOCK_UNKNOWN = 1 << 16  # a punch that may belong to this day or to another
    MOVEMENT_OPEN = 1 << 17  # left the premises and was not back by closing time (R1.16)
    TRIAL = 1 << 18  # never deducts (R5.11)
    NOT_COUNTED = 1 << 19  # suspended: kept, counts for nothing (R6.7)
    ADJUSTED = 1 << 20
    LATE_CONDONED = 1 << 21
    EARLY_CONDONED = 1 << 22
    PUNCHED = 1 << 23  # on a day nothing was expected: holiday, leave, duty elsewhere
    HALF_LEAVE = 1 << 24
    HALF_DUTY = 1 << 25
    HALF_DAY = 1 << 26  # present for less than a full day
    SHORT_DAY = 1 << 27  # present for less than half a day
    UNFIT = 1 << 28  # wish: a ticket for the office's terminals
    ABOVE_RANKS = 1 << 29  # nothing is held against them by machine (R1.15)
    REVIEW_DUE = 1 << 30  # an exemption whose review is overdue
    WENT_ON_DUTY = 1 << 31  # present first, then on duty elsewhere


@dataclass(frozen=True, slots=True)
class AttendanceDay:
    """One person, one work date: derived, rebuildable, never edited.

    `first` and `last` are the punches that decide; the person came between first_low_ms and first_high_ms, and left
    between last_low_ms and last_high_ms (None where unknown or added by hand without a punch). `flags` are DayFlag.
    `late_min`, `early_min`: minutes beyond the limit. `worked_min`: first to last, the break not subtracted.
    `limits` holds the rules that were applied. `because` names the facts that decided: leave, holiday, adjustment.
    """

    person: bytes
    day: dt.date
    office: bytes
    status: Status
    flags: int
    first: Punch | None
    last: Punch | None
    first_low_ms: int | None
    first_high_ms: int | None
    last_low_ms: int | None
    last_high_ms: int | None
    late_min: int
    early_min: int
    worked_min: int
    limits: Limits | None
    punches: tuple[Punch, ...]
    because: tuple[tuple[str, str], ...]

    @property
    def policy(self) -> str:
        """Name and date of the rules applied, "cbse/2016-06-17"; empty where none were needed."""
        return self.limits.terms.version if self.limits else ""

    def has(self, flag: DayFlag) -> bool:
        return bool(self.flags & int(flag))

    @property
    def used(self) -> tuple[PunchId, ...]:
        """Which punches the day rests on."""
        return tuple(punch.id for punch in self.punches)

    @property
    def outcome(self) -> tuple[object, ...]:
        """What a return says of the day: if this is the same, nobody needs an amendment."""
        return (self.status, self.flags, self.first_low_ms, self.last_high_ms, self.late_min, self.early_min)
