"""What the looks at the fleet did, for metrics: counters in the ledger, since the pages are answered elsewhere."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from server.ledger.store import upsert
from server.ledger.tables import counter

_TICKS, _FAILURES, _LAST = "fleet/ticks", "fleet/failures", "fleet/last"
_STEP = "fleet/step/"
_US = 1_000_000


@dataclass
class Pulse:
    """Since the start of the process that looks. `seconds`: of each step of the last look."""

    ticks: int = 0
    failures: int = 0
    last_ms: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def save(connection: Connection, pulse: Pulse) -> None:
    values = {_TICKS: pulse.ticks, _FAILURES: pulse.failures, _LAST: pulse.last_ms}
    values |= {_STEP + step: round(seconds * _US) for step, seconds in pulse.seconds.items()}
    for name, value in values.items():
        upsert(connection, counter, {"name": name, "value": value}, "value")


def load(connection: Connection) -> Pulse:
    """As it was saved last; all zero before the first time."""
    c = counter.c
    asked = select(c.name, c.value).where(c.name.in_([_TICKS, _FAILURES, _LAST]) | c.name.startswith(_STEP))
    found = {row.name: row.value for row in connection.execute(asked)}
    steps = {name.removeprefix(_STEP): value / _US for name, value in found.items() if name.startswith(_STEP)}
    return Pulse(found.get(_TICKS, 0), found.get(_FAILURES, 0), found.get(_LAST, 0), steps)
