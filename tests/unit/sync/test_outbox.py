"""punches.db and roster.db on a real disk: what was answered for is there again, what was refused is not."""

import dataclasses
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import StorageError, SyncError, WireError
from sync.batch import Batch
from sync.chain import genesis
from sync.ed25519 import PublicKey
from sync.fetch import Wanted
from sync.outbox import Outbox, OutboxReader
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Kind, Means, Punch, SourceClass
from sync.roster import RosterReader, RosterStore
from sync.wire import Receipt, RosterDelta, RosterEntry, SealedTemplate
from tests.unit.sync.verifying import verify_batch

ROOT = Path(__file__).parents[3]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def punch(n: int) -> Punch:
    when = Instant(1, n * 1000, 1_798_000_000_000, ClockSource.NTP, 40)
    return Punch(b"person-1", Kind.IN, Means.FINGER, 900, SourceClass.AADHAAR_TERMINAL, Flag.NONE, when)


def outbox(tmp_path: Path, terminal: str = "t-1") -> Outbox:
    return Outbox(tmp_path / "punches.db", terminal, KEY)


def test_records_are_chained_signed_and_read_back(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    assert [writer.append(punch(n)) for n in range(5)] == [1, 2, 3, 4, 5]
    reader = OutboxReader(tmp_path / "punches.db")
    batch = reader.batch(2, 3)
    assert isinstance(batch, Batch)
    assert (reader.last_seq(), batch.first_seq, batch.last_seq) == (5, 2, 4)
    before = reader.head(1)
    assert before is not None
    assert verify_batch(PublicKey.of(KEY), batch, before)[-1][1] == reader.head(4)
    assert reader.batch(6, 10) is None
    assert reader.head(6) is None
    assert list(writer.records(3)) == [(4, punch(3)), (5, punch(4))]
    reader.close()


def test_a_new_start_continues_the_same_log(tmp_path: Path) -> None:
    first = outbox(tmp_path)
    first.append(punch(1))
    second = outbox(tmp_path)
    assert (second.log, second.seq, second.head) == (first.log, 1, first.head)
    assert second.append(punch(2)) == 2


def test_each_file_is_a_log_of_its_own(tmp_path: Path) -> None:
    """S7: a replaced card must not be taken for a repeat of the old one."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = outbox(tmp_path / "a"), outbox(tmp_path / "b")
    assert one.log != two.log
    assert one.head == genesis("t-1", one.log)
    assert one.head != two.head


def test_the_log_of_another_terminal_is_refused(tmp_path: Path) -> None:
    outbox(tmp_path, "t-1")
    with pytest.raises(StorageError, match="another terminal"):
        outbox(tmp_path, "t-2")


def test_durability_is_set_as_promised(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    assert writer._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert writer._db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_the_reader_cannot_write(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    writer.append(punch(1))
    reader = OutboxReader(tmp_path / "punches.db")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._db.execute("DELETE FROM record")


def test_blobs_travel_with_their_event(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    writer.append(punch(1))
    writer.append(punch(2), blob=b"sealed")
    reader = OutboxReader(tmp_path / "punches.db")
    assert writer.blobs() == [b"sealed"]
    assert reader.blobs(0) == [(2, b"sealed")]
    assert reader.blobs(2) == []


def test_a_blob_is_forgotten_to_its_last_byte(tmp_path: Path) -> None:
    """S8: not in the file and not in its WAL, and the record it came with stays."""
    writer = outbox(tmp_path)
    for n in (1, 2):
        writer.append(punch(n), blob=b"unmistakable-%d" % n)
    writer.forget_blobs([1])
    assert writer.blobs() == [b"unmistakable-2"]
    assert [seq for seq, _ in writer.records()] == [1, 2]
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"unmistakable-2" in kept
    assert b"unmistakable-1" not in kept


def test_one_question_at_a_time_waits_for_sync(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    reader = OutboxReader(tmp_path / "punches.db")
    assert reader.wanted() is None
    for number in (1, 2):
        writer.want(Wanted(number, bytes(66)))
        assert reader.wanted() == Wanted(number, bytes(66))
    writer.want(None)
    assert reader.wanted() is None


def test_only_receipted_records_are_forgotten(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    for n in range(10):
        writer.append(punch(n), blob=b"x" if n == 0 else None)
    assert writer.prune(receipted=0, keep=0) == 0
    assert writer.prune(receipted=6, keep=8) == 2
    assert writer.prune(receipted=6, keep=0) == 4
    assert [seq for seq, _ in writer.records()] == [7, 8, 9, 10]
    assert writer.blobs() == []
    again = outbox(tmp_path)
    assert (again.seq, again.head) == (10, writer.head)


def test_a_log_with_everything_receipted_keeps_its_head(tmp_path: Path) -> None:
    """Were the last record forgotten, the next start would begin at seq 1 again: a fork of one's own making."""
    writer = outbox(tmp_path)
    for n in range(3):
        writer.append(punch(n))
    writer.prune(receipted=3, keep=0)
    assert outbox(tmp_path).seq == 3


@pytest.mark.parametrize("content", [b"not a database at all, not even close", b"SQLite format 3\0" + b"\xff" * 200])
def test_a_damaged_file_is_set_aside_whole_and_a_new_log_begun(tmp_path: Path, content: bytes) -> None:
    """S2: a terminal never refuses to start; and what was in the file is still there for salvage."""
    path = tmp_path / "punches.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"punches\.db"):
        OutboxReader(path)
    writer = outbox(tmp_path)
    assert writer.set_aside == tmp_path / "punches.db.damaged-1"
    assert writer.set_aside.read_bytes() == content
    assert writer.append(punch(1)) == 1
    writer._db.close()
    path.write_bytes(content)
    assert outbox(tmp_path).set_aside == tmp_path / "punches.db.damaged-2"


def test_a_file_with_a_damaged_page_is_set_aside(tmp_path: Path) -> None:
    first = outbox(tmp_path)
    for n in range(200):
        first.append(punch(n))
    first._db.close()
    path = tmp_path / "punches.db"
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    path.write_bytes(data)
    second = outbox(tmp_path)
    assert second.set_aside is not None
    assert second.set_aside.read_bytes() == bytes(data)
    assert second.log != first.log


def test_a_roster_that_cannot_be_read_is_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "roster.db").write_bytes(b"garbage" * 999)
    store = RosterStore(tmp_path / "roster.db")
    assert store.set_aside == tmp_path / "roster.db.damaged-1"
    assert store.version == 0


def spoil(path: Path) -> None:
    """As after a bad card: nothing of it can be read, and what was not yet checkpointed is gone."""
    for tail in ("-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    path.write_bytes(b"garbage" * 999)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none.punches\.db: unable to open"):
        outbox(tmp_path / "none")


def test_a_reader_sees_that_the_log_is_another(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    reader = OutboxReader(tmp_path / "punches.db")
    writer._db.close()
    spoil(tmp_path / "punches.db")
    assert outbox(tmp_path).set_aside is not None
    with pytest.raises(StorageError, match="begun a new log"):
        reader.last_seq()


def test_a_spoilt_record_stops_neither_process(tmp_path: Path) -> None:
    """What is before it goes up; what is behind it waits, and the message says which record it is."""
    writer = outbox(tmp_path)
    for n in range(4):
        writer.append(punch(n))
    with writer._db:
        writer._db.execute("UPDATE record SET body = x'ff00' WHERE seq = 3")
    assert [seq for seq, _ in writer.records()] == [1, 2, 4]
    reader = OutboxReader(tmp_path / "punches.db")
    batch = reader.batch(1, 50)
    assert batch is not None
    assert batch.last_seq == 2
    verify_batch(PublicKey.of(KEY), batch, genesis("t-1", batch.log))
    with pytest.raises(StorageError, match="record 3 is damaged"):
        reader.batch(3, 50)


def test_a_record_that_could_not_be_read_back_is_never_written(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    with pytest.raises(WireError, match="finger"):
        writer.append(Event(EventCode.ENROLMENT, {"finger": True}, punch(1).instant))
    with pytest.raises(WireError, match="score"):
        writer.append(dataclasses.replace(punch(1), score=1.5))  # type: ignore[arg-type]
    assert writer.append(punch(1)) == 1


def test_a_file_not_made_yet_or_made_by_a_later_program(tmp_path: Path) -> None:
    path = tmp_path / "punches.db"
    with pytest.raises(StorageError, match="not made yet"):
        OutboxReader(path)
    sqlite3.connect(path).execute("CREATE TABLE x(y)")
    with pytest.raises(StorageError, match="not made yet"):
        OutboxReader(path)
    sqlite3.connect(path).execute("PRAGMA user_version=9")
    with pytest.raises(StorageError, match="expected 4"):
        OutboxReader(path)
    assert outbox(tmp_path).set_aside is not None  # nothing of ours


def test_a_log_whose_version_is_not_that_of_its_tables_is_damaged(tmp_path: Path) -> None:
    """S2: the number in the header was flipped, and nothing else."""
    writer = outbox(tmp_path)
    writer.append(punch(1))
    with writer._db as db:
        db.execute("PRAGMA user_version=9")
    writer._db.close()
    assert outbox(tmp_path).set_aside is not None


def test_a_log_of_a_later_program_is_left_alone(tmp_path: Path) -> None:
    writer = outbox(tmp_path)
    writer.append(punch(1))
    with writer._db as db:
        db.execute("INSERT INTO _sqlite_migrations VALUES (9, 'punches', 'later', '')")
        db.execute("PRAGMA user_version=5")
    writer._db.close()
    before = (tmp_path / "punches.db").read_bytes()
    with pytest.raises(StorageError, match="later version"):
        outbox(tmp_path)
    assert (tmp_path / "punches.db").read_bytes() == before


FULL_DISK = """
import resource, sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sync import StorageError
from sync.outbox import Outbox
from tests.unit.sync.test_outbox import punch
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = Outbox(Path(sys.argv[1]), "t-1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
for n in range(20):
    writer.append(punch(n))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    writer.append(punch(20))
except StorageError as error:
    print("refused", writer.seq, "disk" in str(error))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print("then", writer.append(punch(21)))
"""


def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    """S13: a punch the disk did not take is not recorded, and the log goes on without a gap once there is room."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "punches.db")],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.split() == ["refused", "20", "True", "then", "21"]
    batch = OutboxReader(tmp_path / "punches.db").batch(1, 100)
    assert batch is not None
    verify_batch(PublicKey.of(KEY), batch, genesis("t-1", batch.log))
    assert batch.last_seq == 21


KILLED = """
import os, sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sync.outbox import Outbox
from tests.unit.sync.test_outbox import punch
writer = Outbox(Path(sys.argv[1]), "t-1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
while True:
    os.write(1, b"%d\\n" % writer.append(punch(writer.seq)))
"""


def test_killed_in_the_middle_nothing_green_is_gone(tmp_path: Path) -> None:
    """S2: kill -9 at an arbitrary moment; every seq that was answered is in the file, and the chain holds."""
    promised = 0
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / "punches.db")], stdout=subprocess.PIPE, cwd=ROOT
        ) as child:
            assert child.stdout is not None
            for _ in range(25):
                promised = int(child.stdout.readline())
            child.kill()
            for line in child.stdout.read().splitlines():
                promised = int(line)
        writer = outbox(tmp_path)
        assert writer.seq >= promised
        batch = OutboxReader(tmp_path / "punches.db").batch(1, 1000)
        assert batch is not None
        verify_batch(PublicKey.of(KEY), batch, genesis("t-1", batch.log))
        del writer


def test_ending_without_closing_leaves_the_wal_for_the_reader(tmp_path: Path) -> None:
    code = KILLED.replace("while True:", "for _ in range(3):") + "\nos._exit(0)\n"
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "punches.db")], check=True, capture_output=True, cwd=ROOT
    )
    assert (tmp_path / "punches.db-wal").exists()
    assert (tmp_path / "punches.db-shm").exists()
    assert OutboxReader(tmp_path / "punches.db").last_seq() == 3


# ── roster.db ──


def template(version: int, body: bytes = b"b" * 28) -> SealedTemplate:
    return SealedTemplate(b"person-1", 1, version, body, b"w" * 92)


def delta(version: int, base: int, *entries: RosterEntry) -> RosterDelta:
    return RosterDelta(version, base, entries, b"s" * 64, version)


def test_a_roster_follows_its_deltas(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    one = RosterEntry(b"person-1", True, b"card", (template(1), template(2)))
    two = RosterEntry(b"person-2", True, b"card", ())
    store.apply(delta(1, 0, one, two))
    reader = RosterReader(tmp_path / "roster.db")
    assert (reader.version(), reader.entries()) == (1, [one, two])
    fewer = RosterEntry(b"person-1", True, b"new card", (template(2),))
    store.apply(delta(2, 1, fewer, RosterEntry(b"person-2", False, b"", ())))
    assert (reader.version(), reader.entries()) == (2, [fewer])
    store.apply(delta(9, 0, two))
    assert (store.version, reader.entries()) == (9, [two])
    assert RosterStore(tmp_path / "roster.db").version == 9
    reader.close()
    store.close()


def test_a_delta_from_elsewhere_changes_nothing(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    with pytest.raises(SyncError, match="from version 4, but this terminal has 0"):
        store.apply(delta(5, 4, RosterEntry(b"person-1", True, b"card", ())))
    assert RosterReader(tmp_path / "roster.db").entries() == []


def test_the_store_knows_which_templates_came_down(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    store.apply(delta(1, 0, RosterEntry(b"person-1", True, b"card", (template(1),))))
    assert store.holds(template(1))
    assert not store.holds(template(2))
    assert not store.holds(template(1, b"c" * 28))


def test_the_newest_receipt_of_each_log_is_kept(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    reader = RosterReader(tmp_path / "roster.db")
    assert store.receipt(b"log-one!") is None
    for seq in (3, 7):
        store.put_receipt(Receipt(b"log-one!", seq, b"h" * 32, b"s" * 64))
    store.put_receipt(Receipt(b"log-two!", 1, b"h" * 32, b"s" * 64))
    assert reader.receipt(b"log-one!") == Receipt(b"log-one!", 7, b"h" * 32, b"s" * 64)


def test_a_spoilt_row_costs_one_template_not_the_roster(tmp_path: Path) -> None:
    store = RosterStore(tmp_path / "roster.db")
    store.apply(delta(1, 0, RosterEntry(b"person-1", True, b"card", (template(1), template(2)))))
    with store._db:
        store._db.execute("UPDATE template SET data = x'ff00' WHERE version = 1")
    reader = RosterReader(tmp_path / "roster.db")
    assert reader.entries() == [RosterEntry(b"person-1", True, b"card", (template(2),))]
    assert reader.damaged == 1
