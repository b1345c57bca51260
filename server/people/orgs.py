"""Organisations on their way in (R1.11), their closed lists (R1.7), and how they are set up.

applied → verified, by the one-time password sent to the nodal officer → approved, with a slug of its own, or rejected.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from server import PeopleError
from server.ledger.store import now_ms, upsert
from server.ledger.tables import designation, device_location, division, office, org, org_application, org_setting
from server.people import otp, words
from server.people.fields import Lists, is_email, is_mobile
from server.people.messages import Channel, Message, queue
from server.people.office_checks import code as check_code
from server.people.office_checks import text as check_text
from server.people.otp import Address, Asked, Purpose
from server.people.ranks import BY_CODE, Level
from server.trust.vault import Vault

SLUG = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
RESERVED = frozenset({"www", "api", "static", "admin", "mail", "hazri", "public", "enter", "metrics"})
MAX_REQUEST_BYTES = 1024 * 1024
_MAGIC = (b"%PDF-", b"\xff\xd8\xff")
CAP_POSTS = ("", "head_office", "staff_car_driver")  # as the caps on late sitting name posts (R3.5)
SETTINGS = ("nodal_name", "nodal_phone", "nodal_email", "region", "portal")


@dataclass(frozen=True, slots=True)
class Application:
    """What an organisation tells of itself; `request` is the letter its head signed, PDF or JPEG."""

    name: str
    name_hi: str
    nodal_name: str
    nodal_email: str
    nodal_mobile: str
    request: bytes = field(repr=False)


def apply(connection: Connection, vault: Vault, told: Application, at_ms: int) -> bytes:
    """Take an application in and send its nodal officer a password; returns its id. Raises PeopleError."""
    if not is_email(told.nodal_email) or not is_mobile(told.nodal_mobile):
        raise PeopleError("nodal officer: an e-mail address and a ten-digit mobile number are needed")
    if len(told.request) > MAX_REQUEST_BYTES or not told.request.startswith(_MAGIC):
        raise PeopleError("request: expected the signed letter as PDF or JPEG of at most 1 MB")
    ref = os.urandom(8)
    names = {name: check_text(name, getattr(told, name)) for name in ("name", "name_hi", "nodal_name")}
    values = {**names, "nodal_email": told.nodal_email, "nodal_mobile": told.nodal_mobile, "state": "applied"}
    closed = vault.close("org request", ref, told.request)
    row = {"id": ref, **values, "request": closed, "reason": "", "actor": "", "made_ms": at_ms}
    connection.execute(insert(org_application).values(**row))
    ask(connection, vault, ref, at_ms)
    return ref


def ask(connection: Connection, vault: Vault, application: bytes, at_ms: int) -> Asked:
    """Send the nodal officer a password (again)."""
    row = _application(connection, application, "applied")
    address = Address(row.nodal_email, row.nodal_mobile)
    return otp.ask(connection, vault, Purpose.ORG, application.hex(), address, at_ms)


def verify(connection: Connection, vault: Vault, application: bytes, code: str, at_ms: int) -> bool:
    """The nodal officer proves the address with the password. False: it is not the one."""
    _application(connection, application, "applied")
    if not otp.accept(connection, vault, Purpose.ORG, application.hex(), code, at_ms, spend=True):
        return False
    connection.execute(update(org_application).where(org_application.c.id == application).values(state="verified"))
    return True


def approve(connection: Connection, vault: Vault, application: bytes, slug: str, actor: str) -> None:
    """Make the organisation active under a slug of its own. Raises PeopleError: not verified, or the slug is taken."""
    row = _application(connection, application, "verified")
    make(connection, slug, row.name, row.name_hi)
    told = {"nodal_name": row.nodal_name, "nodal_phone": row.nodal_mobile, "nodal_email": row.nodal_email}
    for name, value in told.items():
        configure(connection, slug, name, value)
    _decide(connection, application, "approved", actor, slug=slug)
    subject, text = words.org_message(slug)
    queue(connection, vault, Message(Channel.EMAIL, row.nodal_email, subject, text))


def reject(connection: Connection, application: bytes, reason: str, actor: str) -> None:
    """Refuse an application, with the reason."""
    _application(connection, application, "applied", "verified")
    _decide(connection, application, "rejected", actor, reason=check_text("reason", reason))


def make(connection: Connection, slug: str, name: str, name_hi: str) -> None:
    """Make an active organisation at once, as an administrator may. Raises PeopleError."""
    if not SLUG.fullmatch(slug) or slug in RESERVED:
        raise PeopleError("slug: expected 3 to 32 of a–z, 0–9 and -, from a letter on; some are reserved")
    if connection.scalar(select(org.c.slug).where(org.c.slug == slug)) is not None:
        raise PeopleError(f"{slug}: is taken; choose another slug")
    names = {"name": check_text("name", name), "name_hi": check_text("name_hi", name_hi)}
    connection.execute(insert(org).values(slug=slug, **names, state="active", made_ms=now_ms()))


def configure(connection: Connection, slug: str, name: str, value: str) -> None:
    """Set one setting. After `region` the rosters of the organisation's terminals must be told (roster.moved)."""
    if name not in SETTINGS:
        raise PeopleError(f"setting: expected one of {', '.join(SETTINGS)}")
    if name == "region" and value not in {level.value for level in Level}:
        raise PeopleError(f"region: expected one of {', '.join(level.value for level in Level)}")
    if name == "portal" and not value.startswith("https://"):
        raise PeopleError("portal: expected the https:// address of the department's own pages")
    row = {"org": slug, "name": name, "value": check_text(name, value)}
    upsert(connection, org_setting, row, "value")


def nodal_officer(connection: Connection, slug: str) -> str:
    """Whom to ask, as one line."""
    asked = select(org_setting.c.name, org_setting.c.value).where(org_setting.c.org == slug)
    told = {row.name: row.value for row in connection.execute(asked)}
    parts = [told[name] for name in SETTINGS[:3] if told.get(name)]
    return ", ".join(parts) if parts else "the nodal officer"


def lists(connection: Connection, slug: str) -> Lists:
    """Everything an applicant chooses from. Raises PeopleError for an organisation that is not active."""
    if connection.scalar(select(org.c.state).where(org.c.slug == slug)) != "active":
        raise PeopleError("there is no such organisation")
    divisions = select(division.c.code, division.c.name).where(division.c.org == slug, division.c.active)
    posts = select(designation.c.code, designation.c.name).where(designation.c.org == slug, designation.c.active)
    open_ones = select(office.c.code, office.c.id).where(office.c.org == slug, office.c.life != "closed")
    return Lists(
        {row.code: row.name for row in connection.execute(divisions)},
        {row.code: row.name for row in connection.execute(posts)},
        {row.code: row.id for row in connection.execute(open_ones)},
        nodal_officer(connection, slug),
    )


def put_division(connection: Connection, slug: str, code: str, told: Mapping[str, Any]) -> None:
    """Add or change a division: name, name_hi; head, officer (references), register_by (ISO date), cap_post, active."""
    row = _named(code, told) | {name: told.get(name) for name in ("head", "officer", "register_by")} | _cap_post(told)
    upsert(connection, division, {**row, "org": slug}, *row.keys() - {"code"})


def put_designation(connection: Connection, slug: str, code: str, told: Mapping[str, Any]) -> None:
    """Add or change a designation: name, name_hi, equivalent (a grade); pay_band, grade_pay, teaching, cap_post,
    active."""
    grade = BY_CODE.get(str(told.get("equivalent")))
    if grade is None:
        raise PeopleError(f"equivalent: expected one of {', '.join(BY_CODE)}")
    teaching = bool(told.get("teaching", grade.teaching))
    row = _named(code, told) | {"equivalent": grade.code, "rank": grade.rank, "teaching": teaching}
    row |= {"pay_band": str(told.get("pay_band", ""))[:8], "grade_pay": told.get("grade_pay")} | _cap_post(told)
    upsert(connection, designation, {**row, "org": slug}, *row.keys() - {"code"})


def _cap_post(told: Mapping[str, Any]) -> dict[str, str]:
    post = told.get("cap_post") or ""
    if post not in CAP_POSTS:
        raise PeopleError(f"cap_post: expected nothing or one of {', '.join(CAP_POSTS[1:])}")
    return {"cap_post": post}


def put_device_location(connection: Connection, at: bytes, code: str, told: Mapping[str, Any]) -> None:
    """Add or change a place of an office where a terminal may hang: name, name_hi, active."""
    row = _named(code, told)
    upsert(connection, device_location, {**row, "office": at}, *row.keys() - {"code"})


def _named(code: str, told: Mapping[str, Any]) -> dict[str, Any]:
    names = {name: check_text(name, told.get(name)) for name in ("name", "name_hi")}
    return {"code": check_code("code", code), **names, "active": bool(told.get("active", True))}


def _application(connection: Connection, application: bytes, *states: str) -> Any:
    row = connection.execute(select(org_application).where(org_application.c.id == application)).one_or_none()
    if row is None:
        raise PeopleError("there is no such application")
    if row.state not in states:
        raise PeopleError(f"the application is {row.state}; this needs one that is {' or '.join(states)}")
    return row


def _decide(
    connection: Connection, application: bytes, state: str, actor: str, slug: str | None = None, reason: str = ""
) -> None:
    values = {"state": state, "actor": actor, "slug": slug, "reason": reason, "decided_ms": now_ms()}
    connection.execute(update(org_application).where(org_application.c.id == application).values(**values))
