"""The daily self-test: when it is, and that what is still being found is not called missing (S11)."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.base import Driver
from edge.devices import checkup
from edge.devices.checkup import Checkup
from edge.health.report import Report
from edge.session.policy import Rules
from sync.health import Verdict
from sync.record import ClockSource, Instant

NOON = Instant(1, 1000, 1_775_000_000_000 - 1_775_000_000_000 % 86_400_000, ClockSource.NTP, 5)


class Desk:
    """A bench with one device, which is found in the end."""

    def __init__(self) -> None:
        self.here = False
        self.asked = 0
        self.glass = "clean"

    def health(self) -> dict[str, dict[str, Any]]:
        return {"zfm": {"here": self.here}}

    def ask(self, _job: Callable[[Driver], Any]) -> dict[str, "Future[Any]"]:
        self.asked += 1
        future: Future[Any] = Future()
        future.set_result({"verdict": "here", "glass": self.glass, "score": 100 if self.glass == "clean" else 40})
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


@pytest.mark.parametrize(
    ("glass", "dirty"), [("clean", False), ("dirty", True), ("print", True), ("dead_lines", False)]
)
def test_the_first_of_the_day_is_asked_to_wipe_a_dirty_glass_and_nobody_after(glass: str, dirty: bool) -> None:
    """S11"""
    desk = Desk()
    desk.here, desk.glass = True, glass
    check = Checkup(desk, Rules(), 0, Report("terminal", events=False))  # type: ignore[arg-type]
    assert not check.dirty
    check.daily(NOON)
    assert check.dirty is dirty
    check.served()
    check.daily(NOON)
    assert not check.dirty


@pytest.mark.parametrize(
    ("answer", "verdict", "score"),
    [
        ({"verdict": "here"}, Verdict.FINE, 100),
        ({"verdict": "here", "glass": "print", "score": 60}, Verdict.PRINT, 60),
        (DeviceGone("unplugged"), Verdict.GONE, 0),
        (ProtocolError("noise"), Verdict.GARBLED, 0),
        (OptionError("no such key"), Verdict.WRONG, 0),
        (None, Verdict.SILENT, 0),
    ],
)
def test_a_self_test_has_a_verdict_for_programs_too(
    monkeypatch: pytest.MonkeyPatch, answer: object, verdict: Verdict, score: int
) -> None:
    """S11"""
    monkeypatch.setattr(checkup, "_LONGEST_S", 0.0)
    future: Future[Any] = Future()
    if isinstance(answer, Exception):
        future.set_exception(answer)
    elif answer is not None:
        future.set_result(answer)
    desk = Desk()
    desk.ask = lambda _job: {"zfm": future}  # type: ignore[method-assign]
    check = Checkup(desk, Rules(), 0, Report("terminal", events=False))  # type: ignore[arg-type]
    assert check.score("zfm") is None
    check.run()
    assert (check.verdicts, check.score("zfm")) == ({"zfm": verdict}, score)
