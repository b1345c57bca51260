"""The clocks of a terminal, and what is believed of them."""

import time
from pathlib import Path

import pytest

from edge import SetupError
from edge.record import clock
from edge.record.clock import STEP_MS, Step, SystemClock, coarse
from sync.anchor import Anchor, Answer, Question
from sync.asker import since_boot_ms
from sync.record import ClockSource


def test_an_instant_shows_the_wall_and_counts_since_boot() -> None:
    now = SystemClock(7).now()
    assert now.boot_no == 7
    assert abs(now.wall_ms - time.time() * 1000) < 1000
    assert abs(now.since_boot_ms - time.clock_gettime(time.CLOCK_BOOTTIME) * 1000) < 1000


def test_the_offset_holds_still_while_nobody_touches_the_clock() -> None:
    steady = SystemClock(1)
    assert len({steady.now().wall_offset_ms for _ in range(200)}) == 1


def test_the_boot_has_a_name_that_stays() -> None:
    assert len(clock.boot_id()) == 16
    assert clock.boot_id() == clock.boot_id()


def test_a_unit_that_does_not_see_the_kernel_is_told_the_boots_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """systemd writes it without hyphens."""
    real = clock.boot_id()
    monkeypatch.setattr(clock, "_BOOT_ID", tmp_path / "nothing")
    with pytest.raises(SetupError, match=f"{clock.BOOT_ID_ENV}=%b"):
        clock.boot_id()
    monkeypatch.setenv(clock.BOOT_ID_ENV, real.hex())
    assert clock.boot_id() == real
    monkeypatch.setenv(clock.BOOT_ID_ENV, "nonsense")
    with pytest.raises(SetupError):
        clock.boot_id()


def test_the_sync_units_boot_has_a_name() -> None:
    """It has no /proc/sys to read it from."""
    unit = (Path(__file__).parents[3] / "systemd" / "hazri-sync.service").read_text()
    assert f"Environment={clock.BOOT_ID_ENV}=%b" in unit.splitlines()


def test_the_kernel_is_asked_how_far_to_trust_the_wall() -> None:
    source, bound_ms = clock.trust()
    assert (source is ClockSource.UNKNOWN) is (bound_ms is None)
    assert bound_ms is None or 0 <= bound_ms < 86_400_000


@pytest.mark.parametrize("moved_ms", [-3_600_000, -STEP_MS - 500, STEP_MS + 500, 86_400_000])
def test_a_step_since_the_last_record_is_noticed_once(moved_ms: int) -> None:
    """S10: old and new, and no second time."""
    real = SystemClock(1).now().wall_offset_ms
    stepped = SystemClock(1, held_offset_ms=real - moved_ms)
    step = stepped.step()
    assert isinstance(step, Step)
    assert step.old_offset_ms == real - moved_ms
    assert abs(step.new_offset_ms - real) < 100
    assert stepped.step() is None
    assert abs(stepped.now().wall_offset_ms - real) < 100


def test_a_clock_that_is_steered_is_no_step() -> None:
    real = SystemClock(1).now().wall_offset_ms
    assert SystemClock(1, held_offset_ms=real - STEP_MS // 2).step() is None


def test_a_clock_turned_little_by_little_is_a_step_in_the_end() -> None:
    """S10: by 1.5 s, again and again."""
    real = SystemClock(1).now().wall_offset_ms
    turned = SystemClock(1, held_offset_ms=real - 1500)
    assert turned.step() is None
    turned._told_ms -= 1500
    step = turned.step()
    assert step is not None
    assert abs(step.new_offset_ms - step.old_offset_ms - 3000) < 100


@pytest.mark.parametrize(("trusted", "reason"), [((ClockSource.NTP, 40), "ntp"), ((ClockSource.UNKNOWN, None), "set")])
def test_a_step_says_who_set_the_clock(
    monkeypatch: pytest.MonkeyPatch, trusted: tuple[ClockSource, int | None], reason: str
) -> None:
    """S10"""
    monkeypatch.setattr(clock, "trust", lambda: trusted)
    step = SystemClock(1, held_offset_ms=SystemClock(1).now().wall_offset_ms - 60_000).step()
    assert step is not None
    assert step.reason == reason


def anchor(true_offset_ms: int, took_ms: int = 400, ago_ms: int = 0) -> Anchor:
    """The server's word that it was `true_offset_ms` after the boot's beginning by its clock."""
    came_ms = since_boot_ms() - ago_ms
    asked_ms = came_ms - took_ms
    return Anchor(
        Question(bytes(16), asked_ms, bytes(8)), came_ms, Answer(asked_ms + took_ms // 2 + true_offset_ms, b"")
    )


# The machine's wall is an hour wrong against the server, and the kernel says this of it:
SHOWN = (
    ((ClockSource.UNKNOWN, None), 3_600_000, ClockSource.SERVER),  # nobody keeps it
    ((ClockSource.NTP, 5), 3_600_000, ClockSource.SERVER),  # a false NTP server does
    ((ClockSource.NTP, 5), 100, ClockSource.NTP),  # NTP agrees, and knows better
    ((ClockSource.NTP, 60_000), 100, ClockSource.SERVER),  # NTP agrees, and knows less
)


@pytest.mark.parametrize(("trusted", "wrong_ms", "shown"), SHOWN)
def test_the_servers_word_is_shown_unless_ntp_agrees_and_knows_better(
    monkeypatch: pytest.MonkeyPatch, trusted: tuple[ClockSource, int | None], wrong_ms: int, shown: ClockSource
) -> None:
    """S2, S10"""
    monkeypatch.setattr(clock, "trust", lambda: trusted)
    system = SystemClock(1)
    own_ms = system.now().wall_offset_ms
    system.take(anchor(own_ms + wrong_ms))
    now = system.now()
    assert now.source is shown
    assert now.error_bound_ms is not None
    if shown is ClockSource.SERVER:
        assert abs(now.wall_offset_ms - own_ms - wrong_ms) <= 2
        assert 200 < now.error_bound_ms <= 256
    else:
        assert (now.wall_offset_ms, now.error_bound_ms) == (own_ms, 6)


def test_the_bound_widens_with_the_time_since_the_server_spoke(monkeypatch: pytest.MonkeyPatch) -> None:
    """50 ppm of a day are 4.3 s, and an NTP client's 0.4 s."""
    monkeypatch.setattr(clock, "trust", lambda: (ClockSource.UNKNOWN, None))
    monkeypatch.setattr(clock, "since_boot_ms", lambda: 10 * 86_400_000)
    system = SystemClock(1)
    bounds = []
    for days in (9, 5, 1, 0):
        system.take(Anchor(Question(bytes(16), 864_000_000 - days * 86_400_000, b""), 864_000_400 - days * 86_400_000,
                           Answer(10**12, b"")))  # fmt: skip
        bounds.append(system.now().error_bound_ms)
    assert bounds == [49_152, 24_576, 6144, 256]


def test_a_worse_answer_replaces_a_better_one_only_with_time() -> None:
    system = SystemClock(1)
    good, poor = anchor(5, took_ms=100), anchor(7, took_ms=20_000)
    system.take(good)
    system.take(poor)
    assert system._anchor == good
    system.take(anchor(9, took_ms=80))
    assert system._anchor is not good


def test_bounds_are_told_coarsely_and_never_too_small() -> None:
    assert [coarse(n) for n in (0, 1, 2, 3, 4, 5, 7, 40, 200, 1025)] == [1, 1, 2, 3, 4, 6, 8, 48, 256, 1536]
    assert all(n <= coarse(n) <= max(1, n * 3 / 2) for n in range(1, 5000))
