"""Who is asking: by a bearer token, by the session of an account, or by the session of a dashboard token."""

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from fastapi import Request

from server.access import grants, sessions
from server.access.grants import Giver, Held
from server.access.keys import AccessKeys
from server.access.rights import Right
from server.access.roles import Role
from server.access.scope import Place, Scope
from server.access.sessions import Session, Strength, View
from server.ledger.store import Ledger, now_ms
from server.trust import tokens
from server.trust.tokens import Access

COOKIE, SECURE_COOKIE = "hazri", "__Host-hazri"
# What a token makes of the program that brings it.
OPENS = MappingProxyType(
    {
        tokens.Scope.PULL: Role.CENTRAL_PULLER,
        tokens.Scope.FLEET: Role.TECHNICIAN,
        tokens.Scope.REGISTER: Role.REGISTRAR,
    }
)


class Challenge(Enum):
    """Why a bearer token does not open anything: status and words."""

    NONE = (401, "send a token: `Authorization: Bearer …`")
    EXPIRED = (401, "the token has expired")
    UNKNOWN = (401, "the token is not one of this server's")
    OTHER = (403, "the token is for the pages, not for the API")


@dataclass(frozen=True, slots=True)
class Visitor:
    """`who` names them in the trail. `held`: the role and place of each thing they hold now."""

    who: str
    held: tuple[tuple[Role, Place], ...]
    session: Session | None = None
    cookie: str = ""
    grants: tuple[Held, ...] = ()

    @property
    def account(self) -> bytes | None:
        return self.session.account if self.session else None

    @property
    def person(self) -> bytes | None:
        return self.session.person if self.session else None

    @property
    def csrf(self) -> str:
        """What their forms must bring along; a visitor by token has no form that changes anything."""
        return sessions.csrf(self.cookie) if self.session else ""

    @property
    def unfinished(self) -> bool:
        """Logged in, but with a first password or without a second factor."""
        s = self.session
        return s is not None and (s.strength is Strength.ENROL or (s.invited and s.strength is Strength.FULL))

    @property
    def managing(self) -> bool:
        """In the management console, and come in by password and second factor (R1.10)."""
        s = self.session
        return s is None or (s.view is View.MANAGEMENT and s.strength is Strength.FULL and not s.invited)

    def giver(self) -> Giver:
        return Giver(self.who, self.grants)

    def scope(self, right: Right) -> Scope | None:
        """What this right opens to them, or None where they do not have it."""
        may = right.may
        if not may.own and not self.managing:
            return None
        own = may.own and self.session is not None
        roles = frozenset(role for role, _ in self.held if role in may.roles)
        if self.person is not None and Role.EMPLOYEE in may.roles:
            roles |= {Role.EMPLOYEE}
        if not roles and not (own and right is Right.OWN_ACCOUNT):
            return None
        places = frozenset(place for role, place in self.held if role in may.roles)
        return Scope(roles, frozenset() if own else places, self.person if own else None)


def by_token(ledger: Ledger, header: str) -> Visitor | Challenge:
    """Of an Authorization header."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return Challenge.NONE
    answer = tokens.check(ledger, token.strip(), *OPENS)
    match answer.access:
        case Access.GRANTED:
            opens = answer.opens or tokens.Scope.PULL
            return Visitor(f"token {answer.hash[:8].hex()}", ((OPENS[opens], answer.place),))
        case Access.EXPIRED:
            return Challenge.EXPIRED
        case Access.UNKNOWN:
            return Challenge.UNKNOWN
        case Access.OTHER_SCOPE:
            return Challenge.OTHER


def by_cookie(ledger: Ledger, cookie: str) -> Visitor | None:
    """Of either kind of session."""
    now = now_ms()
    if not cookie:
        return None
    with ledger.read() as connection:
        session = sessions.find(connection, cookie, now)
        held = tuple(grants.held(connection, session.account, now)) if session else ()
    if session is None:
        token = tokens.session_of(ledger, cookie)
        return None if token is None else Visitor(f"token {token.hash[:8].hex()}", ((Role.VIEWER, token.place),))
    if sessions.needs_seen(session, now):
        with ledger.write() as connection:
            sessions.seen(connection, session, now)
    who = f"account {session.account.hex()}"
    return Visitor(who, tuple((one.role, one.place) for one in held), session, cookie, held)


def cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def address(request: Request) -> str:
    return request.client.host if request.client else ""


def actor(request: Request) -> str:
    """Whoever was let in, as entries and the trail name them."""
    return str(request.state.visitor.who)


def mark(keys: AccessKeys, request: Request) -> bytes:
    """The address as the trail keeps it."""
    return keys.mark("addresses", address(request), 8)
