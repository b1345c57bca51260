"""Helpers of the public pages' tests: a synthetic department with a terminal in each office, punches of a made-up
morning put straight into the ledger, and a client that reads what everybody may read. Nobody in it exists.
"""

import asyncio
import datetime as dt
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import insert, select

from server.feed import Feed
from server.fleet import registry
from server.ledger import partitions
from server.ledger.store import Ledger
from server.ledger.tables import record, request, terminal
from server.people import synthetic
from server.people.days import start_ms
from server.people.synthetic import Department, Employee, Place
from server.public.projector import Projector
from server.trust.vault import Vault
from server.web.app import create_app
from server.web.services import Services
from sync.record import Kind, RecordType
from sync.wire import Beat
from tests import databases

DAY = dt.date(2026, 1, 5)  # a Monday
MIDNIGHT = start_ms(DAY)
MINUTE, HOUR = 60_000, 3_600_000
NOW = MIDNIGHT + 11 * HOUR
SEED = 5


def at(hour: int, minute: int, second: int = 0) -> int:
    """Of the day, in India."""
    return MIDNIGHT + hour * HOUR + minute * MINUTE + second * 1000


@dataclass
class Site:
    """A department in a ledger, projected when asked."""

    ledger: Ledger
    made: Department
    projector: Projector
    seqs: dict[str, int] = field(default_factory=dict)
    number: int = 0

    @property
    def marking(self) -> list[Place]:
        return [one for one in self.made.places if one.life != "mapped"]

    def office(self, code: str) -> Place:
        return next(one for one in self.made.places if one.code == code)

    def people(self, place: Place) -> list[Employee]:
        """In the order in which they are listed."""
        return sorted((one for one in self.made.people if one.office == place.id), key=lambda one: one.name)

    def beat(self, place: Place, at_ms: int = NOW, *, online: bool = True, backlog: int = 0) -> None:
        beat = Beat(b"session1", online, bytes(8), 0, backlog, 0)
        with self.ledger.write() as connection:
            registry.take_beat(connection, terminal_of(place), beat, at_ms)

    def punch(self, who: Employee, place: Place, at_ms: int, kind: Kind = Kind.IN, **more: Any) -> None:
        """Taken at a place's terminal, and here a second later."""
        row = punch_row(self._next(terminal_of(place)), who.ref, at_ms, kind, **more)
        with self.ledger.write() as connection:
            partitions.ensure(connection, row["received_ms"])
            self.number += 1
            connection.execute(insert(record).values(**row, server_seq=self.number))

    def asks(self, who: Employee, kind: str, detail: str, reason: str = "") -> None:
        """An approved request for the day."""
        row: dict[str, Any] = {"id": os.urandom(8), "person": who.ref, "kind": kind, "detail": detail}
        row |= {"since": DAY.isoformat(), "until": DAY.isoformat(), "reason": reason, "state": "approved"}
        row |= {"asked_by": "x", "asked_ms": NOW, "decided_by": "x", "decided_ms": NOW, "decision": reason}
        with self.ledger.write() as connection:
            connection.execute(insert(request).values(**row, withdrawn_by=""))

    def project(self, at_ms: int = NOW) -> int:
        return self.projector.tick(at_ms)

    def app(self) -> FastAPI:
        return create_app(Services(self.ledger, Feed(), list))

    def _next(self, name: str) -> tuple[str, int]:
        self.seqs[name] = self.seqs.get(name, 0) + 1
        return name, self.seqs[name]


def terminal_of(place: Place) -> str:
    return f"t-{place.code}"


def punch_row(where: tuple[str, int], person: bytes, at_ms: int, kind: Kind, **more: Any) -> dict[str, Any]:
    """Of a terminal that booted at midnight and whose clock is right."""
    row: dict[str, Any] = {"terminal": where[0], "log": b"log-----", "seq": where[1], "type": int(RecordType.PUNCH)}
    row |= {"body": b"", "head": bytes(32), "person": person, "kind": int(kind), "means": 1, "score": 900}
    row |= {"source_class": 1, "flags": 0, "event": None, "boot_no": 1, "since_boot_ms": at_ms - MIDNIGHT}
    return row | {"wall_ms": at_ms, "clock_source": 3, "error_bound_ms": 40, "received_ms": at_ms + 1000} | more


def copied(folder: Path, whole: Ledger, schools: int = 6) -> Site:
    """A site over a copy of a ledger that `built` made."""
    ledger = databases.copied(whole, folder)
    return Site(ledger, synthetic.generate(schools, SEED), Projector(ledger))


def built(folder: Path, database: str, schools: int = 6) -> Ledger:
    """A ledger with a site in it, to be copied."""
    ledger = Ledger(databases.fresh_url(database) or f"sqlite:///{folder / 'whole.db'}")
    site(ledger, schools)
    return ledger


def site(ledger: Ledger, schools: int = 6, seed: int = SEED) -> Site:
    """Every office with a terminal that was just heard of."""
    made = synthetic.generate(schools, seed)
    synthetic.write(ledger, Vault(os.urandom(32)), made)
    keys = {"record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b"", "roster_version": 0, "admitted_ms": 0}
    rows = [{"id": terminal_of(one), "state": "active", "office": one.id, **keys} for one in made.places]
    with ledger.write() as connection:
        connection.execute(insert(terminal), rows)
    found = Site(ledger, made, Projector(ledger))
    for one in made.places:
        found.beat(one)
    return found


def ask(app: FastAPI, *paths: str, headers: Mapping[str, str] | None = None, address: str = "203.0.113.9") -> Any:
    """The answers, one after the other, to somebody at an address."""

    async def get() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://hazri.example") as client:
            return [await client.get(path, headers=headers) for path in paths]

    return asyncio.run(get())


def one(app: FastAPI, path: str, **more: Any) -> httpx.Response:
    found: httpx.Response = ask(app, path, **more)[0]
    return found


def cells(html: str, tag: str = "td|th") -> list[list[str]]:
    """The rows of a page's table, as text."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [[_plain(text) for _, text in re.findall(rf"<({tag})\b[^>]*>(.*?)</\1>", row, re.DOTALL)] for row in rows]


def columns(html: str) -> list[str]:
    """Of a page's table, without the arrows."""
    head = html.partition("<thead>")[2].partition("</thead>")[0]
    found = re.findall(r"<th\b[^>]*>(.*?)</th>", head, re.DOTALL)
    return [_plain(re.sub(r'<span aria-hidden="true">.*?</span>', "", text)) for text in found]


def figures(html: str) -> dict[str, int]:
    """The counts on a page, by what they are called."""
    return {
        _plain(name): int(_plain(n).replace(",", "")) for name, n in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html)
    }


def table(ledger: Ledger, one_table: Any) -> list[dict[str, Any]]:
    with ledger.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(one_table))]


def _plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def flat(rows: Iterable[Mapping[str, Any]]) -> str:
    """Everything in some rows, bytes as hexadecimal too."""
    lines = (" ".join(one.hex() if isinstance(one, bytes) else str(one) for one in row.values()) for row in rows)
    return "\n".join(sorted(lines))
