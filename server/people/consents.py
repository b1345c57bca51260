"""A person's own word that they take their consent back, and who waits for it to be seen to.

To take it back is to be erased (server.people.erasing), and who serves would vanish from today's returns with it. So
the word is put down with its time, and a nodal officer, before whom it waits, sees to their attendance and erases them.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select, update

from server import PeopleError
from server.access import trail
from server.access.scope import Scope
from server.ledger.store import now_ms
from server.ledger.tables import consent, person
from server.people import service_ledger

STANDS = consent.c.withdrawn_ms.is_(None)
_WAITS = and_(consent.c.asked_ms.is_not(None), STANDS)


def given(connection: Connection, ref: bytes) -> Sequence[Any]:
    """All that a person ever agreed to, in order."""
    return connection.execute(select(consent).where(consent.c.person == ref).order_by(consent.c.given_ms)).all()


def ask_back(connection: Connection, ref: bytes, by: str) -> None:
    """Twice is once. Raises PeopleError when nothing stands that could be taken back."""
    standing = consent.c.person == ref, STANDS
    if connection.scalar(select(consent.c.id).where(*standing).limit(1)) is None:
        raise PeopleError("no consent of yours stands that could be taken back")
    fresh = update(consent).where(*standing, consent.c.asked_ms.is_(None)).values(asked_ms=now_ms())
    if connection.execute(fresh).rowcount:
        trail.add(connection, trail.Entry(by, "ask consent back", ref.hex()))


def keep(connection: Connection, ref: bytes, by: str) -> None:
    """They thought better of it, and nobody has erased them yet."""
    if connection.execute(update(consent).where(consent.c.person == ref, _WAITS).values(asked_ms=None)).rowcount:
        trail.add(connection, trail.Entry(by, "keep consent", ref.hex()))


def waiting(connection: Connection, scope: Scope, limit: int) -> Sequence[Any]:
    """Who in scope has asked: `ref`, `name`, `asked_ms`, the longest first."""
    since = func.min(consent.c.asked_ms)
    asked = _asked(scope, person.c.ref, person.c.name, since.label("asked_ms"))
    asked = asked.group_by(person.c.ref, person.c.name).order_by(since, person.c.ref)
    return connection.execute(asked.limit(limit)).all()


def count(connection: Connection, scope: Scope) -> int:
    """How many people that is."""
    return connection.scalar(_asked(scope, func.count(person.c.ref.distinct()))) or 0


def _asked(scope: Scope, *columns: Any) -> Select[Any]:
    asked = service_ledger.stood_within(select(*columns), scope)
    return asked.join(consent, consent.c.person == person.c.ref).where(_WAITS)
