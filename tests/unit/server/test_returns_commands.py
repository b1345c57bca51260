"""`hazri-server report|fold|export|bring`, as somebody would type them. Everybody is synthetic."""

import datetime as dt
import logging
from pathlib import Path

import pytest

from server.ledger.store import now_ms
from server.people.days import day_of
from server.returns.catalogue import NAMES
from tests.unit.server.test_people_commands import Console

LAST = day_of(now_ms()).replace(day=1) - dt.timedelta(days=1)
MONTH = f"{LAST:%Y-%m}"


@pytest.fixture
def say(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Console:
    """A synthetic school, on the console."""
    console = Console(tmp_path, capsys, monkeypatch)
    console("synthetic", "--schools", "1")
    return console


def test_a_return_is_looked_at_printed_and_sent(say: Console, caplog: pytest.LogCaptureFixture) -> None:
    """R4.1: of the last month, if none is told; who sends is told that it went, and with which check value."""
    assert [line.split()[0] for line in say("report", "list").splitlines()] == list(NAMES)
    assert "No day of this period was worked out here" in say("report", "monthly", "--format", "csv")
    out = say.folder / "monthly.pdf"
    with caplog.at_level(logging.INFO):
        said = say("report", "monthly", "--format", "pdf", "--lang", "hi", "--out", str(out))
    assert said == f"{out}: {out.stat().st_size} bytes\n"
    assert out.read_bytes().startswith(b"%PDF")
    assert [one for one in caplog.records if one.name.startswith("weasyprint")] == []
    sent = say("report", "monthly", "--send")
    assert sent.startswith(f"monthly of {MONTH}: sent, version 1, check value ")
    assert say("report", "monthly", "--send") == sent  # the same again is the same version


def test_a_day_is_todays_unless_another_is_told(say: Console) -> None:
    """R4.7"""
    assert f"– {day_of(now_ms()):%d-%m-%Y}</title>" in say("report", "daily")
    assert "– 05-10-2026</title>" in say("report", "daily", "--day", "2026-10-05")


def test_what_is_wrong_is_said_with_what_to_do(say: Console) -> None:
    assert "'2026-13' is no month; expected YYYY-MM" in say("report", "monthly", "--month", "2026-13", code=1)
    assert "nowhere: there is no office of this code" in say("report", "monthly", "--office", "nowhere", code=1)
    assert "is not over" in say("report", "monthly", "--month", f"{day_of(now_ms()):%Y-%m}", "--send", code=1)
    assert "No such file or directory" in say("report", "monthly", "--out", str(say.folder / "no" / "m.html"), code=1)
    assert "tell --month, or both --from and --to" in say("export", "odoo", "--from", "2026-10-01", code=1)


def test_lists_go_out_and_come_back_and_a_bad_file_is_told_whole(say: Console) -> None:
    """What is exported comes in again as it is; every bad row of another system's file is told at once."""
    assert " stretches folded" in say("fold")
    out = say.folder / "designations.csv"
    say("export", "designations", "--out", str(out))
    assert say("bring", "designations", str(out)).endswith(" rows: added\n")
    bad = say.folder / "bad.csv"
    bad.write_text("employee,time,log_type\nnobody,2026-10-05 09:00:00,IN\nnobody,yesterday,IN\n", "utf-8")
    said = say("bring", "frappe", str(bad), "--dry-run", code=1)
    assert "2 rows, nothing stored:" in said
    assert "row 1, employee: nobody who is posted here goes by this name" in said
    assert "row 2, time: not a time; write it as 2026-10-31 09:30:00" in said
