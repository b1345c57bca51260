"""Tokens: who may pull, who may look at the dashboard. The ledger knows only their SHA-256."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select

from server import TokenError
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import api_token, web_session

_DAY_MS = 86_400_000
SESSION_MS = 12 * 3_600_000
MAX_TOKEN = 200


class Scope(StrEnum):
    """What a token opens: the API for a central server, or the pages."""

    PULL = "pull"
    DASHBOARD = "dashboard"


class Access(StrEnum):
    GRANTED = "granted"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    OTHER_SCOPE = "other scope"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a presented token is worth; `hash` names it in the ledger."""

    access: Access
    hash: bytes


def make(ledger: Ledger, name: str, scope: Scope, days: int) -> str:
    """A new token of 256 random bits; it is shown once and cannot be read back. Raises TokenError."""
    if not 1 <= days <= 3650:
        raise TokenError("days: expected 1 to 3650")
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise TokenError("name: expected 1 to 100 printable characters")
    token = "hz_" + secrets.token_urlsafe(32)
    row = {"hash": _hash(token), "name": name, "scope": scope.value, "made_ms": now_ms()}
    with ledger.write() as connection:
        connection.execute(insert(api_token).values(**row, expires_ms=now_ms() + days * _DAY_MS))
    return token


def check(ledger: Ledger, token: str, scope: Scope) -> Answer:
    """Is this a token for `scope`, still valid?"""
    digest = _hash(token)
    with ledger.read() as connection:
        row = connection.execute(select(api_token).where(api_token.c.hash == digest)).one_or_none()
    if len(token) > MAX_TOKEN or row is None or not hmac.compare_digest(row.hash, digest):
        return Answer(Access.UNKNOWN, digest)
    if row.expires_ms <= now_ms():
        return Answer(Access.EXPIRED, digest)
    return Answer(Access.GRANTED if row.scope == scope.value else Access.OTHER_SCOPE, digest)


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
    if not cookie or len(cookie) > MAX_TOKEN:
        return False
    digest = _hash(cookie)
    expires = web_session.c.expires_ms, api_token.c.expires_ms
    statement = select(web_session.c.hash).join_from(web_session, api_token)
    statement = statement.where(web_session.c.hash == digest, *(e > now_ms() for e in expires))
    with ledger.read() as connection:
        found = connection.scalars(statement).one_or_none()
    return found is not None and hmac.compare_digest(found, digest)


def close_session(ledger: Ledger, cookie: str) -> None:
    with ledger.write() as connection:
        connection.execute(delete(web_session).where(web_session.c.hash == _hash(cookie)))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
