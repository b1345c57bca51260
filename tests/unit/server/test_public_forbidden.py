"""What is never published (R5.12): every forbidden field of a ledger holds a mark of its own, every public page that
can be reached is read, in both languages, and none of the marks is in any of them, nor in the tables behind them.

On SQLite; that both databases show the same is proved in test_public_pages.py.
"""

import datetime as dt
import html
import json
import os
import random
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from server.ledger.store import Ledger
from server.ledger.tables import (
    account,
    employee,
    incident,
    office,
    person,
    public_day,
    public_office,
    public_org,
    public_row,
    registration,
    template,
    terminal,
    terminal_health,
)
from server.public.front import Front
from server.public.limits import Rate
from sync.record import Kind
from tests.unit.server.public_site import NOW, Site, ask, at, flat, site, table, terminal_of

SEARCHES = 6
REASON = "fever and reason"
ADDRESS = "10.77.{}.{}"


class Planted:
    """A ledger with a mark in every field that may not be seen, drawn from a seed."""

    def __init__(self, made: Site, seed: int) -> None:
        self.made, self.draw = made, random.Random(seed)
        self.marks: dict[str, str] = {}
        for n, who in enumerate(made.made.people):
            self._person(n, who.ref)
        for n, place in enumerate(made.made.places):
            self._terminal(n, terminal_of(place))
        self._registration()
        self._morning()

    def mark(self, what: str, text: str) -> str:
        self.marks[text.casefold()] = what
        return text

    def number(self, what: str, digits: int) -> str:
        return self.mark(what, str(self.draw.randrange(10 ** (digits - 1), 10**digits)))

    def _person(self, n: int, ref: bytes) -> None:
        aadhaar, digits, mobile = self.number("Aadhaar", 12), self.number("attendance id", 6), self.number("mobile", 10)
        born = self.mark("born on", (dt.date(1900, 1, 1) + dt.timedelta(days=n)).isoformat())
        told: dict[str, Any] = {"mobile": mobile, "email": self.mark("e-mail", f"mail{n}q@sample.invalid")}
        told |= {"born_on": born, "number": os.urandom(8), "gender": self.mark("gender", f"gender{n}q")}
        self.mark("vault reference", told["number"].hex())
        self.mark("reference", ref.hex())
        with self.made.ledger.write() as connection:
            connection.execute(update(employee).where(employee.c.person == ref).values(**told))
            # What people type where they should not: a number in a name.
            slip = self.draw.choice([aadhaar, digits, mobile, f"{aadhaar[:4]} {aadhaar[4:8]} {aadhaar[8:]}"])
            if n % 3 == 0:
                self.marks[slip] = "a number in a name"
                name = select(person.c.name).where(person.c.ref == ref).scalar_subquery()
                connection.execute(update(person).where(person.c.ref == ref).values(name=name + " " + slip))
            sealed = self.mark("template", f"TEMPLATE{n}q").encode()
            row = {"person": ref, "finger": 1, "version": 1, "sealed": sealed, "terminal": "t", "since_ms": 0}
            connection.execute(insert(template).values(**row))
            login = {"id": os.urandom(8), "login": self.mark("login", f"login{n}q"), "name": f"Account {n}", "org": ""}
            more = {"path": "", "person": ref, "designation": "", "totp_step": 0, "state": "active", "made_ms": 0}
            connection.execute(insert(account).values(**login, **more))

    def _terminal(self, n: int, name: str) -> None:
        where = self.mark("address of a device", ADDRESS.format(n, self.draw.randrange(1, 250)))
        told = {"name": f"East gate {where}", "place": f"first floor {where}"}
        body = self.mark("health", f"HEALTH{n}q").encode()
        alarm = {"id": os.urandom(8), "terminal": name, "kind": "offline", "ref": "", "level": 2, "detail": where}
        self.mark("a terminal's id", f">{name}<")
        with self.made.ledger.write() as connection:
            connection.execute(update(terminal).where(terminal.c.id == name).values(**told))
            connection.execute(insert(terminal_health).values(terminal=name, at_ms=NOW, body=body))
            connection.execute(insert(incident).values(**alarm, opened_ms=NOW, times=1))

    def _registration(self) -> None:
        row: dict[str, Any] = {
            "id": self.mark("registration", "REGq1"),
            "org": self.made.made.slug,
            "state": "submitted",
        }
        row |= {"name": self.mark("an applicant", "Applicant q"), "born_on": "1980-01-01", "gender": "x", "kind": "x"}
        row["state"] = "submitted"
        row |= {"email": "q@q.invalid", "mobile": self.number("applicant's mobile", 10), "division": "teaching"}
        row |= {"designation": "", "office": self.made.made.places[0].id, "reason": "", "submitted_ms": 0, "actor": ""}
        with self.made.ledger.write() as connection:
            connection.execute(insert(registration).values(**row, photo=self.mark("photo", "PHOTOq").encode()))
            phone = self.number("a desk that is a mobile", 10)
            connection.execute(
                update(employee).where(employee.c.person == self.made.made.people[0].ref).values(mobile=phone)
            )
            connection.execute(update(office).where(office.c.code == "s1").values(desk_phone=phone))

    def _morning(self) -> None:
        for n, who in enumerate(self.made.made.people):
            place = next(one for one in self.made.made.places if one.id == who.office)
            what = self.draw.randrange(5)
            if what == 0:
                reason = self.mark("reason of leave", f"{REASON} {n}q")
                detail = {"kind": self.mark("kind of leave", f"kind{n}q"), "half": "full"}
                self.made.asks(who, "leave", json.dumps(detail), reason)
            elif what == 1:
                going = self.mark("purpose of duty", f"purpose {n}q")
                self.made.asks(who, "on_duty", json.dumps({"place": going, "half": "full"}), going)
            elif what < 4:
                at_ms = at(8, 30) + self.draw.randrange(7_000_000)
                self.made.punch(who, place, at_ms, self.draw.choice([Kind.IN, Kind.MOVEMENT_OUT]))


def crawl(made: Site) -> dict[str, httpx.Response]:
    """Every public page that a link leads to, from the first one on, in both languages."""
    app, found, wanted = made.app(), {}, {"/public", "/public?lang=hi"}
    while wanted:
        paths = sorted(wanted)
        for path, answer in zip(paths, ask(app, *paths), strict=True):
            assert answer.status_code in (200, 302), (path, answer.status_code)
            found[path] = answer
        links = {answer.headers["location"] for answer in found.values() if answer.status_code == 302}
        for path, answer in found.items():
            for link in re.findall(r'(?:href|src)="([^"]+)"', answer.text):
                whole = html.unescape(link)
                whole = path.partition("?")[0] + whole if whole.startswith("?") else whole
                if whole.startswith("/public"):
                    links.add(whole)
        wanted = {link for link in links if link not in found and _new(link)}
    return found


def _new(link: str) -> bool:
    """Of sorted lists one page each is enough: another order shows nothing else."""
    return not ("sort=" in link and "page=" in link) and not ("dir=" in link and "sort=" in link)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_forbidden_field_is_in_any_public_answer(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """R5.12: Aadhaar digits, attendance id, photo, template, mobile, reason of leave, device address; and no
    reference, birthday, login or terminal either."""
    monkeypatch.setattr(Front.__init__, "__defaults__", (Rate(1e9, 1e9), Rate(1e9, 1e9)))
    ledger = Ledger(f"sqlite:///{tmp_path / 'l.db'}")
    made = site(ledger, schools=2, seed=seed)
    planted = Planted(made, seed)
    made.project()
    pages = crawl(made)
    assert len(pages) > 100
    listed = "".join(answer.text for path, answer in pages.items() if "/attendance" in path)
    for who in (one for place in made.marking for one in made.people(place)):
        assert who.name in listed  # the crawl did see them
    for path, answer in pages.items():
        told = "\n".join([answer.text, *answer.headers.values()]).casefold()
        leaked = {what for mark, what in planted.marks.items() if mark in told}
        assert leaked == set(), path
    behind = [row for one in (public_day, public_office, public_org, public_row) for row in table(ledger, one)]
    public_ids = {row["office"].hex() for row in table(ledger, public_office)}
    told = flat(behind).casefold()
    assert {what for mark, what in planted.marks.items() if mark in told and mark not in public_ids} == set()
    _no_oracle(made, planted)


def _no_oracle(made: Site, planted: Planted) -> None:
    """A search for what is not shown finds nothing, so nobody can guess it letter by letter."""
    draw, app = random.Random(3), made.app()
    for mark in draw.sample(sorted(planted.marks), 60):
        for at_least in (mark, mark[:SEARCHES]):
            if planted.marks[mark] in ("gender", "login") or len(at_least) < SEARCHES or not at_least.isdigit():
                continue
            (answer,) = ask(app, f"/public/{made.made.slug}/attendance?q={at_least}")
            assert "Nothing was found." in answer.text, planted.marks[mark]
