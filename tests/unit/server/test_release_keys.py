"""Who signs releases, and how that changes: enough of those until now, and of those from then on (TUF 1.0, 6.1)."""

import datetime as dt
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata

from server import ReleaseError
from server.__main__ import command
from server.ledger.store import Ledger
from server.releases import keys, repository, roles
from server.releases.files import root_mark
from server.releases.holders import Change
from server.releases.repository import Repository
from server.releases.worker import Releases
from tests.unit.edge.update_site import DISTRICT, Makers, offering

NEW, NEWER = "0.2.0", "0.3.0"


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    """With a release, so that there is something to be signed wrongly."""
    return offering(tmp_path / "makers", NEW)


def shown(makers: Makers) -> dict[str, bytes]:
    """All that terminals may read of who signed what."""
    return {path.name: path.read_bytes() for path in (makers.public / "metadata").iterdir()}


def read(makers: Makers, name: str) -> Metadata:
    return Metadata.from_file(str(makers.public / "metadata" / f"{name}.json"))


def own_keys(makers: Makers) -> dict[str, str]:
    """This server's, by the name of the file."""
    return {path.name: keys.load(path).public_key.keyid for path in (makers.repository.folder / "online").iterdir()}


def test_those_until_now_and_those_from_then_on_sign(makers: Makers) -> None:
    """Holder 3 goes, holder 4 comes, and three must sign."""
    repo, before = makers.repository, shown(makers)
    repo.change(Change(add=(makers.keys,), remove=frozenset({3}), threshold=3))
    assert repo.lacks().counts == (3, 2, 3)
    makers.sign(4)
    assert repo.lacks().counts == (2, 2, 2)
    makers.sign(1)
    assert repo.lacks().counts == (1, 1, 1)
    makers.sign(3)
    assert repo.lacks().counts == (1, 0, 1)  # until now he counts, and from then on not
    for words in ("to be signed by 1 more of holders 2", "the change by 1 more of holders 2 from then on"):
        with pytest.raises(ReleaseError, match=words):
            repo.publish()
    assert shown(makers) == before
    assert makers.sign(2) == "enough have signed; publish it"
    assert repo.publish() == "published as state 3, with root 2"
    assert repo.holders() == ([1, 2, 4], 3)
    root, targets = read(makers, "2.root"), read(makers, "3.targets")
    read(makers, "1.root").signed.verify_delegate("root", root.signed_bytes, root.signatures)
    root.signed.verify_delegate("root", root.signed_bytes, root.signatures)
    root.signed.verify_delegate("targets", targets.signed_bytes, targets.signatures)


def test_who_went_signs_nothing_and_his_number_is_never_given_again(makers: Makers) -> None:
    makers.change(Change(remove=frozenset({3})), 1, 2)
    makers.repository.add_district("hr-14")
    with pytest.raises(ReleaseError, match="none of these keys"):
        makers.sign(3)
    makers.repository.drop()
    makers.change(Change(add=(makers.keys,)), 1, 2)
    assert makers.repository.holders() == ([1, 2, 4], 2)


def test_a_change_after_a_change_is_one_change(makers: Makers) -> None:
    """And nobody signed what was added afterwards."""
    repo = makers.repository
    repo.change(Change(add=(makers.keys,)))
    makers.sign(1, 2)
    repo.change(Change(add=(makers.keys,), remove=frozenset({1, 4})))
    assert repo.lacks().counts == (2, 2, 2)
    makers.sign(2, 3)
    repo.publish()
    assert (repo.holders(), read(makers, "2.root").signed.version) == (([2, 3, 5], 2), 2)


def test_a_release_that_waits_is_signed_by_those_from_then_on(makers: Makers, tmp_path: Path) -> None:
    makers.repository.add_district("hr-14")
    makers.repository.sign([makers.holder(2), makers.holder(3)])
    makers.repository.change(Change(remove=frozenset({3}), threshold=1))
    makers.sign(3)
    assert makers.repository.lacks().counts == (1, 1, 1)
    makers.sign(1)
    makers.repository.publish()
    assert "hr-14" in makers.repository.districts()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(remove=frozenset({2, 3})), "threshold 2 of 1 holders: expected 1 to 1"),
        (Change(remove=frozenset({1, 2, 3}), threshold=0), "threshold 0 of 0 holders"),
        (Change(add=(Path("new"),), threshold=5), "threshold 5 of 4 holders"),
        (Change(add=(Path("new"),) * 18), "of 20 at most"),
        (Change(add=(Path("new"),), remove=frozenset({7})), "holder 7: no such holder; there are 1, 2, 3"),
    ],
)
def test_what_could_never_be_signed_is_refused_before_a_key_is_made(
    makers: Makers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReleaseError, match=words):
        makers.repository.change(change)
    assert not (tmp_path / "new").exists()
    assert makers.repository.staged() == []


def test_where_a_stick_is_full_nothing_of_the_new_holder_stays(makers: Makers) -> None:
    (makers.keys / "targets-4.pem").write_bytes(b"somebody's")
    with pytest.raises(ReleaseError, match=r"targets-4\.pem: there is a key already"):
        makers.repository.change(Change(add=(makers.keys,)))
    assert not (makers.keys / "root-4.pem").exists()
    assert makers.repository.staged() == []


def test_what_was_dropped_leaves_nothing(makers: Makers) -> None:
    before, own = shown(makers), own_keys(makers)
    makers.repository.change(Change(server=True))
    assert len(own_keys(makers)) == 2 * len(own)
    makers.sign(1, 2)
    makers.repository.drop()
    assert (shown(makers), own_keys(makers)) == (before, own)
    assert makers.repository.publish() == "nothing was staged; the time was signed anew"
    with pytest.raises(ReleaseError, match="nothing waits"):
        makers.repository.drop()


# ── this server's own keys ──


def test_new_keys_of_the_server_count_at_once_and_the_old_ones_are_destroyed(makers: Makers) -> None:
    repo, old = makers.repository, own_keys(makers)
    repo.change(Change(server=True))
    repo.offer("hr-13", NEW, 10)  # until it is published the old ones do
    signed = read(makers, "timestamp")
    read(makers, "1.root").signed.verify_delegate("timestamp", signed.signed_bytes, signed.signatures)
    makers.sign(1, 2)
    repo.publish()
    assert set(own_keys(makers).values()).isdisjoint(old.values())
    assert len(own_keys(makers)) == len(old)
    _everything_counts(makers)
    repo.offer("hr-13", NEW, 100)
    repo.publish()
    _everything_counts(makers)


def _everything_counts(makers: Makers) -> None:
    """From the newest root down, all is signed by whom the role above it names."""
    root = read(makers, f"{len(list((makers.public / 'metadata').glob('*.root.json')))}.root").signed
    timestamp = read(makers, "timestamp")
    snapshot = read(makers, f"{timestamp.signed.snapshot_meta.version}.snapshot")
    versions = {name.removesuffix(".json"): one.version for name, one in snapshot.signed.meta.items()}
    targets = read(makers, f"{versions['targets']}.targets")
    for role, found in (("timestamp", timestamp), ("snapshot", snapshot), ("targets", targets)):
        root.verify_delegate(role, found.signed_bytes, found.signatures)
    for name in (DISTRICT, "hr-13"):
        found = read(makers, f"{versions[name]}.{name}")
        targets.signed.verify_delegate(name, found.signed_bytes, found.signatures)


@pytest.mark.parametrize("at", ["2.root.json", "4.snapshot.json", "timestamp.json"])
@pytest.mark.parametrize("mended_by", ["publish", "the hourly look"])
def test_who_is_cut_off_while_publishing_goes_on(
    makers: Makers, monkeypatch: pytest.MonkeyPatch, at: str, mended_by: str
) -> None:
    """Before each of the files that matter; the hourly look alone mends all but what the holders signed."""
    repo = makers.repository
    repo.change(Change(server=True, remove=frozenset({3})))
    makers.sign(1, 2)
    _cut_off(repo, monkeypatch, at)
    if mended_by == "the hourly look":
        assert repo.keep_fresh() is (at != "2.root.json")
    repo.publish()
    _everything_counts(makers)
    assert (repo.holders(), repo.staged()) == (([1, 2], 2), [])
    assert len(own_keys(makers)) == 4


def _cut_off(repo: Repository, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """As by the power, where this file would be written."""
    real = roles.write

    def write(path: Path, data: bytes) -> None:
        if path.name == at and path.parent.name == "metadata":
            raise KeyboardInterrupt
        real(path, data)

    with monkeypatch.context() as broken:
        broken.setattr(roles, "write", write)
        with pytest.raises(KeyboardInterrupt):
            repo.publish()


def test_a_server_without_its_keys_says_what_to_do(makers: Makers) -> None:
    """The machine burnt, and there was no backup."""
    for path in (makers.repository.folder / "online").iterdir():
        path.unlink()
    with pytest.raises(ReleaseError, match=r"hazri-server release keys --server"):
        makers.repository.publish()
    makers.change(Change(server=True), 1, 3)
    _everything_counts(makers)


# ── time ──


def test_a_root_is_renewed_long_before_it_ends(
    makers: Makers, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After two years without it terminals would take nothing, whoever signs it; so the log says it daily."""
    caplog.set_level(logging.INFO, "hazri.releases")
    monkeypatch.setitem(repository.DAYS, "root", 59)
    makers.change(Change(), 1, 2)
    _day_passes(makers, monkeypatch)
    Releases(ledger, makers.repository.folder).round()
    assert [one for one in caplog.messages if "days_left" in one] == [
        "releases=root days_left=58 mend=release_keys_--renew"
    ]
    caplog.clear()
    monkeypatch.setitem(repository.DAYS, "root", 730)
    makers.change(Change(), 2, 3)
    assert makers.repository.ends()["root"] - dt.datetime.now(dt.UTC) > dt.timedelta(days=729)
    _day_passes(makers, monkeypatch)
    Releases(ledger, makers.repository.folder).round()
    assert caplog.messages == ["releases=fresh"]


def _day_passes(makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as past:
        past.setitem(repository.DAYS, "timestamp", 5)
        makers.repository.publish()


def test_admissions_name_the_newest_root(makers: Makers) -> None:
    """Who holds keys that were taken away begins no terminal of today."""
    first = root_mark(makers.repository.folder)
    for n in range(2, 12):
        makers.change(Change(), 1, 2)
        assert read(makers, f"{n}.root").signed.version == n
    (makers.public / "metadata" / "x.root.json").write_bytes(b"no number")
    newest = (makers.public / "metadata" / "11.root.json").read_bytes()
    assert root_mark(makers.repository.folder) == hashlib.sha256(newest).hexdigest() != first


# ── the command ──


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    config = tmp_path / "server.toml"
    config.write_text(f'state_dir = "{tmp_path / "state"}"\n')
    (tmp_path / "words").write_text("several words\n")

    def release(*words: str, code: int = 0) -> str:
        assert command(["release", *words, "--config", str(config)]) == code
        found = capsys.readouterr()
        return (found.out + found.err).strip()

    return release


def test_the_command(said: Callable[..., str], tmp_path: Path) -> None:
    """A stick is lost, and its holder gets another one."""
    secret = ("--passphrase-file", str(tmp_path / "words"))
    sticks = [tmp_path / "one", tmp_path / "two"]
    said("init", "--keys", str(sticks[0]), *secret)
    assert said("keys").splitlines()[0] == "holders 1, 2, 3, of whom 2 must sign"
    assert "no such holder" in said("keys", "--remove", "9", code=1)
    told = said("keys", "--remove", "3", "--add", str(sticks[1]), *secret)
    assert told == (
        "a change of who signs waits: to be signed by 2 more of holders 1, 2, 4; the change by 2 more of holders "
        "1, 2, 3 until now; the change by 2 more of holders 1, 2, 4 from then on"
    )
    assert said("status").splitlines()[0] == "waits: a change of who signs"
    assert "until now" in said("publish", code=1)
    assert b"ENCRYPTED" in (sticks[1] / "root-4.pem").read_bytes()
    for stick in sticks:
        told = said("sign", "--keys", str(stick), *secret)
    assert told == "enough have signed; publish it"
    assert said("publish") == "published as state 2, with root 2"
    assert "holders 1, 2, 4, of whom 2 must sign" in said("status")
    assert "a change of who signs waits" in said("keys", "--renew")
    assert said("drop") == "nothing waits any more"
    assert "nothing waits" in said("drop", code=1)
    assert "a change of who signs waits" in said("keys", "--server", "--threshold", "3")
