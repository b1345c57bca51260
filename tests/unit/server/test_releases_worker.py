"""What keeps the releases going without anybody: the time is signed daily, and rings are looked at hourly."""

import dataclasses
import datetime as dt
import hashlib
import logging
import threading
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata

from server import ReleaseError
from server.fleet import claims, places
from server.ledger.store import Ledger, now_ms
from server.releases import repository
from server.releases.files import turn
from server.releases.gate import HOUR_MS
from server.releases.repository import Repository
from server.releases.rollout import Rollouts, State, kept
from server.releases.worker import Releases
from server.settings import RELEASES
from sync.admission import NOTHING, Admission, Request, parse
from sync.claim import Claim
from sync.health import Serving
from sync.release import within
from tests.unit.edge.update_site import Makers
from tests.unit.server.aggregator import Aggregator, Terminal, broker_settings
from tests.unit.server.fleet_site import WELL, admitted, offices, says

NEW = "0.2.0"
FIRST = next(f"gate-{n}" for n in range(10_000) if within(f"gate-{n}", 1))
LATER = next(f"gate-{n}" for n in range(10_000) if not within(f"gate-{n}", 10))


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    return Makers(tmp_path / "makers", ("all",))


def fresh(makers: Makers) -> tuple[int, dt.datetime]:
    signed = Metadata.from_file(str(makers.public / "metadata" / "timestamp.json")).signed
    return signed.version, signed.expires


def sign_long_ago(makers: Makers, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    with monkeypatch.context() as then:
        then.setitem(repository.DAYS, "timestamp", 7 - days)
        makers.repository.publish()


def test_the_time_is_signed_anew_once_a_day(
    makers: Makers, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After a week without it terminals would take nothing."""
    caplog.set_level(logging.INFO, "hazri.releases")
    work = Releases(ledger, makers.repository.folder)
    before = fresh(makers)
    work.round()
    assert fresh(makers) == before
    sign_long_ago(makers, monkeypatch, days=2)
    work.round()
    work.round()
    version, until = fresh(makers)
    assert version == before[0] + 2
    assert until >= before[1]
    assert caplog.messages.count("releases=fresh") == 1


def test_what_waits_for_signatures_neither_hinders_it_nor_is_shown(
    makers: Makers, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_long_ago(makers, monkeypatch, days=6)
    makers.repository.add_district("hr-14")
    version, _ = fresh(makers)
    Releases(ledger, makers.repository.folder).round()
    assert fresh(makers)[0] == version + 1
    assert makers.repository.districts() == ["all"]
    assert makers.repository.lacks().counts == (2, 0, 0)


def test_a_release_goes_on_by_what_terminals_said(
    makers: Makers, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers.release(NEW)
    rollouts = Rollouts(makers.repository)
    rollouts.begin("all", NEW, now_ms() - 25 * HOUR_MS)
    for name in (FIRST, LATER):
        admitted(ledger, name)
    says(ledger, FIRST, dataclasses.replace(WELL, software=NEW), now_ms())
    says(ledger, LATER, WELL, now_ms())
    work = Releases(ledger, makers.repository.folder)
    work.round()
    one = rollouts.all()["all"]
    assert (one.state, one.percent) == (State.ROLLING, 10)
    assert one.why == "1 of 1 heard of run it, of 1 in the ring"
    work.round()
    one = rollouts.all()["all"]
    assert (one.percent, one.why.endswith("it is watched for 24 h")) == (10, True)
    assert now_ms() - one.looked_ms < HOUR_MS


def test_a_release_on_which_a_terminal_is_ill_is_halted_without_anybody(makers: Makers, ledger: Ledger) -> None:
    makers.release(NEW)
    Rollouts(makers.repository).begin("all", NEW, now_ms() - HOUR_MS)
    admitted(ledger, FIRST)
    says(ledger, FIRST, dataclasses.replace(WELL, software=NEW, serving=Serving.UNABLE), now_ms())
    Releases(ledger, makers.repository.folder).round()
    one = kept(makers.repository.folder)["all"]
    assert (one.state, one.percent) == (State.HALTED, 0)
    assert one.why.startswith("1 of 1 that run it are ill")


def test_a_server_without_releases_has_nothing_to_keep(ledger: Ledger, tmp_path: Path) -> None:
    Releases(ledger, tmp_path / "releases").round()
    assert not (tmp_path / "releases").exists()
    assert kept(tmp_path / "releases") == {}


def test_a_damaged_file_is_said_and_the_time_is_signed_all_the_same(
    makers: Makers, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_long_ago(makers, monkeypatch, days=3)
    (makers.repository.folder / "rollouts.json").write_text("[]")
    version, _ = fresh(makers)
    with pytest.raises(ReleaseError, match="not sound"):
        Releases(ledger, makers.repository.folder).round()
    assert fresh(makers)[0] == version + 1


def test_it_waits_for_a_command_that_changes_the_repository(makers: Makers, ledger: Ledger) -> None:
    work = Releases(ledger, makers.repository.folder)
    looking = threading.Thread(target=work.round)
    with turn(makers.repository.folder):
        looking.start()
        looking.join(0.3)
        assert looking.is_alive()
    looking.join(30)
    assert not looking.is_alive()


def test_an_admission_says_whose_releases_to_take(running: Aggregator) -> None:
    """The office that a machine is claimed for, and who comes back for it with the same keys, or others (S7)."""
    first, second = offices(running.ledger)
    one = Terminal("t-1")
    with running.ledger.write() as connection:
        token = claims.make(connection, "admin", office_id=first, terminal_id="t-1", at_once=True).token
    asked = Claim(token, parse(Request, one.request()), "")
    verdict = claims.take(running.ledger, running.keys, broker_settings(), asked)
    assert parse(Admission, verdict.admission).offices == "/hr/o0/"
    with running.ledger.write() as connection:
        places.move(connection, "t-1", places.Place(now_ms(), second, "", ""), "admin", "moved", now_ms())
    again = running.admit(one).admission
    assert again
    assert again.offices == "/hr/o1/"
    other = running.admit(Terminal("t-2")).admission
    assert other
    assert other.offices == NOTHING


def test_an_admission_says_which_releases_to_believe(running: Aggregator, tmp_path: Path) -> None:
    """From the day there are some; so nobody carries a root to a terminal."""
    first = running.admit(Terminal("t-1")).admission
    folder = running.keys.directory.parent / RELEASES
    root = Repository(folder).init(tmp_path / "keys", ["all"], count=1, threshold=1, passphrase=None)
    second = running.admit(Terminal("t-2")).admission
    assert first
    assert second
    assert (first.releases, second.releases) == (NOTHING, hashlib.sha256(root.read_bytes()).hexdigest())
