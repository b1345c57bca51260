"""A backup taken while the server works, and the server it makes again. Names are made up.

On SQLite: a backup copies its file. A ledger in PostgreSQL is kept by its own tools; that this is said is proved.
"""

import dataclasses
import io
import tarfile
from pathlib import Path

import pytest

from server import BackupError
from server.backup import backup, restore
from server.releases.files import root_mark
from server.releases.repository import Repository
from server.settings import BrokerSettings, ServerSettings, WebSettings
from tests.unit.server.aggregator import SETTINGS, Aggregator, Line, Terminal, aggregator


def settings(folder: Path) -> ServerSettings:
    broker = BrokerSettings(True, "mosquitto", "127.0.0.1", "127.0.0.1", 8883, "", 0)
    return ServerSettings(folder, "", WebSettings("127.0.0.1", 8480), broker, SETTINGS)


def test_what_came_before_is_there_and_what_came_after_comes_again(tmp_path: Path) -> None:
    """R10, S13: the terminal keeps its records, and a roster it saw in a later version is overtaken."""
    out = tmp_path / "hazri.tar"
    with aggregator(tmp_path / "one") as one:
        line = Line(one.hub, one.admit(Terminal("t-1")))
        terminal = line.terminal
        people = one.people(3)
        terminal.punches(100, people[0])
        line.send("batch", terminal.batch_bytes(1, 60))
        one.wait("records", 60)
        made = backup(settings(tmp_path / "one"), out)
        assert out.stat().st_mode & 0o777 == 0o600
        assert {"ledger.db", "keys/server.key", "keys/ca.key", "keys/vault.key"} <= set(made.files)
        line.send("batch", terminal.batch_bytes(61, 100))
        one.wait("records", 100)
    restore(settings(tmp_path / "two"), out)
    with aggregator(tmp_path / "two") as two:
        assert two.sql("SELECT max(seq) FROM record") == [(60,)]
        assert two.sql("SELECT count(*) FROM person") == [(3,)]
        again = Line(two.hub, terminal)
        again.send("batch", terminal.batch_bytes(61, 100))
        assert again.receipt(two.keys.server.private_bytes_raw()).seq == 100
        later = 10_000
        again.send("beat", terminal.beat(roster_version=later))
        two.wait("beats")
        two.pusher.push_due()
        assert two.sql("SELECT roster_version FROM terminal")[0][0] > later, "the roster it saw is overtaken"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    one = Aggregator(tmp_path / "one")
    one.ledger.close()
    backup(settings(tmp_path / "one"), tmp_path / "hazri.tar")
    return tmp_path / "hazri.tar"


def test_a_directory_that_is_in_use_is_left_alone(made: Path) -> None:
    with pytest.raises(BackupError, match="is not empty"):
        restore(settings(made.parent / "one"), made)


def test_who_signs_releases_signs_them_after_a_restore(tmp_path: Path) -> None:
    """The file holds what is signed and the server's own keys for it, and no package; terminals go on from there."""
    Aggregator(tmp_path / "one").ledger.close()
    state = settings(tmp_path / "one")
    Repository(state.releases).init(tmp_path / "stick", ["hr-12"], count=1, threshold=1, passphrase=None)
    (state.releases / "public" / "targets" / "wheels").mkdir(parents=True)
    (state.releases / "public" / "targets" / "wheels" / "large.whl").write_bytes(b"0" * 4096)
    made = backup(state, tmp_path / "hazri.tar")
    assert {"releases/online/timestamp.pem", "releases/public/metadata/1.root.json"} <= set(made.files)
    assert [name for name in made.files if "targets/" in name] == []
    restored = settings(tmp_path / "two")
    restore(restored, tmp_path / "hazri.tar")
    assert root_mark(restored.releases) == root_mark(state.releases)
    time = restored.releases / "public" / "metadata" / "timestamp.json"
    before = time.read_bytes()
    Repository(restored.releases).publish()
    assert time.read_bytes() != before, "the time is signed anew"


def test_a_disk_that_is_not_there_is_not_made(made: Path) -> None:
    with pytest.raises(BackupError, match=r"gone: is no folder; mount or make it first"):
        backup(settings(made.parent / "one"), made.parent / "gone" / "hazri.tar")
    assert not (made.parent / "gone").exists()


def test_what_was_cut_or_changed_is_not_put_in_place(made: Path) -> None:
    data = made.read_bytes()
    for n, damaged in enumerate((data[:5000], data.replace(b"BEGIN", b"begin", 1), b"", b"x" * 20_000)):
        made.write_bytes(damaged)
        state = made.parent / f"two-{n}"
        with pytest.raises(BackupError):
            restore(settings(state), made)
        assert not (state / "keys").exists()
        assert not (state / "ledger.db").exists()


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "keys/../../evil", "keys/.lock", "releases/online/../../evil", "releases/evil", "other"],
)
def test_nothing_is_written_elsewhere(made: Path, name: str) -> None:
    evil = made.parent / "evil.tar"
    with tarfile.open(made) as old, tarfile.open(evil, "w") as new:
        first = old.next()
        assert first
        content = old.extractfile(first)
        assert content
        new.addfile(first, io.BytesIO(content.read()))
        new.addfile(tarfile.TarInfo(name))
    with pytest.raises(BackupError, match="which no backup of ours does"):
        restore(settings(made.parent / "two"), evil)


def test_a_backup_of_the_other_database_is_said(made: Path) -> None:
    other = dataclasses.replace(settings(made.parent / "two"), database_url="postgresql://x/y")
    with pytest.raises(BackupError, match="set database_url as it was"):
        restore(other, made)
