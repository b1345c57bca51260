"""A terminal's standing, its hardware, its places and its settings: each step with who, when and why."""

import pytest
from sqlalchemy import update

from server import FleetError
from server.fleet import (
    fitness_log,
    moving,
    orders,
    overview,
    places,
    standing,
    twin,
    units,
)
from server.fleet.admit import admit
from server.fleet.places import Place
from server.fleet.standing import STEPS, State
from server.fleet.tickets import DAY_MS
from server.ledger.store import Ledger
from server.ledger.tables import incident, person, terminal
from tests.unit.server.aggregator import Aggregator, Line, Terminal, broker_settings, punch
from tests.unit.server.fleet_site import MINUTE, NOW, admitted, offices, rows, scheduler

# ── standing, hardware, places, settings ──


def test_every_step_that_is_not_allowed_is_refused_with_what_is(ledger: Ledger) -> None:
    """S7, S8."""
    for before in State:
        for to in State:
            name = admitted(ledger, f"{before}-{to}", state=before)
            with ledger.write() as connection:
                if to is before:
                    assert standing.change(connection, name, to, "x", "", NOW) is before
                elif to in STEPS[before]:
                    with pytest.raises(FleetError, match="say why"):
                        standing.change(connection, name, to, "x", " ", NOW)
                    assert standing.change(connection, name, to, "x", "seen", NOW) is before
                    [noted] = standing.history(connection, name)
                    assert (noted.was, noted.became, noted.by, noted.why) == (before, to, "x", "seen")
                else:
                    with pytest.raises(FleetError, match="may become"):
                        standing.change(connection, name, to, "x", "seen", NOW)
    with ledger.write() as connection, pytest.raises(FleetError, match="no such terminal"):
        standing.change(connection, "nobody", State.ACTIVE, "x", "seen", NOW)


@pytest.mark.parametrize("state", [State.PENDING, State.QUARANTINED])
def test_the_records_of_one_in_quarantine_wait_and_are_taken_when_it_is_believed_again(
    running: Aggregator, state: State
) -> None:
    """S7, S8: not believed, not receipted, kept aside; nothing is lost."""
    one = running.admit(Terminal("t-1"))
    line = Line(running.hub, one)
    with running.ledger.write() as connection:
        connection.execute(update(terminal).values(state=str(state)))
    one.punches(3)
    line.send("batch", one.batch_bytes())
    running.wait("refused_quarantined")
    assert running.sql("SELECT count(*) FROM record") == [(0,)]
    assert running.sql("SELECT reason, times FROM quarantine") == [("quarantined", 1)]
    with running.ledger.write() as connection:
        standing.change(connection, "t-1", State.ACTIVE, "district", "the right unit in the right place", NOW)
    line.send("batch", one.batch_bytes())
    running.wait("records", 3)
    assert line.receipt(running.keys.server.private_bytes_raw()).seq == 3


def test_a_replaced_unit_keeps_the_terminals_history(running: Aggregator) -> None:
    """S7: replace-a-terminal: one name, two pieces of hardware, each with its time."""
    first = running.admit(Terminal("t-1"))
    running.admit(first)
    second = Terminal("t-1")
    admit(running.ledger, running.keys, broker_settings(), second.request(), replace=True)
    with running.ledger.write() as connection:
        units.label(connection, "t-1", "SN-0042")
        now, before = units.history(connection, "t-1")
        notes = [(one.what, one.became) for one in standing.history(connection, "t-1")]
    keys = [one.key.public_key().public_bytes_raw() for one in (second, first)]
    assert [now.record_key, before.record_key] == keys
    assert (now.serial, now.until_ms, before.serial) == ("SN-0042", None, "")
    assert before.until_ms == now.since_ms
    assert sorted(notes) == sorted([("state", "active"), *(("unit", key.hex()[:16]) for key in keys)])


def test_a_move_happens_when_its_time_comes_and_the_past_stays(ledger: Ledger) -> None:
    """S7, R1.13."""
    one, (old, new) = admitted(ledger), offices(ledger)
    with ledger.write() as connection:
        places.move(connection, one, Place(NOW - DAY_MS, old, "Gate", "ground floor"), "x", "installed", NOW)
        places.move(connection, one, Place(NOW + DAY_MS, new, "Hall", "2nd floor"), "x", "moves", NOW)
    minute = scheduler(ledger, NOW, hears=False)
    where = []
    for at_ms in (NOW, NOW + DAY_MS - 1, NOW + DAY_MS, NOW + 2 * DAY_MS):
        minute.tick(at_ms)
        with ledger.read() as connection:
            row = overview.one(connection, one)
            assert row
            where.append((row.office_name, row.name, row.place))
    assert where == [("Sample 0", "Gate", "ground floor")] * 2 + [("Sample 1", "Hall", "2nd floor")] * 2
    with ledger.write() as connection:
        assert places.at(connection, one, NOW) == Place(NOW - DAY_MS, old, "Gate", "ground floor")
        assert places.at(connection, one, NOW - 2 * DAY_MS) is None
        assert [event.what for event in standing.history(connection, one)] == ["place", "place"]
        assert fitness_log.terminals_of(connection, new) == [one]
        assert fitness_log.of_office(connection, new, NOW, NOW + MINUTE).unknown == 1
        for wrong, says_ in (
            (("nobody", Place(NOW, None, "", "")), "no such terminal"),
            ((one, Place(NOW, bytes(8), "", "")), "no such office"),
            ((one, Place(NOW, None, "a\nb", "")), "plain text"),
            ((one, Place(NOW, None, "x" * 121, "")), "at most 120"),
        ):
            with pytest.raises(FleetError, match=says_):
                places.move(connection, wrong[0], wrong[1], "x", "", NOW)


def test_another_unit_is_told_the_settings_anew(running: Aggregator) -> None:
    """S7: they were the terminal's, and the card they lay on went with the unit before."""
    first = running.admit(Terminal("t-1"))

    def carry() -> int:
        with running.ledger.write() as connection:
            return twin.carry(connection, lambda *_: 1)

    with running.ledger.write() as connection:
        twin.desire(connection, "t-1", b"[policy]", "x", NOW)
    assert carry() == 1
    with running.ledger.write() as connection:
        assert twin.report(connection, "t-1", 1, twin.DONE, NOW)
        assert twin.state(connection, "t-1").settled
    running.admit(first)
    assert carry() == 0
    admit(running.ledger, running.keys, broker_settings(), Terminal("t-1").request(), replace=True)
    with running.ledger.read() as connection:
        assert not twin.state(connection, "t-1").settled
    assert carry() == 1


def test_settings_go_out_as_one_order_and_the_terminals_own_record_reports_them(ledger: Ledger) -> None:
    """Desired and reported: the same again is no new version; an overtaken one is not waited for."""
    one, aside = admitted(ledger), admitted(ledger, "t-2", state=State.QUARANTINED)
    minute = scheduler(ledger, NOW, hears=False)
    with ledger.write() as connection:
        assert twin.desire(connection, one, b"a = 1", "x", NOW) == 1
        assert twin.desire(connection, one, b"a = 1", "x", NOW) == 1
        assert twin.desire(connection, one, b"a = 2", "x", NOW) == 2
        twin.desire(connection, aside, b"a = 1", "x", NOW)
    minute.tick(NOW)
    minute.tick(NOW + MINUTE)
    with ledger.write() as connection:
        [order] = orders.listing(connection)
        assert (order.terminal, order.kind) == (one, "config")
        assert not twin.state(connection, one).settled
        refused: dict[str, int | str | bytes] = {"number": order.number, "result": "wrong"}
        assert orders.done(connection, (one, bytes(8), 1), refused, NOW + MINUTE) == "wrong"
    minute.tick(NOW + 2 * MINUTE)
    with ledger.write() as connection:
        assert (twin.state(connection, one).reported, twin.state(connection, one).result) == (0, "wrong")
        assert twin.desire(connection, one, b"a = 3", "x", NOW) == 3
    minute.tick(NOW + 3 * MINUTE)
    with ledger.write() as connection:
        orders.done(connection, (one, bytes(8), 2), {"number": order.number + 1, "result": "kept"}, NOW + 3 * MINUTE)
    minute.tick(NOW + 4 * MINUTE)
    with ledger.write() as connection:
        now = twin.state(connection, one)
        assert (now.desired, now.reported, now.result, now.settled) == (3, 3, "kept", True)
        assert not twin.report(connection, one, 2, twin.DONE, NOW)
        assert not twin.report(connection, one, 4, twin.DONE, NOW)
        assert twin.settings(connection, one, 1) == b"a = 1"
        assert twin.state(connection, aside).carried == 0
        for body, name in ((b"", one), (b"x" * 513, one), (b"x", "nobody")):
            with pytest.raises(FleetError):
                twin.desire(connection, name, body, "x", NOW)
        with pytest.raises(FleetError, match="version 9"):
            twin.settings(connection, one, 9)


HERE, THERE = b"office-1", b"office-2"


@pytest.mark.parametrize(
    ("posted", "found"),
    [
        ([THERE] * 8, THERE),
        ([THERE] * 7, None),
        ([THERE] * 7 + [HERE] * 3, THERE),
        ([THERE] * 6 + [HERE] * 4, None),
        ([HERE] * 60, None),
        ([None] * 60, None),
        ([b"office-%d" % n for n in range(3, 13)], None),
        ([], None),
    ],
)
def test_most_people_of_one_other_office_are_a_lead_and_roaming_is_none(
    posted: list[bytes | None], found: bytes | None
) -> None:
    """S7, R1.12."""
    assert moving.elsewhere(HERE, posted) == found


def test_a_unit_that_was_carried_to_another_building_is_said_once(running: Aggregator) -> None:
    """S7: those who punch at it are posted elsewhere. Synthetic people, made by counting."""
    one = running.admit(Terminal("t-1"))
    old, new = offices(running.ledger)
    refs = running.people(10)
    with running.ledger.write() as connection:
        connection.execute(update(person).values(office=new))
        places.move(connection, "t-1", Place(NOW - DAY_MS, old, "Gate", "ground floor"), "x", "installed", NOW)
    one.add(*(punch(ref, n) for n, ref in enumerate(refs)))
    Line(running.hub, one).send("batch", one.batch_bytes())
    running.wait("records", 10)
    for day in range(2):
        scheduler(running.ledger, NOW, hears=False).tick(NOW + day * DAY_MS)
    [alarm] = rows(running.ledger, incident)
    assert (alarm["kind"], alarm["detail"]) == ("moved", "those who punch there are posted at Sample 1")
    with running.ledger.write() as connection:
        places.move(connection, "t-1", Place(NOW, new, "Gate", "ground floor"), "x", "it did", NOW)
        assert moving.leads(connection, ["t-1"]) == []
