"""The daily self-test: when it is, and that what is still being found is not called missing (S11)."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from drivers.base import Driver
from edge import checkup
from edge.checkup import Checkup
from edge.policy import Rules
from edge.report import Report
from sync.record import ClockSource, Instant

NOON = Instant(1, 1000, 1_775_000_000_000 - 1_775_000_000_000 % 86_400_000, ClockSource.NTP, 5)


class Desk:
    """A bench with one device, which is found in the end."""

    def __init__(self) -> None:
        self.here = False
        self.asked = 0

    def health(self) -> dict[str, dict[str, Any]]:
        return {"zfm": {"here": self.here}}

    def ask(self, _job: Callable[[Driver], Any]) -> dict[str, "Future[Any]"]:
        self.asked += 1
        future: Future[Any] = Future()
        future.set_result({"verdict": "here", "glass": "clean", "score": 100})
        return {"zfm": future}


def test_a_device_that_is_still_being_found_is_waited_for_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    check = Checkup(desk, Rules(), 0, Report("terminal", events=False))  # type: ignore[arg-type]
    check.daily(NOON)
    assert desk.asked == 0
    desk.here = True
    check.daily(NOON)
    check.daily(NOON)
    assert desk.asked == 1, "once a day"
    assert check.last["zfm"]["score"] == 100
    late = Desk()
    monkeypatch.setattr(checkup, "_FINDING_S", 0.0)
    Checkup(late, Rules(), 0, Report("terminal", events=False)).daily(NOON)  # type: ignore[arg-type]
    assert late.asked == 1, "what is not there for a minute is missing"
