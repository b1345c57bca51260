"""Whose days are to be folded again. Called in the transaction of whatever changes them: an order, a leave, a holiday.

Punches need no call: the folding follows the ledger's own numbers (server.days.punches), so ingest carries nothing.
"""

import datetime as dt
import os
from collections.abc import Iterable

from sqlalchemy import Connection, or_, select, union
from sqlalchemy.dialects import postgresql, sqlite

from server.ledger.tables import attendance_due, counter, employee, office, person, service_event

BEGUN = "days begun"
_STAMP_BYTES = 8


def mark(connection: Connection, people: Iterable[bytes], first: dt.date, last: dt.date) -> None:
    """Fold these people's days again, from `first` to `last`, both included."""
    days = {"first_day": first.isoformat(), "last_day": last.isoformat()}
    rows = [{"person": one, **days, "stamp": os.urandom(_STAMP_BYTES)} for one in people]
    if not rows:
        return
    of_dialect = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = of_dialect(attendance_due)
    key = list(attendance_due.primary_key.columns)
    again = {"stamp": statement.excluded["stamp"]}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=again), rows)


def mark_place(connection: Connection, org: str, path: str, first: dt.date, last: dt.date) -> int:
    """The same for everybody who is, or ever was, posted at or below a place; returns how many they are."""
    found = people_of(connection, org, path)
    begun = connection.scalar(select(counter.c.value).where(counter.c.name == BEGUN))
    if begun is not None:  # an order of long ago says nothing of days before anybody could punch
        first = max(first, dt.date.fromordinal(begun))
        if last < first:
            return 0
    mark(connection, found, first, last)
    return len(found)


def people_of(connection: Connection, org: str, path: str) -> list[bytes]:
    """Whoever may have a day at or below a place: more than have, never fewer. Two empty texts: everybody."""
    here = select(office.c.id)
    if org:
        here = here.where(office.c.org == org, office.c.path.startswith(path, autoescape=True))
    came = select(service_event.c.person).where(
        or_(service_event.c.to_office.in_(here), service_event.c.from_office.in_(here))
    )
    base = select(employee.c.person).where(employee.c.base_office.in_(here))
    return sorted(connection.scalars(union(select(person.c.ref).where(person.c.office.in_(here)), base, came)))
