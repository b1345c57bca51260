"""Fault tickets: mended within a week, or the district hears of it (R2.6). Pure: the clock is passed in.

Day 1 is the first 24 hours from the first detection. So day 3 begins after 48 hours, day 5 after 96, and what is
mended at the very end of day 7 is in time; day 8 is the breach. A ticket is closed by evidence alone: a self-test
that was passed, or for a person a successful match, in either case after it was opened.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sync.health import Health, SensorKind, SensorState, Serving, Verdict

DAY_MS = 24 * 3_600_000
DUE_MS = 7 * DAY_MS
REPEATED, REPEATED_IN_MS = 3, 7 * DAY_MS


class Notice(StrEnum):
    REMIND_3 = "remind-3"
    REMIND_5 = "remind-5"
    BREACH = "breach"


@dataclass(frozen=True, slots=True)
class Ticket:
    """`person` None: it is the device that is at fault."""

    id: bytes
    terminal: str
    person: bytes | None
    kind: str
    detail: str
    opened_ms: int
    acked_ms: int | None = None
    acked_by: str | None = None
    closed_ms: int | None = None
    evidence: str = ""

    @property
    def due_ms(self) -> int:
        return self.opened_ms + DUE_MS

    def day(self, now_ms: int) -> int:
        """Which day of its life it is, from 1."""
        return (now_ms - self.opened_ms) // DAY_MS + 1

    def breached(self, now_ms: int) -> bool:
        """Was it, or is it, open on day 8?"""
        return (now_ms if self.closed_ms is None else self.closed_ms) > self.due_ms


def notices(ticket: Ticket, now_ms: int) -> Iterator[Notice]:
    """All that should have been said of an open ticket by now, however long nobody looked."""
    if ticket.closed_ms is not None:
        return
    if now_ms >= ticket.opened_ms + 2 * DAY_MS:
        yield Notice.REMIND_3
    if now_ms >= ticket.opened_ms + 4 * DAY_MS:
        yield Notice.REMIND_5
    if ticket.breached(now_ms):
        yield Notice.BREACH


def passed(health: Health) -> bool:
    """Did the last self-test find every device that takes punches in order, and could somebody punch now?

    A device that was never tried has passed nothing.
    """
    takers = [s for s in health.sensors if s.kind in (SensorKind.FINGER, SensorKind.FACE, SensorKind.MACHINE)]
    fine = all(s.state is SensorState.HERE and s.verdict is Verdict.FINE for s in takers)
    return bool(takers) and fine and health.serving is Serving.SERVING


def repeated(rejections_ms: Sequence[int], now_ms: int) -> bool:
    """Was one person refused so often within a week that it is no accident (S1)?"""
    return sum(now_ms - REPEATED_IN_MS < at_ms <= now_ms for at_ms in rejections_ms) >= REPEATED
