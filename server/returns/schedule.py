"""What falls due by itself: deductions proposed when a month is over, returns to be sent, slips for those that were.

The latecomers' return is made from day 1, due on day 7, and an alarm goes out from day 5 on while it is unsent (R2.5).
After that day it goes to whoever stands above: every day, until it is sent. Deductions that a Section Officer has left
open beyond the policy's day go to the next officers above once a day (R2.10).
"""

import datetime as dt
import logging
from dataclasses import dataclass

from sqlalchemy import Connection, select

from server.access.contacts import Contact
from server.attendance import AttendanceError
from server.attendance.clock import days_of, month_of
from server.ledger.store import Ledger, upsert
from server.ledger.tables import counter, org, org_setting, report
from server.people.days import day_of, start_ms
from server.people.messages import Channel, Message, queue
from server.requests import RequestError, deduct
from server.returns import overdue, sent
from server.returns.late import late_people
from server.trust.vault import Vault

log = logging.getLogger("hazri.returns")

NAME = "latecomers"
ALARM_DAY, DUE_DAY = 5, 7
AMENDED_DAYS = 100
"""For how long after it was sent a report is looked at by itself; `amend` may be asked for at any time."""
_AGAIN_MS = 3_600_000
_READY_HOURS = 13  # of day 1: the last night duty of the month is over
_A_GROUP = 200


@dataclass(frozen=True, slots=True)
class Due:
    """A return of a month, and how far it is. `alarm`: it is to be sent, and time runs out; `late`: it has run out."""

    org: str
    name: str
    month: str
    due_on: dt.date
    sent_ms: int | None
    alarm: bool
    late: bool = False


def due(connection: Connection, now_ms: int) -> list[Due]:
    """What every organisation is to send of the month that ended last."""
    today = day_of(now_ms)
    month = month_of(today.replace(day=1) - dt.timedelta(days=1))
    found = []
    for slug in connection.scalars(select(org.c.slug).where(org.c.state == "active").order_by(org.c.slug)):
        r = report.c
        asked = select(r.sent_ms).where(r.org == slug, r.name == NAME, r.month == month).order_by(r.version).limit(1)
        sent_ms = connection.scalar(asked)
        alarm = sent_ms is None and today.day >= ALARM_DAY
        late = sent_ms is None and today.day > DUE_DAY
        found.append(Due(slug, NAME, month, today.replace(day=DUE_DAY), sent_ms, alarm, late))
    return found


def tick(ledger: Ledger, vault: Vault, now_ms: int) -> None:
    """To be called often; does its work once an hour, and each alarm once a day."""
    with ledger.write() as connection:
        if not _once(connection, "returns hour", now_ms // _AGAIN_MS):
            return
        waiting = due(connection, now_ms)
        for one in waiting:
            if _once(connection, f"alarm {one.org}"[:40], day_of(now_ms).toordinal()):
                if one.alarm:
                    _alarm(connection, vault, one, now_ms)
                overdue.tell(connection, vault, one.org, one.month, now_ms)
    if now_ms >= start_ms(day_of(now_ms).replace(day=1)) + _READY_HOURS * 3_600_000:
        for one in waiting:
            _propose(ledger, one, now_ms)
    _amend(ledger, now_ms)


def _propose(ledger: Ledger, one: Due, now_ms: int) -> None:
    """Deductions of the month, in short transactions; who stands proposed already gains nothing (R2.10)."""
    days = [day.isoformat() for day in days_of(one.month)]
    with ledger.read() as connection:
        people = late_people(connection, one.org, "/", days)
    added = 0
    for at in range(0, len(people), _A_GROUP):
        try:
            with ledger.write() as connection:
                found = deduct.settle(connection, people[at : at + _A_GROUP], one.month, now_ms, "month over")
            added += sum(len(settled.added) for settled in found)
        except (AttendanceError, RequestError) as error:
            log.warning("returns org=%s month=%s state=contradiction reason=%s", one.org, one.month, error)
    if added:
        log.info("returns org=%s month=%s proposed=%d", one.org, one.month, added)


def _amend(ledger: Ledger, now_ms: int) -> None:
    r = report.c
    with ledger.read() as connection:
        asked = select(r.id, r.name, r.month).where(r.sent_ms > now_ms - AMENDED_DAYS * 86_400_000)
        rows = connection.execute(asked.where(r.name.in_(["monthly", "latecomers", "employees"]))).all()
    for row in rows:
        with ledger.write() as connection:
            slip = sent.amend(connection, row.id, now_ms)
        if slip is not None:
            log.info("report=%s month=%s amendment=%d", row.name, row.month, slip.version)


def _alarm(connection: Connection, vault: Vault, one: Due, now_ms: int) -> None:
    """To the nodal officer, and once the day is past to those who stand above."""
    state = "overdue" if one.late else "unsent"
    log.warning("returns org=%s name=%s month=%s due=%s state=%s", one.org, one.name, one.month, one.due_on, state)
    s = org_setting.c
    email = connection.scalar(select(s.value).where(s.org == one.org, s.name == "nodal_email"))
    told = [Contact(Channel.EMAIL, email)] if email else []
    if one.late:
        told += overdue.above(connection, vault, one.org, now_ms)
    for contact in dict.fromkeys(told):
        text = (
            f"The return of latecomers of {one.month} is due on {one.due_on:%d-%m-%Y} and was not sent yet.\n"
            f"विलंब से आने वालों की {one.month} की विवरणी {one.due_on:%d-%m-%Y} तक देय है और अभी नहीं भेजी गई।"
        )
        subject = f"Return of {one.month} / विवरणी {one.month}"
        queue(connection, vault, Message(contact.channel, contact.to, subject, text))


def _once(connection: Connection, name: str, mark: int) -> bool:
    """Is this the first time for this mark?"""
    last = connection.scalar(select(counter.c.value).where(counter.c.name == name))
    if last == mark:
        return False
    upsert(connection, counter, {"name": name, "value": mark}, "value")
    return True
