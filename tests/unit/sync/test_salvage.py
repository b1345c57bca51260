"""What a damaged log still holds is saved, and goes up before the new one; what cannot go up holds nothing up (S2)."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import StorageError, carve, storage
from sync.audit import BadRecordError, audit, row_sum
from sync.chain import genesis, next_head, sign_head
from sync.ed25519 import PublicKey
from sync.outbox import Outbox, OutboxReader
from sync.record import Event, EventCode, record_body
from sync.salvage import salvage, salvaged
from tests.unit.sync.test_agent import Site
from tests.unit.sync.test_outbox import KEY, outbox, punch

HEADER = 100


def break_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(HEADER))


def broken(tmp_path: Path, records: int = 6) -> Outbox:
    """A log of some records, one with a template too big for a page, whose file begins with zeros now."""
    writer = outbox(tmp_path)
    for n in range(records):
        writer.append(punch(n), blob=b"x" * 9000 if n == 1 else None)
    writer._db.close()
    break_header(tmp_path / "punches.db")
    return writer


def test_everything_readable_is_saved_with_its_log_s_name(tmp_path: Path) -> None:
    old = broken(tmp_path)
    new = outbox(tmp_path)
    assert new.set_aside == tmp_path / "punches.db.damaged-1"
    assert (new.seq, new.log != old.log) == (0, True)
    (path,) = salvaged(tmp_path / "punches.db")
    reader = OutboxReader(path)
    assert (reader.log, reader.last_seq(), reader.head(6)) == (old.log, 6, old.head)
    assert reader.blobs(0) == [(2, b"x" * 9000)]
    assert salvage(tmp_path / "punches.db", "t-1", PublicKey.of(KEY)) == []
    reader.close()


def test_records_of_nobody_s_signature_are_not_saved(tmp_path: Path) -> None:
    broken(tmp_path)
    stranger = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
    Outbox(tmp_path / "punches.db", "t-1", stranger)
    assert OutboxReader(salvaged(tmp_path / "punches.db")[0]).last_seq() == 0


def test_a_log_whose_beginning_is_forgotten_is_saved_by_its_name(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    for n in range(6):
        writer.append(punch(n))
    writer.prune(5, keep=2)
    writer._db.execute("VACUUM")  # or the forgotten would still lie on the page
    writer._db.close()
    break_header(tmp_path / "punches.db")
    outbox(tmp_path)
    reader = OutboxReader(salvaged(tmp_path / "punches.db")[0])
    batch = reader.batch(5, 50)
    assert batch is not None
    assert (reader.log, batch.first_seq, batch.last_seq) == (writer.log, 5, 6)


def test_what_an_earlier_start_did_not_come_to_is_saved_at_the_next(tmp_path: Path) -> None:
    broken(tmp_path)
    outbox(tmp_path)._db.close()
    (path,) = salvaged(tmp_path / "punches.db")
    path.unlink()
    outbox(tmp_path)
    assert salvaged(tmp_path / "punches.db") == [path]


def test_a_disk_that_refuses_the_salvage_does_not_keep_the_terminal_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(tmp_path)

    def refuse(*_: object) -> list[Path]:
        raise StorageError("full")

    monkeypatch.setattr("sync.outbox.salvage", refuse)
    assert outbox(tmp_path).append(punch(1)) == 1


def test_what_was_taken_over_is_not_taken_over_again(tmp_path: Path) -> None:
    """S2, R6.2: an old machine's entry, and an order of the server's, survive the log they were recorded in."""
    writer = outbox(tmp_path)
    writer.append(punch(9), taken=b"an entry")
    writer._db.close()
    break_header(tmp_path / "punches.db")
    for _ in range(2):
        again = outbox(tmp_path)
        assert again.took(b"an entry")
        assert not again.took(b"another")
        again._db.close()


def test_a_gap_ends_a_batch(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    for n in range(5):
        writer.append(punch(n))
    with writer._db as db:
        db.execute("DELETE FROM record WHERE seq = 3")
    batch = OutboxReader(tmp_path / "punches.db").batch(1, 50)
    assert batch is not None
    assert batch.last_seq == 2


# ── judged when opened ──


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE meta SET value = x'0102030405060708' WHERE name = 'log'",
        "UPDATE name_again SET log = x'0102030405060708'",
        "UPDATE blob SET data = x'00'",
        "UPDATE taken SET key = x'00' WHERE seq = 2",
        "UPDATE record SET body = x'00' WHERE seq = 2",
        "UPDATE record SET sum = 0 WHERE seq = 2",
        "PRAGMA user_version = 7",
        "DROP TABLE taken",
        "DROP TABLE record",
    ],
)
def test_a_file_that_is_not_what_was_written_is_set_aside(tmp_path: Path, change: str) -> None:
    writer = outbox(tmp_path)
    for n in range(3):
        writer.append(punch(n), blob=b"b", taken=b"key%d" % n)
    with writer._db as db:
        db.execute(change)
    writer._db.close()
    assert outbox(tmp_path).set_aside is not None


def test_a_wal_without_its_file_is_set_aside_with_what_went_before(tmp_path: Path) -> None:
    """As when the power is cut between the renames."""
    writer = outbox(tmp_path)
    writer.append(punch(1))
    wal = (tmp_path / "punches.db-wal").read_bytes()
    writer._db.close()
    (tmp_path / "punches.db").rename(tmp_path / "punches.db.damaged-1")
    (tmp_path / "punches.db-wal").write_bytes(wal)
    assert outbox(tmp_path).set_aside == tmp_path / "punches.db.damaged-1"
    assert (tmp_path / "punches.db.damaged-1-wal").read_bytes() == wal


def test_a_log_of_the_layout_before_is_brought_up_to_date(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    for n in range(3):
        writer.append(punch(n), blob=b"b", taken=b"key%d" % n)
    with writer._db as db:
        for table in ("record", "blob", "taken"):
            db.execute(f"ALTER TABLE {table} DROP COLUMN sum")
        db.execute("DROP TABLE name_again")
        db.execute("DELETE FROM meta WHERE name LIKE '% sum'")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'sums_of_rows'")
        db.execute("PRAGMA user_version=2")
    writer._db.close()
    again = outbox(tmp_path)
    assert (again.set_aside, again.log, again.seq, again.took(b"key1")) == (None, writer.log, 3, True)
    again._db.close()
    assert outbox(tmp_path).set_aside is None


def test_a_read_that_fails_is_not_a_bad_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's check reports both alike, but for the number; a bad minute must not cost a log."""
    outbox(tmp_path)._db.close()

    class Unreadable:
        def execute(self, query: str) -> "Unreadable":
            assert "quick_check" in query
            return self

        def fetchone(self) -> tuple[str]:
            return ("*** in database main ***\nPage 2: unable to get the page. error code=266",)

        def close(self) -> None:
            pass

    monkeypatch.setattr(storage, "_open", lambda path: Unreadable())
    with pytest.raises(StorageError, match="error code=266"):
        outbox(tmp_path)
    assert not list(tmp_path.glob("*damaged*"))


def test_a_log_opened_on_a_read_only_disk_writes_when_it_is_one_no_more(tmp_path: Path) -> None:
    """S13: SQLite opens for reading alone what it may not write, and would leave it so."""
    writer = outbox(tmp_path)
    writer.append(punch(1))
    writer._db.close()
    path = tmp_path / "punches.db"
    writer._db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
    with pytest.raises(StorageError, match="readonly"):
        writer.append(punch(2))
    assert writer.append(punch(2)) == 2


def test_a_file_that_cannot_be_made_to_write_ahead_is_not_born(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stubborn(sqlite3.Connection):
        def execute(self, query: str, *values: object) -> sqlite3.Cursor:  # type: ignore[override]
            return super().execute(query.replace("journal_mode=WAL", "journal_mode"), *values)  # type: ignore[arg-type]

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path: real(path, factory=Stubborn))
    with pytest.raises(StorageError, match="write ahead"):
        storage.open_writer(tmp_path / "x.db", "roster")
    assert not (tmp_path / "x.db").exists()


def test_what_sqlite_will_not_open_is_set_aside(tmp_path: Path) -> None:
    outbox(tmp_path)._db.close()
    with (tmp_path / "punches.db").open("r+b") as file:
        file.seek(16)
        file.write(b"\xff\xff")  # the page size
    assert outbox(tmp_path).set_aside is not None


def test_any_other_refusal_stays_what_it_is(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    writer._db.execute("DROP TABLE record")
    with pytest.raises(StorageError, match="no such table"):
        writer.append(punch(1))


# ── the WAL ──


def test_a_damaged_wal_is_set_aside_and_salvaged_behind_the_damage_too(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    writer = outbox(tmp_path / "live")
    for n in range(6):
        writer.append(punch(n))
    for name in ("punches.db", "punches.db-wal"):
        shutil.copy(tmp_path / "live" / name, tmp_path / name)
    with (tmp_path / "punches.db-wal").open("r+b") as file:
        file.seek(32 + 24 + 100)
        file.write(b"\xff" * 9)
    assert outbox(tmp_path).set_aside is not None
    assert OutboxReader(salvaged(tmp_path / "punches.db")[0]).head(6) == writer.head


# ── pages and rows ──


@pytest.mark.parametrize("page", [b"\x0d", b"\x0d\0\0\0\1" + bytes(3), b"\x0d\0\0\xff\xff" + bytes(4091)])
def test_garbage_pages_give_nothing_that_is_a_record(tmp_path: Path, page: bytes) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(bytes(4096) + page)
    assert [row for row in carve.carve(path) if len(row[1]) > 4] == []


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x7f", 127),
        (b"\x81\x00", 128),
        (b"\xff" * 9, 2**64 - 1),
    ],
)
def test_varints(data: bytes, value: int) -> None:
    assert carve._varint(data, 0) == (value, len(data))


def test_cells_cut_short_or_too_long_are_no_rows(tmp_path: Path) -> None:
    def page(cell: bytes) -> bytes:
        return (b"\x0d\0\0\0\1\0\0\0" + (4096 - len(cell)).to_bytes(2, "big")).ljust(4096 - len(cell), b"\0") + cell

    path = tmp_path / "x.db"
    for cell in (b"\xff\xff\xff\x7f\1", b"\xc0\x00\1" + bytes(9), b"\x03\1\2\x20a", b"\x83"):
        path.write_bytes(bytes(4096) + page(cell))
        assert list(carve.carve(path)) == []
    path.write_bytes(bytes(4096) + page(b"\x06\1\5\0\1\x08\x09\x07"))
    assert list(carve.carve(path)) == [(1, [None, 7, 0, 1])]


def rows(log: bytes, n: int) -> list[tuple[int, bytes, bytes, bytes]]:
    head, made = genesis("t-1", log), []
    for seq in range(1, n + 1):
        body = record_body(punch(seq))
        head = next_head(head, body)
        made.append((seq, body, head, sign_head(KEY, seq, head)))
    return made


def test_the_first_bad_record_is_named() -> None:
    """S8, S9."""
    log, public = b"log-one!", PublicKey.of(KEY)
    good = rows(log, 5)
    assert audit(good, public, "t-1", log) == audit(good[2:], public, "t-1", log) == 5
    assert audit([], public, "t-1", log, every_signature=False) == 0
    unsigned = [*good[:4], (*good[4][:3], bytes(64))]
    for bad, seq, more in (
        ([good[0], good[2]], 2, {}),
        ([good[0], (2, good[2][1], good[1][2], good[1][3])], 2, {}),
        (unsigned, 5, {"every_signature": False}),
        (good[2:], 1, {"forgotten": 1}),
        (good[:3], 4, {"witness": (5, good[4][2])}),
        (good, 4, {"witness": (4, bytes(32))}),
    ):
        with pytest.raises(BadRecordError, match=f"record {seq}") as raised:
            audit(bad, public, "t-1", log, **more)  # type: ignore[arg-type]
        assert raised.value.seq == seq
    assert row_sum(b"a", 1) != row_sum("a", 1)


# ── delivered ──


def test_a_salvaged_log_goes_up_first_then_the_new_one(tmp_path: Path) -> None:
    site = Site(tmp_path, receipt_timeout_s=0.0)
    site.punch(3)
    site.steps()
    old = site.outbox.log
    site.server.lose = lambda n: True
    site.punch(4)
    site.steps()
    site.outbox._db.close()
    break_header(tmp_path / "punches.db")
    site.outbox = Outbox(tmp_path / "punches.db", "t-1", KEY)
    site.outbox.append(Event(EventCode.BOOT, {}, punch(1).instant))
    last = site.server.batches + 1
    site.server.lose = lambda n: n > last
    site.steps()
    receipt = site.store.receipt(old)
    assert receipt is not None
    assert receipt.seq == 7, "what was green before the damage is in the ledger"
    site.server.heads, site.server.rows = [], {}
    site.server.lose = lambda n: False
    assert site.steps().receipted == 1
    assert site.server.log == site.outbox.log


def test_a_salvaged_log_the_server_does_not_take_holds_nothing_up(tmp_path: Path) -> None:
    site = Site(tmp_path, receipt_timeout_s=0.0)
    site.punch(3)
    site.server.lose = lambda n: True
    site.steps(3)
    site.outbox._db.close()
    break_header(tmp_path / "punches.db")
    site.outbox = Outbox(tmp_path / "punches.db", "t-1", KEY)
    site.steps(6)
    assert not site.agent._saved
    (path,) = salvaged(tmp_path / "punches.db")
    path.write_bytes(b"garbage" * 99)
    site.agent._reader = None
    site.agent._hopeless.clear()
    site.steps(3)
    assert site.agent._reader is not None
    assert site.agent._reader.path == tmp_path / "punches.db"


def test_a_new_link_tries_every_salvaged_log_again(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.punch(3)
    site.server.lose = lambda n: True
    site.steps(3)
    old = site.outbox.log
    site.outbox._db.close()
    break_header(tmp_path / "punches.db")
    site.outbox = Outbox(tmp_path / "punches.db", "t-1", KEY)
    site.steps(3)
    assert site.agent._saved
    site.agent._start_over()
    site.agent._start_over()  # and at once again, before anything was opened
    site.server.lose = lambda n: False
    site.steps(3)
    receipt = site.store.receipt(old)
    assert receipt is not None
    assert (receipt.seq, site.agent._saved) == (3, False)
