"""Who failed too often must wait: for digits that somebody has and for digits that nobody has alike.

Kept in memory only: a restart takes longer than most locks, and what is counted names nobody (digits are keyed).
"""

from collections import OrderedDict

from edge.session.policy import Lock, lock_s

_KEPT = 4096


class Lockouts:
    """Failures in a row by keyed digits; times in seconds of a steady clock."""

    def __init__(self, rule: Lock) -> None:
        self._rule = rule
        self._failed: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def wait_s(self, key: bytes, now_s: float) -> float:
        """For how long these digits are still locked; 0 when they are not."""
        failures, last_s = self._failed.get(key, (0, 0.0))
        return max(0.0, last_s + lock_s(self._rule, failures) - now_s)

    def fail(self, key: bytes, now_s: float) -> float:
        """Count one failure; for how long the digits are locked from now on."""
        failures, last_s = self._failed.pop(key, (0, now_s))
        failures = 1 if now_s - last_s > self._rule.forget_s else failures + 1
        self._failed[key] = failures, now_s
        if len(self._failed) > _KEPT:
            self._failed.popitem(last=False)
        return lock_s(self._rule, failures)

    def forget(self, key: bytes) -> None:
        """They were recognised."""
        self._failed.pop(key, None)
