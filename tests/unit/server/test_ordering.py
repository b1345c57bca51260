"""Tables in the order of any of their columns, both ways, the same on the page and in its file, on both databases."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import insert, update

from server.access.roles import Role
from server.access.scope import EVERYWHERE
from server.fleet.tickets import DAY_MS
from server.ledger.tables import (
    condition,
    designation,
    employee,
    incident,
    person,
    terminal,
    terminal_order,
    terminal_state,
    ticket,
)
from sync.orders import OrderKind
from tests.databases import DATABASES, fresh_url
from tests.unit.server.test_access_things import filled
from tests.unit.server.world import PLACES, Caller, World, mark, world

START, MINUTE = 1_767_000_000_000, 60_000
LETTERS = "ZYXWVUTSRQPONMLKJIHGFEDCBA"
KINDS = ("sensor", "offline", "storage", "clock")
WORST = {"ok": 0, "warn": 1, "fail": 2}
STEPS = {"asked": 0, "sent": 1, "done": 2}
OFFICES = [f"Office {mark(place)}" for place in sorted(PLACES, key=lambda one: (one.org, one.path))]  # as the tree
Row = dict[str, str]

# Of each list, what a column orders by, as the file has it.
FILES: dict[str, dict[str, Callable[[Row], Any]]] = {
    "/terminals": {
        "id": lambda one: one["terminal"],
        "office": lambda one: OFFICES.index(one["office"]),
        "level": lambda one: WORST[one["condition"]],
        "link": lambda one: one["online"],
        "seen": lambda one: one["last heard"],
        "backlog": lambda one: int(one["waiting"]),
    },
    "/rosters": {
        "id": lambda one: one["terminal"],
        "roster": lambda one: int(one["roster wanted"]) - int(one["roster"]),
        "has": lambda one: int(one["roster"]),
        "wanted": lambda one: int(one["roster wanted"]),
    },
    "/tickets": {
        "kind": lambda one: one["fault"],
        "id": lambda one: one["terminal"],
        "opened": lambda one: one["opened"],
        "due": lambda one: one["due"],
        "taken": lambda one: one["taken"],
    },
    "/tickets?which=closed": {"closed": lambda one: one["closed"]},
    "/alarms": {
        "id": lambda one: one["terminal"],
        "kind": lambda one: one["kind"],
        "opened": lambda one: one["opened"],
        "seen": lambda one: one["seen"],
    },
    "/alarms?which=closed": {"closed": lambda one: one["closed"]},
    "/orders": {
        "id": lambda one: one["terminal"],
        "kind": lambda one: OrderKind[one["order"].upper()],
        "progress": lambda one: STEPS[one["progress"]],
        "asked": lambda one: one["asked"],
        "done": lambda one: one["done"],
        "result": lambda one: one["result"],
    },
    "/people": {
        "name": lambda one: one["name"],
        "post": lambda one: one["designation"],
        "kind": lambda one: one["type"],
    },
}
COLUMNS = [(path, key) for path, keys in FILES.items() for key in keys]


@pytest.fixture(scope="module", params=DATABASES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), fresh_url(request.param)) as one:
        _fill(one)
        yield one


def _fill(made: World) -> None:
    """Of everything several, in no order, and some of it empty."""
    with made.running.ledger.write() as connection:
        for code, name in (("clk", "Clerk"), ("prin", "Principal")):
            connection.execute(insert(designation).values(**filled(designation, org="hr", code=code, name=name)))
        for n, place in enumerate(PLACES):
            terminal_id, other = f"t-{mark(place)}", n * 7 % len(PLACES)
            at = START + other * MINUTE
            state = {"backlog": other, "online": n % 2 == 0, "last_seen_ms": at, "roster_version": n % 3}
            own = terminal_state.c.terminal == terminal_id
            connection.execute(update(terminal_state).where(own).values(**state))
            known = terminal.c.id == terminal_id
            connection.execute(update(terminal).where(known).values(roster_version=3 + other))
            bad = {"terminal": terminal_id, "kind": "sensor", "level": other % 3}
            connection.execute(insert(condition).values(**filled(condition, **bad)))
            acked = None if n % 3 else at + MINUTE
            told = {"terminal": terminal_id, "kind": KINDS[other % 4], "opened_ms": at, "acked_ms": acked}
            for closed in (None, at + 9 * MINUTE):
                told |= {"id": n.to_bytes(7, "big") + bytes([closed is not None]), "closed_ms": closed}
                connection.execute(insert(incident).values(**filled(incident, **told)))
                connection.execute(insert(ticket).values(**filled(ticket, **told, due_ms=at + 7 * DAY_MS)))
            order = {"terminal": terminal_id, "number": 1, "kind": 1 + n % 3, "actor": "server", "asked_ms": at}
            order |= {"sent_ms": at + 1 if n % 4 else None, "done_ms": at + 2 * MINUTE if n % 2 else None}
            order |= {"result": ("passed" if n % 4 == 1 else "failed") if n % 2 else None}
            connection.execute(insert(terminal_order).values(**filled(terminal_order, **order)))
            ref, office = made.people[place], made.offices[place]
            row = {"person": ref, "org": place.org, "kind": ("government", "guest", "contractual")[n % 3]}
            row |= {"designation": ("clk", "prin", "")[other % 3], "gender": "female", "born_on": "1984-11-05"}
            row |= {"base_office": office, "base_on": "2026-04-01", "service": "serving"}
            connection.execute(insert(employee).values(**filled(employee, **row)))
            called = f"Synthetic {LETTERS[other]} {mark(place)}"
            connection.execute(update(person).where(person.c.ref == ref).values(name=called))


def _file(caller: Caller, path: str, **asked: str) -> list[Row]:
    base, _, query = path.partition("?")
    more = "&".join([query, *(f"{key}={value}" for key, value in asked.items())]).strip("&")
    answer = caller.one(f"{base}.csv?{more}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


@pytest.fixture(scope="module")
def who(made: World) -> dict[str, Caller]:
    admin, nodal = (made.visitor(role, EVERYWHERE) for role in (Role.STATE_ADMIN, Role.NODAL_OFFICER))
    return {path: nodal if path == "/people" else admin for path in FILES}


@pytest.mark.parametrize(("path", "key"), COLUMNS)
def test_a_list_comes_in_the_order_of_a_column_both_ways(who: dict[str, Caller], path: str, key: str) -> None:
    caller, of = who[path], FILES[path][key]
    rising, falling = (_file(caller, path, sort=key, dir=way) for way in ("asc", "desc"))
    values = [of(one) for one in rising]
    assert len(values) >= len(PLACES) - 1
    assert len(set(values)) > 1, "there is something to order"
    assert values == sorted(values)
    assert [of(one) for one in falling] == sorted(values, reverse=True)
    assert sorted(map(str, rising)) == sorted(map(str, falling)), "all of it, either way"


@pytest.mark.parametrize("path", FILES)
def test_headings_lead_to_each_order_and_back(who: dict[str, Caller], path: str) -> None:
    """The page says to a screen reader what it is in the order of; its file is in the same order."""
    caller, base = who[path], path.partition("?")[0]
    text = caller.one(path).text
    head = text[text.index("<thead>") : text.index("</thead>")]
    links = re.findall(r'<th scope="col"[^>]*><a href="(\?[^"]*)"', head)
    assert len(links) >= len(FILES[path])
    assert head.count("aria-sort=") == 1
    for link in links:
        page = caller.one(base + link.replace("&amp;", "&")).text
        head = page[page.index("<thead>") : page.index("</thead>")]
        mine = re.search(r'aria-sort="(\w+)"><a href="([^"]*)"', head)
        assert mine, link
        way, back = mine.groups()
        assert f"dir={'desc' if way == 'descending' else 'asc'}" in link
        assert f"dir={'asc' if way == 'descending' else 'desc'}" in back
        assert f'href="{base}.csv?{link[1:]}"' in page


@pytest.mark.parametrize("path", FILES)
def test_an_order_that_is_not_there_is_the_one_a_list_comes_in(who: dict[str, Caller], path: str) -> None:
    plain = _file(who[path], path)
    for asked in ({"sort": "nothing"}, {"sort": "name;drop"}, {"dir": "up"}, {"sort": "", "dir": ""}):
        assert _file(who[path], path, **asked) == plain


def test_places_below_come_in_the_order_of_their_sums(who: dict[str, Caller]) -> None:
    found = {}
    for way in ("asc", "desc"):
        text = who["/terminals"].one(f"/fleet?sort=tickets&dir={way}").text
        below = text[text.index('id="fleet-below"') :]
        found[way] = [int(n) for n in re.findall(r'<td class="number" data-label="Open tickets">(\d+)', below)]
    assert found["asc"] == sorted(found["asc"])
    assert found["desc"] == found["asc"][::-1]
    assert len(set(found["asc"])) > 1


def test_people_are_filtered_paged_and_found_by_a_name_that_no_address_holds(
    made: World, who: dict[str, Caller]
) -> None:
    caller = who["/people"]
    everybody = _file(caller, "/people")
    assert {one["type"] for one in _file(caller, "/people", kind="guest")} == {"guest"}
    place = next(place for place in PLACES if place.org == "hr" and place.path.count("/") == 3)
    below = _file(caller, "/people", at=made.offices[place].hex())
    assert 0 < len(below) < len(everybody)
    assert all(one["office code"].startswith(mark(place).removesuffix("-x")) for one in below)
    assert caller.one("/people?at=0011223344556677").status_code == 404
    assert caller.one("/people?page=2").text.count("<tr>") == 1, "a page behind the last has its headings alone"
    name = everybody[3]["name"]
    found = caller.post("/people", q=name.upper())
    assert found.text.count('<th scope="row"') == 1
    assert name in found.text
    assert caller.post("/people", q="nobody is called this").text.count('<th scope="row"') == 0
    assert caller.post("/people", q="").headers["location"] == "/people"
    for path in ("/people", "/service", "/accounts", "/search"):
        for form in re.findall(r"<form[^>]*>(?:(?!</form>).)*</form>", caller.one(path).text, re.DOTALL):
            assert 'method="post"' in form or 'name="q"' not in form, path
