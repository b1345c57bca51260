"""Pauses: fully jittered below a bound that doubles, and below what the server asked (S12)."""

from random import Random

from sync.backoff import LONGEST_WINDOW_S, Backoff


class High(Random):
    """Dice that show the bound itself."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_the_bound_doubles_up_to_the_longest_and_starts_again_when_served() -> None:
    backoff = Backoff(4.0, High())
    assert [backoff.pause_s(served=False) for _ in range(5)] == [1.0, 2.0, 4.0, 4.0, 4.0]
    assert backoff.pause_s(served=True) == 0.5
    assert backoff.pause_s(served=False) == 1.0


def test_jitter_is_full() -> None:
    backoff = Backoff(60.0, Random(1))
    for _ in range(8):
        backoff.pause_s(served=False)
    pauses = sorted(backoff.pause_s(served=False) for _ in range(2000))
    assert pauses[100] < 5 < 28 < pauses[1000] < 32 < 55 < pauses[1900] <= 60


def test_a_window_the_server_gave_holds_from_the_first_pause_on() -> None:
    """S12: everybody lost the same broker at the same moment, and each was served until then."""
    backoff = Backoff(60.0, High())
    backoff.window_s = 25.0
    assert backoff.pause_s(served=True) == 25.0
    assert [backoff.pause_s(served=False) for _ in range(7)][-1] == 60.0
    backoff.window_s = 10 * LONGEST_WINDOW_S
    assert backoff.pause_s(served=True) == LONGEST_WINDOW_S


def test_a_busy_server_is_left_alone_for_long() -> None:
    assert Backoff(60.0, High()).pause_s(served=False, busy=True) == 60.0


def test_news_shortens_one_pause() -> None:
    """S4: another network is worth an attempt soon, whatever was failing before."""
    backoff = Backoff(60.0, High())
    for _ in range(8):
        backoff.pause_s(served=False)
    backoff.soon(1.0)
    assert [backoff.pause_s(served=False), backoff.pause_s(served=False)] == [1.0, 1.0]
