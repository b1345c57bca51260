"""What a process hears of the clock that may not ask the kernel: what the kernel says, with the same caution."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.record import clock
from edge.record.clock import WITNESS_ENV, SystemClock, Word, asked, heard, offset_ms, read_word, trust, write_word
from sync.asker import since_boot_ms
from sync.record import ClockSource

NTP, UNKNOWN = ClockSource.NTP, ClockSource.UNKNOWN


def seen(bound_ms: int | None = 40, ago_ms: int = 0, moved_ms: int = 0) -> Word:
    return Word(NTP if bound_ms else UNKNOWN, bound_ms, since_boot_ms() - ago_ms, offset_ms() - moved_ms)


def test_his_word_counts_and_grows_old() -> None:
    """The kernel lets its own bound grow by 500 ppm between two words of an NTP server; so do we between two of his."""
    assert heard(seen()) == (NTP, 41)
    source, bound_ms = heard(seen(ago_ms=20_000))
    assert source is NTP
    assert bound_ms is not None
    assert 50 <= bound_ms <= 52


@pytest.mark.parametrize("word", [{"bound_ms": None}, {"ago_ms": 70_000}, {"ago_ms": -5000}, {"moved_ms": 900}])
def test_nobody_vouches(word: dict[str, int]) -> None:
    """S10: he does not know, is silent, speaks of another boot, or somebody has turned the clock since."""
    assert heard(seen(**word)) == (UNKNOWN, None)


def test_nobody_spoke() -> None:
    assert heard(None) == (UNKNOWN, None)


@pytest.mark.parametrize("text", ["", "NTP", "NTP 1 2 3 4", "GOD 1 2 3", "NTP x 2 3", "\xff" * 9])
def test_what_is_no_word(text: str, tmp_path: Path) -> None:
    (tmp_path / "word").write_bytes(text.encode("latin-1"))
    assert read_word(tmp_path / "word") is None


def test_a_step_waits_for_his_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: NTP's own step at the start is not laid at somebody's door because he was half a second late."""
    file = tmp_path / "word"
    monkeypatch.setenv(WITNESS_ENV, str(file))
    before = offset_ms() - 5000
    mine = SystemClock(1, before)
    write_word(file, seen(moved_ms=5000))
    assert mine.step() is None
    write_word(file, seen())
    step = mine.step()
    assert step is not None
    assert step.reason == "ntp"
    assert mine.step() is None


def test_a_step_is_told_though_he_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: whoever stops the witness hides no step."""
    file = tmp_path / "word"
    monkeypatch.setenv(WITNESS_ENV, str(file))
    mine = SystemClock(1, offset_ms() - 5000)
    write_word(file, seen(moved_ms=5000))
    assert mine.step() is None
    monkeypatch.setattr(clock, "_WITNESS_MS", 0)
    step = mine.step()
    assert step is not None
    assert step.reason == "set"


def test_the_witness_says_what_the_kernel_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: the real process; what comes of its word is what this process is told itself."""
    file = tmp_path / "word"
    with subprocess.Popen(
        [sys.executable, "-m", "edge.record.witness", str(file)], cwd=Path(__file__).parents[3]
    ) as witness:
        while not file.exists():
            assert witness.poll() is None
            time.sleep(0.02)
        monkeypatch.setenv(WITNESS_ENV, str(file))
        assert trust()[0] is asked()[0]
        assert file.stat().st_mode & 0o777 == 0o644
        witness.send_signal(signal.SIGTERM)
        assert witness.wait() == 0
