"""What was left undone too long goes up: an unsent return, and deductions no Section Officer has decided (R2.10)."""

import datetime as dt
import logging
from collections import Counter

from sqlalchemy import Connection, func, select

from server.access import contacts
from server.access.contacts import Contact
from server.access.keys import AccessKeys
from server.access.roles import Role
from server.access.scope import Place
from server.attendance.deductions import confirm_by
from server.days import places
from server.ledger.tables import deduction_line, office, person
from server.people.days import day_of
from server.people.messages import Message, queue
from server.trust.vault import Vault

log = logging.getLogger("hazri.returns")

ABOVE = (Role.ADMINISTRATION_WING, Role.DISTRICT_ADMIN)
TOP = (Role.ADMINISTRATION_WING, Role.STATE_ADMIN)


def above(connection: Connection, vault: Vault, org: str, now_ms: int) -> list[Contact]:
    """Those who stand above the whole organisation."""
    asked = select(office.c.path).where(office.c.org == org, office.c.parent.is_(None)).order_by(office.c.path)
    keys = AccessKeys(vault.key)
    found = (contacts.of(connection, keys, TOP, Place(org, path), now_ms) for path in connection.scalars(asked))
    return list(dict.fromkeys(one for some in found for one in some))


def undecided(connection: Connection, org: str, month: str, today: dt.date) -> Counter[str]:
    """How many deductions of a month still stand proposed after their day, by the path of the office."""
    d = deduction_line.c
    last = select(d.person, d.ordinal, func.max(d.turn).label("turn")).where(d.month == month)
    last_of = last.group_by(d.person, d.ordinal).subquery()
    asked = select(office.c.path).select_from(deduction_line)
    asked = asked.join(
        last_of, (d.person == last_of.c.person) & (d.ordinal == last_of.c.ordinal) & (d.turn == last_of.c.turn)
    )
    asked = asked.join(person, person.c.ref == d.person).join(office, office.c.id == person.c.office)
    rows = connection.scalars(asked.where(d.month == month, d.move == "propose", office.c.org == org)).all()
    rules = places.read(connection)
    first = dt.date.fromisoformat(f"{month}-01")
    found: Counter[str] = Counter()
    for path, n in Counter(rows).items():
        rule = rules.policies[rules.policy(org, path, first)].at(first).deduction
        if rule is not None and today > confirm_by(month, rule):
            found[path] = n
    return found


def tell(connection: Connection, vault: Vault, org: str, month: str, now_ms: int) -> int:
    """Write to the officers above each office; each gets one message. Returns how many were written to."""
    by_contact: Counter[Contact] = Counter()
    keys = AccessKeys(vault.key)
    waiting = undecided(connection, org, month, day_of(now_ms))
    for path, n in waiting.items():
        for contact in contacts.of(connection, keys, ABOVE, Place(org, path), now_ms):
            by_contact[contact] += n
    for contact, n in by_contact.items():
        text = (
            f"{n} deductions of leave of {month} were not decided in time by the Section Officers below you.\n"
            f"{month} की {n} अवकाश कटौतियों पर आपके अधीन अनुभाग अधिकारियों ने समय पर निर्णय नहीं किया।"
        )
        subject = f"Deductions of {month} / कटौतियाँ {month}"
        queue(connection, vault, Message(contact.channel, contact.to, subject, text))
    if waiting:
        log.warning("deductions org=%s month=%s state=overdue count=%d", org, month, waiting.total())
    return len(by_contact)
