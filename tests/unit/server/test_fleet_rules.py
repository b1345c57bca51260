"""The fleet's rules, each at both sides of its limits: conditions, alarms, tickets, silence. All pure."""

import dataclasses
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.fleet import conditions, silence, tickets
from server.fleet.advice import ADVICE, advice
from server.fleet.conditions import HEALTH_RULES, RULES, TICKETED, Facts, Finding, Level
from server.fleet.incidents import LOOK_MS, PAGE_AFTER, REOPEN_MS, SETTLE_MS, Act, Incident, Standing, act, step
from server.fleet.silence import QUARTERS, Silence, add, expectation, holiday, quarter, weekdays
from server.fleet.tickets import DAY_MS, Notice, Ticket, notices, passed, repeated
from sync.health import Health, LinkKind, Machine, Sensor, SensorKind, SensorState, Serving, Throttled, Verdict
from sync.record import ClockSource

NOW = 1_800_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL

FINGER = Sensor("finger", SensorKind.FINGER, SensorState.HERE, Verdict.FINE)
WELL = Health("1.2.0", Serving.SERVING, LinkKind.LAN, clock=ClockSource.SERVER, sensors=(FINGER,))


def facts(health: Health | None = WELL, **changed: object) -> Facts:
    known: dict[str, object] = {"now_ms": NOW, "admitted_ms": NOW - 30 * DAY_MS, "online": True, "last_seen_ms": NOW}
    return Facts(**{**known, "health": health, "health_ms": NOW, **changed})  # type: ignore[arg-type]


def machine(**figures: object) -> Health:
    return dataclasses.replace(WELL, machine=Machine(**figures))  # type: ignore[arg-type]


def sensor(**changed: object) -> Health:
    return dataclasses.replace(WELL, sensors=(dataclasses.replace(FINGER, **changed),))  # type: ignore[arg-type]


def health(**changed: object) -> Health:
    return dataclasses.replace(WELL, **changed)  # type: ignore[arg-type]


LIMITS: list[tuple[str, Level, Facts]] = [
    ("offline", OK, facts(last_seen_ms=NOW - 15 * MINUTE + 1)),
    ("offline", WARN, facts(last_seen_ms=NOW - 15 * MINUTE)),
    ("offline", OK, facts(online=False, last_seen_ms=NOW - HOUR + 1)),
    ("offline", WARN, facts(online=False, last_seen_ms=NOW - HOUR)),
    ("offline", WARN, facts(online=False, last_seen_ms=NOW - 24 * HOUR + 1)),
    ("offline", FAIL, facts(online=False, last_seen_ms=NOW - 24 * HOUR)),
    ("offline", FAIL, facts(None, online=False, last_seen_ms=None)),
    ("offline", OK, facts(None, online=False, last_seen_ms=None, admitted_ms=NOW)),
    ("lagging", OK, facts()),
    ("lagging", WARN, facts(lacking=True)),
    ("lagging", WARN, facts(lacking=True, lacking_since_ms=NOW - 6 * HOUR + 1000)),
    ("lagging", FAIL, facts(lacking=True, lacking_since_ms=NOW - 6 * HOUR)),
    ("silent", FAIL, facts(silence=Silence(40, 0))),
    ("silent", OK, facts(silence=Silence(40, 1))),
    ("silent", OK, facts(silence=Silence(4, 0))),
    ("silent", OK, facts(silence=Silence(40, 0), online=False)),
    ("service", FAIL, facts(health(serving=Serving.UNABLE))),
    ("service", FAIL, facts(health(serving=Serving.ABSENT))),
    ("sensor", FAIL, facts(sensor(state=SensorState.GONE))),
    ("sensor", FAIL, facts(sensor(state=SensorState.LEFT))),
    ("sensor", FAIL, facts(sensor(verdict=Verdict.DEAD_LINES))),
    ("sensor", WARN, facts(sensor(verdict=Verdict.DIRTY))),
    ("sensor", WARN, facts(sensor(glass=49))),
    ("sensor", OK, facts(sensor(glass=50))),
    ("sensor", WARN, facts(sensor(kind=SensorKind.KEYPAD, state=SensorState.GONE))),
    ("backlog", OK, facts(health(backlog=9, oldest_s=7199))),
    ("backlog", WARN, facts(health(backlog=9, oldest_s=7200))),
    ("backlog", FAIL, facts(health(backlog=9, oldest_s=7200), health_ms=NOW - 22 * HOUR)),
    ("backlog", OK, facts(health(backlog=0, oldest_s=0), health_ms=NOW - 48 * HOUR)),
    ("signal", WARN, facts(health(link=LinkKind.GPRS, signal_percent=14))),
    ("signal", OK, facts(health(link=LinkKind.GPRS, signal_percent=15))),
    ("signal", OK, facts(health(link=LinkKind.LAN, signal_percent=0))),
    ("clock", FAIL, facts(health(clock=ClockSource.UNKNOWN))),
    ("clock", WARN, facts(health(clock_offset_ms=-2001))),
    ("clock", OK, facts(health(clock_offset_ms=2000, clock_bound_ms=60_000))),
    ("clock", WARN, facts(health(clock_bound_ms=60_001))),
    ("storage", OK, facts(machine(storage_free_mb=200, storage_used_percent=89))),
    ("storage", WARN, facts(machine(storage_free_mb=199))),
    ("storage", WARN, facts(machine(storage_used_percent=90))),
    ("storage", WARN, facts(machine(storage_used_percent=97))),
    ("storage", FAIL, facts(machine(storage_used_percent=98))),
    ("storage", FAIL, facts(machine(storage_free_mb=49))),
    ("wear", WARN, facts(machine(wear_percent=80))),
    ("wear", FAIL, facts(machine(wear_percent=90))),
    ("heat", OK, facts(machine(temperature_c=74))),
    ("heat", WARN, facts(machine(temperature_c=75))),
    ("heat", FAIL, facts(machine(temperature_c=82))),
    ("power", WARN, facts(machine(throttled=Throttled.UNDER_VOLTAGE_ONCE))),
    ("power", FAIL, facts(machine(throttled=Throttled.UNDER_VOLTAGE))),
    ("memory", WARN, facts(machine(memory_free_percent=4))),
    ("memory", OK, facts(machine(memory_free_percent=5))),
    ("roster", OK, facts(health(roster_age_s=86_399))),
    ("roster", WARN, facts(health(roster_age_s=86_400))),
    ("roster", FAIL, facts(health(roster_age_s=7 * 86_400))),
    ("certificate", OK, facts(health(certificate_days=14))),
    ("certificate", WARN, facts(health(certificate_days=14), health_ms=NOW - 24 * HOUR)),
    ("certificate", WARN, facts(health(certificate_days=3))),
    ("certificate", FAIL, facts(health(certificate_days=2))),
    ("restarts", OK, facts(machine(restarts=2))),
    ("restarts", WARN, facts(machine(restarts=3))),
    ("restarts", FAIL, facts(machine(restarts=10))),
    ("software", OK, facts(newest=(1, 2, 0))),
    ("software", WARN, facts(newest=(1, 10, 0))),
]


@pytest.mark.parametrize(
    ("kind", "level", "known"), LIMITS, ids=[f"{k}-{lv.name}-{n}" for n, (k, lv, _) in enumerate(LIMITS)]
)
def test_a_rule_holds_on_both_sides_of_its_limit(kind: str, level: Level, known: Facts) -> None:
    """S1, S11, S13, R1.13, R1.14."""
    found = conditions.look(known)
    assert found.get(kind, Finding(OK, "")).level is level
    assert set(found) <= {kind, "offline"}


def test_every_rule_is_tried_and_has_words_in_both_languages() -> None:
    kinds = {*RULES, *HEALTH_RULES}
    assert {kind for kind, level, _ in LIMITS if level is not OK} == kinds
    assert kinds <= set(ADVICE)
    assert kinds >= TICKETED
    for one in ADVICE.values():
        assert all(one)
        assert one.what_hi != one.what
        assert all(any("ऀ" <= sign <= "ॿ" for sign in text) for text in (one.what_hi, one.do_hi))
    assert advice("of-tomorrow").what == "of-tomorrow"


@pytest.mark.parametrize(("text", "numbers"), [("0.1.0", (0, 1, 0)), ("1.2rc1", (1,)), ("", ()), ("9" * 40, ())])
def test_a_version_is_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert conditions.version(text) == numbers


# ── alarms ──

BAD = Finding(FAIL, "x")


def looks(*at: tuple[int, Finding | None]) -> tuple[Standing | None, list[Act], Incident | None]:
    """Play looks; what happened at each, as the ledger would keep it."""
    standing: Standing | None = None
    last: Incident | None = None
    acts = []
    for now_ms, found in at:
        standing = step(standing, found, now_ms)
        what = act(standing, last, now_ms)
        acts.append(what)
        if what is Act.OPEN:
            last = Incident(b"", 0, None)
        elif what is Act.REOPEN and last:
            last = Incident(b"", last.times + 1, None)
        elif what is Act.CLOSE and last:
            last = Incident(b"", last.times, now_ms)
    return standing, acts, last


def test_an_alarm_pages_after_two_failures_and_not_before() -> None:
    assert looks((0, BAD))[1] == [Act.NOTHING]
    assert looks((0, BAD), (LOOK_MS - 1, BAD))[1] == [Act.NOTHING, Act.NOTHING]
    assert looks((0, BAD), (LOOK_MS, BAD), (2 * LOOK_MS, BAD))[1] == [Act.NOTHING, Act.OPEN, Act.NOTHING]
    assert looks((0, BAD), (LOOK_MS, None), (2 * LOOK_MS, BAD))[1] == [Act.NOTHING] * 3
    assert Act.OPEN not in looks(*((n * LOOK_MS, Finding(WARN, "x")) for n in range(9)))[1]


def test_one_that_flaps_is_one_alarm_and_over_only_when_it_stays_well() -> None:
    minute = LOOK_MS
    opened = [(0, BAD), (minute, BAD)]
    back = [*opened, (2 * minute, None), (3 * minute, BAD), (4 * minute, BAD)]
    assert looks(*back)[1] == [Act.NOTHING, Act.OPEN, Act.CLOSE, Act.NOTHING, Act.REOPEN]
    well = 5 * minute
    _, acts, last = looks(*back, (well, None), (well + SETTLE_MS - 1, None), (well + SETTLE_MS, None))
    assert acts[-3:] == [Act.NOTHING, Act.NOTHING, Act.CLOSE]
    assert last
    assert last.times == 1
    later = 2 * minute + REOPEN_MS
    assert looks(*opened, (2 * minute, None), (later - minute, BAD), (later, BAD))[1][-1] is Act.OPEN


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from([None, BAD, Finding(WARN, "y")])), max_size=60))
def test_looking_twice_is_looking_once(looked: list[tuple[int, Finding | None]]) -> None:
    moments = itertools.accumulate(minutes * LOOK_MS for minutes, _ in looked)
    once = [(at, found) for at, (_, found) in zip(moments, looked, strict=True)]
    twice = [one for at, found in once for one in ((at, found), (at + 1, found))]
    standing, acts, last = looks(*once)
    again = looks(*twice)
    assert again[0] == standing
    assert [one for one in again[1] if one is not Act.NOTHING] == [one for one in acts if one is not Act.NOTHING]
    assert again[2] == last
    assert standing is None or standing.bad <= PAGE_AFTER


# ── tickets ──

TICKET = Ticket(b"12345678", "t-1", None, "sensor", "gone", NOW)


@pytest.mark.parametrize(
    ("after_ms", "told"),
    [
        (0, []),
        (2 * DAY_MS - 1, []),
        (2 * DAY_MS, [Notice.REMIND_3]),
        (4 * DAY_MS - 1, [Notice.REMIND_3]),
        (4 * DAY_MS, [Notice.REMIND_3, Notice.REMIND_5]),
        (7 * DAY_MS, [Notice.REMIND_3, Notice.REMIND_5]),
        (7 * DAY_MS + 1, [Notice.REMIND_3, Notice.REMIND_5, Notice.BREACH]),
        (300 * DAY_MS, [Notice.REMIND_3, Notice.REMIND_5, Notice.BREACH]),
    ],
)
def test_a_ticket_is_spoken_of_on_day_3_and_5_and_breached_on_day_8(after_ms: int, told: list[Notice]) -> None:
    """R2.6: rectified within one week, 7 × 24 hours from the first detection."""
    assert list(notices(TICKET, NOW + after_ms)) == told
    assert TICKET.breached(NOW + after_ms) is (Notice.BREACH in told)
    closed = dataclasses.replace(TICKET, closed_ms=NOW + after_ms)
    assert list(notices(closed, NOW + 300 * DAY_MS)) == []
    assert closed.breached(NOW + 300 * DAY_MS) is (Notice.BREACH in told)


def test_days_are_counted_from_one() -> None:
    assert [TICKET.day(NOW + days * DAY_MS) for days in (0, 2, 4, 7)] == [1, 3, 5, 8]
    assert TICKET.day(NOW + DAY_MS - 1) == 1
    assert TICKET.due_ms == NOW + 7 * DAY_MS


@pytest.mark.parametrize(
    ("one", "good"),
    [
        (WELL, True),
        (sensor(verdict=Verdict.UNTRIED), False),
        (sensor(verdict=Verdict.DIRTY), False),
        (sensor(state=SensorState.GONE), False),
        (health(serving=Serving.UNABLE), False),
        (health(sensors=()), False),
        (health(sensors=(FINGER, Sensor("keys", SensorKind.KEYPAD, SensorState.GONE))), True),
        (health(sensors=(FINGER, Sensor("face", SensorKind.FACE, SensorState.GONE))), False),
    ],
)
def test_only_a_passed_self_test_is_one(one: Health, good: bool) -> None:
    """R2.6."""
    assert passed(one) is good


def test_three_refusals_within_a_week_are_no_accident() -> None:
    """S1, R2.6."""
    week = 7 * DAY_MS
    assert repeated([NOW, NOW - 5, NOW - week + 1], NOW)
    assert not repeated([NOW, NOW - 5, NOW - week], NOW)
    assert not repeated([NOW, NOW - 5], NOW)
    assert tickets.REPEATED == 3


# ── silence ──


def day(**quarters: int) -> bytes:
    return add(b"", {int(name[1:]): count for name, count in quarters.items()})


def test_forty_expected_and_nobody_by_a_quarter_to_ten() -> None:
    """S1: 40 people come between 09:15 and 09:45 on this weekday; today the machine is online and nobody."""
    usual = day(q37=25, q38=15)
    at = [quarter(dt.datetime(2026, 1, 5, 9, minute, tzinfo=dt.UTC)) for minute in (15, 44, 45)]
    assert at == [37, 38, 39]
    assert [expectation([usual] * 3, b"", one) for one in at] == [Silence(0, 0), Silence(25, 0), Silence(40, 0)]
    assert expectation([usual] * 3, b"", 39).silent
    assert not expectation([usual] * 3, day(q2=1), 39).silent
    assert not expectation([usual] * 2, b"", 39).silent


def test_one_holiday_among_the_weeks_moves_nothing() -> None:
    usual = day(q37=40)
    assert expectation([usual, bytes(QUARTERS), usual], b"", 50).expected == 40
    assert expectation([usual, bytes(QUARTERS), bytes(QUARTERS)], b"", 50).expected == 0


def test_when_all_are_silent_it_is_the_calendar() -> None:
    quiet, busy = Silence(40, 0), Silence(40, 39)
    assert holiday([quiet] * 5)
    assert holiday([quiet] * 4 + [busy])
    assert not holiday([quiet] * 3 + [busy] * 2)
    assert not holiday([quiet] * 4)
    assert not holiday([Silence(0, 0)] * 50)


@given(st.lists(st.dictionaries(st.integers(0, 95), st.integers(0, 300), max_size=5), max_size=8))
def test_a_day_is_the_same_in_any_order(parts: list[dict[int, int]]) -> None:
    whole = b""
    for part in parts:
        whole = add(whole, part)
    other = b""
    for part in reversed(parts):
        other = add(other, part)
    assert whole == other


def test_the_same_weekday_of_eight_weeks() -> None:
    monday = dt.date(2026, 3, 2)
    found = weekdays(monday)
    assert len(found) == silence.WEEKS
    assert {one.weekday() for one in found} == {0}
    assert found[0] == dt.date(2026, 2, 23)
