"""What came by hand: bundles and the cards of dead units, taken once, with every signature intact (S7, S9)."""

import contextlib
import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge import SetupError
from edge.record import export
from edge.record.clock import SystemClock
from edge.record.journal import Journal
from server import __main__ as main
from server import carried
from server.carried import CarriedError, Taken
from server.fleet.admit import admit, revoke
from server.intake.group import Intake
from server.ledger.records import RecordWriter
from sync import StorageError, WireError, chain, seal
from sync.admission import NOTHING, Admission, followed, parse, to_json
from sync.bundle import pack, parse_text, part_bytes, part_text
from sync.outbox import Outbox, OutboxReader
from sync.record import ClockSource, Event, EventCode, Instant
from sync.roster import RosterStore
from sync.wire import template_bytes
from tests.unit.server.aggregator import Aggregator, Terminal, broker_settings, punch


class Unit:
    """A terminal on a disk, admitted, that no network reaches."""

    def __init__(self, running: Aggregator, folder: Path, name: str = "t-1") -> None:
        self.running, self.folder = running, folder
        self.terminal = running.admit(Terminal(name))
        self.key = self.terminal.key
        self.outbox = Outbox(folder / "punches.db", name, self.key)
        self.server = running.keys.template.public_key()

    def punches(self, n: int) -> None:
        for i in range(n):
            self.outbox.append(punch(b"person-%d" % (i % 10)))

    def enrol(self, person: bytes) -> None:
        data = template_bytes(seal.seal_template(self.server, "server", person, 1, 1, b"t" * 900))
        detail: dict[str, int | str | bytes] = {
            "person": person,
            "finger": 1,
            "version": 1,
            "hash": hashlib.sha256(data).digest(),
            "size": len(data),
        }
        self.outbox.append(Event(EventCode.ENROLMENT, detail, Instant(1, 9, 9, ClockSource.RTC, 5)), data)

    def export(self, *, qr: bool = False) -> list[Path]:
        with contextlib.suppress(FileExistsError):
            (self.folder / "stick").mkdir()
        return export.run(
            self.folder / "punches.db", self.folder / "roster.db", "t-1", self.server, self.folder / "stick", qr=qr
        )

    def take(self, files: list[Path]) -> Taken:
        return carried.take_files(self.running.ledger, intake(self.running), self.running.keys.template, files)


def intake(running: Aggregator) -> Intake:
    return Intake(RecordWriter(running.ledger.engine.dialect), running.keys.server, running.roster_keys, carried=True)


def read_code(picture: Path) -> str:
    """As a phone does: look again, from another distance, until there is a part of a bundle in what was read."""
    seen = cv2.imread(str(picture))
    assert seen is not None
    for reader in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
        for scale in (1, 0.5, 0.75, 1.5):
            size = cv2.resize(seen, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            with contextlib.suppress(cv2.error, WireError):
                text: str = reader.detectAndDecode(size)[0]
                parse_text(text)
                return text
    raise AssertionError(f"{picture}: not read")


def stored(running: Aggregator) -> list[object]:
    return [row[0] for row in running.sql("SELECT seq FROM record ORDER BY server_seq")]


def test_a_bundle_brings_punches_and_templates_once(running: Aggregator, tmp_path: Path) -> None:
    """S9: the same stick in two offices is as good as in one."""
    unit = Unit(running, tmp_path)
    (person,) = running.people(1)
    unit.punches(450)
    unit.enrol(person)
    files = unit.export()
    first = unit.take(files)
    assert first.notes == []
    assert (first.counts["punches"], first.counts["templates"]) == (450, 1)
    assert stored(running) == list(range(1, 452))
    again = unit.take(files * 2)
    assert (again.counts["punches"], again.counts["repeats"], again.notes) == (0, 3, [])
    assert "repeats 3" in again.lines()
    assert running.sql("SELECT last_seen_ms FROM terminal_state") == []  # it was not heard itself


def test_codes_read_by_a_phone(running: Aggregator, tmp_path: Path) -> None:
    unit = Unit(running, tmp_path)
    unit.punches(120)
    pictures = unit.export(qr=True)
    assert len(pictures) > 1
    texts = [read_code(picture) for picture in pictures]
    with pytest.raises(CarriedError, match=r"a picture; put what its QR code says into a \.txt file"):
        unit.take([pictures[0]])
    scanned = tmp_path / "scanned.txt"
    scanned.write_text("\n".join([*reversed(texts), "", texts[0]]) + "\n")
    assert all(parse_text(text).total == len(pictures) for text in texts)
    taken = unit.take([scanned])
    assert (taken.counts["punches"], taken.notes) == (120, [])


def test_only_what_is_not_receipted_is_carried(running: Aggregator, tmp_path: Path) -> None:
    unit = Unit(running, tmp_path)
    unit.punches(30)
    store = RosterStore(tmp_path / "roster.db")
    head = unit.outbox.head
    store.put_receipt(chain.sign_receipt(running.keys.server, "t-1", unit.outbox.log, 30, head))
    assert unit.export() == []
    unit.punches(5)
    assert len(unit.export()) == 1


def test_a_missing_part_a_stranger_and_a_revoked_terminal_are_named(running: Aggregator, tmp_path: Path) -> None:
    unit = Unit(running, tmp_path)
    unit.punches(120)
    texts = [f"{part_text(part)}\n" for part in pack("t-1", [("batch", bytes(900))], unit.server, 300)]
    half = tmp_path / "half.txt"
    half.write_text("".join(texts[1:]))
    assert "part 1 of" in unit.take([half]).notes[0]
    foreign = tmp_path / "foreign.hazri"
    (part,) = pack("t-1", [("batch", b"x")], X25519PrivateKey.generate().public_key(), 10_000)
    foreign.write_bytes(part_bytes(part))
    assert "another server" in unit.take([foreign]).notes[0]
    revoke(running.ledger, "t-1")
    taken = unit.take(unit.export())
    assert (stored(running), taken.notes) == ([], ["terminal=t-1 message=batch refused=revoked"])


def test_files_that_are_none(running: Aggregator, tmp_path: Path) -> None:
    unit = Unit(running, tmp_path)
    for name, data in (("a.hazri", b"garbage"), ("b.txt", b"HAZRI:nothing")):
        file = tmp_path / name
        file.write_bytes(data)
        with pytest.raises(CarriedError, match=f"{name}: no part of a bundle"):
            unit.take([file])
    with pytest.raises(CarriedError, match="No such file"):
        unit.take([tmp_path / "none"])
    made = pack("t-1", [("batch", bytes(900))], unit.server, 500)
    for i, part in enumerate([made[0], type(made[1])("t-1", made[1].whole, 1, 2, b"other")]):
        (tmp_path / f"{i}.hazri").write_bytes(part_bytes(part))
    with pytest.raises(CarriedError, match="do not give the whole"):
        unit.take([tmp_path / "0.hazri", tmp_path / "1.hazri"])


def test_a_stick_that_cannot_be_written(running: Aggregator, tmp_path: Path) -> None:
    unit = Unit(running, tmp_path)
    unit.punches(1)
    (tmp_path / "stick").write_bytes(b"a file where a folder should be")
    with pytest.raises(SetupError, match="stick: is no folder; is the stick in"):
        unit.export()


def test_the_card_of_a_dead_unit(running: Aggregator, tmp_path: Path) -> None:
    """S7: the unit was exchanged before anybody thought of its card; its old key still vouches for what it signed."""
    unit = Unit(running, tmp_path)
    (person,) = running.people(1)
    unit.punches(250)
    unit.enrol(person)
    new = Terminal("t-1")
    assert new.key.public_key().public_bytes_raw() != unit.key.public_key().public_bytes_raw()
    admit(running.ledger, running.keys, broker_settings(), new.request(), replace=True)
    taken = carried.take_card(running.ledger, intake(running), tmp_path)
    assert (taken.notes, taken.counts["punches"], taken.counts["templates"]) == ([], 250, 1)
    assert carried.take_card(running.ledger, intake(running), tmp_path).counts["punches"] == 0


def test_a_new_unit_says_in_its_own_log_which_one_it_follows(running: Aggregator, tmp_path: Path) -> None:
    """S7: the link is signed by the new unit, and what the dead one still had joins the same history."""
    unit = Unit(running, tmp_path)
    unit.punches(20)
    old = unit.outbox
    unit.take(unit.export())
    unit.punches(5)  # nobody has these yet
    heir = Terminal("t-1")
    admission = admit(running.ledger, running.keys, broker_settings(), heir.request(), replace=True)
    parent = followed(admission.follows)
    assert parent is not None
    assert parent[:2] == (old.log, 20)
    (tmp_path / "new").mkdir()
    log = Outbox(tmp_path / "new" / "punches.db", "t-1", heir.key)
    journal = Journal(log, SystemClock(1, 0), b"boot-of-the-heir", parent)
    assert journal.open()
    journal.punch(punch(b"person-1"))
    again = Journal(log, SystemClock(1, 0), b"boot-of-the-heir", parent)
    assert again.open()
    told = [record.detail for _, record in log.records() if isinstance(record, Event) and "what" in record.detail]
    assert told == [{"what": "follows", "log": old.log, "seq": 20, "head": parent[2]}]
    (tmp_path / "stick-2").mkdir()
    files = export.run(log._path, tmp_path / "none.db", "t-1", unit.server, tmp_path / "stick-2", qr=False)
    taken = unit.take(files)
    assert (taken.counts["logs_followed"], taken.counts["links_refused"], taken.notes) == (1, 0, [])
    assert running.sql("SELECT log, old_log, old_seq, old_head FROM log_link") == [(log.log, *parent)]
    late = carried.take_card(running.ledger, intake(running), tmp_path)
    assert (late.counts["punches"], late.notes) == (5, [])
    assert running.sql("SELECT count(*) FROM record WHERE terminal = 't-1' AND type = 1") == [(26,)]
    assert running.sql("SELECT log, old_log FROM log_link") == [(log.log, old.log)]


def test_a_link_to_what_never_was_is_refused(running: Aggregator, tmp_path: Path) -> None:
    """S7: another head, another terminal's log, its own log."""
    unit = Unit(running, tmp_path)
    unit.punches(3)
    head = unit.outbox.head
    other = running.admit(Terminal("t-2"))
    for log, seq, claimed in ((unit.outbox.log, 2, head), (other.log, 3, head), (b"nothing!", 1, bytes(32))):
        detail: dict[str, int | str | bytes] = {"what": "follows", "log": log, "seq": seq, "head": claimed}
        unit.outbox.append(Event(EventCode.ADMIN, detail, Instant(1, 9, 9, ClockSource.RTC, 5)))
    unit.outbox.append(Event(EventCode.ADMIN, {"what": "follows"}, Instant(1, 9, 9, ClockSource.RTC, 5)))
    assert unit.take(unit.export()).counts["links_refused"] == 4
    assert running.sql("SELECT * FROM log_link") == []


def test_an_admission_whose_link_is_none_is_refused(running: Aggregator) -> None:
    assert followed(NOTHING) is None
    answer = to_json(admit(running.ledger, running.keys, broker_settings(), Terminal("t-1").request()))
    assert parse(Admission, answer).follows == NOTHING
    with pytest.raises(WireError, match="follows"):
        parse(Admission, answer.replace(NOTHING, "00:1:00"))


def test_a_card_of_nobody_proves_nothing(running: Aggregator, tmp_path: Path) -> None:
    """A log signed with a key that was never admitted is kept apart, whoever it says it is of."""
    running.admit(Terminal("t-1"))
    forged = Outbox(tmp_path / "punches.db", "t-1", Ed25519PrivateKey.generate())
    forged.append(punch(b"person-1"))
    taken = carried.take_card(running.ledger, intake(running), tmp_path)
    assert (stored(running), taken.notes) == ([], ["terminal=t-1 message=batch refused=signature"])


def test_no_card_at_all(running: Aggregator, tmp_path: Path) -> None:
    with pytest.raises(CarriedError, match="no log of a terminal"):
        carried.take_card(running.ledger, intake(running), tmp_path / "nowhere")
    (tmp_path / "punches.db").write_bytes(b"no database")
    with pytest.raises(CarriedError, match="no log of a terminal"):
        carried.take_card(running.ledger, intake(running), tmp_path)
    with pytest.raises(StorageError):
        OutboxReader(tmp_path / "punches.db")


def test_both_commands(running: Aggregator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one prints, the other takes; both say what they did in their exit codes."""
    unit = Unit(running, tmp_path)
    unit.punches(3)
    keys = tmp_path / "keys"
    keys.mkdir(exist_ok=True)
    assert unit.terminal.admission is not None
    (keys / "admission.json").write_text(to_json(unit.terminal.admission))
    edge, server = tmp_path / "edge.toml", tmp_path / "server.toml"
    edge.write_text(f'state_dir = "{tmp_path}"\nruntime_dir = "{tmp_path}"\n')
    url = running.ledger.engine.url.render_as_string()
    server.write_text(f'state_dir = "{running.folder}"\ndatabase_url = "{url}"\n')
    command = [sys.executable, "-m", "edge", "export", "--config", str(edge), "--out", str(tmp_path / "stick")]
    gone = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (gone.returncode, (tmp_path / "stick").exists()) == (1, False), "a stick that is not in is not made"
    (tmp_path / "stick").mkdir()
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    files = told[:-1]
    assert told[-1].startswith("1 file: carry it to")
    back = tmp_path / "stick" / "receipts.hazri-receipts"
    assert main.command(["import", "--config", str(server), "--receipts", str(back), *files]) == main.DONE
    known = subprocess.run(
        [*command[:3], "receipts", "--config", str(edge), str(back)], capture_output=True, text=True, check=True
    )
    assert known.stdout == f"log {unit.outbox.log.hex()[:8]}: taken up to record 3\n"
    assert (tmp_path / "receipts.in").read_bytes() == back.read_bytes()
    assert "punches 3" in capsys.readouterr().out.splitlines()
    assert main.command(["import", "--config", str(server), "--card", str(tmp_path)]) == main.DONE
    assert "repeats 1" in capsys.readouterr().out.splitlines()
    assert main.command(["import", "--config", str(server)]) == main.FAILED
    head = unit.outbox.head
    RosterStore(tmp_path / "roster.db").put_receipt(
        chain.sign_receipt(running.keys.server, "t-1", unit.outbox.log, 3, head)
    )
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told == ["everything is receipted: there is nothing to carry"]
