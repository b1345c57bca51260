"""A made-up office, and short ways to write punches into it. All people here are numbers."""

import datetime as dt
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from server.attendance.clock import midnight_ms
from server.attendance.month import fold_days, fold_month
from server.attendance.plan import Planner
from server.attendance.policy import parse
from server.attendance.rules import Policy
from server.attendance.types import (
    AttendanceDay,
    Calendar,
    DayFlag,
    FitnessSpan,
    Office,
    PersonFacts,
    Punch,
    PunchId,
    ServiceSpan,
    WeeklyOff,
    World,
)
from sync.record import Flag, Kind, SourceClass

POLICIES = Path(__file__).parents[4] / "config" / "policies"
IST_MIN = 330
OFFICE, OTHER = b"office-1", b"office-2"
PERSON = b"person-1"
TUESDAY = dt.date(2026, 11, 3)
SUNDAY = dt.date(2026, 11, 8)
MONTH = "2026-11"
FIT = (FitnessSpan("t-1", OFFICE, 0, 1 << 53),)
SUNDAYS = WeeklyOff(dt.date(2000, 1, 1), None, frozenset({7}))
SPAN = ServiceSpan(dt.date(2020, 1, 1), None, OFFICE, "cbse-2016", id="posting")


@cache
def policy(name: str = "cbse-2016") -> Policy:
    path = POLICIES / f"{name}.toml"
    return parse(path.read_text("utf-8"), path.name)


def at(day: dt.date, clock: str) -> int:
    """Unix ms of a local time; "06:10+1" is of the next day, seconds may follow: "09:30:59"."""
    text, _, more = clock.partition("+")
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    whole = (hours * 60 + minutes) * 60 + sum(seconds) + 86_400 * int(more or 0)
    return midnight_ms(day, IST_MIN) + whole * 1000


def punch(
    day: dt.date,
    clock: str,
    kind: Kind = Kind.IN,
    *,
    bound_s: float = 0,
    terminal: str = "t-1",
    seq: int | None = None,
    source: SourceClass = SourceClass.AADHAAR_TERMINAL,
    office: bytes = OFFICE,
    flags: Flag = Flag.NONE,
    signed: bool = True,
    disputed: bool = False,
) -> Punch:
    """A punch at a local time, known to `bound_s` both ways."""
    ms, bound = at(day, clock), round(bound_s * 1000)
    return Punch(
        PunchId(terminal, b"log", ms // 1000 if seq is None else seq), ms - bound, ms + bound, office, kind,
        source_class=source, flags=flags, signed=signed, disputed=disputed,
    )  # fmt: skip


def marks(day: dt.date, *clocks: str) -> tuple[Punch, ...]:
    """The first is IN, the others OUT, as a terminal writes them."""
    return tuple(punch(day, clock, Kind.OUT if place else Kind.IN) for place, clock in enumerate(clocks))


def office(**changes: object) -> Office:
    fields: dict[str, object] = {
        "id": OFFICE, "name": "Office 1", "calendar": Calendar(weekly=(SUNDAYS,)), "life": (), "fitness": FIT,
    }  # fmt: skip
    return Office(**(fields | changes))  # type: ignore[arg-type]  # a short way to write it


def world(*offices: Office, policies: Sequence[str] = ("cbse-2016",)) -> World:
    other = Office(OTHER, "Office 2", Calendar(weekly=(SUNDAYS,)), (), (FitnessSpan("t-2", OTHER, 0, 1 << 53),))
    return World({name: policy(name) for name in policies}, {one.id: one for one in (office(), other, *offices)})


def person(*punches: Punch, spans: tuple[ServiceSpan, ...] = (SPAN,), **facts: object) -> PersonFacts:
    return PersonFacts(PERSON, spans, punches, **facts)  # type: ignore[arg-type]  # a short way to write it


def one_day(
    facts: PersonFacts, day: dt.date = TUESDAY, here: World | None = None, as_of_ms: int | None = None
) -> AttendanceDay:
    """The fold of one day alone."""
    (found,) = fold_days(Planner(here or world()), facts, [day], as_of_ms)
    return found


def one_month(facts: PersonFacts, here: World | None = None, month: str = MONTH) -> list[AttendanceDay]:
    return list(fold_month(here or world(), [facts], month))


def flags(day: AttendanceDay, *wanted: DayFlag) -> list[bool]:
    """Which of some flags a day has."""
    return [day.has(flag) for flag in wanted]
