"""How a day came to be what it is, in both languages (R2.5, R2.10, S17)."""

import datetime as dt
import string

import pytest

from server.attendance.clock import days_of
from server.attendance.deductions import propose
from server.attendance.derivation import of_proposal, steps
from server.attendance.lsa import Reason
from server.attendance.phrases import PHRASES
from server.attendance.types import Act, Adjustment, DayFlag, Half, Leave, Status
from server.attendance.words import WORDS, say, told
from sync.record import Kind, Means
from tests.unit.server.attendance.scene import (
    OFFICE,
    TUESDAY,
    at,
    marks,
    office,
    one_day,
    one_month,
    person,
    punch,
    world,
)

NAMES = {OFFICE: "Zone Office 2"}


def test_a_late_day_in_words() -> None:
    """S17: what was punched, where and how surely, the limit and its order, what follows."""
    day = one_day(person(punch(TUESDAY, "09:41:30", bound_s=1), *marks(TUESDAY, "17:30")))
    assert told(steps(day, NAMES), "en").split("; ") == [
        "first in 09:41 at Zone Office 2 by finger, clock ±1 s",
        "late after 09:30 (CBSE/SECY/2016/1590-95 of 17.06.2016, para 8", "2019 I.9)",
        "late by 11 min",
        "last out 17:30 at Zone Office 2 by finger, clock ±0 s",
        "closing time 17:30 (CBSE/SECY/2016/1590-95 of 17.06.2016, para 1", "2019 I.2)",
        "stayed until closing time",
        "present",
        "by policy cbse-2016/2016-08-01",
    ]  # fmt: skip
    assert "11 मिनट विलंब" in told(steps(day, NAMES), "hi")


# Limit 09:30, closing 17:30. Came or left, the clock's bound, and what is said of it; the reading is worked out beside.
KINDEST = (
    ("09:41:00", "17:30", 1, "first in 09:41", "late by 10 min, read as 09:40: the earliest that the clock allows"),
    ("09:41:01", "17:30", 1, "first in 09:41", "late by 11 min"),  # 09:41:00: the same minute
    ("09:41:58", "17:30", 1, "first in 09:41", "late by 11 min"),  # 09:41:57
    ("09:45:00", "17:30", 600, "first in 09:45", "late by 5 min, read as 09:35: the earliest that the clock allows"),
    ("09:31:00", "17:30", 1, "first in 09:31", "perhaps late, but the clock cannot tell: not held against the person"),
    ("09:31:01", "17:30", 1, "first in 09:31", "late by 1 min"),  # 09:31:00
    ("09:00", "17:19:59", 1, "last out 17:19", "left 10 min early, read as 17:20: the latest that the clock allows"),
    ("09:00", "17:19:58", 1, "last out 17:19", "left 11 min early"),  # 17:19:59 → 10 min 1 s → 11
    ("09:00", "17:29:59", 1, "last out 17:29", "perhaps left early, but the clock cannot tell: not held"),
)  # fmt: skip


@pytest.mark.parametrize(("came", "left", "bound_s", "shown", "said"), KINDEST)
def test_minutes_are_counted_from_the_kindest_reading_and_say_so(
    came: str, left: str, bound_s: int, shown: str, said: str
) -> None:
    """S10, R2.2: never "late by 10 min" beside 09:41 without a word on why."""
    day = one_day(person(punch(TUESDAY, came, bound_s=bound_s), punch(TUESDAY, left, Kind.OUT, bound_s=bound_s)))
    parts = told(steps(day, NAMES), "en").split("; ")
    (at_,) = (n for n, part in enumerate(parts) if part.startswith(shown))
    assert any(part.startswith(said) for part in parts[at_:])
    if "read as" not in said:
        assert not any("read as" in part for part in parts)
    else:
        assert "माना गया" in told(steps(day, NAMES), "hi")


def test_a_deduction_in_words() -> None:
    """R2.3, R2.10: which days came to which leave."""
    late = [one for day in days_of("2026-11")[1:4] for one in marks(day, "09:41", "17:30")]
    month = propose(one_month(person(*late)), {"CL": 16}, dt.date(2026, 12, 1))
    text = say(of_proposal(month.proposals[0]), "en")
    assert text.startswith("late days 02.11.2026, 03.11.2026, 04.11.2026 → 1 CL (CBSE/SECY/2016/1590-95")
    month = propose(one_month(person(*late)), {}, dt.date(2026, 12, 1))
    assert "none is left: for decision" in say(of_proposal(month.proposals[0]), "en")


ODD = (
    (person(), world(office(fitness=())), "the office's terminals were not fit; undetermined"),
    (person(leaves=(Leave(TUESDAY, TUESDAY, "CL", id="l-1"),)), world(), "approved leave CL l-1; on leave; by policy"),
    (
        person(punch(TUESDAY, "14:10"), leaves=(Leave(TUESDAY, TUESDAY, "CL", Half.FORENOON),)),
        world(),
        "late after 14:00",
    ),
    (
        person(adjustments=(Adjustment(TUESDAY, Act.ADD_IN, "so", "power cut", at(TUESDAY, "09:00"), id="a"),)),
        world(),
        "first in 09:00, added by an officer",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("facts", "here", "said"), ODD)
def test_why_a_day_is_not_as_usual(facts: object, here: object, said: str) -> None:
    """S17"""
    assert said in told(steps(one_day(facts, here=here), NAMES), "en")  # type: ignore[arg-type]


def test_there_is_a_sentence_for_everything() -> None:
    """S17: every flag, status, reason, act and means, in both languages, with the same values."""
    wanted = {f"flag_{(flag.name or '').lower()}" for flag in DayFlag}
    wanted |= {f"status_{status.value}" for status in Status} | {f"lsa_{reason.value}" for reason in Reason}
    wanted |= {act.value for act in Act} | {f"means_{means.name.lower()}" for means in Means}
    assert wanted <= set(WORDS)
    for table in (WORDS, PHRASES):
        for code, (english, hindi) in table.items():
            assert fields(english) == fields(hindi), code
            assert any("\u0900" <= sign <= "\u097f" for sign in hindi), code


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
