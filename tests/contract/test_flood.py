"""A terminal that floods, against the real broker: the others are served, it is put out and stays out for its time.

On SQLite: what floods is stopped before the ledger.
"""

import contextlib
import datetime as dt
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.bench.line import READ, WRITE, Line, LineLost, client_context
from server.broker import Broker, access_list
from server.feed import Feed
from server.intake.bouncer import FIRST_OUT_S, Bouncer
from server.ledger.store import Ledger
from server.trust import pki
from server.trust.cut import Seat
from server.trust.keys import ServerKeys, open_keys
from sync.keys import new_transport_key, write_key
from tests.unit.server.aggregator import WAIT_S, broker_settings, free_port


class Door:
    """A broker with its bouncer, stepped from here, and lines to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys: ServerKeys = open_keys(folder, ("127.0.0.1",))
        self.settings = settings = broker_settings(free_port())
        self.address = "127.0.0.1", settings.port
        self.broker = Broker(settings, folder, self.keys)
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
        self.feed = Feed()
        self.bouncer = Bouncer(self.broker, settings, self.keys, self.ledger, self.feed)
        self.broker.start()

    def line(self, name: str) -> Line:
        """A line of this name that is up."""
        one = self.dial(name)
        turn([one], lambda: one.up)
        return one

    def dial(self, name: str) -> Line:
        path = self.folder / name
        if not path.exists():
            path.mkdir()
            key = new_transport_key()
            write_key(path / "key", key)
            now = dt.datetime.now(dt.UTC)
            crt = pki.client_certificate(self.keys.authority, name, key.public_key(), now, 1)
            (path / "crt").write_bytes(pki.pem(crt))
        context = client_context(self.keys.directory / "ca.crt", path / "crt", path / "key")
        return Line(name, self.address, context, lambda *_: None)

    def ingest(self, heard: list[tuple[str, bytes]]) -> Line:
        """Who hears what terminals say."""
        context = client_context(*(self.keys.directory / n for n in ("ca.crt", "ingest.crt", "ingest.key")))
        one = Line(pki.INGEST, self.address, context, lambda t, p: heard.append((t, p)), topics="hz1/+/u/#")
        turn([one], lambda: one.up)
        return one

    def alarms(self) -> list[tuple[str, str]]:
        with self.ledger.read() as connection:
            rows = connection.exec_driver_sql("SELECT terminal, kind FROM alarm ORDER BY known_ms, seq")
            return [(row[0], row[1]) for row in rows]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    one = Door(tmp_path)
    try:
        yield one
    finally:
        one.bouncer.stop()
        one.broker.stop()
        one.ledger.close()


@contextmanager
def closing(*lines: Line) -> Iterator[None]:
    try:
        yield
    finally:
        for one in lines:
            one.close()


def turn(lines: list[Line], until: object) -> None:
    """Work on the lines until it is so. Raises LineLost."""
    assert callable(until)
    give_up = time.monotonic() + WAIT_S
    with selectors.DefaultSelector() as selector:
        for one in lines:
            selector.register(one, READ | WRITE, one)
        while not until():
            assert time.monotonic() < give_up, "it does not come to pass"
            for key, _ in selector.select(0.05):
                key.data.work()
            for one in lines:
                selector.modify(one, one.wants, one)


def lost(one: Line) -> bool:
    try:
        turn([one], lambda: False)
    except LineLost:
        return True
    return False


def test_who_floods_is_cut_and_denied_and_others_are_not(door: Door) -> None:
    heard: list[tuple[str, bytes]] = []
    ingest, honest, flooder = door.ingest(heard), door.line("t-1"), door.line("t-2")
    with closing(ingest, honest, flooder):
        door.bouncer.flooding("t-2")
        door.bouncer.step(1000.0)
        assert lost(flooder)
        back = door.line("t-2")
        with closing(back):
            back.publish("hz1/t-2/u/p", b"again")
            turn([back], lambda: not back.waiting)  # the broker acknowledges what it denies, and forgets it
            honest.publish("hz1/t-1/u/p", b"punches")
            turn([ingest, honest], lambda: bool(heard))
            assert heard == [("hz1/t-1/u/p", b"punches")]
    assert door.alarms() == [("t-2", "flood")]
    assert door.feed.counts() == {"floods_cut": 1}


def test_who_comes_back_while_out_is_cut_again(door: Door) -> None:
    door.bouncer.flooding("t-2")
    door.bouncer.step(1000.0)
    for at in (1000.1, 1000.2):
        back = door.line("t-2")
        with closing(back):
            door.bouncer.step(at)
            assert lost(back)


def test_nobody_need_look_for_whom_to_cut_again(door: Door) -> None:
    """Its seat is held: whoever takes it is cut by that alone, long before the bouncer would look by itself."""
    door.bouncer._poll_s = 1000.0
    door.bouncer.start()
    door.bouncer.flooding("t-2")
    turn([], door.alarms)
    for _ in range(5):
        with contextlib.suppress(LineLost), closing(back := door.dial("t-2")):
            turn([back], lambda: False)
    honest = door.line("t-1")
    with closing(honest):
        honest.publish("hz1/t-1/u/p", b"punches")
        turn([honest], lambda: not honest.waiting)


def test_a_seat_says_when_it_is_taken(door: Door) -> None:
    seat = Seat(door.settings, door.keys, "t-2")
    assert (seat.held, seat.fileno()) == (False, -1)
    assert seat.take()
    assert seat.held
    line = door.line("t-2")
    with closing(line):
        turn([line], lambda: not seat.held)
        assert seat.take()
        assert lost(line)
    assert seat.held
    seat.leave()
    assert (seat.held, seat.fileno()) == (False, -1)


def test_a_seat_at_a_broker_that_is_away_is_not_taken(door: Door) -> None:
    seat = Seat(door.settings, door.keys, "t-2")
    assert seat.take()
    door.broker.stop()
    assert not seat.take()
    assert not seat.held


def test_it_may_come_back_and_stays_out_longer_the_next_time(door: Door) -> None:
    heard: list[tuple[str, bytes]] = []
    at = 1000.0
    door.bouncer.flooding("t-2")
    door.bouncer.step(at)
    at += FIRST_OUT_S + 1
    door.bouncer.step(at)
    ingest, back = door.ingest(heard), door.line("t-2")
    with closing(ingest, back):
        back.publish("hz1/t-2/u/b", b"better")
        turn([ingest, back], lambda: bool(heard))
        door.bouncer.flooding("t-2")
        door.bouncer.step(at)
        assert lost(back)
    door.bouncer.step(at + FIRST_OUT_S + 1)
    still = door.line("t-2")
    with closing(still):
        door.bouncer.step(at + FIRST_OUT_S + 8)
        assert lost(still)


def test_the_denied_stay_denied_when_the_broker_starts_anew(door: Door) -> None:
    door.broker.deny({"t-2"})
    path = door.folder / "broker" / "acl"
    assert path.read_text() == access_list({"t-2"})
    assert "user t-2\ntopic deny #" in path.read_text()
    door.broker.deny(())
    assert path.read_text() == access_list()
