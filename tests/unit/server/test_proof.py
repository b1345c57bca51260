"""A proof of one punch: what `hazri-server proof` makes, and what anybody else can tell from it (S17)."""

import copy
import datetime as dt
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import ProofError
from server.fleet.admit import admit
from server.intake.incoming import read
from server.transparency import notary, proof
from server.transparency.checkpoint import sign
from server.transparency.proof import Where, find, make
from server.transparency.proof_page import page
from sync import verify as verifier
from sync.cbor import encode
from sync.code import receipt_code
from sync.link import Delivery
from sync.record import ClockSource, Instant, Means, Punch, SourceClass
from sync.topics import up
from sync.verify import NotAProofError, in_words, verify
from tests.unit.server.aggregator import Aggregator, Terminal, aggregator, boot_event, broker_settings, punch

DAY = dt.date(2026, 1, 1)  # of the punches' clocks


@pytest.fixture
def one(running: Aggregator) -> Terminal:
    """A terminal whose boot and 299 punches have come in batches of 7, with a checkpoint in the middle."""
    return filled(running)


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The proof of record 9 of such a terminal."""
    with aggregator(tmp_path_factory.mktemp("proof")) as running:
        return made(running, filled(running), 9)


def filled(running: Aggregator) -> Terminal:
    terminal = running.admit(Terminal("t-1"))
    terminal.add(boot_event())
    terminal.punches(299)
    take(running, terminal, range(1, 100, 7))
    assert notary.make(running.ledger, running.keys.server)
    take(running, terminal, range(106, 301, 7))
    return terminal


def take(running: Aggregator, terminal: Terminal, firsts: range) -> None:
    """Batches into the ledger in one transaction, each with the signature that it came with."""
    last = len(terminal.records)
    payloads = [terminal.batch_bytes(first, min(first + firsts.step - 1, last)) for first in firsts]
    group = [read(Delivery(up(terminal.name, "batch"), payload, lambda: None)) for payload in payloads]
    with running.ledger.write() as connection:
        for one in group:
            assert running.intake.take(connection, [one]).counts["batches"] == 1


def where(one: Terminal, seq: int) -> Where:
    return Where("t-1", one.log, seq)


def made(running: Aggregator, one: Terminal, seq: int, *, alone: bool = False) -> dict[str, Any]:
    data, found = make(running.ledger, running.keys.server, where(one, seq), alone=alone)
    assert found.holds
    fields: dict[str, Any] = json.loads(data)
    return fields


def check(fields: dict[str, Any], **pins: bytes) -> verifier.Found:
    return verify(json.dumps(fields).encode(), **pins)


def test_every_kind_of_place_is_proven(running: Aggregator, one: Terminal) -> None:
    """The first record, the last of a batch, one in its middle, before and after a checkpoint."""
    for seq in (1, 2, 7, 8, 104, 105, 106, 256, 257, 300):
        found = check(made(running, one, seq))
        expected = {"first": True} if seq == 1 else {}
        assert found.steps == {
            **expected,
            "signature": True,
            "key": True,
            "inclusion": True,
            "checkpoint": True,
            "later": True if seq <= 105 else None,
            "pinned": None,
        }
        assert (found.said.seq, found.neighbours) == (seq, min(-seq % 7, 300 - seq))
        assert found.trees[-1][0] == 300


def test_left_out_neighbours_are_said_and_the_keys_can_be_named(running: Aggregator, one: Terminal) -> None:
    fields = made(running, one, 9, alone=True)
    assert (fields["signed"], check(fields).steps["signature"], check(fields).holds) == (None, None, True)
    assert "[not in the file] The terminal's own key" in "\n".join(in_words(check(fields)))
    server = running.keys.server.public_key().public_bytes_raw()
    terminal = one.key.public_key().public_bytes_raw()
    assert check(fields, server_key=server, terminal_key=terminal).steps["pinned"] is True
    assert not check(fields, server_key=terminal).holds


def other_note(fields: dict[str, Any]) -> None:
    """A server of one's own signs another history."""
    key = Ed25519PrivateKey.generate()
    fields["checkpoint"] = sign(key, 300, bytes(32), dt.datetime.now(dt.UTC))


def longer(fields: dict[str, Any]) -> None:
    fields["inclusion"].append("00" * 32)


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda f: f.update(received_ms=f["received_ms"] - 60_000), "inclusion"),
        (lambda f: f.update(log="00" * 8), "inclusion"),
        (lambda f: f.update(seq=f["seq"] + 1), "signature"),
        (lambda f: f.update(head_before="00" * 32), "signature"),
        (lambda f: f.update(record=f["record"][:-1] + "1"), "signature"),
        (lambda f: f.update(terminal="t-2"), "key"),
        (lambda f: f.update(index=f["index"] + 1), "inclusion"),
        (lambda f: f["inclusion"].pop(), "inclusion"),
        (longer, "inclusion"),
        (lambda f: f["consistency"].pop(), "later"),
        (lambda f: f["signed"]["between"].pop(), "signature"),
        (lambda f: f.update(checkpoint=f["checkpoint"].replace("\n105\n", "\n106\n")), "checkpoint"),
        (lambda f: f.update(later=f["later"].replace("\ntime 2", "\ntime 3")), "later"),
        (lambda f: f.update(checkpoint=f["later"], later=f["checkpoint"]), "later"),
        (lambda f: f.update(later=f["checkpoint"]), "later"),
        (other_note, "checkpoint"),
    ],
)
def test_whatever_is_changed_is_found(
    fields: dict[str, Any], change: Callable[[dict[str, Any]], object], step: str
) -> None:
    fields = copy.deepcopy(fields)
    change(fields)
    found = check(fields)
    assert found.steps[step] is False
    assert "This file claims something that is not true. It proves nothing." in in_words(found)


def test_the_same_checkpoint_twice_is_no_contradiction(fields: dict[str, Any]) -> None:
    assert check({**fields, "later": fields["checkpoint"], "consistency": []}).steps["later"] is True


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"[]",
        b'{"format": "another"}',
        b'{"format": "hazri proof 1"}',
        b"[" * 100_000,
        b" " * (4 * 1024 * 1024 + 1),
    ],
)
def test_what_is_no_proof_is_said(data: bytes) -> None:
    with pytest.raises(NotAProofError):
        verify(data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("terminal", "t-1\x1b[31m"),
        ("terminal", 7),
        ("log", "zz"),
        ("seq", -1),
        ("seq", 2**70),
        ("server_key", "00"),
        ("signed", []),
        ("signed", {"between": None}),
        ("checkpoint", "one line"),
        ("checkpoint", None),
        ("received_ms", 10**17),
        ("record", ""),
        ("record", "00"),
        ("record", "f6"),
        ("record", "88"),
        ("record", "9f"),
        ("record", "c0"),
        ("record", "4401"),
        ("record", "8401850000000000"),
        ("record", encode([2, 3]).hex()),
        ("record", encode([1, [1, 0, 0, 0, None], b"x" * 8, 9, 1, 0, 1, 0]).hex()),
        ("record", encode([1, [1, 0, 0, 0, None], "someone!", 1, 1, 0, 1, 0]).hex()),
        ("record", encode([1, [1, 0, 0, 0, "x"], b"x" * 8, 1, 1, 0, 1, 0]).hex()),
    ],
)
def test_hostile_fields_are_refused_in_one_line(fields: dict[str, Any], field: str, value: object) -> None:
    with pytest.raises(NotAProofError) as refused:
        check({**fields, field: value})
    assert str(refused.value).isprintable()


def test_events_and_impossible_times_are_told(running: Aggregator) -> None:
    line = running.admit(Terminal("t-1"))
    far = Instant(1, 2**53, 2**53, ClockSource.UNKNOWN, None)
    face = Punch(b"x" * 8, punch(b"").kind, Means.FACE, 1, SourceClass.IMPORTED, punch(b"").flags, far)
    before = Instant(1, 5, -(2**20), ClockSource.RTC, None)
    line.add(boot_event(), face, Punch(b"x" * 8, face.kind, face.means, 1, face.source_class, face.flags, before))
    take(running, line, range(1, 4, 3))
    words = ["\n".join(in_words(check(made(running, line, seq)))) for seq in (1, 2, 3)]
    assert "No punch, but an event of the terminal." in words[0]
    assert "a time that no calendar has" in words[1]
    assert "by: face" in words[1]
    assert "and nobody knows how true that was" in words[2]


def test_both_languages_say_every_line(fields: dict[str, Any]) -> None:
    found = check(fields)
    english, hindi = in_words(found, "en"), in_words(found, "hi")
    assert len(english) == len(hindi)
    assert all((a == "") == (b == "") for a, b in zip(english, hindi, strict=True))
    assert "सिद्ध" in "".join(hindi)


def test_a_record_is_found_by_its_name_and_by_its_code(running: Aggregator, one: Terminal) -> None:
    log, head = one.log.hex(), one.heads[9]
    expected = where(one, 9)
    assert find(running.ledger, f"t-1/{log}/9") == find(running.ledger, "t-1/9") == expected
    assert find(running.ledger, receipt_code(head).lower(), DAY) == expected
    assert find(running.ledger, receipt_code(head), dt.datetime.now(notary.IST).date(), "t-1") == expected
    for wrong in ("t-1/999", "t-2/9", f"t-1/{'00' * 8}/9", "t-1/0", "a/b/c/d", "t-1/x", "t-1/zz/9", "!!!!!!"):
        with pytest.raises(ProofError):
            find(running.ledger, wrong, DAY)
    for day, terminal in ((None, None), (dt.date(2025, 1, 1), None), (DAY, "t-2")):
        with pytest.raises(ProofError):
            find(running.ledger, receipt_code(head), day, terminal)
    one.new_log()
    one.punches(9)
    take(running, one, range(1, 10, 9))
    with pytest.raises(ProofError, match="more than one record"):
        find(running.ledger, "t-1/9")


def test_an_exchanged_unit_leaves_the_old_records_provable(running: Aggregator, one: Terminal) -> None:
    """S7: its record key is another one from then on."""
    unit = Terminal("t-1")
    admit(running.ledger, running.keys, broker_settings(), unit.request(), replace=True)
    unit.punches(3)
    take(running, unit, range(1, 4, 3))
    old = check(made(running, one, 9))
    new, _ = make(running.ledger, running.keys.server, Where("t-1", unit.log, 2))
    assert old.terminal_key == one.key.public_key().public_bytes_raw()
    assert verify(new).terminal_key == unit.key.public_key().public_bytes_raw()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "UPDATE record SET body = (SELECT body FROM record WHERE seq = 10) WHERE seq = 9",
            "no key of the terminal",
        ),
        ("UPDATE record SET received_ms = received_ms - 60000 WHERE seq = 9", "inclusion"),
        ("DELETE FROM signed", "signature over it is gone"),
        ("DELETE FROM record WHERE seq = 8", "record before it is gone"),
        (
            "UPDATE terminal_key SET vouched = (SELECT signature FROM signed LIMIT 1)",
            "no key of the terminal",
        ),
        ("DELETE FROM tile WHERE level = 0 AND idx = 0", "tile 0/0"),
        ("UPDATE counter SET value = 0", "no checkpoint reaches it"),
    ],
)
def test_a_ledger_that_was_edited_proves_nothing_and_says_so(
    running: Aggregator, one: Terminal, statement: str, says: str
) -> None:
    with running.ledger.write() as connection:
        connection.exec_driver_sql(statement)
    with pytest.raises(Exception, match=says) as refused:
        make(running.ledger, running.keys.server, where(one, 9))
    assert type(refused.value).__name__ in ("ProofError", "TilesError")


def test_the_sheet_is_in_both_languages_and_escapes_names(running: Aggregator, one: Terminal) -> None:
    data, found = make(running.ledger, running.keys.server, where(one, 9))
    sheet = page(where(one, 9), found, data, "<b>Synthetic & Person", one.heads[9], "note")
    for text in (
        "हाज़िरी का प्रमाण",
        "Proof of attendance",
        receipt_code(one.heads[9]),
        "&lt;b&gt;Synthetic &amp;",
    ):
        assert text in sheet
    assert "<b>Synthetic" not in sheet
    assert "src=" not in sheet
    assert proof.person_name(running.ledger, b"nobody!!") == ""


def test_the_verifier_stands_alone(fields: dict[str, Any], tmp_path: Path) -> None:
    """Copied into an empty folder and run by a Python that sees no Hazri."""
    away = tmp_path / "away"
    away.mkdir()
    (away / "verify.py").write_bytes(Path(verifier.__file__).read_bytes())
    (away / "proof.json").write_text(json.dumps(fields), encoding="utf-8")
    (away / "false.json").write_text(json.dumps({**fields, "received_ms": 1}), encoding="utf-8")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "verify.py", *words]
        return subprocess.run(command, cwd=away, capture_output=True, text=True, timeout=60, check=False)

    good = run("proof.json", "--server-key", fields["server_key"], "--lang", "hi")
    assert (good.returncode, good.stderr) == (0, "")
    assert "इस फ़ाइल का हर दावा सत्य है।" in good.stdout
    assert run("false.json").returncode == 1
    assert (run("verify.py").returncode, run("none.json").returncode) == (2, 2)
    assert len(run("verify.py").stderr.splitlines()) == 1


def test_the_verifiers_command(fields: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.dumps(fields).encode()
    path = tmp_path / "proof.json"
    path.write_bytes(data)
    assert verifier.main([str(path)]) == 0
    assert "Everything this file claims is true." in capsys.readouterr().out
    path.write_bytes(data.replace(b'"index": 8', b'"index": 7'))
    assert verifier.main([str(path)]) == 1
    assert verifier.main([str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_verifier_as_a_script(fields: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(fields), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["verify.py", str(path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(verifier.__file__, run_name="__main__")
    assert ended.value.code == 0
