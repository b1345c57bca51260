"""The fleet simulator: the same for the same seed, everything in it happens, and its oracle notices what is wrong.

On SQLite, where a simulated fleet begins and ends; ingest itself is proved on both (test_ingest.py).
"""

import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from server.__main__ import command
from server.ledger.store import Ledger
from server.ledger.tables import alarm, dating, record
from server.simulate.run import Asked, Part, run
from server.trust.keys import open_keys
from sync.record import RecordType

ASKED = Asked(terminals=4, days=4, seed=5, punches_a_day=8)


def test_a_fleet_suffers_everything_and_nothing_is_lost() -> None:
    """S2, S7, S8, S9, S10: and the same seed gives the same fleet, green light by green light."""
    days: list[int] = []
    found = run(ASKED, days.append)
    assert found.sound, found.violations
    assert sum(days) == ASKED.terminals * ASKED.days
    happened = ("cut_midway", "lines_lost", "messages_doubled", "cards_cloned", "cards_put_back", "cards_replaced")
    assert [name for name in (*happened, "forks_named", "carried_punches", "boots") if not found.counts[name]] == []
    again = run(ASKED)
    assert (again.digest, again.counts) == (found.digest, found.counts)
    assert run(Asked(1, 1, 6, 4)).digest != run(Asked(1, 1, 7, 4)).digest


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """A small honest fleet that has lived, and not been judged."""
    folder = tmp_path_factory.mktemp("fleet")
    keys = open_keys(folder / "server", ("localhost",))
    part = Part(Asked(2, 2, 1, 6), range(2), folder, Ledger(f"sqlite:///{folder / 'ledger.db'}"), keys, Counter())
    part.live(lambda _: None)
    return part


def judged(part: Part, damage: list[object]) -> list[str]:
    """What the oracle says of the ledger after some damage, which is undone again."""
    part.oracle.violations.clear()
    with part.ledger.engine.connect() as connection:
        for statement in damage:
            connection.execute(statement)  # type: ignore[call-overload]
        part.oracle.judge(connection, part.names, {})
        connection.rollback()
    return list(part.oracle.violations)


def a_punch(connection: Connection) -> int:
    seq: int = connection.scalars(select(record.c.server_seq).where(record.c.type == int(RecordType.PUNCH))).all()[3]
    return seq


def test_the_oracle_notices(lived: Part) -> None:
    assert judged(lived, []) == []
    with lived.ledger.read() as connection:
        seq = a_punch(connection)
        row = connection.execute(select(record).where(record.c.server_seq == seq)).one()
    this = record.c.server_seq == seq
    assert "was green and is lost" in judged(lived, [delete(record).where(this)])[0]
    assert "did not make" in judged(lived, [update(record).where(this).values(body=b"other")])[0]
    doubled = {**row._mapping, "server_seq": 10**6, "seq": 10**6}
    assert "did not make" in judged(lived, [insert(record).values(doubled)])[0]
    assert "dated to where it was not" in judged(lived, [update(dating).values(low_ms=dating.c.low_ms + 10**9)])[0]
    named = {"terminal": row.terminal, "log": row.log, "seq": 1, "kind": "fork", "known_ms": 0, "detail": ""}
    assert "an honest log raised the alarm" in judged(lived, [insert(alarm).values(named)])[0]


def test_a_fork_that_nobody_named_is_noticed(lived: Part) -> None:
    with lived.ledger.read() as connection:
        row = connection.execute(select(record).where(record.c.server_seq == a_punch(connection))).one()
    greens = lived.oracle.greens[row.terminal]
    one = next(green for green in greens if green.seq == row.seq)
    other = type(one)(one.name, "another card", one.log, one.seq, b"another", one.true_ms)
    greens.append(other)
    lived.oracle.copied.add((one.name, one.log))
    try:
        assert "nobody was told" in "".join(judged(lived, []))
    finally:
        greens.remove(other)
        lived.oracle.copied.clear()


def test_the_command_tells_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["simulate", "--terminals", "1", "--days", "1", "--punches", "4", "--seed", "3"]
    assert command(few) == 0
    assert "sound: none lost" in capsys.readouterr().out
    assert command([*few, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["punches"] == 4
    assert told["sound"]
    assert command(["simulate", "--days", "0"]) == 1
    assert "--days: 0; expected 1 to" in capsys.readouterr().err


def test_a_violation_ends_with_the_words_to_see_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A terminal whose clock says less of its error than there is."""
    monkeypatch.setattr("sync.anchor.Anchor.bound_at_ms", lambda *_: 0)
    assert command(["simulate", "--terminals", "1", "--days", "2", "--seed", "3", "--json"]) == 1
    out, err = capsys.readouterr()
    assert "hazri-server simulate --terminals 1 --days 2 --seed 3 --punches 20" in err
    assert "wrong by more than its bound" in json.loads(out)["violations"][0]
