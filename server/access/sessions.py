"""Who is logged in: an opaque cookie, of which the ledger holds the SHA-256 alone.

A session ends after half an hour without a request, and after twelve hours in any case. It gets a new cookie at every
change of what it may do. An account that holds a role of custody has one session: a new one ends the others.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select, update

from server.access import grants
from server.access.roles import ROLES
from server.ledger.tables import account, account_session

IDLE_MS = 30 * 60_000
ABSOLUTE_MS = 12 * 3_600_000
MAX_COOKIE = 200
_SEEN_EVERY_MS = 60_000


class View(StrEnum):
    """The two sides of one account (R1.10)."""

    EMPLOYEE = "employee"
    MANAGEMENT = "management"


class Strength(StrEnum):
    """How the session was opened: by a one-time code alone, by a password before any second factor, or by both."""

    CODE = "code"
    ENROL = "enrol"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Session:
    """A running session and its account."""

    hash: bytes
    account: bytes
    view: View
    strength: Strength
    person: bytes | None
    name: str
    invited: bool  # the password must be changed first
    made_ms: int
    seen_ms: int
    address: bytes
    agent: str


def open_(connection: Connection, who: bytes, strength: Strength, address: bytes, agent: str, now_ms: int) -> str:
    """A new session; returns what the cookie holds."""
    connection.execute(delete(account_session).where(account_session.c.made_ms <= now_ms - ABSOLUTE_MS))
    if any(ROLES[held.role].custody for held in grants.held(connection, who, now_ms)):
        close_all(connection, who)
    cookie = secrets.token_urlsafe(32)
    row = {
        "hash": digest(cookie),
        "account": who,
        "view": View.EMPLOYEE if strength is Strength.CODE else View.MANAGEMENT,
        "strength": strength,
        "made_ms": now_ms,
        "seen_ms": now_ms,
        "address": address,
        "agent": agent[:120],
    }
    connection.execute(insert(account_session).values(**row))
    return cookie


def find(connection: Connection, cookie: str, now_ms: int) -> Session | None:
    """The running session of a cookie, or None."""
    if not cookie or len(cookie) > MAX_COOKIE:
        return None
    found = _sessions(connection, now_ms, account_session.c.hash == digest(cookie))
    return found[0] if found and hmac.compare_digest(found[0].hash, digest(cookie)) else None


def of(connection: Connection, who: bytes, now_ms: int) -> list[Session]:
    """The running sessions of an account, the newest first."""
    return _sessions(connection, now_ms, account_session.c.account == who)


def needs_seen(session: Session, now_ms: int) -> bool:
    """Once a minute is enough to know that somebody is still there."""
    return now_ms - session.seen_ms > _SEEN_EVERY_MS


def seen(connection: Connection, session: Session, now_ms: int) -> None:
    own = account_session.c.hash == session.hash
    connection.execute(update(account_session).where(own).values(seen_ms=now_ms))


def rotate(connection: Connection, session: Session, view: View, strength: Strength) -> str:
    """The same session under a new cookie, with what it may do from now on."""
    cookie = secrets.token_urlsafe(32)
    values = {"hash": digest(cookie), "view": view, "strength": strength}
    connection.execute(update(account_session).where(account_session.c.hash == session.hash).values(**values))
    return cookie


def close(connection: Connection, hash_: bytes, who: bytes) -> bool:
    """End one session of an account. False: it has no such session."""
    own = account_session.c.hash == hash_, account_session.c.account == who
    return connection.execute(delete(account_session).where(*own)).rowcount == 1


def close_all(connection: Connection, who: bytes, but: bytes = b"") -> None:
    """End every session of an account, or every other one."""
    own = account_session.c.account == who, account_session.c.hash != but
    connection.execute(delete(account_session).where(*own))


def csrf(cookie: str) -> str:
    """What a form must bring along, so that it was made by a page of this session: nobody without the cookie can."""
    mac = hmac.new(cookie.encode("utf-8", "surrogatepass"), b"hazri form 1", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac[:18]).decode()


def digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()


def _sessions(connection: Connection, now_ms: int, *which: object) -> list[Session]:
    s, a = account_session.c, account.c
    asked = select(account_session, a.person, a.name, a.state).join_from(account_session, account)
    asked = asked.where(s.seen_ms > now_ms - IDLE_MS, s.made_ms > now_ms - ABSOLUTE_MS, a.state != "disabled")
    rows = connection.execute(asked.where(*which).order_by(s.seen_ms.desc(), s.hash))  # type: ignore[arg-type]
    return [
        Session(
            hash=row.hash,
            account=row.account,
            view=View(row.view),
            strength=Strength(row.strength),
            person=row.person,
            name=row.name,
            invited=row.state == "invited",
            made_ms=row.made_ms,
            seen_ms=row.seen_ms,
            address=row.address,
            agent=row.agent,
        )
        for row in rows
    ]
