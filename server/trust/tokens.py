"""Tokens: what programs may do, and who may look at the dashboard. The ledger knows only their SHA-256."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, select, update

from server import TokenError
from server.access import trail
from server.access.scope import EVERYWHERE, Place
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import api_token, office, web_session

_DAY_MS = 86_400_000
SESSION_MS = 12 * 3_600_000
MAX_TOKEN = 200


class Scope(StrEnum):
    """What a token opens: the API for a central server, for a program that looks after terminals, for one that hands
    registrations in; or the pages."""

    PULL = "pull"
    FLEET = "fleet"
    REGISTER = "register"
    DASHBOARD = "dashboard"


class Access(StrEnum):
    GRANTED = "granted"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    OTHER_SCOPE = "other scope"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a presented token is worth; `hash` names it in the ledger, `place` is what it is bound to. `opens`: what a
    granted one is for."""

    access: Access
    hash: bytes
    place: Place = EVERYWHERE
    opens: Scope | None = None


def make(ledger: Ledger, name: str, scope: Scope, days: int, place: Place = EVERYWHERE) -> str:
    """A new token of 256 random bits, bound to a place; it is shown once and cannot be read back. Raises TokenError."""
    if not 1 <= days <= 3650:
        raise TokenError("days: expected 1 to 3650")
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise TokenError("name: expected 1 to 100 printable characters")
    token = "hz_" + secrets.token_urlsafe(32)
    row: dict[str, Any] = {"hash": _hash(token), "name": name, "scope": scope.value, "made_ms": now_ms()}
    with ledger.write() as connection:
        if not place.whole:
            row |= {"org": place.org, "path": place.path}
            known = office.c.org == place.org, office.c.path == place.path
            if connection.scalar(select(office.c.id).where(*known)) is None:
                raise TokenError(f"{place.org}{place.path}: there is no such office")
        connection.execute(insert(api_token).values(**row, expires_ms=now_ms() + days * _DAY_MS))
    return token


def check(ledger: Ledger, token: str, *scopes: Scope) -> Answer:
    """Is this a token for one of `scopes`, still valid?"""
    digest = _hash(token)
    with ledger.read() as connection:
        row = connection.execute(select(api_token).where(api_token.c.hash == digest)).one_or_none()
    if len(token) > MAX_TOKEN or row is None or not hmac.compare_digest(row.hash, digest):
        return Answer(Access.UNKNOWN, digest)
    if row.expires_ms <= now_ms():
        return Answer(Access.EXPIRED, digest)
    bound = Place(row.org or "", row.path or "")
    opens = Scope(row.scope)
    return Answer(Access.GRANTED if opens in scopes else Access.OTHER_SCOPE, digest, bound, opens)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a token: never the token. `id` is how the trail names it."""

    id: str
    name: str
    scope: Scope
    place: Place
    made_ms: int
    expires_ms: int


def listed(ledger: Ledger) -> list[Kept]:
    """Every token there was, the newest first."""
    with ledger.read() as connection:
        rows = connection.execute(select(api_token).order_by(api_token.c.made_ms.desc())).all()
    return [
        Kept(r.hash[:8].hex(), r.name, Scope(r.scope), Place(r.org or "", r.path or ""), r.made_ms, r.expires_ms)
        for r in rows
    ]


def end(ledger: Ledger, one: str, by: str) -> str:
    """This token opens nothing any more, and the sessions it opened end; returns its name. Raises TokenError."""
    with ledger.write() as connection:
        rows = connection.execute(select(api_token.c.hash, api_token.c.name)).all()
        row = next((row for row in rows if row.hash[:8].hex() == one.strip().lower()), None)
        if row is None:
            raise TokenError("no such token: give its ID, as `hazri-server token list` names it")
        connection.execute(delete(web_session).where(web_session.c.token == row.hash))
        still = update(api_token).where(api_token.c.hash == row.hash, api_token.c.expires_ms > now_ms())
        connection.execute(still.values(expires_ms=now_ms()))
        trail.add(connection, trail.Entry(by, "end token", row.hash[:8].hex()))
    return str(row.name)


def open_session(ledger: Ledger, token_hash: bytes) -> str:
    """A new session of twelve hours for a dashboard token; returns what the cookie holds."""
    cookie = secrets.token_urlsafe(32)
    with ledger.write() as connection:
        connection.execute(delete(web_session).where(web_session.c.expires_ms <= now_ms()))
        row = {"hash": _hash(cookie), "token": token_hash, "expires_ms": now_ms() + SESSION_MS}
        connection.execute(insert(web_session).values(**row))
    return cookie


def session_open(ledger: Ledger, cookie: str) -> bool:
    """Is this session running, and its token still valid?"""
    return session_of(ledger, cookie) is not None


def session_of(ledger: Ledger, cookie: str) -> Answer | None:
    """The token of a running session while it is still valid, or None."""
    if not cookie or len(cookie) > MAX_TOKEN:
        return None
    digest = _hash(cookie)
    expires = web_session.c.expires_ms, api_token.c.expires_ms
    statement = select(web_session.c.hash, web_session.c.token, api_token.c.org, api_token.c.path)
    statement = statement.join_from(web_session, api_token).where(web_session.c.hash == digest)
    with ledger.read() as connection:
        row = connection.execute(statement.where(*(e > now_ms() for e in expires))).one_or_none()
    if row is None or not hmac.compare_digest(row.hash, digest):
        return None
    return Answer(Access.GRANTED, row.token, Place(row.org or "", row.path or ""))


def close_session(ledger: Ledger, cookie: str) -> None:
    with ledger.write() as connection:
        connection.execute(delete(web_session).where(web_session.c.hash == _hash(cookie)))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
