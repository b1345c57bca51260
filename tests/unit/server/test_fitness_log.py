"""What the ledger holds of a terminal's fitness: records, sessions, its own words; and the hours of its health."""

import dataclasses

from sqlalchemy import insert, update

from server.fleet import (
    fitness_log,
    health,
)
from server.fleet.fitness import Fitness
from server.fleet.follow import follow
from server.ledger.store import Ledger
from server.ledger.tables import (
    dating,
    fitness_run,
    terminal_health,
)
from sync.health import Machine
from sync.record import ClockSource, Event, EventCode, Instant
from tests.unit.server.aggregator import Aggregator, Line, Terminal
from tests.unit.server.fleet_site import (
    BROKEN,
    HOUR,
    MINUTE,
    NOW,
    WELL,
    admitted,
    beats,
    rows,
    says,
)


def test_the_records_themselves_say_when_it_ran_and_when_its_disk_refused(running: Aggregator) -> None:
    """S13, R1.14: counted once however often it is read, dated by evidence, and nothing where nothing is known."""
    one = running.admit(Terminal("t-1"))
    line = Line(running.hub, one)
    start = Instant(1, 0, NOW, ClockSource.SERVER, 100)
    boot = Event(EventCode.BOOT, {"boot_id": bytes(16), "software": "1"}, start)
    refused = Event(EventCode.STORAGE, {"refused": 2}, dataclasses.replace(start, since_boot_ms=5 * MINUTE))
    last = Event(EventCode.ADMIN, {"what": "technician"}, dataclasses.replace(start, since_boot_ms=9 * MINUTE))
    one.add(boot, refused, last)
    line.send("batch", one.batch_bytes())
    running.wait("records", 3)
    with running.ledger.write() as connection:
        assert follow(connection, NOW) is False
        assert follow(connection, NOW) is False
    assert [(r["first_ms"], r["last_ms"]) for r in rows(running.ledger, fitness_run)] == [(0, 9 * MINUTE)]
    span = NOW // MINUTE, NOW // MINUTE + 20
    with running.ledger.read() as connection:
        assert {one.fitness for one in fitness_log.timeline(connection, "t-1", *span)} == {Fitness.UNKNOWN}
    evidence = {"terminal": "t-1", "log": one.log, "boot_no": 1, "seq": 99, "kind": 1, "known_ms": NOW}
    with running.ledger.write() as connection:
        sure = {"low_at_ms": 0, "low_ms": NOW, "high_at_ms": 0, "high_ms": NOW}
        connection.execute(insert(dating).values(**evidence, **sure))
    with running.ledger.read() as connection:
        found = fitness_log.timeline(connection, "t-1", *span)
        total = fitness_log.fit_between(connection, ["t-1"], NOW, NOW + 20 * MINUTE)
    at = {m - span[0]: one for one in found for m in range(one.start, one.end)}
    assert at[3].fitness is Fitness.UNFIT
    assert at[3].reasons == ("storage",)
    assert at[7].fitness is Fitness.FIT
    assert at[15].fitness is Fitness.UNKNOWN
    assert (total.fit + total.unfit + total.unknown, total.wholly) == (20, False)


def test_what_it_says_of_itself_and_its_sessions_make_the_timeline(ledger: Ledger) -> None:
    """S15: the sensor fails at minute 10 and is mended at minute 20, online for half an hour."""
    one = admitted(ledger)
    beats(ledger, one, NOW)
    says(ledger, one, WELL, NOW)
    says(ledger, one, BROKEN, NOW + 10 * MINUTE)
    says(ledger, one, BROKEN, NOW + 15 * MINUTE)
    says(ledger, one, WELL, NOW + 20 * MINUTE)
    beats(ledger, one, NOW + 30 * MINUTE)
    start = NOW // MINUTE
    with ledger.read() as connection:
        found = fitness_log.timeline(connection, one, start, start + 40)
        inside = fitness_log.timeline(connection, one, start + 12, start + 15)
    told = [(i.start - start, i.end - start, i.fitness, i.reasons) for i in found]
    assert told == [
        (0, 10, Fitness.FIT, ()),
        (10, 20, Fitness.UNFIT, ("sensor",)),
        (20, 31, Fitness.FIT, ()),
        (31, 40, Fitness.UNKNOWN, ("no_word",)),
    ]
    assert [(i.fitness, i.reasons) for i in inside] == [(Fitness.UNFIT, ("sensor",))]


def test_the_extremes_of_an_hour_are_kept_and_old_hours_go(ledger: Ledger) -> None:
    one = admitted(ledger)
    hour = NOW - NOW % HOUR
    for minute, hot, free in ((1, 50, 900), (2, 80, None), (3, 60, 700)):
        figures = Machine(temperature_c=hot, storage_free_mb=free)
        said = dataclasses.replace(BROKEN if minute == 2 else WELL, machine=figures, backlog=minute)
        says(ledger, one, said, hour + minute * MINUTE)
    with ledger.write() as connection:
        [kept] = health.hours(connection, one, hour, hour + HOUR)
        health.forget(connection, hour + health.KEPT_MS)
        assert len(health.hours(connection, one, hour, hour + HOUR)) == 1
        health.forget(connection, hour + health.KEPT_MS + 1)
        assert health.hours(connection, one, hour, hour + HOUR) == []
        connection.execute(update(terminal_health).values(body=b"of a later program"))
        assert health.latest(connection, one) is None
    assert (kept["samples"], kept["temperature_max"], kept["free_min_mb"]) == (3, 80, 700)
    assert (kept["backlog_max"], kept["failing"]) == (3, "finger")
