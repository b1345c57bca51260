"""The names in meta have an index, which SQLite's quick check holds against nothing: a bit that flips there is damage,
and costs neither the start of a program nor what was answered for (S2)."""

from pathlib import Path

import pytest

from sync import StorageError
from sync.outbox import OutboxReader
from sync.roster import RosterReader, RosterStore
from sync.salvage import salvaged
from tests.unit.sync.test_outbox import outbox, punch


def spoil_index(path: Path, name: bytes, bit: int = 128) -> None:
    """A bit of the first letter of `name` where no value follows it; the file is closed, and its WAL empty."""
    data = bytearray(path.read_bytes())
    at = -1
    while (at := data.find(name, at + 1)) >= 0:
        if data[at - 1] in (1, 9):  # the serial types of small row numbers, which only entries of the index have
            data[at] ^= bit
            path.write_bytes(data)
            return
    raise AssertionError(f"{name!r} is in no index")


@pytest.mark.parametrize("bit", [1, 128], ids=["another letter", "no letter"])
@pytest.mark.parametrize("name", [b"log", b"terminal", b"name sum", b"tables sum"])
def test_a_log_whose_name_is_not_in_the_index_is_damaged_and_saved(tmp_path: Path, name: bytes, bit: int) -> None:
    old = outbox(tmp_path)
    for n in range(3):
        old.append(punch(n))
    old._db.close()
    spoil_index(tmp_path / "punches.db", name, bit)
    if name == b"log":
        with pytest.raises(StorageError, match="the log's name is gone"):
            OutboxReader(tmp_path / "punches.db")
    new = outbox(tmp_path)
    assert new.set_aside is not None
    (path,) = salvaged(tmp_path / "punches.db")
    assert OutboxReader(path).last_seq() == 3


def test_a_roster_whose_version_is_not_in_the_index_is_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "roster.db"
    RosterStore(path).close()
    spoil_index(path, b"version")
    reader = RosterReader(path)
    with pytest.raises(StorageError, match="the version is gone"):
        reader.version()
    reader.close()
    store = RosterStore(path)
    assert store.set_aside == tmp_path / "roster.db.damaged-1"
    assert store.version == 0
