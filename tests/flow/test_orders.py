"""Orders, wipes and people fetched on demand, through the real aggregator, sync agent and terminal-side parts, over a
loopback line. People are made up by counting; nobody is meant."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import insert, update

from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.people.fetching import Fetching
from edge.people.gallery import People, Secrets
from edge.record.clock import SystemClock
from edge.record.errands import Doers, Errands
from edge.record.journal import Journal
from edge.trust import identity
from edge.trust.keys import Keys, destroy
from server.fleet import orders, roster
from server.ledger.tables import office, org, person
from server.ledger.tables import terminal as terminal_table
from sync import SealError, seal
from sync.agent import Agent, AgentSettings, AgentState
from sync.budget import Thrift
from sync.ed25519 import PublicKey
from sync.fetch import Whereabouts
from sync.keys import load_x25519, write_key
from sync.link import LoopbackLink
from sync.orders import OrderKind
from sync.outbox import Outbox
from sync.record import Event, EventCode
from sync.roster import RosterStore
from sync.topics import down_all
from sync.wire import parse_roster, template_bytes
from tests.unit.server.aggregator import Aggregator, Terminal, aggregator, until

BOOT = bytes(16)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Aggregator]:
    (tmp_path / "server").mkdir()
    with aggregator(tmp_path / "server") as one:
        yield one


class Site:
    """What runs at one terminal: sync's agent on a thread of its own, and the terminal's part of the work by hand."""

    def __init__(self, running: Aggregator, folder: Path, name: str = "t-1", thrift: Thrift | None = None) -> None:
        folder.mkdir()
        self.running, self.folder, self.name = running, folder, name
        self.unit = running.admit(Terminal(name))
        self.told: dict[str, Any] = {}
        write_key(folder / "keys" / identity.SEAL, self.unit.seal)
        self.keys = Keys(
            name, self.unit.key, self.unit.seal, self.unit.lookup_key(), running.keys.template.public_key(),
            PublicKey.of(running.keys.server), lambda: (running.keys.template.public_key(),),
        )  # fmt: skip
        self.open()
        self.store = RosterStore(folder / "roster.db")
        self.link = LoopbackLink(running.hub, (down_all(name),))
        self.windows: list[float] = []
        self.state = AgentState()
        settings = AgentSettings(name, poll_s=0.01, heartbeat_s=0.2)
        self.agent = Agent(
            settings, folder / "punches.db", self.store, self.link, PublicKey.of(running.keys.server),
            lambda state: setattr(self, "state", state), thrift=lambda: thrift or Thrift(), spread=self.windows.append,
        )  # fmt: skip
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.agent.run, args=(self._stop,), daemon=True)
        self._thread.start()

    def open(self) -> None:
        """The terminal process begins."""
        self.journal = Journal(Outbox(self.folder / "punches.db", self.name, self.unit.key), SystemClock(1, 0), BOOT)
        self.journal.open()
        secrets = Secrets(self.name, self.keys.seal, self.keys.lookup_key, self.keys.makers)
        own = self.journal.own_templates()
        self.people = People(self.folder / "roster.db", secrets, self.journal.log, own)
        report = Report("terminal", events=False)
        doers = Doers(
            lambda: True,
            lambda s: self.told.update(located=s),
            lambda: self.told.update(restarted=True),
            lambda body: "" if body == b"[policy]" else "not these",
        )
        self.errands = Errands(self.keys, self.folder, self.journal, self.people, report, Troubles(report), doers)
        self.fetching = Fetching(self.keys, self.journal, self.people, lambda: True)

    def serve(self) -> None:
        """What the terminal does between two people."""
        self.people.refresh()
        self.errands.look()

    def until_done(self, number: int) -> orders.Listed:
        def done() -> bool:
            self.serve()
            return self.order(number).progress is orders.Progress.DONE

        until(done, f"order {number} done")
        return self.order(number)

    def answers(self) -> list[object]:
        """The orders this terminal's log says it carried out."""
        records = [record for _, record in self.journal._outbox.records()]
        return [r.detail["number"] for r in records if isinstance(r, Event) and r.code is EventCode.ORDER_DONE]

    def order(self, number: int) -> orders.Listed:
        with self.running.ledger.read() as connection:
            return next(one for one in orders.listing(connection, self.name) if one.number == number)

    def ask(self, kind: OrderKind, **detail: int | bytes) -> int:
        with self.running.ledger.write() as connection:
            return orders.ask(connection, self.name, kind, detail, actor="test")

    def until_roster(self, *, people: int) -> None:
        def there() -> bool:
            self.people.refresh()
            return len(self.people.gallery.people) == people

        until(there, f"{people} people stand here")

    def fetch(self, digits: str) -> Whereabouts:
        self.fetching.ask(digits)
        found: list[Whereabouts] = []

        def answered() -> bool:
            found.extend(one for one in [self.fetching.look()] if one)
            return bool(found)

        until(answered, "an answer")
        self.fetching.end()
        return found[0]

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def enrol(running: Aggregator, ref: bytes, size: int = 400, finger: int = 1) -> None:
    """A template of one finger, of bytes that mean nothing, as if it had come up."""
    key = running.keys.template
    up = seal.seal_template(key.public_key(), roster.SERVER_READER, ref, finger, 1, os.urandom(size), key)
    with running.ledger.write() as connection:
        from server.ledger.tables import template

        row = {"person": ref, "finger": finger, "version": 1, "sealed": template_bytes(up), "terminal": "t-0"}
        connection.execute(insert(template).values(**row, since_ms=1))
        roster.change(connection, [ref], urgency=roster.Urgency.TEMPLATE)


def offices(running: Aggregator, paths: list[str]) -> dict[str, bytes]:
    """Offices of one organisation, by path; synthetic."""
    found = {}
    with running.ledger.write() as connection:
        connection.execute(insert(org).values(slug="o", name="O", name_hi="O", state="active", made_ms=1))
        for path in paths:
            found[path] = os.urandom(8)
            row = {
                "id": found[path], "org": "o", "code": path.strip("/").replace("/", "-"), "path": path,
                "level": "state" if path.count("/") == 2 else "office", "name": "O", "name_hi": "O", "urban": True,
                "block": "", "desk_phone": "", "timezone": "Asia/Kolkata", "life": "live", "opened_on": "2026-01-01",
            }  # fmt: skip
            connection.execute(insert(office).values(**row))
    return found


def place(running: Aggregator, ref: bytes, where: bytes) -> None:
    with running.ledger.write() as connection:
        connection.execute(update(person).where(person.c.ref == ref).values(office=where))
        roster.change(connection, [ref])


@pytest.fixture
def site(running: Aggregator, tmp_path: Path) -> Iterator[Site]:
    one = Site(running, tmp_path / "terminal")
    yield one
    one.stop()


# ── orders ──


def test_each_order_is_done_once_and_answered_in_the_terminals_own_log(site: Site) -> None:
    asked = {
        site.ask(OrderKind.LOCATE, seconds=20): "shown",
        site.ask(OrderKind.SELFTEST): "passed",
        site.ask(OrderKind.RETRY_WINDOW, seconds=90): "kept",
        site.ask(OrderKind.CONFIG, blob=b"[policy]"): "kept",
        site.ask(OrderKind.CONFIG, blob=b"[sync]"): "refused: not these",
        site.ask(OrderKind.RESYNC): "asked",
        site.ask(OrderKind.RESTART): "restarting",
    }
    for number, result in asked.items():
        done = site.until_done(number)
        assert (done.result, done.progress) == (result, orders.Progress.DONE)
        assert done.record.startswith(site.journal.log.hex())
    assert site.told == {"located": 20, "restarted": True}
    assert site.windows == [90]  # S12
    site.told.clear()
    site.open()  # started anew: nothing of it is done again
    site.serve()
    assert (site.told, site.answers()) == ({}, [1, 2, 3, 4, 5, 6, 7])


def test_a_new_roster_takes_the_old_ones_place_at_once(site: Site) -> None:
    site.running.people(30)
    site.until_roster(people=30)
    number = site.ask(OrderKind.RESYNC)
    assert site.until_done(number).result == "asked"
    for _ in range(50):
        site.people.refresh()
        assert len(site.people.gallery.people) == 30  # never fewer
    until(lambda: site.store.staged is None, "the new roster stands")
    site.until_roster(people=30)


# ── wipes ──


def test_a_person_is_wiped_with_proof(site: Site) -> None:
    """R5.12, R6.7: nothing of them is left in the files, and the terminal signed that it is so."""
    running = site.running
    refs = running.people(3)
    enrol(running, refs[0], 900)
    site.until_roster(people=3)
    until(lambda: (site.people.refresh(), site.people.gallery.templates == 1)[1], "the template is here")
    body = site.people.gallery.people[refs[0]].templates[0].body
    card = site.store._db.execute("SELECT sealed FROM person WHERE person = ?", (refs[0],)).fetchone()[0]
    site.store._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    assert body in _files(site.folder, "roster.db")
    assert card in _files(site.folder, "roster.db")
    with running.ledger.write() as connection:
        connection.execute(update(person).where(person.c.ref == refs[0]).values(active=False))
        roster.change(connection, [refs[0]], urgency=roster.Urgency.FORGET)
        assert orders.wipe_person(connection, refs[0], actor="test") == ["t-1"]
    done = site.until_done(1)
    assert (done.kind, done.result) == ("wipe", "gone")
    assert running.sql("SELECT proof IS NOT NULL FROM terminal_order") == [(1,)]
    assert body not in _files(site.folder, "roster.db")
    assert card not in _files(site.folder, "roster.db")
    assert site.order(1).record == f"{site.journal.log.hex()}/{site.journal.seq}"


def test_a_wipe_that_is_cut_off_is_begun_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """S2: killed between the wiping and the word on it, the terminal finds the order again and carries it out whole."""
    running = site.running
    refs = running.people(2)
    site.until_roster(people=2)
    with running.ledger.write() as connection:
        connection.execute(update(person).where(person.c.ref == refs[1]).values(active=False))
        roster.change(connection, [refs[1]], urgency=roster.Urgency.FORGET)
        orders.wipe_person(connection, refs[1], actor="test")
    until(lambda: any(given.ready for given in site.people.orders()), "sync is through")

    def cut(*_: object) -> int:
        raise RuntimeError("cut")

    monkeypatch.setattr(site.journal, "take_over", cut)
    with pytest.raises(RuntimeError, match="cut"):
        site.errands.look()
    assert site.order(1).progress is orders.Progress.SENT
    site.open()
    assert site.until_done(1).result == "gone"


def test_a_whole_terminal_is_wiped_and_not_believed_any_more(site: Site) -> None:
    """S8: afterwards nothing opens that was ever sealed to it, and the server sends it nobody."""
    running = site.running
    running.people(5)
    site.until_roster(people=5)
    sealed = seal.seal_to(site.unit.seal.public_key(), b"a secret", b"")
    before = (site.folder / "keys" / identity.SEAL).read_bytes()
    assert site.until_done(site.ask(OrderKind.WIPE)).result == "gone"
    assert running.sql("SELECT state FROM terminal") == [("revoked",)]
    site.until_roster(people=0)
    assert (site.folder / "keys" / identity.SEAL).read_bytes() != before
    new = load_x25519(site.folder / "keys" / identity.SEAL)
    with pytest.raises(SealError):
        seal.open_sealed(new, sealed, b"")
    running.people(1)
    assert running.pusher.push_due() == 0


def test_keys_are_destroyed_wherever_it_was_cut_off(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    write_key(keys / identity.SEAL, X25519PrivateKey.generate())
    for broken in (b"", bytes(119), b"half a key"):
        (keys / identity.SEAL).write_bytes(broken)
        (keys / identity.WIPED).write_bytes(b"begun")
        destroy(tmp_path)
        load_x25519(keys / identity.SEAL)
    again = (keys / identity.SEAL).read_bytes()
    destroy(tmp_path)
    assert (keys / identity.SEAL).read_bytes() == again  # once is enough


# ── one person on demand ──


def test_somebody_of_elsewhere_is_fetched_and_stands_here(running: Aggregator, tmp_path: Path) -> None:
    """S6, R1.12: known in the state, not at this terminal."""
    at = offices(running, ["/hr/", "/hr/one/", "/hr/two/", "/pb/", "/pb/one/"])
    here, there, abroad = running.people(3)
    for ref, path in ((here, "/hr/one/"), (there, "/hr/two/"), (abroad, "/pb/one/")):
        place(running, ref, at[path])
        enrol(running, ref)
    site = Site(running, tmp_path / "terminal")
    try:
        with running.ledger.write() as connection:
            connection.execute(update(terminal_table).values(office=at["/hr/one/"]))
            roster.moved(connection, ["t-1"])
        site.until_roster(people=1)
        assert site.fetch("000001") is Whereabouts.COMING
        assert [one.person for one in site.people.with_digits("000001")] == [there]
        assert site.people.gallery.people[there].templates
        assert site.fetch("000002") is Whereabouts.ELSEWHERE
        assert site.fetch("987654") is Whereabouts.NOBODY
        site.until_roster(people=2)
    finally:
        site.stop()


def test_a_guest_comes_in_less_than_two_kilobytes_and_the_rest_follows(
    running: Aggregator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6: everything that crosses the line from the question to the person, both ways."""
    at = offices(running, ["/hr/", "/hr/one/", "/hr/two/"])
    (there,) = running.people(1)
    place(running, there, at["/hr/two/"])
    for finger in (1, 2, 6, 7):
        enrol(running, there, 500, finger)
    site = Site(running, tmp_path / "terminal", thrift=Thrift(metered=True))
    try:
        with running.ledger.write() as connection:
            connection.execute(update(terminal_table).values(office=at["/hr/one/"]))
            roster.moved(connection, ["t-1"])
        site.until_roster(people=0)
        until(lambda: [(site.store.version,)] == running.sql("SELECT roster_version FROM terminal"), "all has come")
        crossed: list[tuple[str, bytes]] = []
        spread = running.hub.spread

        def watching(topic: str, payload: bytes, retain: bool) -> None:
            if topic[-1] in "wfr":
                crossed.append((topic, payload))
            spread(topic, payload, retain)

        monkeypatch.setattr(running.hub, "spread", watching)
        assert site.fetch("000000") is Whereabouts.COMING
        assert [topic[-1] for topic, _ in crossed[:3]] == ["w", "f", "r"]
        (entry,) = parse_roster(crossed[2][1]).entries
        assert [t.finger for t in entry.templates] == [1, 2]
        assert len(crossed[2][1]) < 2000
        assert sum(len(topic) + len(payload) for topic, payload in crossed[:3]) < 2048
        until(lambda: (site.people.refresh(), site.people.gallery.templates == 4)[1], "the rest is here")
    finally:
        site.stop()


def test_a_terminal_that_asks_too_often_is_answered_no_more(site: Site) -> None:
    """S8: a stolen terminal cannot fish for the whole state."""
    for n in range(20):
        assert site.fetch(f"{900_000 + n:06}") is Whereabouts.NOBODY
    site.running.people(1)
    assert site.fetch("000000") is Whereabouts.LATER
    assert site.running.sql("SELECT kind, count(*) FROM alarm GROUP BY kind") == [("fishing", 1)]


def _files(folder: Path, name: str) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob(f"{name}*")))
