"""A terminal's standing, step by step, each with who, when and why.

pending ──▶ active ◀──▶ quarantined        kept aside, not believed: its records wait there and here
   │           │             │
   └──▶ revoked ◀────────────┘             its keys are no longer good (S8); only new ones bring it back
               │
            retired                        taken out of use on purpose; for good
"""

import os
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from server import FleetError
from server.ledger.tables import terminal, terminal_event


class State(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    REVOKED = "revoked"
    RETIRED = "retired"


STEPS = {
    State.PENDING: {State.ACTIVE, State.REVOKED},
    State.ACTIVE: {State.QUARANTINED, State.REVOKED, State.RETIRED},
    State.QUARANTINED: {State.ACTIVE, State.REVOKED, State.RETIRED},
    State.REVOKED: {State.RETIRED},
    State.RETIRED: set(),
}


@dataclass(frozen=True, slots=True)
class Noted:
    """One entry of a terminal's history."""

    at_ms: int
    what: str
    was: str
    became: str
    by: str
    why: str


def change(connection: Connection, one: str, to: State, by: str, why: str, now_ms: int) -> State:
    """Take the step; the state before is returned, and the same state again is no step. Raises FleetError."""
    asked = select(terminal.c.state).where(terminal.c.id == one).with_for_update()
    was = connection.scalars(asked).one_or_none()
    if was is None:
        raise FleetError(f"{one}: no such terminal; `hazri-server terminals` lists them")
    before = State(was)
    if to is before:
        return before
    if to not in STEPS[before]:
        may = ", ".join(sorted(STEPS[before])) or "nothing: it is out of use for good"
        raise FleetError(f"{one}: it is {before}, and from there may become {may}")
    if not why.strip():
        raise FleetError(f"{one}: say why it becomes {to}: whoever looks at its history will ask")
    connection.execute(update(terminal).where(terminal.c.id == one).values(state=str(to)))
    note(connection, one, "state", before, to, by, why, now_ms)
    return before


def note(connection: Connection, one: str, what: str, was: str, became: str, by: str, why: str, now_ms: int) -> None:
    """Add to a terminal's history."""
    values = {"id": os.urandom(8), "terminal": one, "at_ms": now_ms, "what": what}
    values |= {"was": str(was), "became": str(became), "by": by[:200], "why": why[:500]}
    connection.execute(insert(terminal_event).values(**values))


def history(connection: Connection, one: str, limit: int = 200) -> list[Noted]:
    """The newest entries, newest first."""
    e = terminal_event.c
    asked = select(terminal_event).where(e.terminal == one).order_by(e.at_ms.desc(), e.id).limit(limit)
    return [Noted(row.at_ms, row.what, row.was, row.became, row.by, row.why) for row in connection.execute(asked)]
