"""Registrations over the API: every bad row told, nobody registered by a dry run, and only for offices of one's own.

Everybody is synthetic.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from server.access.roles import Role
from server.access.scope import Place
from server.ledger.tables import registration
from server.people import orgs
from tests.unit.server.applicants import jpeg, number
from tests.unit.server.world import OWN, Caller, World, mark, world

PATH = "/api/v1/registrations"
DISTRICT = Place("hr", "/hr/d1/")
PICTURE = base64.b64encode(jpeg()).decode()


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as one:
        with one.running.ledger.write() as connection:
            orgs.put_division(connection, "hr", "teaching", {"name": "Teaching", "name_hi": "शिक्षण"})
            post = {"name": "Teacher", "name_hi": "शिक्षक", "equivalent": "teacher"}
            orgs.put_designation(connection, "hr", "teacher", post)
        yield one


def row(n: int, **changed: object) -> dict[str, object]:
    form: dict[str, object] = {"name": f"Sample {n}", "born_on": "05-11-1984", "gender": "female", "aadhaar": number(n)}
    form |= {"email": f"sample{n}@example.invalid", "mobile": f"9{n:09d}", "employee_type": "government"}
    form |= {"division": "teaching", "designation": "teacher", "office": mark(OWN), "photo": PICTURE}
    return form | changed


def hand_in(who: Caller, rows: list[dict[str, object]], **query: Any) -> httpx.Response:
    body = "\n".join(json.dumps(one) for one in rows)
    headers = {"content-type": "application/x-ndjson"}
    return who.ask("POST", PATH, params={"org": "hr", **query}, content=body, headers=headers)


def test_a_dry_run_tells_every_bad_row_at_once_and_stores_nothing(made: World) -> None:
    """Wrong fields, a number twice, one that is registered already, another's office: all in one answer."""
    who = made.visitor(Role.REGISTRAR, DISTRICT)
    assert hand_in(who, [row(1)]).status_code == 200
    rows = [
        row(1), row(2), row(2, name="Sample Two"), row(3, born_on="31-02-1990", mobile="12"),
        row(4, office=mark(Place("hr", "/hr/d2/z1/o1/"))), row(5, photo="not base64!"), row(6, office=[1]),
    ]  # fmt: skip
    answer = hand_in(who, rows, dry_run=True)
    assert answer.status_code == 422
    told = answer.json()
    wrong = {(one["row"], one["column"]) for one in told["bad"]}
    assert {(1, "aadhaar"), (3, "aadhaar"), (4, "born_on"), (4, "mobile"), (5, "office"), (6, "photo")} <= wrong
    assert not [one for one in wrong if one[0] == 2]
    assert 7 in {one[0] for one in wrong}
    assert all(one["why"] and one["todo"] for one in told["bad"])
    assert (told["rows"], told["registrations"]) == (7, [])
    assert hand_in(who, rows).status_code == 422
    assert hand_in(who, [row(8), row(9)], dry_run=True).json()["registrations"] == []
    assert made.running.sql("select count(*) from registration") == [(1,)]
    assert PICTURE not in answer.text
    assert number(2) not in answer.text


def test_everybody_of_a_sound_file_is_registered_and_looked_after(made: World) -> None:
    """R1.6: what became of each can be asked for, by whoever looks after their office alone."""
    who = made.visitor(Role.REGISTRAR, DISTRICT)
    first, second = hand_in(who, [row(1), row(2)], consent="attendance-2").json()["registrations"]
    assert who.one(f"{PATH}/{first}").json()["state"] == "submitted"
    with made.running.ledger.write() as connection:
        rejected = {"state": "rejected", "reason": "another picture", "decided_ms": 1}
        connection.execute(update(registration).where(registration.c.id == second).values(**rejected))
    assert who.one(f"{PATH}/{second}").json()["reason"] == "another picture"
    assert made.running.sql("select distinct wording from consent") == [("attendance-2",)]
    for place in (Place("hr", "/hr/d2/"), Place("jk", "/jk/")):
        assert made.visitor(Role.REGISTRAR, place).one(f"{PATH}/{first}").status_code == 404
    assert who.one(f"{PATH}/R-22222222").status_code == 404


def test_who_read_a_number_is_read_by_the_auditor_of_its_office_alone(made: World) -> None:
    """R1.3: with the reason, in the browser and as CSV; a reason that begins like a formula runs nothing."""
    (one,) = hand_in(made.visitor(Role.REGISTRAR, DISTRICT), [row(1)]).json()["registrations"]
    officer = made.visitor(Role.NODAL_OFFICER, DISTRICT)
    shown = officer.post(f"/registrations/{one}/number", why="=compared with the card")
    assert number(1) in "".join(shown.text.split())
    auditor = made.visitor(Role.AUDITOR, DISTRICT)
    page, file = auditor.one("/vault-reads").text, auditor.one("/vault-reads.csv").text
    assert one in page
    assert "=compared with the card" in page
    assert "'=compared with the card" in file
    assert number(1) not in page + file
    for place in (Place("hr", "/hr/d2/"), Place("jk", "/jk/")):
        elsewhere = made.visitor(Role.AUDITOR, place)
        assert one not in elsewhere.one("/vault-reads").text + elsewhere.one("/vault-reads.csv").text
    assert officer.one("/vault-reads").status_code == 403


def test_who_may_not_hand_in(made: World) -> None:
    """R1.11: a token for something else, another organisation; an account needs a form of our page."""
    for role in (Role.CENTRAL_PULLER, Role.TECHNICIAN, Role.ORDER_ISSUER):
        assert hand_in(made.visitor(role, DISTRICT), [row(1)]).status_code == 403
    who = made.visitor(Role.REGISTRAR, DISTRICT)
    assert hand_in(who, [row(1)], org="jk").status_code == 404
    assert hand_in(made.visitor(Role.NODAL_OFFICER, DISTRICT), [row(1)]).status_code == 403
    assert who.one("/api/v1/fleet").status_code == 403
    assert made.running.sql("select count(*) from registration") == [(0,)]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"a":1}', b"name,nothing\n1,2", b"[" * 5000, b'{"x":' * 5000]
)
def test_what_is_no_file_is_refused(made: World, body: bytes) -> None:
    who = made.visitor(Role.REGISTRAR, DISTRICT)
    for kind in ("application/x-ndjson", "text/csv"):
        answer = who.ask("POST", PATH, params={"org": "hr"}, content=body, headers={"content-type": kind})
        assert answer.status_code == 422, answer.text
    assert who.ask("POST", PATH, params={"org": "hr"}, content=body, headers={"content-type": "x/y"}).status_code == 415
