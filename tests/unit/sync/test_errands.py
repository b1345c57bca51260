"""Orders and questions as sync does them: against a real roster.db, signed by a real key. Nobody is meant."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import ChainError
from sync.ed25519 import PublicKey
from sync.errands import Errands
from sync.fetch import Wanted, Whereabouts, found_bytes, sign_found
from sync.orders import Detail, OrderKind, order_bytes, sign_order
from sync.roster import Given, RosterReader, RosterStore
from sync.wire import RosterDelta, RosterEntry

SERVER = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
SESSION = b"session1"
GOES, STAYS = b"person-1", b"person-2"


class Site:
    """The terminal's roster.db at version 1, with two people, and the errands of one run of sync."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "roster.db"
        self.store = RosterStore(self.path)
        self.roster(1, 0, RosterEntry(GOES, True, b"card", ()), RosterEntry(STAYS, True, b"card", ()))
        self.windows: list[float] = []
        self.start()

    def start(self) -> None:
        self.errands = Errands("t-1", PublicKey.of(SERVER), self.store, self.windows.append)

    def roster(self, version: int, base: int, *entries: RosterEntry) -> None:
        self.store.apply(RosterDelta(version, base, entries, bytes(64), version))

    def give(self, number: int, kind: int, detail: Detail | None = None, session: bytes = SESSION) -> bool:
        order = sign_order(SERVER, "t-1", session, number, kind, detail or {})
        return self.errands.order(order_bytes(order), SESSION)

    def given(self) -> list[Given]:
        reader = RosterReader(self.path)
        try:
            return reader.orders()
        finally:
            reader.close()

    def results(self) -> list[tuple[bool, str]]:
        return [(one.ready, one.result) for one in self.given()]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path)
    yield one
    one.store.close()


def test_an_order_overheard_on_another_connection_is_refused(site: Site) -> None:
    with pytest.raises(ChainError, match="another connection"):
        site.give(1, OrderKind.WIPE, session=b"session0")
    site.errands.sweep()
    assert site.given() == []
    assert site.store.has(GOES)


def test_an_order_is_taken_once(site: Site) -> None:
    assert site.give(1, OrderKind.SELFTEST)
    assert not site.give(1, OrderKind.SELFTEST)
    assert site.results() == [(True, "")]


def test_an_order_of_a_kind_not_known_here_is_left_to_the_terminal_to_answer(site: Site) -> None:
    assert site.give(1, 200)
    assert site.results() == [(True, "")]


def test_a_resync_has_the_whole_roster_asked_for(site: Site) -> None:
    site.give(1, OrderKind.RESYNC)
    assert site.results() == [(True, "asked")]
    assert (site.store.version, site.store.received) == (1, 0)


def test_a_window_counts_at_once_and_at_the_next_start(site: Site) -> None:
    """S12: forty terminals come back over a time the server chose, also after the power cut that began it."""
    site.give(1, OrderKind.RETRY_WINDOW, {"seconds": 90})
    assert site.windows == [90]
    site.start()
    assert site.windows == [90, 90]
    assert site.results() == [(True, "kept")]


@pytest.mark.parametrize("detail", [{}, {"seconds": -1}, {"seconds": 3601}, {"seconds": "90"}])
def test_a_window_that_is_none_is_answered_and_not_kept(site: Site, detail: Detail) -> None:
    """S12: nothing the server says keeps a terminal away for longer than an hour."""
    site.give(1, OrderKind.RETRY_WINDOW, detail)
    assert (site.windows, site.store.window_s()) == ([], 0)
    assert site.results() == [(True, "wrong")]


def test_settings_are_left_to_the_terminal(site: Site) -> None:
    site.give(1, OrderKind.CONFIG, {"blob": b"[policy]"})
    assert site.results() == [(True, "")]


def test_a_wipe_of_everybody_leaves_nobody(site: Site) -> None:
    site.give(1, OrderKind.WIPE)
    assert site.results() == [(False, "")]
    site.errands.sweep()
    assert site.results() == [(True, "gone")]
    assert site.store.version == 0
    assert not site.store.has(GOES)
    assert not site.store.has(STAYS)


def test_a_wipe_waits_for_the_roster_without_the_person(site: Site) -> None:
    site.give(1, OrderKind.WIPE, {"person": GOES, "version": 2})
    site.errands.sweep()
    assert site.results() == [(False, "")]
    site.roster(2, 1, RosterEntry(GOES, False, b"", ()))
    site.errands.sweep()
    assert site.results() == [(True, "gone")]
    assert not site.store.has(GOES)
    assert site.store.has(STAYS)


def test_who_came_back_by_a_later_roster_stays(site: Site) -> None:
    site.give(1, OrderKind.WIPE, {"person": GOES, "version": 1})
    site.errands.sweep()
    assert site.results() == [(True, "returned")]
    assert site.store.has(GOES)


@pytest.mark.parametrize(
    "detail", [{"person": "person-1", "version": 1}, {"person": b"short", "version": 1}, {"person": GOES}]
)
def test_a_wipe_that_names_nobody_wipes_nobody(site: Site, detail: Detail) -> None:
    site.give(1, OrderKind.WIPE, detail)
    site.errands.sweep()
    assert site.results() == [(True, "wrong")]
    assert site.store.has(GOES)


def test_a_wipe_the_disk_refused_is_left_alone_for_a_while_and_found_by_the_next_start(site: Site) -> None:
    site.give(1, OrderKind.WIPE)
    site.store._db.execute("PRAGMA busy_timeout=1")
    holder = sqlite3.connect(site.path)  # somebody reads, and does not stop
    holder.execute("BEGIN")
    holder.execute("SELECT * FROM person").fetchall()
    site.errands.sweep()
    assert site.results() == [(False, "")]
    holder.close()
    site.errands.sweep()
    assert site.results() == [(False, "")]
    site.start()
    site.errands.sweep()
    assert site.results() == [(True, "gone")]


def test_a_question_is_put_once_until_its_answer_is_late(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """S6: somebody waits at the glass; an answer that died with a link must not keep them there."""
    wanted = Wanted(7, bytes(66))
    assert site.errands.ask(wanted) == wanted
    assert site.errands.ask(wanted) is None
    assert site.errands.ask(Wanted(8, bytes(66))) is not None
    monkeypatch.setattr("sync.errands.ANSWER_S", 0.0)
    assert site.errands.ask(Wanted(8, bytes(66))) is not None


def test_a_verdict_is_kept_for_who_was_asked_about_and_nobody_else(site: Site) -> None:
    """S6, R1.12."""
    verdict = found_bytes(sign_found(SERVER, "t-1", 7, Whereabouts.ELSEWHERE))
    with pytest.raises(ChainError, match="nothing that was asked"):
        site.errands.found(verdict)
    site.errands.ask(Wanted(7, bytes(66)))
    site.errands.found(verdict)
    reader = RosterReader(site.path)
    kept = reader.found(7)
    reader.close()
    assert kept == (Whereabouts.ELSEWHERE, 0)


def test_a_verdict_for_who_has_gone_away_is_refused(site: Site) -> None:
    site.errands.ask(Wanted(7, bytes(66)))
    assert site.errands.ask(None) is None
    with pytest.raises(ChainError, match="nothing that was asked"):
        site.errands.found(found_bytes(sign_found(SERVER, "t-1", 7, Whereabouts.NOBODY)))
