"""Everything that has an id, at every place, asked for from three: what is another office's is not there, whatever one
holds and whatever one wants of it (R1.10, R1.11). An endpoint with an id that nothing here makes fails the test.

Everything is synthetic.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Table, insert

from server.access import matrix
from server.access.roles import Role
from server.access.scope import Place
from server.ledger.tables import (
    attendance_day,
    claim,
    claim_token,
    custody_task,
    deduction_line,
    employee,
    incident,
    lsa_claim,
    provisional,
    registration,
    report,
    request,
    ticket,
)
from server.web.app import ROUTERS
from tests.unit.server.test_access_scope import within
from tests.unit.server.world import OWN, PLACES, PROGRAMS, World, mark, world

FROM = {"own": OWN, "zone above": Place("hr", "/hr/d1/z1/"), "other organisation": Place("jk", "/jk/")}
LETTERS = "23456789ABCDEFGHJKLMNPQR"
DAY, MONTH = "2026-04-01", "2026-04"

# What each id names, by its name in the path and how the path begins; the first that fits.
NAMES = (
    ("terminal", "", "terminal"), ("terminal_id", "/provisional/", "terminal"),
    ("one", "/tickets/", "ticket"), ("one", "/api/v1/tickets/", "ticket"),
    ("one", "/alarms/", "incident"), ("one", "/api/v1/incidents/", "incident"),
    ("one", "/claims/", "claim"), ("one", "/api/v1/claims/", "claim"),
    ("one", "/registrations/", "registration"), ("one", "/api/v1/registrations/", "registration"),
    ("ref", "", "person"), ("claim", "/claims/late-sitting/", "lsa"), ("task", "/custody/", "task"),
    ("id_", "/accounts/", "account"), ("id_", "/offices/", "office"), ("id_", "/returns/sent/", "report"),
    ("id_", "/requests/", "request"), ("id_", "/movements/", "request"), ("id_", "/register-book/", "request"),
    ("server_seq", "", "punch"),
)  # fmt: skip
# What stands beside an id and is the same everywhere.
PLAIN = {"day": DAY, "month": MONTH, "ordinal": "1", "log": "6c6f676c6f676c6f", "seq": "1"}
PLAIN |= {"grant": "00112233445566aa", "event": "00112233445566aa"}
# Ids that belong to no office, and why.
ELSEWHERE = {
    "/masters/{which}": "names a list",
    "/returns/{name}": "names a return",
    "/returns/{name}/file": "names a return",
    "/returns/{name}/send": "names a return",
    "/deductions/{month}": "names a month",
    "/register-book/{day}": "names a day",
    "/organisations/{id_}": "applications are of no organisation yet; of the whole ledger alone",
    "/organisations/{id_}/request": "applications are of no organisation yet; of the whole ledger alone",
}


def filled(table: Table, **values: Any) -> dict[str, Any]:
    """A row: what is told, and something of its type in every other column that must not be empty."""
    made: dict[str, Any] = {}
    for column in table.c:
        if column.nullable or column.name in values:
            continue
        kind = column.type
        number = isinstance(kind, BigInteger | Integer)
        plain: Any = (
            False if isinstance(kind, Boolean) else 1 if number else b"" if isinstance(kind, LargeBinary) else ""
        )
        made[column.name] = plain
    return made | values


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as one:
        yield one


@pytest.fixture(scope="module")
def things(made: World) -> dict[str, dict[Place, str]]:
    """Of everything that can be named, one at each place, by its id."""
    found: dict[str, dict[Place, str]] = {
        "terminal": {place: f"t-{mark(place)}" for place in PLACES},
        "person": {place: made.people[place].hex() for place in PLACES},
        "office": {place: made.offices[place].hex() for place in PLACES},
        "account": {place: made.account(None, place).hex() for place in PLACES},
        "punch": {where: str(n) for n, where, whose in made.punches if where == whose},
    }
    with made.running.ledger.write() as connection:
        for n, place in enumerate(PLACES):
            one = hashlib.sha256(mark(place).encode()).digest()[:8]
            who, at, name = made.people[place], made.offices[place], f"t-{mark(place)}"
            letters = f"R-{LETTERS[n]}{'2' * 7}"
            rows: list[tuple[str, Table, dict[str, Any]]] = [
                ("ticket", ticket, {"id": one, "terminal": name, "kind": "sensor"}),
                ("incident", incident, {"id": one, "terminal": name, "kind": "offline"}),
                ("", claim_token, {"id": one, "office": at, "terminal": name}),
                ("claim", claim, {"id": one, "token": one, "office": at, "terminal": name, "state": "pending"}),
                ("task", custody_task, {"id": one, "org": place.org, "path": place.path}),
                ("lsa", lsa_claim, {"id": one, "person": who, "month": MONTH, "lines": "[]", "days": "[]"}),
                ("report", report, {"id": one, "org": place.org, "path": place.path, "name": "monthly"}),
                ("request", request, {"id": one, "person": who, "kind": "movement", "state": "asked", "detail": "{}",
                                      "since": DAY, "until": DAY}),
                ("", provisional, {"terminal": name, "log": b"logloglo", "seq": 1, "state": "open", "supervisor": who}),
            ]  # fmt: skip
            told = {"org": place.org, "kind": "government", "gender": "female", "born_on": "1984-11-05"}
            rows.append(
                ("", employee, {**told, "person": who, "base_office": at, "base_on": DAY, "service": "serving"})
            )
            form = {**told, "id": letters, "state": "submitted", "office": at, "name": f"Synthetic {mark(place)}"}
            connection.execute(insert(registration).values(**filled(registration, **form)))
            found.setdefault("registration", {})[place] = letters
            day = {"person": who, "day": DAY, "office": at}
            rows.append(("", attendance_day, day))
            rows.append(("", deduction_line, {"person": who, "month": MONTH, "ordinal": 1}))
            for what, table, values in rows:
                known = {key: value for key, value in values.items() if key in table.c}
                connection.execute(insert(table).values(**filled(table, **known)))
                if what:
                    found.setdefault(what, {})[place] = one.hex()
    return found


def named(row: matrix.Row) -> list[str]:
    """The names in a path that are not the same everywhere."""
    parts = [part[1:-1].partition(":")[0] for part in row.path.split("/") if part.startswith("{")]
    return [part for part in parts if part not in PLAIN]


def thing(row: matrix.Row, name: str) -> str:
    return next((what for part, start, what in NAMES if part == name and row.path.startswith(start)), "")


def asked(row: matrix.Row, name: str, id_: str) -> str:
    path = row.path.replace("{" + name + "}", id_)
    for part, value in PLAIN.items():
        path = path.replace("{" + part + "}", value)
    return path


OFFICES_OWN = [one for one in matrix.rows(ROUTERS) if one.right is not None and not one.right.may.own and named(one)]
ROWS = [one for one in OFFICES_OWN if one.path not in ELSEWHERE]


def test_every_id_in_a_path_is_of_something_that_is_made_here() -> None:
    """A new endpoint with an id is tried below, or says why not."""
    for row in ROWS:
        assert len(named(row)) == 1, row.path
        assert thing(row, named(row)[0]), f"{row.method} {row.path}: make one at each place in `things`, or say why not"
    assert ELSEWHERE.keys() <= {row.path for row in OFFICES_OWN} | {row.path for row in matrix.rows(ROUTERS)}
    assert {thing(row, named(row)[0]) for row in ROWS} == {what for _, _, what in NAMES}


@pytest.mark.parametrize("relation", FROM)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
def test_what_is_another_offices_is_not_there(
    made: World, things: dict[str, dict[Place, str]], row: matrix.Row, relation: str
) -> None:
    here, (name,) = FROM[relation], named(row)
    role = sorted(role for role in row.roles if role not in PROGRAMS or row.path.startswith("/api/"))[0]
    visitor = made.visitor(Role.STATE_ADMIN if Role.STATE_ADMIN in row.roles else role, here)
    ask = visitor.one if row.method == "GET" else visitor.post
    for place, id_ in things[thing(row, name)].items():
        if within(here, place):
            if row.method == "GET":
                assert ask(asked(row, name, id_)).status_code in (200, 404, 409), place
            continue
        answer = ask(asked(row, name, id_))
        assert answer.status_code in (404, 415), (place, answer.status_code)
        assert f"Synthetic {mark(place)}" not in answer.text


def test_what_is_ones_own_is_there(made: World, things: dict[str, dict[Place, str]]) -> None:
    """Or the test above would hold of a server that has nothing."""
    seen = 0
    for row in ROWS:
        if row.method == "GET" and Role.STATE_ADMIN in row.roles:
            (name,) = named(row)
            answer = made.visitor(Role.STATE_ADMIN, OWN).one(asked(row, name, things[thing(row, name)][OWN]))
            seen += answer.status_code == 200
            where = f"{row.path}: {answer.status_code}"
            # The photograph was erased; what is frozen of a return is not as it was, which is said.
            there = (200, 404) if row.path.endswith("/photo") else (409,) if "/sent/" in row.path else (200,)
            assert answer.status_code in there, where
    assert seen > 10
