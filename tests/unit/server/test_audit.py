"""An administrator edits the ledger; the audit names the row, and the checkpoint that contradicts it (S17).

Most edits are made in SQLite's file, which takes what PostgreSQL would refuse (text where bytes belong); some that both
take are tried on PostgreSQL as well.
"""

import datetime as dt
import json
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.__main__ import command
from server.ledger.store import Ledger
from server.transparency import notary
from server.transparency.audit import Auditor, Fault, Report, State
from server.transparency.checkpoint import sign
from server.transparency.leaf import leaf_bytes
from server.transparency.tree import leaf_hash
from server.trust.keys import ServerKeys, open_keys
from sync import chain
from sync.ed25519 import PublicKey
from tests.databases import copied, fresh_url
from tests.unit.server.aggregator import Aggregator, Terminal, aggregator
from tests.unit.server.test_proof import filled, take

N = 340  # t-1's 300, then 40 of t-2; checkpoints of 105, 300 and 340


class Office:
    """A ledger that somebody may edit, and the keys of the server and of a terminal."""

    def __init__(self, folder: Path, log: bytes) -> None:
        self.folder, self.log = folder, log
        self.keys = open_keys(folder, ())

    def sql(self, statement: str, *values: object) -> None:
        database = sqlite3.connect(self.folder / "ledger.db")
        with database:
            assert database.execute(statement, values).rowcount > 0
        database.close()

    def audit(self, *elsewhere: str) -> Report:
        ledger = Ledger(f"sqlite:///{self.folder / 'ledger.db'}")
        auditor = Auditor(ledger, PublicKey.of(self.keys.server), elsewhere)
        assert sum(auditor.steps()) == auditor.size
        ledger.close()
        return auditor.report()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    folder = tmp_path_factory.mktemp("audit")
    with aggregator(folder) as running:
        return folder, _written(running)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, ServerKeys]:
    """The same on PostgreSQL; nobody is connected to it any more, or it could not be copied."""
    with aggregator(tmp_path_factory.mktemp("audit"), fresh_url("postgresql")) as running:
        _written(running)
    return running.ledger, running.keys


def _written(running: Aggregator) -> bytes:
    one = filled(running)
    notary.make(running.ledger, running.keys.server)
    other = running.admit(Terminal("t-2"))
    other.punches(40)
    take(running, other, range(1, 41, 20))
    notary.make(running.ledger, running.keys.server)
    return one.log


@pytest.fixture
def office(sound: tuple[Path, bytes], tmp_path: Path) -> Office:
    folder = tmp_path / "state"
    shutil.copytree(sound[0], folder)
    return Office(folder, sound[1])


def test_a_ledger_nobody_edited_is_sound(office: Office) -> None:
    report = office.audit()
    assert (report.findings, report.records, [one.size for one in report.checkpoints]) == ([], N, [105, 300, N])


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE record SET wall_ms = wall_ms - 1800000 WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET person = x'7065727375616465' WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET person = 'text' WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET kind = 2 WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET wall_ms = 'noon' WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET body = x'00' WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET body = 'text' WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET received_ms = received_ms - 1800000 WHERE server_seq = 120", Fault.LEAF),
        ("UPDATE record SET received_ms = 'soon' WHERE server_seq = 120", Fault.LEAF),
        ("UPDATE record SET head = zeroblob(32) WHERE server_seq = 120", Fault.LEAF),
        ("UPDATE record SET seq = 1120 WHERE server_seq = 120", Fault.LEAF),
        ("DELETE FROM record WHERE server_seq = 120", Fault.MISSING),
    ],
)
def test_an_edited_row_is_named_with_the_checkpoint_that_contradicts_it(
    office: Office, statement: str, fault: Fault
) -> None:
    office.sql(statement)
    report = office.audit()
    first = report.findings[0]
    assert (first.fault, first.server_seq, first.contradicted_by) == (fault, 120, 300)
    named = {(one.terminal, one.log, one.seq) for one in report.findings}
    assert ("t-1", office.log.hex(), 120) in named or "1120" in statement
    assert not any(one.terminal == "t-2" for one in report.findings)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE record SET wall_ms = wall_ms - 1800000 WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET body = '\\x00' WHERE server_seq = 120", Fault.COLUMNS),
        ("UPDATE record SET received_ms = received_ms - 1 WHERE server_seq = 120", Fault.LEAF),
        ("UPDATE record SET seq = 1120 WHERE server_seq = 120", Fault.LEAF),
        ("DELETE FROM record WHERE server_seq = 120", Fault.MISSING),
    ],
)
def test_an_edited_row_is_named_on_postgresql(
    elsewhere: tuple[Ledger, ServerKeys], tmp_path: Path, statement: str, fault: Fault
) -> None:
    whole, keys = elsewhere
    ledger = copied(whole, tmp_path)
    with ledger.write() as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1
    auditor = Auditor(ledger, PublicKey.of(keys.server), ())
    assert sum(auditor.steps()) == auditor.size == N
    first = auditor.report().findings[0]
    assert (first.fault, first.server_seq, first.contradicted_by) == (fault, 120, 300)
    ledger.close()


def test_a_row_rewritten_with_every_head_behind_it_and_the_tree_is_named(office: Office) -> None:
    """Everything that can be done without a key: the signature and the checkpoint still speak."""
    _rewrite(office, 120)
    faults = {(one.fault, one.seq, one.contradicted_by) for one in office.audit().findings}
    assert (Fault.SIGNATURE, 120, 300) in faults  # the batch of 120 to 126, which ends in a signature
    assert (Fault.TREE, 0, 300) in faults
    assert Fault.CHAIN not in {one[0] for one in faults}


def test_records_signed_with_a_key_of_the_administrators_own_are_found(office: Office) -> None:
    own = Ed25519PrivateKey.generate()
    _rewrite(office, 120, own)
    public = own.public_key().public_bytes_raw()
    office.sql("UPDATE terminal SET record_key = ? WHERE id = 't-1'", public)
    office.sql("INSERT INTO terminal_key SELECT terminal, ?, vouched, since_ms FROM terminal_key LIMIT 1", public)
    assert (Fault.SIGNATURE, 120) in {(one.fault, one.seq) for one in office.audit().findings}


def test_a_cut_end_is_named(office: Office) -> None:
    office.sql("DELETE FROM record WHERE server_seq > 335")
    found = {(one.fault, one.terminal, one.seq, one.contradicted_by) for one in office.audit().findings}
    assert (Fault.MISSING, "t-2", 36, N) in found
    office.sql("UPDATE counter SET value = 335 WHERE name = 'records'")
    office.sql("UPDATE log SET seq = 35 WHERE terminal = 't-2'")
    found = {(one.fault, one.terminal, one.seq, one.contradicted_by) for one in office.audit().findings}
    assert (Fault.TREE, "", 0, N) in found
    assert (Fault.SIGNATURE, "t-2", 21, N) in found


def test_a_whole_log_taken_out_and_rows_put_in_are_found(office: Office) -> None:
    office.sql("DELETE FROM record WHERE terminal = 't-2'")
    assert (Fault.MISSING, "t-2", 1) in {(one.fault, one.terminal, one.seq) for one in office.audit().findings}
    office.sql("UPDATE counter SET value = 100 WHERE name = 'records'")
    assert "rows up to 300, where 100 were taken in" in {one.detail for one in office.audit().findings}


def test_checkpoints_forged_removed_or_kept_elsewhere(office: Office) -> None:
    ledger = Ledger(f"sqlite:///{office.folder / 'ledger.db'}")
    with ledger.read() as connection:
        kept = notary.latest(connection)
    ledger.close()
    assert kept
    assert office.audit(kept.note).sound
    forged = sign(Ed25519PrivateKey.generate(), N, bytes(32), dt.datetime.now(dt.UTC))
    office.sql("UPDATE checkpoint SET note = ? WHERE size = 300", forged)
    assert [one.fault for one in office.audit().findings] == [Fault.CHECKPOINT]
    office.sql("UPDATE checkpoint SET note = ? WHERE size = 300", kept.note)
    assert [one.fault for one in office.audit().findings] == [Fault.CHECKPOINT]
    office.sql("DELETE FROM checkpoint")
    _rewrite(office, 310)
    assert Fault.TREE not in {one.fault for one in office.audit().findings}
    found = {(one.fault, one.contradicted_by) for one in office.audit(kept.note, "no checkpoint").findings}
    assert {(Fault.TREE, N), (Fault.SIGNATURE, N), (Fault.CHECKPOINT, N)} <= found


def test_findings_are_bounded(office: Office) -> None:
    office.sql("UPDATE record SET kind = 3")
    report = office.audit()
    assert (len(report.findings), report.more) == (100, N - 1 - 100 + 1)


def test_an_interrupted_audit_goes_on_and_finds_the_same(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.transparency.audit._SLICE", 50)
    office.sql("UPDATE record SET received_ms = 1 WHERE server_seq IN (20, 320)")
    whole = office.audit()
    ledger = Ledger(f"sqlite:///{office.folder / 'ledger.db'}")
    state, slices = State(), 0
    while True:
        auditor = Auditor(ledger, PublicKey.of(office.keys.server), state=state)
        done = next(auditor.steps(), None)
        state, slices = auditor.state, slices + 1
        if done is None:
            break
    assert auditor.report() == whole
    assert slices == N // 50 + 2
    fresh = Auditor(ledger, PublicKey.of(office.keys.server), ["x"], state)
    assert fresh.state.size == 0  # checkpoints from elsewhere that it has not seen
    ledger.close()


def test_the_command_says_it_in_words(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    config, state = office.folder / "server.toml", office.folder / "audit.json"
    config.write_text(f'state_dir = "{office.folder}"\n', encoding="utf-8")
    common = ["--config", str(config)]
    assert command(["audit", "--state", str(state), *common]) == 0
    assert capsys.readouterr().out.startswith(f"sound: {N} records, 3 checkpoints")
    assert not state.exists()
    assert command(["checkpoint", *common]) == 0
    note = capsys.readouterr().out
    assert note.startswith("hazri/")
    (office.folder / "note").write_text(note, encoding="utf-8")
    office.sql("UPDATE record SET kind = 2 WHERE server_seq = 120")
    assert command(["audit", "--checkpoint", str(office.folder / "note"), *common]) == 1
    said = capsys.readouterr().out
    assert f"first: t-1/{office.log.hex()}/120 (server_seq 120) columns" in said
    assert "contradicted by the checkpoint of 300 records" in said
    assert command(["audit", "--json", *common]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["sound"], found["findings"][0]["seq"]) == (False, 120)
    assert command(["audit", "--checkpoint", str(office.folder / "none"), *common]) == 1
    for text in ("nonsense", json.dumps({"size": 3, "edge": []}), _state_of(512)):
        state.write_text(text, encoding="utf-8")
        assert command(["audit", "--state", str(state), *common]) == 1
        assert "to begin anew" in capsys.readouterr().err
    out = office.folder / "out"
    assert command(["proof", "t-1/9", "--out", str(out), *common]) == 0
    assert {path.suffix for path in out.iterdir()} == {".json", ".html", ".py"}
    assert "Everything this file claims is true." in capsys.readouterr().out
    assert command(["proof", "0123AB", "--day", "yesterday", *common]) == 1
    assert command(["proof", "t-1/9", "--out", str(config / "x"), *common]) == 1


def _state_of(size: int) -> str:
    """Of an audit of another ledger."""
    return msgspec.json.encode(State(size=size, edge=[bytes(32)])).decode()


def _rewrite(office: Office, server_seq: int, key: Ed25519PrivateKey | None = None) -> None:
    """Change one punch and make everything behind it fit: bodies, heads, leaves, and with a key the signatures."""
    database = sqlite3.connect(office.folder / "ledger.db")
    with database:
        one = database.execute("SELECT terminal, log, seq FROM record WHERE server_seq = ?", (server_seq,)).fetchone()
        head = database.execute("SELECT head FROM record WHERE terminal=? AND log=? AND seq=?-1", one).fetchone()[0]
        rows = database.execute(
            "SELECT server_seq, seq, body, received_ms FROM record WHERE terminal=? AND log=? AND seq>=?", one
        ).fetchall()
        for number, seq, body, received_ms in rows:
            if number == server_seq:
                score = body.index(b"\x19\x03\x20")  # 800
                body = body[:score] + b"\x19\x03\x21" + body[score + 3 :]  # noqa: PLW2901
                database.execute("UPDATE record SET score = 801 WHERE server_seq = ?", (number,))
            head = chain.next_head(head, body)
            database.execute("UPDATE record SET body = ?, head = ? WHERE server_seq = ?", (body, head, number))
            _put_leaf(database, number - 1, leaf_hash(leaf_bytes(one[0], one[1], seq, head, received_ms)))
            if key is not None:
                signature = chain.sign_head(key, seq, head)
                database.execute(
                    "UPDATE signed SET signature = ? WHERE terminal = ? AND log = ? AND seq = ?",
                    (signature, one[0], one[1], seq),
                )
    database.close()


def _put_leaf(database: sqlite3.Connection, index: int, leaf: bytes) -> None:
    idx, at = index // 256, index % 256 * 32
    hashes = database.execute("SELECT hashes FROM tile WHERE level = 0 AND idx = ?", (idx,)).fetchone()[0]
    hashes = hashes[:at] + leaf + hashes[at + 32 :]
    database.execute("UPDATE tile SET hashes = ? WHERE level = 0 AND idx = ?", (hashes, idx))
