"""How long to wait before the next attempt: full jitter below a bound that doubles, and below what the server asked.

Full jitter (any moment between none and the bound) empties a crowd fastest and with the fewest attempts: M. Brooker,
"Exponential Backoff And Jitter", AWS Architecture Blog, 2015. Where the server has given a window, the very first
pause is drawn from it, too: its broker may have gone, and with it everybody at the same moment (S12).
"""

from random import Random, SystemRandom

_FIRST_S = 0.5
LONGEST_WINDOW_S = 3600.0


class Backoff:
    """`longest_s`: of the doubling bound. `window_s`: what the server asked for; 0 when it did not."""

    def __init__(self, longest_s: float, dice: Random | None = None) -> None:
        self.longest_s = longest_s
        self.window_s = 0.0
        self._dice = dice or SystemRandom()  # apart from anybody's seeded generator
        self._bound_s = _FIRST_S
        self._soon_s: float | None = None

    def soon(self, within_s: float) -> None:
        """Something changed that is worth an attempt: the next pause is at most so long."""
        self._soon_s = within_s

    def pause_s(self, *, served: bool, busy: bool = False) -> float:
        """The pause after an attempt. `served`: it had come through; `busy`: the server itself asked to wait."""
        soon, self._soon_s = self._soon_s, None
        if soon is not None:
            self._bound_s = _FIRST_S
            return self._dice.uniform(0, soon)
        self._bound_s = _FIRST_S if served else min(2 * self._bound_s, self.longest_s)
        window_s = min(max(self.window_s, self.longest_s if busy else 0.0), LONGEST_WINDOW_S)
        return self._dice.uniform(0, max(self._bound_s, window_s))
