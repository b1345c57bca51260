"""`hazri-server bench attendance`: a month of a whole state folded, and one late punch folded again.

Synthetic: the people are numbers, their punches come from a seeded generator. Each of two processes folds half of them,
one person at a time, as the aggregator does. Making the punches is not counted: elsewhere they come from a database.
"""

import datetime as dt
import multiprocessing
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from rich.console import Console

from server.attendance.clock import MINUTE_MS, days_of, midnight_ms
from server.attendance.month import days_touched, fold_days
from server.attendance.plan import Planner
from server.attendance.policy import parse
from server.attendance.types import (
    Calendar,
    FitnessSpan,
    Office,
    PersonFacts,
    Punch,
    PunchId,
    ServiceSpan,
    WeeklyOff,
    World,
)

PEOPLE = 100_000
OFFICES = 2000
MONTH = "2026-10"  # 31 days, 22 of them worked
PROCESSES = 2
_TRIES = 200


def run(console: Console, people: int = PEOPLE) -> dict[str, Any]:
    """Seconds (by the clock, and of one processor), memory, microseconds a day; milliseconds for one late punch."""
    console.print(f"folding {MONTH} of {people} synthetic employees in {PROCESSES} processes …")
    share = people // PROCESSES
    begun = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        halves = pool.starmap(_fold, [(place * share, share) for place in range(PROCESSES)])
    took_s = time.perf_counter() - begun
    fold_s = max(half["fold_s"] for half in halves)
    days = sum(half["days"] for half in halves)
    late = _late_punch()
    return {
        "people": share * PROCESSES,
        "person_days": days,
        "punches": sum(half["punches"] for half in halves),
        "fold_s": round(fold_s, 1),
        "fold_cpu_s": round(max(half["cpu_s"] for half in halves), 1),
        "with_making_the_punches_s": round(took_s, 1),
        "us_a_person_day": round(1e6 * sum(half["fold_s"] for half in halves) / days, 1),
        "memory_mib": round(sum(half["memory_mib"] for half in halves)),
        "late_punch_median_ms": round(late[len(late) // 2], 2),
        "late_punch_worst_ms": round(late[-1], 2),
        "late_days": sum(half["late"] for half in halves),
    }


def _fold(first: int, count: int) -> dict[str, float]:
    world, days = _world(), days_of(MONTH)
    planner = Planner(world)
    said: Counter[str] = Counter()
    folded = punches = late = 0
    fold_s = cpu_s = 0.0
    for facts in _people(first, count):
        punches += len(facts.punches)
        begun, cpu = time.perf_counter(), time.process_time()
        for day in fold_days(planner, facts, days):
            folded += 1
            said[day.status] += 1
            late += day.late_min > 0
        fold_s += time.perf_counter() - begun
        cpu_s += time.process_time() - cpu
    used_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"fold_s": fold_s, "cpu_s": cpu_s, "days": folded, "punches": punches, "late": late, "memory_mib": used_mib}


def _late_punch() -> list[float]:
    """How long, in ms and sorted, one punch takes that comes after its month was folded."""
    planner, days = Planner(_world()), days_of(MONTH)
    took = []
    for facts in _people(0, _TRIES):
        list(fold_days(planner, facts, days))
        came = facts.punches[-1]
        late = Punch(PunchId("late", b"late", 1), came.low_ms, came.high_ms, came.office)
        more = PersonFacts(facts.person, facts.spans, (*facts.punches, late))
        begun = time.perf_counter()
        list(fold_days(planner, more, days_touched(planner, more, late)))
        took.append(1000 * (time.perf_counter() - begun))
    return sorted(took)


def _world() -> World:
    text = files("config").joinpath("policies/cbse-2016.toml").read_text("utf-8")
    policy = parse(text, "cbse-2016.toml")
    week = (WeeklyOff(dt.date(2000, 1, 1), None, frozenset({6, 7})),)
    whole = midnight_ms(days_of(MONTH)[0], 330)
    offices = {}
    for number in range(OFFICES):
        office = number.to_bytes(8, "big")
        fit = tuple(
            FitnessSpan(f"t-{number}", office, whole + day * 86_400_000, whole + (day + 1) * 86_400_000 - number % 7)
            for day in range(-1, 33)
        )
        offices[office] = Office(office, "", Calendar(weekly=week), (), fit)
    return World({policy.name: policy}, offices)


def _people(first: int, count: int) -> Iterator[PersonFacts]:
    chance = random.Random(first)  # noqa: S311 - a load, not a secret
    works = [midnight_ms(day, 330) for day in days_of(MONTH) if day.isoweekday() < 6]
    for number in range(first, first + count):
        office = (number % OFFICES).to_bytes(8, "big")
        terminal, log = f"t-{number % OFFICES}", office
        punches: list[Punch] = []
        for midnight in works:
            for minute in (530 + chance.randrange(50), 780, 810, 1040 + chance.randrange(60)):
                at = midnight + minute * MINUTE_MS + chance.randrange(MINUTE_MS)
                punches.append(Punch(PunchId(terminal, log, len(punches) + number * 100), at - 40, at + 40, office))
        chance.shuffle(punches)  # as they may come
        span = ServiceSpan(dt.date(2020, 1, 1), None, office, "cbse-2016", rank="Section Officer")
        yield PersonFacts(number.to_bytes(8, "big"), (span,), tuple(punches))
