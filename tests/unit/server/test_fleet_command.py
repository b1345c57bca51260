"""The fleet on the command line: what is printed, what is refused, and that a state directory is all it needs.

On SQLite, which lies in the state directory. What the commands read is proved on both (test_fleet_api.py).
"""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from server.__main__ import command
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import ticket
from tests.unit.server.aggregator import Terminal, free_port
from tests.unit.server.fleet_site import BROKEN, HOUR, MINUTE, WELL, offices, says, scheduler


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(f'state_dir = "{tmp_path / "state"}"\n[broker]\nport = {free_port()}\n', encoding="utf-8")
    request, out = tmp_path / "request.json", tmp_path / "admission.json"
    request.write_bytes(Terminal("t-1").request())
    assert command(["admit", str(request), "--out", str(out), "--config", str(path)]) == 0
    return path


def test_a_fault_is_listed_with_what_to_do_and_closed_by_evidence(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R2.6."""
    common = ["--config", str(config)]
    ledger = Ledger(f"sqlite:///{config.parent / 'state' / 'ledger.db'}")
    before = now_ms() - 8 * 24 * HOUR
    says(ledger, "t-1", BROKEN, before)
    minute = scheduler(ledger, before, hears=False)
    minute.tick(before)
    minute.tick(before + MINUTE)
    capsys.readouterr()
    assert command(["terminals", *common]) == 0
    assert "fail a sensor is not in order (finger gone): Wipe the glass" in capsys.readouterr().out
    assert command(["terminals", "--json", "--wrong", *common]) == 0
    assert json.loads(capsys.readouterr().out)["wrong"] == [
        {"kind": "sensor", "level": "fail", "detail": "finger gone"}
    ]
    assert command(["incidents", *common]) == 0
    assert "finger gone" in capsys.readouterr().out
    assert command(["incidents", "--json", *common]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "sensor"
    assert command(["tickets", "--breached", *common]) == 0
    line = capsys.readouterr().out
    assert "day 9   BREACH a sensor is not in order" in line
    one = line.split()[0]
    assert command(["tickets", "--close", one, *common]) == 1
    assert "passed no self-test" in capsys.readouterr().err
    says(ledger, "t-1", WELL, before + HOUR)
    with ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM condition")
    assert command(["tickets", "--close", one, *common]) == 0
    assert "closed: self-test" in capsys.readouterr().out
    assert command(["tickets", "--breached", *common]) == 0
    assert capsys.readouterr().out == "no tickets\n"
    assert command(["tickets", "--json", *common]) == 0
    assert capsys.readouterr().out.strip() == ""
    assert command(["tickets", "--close", "nonsense", *common]) == 1
    with ledger.read() as connection:
        assert connection.scalar(select(ticket.c.closed_ms)) is not None
    ledger.close()


def test_standing_place_and_hardware_of_one(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """S7: who, when, why; a day to come is written down and waits."""
    common = ["--config", str(config)]
    ledger = Ledger(f"sqlite:///{config.parent / 'state' / 'ledger.db'}")
    offices(ledger)
    for argv in (
        ["terminal", "state", "t-1", "quarantined", "--why", "two of it were seen"],
        ["terminal", "label", "t-1", "SN-0042"],
        ["terminal", "move", "t-1", "--office", "edu/o1", "--name", "East gate", "--place", "2nd floor"],
        ["terminal", "move", "t-1", "--on", "2199-01-01", "--why", "the new building"],
        ["terminal", "fitness", "t-1", "--hours", "1"],
    ):
        assert command([*argv, *common]) == 0, argv
    said = capsys.readouterr().out
    assert "t-1 was active, is quarantined" in said
    assert "moved\n" in said
    assert "moves then\n" in said
    assert "fit 0, unfit 0, unknown 6" in said
    assert command(["terminal", "history", "t-1", *common]) == 0
    told = capsys.readouterr().out
    assert "SN-0042" in told
    assert "state active → quarantined by office two of it were seen" in told
    for argv, says_ in (
        (["terminal", "state", "t-9", "revoked", "--why", "x"], "no such terminal"),
        (["terminal", "move", "t-1", "--office", "edu/none"], "no such office"),
        (["terminal", "move", "t-1", "--on", "tomorrow"], "no such day"),
        (["terminal", "label", "t-9", "x"], "no unit"),
        (["terminal", "fitness", "t-1", "--hours", "0"], "--hours"),
    ):
        assert command([*argv, *common]) == 1, argv
        assert says_ in capsys.readouterr().err
    ledger.close()
