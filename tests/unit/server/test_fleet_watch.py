"""The fleet's minute against a real ledger: health and records come in, alarms and tickets follow, once each."""

import dataclasses
import datetime as dt

import pytest
from sqlalchemy import insert, update

from server import FleetError
from server.fleet import (
    alarms,
    orders,
    overview,
    places,
    ticket_book,
    watch,
    zones,
)
from server.fleet.conditions import Level
from server.fleet.places import Place
from server.fleet.scheduler import GRACE_MS, Scheduler
from server.fleet.tickets import DAY_MS
from server.intake.timekeeping import IST
from server.ledger.store import Ledger
from server.ledger.tables import (
    incident,
    notice,
    office,
    punch_day,
    rejection,
    terminal,
    ticket,
)
from sync.health import Serving, Verdict
from sync.orders import OrderKind
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Kind, Means, Punch, SourceClass
from tests.unit.server.aggregator import Aggregator, Line, Terminal, until
from tests.unit.server.fleet_site import (
    BROKEN,
    FINGER,
    HOUR,
    MINUTE,
    NOW,
    WELL,
    admitted,
    beats,
    offices,
    rows,
    says,
    scheduler,
)

# ── alarms and tickets of devices ──


def test_a_broken_sensor_pages_once_and_its_ticket_closes_by_a_self_test_alone(ledger: Ledger) -> None:
    """R2.6, S11: alarm after two looks, ticket at once, nobody's word closes it, the passed self-test does."""
    one = admitted(ledger)
    beats(ledger, one, NOW)
    says(ledger, one, BROKEN, NOW)
    minute = scheduler(ledger, NOW)
    minute.tick(NOW)
    assert rows(ledger, incident) == rows(ledger, ticket) == []
    minute.tick(NOW + MINUTE)
    minute.tick(NOW + MINUTE)
    minute.tick(NOW + 2 * MINUTE)
    [alarm], [opened], [page] = rows(ledger, incident), rows(ledger, ticket), rows(ledger, notice)
    assert (alarm["kind"], alarm["closed_ms"], alarm["detail"]) == ("sensor", None, "finger gone")
    assert (opened["kind"], opened["opened_ms"], opened["due_ms"]) == ("sensor", NOW, NOW + 7 * DAY_MS)
    assert (page["kind"], page["ref"]) == ("page", alarm["id"])
    ref = opened["id"]
    assert isinstance(ref, bytes)
    with ledger.write() as connection, pytest.raises(FleetError, match="passed no self-test"):
        ticket_book.close(connection, ref, NOW + HOUR)
    untried = dataclasses.replace(WELL, sensors=(dataclasses.replace(FINGER, verdict=Verdict.UNTRIED),))
    says(ledger, one, untried, NOW + HOUR)
    minute.tick(NOW + HOUR)
    assert [row["closed_ms"] for row in rows(ledger, ticket)] == [None]
    says(ledger, one, WELL, NOW + 2 * HOUR)
    minute.tick(NOW + 2 * HOUR)
    [closed] = rows(ledger, ticket)
    assert closed["closed_ms"] == NOW + 2 * HOUR
    assert str(closed["evidence"]).startswith("self-test")
    assert [row["closed_ms"] for row in rows(ledger, incident)] == [NOW + HOUR]


def test_a_self_test_that_was_asked_for_closes_a_ticket_by_the_terminals_own_record(ledger: Ledger) -> None:
    """R2.6: asked for after the fault was found, passed, and the fault is gone."""
    one = admitted(ledger)
    says(ledger, one, dataclasses.replace(WELL, serving=Serving.UNABLE, sensors=()), NOW)
    minute = scheduler(ledger, NOW, hears=False)
    minute.tick(NOW)
    minute.tick(NOW + MINUTE)
    says(ledger, one, dataclasses.replace(WELL, sensors=()), NOW + HOUR)
    with ledger.write() as connection:
        numbers = [orders.ask(connection, one, OrderKind.SELFTEST) for _ in range(2)]
        orders.done(connection, (one, bytes(8), 7), {"number": numbers[0], "result": "failed"}, NOW + HOUR)
    minute.tick(NOW + HOUR)
    assert [row["closed_ms"] for row in rows(ledger, ticket)] == [None]
    with ledger.write() as connection:
        orders.done(connection, (one, bytes(8), 8), {"number": numbers[1], "result": "passed"}, NOW + HOUR)
    minute.tick(NOW + HOUR + MINUTE)
    assert [row["evidence"] for row in rows(ledger, ticket)] == ["self-test, record 0000000000000000/8"]


def test_a_week_without_this_server_is_caught_up_in_one_tick(ledger: Ledger) -> None:
    """R2.6: reminders on day 3 and 5, breach on day 8; each is said once however often it is asked."""
    one = admitted(ledger)
    says(ledger, one, BROKEN, NOW)
    minute = scheduler(ledger, NOW, hears=False)
    for at_ms in (NOW, NOW + MINUTE):
        minute.tick(at_ms)
    later = scheduler(ledger, NOW, hears=False)
    for at_ms in (NOW + 7 * DAY_MS, NOW + 7 * DAY_MS + 1, NOW + 9 * DAY_MS):
        later.tick(at_ms)
    told = sorted((str(row["kind"]), row["at_ms"]) for row in rows(ledger, notice) if row["kind"] != "page")
    assert told == [
        ("breach", NOW + 7 * DAY_MS + 1),
        ("remind-3", NOW + 7 * DAY_MS),
        ("remind-5", NOW + 7 * DAY_MS),
    ]
    with ledger.read() as connection:
        listed = ticket_book.listed(breached_at_ms=NOW + 9 * DAY_MS)
        assert [row.terminal for row in connection.execute(listed)] == [one]
        assert overview.sums(connection, NOW + 9 * DAY_MS).breached == 1
        assert overview.sums(connection, NOW + 7 * DAY_MS).breached == 0


def test_nobody_is_called_missing_by_a_server_that_has_just_begun_to_listen(ledger: Ledger) -> None:
    """S12: after a long outage terminals come back one after the other."""
    one = admitted(ledger)
    beats(ledger, one, NOW - 3 * DAY_MS)
    beats(ledger, one, NOW - 3 * DAY_MS, online=False)
    minute = Scheduler(ledger, lambda: True)
    for at_ms in range(NOW, NOW + GRACE_MS, MINUTE):
        minute.tick(at_ms)
    assert rows(ledger, incident) == []
    for at_ms in (NOW + GRACE_MS, NOW + GRACE_MS + MINUTE):
        minute.tick(at_ms)
    assert [row["kind"] for row in rows(ledger, incident)] == ["offline"]
    deaf = scheduler(ledger, NOW, hears=False)
    beats(ledger, one, NOW + DAY_MS)
    deaf.tick(NOW + DAY_MS)
    assert [row["closed_ms"] for row in rows(ledger, incident)] == [None]


def test_forty_people_and_no_punch_is_an_alarm_unless_it_is_a_holiday(ledger: Ledger) -> None:
    """S1: found from the same weekday's history, while the machine is online."""
    names = [admitted(ledger, f"t-{n}") for n in range(6)]
    today = dt.date(2026, 1, 5)
    with ledger.write() as connection:
        for name in names:
            for week in range(1, 5):
                day = (today - dt.timedelta(weeks=week)).isoformat()
                quarters = bytes(40 if at == 37 else 0 for at in range(96))
                connection.execute(insert(punch_day).values(terminal=name, day=day, quarters=quarters))
            if name != "t-0":
                connection.execute(
                    insert(punch_day).values(terminal=name, day=today.isoformat(), quarters=bytes([9] * 96))
                )
    for name in names:
        beats(ledger, name, NOW)
    minute = scheduler(ledger, NOW)
    for at_ms in (NOW, NOW + MINUTE):
        minute.tick(at_ms)
    assert [(row["terminal"], row["kind"]) for row in rows(ledger, incident)] == [("t-0", "silent")]
    assert [row["detail"] for row in rows(ledger, incident)] == ["40 punches expected by now, none came"]
    with ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM punch_day WHERE day = '2026-01-05'")
        connection.exec_driver_sql("DELETE FROM incident")
        connection.exec_driver_sql("DELETE FROM condition")
    holiday = scheduler(ledger, NOW)
    for at_ms in (NOW, NOW + MINUTE):
        holiday.tick(at_ms)
    assert rows(ledger, incident) == []


def test_silence_goes_by_the_clock_of_the_office(ledger: Ledger) -> None:
    """S1: at 09:45 in India it is 06:15 in Tallinn, where nobody has come yet."""
    where = dict(zip(("t-0", "t-1"), offices(ledger), strict=True))
    for name in where:
        admitted(ledger, name)
    with ledger.write() as connection:
        connection.execute(update(office).where(office.c.id == where["t-1"]).values(timezone="Europe/Tallinn"))
        for name, ref in where.items():
            connection.execute(update(terminal).where(terminal.c.id == name).values(office=ref))
            for week in range(1, 5):
                day = (dt.date(2026, 1, 5) - dt.timedelta(weeks=week)).isoformat()
                quarters = bytes(40 if at == 37 else 0 for at in range(96))
                connection.execute(insert(punch_day).values(terminal=name, day=day, quarters=quarters))
    minute = scheduler(ledger, NOW)
    silent = []
    for hours in (0, 4):  # 13:45 in India, 10:15 in Tallinn
        for name in where:
            beats(ledger, name, NOW + hours * HOUR)
        for at_ms in (NOW, NOW + MINUTE):
            minute.tick(at_ms + hours * HOUR)
        silent.append({row["terminal"] for row in rows(ledger, incident) if row["kind"] == "silent"})
    assert silent == [{"t-0"}, {"t-0", "t-1"}]


def test_the_zone_of_an_office_is_by_its_name_and_else_indias(ledger: Ledger) -> None:
    ref = offices(ledger)[0]
    one, elsewhere = admitted(ledger), admitted(ledger, "t-2")
    told = []
    for name in ("Europe/Tallinn", "Asia/Kolkata", "Nowhere/At/All", "../etc/passwd", ""):
        with ledger.write() as connection:
            connection.execute(update(office).where(office.c.id == ref).values(timezone=name))
            connection.execute(update(terminal).where(terminal.c.id == one).values(office=ref))
            found = zones.of_terminals(connection)
        assert found[elsewhere] is IST
        told.append(dt.datetime(2026, 1, 5, tzinfo=dt.UTC).astimezone(found[one]).strftime("%H:%M"))
    assert told == ["02:00", "05:30", "05:30", "05:30", "05:30"]


def test_a_new_fault_after_a_closed_ticket_is_a_new_ticket(ledger: Ledger) -> None:
    one = admitted(ledger)
    minute = scheduler(ledger, NOW, hears=False)
    for start in (NOW, NOW + DAY_MS):
        says(ledger, one, BROKEN, start)
        minute.tick(start)
        minute.tick(start + MINUTE)
        says(ledger, one, WELL, start + HOUR)
        minute.tick(start + HOUR)
    assert len({row["id"] for row in rows(ledger, ticket)}) == 2
    assert all(row["closed_ms"] for row in rows(ledger, ticket))


def test_an_alarm_is_acknowledged_once_and_closed_by_hand_only_when_it_is_over(ledger: Ledger) -> None:
    one = admitted(ledger)
    says(ledger, one, BROKEN, NOW)
    minute = scheduler(ledger, NOW, hears=False)
    minute.tick(NOW)
    minute.tick(NOW + MINUTE)
    ref = rows(ledger, incident)[0]["id"]
    assert isinstance(ref, bytes)
    with ledger.write() as connection:
        alarms.acknowledge(connection, ref, "first", NOW)
        alarms.acknowledge(connection, ref, "second", NOW + 1)
        with pytest.raises(FleetError, match="not over"):
            alarms.close(connection, ref, "first", NOW)
        with pytest.raises(FleetError, match="no such alarm"):
            alarms.close(connection, bytes(8), "first", NOW)
    assert rows(ledger, incident)[0]["acked_by"] == "first"


def test_what_records_told_is_an_alarm_with_a_life_and_the_evidence_stays(running: Aggregator) -> None:
    """S8: a copied card; one incident however often it is looked for, closed by a person alone."""
    one = running.admit(Terminal("t-1"))
    one.punches(2)
    line = Line(running.hub, one)
    line.send("batch", one.batch_bytes())
    running.wait("records", 2)
    twin_card = one.fork()
    twin_card.records[1:] = []
    twin_card.heads[2:] = []
    twin_card.punches(1, b"somebody")
    line.send("batch", twin_card.batch_bytes())
    running.wait("refused_fork")
    minute = scheduler(running.ledger, NOW, hears=False)
    minute.tick(NOW)
    minute.tick(NOW + MINUTE)
    [found] = rows(running.ledger, incident)
    assert found["kind"] == "fork"
    ref = found["id"]
    assert isinstance(ref, bytes)
    with running.ledger.write() as connection:
        alarms.close(connection, ref, "district", NOW)
    minute.tick(NOW + 2 * MINUTE)
    assert [row["closed_by"] for row in rows(running.ledger, incident)] == ["district"]
    assert running.sql("SELECT count(*) FROM alarm") == [(1,)]


# ── people ──


def vouched(one: Terminal, person: bytes, n: int, wall_ms: int, reason: str = "worn") -> list[Event | Punch]:
    now = Instant(1, 1000 * n, wall_ms - 1000 * n, ClockSource.SERVER, 100)
    detail: dict[str, int | str | bytes] = {"what": "supervised", "person": person, "supervisor": b"superior"}
    detail |= {"reason": reason, "punch": len(one.records) + 2}
    punch = Punch(person, Kind.IN, Means.SUPERVISED, 0, SourceClass.SUPERVISED, Flag.NONE, now)
    return [Event(EventCode.ADMIN, detail, now), punch]


def accepted(person: bytes, n: int, wall_ms: int) -> Punch:
    now = Instant(1, 1000 * n, wall_ms - 1000 * n, ClockSource.SERVER, 100)
    return Punch(person, Kind.IN, Means.FINGER, 900, SourceClass.AADHAAR_TERMINAL, Flag.NONE, now)


def test_who_is_refused_again_and_again_has_a_ticket_until_a_finger_is_accepted(running: Aggregator) -> None:
    """S1, R2.6: three times somebody had to vouch; newcomers and broken machines do not count; a match closes it."""
    one, line = running.admit(Terminal("t-1")), None
    line = Line(running.hub, one)
    tired, new = b"tired!!!", b"newcomer"
    for n in range(3):
        one.add(*vouched(one, tired, n, NOW + n * HOUR), *vouched(one, new, n, NOW + n * HOUR, "new"))
    line.send("batch", one.batch_bytes())
    running.wait("records", 12)
    minute = scheduler(running.ledger, NOW, hears=False)
    minute.tick(NOW)
    [opened] = rows(running.ledger, ticket)
    assert (opened["person"], opened["kind"], opened["terminal"]) == (tired, "rejected", "t-1")
    assert len(rows(running.ledger, rejection)) == 3
    ref = opened["id"]
    assert isinstance(ref, bytes)
    with running.ledger.write() as connection, pytest.raises(FleetError, match="finger or the face"):
        ticket_book.close(connection, ref, NOW)
    one.add(accepted(tired, 20, NOW - DAY_MS))
    line.send("batch", one.batch_bytes(13))
    running.wait("records", 13)
    minute.tick(NOW + MINUTE)
    assert rows(running.ledger, ticket)[0]["closed_ms"] is None
    one.add(accepted(tired, 21, NOW + DAY_MS))
    line.send("batch", one.batch_bytes(14))
    running.wait("records", 14)
    minute.tick(NOW + 2 * MINUTE)
    [closed] = rows(running.ledger, ticket)
    assert (closed["closed_ms"], closed["evidence"]) == (NOW + 2 * MINUTE, "match t-1/14")


def test_who_nothing_matched_for_thrice_in_a_week_has_a_ticket(running: Aggregator) -> None:
    """S1, R2.6: by the terminal's own word, nobody vouching; twice is an accident, and so is thrice in long."""
    one = running.admit(Terminal("t-1"))
    line = Line(running.hub, one)
    for person, gap_ms in ((b"worn-out", HOUR), (b"now&then", 4 * DAY_MS)):
        for n in range(3):
            now = Instant(1, 1000 * n, NOW + n * gap_ms - 1000 * n, ClockSource.SERVER, 100)
            one.add(Event(EventCode.REJECTED, {"person": person}, now))
    line.send("batch", one.batch_bytes())
    running.wait("records", 6)
    scheduler(running.ledger, NOW, hears=False).tick(NOW)
    assert [row["person"] for row in rows(running.ledger, ticket)] == [b"worn-out"]


def test_the_work_list_is_of_the_offices_below_a_path(ledger: Ledger) -> None:
    one, (old, _) = admitted(ledger), offices(ledger)
    says(ledger, one, BROKEN, NOW)
    with ledger.write() as connection:
        places.move(connection, one, Place(NOW, old, "Gate", "ground floor"), "x", "installed", NOW)
    minute = scheduler(ledger, NOW, hears=False)
    minute.tick(NOW)
    minute.tick(NOW + MINUTE)
    with ledger.read() as connection:
        found = [(r.terminal, r.name, r.office_name) for r in connection.execute(ticket_book.work_list("/hr/o0/"))]
        assert found == [(one, "Gate", "Sample 0")]
        assert connection.execute(ticket_book.work_list("/hr/o1/")).all() == []
        [line] = overview.page(connection, level=Level.FAIL, path="/hr/o0/")
        assert ([wrong.kind for wrong in line.wrong], line.level) == (["sensor"], Level.FAIL)
        assert overview.page(connection, path="/hr/o1/") == []
        assert overview.page(connection, state="revoked") == []
        assert overview.page(connection, kind="heat") == []


def test_the_scheduler_is_a_thread_that_ends_when_told(running: Aggregator) -> None:
    one = Scheduler(running.ledger, lambda: True, tick_s=0.01)
    one.start()
    until(lambda: one.pulse.ticks >= 2, "two ticks")
    one.stop()
    assert not one.alive
    assert set(one.pulse.seconds) == {"follow", "places", "look", "alarms", "tickets", "settings", "daily"}


def test_nothing_is_written_when_nothing_changes(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ingest has the ledger for itself."""
    one = admitted(ledger)
    beats(ledger, one, NOW)
    says(ledger, one, dataclasses.replace(WELL, clock=ClockSource.UNKNOWN), NOW)
    looked = watch.Watch(ledger)
    for minute in range(4):
        looked.look(NOW + minute * MINUTE, hearing=False)
    [alarm] = rows(ledger, incident)

    def refuse(_: Ledger) -> None:
        raise AssertionError("wrote")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "write", refuse)
        looked.look(NOW + 9 * MINUTE, hearing=False)
    assert rows(ledger, incident) == [alarm]
