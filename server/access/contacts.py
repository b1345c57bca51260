"""How those who hold a role somewhere are written to: the nearest who hold it, at the office itself or above it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, or_, select

from server.access.keys import AccessKeys
from server.access.roles import Role
from server.access.scope import Place
from server.ledger.tables import account, account_grant, employee
from server.people.messages import Channel
from sync import SealError


@dataclass(frozen=True, slots=True)
class Contact:
    """An address; it stands in no log line."""

    channel: Channel
    to: str = field(repr=False)


def of(connection: Connection, keys: AccessKeys, roles: Iterable[Role], place: Place, now_ms: int) -> list[Contact]:
    """Of each role those whose place is the nearest to this one; by e-mail where an employee has an address, else by
    SMS. Empty: nobody holds one, or nobody of them can be written to."""
    g = account_grant.c
    asked = select(g.role, g.org, g.path, account.c.id, account.c.mobile, employee.c.email)
    asked = asked.join_from(account_grant, account, g.account == account.c.id)
    asked = asked.join(employee, employee.c.person == account.c.person, isouter=True)
    asked = asked.where(g.role.in_(list(roles)), g.org.in_(("", place.org)), account.c.state != "disabled")
    asked = asked.where(g.from_ms <= now_ms, or_(g.to_ms.is_(None), g.to_ms > now_ms))
    nearest: dict[str, tuple[int, list[Contact]]] = {}
    for row in connection.execute(asked.order_by(g.from_ms, g.id)):
        contact = _contact(keys, row.id, row.email, row.mobile)
        if contact is None or not Place(row.org, row.path).holds(place.org, place.path):
            continue
        near, found = nearest.get(row.role, (-1, []))
        if len(row.path) > near:
            nearest[row.role] = len(row.path), [contact]
        elif len(row.path) == near:
            found.append(contact)
    return list(dict.fromkeys(one for _, found in nearest.values() for one in found))


def _contact(keys: AccessKeys, who: bytes, email: str | None, mobile: bytes | None) -> Contact | None:
    if email:
        return Contact(Channel.EMAIL, email)
    if mobile is None:
        return None
    try:
        return Contact(Channel.SMS, keys.open_(who, "mobile", mobile).decode())
    except SealError:
        return None
