"""What becomes of the roles of somebody whose service changes (R4.2, R6.1, R6.7).

Relieved, gone or deceased: they end. Suspended: they end until reinstatement, which gives them again. Posted elsewhere
or promoted: a custody that the rules are now against is asked about, by a compliance report due in two days.

What must stay true here: all of it follows from how the person stands, so that it may be asked again and again.
"""

import os
from typing import Any

from sqlalchemy import Connection, insert, select

from server.access import custody, grants, trail
from server.access.grants import Held
from server.access.roles import ROLES
from server.access.scope import EVERYWHERE, Place
from server.ledger.tables import account, account_grant, custody_task
from server.people.service import Service, Standing

WHO = "service ledger"
SUSPENDED = "suspended"


def follow(connection: Connection, ref: bytes, standing: Standing, at_ms: int, *, reinstated: bool) -> list[bytes]:
    """Bring the roles of a person to how they stand; returns the compliance reports that were asked for by it.
    `reinstated`: by their last order that gave or took roles."""
    who: bytes | None = connection.scalar(select(account.c.id).where(account.c.person == ref))
    if who is None:
        return []
    if standing.service is Service.SERVING and standing.posted is not None:
        if reinstated:
            _give_again(connection, who, at_ms)
        return [task for one in grants.held(connection, who, at_ms) if (task := _recheck(connection, one, at_ms))]
    if standing.service is Service.AWAITED:
        return []
    why = {Service.SUSPENDED: SUSPENDED, Service.SERVING: "relieved"}.get(standing.service, standing.service.value)
    ended = grants.end_all(connection, WHO, who, why, at_ms)
    asked = [_ask(connection, one, f"its custodian was {why}", at_ms) for one in ended if _custody(one)]
    return [task for task in asked if task]


def _recheck(connection: Connection, one: Held, at_ms: int) -> bytes | None:
    where = custody.office_at(connection, one.place) if _custody(one) else None
    if where is None:
        return None
    against = custody.objection(connection, one.account, where)
    if against is custody.Objection.NONE or (one.exception and not against.always):
        return None
    return _ask(connection, one, f"of its custodian: {against.text}", at_ms)


def _ask(connection: Connection, one: Held, why: str, at_ms: int) -> bytes | None:
    """Once: a report that is still to be made is about this, too."""
    t = custody_task.c
    waits = select(t.id).where(t.org == one.place.org, t.path == one.place.path, t.done_ms.is_(None)).limit(1)
    if connection.scalar(waits) is not None or custody.office_at(connection, one.place) is None:
        return None
    return custody.ask(connection, WHO, one.place, why, at_ms)


def _give_again(connection: Connection, who: bytes, at_ms: int) -> None:
    """What a suspension ended, unless it was given since, or a custody has somebody else now."""
    g = account_grant.c
    asked = select(account_grant).where(g.account == who, g.ended_by == WHO, g.ended_reason == SUSPENDED)
    newest = {(row.role, row.org, row.path): row for row in connection.execute(asked.order_by(g.to_ms))}
    for row in newest.values():
        same = select(g.id).where(g.role == row.role, g.org == row.org, g.path == row.path, g.id != row.id)
        others = same.where(g.to_ms.is_(None) | (g.to_ms > at_ms))
        mine = same.where(g.account == who, g.from_ms >= row.to_ms)
        taken = connection.scalar(others.limit(1)) is not None and ROLES[row.role].custody
        if not taken and connection.scalar(mine.limit(1)) is None:
            _give(connection, row, at_ms)


def _give(connection: Connection, row: Any, at_ms: int) -> None:
    values = dict(row._mapping) | {"id": os.urandom(8), "from_ms": at_ms, "to_ms": None, "given_by": WHO}
    values |= {"reason": "reinstated", "ended_by": "", "ended_reason": ""}
    connection.execute(insert(account_grant).values(**values))
    place = Place(row.org, row.path)
    if ROLES[row.role].custody and place != EVERYWHERE:
        custody.note(connection, WHO, row.role, place, None, row.account, "reinstated", at_ms)
    what = f"{row.role} {row.org}{row.path}: reinstated"
    trail.add(connection, trail.Entry(WHO, "give role", row.account.hex(), "done", what))


def _custody(one: Held) -> bool:
    return ROLES[one.role].custody and one.place != EVERYWHERE
