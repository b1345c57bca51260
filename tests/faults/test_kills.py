"""kill -9 at random system calls, ten of each of four processes: a part of what `make faults` does."""

import sys

import pytest

from tests.faults import kills
from tests.faults.table import clean

KILLS = 40


def test_killed_at_random_system_calls_nothing_is_lost_or_doubled(capsys: pytest.CaptureFixture[str]) -> None:
    """S2, S9: as many kills each of terminal, sync agent, broker and aggregator."""
    result = kills.run(KILLS)
    with capsys.disabled():
        sys.stdout.write(f"\n{result.tried} of 2,000 kills: {result.remark}: ")
    clean(result, KILLS)
