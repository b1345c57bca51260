"""Endpoint by role by place, generated from the table of routes and the OpenAPI document: who may not is refused, who
may sees what is theirs, and nothing of anybody else's leaks (R1.10, R1.11).
"""

import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy import select

from server.access import gate, matrix
from server.access.rights import Right
from server.access.roles import ROLES, Role
from server.access.scope import EVERYWHERE, NOTHING, WHOLE, Place, Scope, condition, visible
from server.access.sessions import Strength, View
from server.ledger.tables import counter, metadata, office, person, record, terminal
from server.run import start_web
from server.web.app import ROUTERS, create_app, openapi
from tests.databases import fresh_url
from tests.unit.server.world import OWN, PLACES, PROGRAMS, World, mark, world

# Seen from the office OWN: itself, everything above it, an office beside it, and another organisation.
WHERE = {
    "own": OWN,
    "zone above": Place("hr", "/hr/d1/z1/"),
    "district above": Place("hr", "/hr/d1/"),
    "state above": Place("hr", "/hr/"),
    "sibling": Place("hr", "/hr/d1/z1/o2/"),
    "other organisation": Place("jk", "/jk/"),
    "the whole ledger": EVERYWHERE,
}
# Of the things that have an id, those at each of these, one in another district and one in the other organisation.
TRIED = [*list(WHERE.values())[:-2], Place("hr", "/hr/d2/z1/o1/"), Place("jk", "/jk/d1/z1/o1/")]
MADE_UP = "00112233445566aa"
STREAMS = {"/live", "/live/fleet"}  # end with the connection; tried by themselves
OF_THE_WHOLE = {"/api/v1/keys", "/api/v1/records"}  # for a copy of the whole ledger: nobody's else at all


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as one:
        yield one


@pytest.fixture(scope="module")
def on_both(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    """The filter itself is tried on both databases."""
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        yield one


def within(place: Place, other: Place) -> bool:
    """The rule, said again without SQL."""
    return place.whole or (other.org == place.org and other.path.startswith(place.path))


def allowed(made: World, place: Place) -> set[str]:
    """Every mark that somebody at `place` may come across: theirs, who of the same organisation punched at their
    terminals, and where their people punched."""
    found = {one for other in PLACES if within(place, other) for one in made.marks(other)}
    for _, where, whose in made.punches:
        if within(place, where) and (place.whole or whose.org == place.org):
            found |= {made.people[whose].hex(), f"Synthetic {mark(whose)}"}
        if within(place, whose):
            found.add(f"t-{mark(where)}")
    return found


def seen(made: World, text: str) -> set[str]:
    return {one for place in PLACES for one in made.marks(place) if one in text}


def paths(made: World, row: matrix.Row) -> list[str]:
    """A row's path, for each thing there is; unknown things get a made-up id."""
    values = {"server_seq": [str(n) for n, _, _ in made.punches], "terminal": [f"t-{mark(place)}" for place in TRIED]}
    found = [row.path]
    while "{" in found[0]:
        name = found[0][found[0].index("{") + 1 : found[0].index("}")]
        found = [one.replace("{" + name + "}", value, 1) for one in found for value in values.get(name, [MADE_UP])]
    return found


GETS = [row for row in matrix.rows(ROUTERS) if row.method == "GET" and row.right and row.path not in STREAMS]
POSTS = [row for row in matrix.rows(ROUTERS) if row.method != "GET" and row.right]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.EMPLOYEE])
@pytest.mark.parametrize("relation", WHERE)
def test_no_endpoint_leaks_to_any_role_anywhere(made: World, role: Role, relation: str) -> None:
    """R1.10, R1.11."""
    place = WHERE[relation]
    visitor, mine = made.visitor(role, place), allowed(made, place)
    for row in GETS:
        if row.right in (Right.OWN_ACCOUNT, Right.OWN_PUNCHES):
            continue
        asked = paths(made, row)
        if role not in row.roles or (role in PROGRAMS and not row.path.startswith("/api/")):
            if relation == "own":  # who may not may not anywhere
                (answer,) = visitor.get(asked[0])
                assert answer.status_code in (303, 403), (row.path, answer.status_code)
                assert not seen(made, answer.text), row.path
            continue
        for path, answer in zip(asked, visitor.get(*asked), strict=True):
            leaked = seen(made, answer.text) - mine
            if row.right is Right.TRAIL:  # it holds what its own people asked for, found or not
                leaked -= {f"t-{mark(other)}" for other in TRIED}
            named = {one for one in (f"t-{mark(other)}" for other in PLACES) if one in path}
            assert leaked - named == set(), (path, answer.status_code)
            partly = row.path in OF_THE_WHOLE and not place.whole
            assert answer.status_code in ((403,) if partly else (200, 404, 422)), (path, answer.status_code)
            if named and not named & mine:
                assert answer.status_code == 404, path


@pytest.mark.parametrize("relation", WHERE)
def test_who_may_sees_everything_of_theirs(on_both: World, relation: str) -> None:
    place = WHERE[relation]
    puller, admin = on_both.visitor(Role.CENTRAL_PULLER, place), on_both.visitor(Role.DISTRICT_ADMIN, place)
    for caller, path in [(puller, "/api/v1/punches"), (admin, "/api/v1/punches"), (admin, "/")]:
        text = caller.one(path).text
        for other in PLACES:
            if within(place, other):
                assert f"t-{mark(other)}" in text, path
    seqs = {
        n
        for n, where, whose in on_both.punches
        if within(place, whose) or (within(place, where) and (place.whole or whose.org == place.org))
    }
    told = {punch["server_seq"] for punch in puller.one("/api/v1/punches").json()["punches"]}
    assert told == seqs
    for n, _, _ in on_both.punches:
        assert puller.one(f"/api/v1/punches/{n}/datings").status_code == (200 if n in seqs else 404)


@pytest.mark.parametrize("role", list(Role))
def test_no_change_is_taken_from_who_may_not(made: World, role: Role) -> None:
    """Each with a form of their own page: only the role is missing."""
    visitor = made.visitor(role, OWN)
    for row in POSTS:
        if role not in row.roles:
            answer = visitor.post(paths(made, row)[0])
            assert answer.status_code in (303, 403), row.path
            assert not seen(made, answer.text), row.path
        elif row.right is not Right.OWN_ACCOUNT:
            answer = visitor.post(paths(made, row)[0])
            done = answer.status_code == 303 and answer.headers["location"] != "/login"
            assert done or answer.status_code in (200, 400, 404, 409, 415, 422), (row.path, answer.status_code)


def test_no_change_is_taken_without_a_form_of_our_page(made: World) -> None:
    for role in (Role.STATE_ADMIN, Role.TECHNICIAN, Role.AUDITOR):
        visitor = made.visitor(role, OWN)
        for row in POSTS:
            if role in row.roles:
                assert visitor.post(paths(made, row)[0], form=False).status_code == 403, row.path


@pytest.mark.parametrize("what", ["grants", "reset", "state", f"grants/{MADE_UP}/end"])
def test_accounts_of_others_are_not_there(made: World, what: str) -> None:
    visitor = made.visitor(Role.DISTRICT_ADMIN, WHERE["district above"])
    for place in (Place("hr", "/hr/d2/"), Place("hr", "/hr/"), Place("hr", "/hr/d10/"), Place("jk", "/jk/d1/")):
        other = made.account(None, place).hex()
        told = visitor.post(f"/accounts/{other}/{what}", role="technician", where="hr/hr/d1/", reason="a reason")
        unknown = visitor.post(f"/accounts/{MADE_UP}/{what}")
        assert (told.status_code, told.text) == (404, unknown.text)
        assert visitor.one(f"/accounts/{other}").status_code == 404


def test_accounts_are_found_by_name_and_paged_within_ones_scope(made: World) -> None:
    places = [WHERE["district above"], Place("hr", "/hr/d2/")]
    ids = {place: [made.account(None, place).hex() for _ in range(120)] for place in places}
    admin = made.visitor(Role.DISTRICT_ADMIN, WHERE["district above"])
    texts = [admin.one(f"/accounts?page={n}").text for n in range(1, 30)]
    here, elsewhere = ids[places[0]], ids[places[1]]
    assert all(any(one in text for text in texts) for one in here)
    assert not any(one in text for text in texts for one in elsewhere)
    assert 'rel="next"' in texts[0]
    login = f"a{here[7]}"
    assert [one for one in here if f"/accounts/{one}" in admin.post("/accounts/find", q=login).text] == [here[7]]
    assert 'href="/accounts/' not in admin.post("/accounts/find", q=f"a{elsewhere[0]}").text


def test_an_employee_sees_their_own_punches_alone(made: World) -> None:
    visitor = made.visitor(Role.EMPLOYEE, OWN)
    text = visitor.one("/me").text
    assert seen(made, text) == {f"Synthetic {mark(OWN)}", f"t-{mark(OWN)}", "t-hr-d2-z1-o1-x"}
    for row in GETS:
        if Role.EMPLOYEE not in row.roles:
            answer = visitor.one(paths(made, row)[0])
            assert answer.status_code in (303, 403), row.path
            assert not seen(made, answer.text), row.path


def test_the_view_counts_on_every_route_and_not_in_the_menu_alone(made: World) -> None:
    """R1.10."""
    who = made.account(Role.STATE_ADMIN, WHERE["state above"])
    caller = made.visitor(Role.VIEWER, OWN)
    caller.cookie = made.session(who, Strength.FULL, View.EMPLOYEE)
    for row in GETS:
        if row.right and not row.right.may.own:
            led_away = row.path == "/"  # to what the other view has instead
            assert caller.one(paths(made, row)[0]).status_code == (303 if led_away else 403), row.path
    caller.cookie = made.session(who, Strength.CODE, View.MANAGEMENT)
    assert caller.one("/accounts").status_code == 403


def test_without_any_session_nothing_is_told(made: World) -> None:
    caller = made.visitor(Role.VIEWER, OWN)
    caller.cookie = "made-up"
    for row in [*GETS, *POSTS]:
        method = caller.one if row.method == "GET" else caller.post
        answer = method(paths(made, row)[0])
        assert answer.status_code in (303, 401), row.path
        assert not seen(made, answer.text)
    assert caller.one("/live").status_code == 401


def test_the_stream_carries_what_is_in_scope_alone(made: World) -> None:
    place = WHERE["zone above"]
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start_web(stack, made.app.state.services, listening)
        cookies = {"hazri": made.visitor(Role.ZONAL_CUSTODIAN, place).cookie}
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/live"
        with httpx.stream("GET", url, cookies=cookies, timeout=20) as answer:
            text = ""
            for part in answer.iter_text():
                text += part
                if "event: totals" in text:
                    break
    assert seen(made, text) - allowed(made, place) == set()
    assert f"t-{mark(OWN)}" in text


# ── the declarations themselves ──


def test_every_route_declares_who_may_use_it() -> None:
    assert gate.undeclared(ROUTERS) == []
    documented = set(openapi()["paths"])
    assert documented <= {row.path for row in matrix.rows(ROUTERS)}


def test_nothing_starts_with_a_route_that_declares_nothing(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    router = APIRouter()
    router.add_api_route("/everything", lambda: "")
    assert gate.undeclared([router]) == ["/everything"]
    monkeypatch.setattr("server.web.app.ROUTERS", [*ROUTERS, router])
    with pytest.raises(TypeError, match="/everything"):
        create_app(made.app.state.services)


def test_the_matrix_names_every_endpoint_and_role() -> None:
    rows = matrix.rows(ROUTERS)
    assert len(rows) == sum(
        len(route.methods or ()) for one in ROUTERS for route in one.routes if isinstance(route, APIRoute)
    )
    text, document = matrix.table(rows), matrix.markdown(rows)
    assert all(role.value in text for role in Role)
    assert all(right.may.what in document for right in Right)
    assert all(facts.hi and facts.en for facts in ROLES.values())


# ── the filter itself ──


def test_every_table_of_offices_or_people_has_a_rule(on_both: World) -> None:
    """And one that belongs to nobody is refused rather than shown whole."""
    scope = Scope(frozenset(), frozenset({OWN}))
    for table in (office, person, record, terminal):
        with on_both.running.ledger.read() as connection:
            every = len(connection.execute(select(table)).all())
            mine = len(connection.execute(visible(select(table), table, scope)).all())
            none = len(connection.execute(visible(select(table), table, NOTHING)).all())
            whole = len(connection.execute(visible(select(table), table, WHOLE)).all())
        assert every == whole > mine > none == 0
    with pytest.raises(TypeError, match="counter"):
        condition(counter, scope)
    ruled = [t for t in metadata.tables.values() if {"office", "terminal", "person", "org"} & set(t.c.keys())]
    for table in ruled:
        condition(table, scope)


@pytest.mark.parametrize("path", ["/HR/d1/", "/hr/d1", "/hr/d_/", "/hr/%/", "/hr/d1/z1/o1/x/"])
def test_a_path_is_compared_as_it_is_written(on_both: World, path: str) -> None:
    scope = Scope(frozenset(), frozenset({Place("hr", path)}))
    with on_both.running.ledger.read() as connection:
        found = connection.scalars(visible(select(office.c.path), office, scope)).all()
    assert sorted(found) == sorted(one.path for one in PLACES if one.org == "hr" and one.path.startswith(path))
