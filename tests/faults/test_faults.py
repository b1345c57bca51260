"""The short forms of the fault goals (`make faults` tries them in full): what each is about stands in its module.

Power cuts and kills take minutes, and have files of their own (test_powercut.py, test_kills.py).
"""

import random
import shutil
import sys

import pytest
from rich.console import Console

from sync.audit import row_sum
from sync.outbox import Outbox
from tests.faults import damage, disk, fuzz, storm, tampering, updates
from tests.faults.__main__ import GOALS, pieces, table
from tests.faults.table import Result, clean, memory

UPDATES = 60


def test_a_refusing_disk_is_red_at_once_and_recovers() -> None:
    """S13: EIO, ENOSPC, EROFS and short writes at any system call."""
    clean(disk.run(100), 100)


@pytest.mark.parametrize("file", [damage.DB, damage.WAL])
def test_a_damaged_log_is_noticed_and_salvaged(file: str) -> None:
    """S2: flipped, cut or zeroed anywhere."""
    clean(damage.run(700, file=file), 700)


def test_a_log_rewritten_without_the_key_is_noticed_where_it_begins() -> None:
    """S8, S9."""
    clean(tampering.run(5_000), 5_000)


@pytest.mark.parametrize("attack", tampering.ATTACKS, ids=lambda attack: attack.__name__)
def test_the_running_program_notices_a_rewritten_file(attack: tampering.Attack) -> None:
    """S8: with every sum of the file made to fit; a signature in the middle is tried by the server, a cut tail by a
    receipt."""
    folder = memory()
    for seed in range(6):
        outbox = Outbox(folder / f"{seed}.db", tampering.TERMINAL, tampering.KEY)
        for n in range(1, tampering.RECORDS + 1):
            outbox.append(tampering.record(n))
        rows = [row[:4] for row in outbox._db.execute("SELECT * FROM record ORDER BY seq")]
        forged = attack(rows, random.Random(seed))
        with outbox._db as db:
            db.execute("DELETE FROM record")
            unique = {row[0]: row for row in forged}.values()
            db.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?)", [(*row, row_sum(*row)) for row in unique])
        outbox._db.close()
        again = Outbox(folder / f"{seed}.db", tampering.TERMINAL, tampering.KEY)
        bodies_and_heads = [row[:3] for row in forged]
        untried = attack is tampering.cut or bodies_and_heads == [row[:3] for row in rows]
        gone_in_front = forged[:1] != rows[:1] and forged == rows[-len(forged) :]
        assert again.set_aside is not None or untried or gone_in_front
        again._db.close()
    shutil.rmtree(folder)


def test_parsers_raise_nothing_but_their_own_errors() -> None:
    clean(fuzz.run(40_000), 40_000)


def test_a_broker_wiped_in_a_storm_loses_nothing() -> None:
    """S9."""
    clean(storm.run(1_200, wipes=3), 1_200)


def test_an_update_killed_anywhere_bricks_nothing_and_leaves_no_wrong_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """S2: at random system calls, a quarter of them a second time while it is mended."""
    result = updates.run(UPDATES)
    with capsys.disabled():
        sys.stdout.write(f"\n{result.tried} of 1,000 updates: {result.remark}: ")
    clean(result, UPDATES)


def test_the_table_says_what_was_tried_and_what_broke() -> None:
    console = Console(record=True, width=200)
    console.print(table([Result("punches lost, over power-cut states", 9, ["state 3: an honest power cut is taken"])]))
    text = console.export_text()
    assert "honest power-cut histories" in text
    assert text.count("9") >= 2


def test_a_run_that_was_broken_off_goes_on_with_the_pieces_it_had_not_tried() -> None:
    for goal in GOALS:
        whole = pieces(goal, goal.full, 3, 0)
        assert sum(size for size, _ in whole) == goal.full
        assert len({seed for _, seed in whole}) == len(whole)
        assert pieces(goal, goal.full, 3, 50) == whole[len(whole) // 2 :]
