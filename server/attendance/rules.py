"""The rules of attendance as rows with dates: a later order adds a row, and the program stays as it is.

Each row says from when to when it holds, and which circular says so. What is in force on a day is its Terms.
Minutes are after local midnight, `Clock` is written "HH:MM" in a policy file, days of leave are counted in halves.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, NewType

from server.attendance import PolicyError

Clock = NewType("Clock", int)
ACCOUNTED = ("CL", "EL", "HPL", "CCL", "RH")
"""Kinds of leave with a balance; of the others nothing is counted down."""


class Granularity(StrEnum):
    """09:30:59 is on time by the minute, late by the second (R2.2)."""

    MINUTE = "minute"
    SECOND = "second"


class Window(StrEnum):
    """Over what late days are counted: each month by itself, or with the remainder of the month before (R2.3)."""

    MONTH = "month"
    CARRY = "carry"


class LateFrom(StrEnum):
    """From when the minutes are counted that Late Sitting Allowance adds in the evening (R3.4)."""

    START = "start"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`since` to `until`, ends included; `until` None: until further orders. `source`: circular and paragraph."""

    KEY: ClassVar[tuple[str, ...]] = ()  # rows that differ here stand beside each other
    since: dt.date
    until: dt.date | None = None
    source: str
    line: int = 0

    def covers(self, day: dt.date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)

    @property
    def key(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(Row):
    """Office hours (R2.1). `day_begins`: a punch before it is of the day before (who sat late past midnight).
    `double_tap_s`: a second punch within it is no departure (S14)."""

    start: Clock
    end: Clock
    break_start: Clock = Clock(0)
    break_end: Clock = Clock(0)
    day_begins: Clock = Clock(180)
    double_tap_s: int = 60

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError("start must be before end; hours across midnight belong to a shift")
        if self.break_end and not self.start < self.break_start <= self.break_end < self.end:
            raise ValueError("the break must lie inside the hours")
        if self.day_begins >= self.start:
            raise ValueError("day_begins must be before start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Late(Row):
    """Late is who comes after start + `grace_min` (R2.2)."""

    grace_min: int
    granularity: Granularity = Granularity.MINUTE

    def __post_init__(self) -> None:
        _within("grace_min", self.grace_min, 0, 240)


@dataclass(frozen=True, slots=True, kw_only=True)
class Early(Row):
    """Left early has who goes before end - `grace_min` (R4.1)."""

    grace_min: int = 0

    def __post_init__(self) -> None:
        _within("grace_min", self.grace_min, 0, 240)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks(Row):
    """From the lowest to the highest; up to which the machine is asked, and up to which the register, too (R1.15)."""

    order: tuple[str, ...]
    machine_upto: str
    register_upto: str

    def __post_init__(self) -> None:
        for name in ("machine_upto", "register_upto"):
            if getattr(self, name) not in self.order:
                raise ValueError(f"{name} is not one of the ranks in order: {', '.join(self.order)}")

    def machine(self, rank: str) -> bool:
        """Is attendance by machine asked of this rank? Not held ("") is the lowest. Raises PolicyError."""
        return self._level(rank) <= self.order.index(self.machine_upto)

    def register(self, rank: str) -> bool:
        """Is the branch register asked of this rank? Raises PolicyError."""
        return self._level(rank) <= self.order.index(self.register_upto)

    def _level(self, rank: str) -> int:
        if rank and rank not in self.order:
            raise PolicyError(f"rank {rank!r} is not in the policy; known: {', '.join(self.order)}")
        return self.order.index(rank) if rank else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence(Row):
    """A day of fewer minutes than `full_min` is a half day, than `half_min` a short one; 0: not judged."""

    full_min: int = 0
    half_min: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness(Row):
    """When a machine is to blame. Absent: at most `tolerate_min` of the hours without a fit terminal. Late: none in the
    `lead_min` before the limit and until the person came; left early the same, `trail_min` after closing."""

    tolerate_min: int = 30
    lead_min: int = 30
    trail_min: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Aadhaar(Row):
    """Regular employees mark on Aadhaar terminals, contractual ones on the old machines (R2.8, R6.2)."""

    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction(Row):
    """`take_days` of leave for every `every` days that count (R2.3), in this `order` of leave (R2.4).

    `counts`: which days count: "late", "early". A month's first `condone` of them are forgiven where at most
    `condone_upto_min` late; or each draws its minutes, at most `pool_day_min` a day, from a pool of `pool_min`, and
    counts only when that is empty. `repeat_from` days a month make a repeat latecomer (R2.10). The officer has until
    day `confirm_by_day` of the next month.
    """

    every: int
    take_days: float
    order: tuple[str, ...] = ("CL", "EL")
    window: Window = Window.MONTH
    counts: tuple[str, ...] = ("late",)
    condone: int = 0
    condone_upto_min: int = 0
    pool_min: int = 0
    pool_day_min: int = 0
    repeat_from: int = 6
    confirm_by_day: int = 5

    def __post_init__(self) -> None:
        _within("every", self.every, 1, 31)
        _within("confirm_by_day", self.confirm_by_day, 1, 28)
        if self.take_days <= 0 or self.take_days * 2 != int(self.take_days * 2):
            raise ValueError("take_days must be whole or half days")
        if not self.counts or set(self.counts) - {"late", "early"}:
            raise ValueError('counts takes "late" and "early"')
        if strange := [kind for kind in self.order if kind not in ACCOUNTED]:
            raise ValueError(f"order: {strange[0]!r} is no leave with an account; known: {', '.join(ACCOUNTED)}")
        if not self.order or len(set(self.order)) < len(self.order):
            raise ValueError("order names each kind of leave once")
        if self.pool_min and self.condone:
            raise ValueError("condone and pool_min are two ways of forgiving; take one")
        if bool(self.pool_min) != bool(self.pool_day_min):
            raise ValueError("pool_min and pool_day_min go together")

    @property
    def take_halves(self) -> int:
        return int(self.take_days * 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lsa(Row):
    """What Late Sitting Allowance asks for (R3.4 to R3.9). `work_until` on a working day; `late_from`: minutes late
    after this, less `late_grace_min`, are added. `claim_months`: claimable until the end of that month after."""

    work_until: Clock
    late_from: LateFrom = LateFrom.START
    late_grace_min: int = 0
    holiday_min: int = 240
    holiday_less_break: bool = False
    approval: bool = True
    certificate: bool = True
    claim_months: int = 1
    aadhaar_only: bool = True
    clock_bound_s: int = 60

    def __post_init__(self) -> None:
        _within("claim_months", self.claim_months, 1, 12)
        _within("clock_bound_s", self.clock_bound_s, 0, 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class LsaRate(Row):
    """Rupees a day (R3.1)."""

    KEY: ClassVar[tuple[str, ...]] = ("group",)
    group: str
    working: int
    holiday: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LsaGroup(Row):
    """The group of a pay band and grade pay (R3.2)."""

    KEY: ClassVar[tuple[str, ...]] = ("pay_band", "grade_pay")
    pay_band: str
    grade_pay: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LsaCap(Row):
    """Days in a financial year (R3.3). `post`: whom else than all of the group; a driver has a cap of their own."""

    KEY: ClassVar[tuple[str, ...]] = ("group", "post")
    group: str
    post: str = ""
    days: int

    def __post_init__(self) -> None:
        _within("days", self.days, 0, 366)


KINDS: Mapping[str, type[Row]] = {
    "hours": Hours,
    "late": Late,
    "early": Early,
    "ranks": Ranks,
    "presence": Presence,
    "fitness": Fitness,
    "aadhaar": Aadhaar,
    "deduction": Deduction,
    "lsa": Lsa,
    "lsa_rate": LsaRate,
    "lsa_group": LsaGroup,
    "lsa_cap": LsaCap,
}
REQUIRED = ("hours", "late", "early", "fitness")


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """All rules in force on a day. `version` names the policy and the day of its last change up to then."""

    version: str
    offset_min: int
    hours: Hours
    late: Late
    early: Early
    fitness: Fitness
    ranks: Ranks | None = None
    presence: Presence | None = None
    aadhaar: Aadhaar | None = None
    deduction: Deduction | None = None
    lsa: Lsa | None = None
    rates: Mapping[str, LsaRate] = field(default_factory=dict)
    groups: Mapping[tuple[str, int], LsaGroup] = field(default_factory=dict)
    caps: Mapping[tuple[str, str], LsaCap] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy file. `starts[i]` is the first day of `terms[i]`; the last one holds until further orders."""

    name: str
    title: str
    title_hi: str
    since: dt.date
    rows: tuple[tuple[str, Row], ...]
    starts: tuple[dt.date, ...]
    terms: tuple[Terms, ...]

    def at(self, day: dt.date) -> Terms:
        """What is in force on a day. Raises PolicyError before the policy begins."""
        place = bisect_right(self.starts, day)
        if not place:
            raise PolicyError(f"{self.name}: no rules for {day}; they begin on {self.since}")
        return self.terms[place - 1]


@dataclass(frozen=True, slots=True)
class Shift:
    """Hours other than the policy's, in minutes after midnight of the work date. `end_min` beyond 1440 is the next
    morning (wardens). `every_day`: holidays and weekly offs are worked."""

    code: str
    start_min: int
    end_min: int
    break_start_min: int = 0
    break_end_min: int = 0
    every_day: bool = False


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value}")
