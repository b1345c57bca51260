"""What time it is where a terminal stands: by the zone of its office; India's where none is said."""

import datetime as dt
from collections.abc import Sequence
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.intake.timekeeping import IST
from server.ledger.tables import office, terminal

_SLICE = 500


def of_terminals(connection: Connection, some: Sequence[str] | None = None) -> dict[str, dt.tzinfo]:
    """The zone of each of these terminals; None: of every active one."""
    asked = select(terminal.c.id, office.c.timezone).join_from(terminal, office, isouter=True).order_by(terminal.c.id)
    if some is None:
        rows = connection.execute(asked.where(terminal.c.state == "active")).all()
    else:
        slices = (some[start : start + _SLICE] for start in range(0, len(some), _SLICE))
        rows = [row for part in slices for row in connection.execute(asked.where(terminal.c.id.in_(part)))]
    return {row.id: zone(row.timezone or "") for row in rows}


@cache
def zone(name: str) -> dt.tzinfo:
    """By its name in the tz database ("Asia/Kolkata"); one that is not known there is India's."""
    try:
        return ZoneInfo(name) if name and name != "Asia/Kolkata" else IST
    except (KeyError, ValueError, OSError):  # KeyError: ZoneInfoNotFoundError
        return IST
