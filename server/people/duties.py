"""What the people of an office are reminded of in the morning: nothing here changes a record, it only writes to them.

    every day      compliance reports that are due (R4.4); punches of strangers that no match settled in three days (S6)
    on Mondays     sections whose people are not all registered and enrolled (R1.17)
    on the first   orders of the month before that were entered after they had been issued (R6.4)

What must stay true here: a day's round is noted in the transaction that queues its messages, so it is made once; days
on which this server was off are made up for by one round.
"""

import datetime as dt
import logging
from collections import Counter

from sqlalchemy import Connection, func, select

from server.access import contacts, custody
from server.access.keys import AccessKeys
from server.access.roles import ROLES, Role
from server.access.scope import Place
from server.ledger.store import Ledger, upsert
from server.ledger.tables import counter, office, org, provisional, terminal
from server.people import coverage, service_ledger, words
from server.people import provisional as strangers
from server.people.days import day_of
from server.people.messages import Message, queue
from server.trust.vault import Vault

log = logging.getLogger("hazri.people")

MARK = "people duties"
_MORNING_MS = 9 * 3_600_000
_CUSTODIANS = tuple(role for role, facts in ROLES.items() if facts.custody)


def tick(ledger: Ledger, vault: Vault, now_ms: int) -> Counter[str]:
    """Make the round that is due; returns how many messages of each kind it queued. To be called every few minutes."""
    today = day_of(now_ms - _MORNING_MS)
    with ledger.write() as connection:
        value: int | None = connection.scalar(select(counter.c.value).where(counter.c.name == MARK))
        before = dt.date.fromordinal(value) if value else today - dt.timedelta(days=1)
        if before >= today:
            return Counter()
        upsert(connection, counter, {"name": MARK, "value": today.toordinal()}, "value")
        told = Counter(custody=_custody(connection, vault, now_ms), strangers=_strangers(connection, vault, now_ms))
        orgs = list(connection.scalars(select(org.c.slug).where(org.c.state == "active").order_by(org.c.slug)))
        if before.isocalendar()[:2] != today.isocalendar()[:2]:
            told["coverage"] = sum(coverage.remind(connection, vault, one, today) for one in orgs)
        if (before.year, before.month) != (today.year, today.month):
            month = today.replace(day=1) - dt.timedelta(days=1)
            told["late orders"] = sum(_late(connection, vault, one, month, now_ms) for one in orgs)
    if told.total():
        log.info("duties day=%s %s", today, " ".join(f"{what.replace(' ', '_')}={n}" for what, n in told.items() if n))
    return told


def _custody(connection: Connection, vault: Vault, now_ms: int) -> int:
    names = select(office.c.name)
    written = 0
    for task in custody.to_remind(connection, now_ms):
        name = connection.scalar(names.where(office.c.org == task.place.org, office.c.path == task.place.path)) or ""
        told = words.custody_message(name, day_of(task.due_ms), overdue=task.overdue(now_ms))
        written += _tell(connection, vault, _CUSTODIANS, task.place, told, now_ms)
    return written


def _strangers(connection: Connection, vault: Vault, now_ms: int) -> int:
    """Those that are given to the nodal officers now."""
    p, t = provisional.c, terminal.c
    asked = select(office.c.org, office.c.path, office.c.name, func.count().label("n"))
    asked = asked.join_from(provisional, terminal, p.terminal == t.id).join(office, t.office == office.c.id)
    asked = asked.where(p.state == strangers.Standing.OPEN, p.known_ms < now_ms - strangers.REFER_MS)
    rows = connection.execute(asked.group_by(office.c.org, office.c.path, office.c.name)).all()
    strangers.refer(connection, now_ms)
    return sum(
        _tell(connection, vault, (Role.NODAL_OFFICER,), Place(row.org, row.path), told, now_ms)
        for row in rows
        for told in [words.strangers_message(row.n, row.name)]
    )


def _late(connection: Connection, vault: Vault, one: str, month: dt.date, now_ms: int) -> int:
    late = len(service_ledger.irregular(connection, one, month))
    root = custody.root_of(connection, one)
    if not late or root is None:
        return 0
    told = words.late_orders_message(late, month.strftime("%m-%Y"))
    return _tell(connection, vault, (Role.STATE_ADMIN, Role.DISTRICT_ADMIN), root, told, now_ms)


def _tell(
    connection: Connection, vault: Vault, roles: tuple[Role, ...], place: Place, told: tuple[str, str], now_ms: int
) -> int:
    found = contacts.of(connection, AccessKeys(vault.key), roles, place, now_ms)
    for one in found:
        queue(connection, vault, Message(one.channel, one.to, *told))
    return len(found)
