"""A small world for questions of access: two synthetic organisations with districts, zones and offices, at each of them
a terminal, a person, a punch, an alarm and a refused message. Every name and id says where it belongs, so an answer
that holds one tells from where it leaked. Nobody is meant.
"""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import insert, select, update

from server.access import sessions
from server.access.keys import AccessKeys
from server.access.roles import Role
from server.access.scope import EVERYWHERE, Place
from server.access.sessions import Strength, View
from server.fleet.claims import Desk
from server.ledger.store import now_ms
from server.ledger.tables import (
    account,
    account_grant,
    account_session,
    alarm,
    office,
    org,
    person,
    quarantine,
    record,
    terminal,
)
from server.people.otp import PersonCodes
from server.people.registration import Vaults
from server.trust import tokens
from server.trust.vault import NumberVault
from server.web.app import create_app
from server.web.services import Registry, Services
from sync.record import RecordType
from tests.unit.server.aggregator import Aggregator, Line, Terminal, aggregator, broker_settings, punch

LEVELS = {1: "state", 2: "district", 3: "zone", 4: "office"}
PATHS = {
    "hr": [
        "/hr/", "/hr/d1/", "/hr/d10/", "/hr/d2/", "/hr/d1/z1/", "/hr/d1/z2/", "/hr/d2/z1/",
        "/hr/d1/z1/o1/", "/hr/d1/z1/o2/", "/hr/d1/z2/o1/", "/hr/d2/z1/o1/",
    ],
    "jk": ["/jk/", "/jk/d1/", "/jk/d1/z1/", "/jk/d1/z1/o1/"],
}  # fmt: skip
PLACES = [Place(slug, path) for slug, paths in PATHS.items() for path in paths]
OWN = Place("hr", "/hr/d1/z1/o1/")
PROGRAMS = {Role.CENTRAL_PULLER: tokens.Scope.PULL, Role.REGISTRAR: tokens.Scope.REGISTER}  # come with a token


def mark(place: Place) -> str:
    """How everything of a place is named; no mark is part of another."""
    return place.path.strip("/").replace("/", "-") + "-x"


@dataclass
class World:
    """The aggregator, the application over it, and who is where."""

    running: Aggregator
    app: FastAPI
    people: dict[Place, bytes] = field(default_factory=dict)
    offices: dict[Place, bytes] = field(default_factory=dict)
    # Of each punch: its server_seq, and the places of the terminal and of the person.
    punches: list[tuple[int, Place, Place]] = field(default_factory=list)

    @property
    def keys(self) -> AccessKeys:
        found: AccessKeys = self.app.state.keys
        return found

    def marks(self, place: Place) -> set[str]:
        """What only things of this place have in them."""
        return {f"t-{mark(place)}", f"Synthetic {mark(place)}", self.people[place].hex()}

    def account(self, role: Role | None, place: Place, ref: bytes | None = None, *, exception: str = "made") -> bytes:
        """An account with at most one role, as if it had been given."""
        id_, now = os.urandom(8), now_ms()
        row = {"id": id_, "login": f"a{id_.hex()}", "name": f"Account {mark(place)}", "org": place.org, "made_ms": now}
        more = {"path": place.path, "person": ref, "designation": "", "mobile": None, "password": None, "totp": None}
        with self.running.ledger.write() as connection:
            connection.execute(insert(account).values(**row, **more, totp_step=0, state="active"))
            if role is not None:
                given = {"id": os.urandom(8), "account": id_, "role": role, "org": place.org, "path": place.path}
                why = {"given_by": "test", "reason": "test", "exception": exception, "ended_by": "", "ended_reason": ""}
                connection.execute(insert(account_grant).values(**given, **why, from_ms=now - 1, to_ms=None))
        return id_

    def session(self, id_: bytes, strength: Strength = Strength.FULL, view: View = View.MANAGEMENT) -> str:
        """The cookie of a new session."""
        with self.running.ledger.write() as connection:
            cookie = sessions.open_(connection, id_, strength, bytes(8), "test", now_ms())
            own = account_session.c.hash == sessions.digest(cookie)
            connection.execute(update(account_session).where(own).values(view=view))
        return cookie

    def visitor(self, role: Role, place: Place) -> "Caller":
        """Somebody with just this role at this place."""
        if role in PROGRAMS:
            return Caller(self, header=tokens.make(self.running.ledger, "test", PROGRAMS[role], 1, place))
        if role is Role.VIEWER:
            token = tokens.make(self.running.ledger, "test", tokens.Scope.DASHBOARD, 1, place)
            answer = tokens.check(self.running.ledger, token, tokens.Scope.DASHBOARD)
            return Caller(self, cookie=tokens.open_session(self.running.ledger, answer.hash))
        if role is Role.EMPLOYEE:
            with self.running.ledger.read() as connection:
                mine = account.c.person == self.people[place]
                had = connection.scalar(select(account.c.id).where(mine))
            id_ = had or self.account(None, EVERYWHERE, self.people[place])
            return Caller(self, cookie=self.session(id_, Strength.CODE, View.EMPLOYEE))
        return Caller(self, cookie=self.session(self.account(role, place)))


@dataclass
class Caller:
    """Who asks, and with what in hand."""

    world: World
    cookie: str = ""
    header: str = ""

    def client(self) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.header}"} if self.header else {}
        cookies = {"hazri": self.cookie} if self.cookie else {}
        transport = httpx.ASGITransport(self.world.app)
        return httpx.AsyncClient(transport=transport, base_url="http://hazri.test", headers=headers, cookies=cookies)

    def get(self, *paths: str) -> list[httpx.Response]:
        return self._run(lambda client: [client.get(path) for path in paths])

    def one(self, path: str) -> httpx.Response:
        return self.get(path)[0]

    def post(self, path: str, form: bool = True, **fields: str) -> httpx.Response:
        data = {**fields, **({"_form": sessions.csrf(self.cookie)} if form else {})}
        return self._run(lambda client: [client.post(path, data=data)])[0]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Whatever httpx can send."""
        return self._run(lambda client: [client.request(method, path, **more)])[0]

    def _run(self, ask: Callable[[httpx.AsyncClient], list[Awaitable[httpx.Response]]]) -> list[httpx.Response]:
        async def work() -> list[httpx.Response]:
            async with self.client() as client:
                return [await one for one in ask(client)]

        return asyncio.run(work())


@contextmanager
def world(folder: Path, url: str = "") -> Iterator[World]:
    with aggregator(folder, url) as running:
        made = World(running, create_app(_services(running)))
        _offices(made)
        _people(made)
        _punches(made)
        _troubles(made)
        yield made


def _services(running: Aggregator) -> Services:
    registry = Registry(Vaults(running.vault, NumberVault({1: bytes(32)})), running.keys.template)
    codes = PersonCodes(running.vault)
    desk = Desk(running.ledger, running.keys, broker_settings())
    return Services(running.ledger, running.feed, list, running.keys.vault, codes, registry=registry, desk=desk)


def _offices(made: World) -> None:
    with made.running.ledger.write() as connection:
        for slug in PATHS:
            row = {"slug": slug, "name": f"Synthetic {slug}", "name_hi": "", "state": "active", "made_ms": 1}
            connection.execute(insert(org).values(**row))
        for place in PLACES:
            parent = Place(place.org, place.path.rstrip("/").rpartition("/")[0] + "/")
            id_ = made.offices[place] = os.urandom(8)
            row = {"id": id_, "org": place.org, "code": mark(place), "parent": made.offices.get(parent)}
            name = {"path": place.path, "name": f"Office {mark(place)}", "name_hi": "", "urban": True, "block": ""}
            more = {"level": LEVELS[place.path.count("/") - 1], "desk_phone": "", "timezone": "Asia/Kolkata"}
            life = {"life": "live", "opened_on": "2020-01-01", "closed_on": None}
            connection.execute(insert(office).values(**row, **name, **more, **life))


def _people(made: World) -> None:
    refs = made.running.people(len(PLACES))
    with made.running.ledger.write() as connection:
        for place, ref in zip(PLACES, refs, strict=True):
            values = {"name": f"Synthetic {mark(place)}", "office": made.offices[place]}
            connection.execute(update(person).where(person.c.ref == ref).values(**values))
            made.people[place] = ref


def _punches(made: World) -> None:
    """Everybody at home; one roams within the state, and one comes from the other organisation."""
    here: dict[Place, list[Place]] = {place: [place] for place in PLACES}
    here[Place("hr", "/hr/d2/z1/o1/")].append(OWN)
    here[OWN].append(Place("jk", "/jk/d1/z1/o1/"))
    for place, who in here.items():
        one = Line(made.running.hub, made.running.admit(Terminal(f"t-{mark(place)}")))
        one.terminal.add(*(punch(made.people[other], n) for n, other in enumerate(who, 1)))
        one.send("beat", one.terminal.beat())
        one.send("batch", one.terminal.batch_bytes())
        with made.running.ledger.write() as connection:
            own = terminal.c.id == one.terminal.name
            connection.execute(update(terminal).where(own).values(office=made.offices[place]))
    made.running.wait("records", len(PLACES) + 2)
    where = {f"t-{mark(place)}": place for place in PLACES}
    whose = {ref: place for place, ref in made.people.items()}
    with made.running.ledger.read() as connection:
        for row in connection.execute(select(record).where(record.c.type == int(RecordType.PUNCH))):
            made.punches.append((row.server_seq, where[row.terminal], whose[row.person]))


def _troubles(made: World) -> None:
    with made.running.ledger.write() as connection:
        for place in PLACES:
            name = f"t-{mark(place)}"
            told = {"terminal": name, "log": b"logloglo", "seq": 1, "kind": "clock-back", "known_ms": 1, "detail": ""}
            connection.execute(insert(alarm).values(**told))
            digest = hashlib.sha256(name.encode()).digest()
            why = {"terminal": name, "reason": "garbage", "digest": digest, "detail": name, "leaf": "batch"}
            times = {"payload": b"x", "times": 1, "first_ms": 1, "last_ms": 1}
            connection.execute(insert(quarantine).values(**why, **times))
