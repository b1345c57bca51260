"""The short form of the power cuts over roster.db (`make faults` tries more)."""

import sys
import time

import pytest

from tests.faults import powercut, powercut_roster
from tests.faults.table import clean
from tests.faults.trace import Said, Sync

POWER_CUT_S = 10.0


def test_no_power_cut_leaves_half_a_roster_or_loses_an_order(capsys: pytest.CaptureFixture[str]) -> None:
    """S2, S6: people, photographs, receipts, orders and wipes, all or nothing."""
    result = powercut_roster.run(20_000, seed=1, until=time.monotonic() + POWER_CUT_S, least=200)
    with capsys.disabled():
        sys.stdout.write(f"\n{result.tried:,} of 200,000 power-cut states of roster.db in {POWER_CUT_S:.0f} s: ")
    clean(result, 200)


def test_it_is_seen_to_lose_what_was_not_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The instrument can fail: told that syncs do nothing, it finds lost steps."""
    real = powercut.moments

    def never_synced(start: powercut.Disk, promise: powercut.Promise, operations: list[powercut.Operation]) -> object:
        after_birth = next(k for k, one in enumerate(operations) if isinstance(one, Said))
        return real(
            start, promise, [one for k, one in enumerate(operations) if k < after_birth or not isinstance(one, Sync)]
        )

    monkeypatch.setattr(powercut_roster, "moments", never_synced)
    with pytest.raises(AssertionError):
        clean(powercut_roster.run(300, seed=1), 300)
