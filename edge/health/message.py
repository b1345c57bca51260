"""What the terminal says of itself: the terminal process's part as it noted it, and what only sync knows."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from drivers import modem
from edge.health.condition import NOBODY, noted
from edge.trust.certificate import days_left
from sync.health import Health, LinkKind

_KINDS = {
    modem.Kind.NONE: LinkKind.NONE,
    modem.Kind.LAN: LinkKind.LAN,
    modem.Kind.WIFI: LinkKind.WIFI,
    modem.Kind.GPRS: LinkKind.GPRS,
}


class Reporter:
    """Looks at everything anew each time; see sync.telling.Look. Used by the agent's one thread."""

    def __init__(
        self,
        condition: Path,
        certificate: Path,
        uplink: Callable[[], modem.Uplink],
        roster_version: Callable[[], int],
        true_s: Callable[[], float | None],
    ) -> None:
        """`true_s`: Unix time by the server's word; while it has not spoken, a certificate's end means nothing."""
        self._condition, self._certificate = condition, certificate
        self._uplink, self._version, self._true_s = uplink, roster_version, true_s
        self._stands: tuple[int, float] | None = None  # the version, and since when by the steady clock

    def __call__(self, backlog: int, oldest_s: int) -> Health:
        link, version = self._uplink(), self._version()
        return replace(
            noted(self._condition) or NOBODY,
            link=_KINDS.get(link.kind, LinkKind.OTHER),
            metered=link.metered,
            signal_percent=link.signal_percent,
            backlog=backlog,
            oldest_s=oldest_s,
            roster_version=version,
            roster_age_s=self._roster_age_s(version),
            certificate_days=self._days_left(),
        )

    def _roster_age_s(self, version: int) -> int | None:
        """Since it changed; None where that was before this process started."""
        now_s = time.monotonic()
        if self._stands is None:
            self._stands = version, float("-inf")
        elif self._stands[0] != version:
            self._stands = version, now_s
        age_s = now_s - self._stands[1]
        return None if age_s == float("inf") else int(age_s)

    def _days_left(self) -> int | None:
        true_s = self._true_s()
        return None if true_s is None else days_left(self._certificate, dt.datetime.fromtimestamp(true_s, dt.UTC))
