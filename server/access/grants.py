"""Who holds which role where, and since when. A grant is never changed or deleted: it ends, and another begins.

Whoever gives or ends one must hold a role that may (server/access/roles.GIVES) at that place or above it. An office's
custody has one holder: giving it to somebody ends the other's, and the handover is an event of its own (R4.2).
"""

import os
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from server import AccessError
from server.access import custody, trail
from server.access.roles import APART, GIVES, ROLES, Role
from server.access.scope import EVERYWHERE, Place
from server.ledger.tables import account, account_grant, account_session

COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Held:
    """One grant in force (or to come)."""

    id: bytes
    account: bytes
    role: Role
    place: Place
    from_ms: int
    to_ms: int | None
    given_by: str
    reason: str
    exception: str


@dataclass(frozen=True, slots=True)
class Giver:
    """Who gives: the name for the record, and what they hold. The command line holds everything everywhere."""

    who: str
    held: tuple[Held, ...] = ()
    command: bool = False

    def may(self, role: Role, place: Place) -> bool:
        if self.command:
            return True
        return any(role in GIVES.get(one.role, ()) and one.place.holds(place.org, place.path) for one in self.held)

    @property
    def may_except(self) -> bool:
        """An exception from R4.2 is the state's to make."""
        return self.command or any(one.role is Role.STATE_ADMIN for one in self.held)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be given: `to_ms` None is without end."""

    account: bytes
    role: Role
    place: Place
    reason: str
    from_ms: int
    to_ms: int | None = None
    exception: str = ""


def held(connection: Connection, who: bytes, now_ms: int) -> list[Held]:
    """What an account holds now."""
    return [one for one in of(connection, who) if one.from_ms <= now_ms and (one.to_ms is None or now_ms < one.to_ms)]


def of(connection: Connection, who: bytes) -> list[Held]:
    """Everything an account ever held or is to hold, in the order of its beginning."""
    asked = select(account_grant).where(account_grant.c.account == who)
    return [_held(row) for row in connection.execute(asked.order_by(account_grant.c.from_ms, account_grant.c.id))]


def holders(connection: Connection, role: Role, place: Place, now_ms: int) -> list[Held]:
    """Who holds a role at exactly this place now."""
    g = account_grant.c
    asked = select(account_grant).where(g.role == role, g.org == place.org, g.path == place.path, g.from_ms <= now_ms)
    asked = asked.where(or_(g.to_ms.is_(None), g.to_ms > now_ms)).order_by(g.from_ms, g.id)
    return [_held(row) for row in connection.execute(asked)]


def give(connection: Connection, giver: Giver, wish: Wish, now_ms: int) -> bytes:
    """Give a role; returns the grant's id. Raises AccessError with the rule that is against it."""
    _check(connection, giver, wish, now_ms)
    grant = os.urandom(8)
    if ROLES[wish.role].custody and wish.place != EVERYWHERE:
        _hand_over(connection, giver, wish, now_ms)
    row = {
        "id": grant,
        "account": wish.account,
        "role": wish.role,
        "org": wish.place.org,
        "path": wish.place.path,
        "from_ms": wish.from_ms,
        "to_ms": wish.to_ms,
        "given_by": giver.who,
        "reason": wish.reason.strip(),
        "exception": wish.exception.strip(),
        "ended_by": "",
        "ended_reason": "",
    }
    connection.execute(insert(account_grant).values(**row))
    _begin_anew(connection, wish.account)
    place = f"{wish.role} {wish.place.org}{wish.place.path}"
    trail.add(connection, trail.Entry(giver.who, "give role", wish.account.hex(), "done", f"{place}: {wish.reason}"))
    return grant


def end(connection: Connection, giver: Giver, grant: bytes, reason: str, now_ms: int) -> None:
    """End a grant now. Raises AccessError; also where the giver may not see it, in the same words."""
    row = connection.execute(select(account_grant).where(account_grant.c.id == grant)).one_or_none()
    one = None if row is None else _held(row)
    if one is None or (one.to_ms is not None and one.to_ms <= now_ms) or not giver.may(one.role, one.place):
        raise AccessError("there is no such grant in force")
    if not reason.strip():
        raise AccessError("reason: say why it ends")
    _end(connection, giver.who, one, reason, now_ms)
    if ROLES[one.role].custody and one.place != EVERYWHERE:
        custody.note(connection, giver.who, one.role, one.place, one.account, None, reason, now_ms)


def end_all(connection: Connection, who: str, of: bytes, reason: str, now_ms: int) -> list[Held]:
    """End everything an account holds, by an order and not by anybody's will; returns what it held."""
    mine = held(connection, of, now_ms)
    for one in mine:
        _end(connection, who, one, reason, now_ms)
        if ROLES[one.role].custody and one.place != EVERYWHERE:
            custody.note(connection, who, one.role, one.place, one.account, None, reason, now_ms)
    return mine


def _check(connection: Connection, giver: Giver, wish: Wish, now_ms: int) -> None:
    facts = ROLES[wish.role]
    if connection.scalar(select(account.c.id).where(account.c.id == wish.account)) is None:
        raise AccessError("there is no such account")
    if not facts.levels or not giver.may(wish.role, wish.place):
        raise AccessError(f"{facts.en}: not yours to give here")
    if not 3 <= len(wish.reason.strip()) <= 500:
        raise AccessError("reason: say why, in 3 to 500 characters (an order's number and date)")
    if wish.to_ms is not None and wish.to_ms <= max(wish.from_ms, now_ms):
        raise AccessError("until: is before it begins")
    mine = held(connection, wish.account, now_ms)
    if any(one.role is wish.role and one.place == wish.place for one in mine):
        raise AccessError(f"{facts.en}: they hold it here already")
    for some, others in (APART, APART[::-1]):
        if wish.role in some and any(one.role in others for one in mine):
            raise AccessError(f"{facts.en}: whoever watches does not do; end the other role first")
    if wish.place == EVERYWHERE:
        if not giver.command and not any(one.place == EVERYWHERE for one in giver.held):
            raise AccessError("the whole ledger is given on the command line alone")
        return
    office = custody.office_at(connection, wish.place)
    if office is None:
        raise AccessError("there is no such office")
    if office.level not in facts.levels:
        raise AccessError(f"{facts.en}: is not held at a {office.level}, but at: {', '.join(sorted(facts.levels))}")
    if facts.custody:
        _check_custody(connection, giver, wish, office)


def _check_custody(connection: Connection, giver: Giver, wish: Wish, office: custody.Office) -> None:
    against = custody.objection(connection, wish.account, office)
    if against is custody.Objection.NONE:
        return
    if against.always:
        raise AccessError(against.text)
    if not wish.exception.strip():
        raise AccessError(f"{against.text}; the state may record an exception with its reason")
    if not giver.may_except:
        raise AccessError("an exception from the rule of seniority is the state's to make")


def _hand_over(connection: Connection, giver: Giver, wish: Wish, now_ms: int) -> None:
    before = [one for one in holders(connection, wish.role, wish.place, now_ms) if one.account != wish.account]
    for one in before:
        _end(connection, giver.who, one, f"handed over: {wish.reason}", now_ms)
    came_from = before[-1].account if before else None
    custody.note(connection, giver.who, wish.role, wish.place, came_from, wish.account, wish.reason, now_ms)


def _end(connection: Connection, who: str, one: Held, reason: str, now_ms: int) -> None:
    values = {"to_ms": max(now_ms, one.from_ms), "ended_by": who, "ended_reason": reason.strip()[:500]}
    connection.execute(update(account_grant).where(account_grant.c.id == one.id).values(**values))
    _begin_anew(connection, one.account)
    place = f"{one.role} {one.place.org}{one.place.path}"
    trail.add(connection, trail.Entry(who, "end role", one.account.hex(), "done", f"{place}: {reason}"))


def _begin_anew(connection: Connection, who: bytes) -> None:
    """What one may do has changed: every session of theirs ends, and the next log-in begins with the new roles."""
    connection.execute(account_session.delete().where(account_session.c.account == who))


def _held(r: Any) -> Held:
    return Held(
        id=r.id,
        account=r.account,
        role=Role(r.role),
        place=Place(r.org, r.path),
        from_ms=r.from_ms,
        to_ms=r.to_ms,
        given_by=r.given_by,
        reason=r.reason,
        exception=r.exception,
    )
