"""The leave account: what was granted, taken, deducted and given back, in half days; the sum is the balance.

What must stay true here: an entry is never changed; the same cause is entered once; what is given back is a
counter-entry beside what was taken.
"""

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from server.attendance.clock import local_day
from server.attendance.rules import ACCOUNTED
from server.attendance.types import Half
from server.days.punches import IST_MIN
from server.ledger.store import now_ms
from server.ledger.tables import leave_entry
from server.requests import RequestError
from server.requests.kinds import Ask

_BACK = {"taken": "given_back", "deducted": "reversed"}


def grant(
    connection: Connection, ref: bytes, kind: str, halves: int, on: dt.date, why: str, by: str, at_ms: int = 0
) -> None:
    """Credit half days, as a year begins or a post is taken up; `why` names the order. Raises RequestError."""
    if kind not in ACCOUNTED:
        raise RequestError(f"{kind!r} has no account; known: {', '.join(ACCOUNTED)}")
    if not 1 <= halves <= 2000:
        raise RequestError("expected 0.5 to 1000 days")
    if not why.strip():
        raise RequestError("name the order, or the year, that grants the leave")
    _add(connection, ref, kind, halves, on, "granted", why.strip()[:64], by, at_ms or now_ms())


def balances(
    connection: Connection, people: Iterable[bytes], until: dt.date | None = None
) -> dict[bytes, dict[str, int]]:
    """Half days left of each kind, by person; `until`: as of the end of that day."""
    refs = list(people)
    e = leave_entry.c
    asked = select(e.person, e.kind, func.sum(e.halves)).where(e.person.in_(refs)).group_by(e.person, e.kind)
    if until is not None:
        asked = asked.where(e.day <= until.isoformat())
    found: dict[bytes, dict[str, int]] = {ref: {} for ref in refs}
    for ref, kind, halves in connection.execute(asked):
        found[ref][kind] = int(halves)
    return found


def take(connection: Connection, one: Ask, days: Sequence[dt.date], ref: str, by: str, at_ms: int) -> None:
    """Count an approved leave down. Raises RequestError where there is not enough of it."""
    kind = str(one.detail["kind"])
    halves = len(days) * (2 if one.half is Half.FULL else 1)
    if kind not in ACCOUNTED or not halves:
        return
    left = balances(connection, [one.person])[one.person].get(kind, 0)
    if left < halves:
        raise RequestError(
            f"{halves / 2:g} days of {kind} are asked for, {left / 2:g} are left; ask for fewer, or another kind"
        )
    _add(connection, one.person, kind, -halves, one.since, "taken", ref, by, at_ms)


def deduct(connection: Connection, person: bytes, kind: str, halves: int, ref: str, by: str, at_ms: int) -> None:
    """For late coming, once confirmed (R2.3, R2.10)."""
    _add(connection, person, kind, -halves, local_day(at_ms, IST_MIN), "deducted", ref, by, at_ms)


def give_back(connection: Connection, ref: str, by: str, at_ms: int) -> None:
    """The counter-entry of what was taken under a reference; nothing where nothing was, or it was given back."""
    entries = _of(connection, ref)
    done = {(row.person, row.kind, row.why) for row in entries}
    for row in entries:
        why = _BACK.get(row.why)
        if why is not None and (row.person, row.kind, why) not in done:
            _add(connection, row.person, row.kind, -row.halves, dt.date.fromisoformat(row.day), why, ref, by, at_ms)


def account(connection: Connection, ref: bytes) -> Sequence[Any]:
    """Every entry of a person, oldest first."""
    asked = select(leave_entry).where(leave_entry.c.person == ref)
    return connection.execute(asked.order_by(leave_entry.c.at_ms, leave_entry.c.id)).all()


def _of(connection: Connection, ref: str) -> Sequence[Any]:
    return connection.execute(select(leave_entry).where(leave_entry.c.ref == ref)).all()


def _add(
    connection: Connection, person: bytes, kind: str, halves: int, on: dt.date, why: str, ref: str, by: str, at_ms: int
) -> None:
    e = leave_entry.c
    same = select(e.id).where(e.person == person, e.kind == kind, e.why == why, e.ref == ref)
    if connection.scalar(same) is not None:
        return
    row = {"id": os.urandom(8), "person": person, "kind": kind, "halves": halves, "day": on.isoformat(), "why": why}
    connection.execute(insert(leave_entry).values(**row, ref=ref, actor=by, at_ms=at_ms))
