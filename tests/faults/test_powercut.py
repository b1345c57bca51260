"""Every disk that a power cut may leave of punches.db: a twentieth of what `make faults` opens."""

import sys

import pytest

from tests.faults import powercut
from tests.faults.powercut import Promise
from tests.faults.table import clean

STATES = 100_000


def test_no_power_cut_loses_what_was_answered(capsys: pytest.CaptureFixture[str]) -> None:
    """S2: and no honest history is taken for tampering."""
    result = powercut.run(STATES, seed=1)
    with capsys.disabled():
        sys.stdout.write(f"\n{result.tried:,} of 2,000,000 power-cut states, {result.remark}: ")
    clean(result, STATES)


def test_a_power_cut_is_seen_to_lose_what_was_not_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The instrument can fail: told that syncs do nothing, it finds lost punches."""
    real = powercut.moments

    def never_synced(start: powercut.Disk, promise: Promise, operations: list[powercut.Operation]) -> object:
        after_birth = next(k for k, one in enumerate(operations) if isinstance(one, powercut.Said))
        kept = [one for k, one in enumerate(operations) if k < after_birth or not isinstance(one, powercut.Sync)]
        return real(start, promise, kept)

    monkeypatch.setattr(powercut, "moments", never_synced)
    with pytest.raises(AssertionError):
        clean(powercut.run(200, seed=1), 200)
