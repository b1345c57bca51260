"""An alarm's life: raised after two failing looks, acknowledged by a person, closed when the terminal is well. Pure.

   well ──fails──▶ doubted ──fails again──▶ OPEN, page ──well──▶ closed
                      │                       ▲                   │
                      └──well: nothing was    └──fails within an hour: opened again, not paged again

What must stay true here: looking twice in one minute is looking once, so a tick may be repeated; and nobody is paged
twice for one alarm. One that came back must have been well for half an hour before it is over (flapping).

The `alarm` table holds what records told, for ever and unchanged: evidence. Its rows open incidents, too; those are
closed by a person, because a record does not become untrue.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum

from server.fleet.conditions import Finding, Level

LOOK_MS = 60_000
PAGE_AFTER = 2
REOPEN_MS = 3_600_000
SETTLE_MS = 1_800_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How one rule stands at one terminal. `bad`: looks in a row that found it failing, counted up to PAGE_AFTER."""

    level: Level
    bad: int
    since_ms: int
    looked_ms: int
    detail: str


@dataclass(frozen=True, slots=True)
class Incident:
    """The newest alarm of one kind at one terminal."""

    id: bytes
    times: int
    closed_ms: int | None


class Act(Enum):
    NOTHING = 0
    OPEN = 1
    REOPEN = 2
    CLOSE = 3


def step(before: Standing | None, found: Finding | None, now_ms: int) -> Standing | None:
    """One look. None: it is well, and was."""
    if before is None:
        return None if found is None else _begun(found.level, found.detail, now_ms)
    level, detail = (found.level, found.detail) if found else (Level.OK, before.detail)
    if level is not before.level:
        return _begun(level, detail, now_ms)
    if level is Level.FAIL and before.bad < PAGE_AFTER and now_ms - before.looked_ms >= LOOK_MS:
        return Standing(level, before.bad + 1, before.since_ms, now_ms, detail)
    return before


def act(standing: Standing | None, last: Incident | None, now_ms: int) -> Act:
    """What follows for the alarm."""
    failing = standing is not None and standing.level is Level.FAIL
    if last is not None and last.closed_ms is None:
        settle_ms = SETTLE_MS if last.times else 0
        well_ms = now_ms - standing.since_ms if standing else settle_ms
        return Act.CLOSE if not failing and well_ms >= settle_ms else Act.NOTHING
    if standing is None or not failing or standing.bad < PAGE_AFTER:
        return Act.NOTHING
    back = last is not None and last.closed_ms is not None and now_ms - last.closed_ms < REOPEN_MS
    return Act.REOPEN if back else Act.OPEN


def _begun(level: Level, detail: str, now_ms: int) -> Standing:
    return Standing(level, int(level is Level.FAIL), now_ms, now_ms, detail)


def incident_id(terminal: str, kind: str, ref: str) -> bytes:
    """The same for the same alarm, so that it is opened once however often that is tried."""
    return hashlib.sha256(f"{terminal}\0{kind}\0{ref}".encode()).digest()[:8]
