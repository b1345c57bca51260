"""Who must be told of what the fleet found, is told: pages, reminders and breaches become messages (R2.6).

Each goes to the nearest who hold the roles it is for, at the office of the terminal or above it; what is found in one
minute, after a power cut say, is one message to each. What must stay true here: a notice is marked in the transaction
that queues its message, so each is said once; one that nobody holds a role for is marked as well, and stands on the
pages of the fleet.
"""

import logging

from sqlalchemy import Connection, select, update

from server.access import contacts
from server.access.contacts import Contact
from server.access.keys import AccessKeys
from server.access.roles import Role
from server.access.scope import Place
from server.fleet.advice import Advice, advice
from server.fleet.alarms import PAGE
from server.fleet.tickets import Notice
from server.ledger.tables import incident, notice, office, terminal, ticket
from server.people import words
from server.people.messages import Message, queue
from server.trust.vault import Vault

log = logging.getLogger("hazri.people")

TO: dict[str, tuple[Role, ...]] = {
    PAGE: (Role.TECHNICIAN, Role.OFFICE_CUSTODIAN),
    Notice.REMIND_3: (Role.TECHNICIAN,),
    Notice.REMIND_5: (Role.TECHNICIAN, Role.OFFICE_CUSTODIAN, Role.ZONAL_CUSTODIAN),
    Notice.BREACH: (Role.DISTRICT_ADMIN,),
}
_AT_ONCE = 1000
_LINES = 40  # of one message; how many more there are is said


def send(connection: Connection, vault: Vault, at_ms: int) -> int:
    """Queue messages for the notices that were not sent; returns how many notices that were."""
    n = notice.c
    columns = n.ref, n.kind, n.terminal, terminal.c.name, terminal.c.place, office.c.org, office.c.path
    asked = select(
        *columns, office.c.name.label("office_name"), incident.c.kind.label("alarm"), ticket.c.kind.label("fault")
    )
    asked = asked.join_from(notice, terminal, n.terminal == terminal.c.id, isouter=True)
    asked = asked.join(office, terminal.c.office == office.c.id, isouter=True)
    asked = asked.join(incident, incident.c.id == n.ref, isouter=True).join(ticket, ticket.c.id == n.ref, isouter=True)
    rows = connection.execute(asked.where(n.sent_ms.is_(None)).order_by(n.at_ms, n.ref).limit(_AT_ONCE)).all()
    keys = AccessKeys(vault.key)
    reached: dict[tuple[str, Place], list[Contact]] = {}
    told: dict[Contact, list[tuple[str, Advice]]] = {}
    nobody = 0
    for row in rows:
        place = Place(row.org or "", row.path or "")
        if (row.kind, place) not in reached:
            reached[row.kind, place] = contacts.of(connection, keys, TO.get(row.kind, ()), place, at_ms)
        where = " · ".join(one for one in (row.terminal, row.name, row.place, row.office_name) if one)
        for one in reached[row.kind, place]:
            said = advice(row.alarm or row.fault or "")
            told.setdefault(one, []).append((words.notice_line(row.kind, said, where), said))
        nobody += not reached[row.kind, place]
        connection.execute(update(notice).where(n.ref == row.ref, n.kind == row.kind).values(sent_ms=at_ms))
    for one, lines in told.items():
        dos = list(dict.fromkeys(said for _, said in lines))
        text = words.notices_message([line for line, _ in lines[:_LINES]], len(lines), dos)
        queue(connection, vault, Message(one.channel, one.to, *text))
    if rows:
        log.info("notices=%d people=%d nobody=%d", len(rows), len(told), nobody)
    return len(rows)
