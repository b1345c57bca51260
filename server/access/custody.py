"""Who holds the portals of an office, whether that is by the rules, and the return on it.

The senior-most official posted at the office holds its portals (R4.2), and no teacher or master ever those of a
district or a zone (R4.3). What was right when it was given becomes wrong by a transfer, so `violations` asks anew each
time. The register has the five columns of the circular (R4.4), is due two days after it is asked for, and is certified
only when nothing in it is against the rules.
"""

import hashlib
import os
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Select, and_, insert, or_, select, update

from server import AccessError
from server.access import trail
from server.access.keys import AccessKeys
from server.access.roles import ROLES, Role
from server.access.scope import Place, Scope, visible
from server.ledger.tables import (
    account,
    account_grant,
    custody_event,
    custody_task,
    designation,
    employee,
    office,
    person,
)
from sync import SealError

DAY_MS = 86_400_000
DUE_MS = 2 * DAY_MS
HEADINGS = (
    "S.No",
    "Name of Office CEO/ZEO",
    "Name of Official entrusted Charge of Biometric/Faceapp",
    "Design.",
    "Mobile No",
)
_ROLES = {"district": Role.DISTRICT_ADMIN, "zone": Role.ZONAL_CUSTODIAN, "office": Role.OFFICE_CUSTODIAN}


@dataclass(frozen=True, slots=True)
class Office:
    id: bytes
    level: str
    name: str
    name_hi: str
    place: Place


class Objection(Enum):
    """Why somebody may not have the custody of an office; `always`: no exception helps."""

    NONE = ("", False)
    NOT_POSTED = ("they are not posted at this office", False)
    NOT_SENIOR = ("somebody senior is posted there; the portal belongs to the senior-most official", False)
    TEACHING = ("a teacher or master may not hold the portal of a district or a zone", True)

    @property
    def text(self) -> str:
        return str(self.value[0])

    @property
    def always(self) -> bool:
        return bool(self.value[1])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the register. Nobody entrusted: the last four are empty."""

    office: str
    office_hi: str
    official: str
    designation: str
    designation_hi: str
    mobile: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A custody in force that is against the rules today."""

    grant: bytes
    account: bytes
    official: str
    office: str
    office_hi: str
    place: Place
    objection: Objection


@dataclass(frozen=True, slots=True)
class Handover:
    """The custody of a place went from one account to another (None: from or to nobody)."""

    place: Place
    came_from: bytes | None
    goes_to: bytes | None
    at_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """A compliance report that was asked for. `overdue` and `reminders` are as of the time of asking."""

    id: bytes
    place: Place
    why: str
    asked_ms: int
    due_ms: int
    done_ms: int | None
    done_by: str

    def overdue(self, now_ms: int) -> bool:
        return self.done_ms is None and now_ms > self.due_ms

    def reminders(self, now_ms: int) -> int:
        """How many should have gone out by now: after a day, when it is due, and every day after that."""
        if self.done_ms is not None or now_ms < self.asked_ms + DAY_MS:
            return 0
        return int((now_ms - self.asked_ms) // DAY_MS)


def office_at(connection: Connection, place: Place) -> Office | None:
    """The office of exactly this place."""
    row = connection.execute(select(office).where(office.c.org == place.org, office.c.path == place.path)).one_or_none()
    return None if row is None else Office(row.id, row.level, row.name, row.name_hi, place)


def root_of(connection: Connection, org: str) -> Place | None:
    """The top of an organisation's tree."""
    path = connection.scalar(select(office.c.path).where(office.c.org == org, office.c.parent.is_(None)))
    return None if path is None else Place(org, path)


def objection(connection: Connection, who: bytes, where: Office) -> Objection:
    """What the rules have against this account as custodian of this office, by who is posted there today."""
    ranks = {row.ref: row for row in connection.execute(_posted(where.id))}
    own = ranks.get(connection.scalar(select(account.c.person).where(account.c.id == who)) or b"")
    if where.level in ("district", "zone") and _teaches(connection, who, where.place.org, own):
        return Objection.TEACHING
    if own is None:
        return Objection.NOT_POSTED
    senior = any(row.rank > own.rank for row in ranks.values())
    return Objection.NOT_SENIOR if senior else Objection.NONE


def note(
    connection: Connection,
    who: str,
    role: Role,
    place: Place,
    came_from: bytes | None,
    goes_to: bytes | None,
    reason: str,
    now_ms: int,
) -> None:
    """Write down that the custody of a place went from one account to another (None: from or to nobody)."""
    row = {"id": os.urandom(8), "org": place.org, "path": place.path, "role": role, "at_ms": now_ms, "by": who}
    values = {**row, "from_account": came_from, "to_account": goes_to, "reason": reason.strip()}
    connection.execute(insert(custody_event).values(**values))


def handovers(connection: Connection, scope: Scope, limit: int = 50) -> list[Handover]:
    """The newest first."""
    e = custody_event.c
    asked = visible(select(custody_event), custody_event, scope).order_by(e.at_ms.desc(), e.id)
    return [
        Handover(Place(row.org, row.path), row.from_account, row.to_account, row.at_ms, row.reason)
        for row in connection.execute(asked.limit(limit))
    ]


def register(connection: Connection, keys: AccessKeys, scope: Scope, now_ms: int) -> list[Line]:
    """Every district and zone in scope with who is entrusted, in the order of the tree (R4.4)."""
    in_charge: dict[tuple[str, str, str], list[Any]] = {}
    for row in connection.execute(_custodies(now_ms)):
        in_charge.setdefault((row.org, row.path, row.role), []).append(row)
    asked = visible(select(office), office, scope).where(office.c.level.in_(("district", "zone")))
    asked = asked.where(office.c.life != "closed").order_by(office.c.org, office.c.path)
    lines = []
    for one in connection.execute(asked):
        found = in_charge.get((one.org, one.path, _ROLES[one.level]), [None])
        lines += [_line(keys, one, row) for row in found]
    return lines


def violations(connection: Connection, scope: Scope, now_ms: int) -> list[Violation]:
    """Every custody in scope that the rules are against today, recorded exceptions apart: must be empty (R4.3)."""
    found = []
    asked = visible(_custodies(now_ms), account_grant, scope)
    for row in connection.execute(asked.order_by(account_grant.c.org, account_grant.c.path)):
        where = office_at(connection, Place(row.org, row.path))
        if where is None:
            continue  # of the whole ledger
        against = objection(connection, row.account, where)
        if against is not Objection.NONE and (against.always or not row.exception):
            found.append(Violation(row.id, row.account, row.name, where.name, where.name_hi, where.place, against))
    return found


def ask(connection: Connection, who: str, place: Place, why: str, now_ms: int) -> bytes:
    """Ask a place for its compliance report, due in two days; returns the task's id. Raises AccessError."""
    if office_at(connection, place) is None:
        raise AccessError("there is no such office")
    if not 3 <= len(why.strip()) <= 500:
        raise AccessError("why: expected 3 to 500 characters")
    task = os.urandom(8)
    row = {"id": task, "org": place.org, "path": place.path, "why": why.strip(), "asked_ms": now_ms}
    values = {**row, "due_ms": now_ms + DUE_MS, "reminded": 0, "done_ms": None, "done_by": ""}
    connection.execute(insert(custody_task).values(**values, violations=None, digest=None))
    trail.add(connection, trail.Entry(who, "ask for custody report", task.hex(), "done", why))
    return task


def tasks(connection: Connection, scope: Scope) -> list[Task]:
    """The reports that were asked for, the newest first."""
    asked = visible(select(custody_task), custody_task, scope).order_by(custody_task.c.asked_ms.desc())
    return [
        Task(row.id, Place(row.org, row.path), row.why, row.asked_ms, row.due_ms, row.done_ms, row.done_by)
        for row in connection.execute(asked)
    ]


def to_remind(connection: Connection, now_ms: int) -> list[Task]:
    """The tasks a reminder is due for now, each counted as reminded."""
    due = []
    for task in tasks(connection, Scope(frozenset(), frozenset({Place("", "")}))):
        told = connection.scalar(select(custody_task.c.reminded).where(custody_task.c.id == task.id)) or 0
        if task.reminders(now_ms) > told:
            values = {"reminded": task.reminders(now_ms)}
            connection.execute(update(custody_task).where(custody_task.c.id == task.id).values(**values))
            due.append(task)
    return due


def certify(connection: Connection, keys: AccessKeys, who: str, scope: Scope, task: bytes, now_ms: int) -> None:
    """Say with one's name that the register of a place is by the rules. Raises AccessError where it is not."""
    one = next((one for one in tasks(connection, scope) if one.id == task and one.done_ms is None), None)
    if one is None:
        raise AccessError("there is no such report to make")
    own = Scope(frozenset(), frozenset({one.place}))
    against = violations(connection, own, now_ms)
    if against:
        raise AccessError(f"{len(against)} custodies are against the rules; hand them over first")
    text = "\n".join("\t".join((x.office, x.official, x.designation)) for x in register(connection, keys, own, now_ms))
    values = {"done_ms": now_ms, "done_by": who, "violations": 0, "digest": hashlib.sha256(text.encode()).digest()}
    connection.execute(update(custody_task).where(custody_task.c.id == task).values(**values))
    trail.add(connection, trail.Entry(who, "certify custody", task.hex()))


def _posted(where: bytes) -> Select[Any]:
    known = and_(designation.c.org == employee.c.org, designation.c.code == employee.c.designation)
    asked = select(person.c.ref, designation.c.rank, designation.c.teaching)
    asked = asked.join_from(person, employee, employee.c.person == person.c.ref).join(designation, known)
    return asked.where(person.c.office == where, person.c.active)


def _teaches(connection: Connection, who: bytes, org: str, own: Any) -> bool:
    """By the post they hold, wherever that is, or by the designation of the account."""
    if own is not None:
        return bool(own.teaching)
    by_post = and_(employee.c.person == account.c.person, designation.c.code == employee.c.designation)
    by_name = designation.c.code == account.c.designation
    asked = select(designation.c.teaching).select_from(account)
    asked = asked.join(employee, employee.c.person == account.c.person, isouter=True)
    asked = asked.join(designation, and_(designation.c.org == org, or_(by_post, by_name)))
    return any(connection.scalars(asked.where(account.c.id == who)))


def _custodies(now_ms: int) -> Select[Any]:
    """With what the account says of its holder, and what is known of them where they are employed."""
    g, known = account_grant.c, designation.c
    asked = select(account_grant, account.c.name, account.c.designation, account.c.mobile)
    asked = asked.add_columns(
        known.name.label("post"), known.name_hi.label("post_hi"), employee.c.mobile.label("own_mobile")
    )
    asked = asked.join_from(account_grant, account)
    asked = asked.join(employee, employee.c.person == account.c.person, isouter=True)
    asked = asked.join(
        designation, and_(known.org == employee.c.org, known.code == employee.c.designation), isouter=True
    )
    asked = asked.where(g.from_ms <= now_ms, or_(g.to_ms.is_(None), g.to_ms > now_ms))
    return asked.where(g.role.in_([role for role, facts in ROLES.items() if facts.custody]))


def _line(keys: AccessKeys, where: Any, row: Any) -> Line:
    if row is None:
        return Line(where.name, where.name_hi, "", "", "", "")
    post = row.post or row.designation
    return Line(where.name, where.name_hi, row.name, post, row.post_hi or post, _mobile(keys, row))


def _mobile(keys: AccessKeys, row: Any) -> str:
    if row.mobile is None:
        return row.own_mobile or ""
    try:
        return keys.open_(row.account, "mobile", row.mobile).decode()
    except SealError:
        return "?"
