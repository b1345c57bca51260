"""A write-ahead log read by hand: what SQLite reads of it, and what was on disk once behind that (S2)."""

import resource
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sync import StorageError
from sync.wal import lost_transactions, sound_frames
from tests.unit.sync.test_outbox import outbox, punch


def wal_of(tmp_path: Path, records: int = 4) -> Path:
    writer = outbox(tmp_path)
    for n in range(records):
        writer.append(punch(n))
    copy = tmp_path / "copy-wal"
    shutil.copy(tmp_path / "punches.db-wal", copy)
    writer._db.close()
    return copy


def test_transactions_behind_a_damaged_frame_are_missed(tmp_path: Path) -> None:
    wal = wal_of(tmp_path)
    frames = (wal.stat().st_size - 32) // (24 + 4096)
    assert not lost_transactions(wal, frames)
    assert lost_transactions(wal, 0)
    assert not lost_transactions(tmp_path / "none", 0)
    with wal.open("r+b") as file:
        file.write(b"\0")
    assert lost_transactions(wal, frames), "the header is synced before the first frame"


def test_frames_of_an_earlier_round_are_no_loss(tmp_path: Path) -> None:
    wal = wal_of(tmp_path)
    data = bytearray(wal.read_bytes())
    for at in range(32, len(data), 24 + 4096):
        data[at + 8] ^= 1  # another salt
    wal.write_bytes(data)
    assert not lost_transactions(wal, 0)


def test_sound_frames_are_those_that_sqlite_reads(tmp_path: Path) -> None:
    wal = wal_of(tmp_path)
    step = 24 + 4096
    frames = (wal.stat().st_size - 32) // step
    whole = wal.read_bytes()
    for cut in range(frames + 1):
        wal.write_bytes(whole[: 32 + cut * step + 100])
        file = tmp_path / f"{cut}.db"
        shutil.copy(tmp_path / "punches.db", file)
        shutil.copy(wal, f"{file}-wal")
        with closing(sqlite3.connect(file)) as db:
            assert db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1] == sound_frames(wal)
    assert 0 < sound_frames(wal) <= frames
    damaged = bytearray(whole)
    damaged[32 + 24 + 100] ^= 1
    wal.write_bytes(damaged)
    assert sound_frames(wal) == 0
    assert sound_frames(tmp_path / "none") == 0


def test_after_a_power_cut_a_log_opens_on_a_full_disk(tmp_path: Path) -> None:
    """S2, S13: what is in the WAL cannot be brought into the file, and is read all the same."""
    writer = outbox(tmp_path)
    writer.append(punch(0), blob=b"x" * 100_000)
    after = tmp_path / "after"
    after.mkdir()
    for name in ("punches.db", "punches.db-wal"):
        shutil.copy(tmp_path / name, after)
    head = writer.head
    writer._db.close()
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, usual[1]))  # room for SQLite's index of the WAL
    try:
        again = outbox(after)
        with pytest.raises(StorageError):
            again.append(punch(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert (again.set_aside, again.seq, again.head) == (None, 1, head)
    assert again.append(punch(1)) == 2
    again._db.close()


def test_frames_of_an_earlier_round_are_not_sound(tmp_path: Path) -> None:
    wal = wal_of(tmp_path)
    data = bytearray(wal.read_bytes())
    data[32 + 8] ^= 1  # the first frame has another salt
    wal.write_bytes(data)
    assert sound_frames(wal) == 0
