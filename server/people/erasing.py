"""Consent withdrawn, and what follows: everything of a person deleted here, and proved deleted at every terminal.

What stays is what the law has kept: punches and orders, under an opaque reference that names nobody any more (the row
of `person` has no name left in it).
"""

import logging
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from server import PeopleError
from server.access import accounts
from server.fleet import fetch, orders, roster
from server.ledger.store import now_ms
from server.ledger.tables import (
    attendance_id,
    chunk,
    consent,
    employee,
    enrolment,
    erasure,
    erasure_terminal,
    lsa_claim,
    person,
    placement,
    registration,
    request,
    roster_change,
    template,
    terminal,
    terminal_state,
)
from server.people import consents, numbers
from server.trust.vault import Vault

log = logging.getLogger("hazri.people")

ERASED = "—"


@dataclass(frozen=True, slots=True)
class Proof:
    """What one terminal has of an erased person: `told` it has the roster without them, `proof` is its own record."""

    terminal: str
    told: bool
    proof: str


def withdraw(connection: Connection, vault: Vault, ref: bytes, actor: str, reason: str) -> list[str]:
    """A person takes their consent back: noted, and everything erased. Returns the terminals that must forget them."""
    connection.execute(update(consent).where(consent.c.person == ref, consents.STANDS).values(withdrawn_ms=now_ms()))
    return erase(connection, vault, ref, actor, reason)


def erase(connection: Connection, vault: Vault, ref: bytes, actor: str, reason: str) -> list[str]:
    """Delete number, templates, photographs, digits and addresses of a person, and have every terminal forget them.

    Each terminal that knew them is ordered to wipe them, and proves it in its signed chain (server.fleet.orders).
    Returns those that have not yet. Raises PeopleError for somebody who is not there.
    """
    if connection.scalar(select(person.c.ref).where(person.c.ref == ref)) is None:
        raise PeopleError("nobody is registered under this reference")
    again = connection.scalar(select(erasure.c.person).where(erasure.c.person == ref)) is not None
    if not again:
        now = now_ms()
        row = {"person": ref, "actor": actor, "reason": reason, "asked_ms": now}
        connection.execute(insert(erasure).values(**row))
        _forget(connection, vault, ref)
        accounts.forget(connection, actor, ref, ERASED, now)
        roster.change(connection, [ref], urgency=roster.Urgency.FORGET)
        _ask(connection, ref)
        orders.wipe_person(connection, ref, actor=actor)
    log.info("person=%s state=erased again=%s", ref.hex(), again)
    unproved = erasure_terminal.c.person == ref, erasure_terminal.c.proved_ms.is_(None)
    return list(connection.scalars(select(erasure_terminal.c.terminal).where(*unproved).order_by("terminal")))


def state(connection: Connection, ref: bytes) -> list[Proof]:
    """How far an erasure is, a terminal each."""
    columns = erasure_terminal.c.terminal, erasure_terminal.c.version, erasure_terminal.c.proof
    asked = select(*columns, terminal_state.c.roster_version.label("has"))
    same = erasure_terminal.c.terminal == terminal_state.c.terminal
    asked = asked.join_from(erasure_terminal, terminal_state, same, isouter=True)
    rows = connection.execute(asked.where(erasure_terminal.c.person == ref).order_by(erasure_terminal.c.terminal))
    return [Proof(row.terminal, (row.has or 0) >= row.version, row.proof) for row in rows]


def _forget(connection: Connection, vault: Vault, ref: bytes) -> None:
    number = connection.scalar(select(employee.c.number).where(employee.c.person == ref))
    mine = select(registration.c.id).where(registration.c.person == ref)
    ids = [*connection.scalars(mine)]
    ids += _replaced(connection, ids)
    blank = {"name": ERASED, "email": "", "mobile": "", "photo": b"", "number": None, "born_on": ""}
    connection.execute(update(registration).where(registration.c.id.in_(ids)).values(**blank))
    connection.execute(update(lsa_claim).where(lsa_claim.c.person == ref).values(file=b""))
    gone = {"email": "", "mobile": "", "born_on": "", "number": None}
    connection.execute(update(employee).where(employee.c.person == ref).values(**gone))
    if number is not None and not _still_used(connection, number):
        numbers.erase(connection, number)
    for table in (template, attendance_id, placement):
        connection.execute(delete(table).where(table.c.person == ref))
    connection.execute(update(request).where(request.c.person == ref).values(reason=ERASED))
    connection.execute(delete(chunk).where(_on_its_way(ref)))
    fetch.forget_name(connection, ref)
    nothing = vault.close_digits(ref, "")
    values = {"name": ERASED, "digits": nothing, "active": False}
    connection.execute(update(person).where(person.c.ref == ref).values(**values))


def _on_its_way(ref: bytes) -> ColumnElement[bool]:
    """SQL for the parts of a template of theirs that is not whole yet."""
    e = enrolment.c
    same = e.terminal == chunk.c.terminal, e.log == chunk.c.log, e.seq == chunk.c.seq
    return select(e.person).where(e.person == ref, *same).exists()


def _replaced(connection: Connection, ids: list[str]) -> list[str]:
    """The rejected registrations that these were made anew for."""
    found: list[str] = []
    asked = ids
    while asked:
        before = select(registration.c.replaces).where(registration.c.id.in_(asked))
        asked = [one for one in connection.scalars(before) if one is not None]
        found += asked
    return found


def _still_used(connection: Connection, number: bytes) -> bool:
    """By a registration or an employee of another organisation."""
    by = select(registration.c.id).where(registration.c.number == number).limit(1)
    who = select(employee.c.person).where(employee.c.number == number).limit(1)
    return connection.scalar(by) is not None or connection.scalar(who) is not None


def _ask(connection: Connection, ref: bytes) -> None:
    knew = select(roster_change.c.terminal, roster_change.c.version).join_from(roster_change, terminal)
    rows = connection.execute(knew.where(roster_change.c.person == ref)).all()
    asked = [{"person": ref, "terminal": row.terminal, "version": row.version, "proof": ""} for row in rows]
    if asked:
        connection.execute(insert(erasure_terminal), asked)
