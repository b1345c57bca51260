"""Registrations: submitted → verified, and on the rosters, or rejected, and to be made anew (R1.5–R1.8)."""

import datetime as dt
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, and_, insert, select, update

from server import PeopleError
from server.fleet import roster
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import consent, employee, person, registration
from server.people import attendance_ids, numbers, words
from server.people.attendance_ids import Basis
from server.people.days import day_of
from server.people.fields import Form, FormError, Problem, check
from server.people.messages import Channel, Message, queue
from server.people.orgs import lists
from server.people.photo import set_photo, thumbnail
from server.trust.vault import NumberVault, Vault

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that is read as something else
_ID_LETTERS = 8
MAX_REASON = 200
PURPOSE = "attendance"


@dataclass(frozen=True, slots=True)
class Vaults:
    """Both vaults: the one everything is closed with, and the one for numbers alone."""

    common: Vault
    numbers: NumberVault


@dataclass(frozen=True, slots=True)
class Consent:
    """What the applicant agreed to: which text, in which language."""

    wording: str
    language: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A registration that became a person. `basis` says which six digits they punch with."""

    person: bytes
    basis: Basis


def submit(
    connection: Connection, vaults: Vaults, org: str, told: Mapping[str, object], agreed: Consent, replaces: str = ""
) -> str:
    """Take a registration in; returns its id, which is sent to the applicant as well.

    `told` has the fields of server.people.fields.COLUMNS; `replaces` is the id of the rejected one it is made for.
    Raises FormError with everything that is wrong: nothing is stored then.
    """
    form = check(told, lists(connection, org), day_of(now_ms()), is_photo)
    return put(connection, vaults, org, form, agreed, replaces)


def put(connection: Connection, vaults: Vaults, org: str, form: Form, agreed: Consent, replaces: str = "") -> str:
    """As `submit`, of a form that is checked. Raises FormError: registered already, or replaces what it cannot.

    Who was rejected and registers again without saying so is linked all the same (R1.6).
    """
    known = numbers.find(connection, vaults.numbers, form.number) if form.number else None
    if known is not None:
        _check_alone(connection, org, known)
    if replaces:
        _check_replaces(connection, org, replaces)
    else:
        replaces = _rejected_before(connection, org, form, known)
    number = known
    if form.number and number is None:
        number = numbers.add(connection, vaults.numbers, form.number)
    one = "R-" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LETTERS))
    at_ms = now_ms()
    values = {
        "id": one,
        "org": org,
        "state": "submitted",
        "name": form.name,
        "born_on": form.born_on.isoformat(),
        "gender": form.gender.value,
        "number": number,
        "email": form.email,
        "mobile": form.mobile,
        "kind": form.kind.value,
        "division": form.division,
        "designation": form.designation,
        "office": form.office,
        "photo": vaults.common.close("photo", one.encode(), form.photo),
        "replaces": replaces or None,
        "reason": "",
        "submitted_ms": at_ms,
        "actor": "",
    }
    connection.execute(insert(registration), values)
    told = {"registration": one, "purpose": PURPOSE, "wording": agreed.wording, "language": agreed.language}
    connection.execute(insert(consent), told | {"id": os.urandom(8), "given_ms": at_ms})
    _notify(connection, vaults.common, form.email, form.mobile, words.submitted_message(one))
    return one


def verify(connection: Connection, vaults: Vaults, one: str, actor: str) -> Verified:
    """The nodal officer found everything right: the person gets six digits and goes on the rosters (R1.8)."""
    row = _decidable(connection, one)
    if row.number is not None:
        _check_alone(connection, row.org, row.number, but=one)
    digits, ref = _number_of(connection, vaults.numbers, row), os.urandom(8)
    at_ms = now_ms()
    who = {"ref": ref, "name": row.name, "digits": b"", "flags": 0, "active": True, "office": row.office}
    connection.execute(insert(person).values(**who, since_ms=at_ms))
    _employ(connection, row, ref, day_of(at_ms))
    _, basis = attendance_ids.give(connection, vaults.common, ref, row.office, digits)
    _decide(connection, one, "verified", actor, person=ref)
    connection.execute(update(consent).where(consent.c.registration == one).values(person=ref))
    roster.change(connection, [ref], urgency=roster.Urgency.JOINER)
    _notify(connection, vaults.common, row.email, row.mobile, words.verified_message(one, basis.value))
    return Verified(ref, basis)


def accept(ledger: Ledger, vaults: Vaults, template_key: X25519PrivateKey, one: str, actor: str) -> Verified:
    """As `verify`, and the photograph goes to the terminals with the person."""
    with ledger.write() as connection:
        file = photo(connection, vaults.common, one)
        done = verify(connection, vaults, one, actor)
    if file:
        set_photo(ledger, template_key, done.person.hex(), file)
    return done


def reject(connection: Connection, vaults: Vaults, one: str, actor: str, reason: str) -> None:
    """Something is wrong: the registration ends here, and may only be made anew (R1.6)."""
    row = _decidable(connection, one)
    if not 1 <= len(reason.strip()) <= MAX_REASON or not reason.isprintable():
        raise PeopleError(f"reason: expected 1 to {MAX_REASON} printable characters, which the applicant is sent")
    _decide(connection, one, "rejected", actor, reason=reason.strip())
    _notify(connection, vaults.common, row.email, row.mobile, words.rejected_message(one, reason.strip()))


def photo(connection: Connection, vault: Vault, one: str) -> bytes:
    """The photograph of a registration; empty: it was erased. Raises PeopleError, SealError."""
    row = _row(connection, one)
    return vault.open("photo", one.encode(), row.photo) if row.photo else b""


def waiting(connection: Connection, org: str) -> list[Any]:
    """What waits for the nodal officer, oldest first."""
    asked = select(registration).where(registration.c.org == org, registration.c.state == "submitted")
    return list(connection.execute(asked.order_by(registration.c.submitted_ms)))


def is_photo(file: bytes) -> None:
    """Raises PeopleError: no JPEG that can be read, or more than 102,400 bytes (R1.4)."""
    thumbnail(file)


def _check_alone(connection: Connection, org: str, number: bytes, but: str = "") -> None:
    """One Aadhaar number, one registration that is not rejected, one person in service."""
    columns = registration.c
    asked = select(columns.id).where(columns.org == org, columns.number == number, columns.state != "rejected")
    asked = asked.join_from(registration, employee, columns.person == employee.c.person, isouter=True)
    gone = employee.c.service.in_(("left", "deceased"))
    if connection.scalar(asked.where(columns.id != but, employee.c.service.is_(None) | ~gone)) is not None:
        todo = "ask the nodal officer; nobody is registered twice"
        raise FormError([Problem("aadhaar", "number_twice", "this number is registered already", todo)])


def _check_replaces(connection: Connection, org: str, replaces: str) -> None:
    row = _row(connection, replaces)
    if row.org != org or row.state != "rejected":
        raise PeopleError("only a registration that was rejected is made anew")
    if connection.scalar(select(registration.c.id).where(registration.c.replaces == replaces)) is not None:
        raise PeopleError("this registration was made anew already")


def _rejected_before(connection: Connection, org: str, form: Form, number: bytes | None) -> str:
    """The newest rejected registration of this number, or of who has none by birth and mobile; "": there is none that
    was not made anew already."""
    r, after = registration.c, registration.alias()
    if form.number and number is None:
        return ""  # a number nobody ever told
    born = r.born_on == form.born_on.isoformat()
    same = r.number == number if number is not None else and_(r.number.is_(None), born, r.mobile == form.mobile)
    asked = select(r.id).where(r.org == org, r.state == "rejected", same)
    asked = asked.where(~select(after.c.id).where(after.c.replaces == r.id).exists())
    return connection.scalar(asked.order_by(r.submitted_ms.desc()).limit(1)) or ""


def _employ(connection: Connection, row: Any, ref: bytes, today: dt.date) -> None:
    same = ("org", "kind", "gender", "born_on", "email", "mobile", "number", "division", "designation")
    values = {name: getattr(row, name) for name in same} | {"service": "serving", "synthetic": False}
    base = {"base_office": row.office, "base_designation": row.designation, "base_on": today.isoformat()}
    connection.execute(insert(employee).values(person=ref, **values, **base))


def _number_of(connection: Connection, vault: NumberVault, row: Any) -> str:
    if row.number is None:
        return ""
    return numbers.open_noted(connection, vault, row.number, "registration", f"attendance id of {row.id}")


def _decidable(connection: Connection, one: str) -> Any:
    row = _row(connection, one)
    if row.state != "submitted":
        raise PeopleError(f"{one}: is {row.state} already and cannot be changed")
    return row


def _row(connection: Connection, one: str) -> Any:
    row = connection.execute(select(registration).where(registration.c.id == one)).one_or_none()
    if row is None:
        raise PeopleError("there is no such registration")
    return row


def _decide(
    connection: Connection, one: str, state: str, actor: str, reason: str = "", person: bytes | None = None
) -> None:
    values = {"state": state, "actor": actor, "reason": reason, "person": person, "decided_ms": now_ms()}
    connection.execute(update(registration).where(registration.c.id == one).values(**values))


def _notify(connection: Connection, vault: Vault, email: str, mobile: str, told: tuple[str, str]) -> None:
    subject, text = told
    queue(connection, vault, Message(Channel.EMAIL, email, subject, text))
    queue(connection, vault, Message(Channel.SMS, mobile, "", text))
