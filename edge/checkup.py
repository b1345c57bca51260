"""The self-test of the devices, once a day and whenever the technician asks: what each says of itself.

Whoever has more to ask of a device hands Bench.ask another examination; it runs on the device's own thread, between
two readings.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import wait

from drivers import DriverError
from drivers.base import Bare, Driver, Informed
from edge import policy
from edge.glass import judge
from edge.policy import Rules
from edge.report import Report
from edge.supervisor import Bench
from sync.record import Instant

Verdict = Mapping[str, str | int | float]
Examination = Callable[[Driver], Verdict]
_LONGEST_S = 10.0
_FINDING_S = 60.0


def who_are_you(driver: Driver) -> Verdict:
    """The simplest examination. Raises DeviceGone, ProtocolError."""
    if not isinstance(driver, Informed):
        return {"verdict": "here"}
    info = driver.info()
    return {"verdict": "here", "model": info.model, "firmware": info.firmware}


def look_over(driver: Driver) -> Verdict:
    """What it says of itself, and what its bare glass looks like (S11). Raises DeviceGone, ProtocolError."""
    found = who_are_you(driver)
    scan = driver.bare() if isinstance(driver, Bare) else None
    return found if scan is None else {**found, **judge(scan).figures()}


class Checkup:
    """Examines all devices; `last` is what came of it."""

    def __init__(
        self, bench: Bench, rules: Rules, at_min: int | None, report: Report, examine: Examination = look_over
    ) -> None:
        self.last: dict[str, dict[str, str | int | float]] = {}
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

    def run(self) -> dict[str, str]:
        """Examine every device now; a verdict in words by device."""
        asked = self._bench.ask(self._examine)
        wait(asked.values(), timeout=_LONGEST_S)
        self.last = {}
        for device, future in asked.items():
            if not future.done():
                self.last[device] = {"verdict": "no answer"}
                continue
            error = future.exception()
            if error is not None and not isinstance(error, DriverError):
                raise error
            self.last[device] = {"verdict": str(error)} if error else dict(future.result())
        return {device: str(found.get("verdict", "")) for device, found in self.last.items()}
