"""Which line carries us, and what that means: leave a line that is no longer the best, be thrifty on a metered one.

Which line is best the operating system says, by the metrics of its routes: LAN before Wi-Fi before the mobile network
(NetworkManager's defaults: 100, 600, 700). A connection stays where it was begun, though, so a change of line ends it
and begins another; who we are does not depend on it (S4).
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from drivers.modem import Kind, Uplink
from edge.health.report import Report
from sync.budget import Budget, Thrift, Use

_NO_NAME = "sim"  # a mobile network that does not tell its name


class Line(Protocol):
    """What matters of the link here; sync.mqtt.MqttLink is one."""

    @property
    def carried(self) -> int: ...

    def renew(self, detail: str, within_s: float = 1.0) -> None: ...


@dataclass(frozen=True, slots=True)
class _Way:
    """What makes it another line."""

    kind: Kind
    operator: str


class Lines:
    """Wraps a look at the uplink: whoever looks through it keeps link and budget up to date."""

    def __init__(
        self,
        look: Callable[[], Uplink],
        link: Line,
        budget: Budget,
        report: Report,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._look, self._link, self._budget, self._report, self._now = look, link, budget, report, now
        self._line: _Way | None = None
        self._counted = 0
        self._thrift = Thrift()

    def __call__(self) -> Uplink:
        uplink = self._look()
        self._account(uplink)
        line = _Way(uplink.kind, uplink.operator)
        before, self._line = self._line, line
        if before is not None and before.kind is not line.kind and line.kind is not Kind.NONE:
            self._report.say("line", was=before.kind.value, now=line.kind.value)
            self._link.renew(f"from {before.kind} to {line.kind}")
        return uplink

    def thrift(self) -> Thrift:
        """As of the last look; for the agent to ask."""
        return self._thrift

    def _account(self, uplink: Uplink) -> None:
        """What was carried since the last look went over the line of the last look."""
        carried = self._link.carried
        new, self._counted = carried - self._counted, carried
        if self._line and (sim := _sim(self._line)):
            self._budget.spend(sim, new, self._now())
        sim = _sim(_Way(uplink.kind, uplink.operator))
        use = self._budget.spend(sim, 0, self._now()) if sim else None
        self._budget.save()
        self._set(Thrift(uplink.metered, uplink.metered and use is not None and use.essential_only), use)

    def _set(self, thrift: Thrift, use: Use | None) -> None:
        if thrift == self._thrift:
            return
        self._thrift = thrift
        told = {"spent": use.spent, "forecast": use.forecast, "limit": use.limit} if use else {}
        self._report.say("thrift", metered=thrift.metered, essential_only=thrift.essential_only, **told)


def _sim(line: _Way) -> str | None:
    """The name its bytes are counted under; None for a line that costs nothing."""
    return (line.operator or _NO_NAME) if line.kind is Kind.GPRS else None
