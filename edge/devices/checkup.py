"""The self-test of the devices, once a day and whenever the technician asks: what each says of itself.

Whoever has more to ask of a device hands Bench.ask another examination; it runs on the device's own thread, between
two readings.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import wait

from drivers import DeviceGone, DriverError, ProtocolError
from drivers.base import Bare, Driver, Informed
from edge.devices.supervisor import Bench
from edge.health.report import Report
from edge.people.glass import Glass, judge
from edge.session import policy
from edge.session.policy import Rules
from sync.health import Verdict
from sync.record import Instant

Finding = Mapping[str, str | int | float]
Examination = Callable[[Driver], Finding]
_LONGEST_S = 10.0
_FINDING_S = 60.0
_GLASS = {
    Glass.CLEAN: Verdict.FINE,
    Glass.DIRTY: Verdict.DIRTY,
    Glass.PRINT: Verdict.PRINT,
    Glass.DEAD_LINES: Verdict.DEAD_LINES,
}


def who_are_you(driver: Driver) -> Finding:
    """The simplest examination. Raises DeviceGone, ProtocolError."""
    if not isinstance(driver, Informed):
        return {"verdict": "here"}
    info = driver.info()
    return {"verdict": "here", "model": info.model, "firmware": info.firmware}


def look_over(driver: Driver) -> Finding:
    """What it says of itself, and what its bare glass looks like (S11). Raises DeviceGone, ProtocolError."""
    found = who_are_you(driver)
    scan = driver.bare() if isinstance(driver, Bare) else None
    return found if scan is None else {**found, **judge(scan).figures()}


class Checkup:
    """Examines all devices; `last` is what came of it, `verdicts` the same in a word for programs.

    `dirty`: whoever comes first should wipe the glass (S11). `glass`: how clean the bare glass of a device was seen to
    be last, 0 to 100.
    """

    def __init__(
        self, bench: Bench, rules: Rules, at_min: int | None, report: Report, examine: Examination = look_over
    ) -> None:
        self.last: dict[str, dict[str, str | int | float]] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.glass: dict[str, int] = {}
        self.dirty = False
        self._bench = bench
        self._rules = rules
        self._at_min = at_min
        self._report = report
        self._examine = examine
        self._day = -1
        self._due_s = 0.0

    def daily(self, now: Instant) -> None:
        """Examine them if it is time and was not done today. Takes ten seconds at most."""
        today = policy.work_day(self._rules, now)
        if self._at_min is None or self._day == today or policy.minute_of_day(self._rules, now) < self._at_min:
            return
        self._due_s = self._due_s or time.monotonic()
        if time.monotonic() - self._due_s < _FINDING_S and not all(d["here"] for d in self._bench.health().values()):
            return  # the terminal may just have been started: what is still being found is not missing
        self._day, self._due_s = today, 0.0
        for device, verdict in self.run().items():
            said = {name: self.last[device][name] for name in ("glass", "score") if name in self.last[device]}
            self._report.say("selftest", device=device, verdict=verdict, **said)
        self.dirty = not {Verdict.DIRTY, Verdict.PRINT}.isdisjoint(self.verdicts.values())

    def served(self) -> None:
        """Somebody was here, and was asked to wipe the glass where it was dirty."""
        self.dirty = False

    def run(self) -> dict[str, str]:
        """Examine every device now; a verdict in words by device."""
        asked = self._bench.ask(self._examine)
        wait(asked.values(), timeout=_LONGEST_S)
        self.last = {}
        for device, future in asked.items():
            if not future.done():
                self.last[device], self.verdicts[device] = {"verdict": "no answer"}, Verdict.SILENT
                continue
            error = future.exception()
            if error is not None and not isinstance(error, DriverError):
                raise error
            found: dict[str, str | int | float] = {"verdict": str(error)} if error else dict(future.result())
            self.last[device], self.verdicts[device] = found, _verdict(error, found)
            if isinstance(score := found.get("score"), int):
                self.glass[device] = score
        return {device: str(found.get("verdict", "")) for device, found in self.last.items()}

    def passed(self) -> bool:
        """Examine every device now; is each fine?"""
        self.run()
        return bool(self.verdicts) and all(verdict is Verdict.FINE for verdict in self.verdicts.values())

    def score(self, device: str) -> int | None:
        """Of its last self-test, 0 to 100; None before the first."""
        if device not in self.last:
            return None
        score = self.last[device].get("score", 100 if self.verdicts[device] is Verdict.FINE else 0)
        return int(score)


def _verdict(error: DriverError | None, found: Finding) -> Verdict:
    match error:
        case None:
            return _GLASS[Glass(str(found["glass"]))] if "glass" in found else Verdict.FINE
        case ProtocolError():
            return Verdict.GARBLED
        case DeviceGone():
            return Verdict.GONE
    return Verdict.WRONG
