"""Rosters in pieces and by urgency, provisional punches, orders, and which log follows which. People are made up."""

import os
from pathlib import Path

from sqlalchemy import insert, select, update

from server.fleet import orders, roster, sayings
from server.ledger.store import now_ms
from server.ledger.tables import person, roster_change, template, vouched
from server.people import provisional
from server.people.photo import set_photo
from server.people.provisional import Standing
from server.people.register import Registration, register
from sync import seal
from sync.orders import Detail, OrderKind
from sync.photo import PHOTO
from sync.record import Event, EventCode
from sync.roster import RosterReader, RosterStore
from sync.wire import ROOM, Beat, RosterEntry, beat_bytes, parse_roster, template_bytes
from tests.unit.server.aggregator import Aggregator, Line, Terminal, instant, punch, until
from tests.unit.server.test_photo import picture

PIECE = 4096


def enrolled(running: Aggregator, n: int) -> list[bytes]:
    """People with a template each, of bytes that mean nothing, who joined long ago."""
    refs = running.people(n)
    with running.ledger.write() as connection:
        connection.execute(update(person).values(since_ms=1))
        for ref in refs:
            own = running.keys.template
            sealed = seal.seal_template(own.public_key(), roster.SERVER_READER, ref, 1, 1, os.urandom(700), own)
            row = {"person": ref, "finger": 1, "version": 1, "sealed": template_bytes(sealed), "terminal": "t-0"}
            connection.execute(insert(template).values(**row, since_ms=1))
    return refs


class Slow:
    """A terminal on a line with little room, that takes one message at a time, and whose line may break."""

    def __init__(self, running: Aggregator, folder: Path, room: int = PIECE) -> None:
        self.terminal = running.admit(Terminal("t-1"))
        self.line = Line(running.hub, self.terminal)
        self.store = RosterStore(folder / "roster.db")
        self.room = room
        self.sizes: list[int] = []
        self.entries: list[RosterEntry] = []

    @property
    def people(self) -> list[bytes]:
        return [entry.person for entry in self.entries]

    def beat(self) -> None:
        self.line.send(
            "beat", beat_bytes(Beat(self.terminal.session, True, bytes(8), 0, 0, self.store.received, self.room))
        )

    def take(self, *, lose: bool = False) -> bool:
        """The next message; whether more follow."""
        data = self.line.next("roster")
        delta = parse_roster(data)
        if not lose and delta.base == self.store.received:
            self.sizes.append(len(data))
            self.entries += delta.entries
            self.store.apply(delta)
            self.beat()
        return delta.version < delta.goal


def test_a_big_roster_comes_in_pieces_and_nothing_twice_when_the_line_breaks(
    running: Aggregator, tmp_path: Path
) -> None:
    """S3, S4: what was received is not sent again; the line breaks after every third message."""
    refs = enrolled(running, 40)
    slow = Slow(running, tmp_path)
    slow.beat()
    n = 0
    while slow.take():
        n += 1
        if n % 3 == 0:
            slow.terminal.session = os.urandom(8)
            slow.beat()
    assert max(slow.sizes) <= PIECE + 256
    assert sorted(slow.people) == sorted(refs)  # each once
    assert len(RosterReader(tmp_path / "roster.db").entries()) == 40
    assert slow.store.staged is None


def test_who_joined_today_comes_before_everybody_else(running: Aggregator, tmp_path: Path) -> None:
    refs = enrolled(running, 20)
    slow = Slow(running, tmp_path)
    (joiner,) = register(running.ledger, running.vault, [Registration("Synthetic Joiner", "777777")])
    with running.ledger.write() as connection:
        connection.execute(update(person).where(person.c.ref == refs[7]).values(active=False))
        roster.change(connection, [refs[3]], urgency=roster.Urgency.TEMPLATE)
        roster.change(connection, [refs[7]], urgency=roster.Urgency.FORGET)
    slow.beat()
    while slow.take():
        pass
    assert slow.people[:3] == [joiner, refs[7], refs[3]]
    assert len(slow.people) == 21


def test_a_joiners_photograph_follows_when_the_joiner_has_arrived(running: Aggregator, tmp_path: Path) -> None:
    """S6: it holds up neither the joiner, whose message is lost once, nor anybody else."""
    enrolled(running, 20)
    slow = Slow(running, tmp_path)
    (joiner,) = register(running.ledger, running.vault, [Registration("Synthetic Joiner", "777777")])
    set_photo(running.ledger, running.keys.template, joiner.hex(), picture())
    slow.beat()
    assert slow.take(lose=True)
    slow.terminal.session = os.urandom(8)
    slow.beat()
    while slow.people[-1:] != [joiner] or len(slow.people) == 1:
        slow.take()
    assert slow.people[0] == joiner
    assert len(slow.people) == 22  # the joiner twice
    fingers = [one.finger for entry in slow.entries if entry.person == joiner for one in entry.templates]
    assert fingers == [PHOTO]
    assert running.pusher.push_due() == 0


def test_with_no_room_only_what_is_urgent_comes(running: Aggregator, tmp_path: Path) -> None:
    """S3: the month's bytes are nearly gone."""
    enrolled(running, 20)
    slow = Slow(running, tmp_path, room=0)
    (joiner,) = register(running.ledger, running.vault, [Registration("Synthetic Joiner", "777777")])
    slow.beat()
    assert slow.take()
    assert slow.people == [joiner]
    assert running.pusher.push_due() == 0
    slow.room = ROOM
    slow.beat()
    while slow.take():
        pass
    assert len(slow.people) == 21


def test_what_waits_is_put_into_order_by_new_versions_alone(running: Aggregator) -> None:
    refs = enrolled(running, 6)
    running.admit(Terminal("t-1"))
    with running.ledger.write() as connection:
        roster.change(connection, [refs[2]], urgency=roster.Urgency.FORGET)
        before = connection.scalars(select(roster_change.c.version)).all()
        assert not roster.in_order(connection, "t-1", 0, now_ms())
        roster.arrange(connection, "t-1", 0, now_ms())
        assert roster.in_order(connection, "t-1", 0, now_ms())
        after = connection.execute(
            select(roster_change.c.version, roster_change.c.person).order_by(roster_change.c.version)
        ).all()
    assert min(row.version for row in after) > max(before)  # a message that is under way hides nothing
    assert after[0].person == refs[2]


# ── what events leave to be settled ──


def noted(terminal: Terminal, digits: str) -> Event:
    keyed = seal.lookup(terminal.lookup_key(), digits)
    detail: Detail = {
        "what": "provisional",
        "keyed": keyed,
        "kind": "in",
        "supervisor": b"superior",
        "reason": "new",
    }
    return Event(EventCode.ADMIN, detail, instant(1))


def test_a_provisional_punch_is_confirmed_by_the_next_real_one(running: Aggregator) -> None:
    """S6: offline, nobody at the terminal had the digits; then the person joins, and punches."""
    terminal = running.admit(Terminal("t-1"))
    line = Line(running.hub, terminal)
    terminal.add(noted(terminal, "654321"))
    line.send("batch", terminal.batch_bytes())
    running.wait("provisional")
    assert [one.standing for one in _listed(running)] == [Standing.OPEN]
    (other, joiner) = register(
        running.ledger, running.vault, [Registration("Synthetic A", "111111"), Registration("Synthetic B", "654321")]
    )
    terminal.add(punch(other, 2))
    line.send("batch", terminal.batch_bytes(2))
    running.wait("punches", 1)
    assert [one.standing for one in _listed(running)] == [Standing.OPEN]
    terminal.add(punch(joiner, 3))
    line.send("batch", terminal.batch_bytes(3))
    running.wait("provisional_confirmed")
    (one,) = _listed(running)
    assert (one.standing, one.person, one.actor) == (Standing.CONFIRMED, joiner, f"t-1/{terminal.log.hex()}/3")


def test_two_people_with_the_same_digits_are_the_offices_to_tell_apart(running: Aggregator) -> None:
    """S5, S6."""
    terminal = running.admit(Terminal("t-1"))
    line = Line(running.hub, terminal)
    one, _ = register(
        running.ledger, running.vault, [Registration("Synthetic A", "654321"), Registration("Synthetic B", "654321")]
    )
    terminal.add(noted(terminal, "654321"), punch(one, 2))
    line.send("batch", terminal.batch_bytes())
    running.wait("punches")
    (listed,) = _listed(running)
    assert (listed.standing, listed.person) == (Standing.REFERRED, None)
    with running.ledger.write() as connection:
        provisional.decide(connection, listed.id, one, "the office", now_ms())
    assert _listed(running)[0].standing is Standing.CONFIRMED


def test_what_nothing_confirms_is_the_nodal_officers_after_three_days(running: Aggregator) -> None:
    terminal = running.admit(Terminal("t-1"))
    line = Line(running.hub, terminal)
    terminal.add(noted(terminal, "654321"))
    line.send("batch", terminal.batch_bytes())
    running.wait("provisional")
    with running.ledger.write() as connection:
        assert provisional.refer(connection, now_ms()) == 0
        assert provisional.refer(connection, now_ms() + provisional.REFER_MS + 1000) == 1


def test_who_vouched_is_known_by_the_punch_and_badges_are_counted(running: Aggregator) -> None:
    """S1, R6.2."""
    terminal = running.admit(Terminal("t-1"))
    line = Line(running.hub, terminal)
    who: Detail = {
        "what": "supervised",
        "person": b"person-1",
        "supervisor": b"superior",
        "reason": "worn",
        "punch": 2,
    }
    badge: Detail = {"device": "zk-1", "badge": "17", "cursor": "5"}
    terminal.add(Event(EventCode.ADMIN, who, instant(1)), punch(b"person-1", 2))
    terminal.add(*(Event(EventCode.UNKNOWN_BADGE, badge, instant(n)) for n in (3, 4)))
    line.send("batch", terminal.batch_bytes())
    running.wait("unknown_badges", 2)
    with running.ledger.read() as connection:
        row = connection.execute(select(vouched)).one()
    assert (row.seq, row.person, row.supervisor, row.reason) == (2, b"person-1", b"superior", "worn")
    assert running.sql("SELECT device, badge, times FROM unknown_badge") == [("zk-1", "17", 2)]


def test_a_replaced_cards_log_follows_the_old_one(running: Aggregator) -> None:
    """S7."""
    terminal = running.admit(Terminal("t-1"))
    line = Line(running.hub, terminal)
    terminal.punches(3)
    line.send("batch", terminal.batch_bytes())
    running.wait("records", 3)
    old = terminal.log
    terminal.new_log()
    terminal.punches(2)
    line.send("batch", terminal.batch_bytes())
    running.wait("records", 5)
    with running.ledger.read() as connection:
        assert sorted(sayings.logs(connection, "t-1"), key=lambda log: log[1]) == [
            (terminal.log, 2, old),
            (old, 3, None),
        ]


# ── orders ──


def test_only_the_terminals_own_verified_word_ends_an_order(running: Aggregator) -> None:
    terminal = running.admit(Terminal("t-1"))
    running.admit(Terminal("t-2"))
    line = Line(running.hub, terminal)
    with running.ledger.write() as connection:
        orders.ask(connection, "t-1", OrderKind.WIPE)
        number = orders.ask(connection, "t-2", OrderKind.SELFTEST)
    false: Detail = {"number": 1, "kind": 1, "result": "gone", "proof": bytes(16)}
    others: Detail = {"number": number + 1, "kind": 3, "result": "passed"}
    terminal.add(Event(EventCode.ORDER_DONE, false, instant(1)), Event(EventCode.ORDER_DONE, others, instant(2)))
    line.send("batch", terminal.batch_bytes())
    running.wait("orders_done")
    until(lambda: running.sql("SELECT count(*) FROM terminal_order WHERE done_ms IS NULL") == [(1,)], "one is done")
    assert running.sql("SELECT terminal, result FROM terminal_order WHERE done_ms IS NOT NULL") == [("t-1", "unproven")]
    assert running.sql("SELECT state FROM terminal WHERE id = 't-1'") == [("active",)]


def _listed(running: Aggregator) -> list[provisional.Listed]:
    with running.ledger.read() as connection:
        return provisional.listing(connection, unsettled=False)
