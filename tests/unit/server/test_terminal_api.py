"""What a terminal is told to be and to do, over the API and in a browser: by whom, where, and what is kept of it.

Everything is synthetic.
"""

import datetime as dt
import tomllib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from server.access import sessions
from server.access.roles import Role
from server.access.scope import EVERYWHERE, Place
from server.fleet import twin
from server.ledger.store import now_ms
from server.trust import tokens
from tests.unit.server.world import OWN, Caller, World, mark, world

HERE, BESIDE = f"t-{mark(OWN)}", "t-hr-d1-z1-o2-x"
ZONE = Place("hr", "/hr/d1/z1/")
BASE = "/api/v1/terminals"


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as one:
        yield one


def program(made: World, place: Place) -> Caller:
    return Caller(made, header=tokens.make(made.running.ledger, "fleet", tokens.Scope.FLEET, 1, place))


def post(who: Caller, path: str, **body: Any) -> httpx.Response:
    headers = {"x-hazri-form": sessions.csrf(who.cookie)} if who.cookie else {}
    return who.ask("POST", path, json=body, headers=headers)


def test_settings_are_versions_that_the_terminal_answers(made: World) -> None:
    who = program(made, ZONE)
    assert post(who, f"{BASE}/{HERE}/settings", settings="volume = 3").json()["now"]["desired"] == 1
    assert post(who, f"{BASE}/{HERE}/settings", settings="volume = 3\n").json()["now"]["desired"] == 1
    told = post(who, f"{BASE}/{HERE}/settings", settings="volume = 4").json()
    assert [(one["version"], one["settings"]) for one in told["versions"]] == [(2, "volume = 4"), (1, "volume = 3")]
    assert told["versions"][0]["by"].startswith("token ")
    with made.running.ledger.write() as connection:
        twin.report(connection, HERE, 2, twin.DONE, now_ms())
    now = who.one(f"{BASE}/{HERE}/settings").json()["now"]
    assert now == {"desired": 2, "reported": 2, "result": "kept"}
    for bad in ("volume = ", "x = '" + "y" * 600 + "'", ""):
        assert post(who, f"{BASE}/{HERE}/settings", settings=bad).status_code == 409, bad


def test_standing_changes_step_by_step_with_who_and_why(made: World) -> None:
    who = made.visitor(Role.TECHNICIAN, ZONE)
    path = f"{BASE}/{HERE}/state"
    assert "say why" in post(who, path, state="quarantined", why=" ").json()["error"]
    assert post(who, path, state="quarantined", why="carried off").json()["was"] == "active"
    assert post(who, path, state="active", why="it is back").json()["state"] == "active"
    assert post(who, path, state="revoked", why="stolen").status_code == 200
    assert "may become retired" in post(who, path, state="active", why="found").json()["error"]
    assert post(who, path, state="believed", why="x").status_code == 422
    history = who.one(f"{BASE}/{HERE}").json()["history"]
    assert [(one["became"], one["why"]) for one in history if one["what"] == "state"][:3] == [
        ("revoked", "stolen"), ("active", "it is back"), ("quarantined", "carried off"),
    ]  # fmt: skip
    assert history[0]["by"].startswith("account ")


def test_a_move_within_what_is_ones_own_and_ahead_of_its_day(made: World) -> None:
    """S7."""
    who, path = program(made, ZONE), f"{BASE}/{HERE}/place"
    there = made.offices[Place("hr", "/hr/d1/z1/o2/")].hex()
    moved = post(who, path, office=there, name="East gate", place="ground floor", why="order 7").json()
    assert (moved["office"], moved["due"]) == (there, False)
    seen = who.one(f"{BASE}/{HERE}").json()
    assert (seen["terminal"]["office"], seen["terminal"]["name"]) == (there, "East gate")
    ahead = (dt.datetime.now(dt.UTC) + dt.timedelta(days=3)).isoformat()
    back = made.offices[OWN].hex()
    assert post(who, path, office=back, since=ahead).json()["due"] is True
    assert who.one(f"{BASE}/{HERE}").json()["terminal"]["office"] == there
    for office in (
        made.offices[Place("hr", "/hr/d2/z1/o1/")].hex(),
        made.offices[Place("jk", "/jk/d1/")].hex(),
        "",
        "zz",
    ):
        assert post(who, path, office=office).status_code == 404, office
    assert post(who, path, office=back, since="2026-01-01T00:00:00").status_code == 422
    assert post(who, path, office=back, since="9999-12-31T23:59:59-14:00").status_code in (409, 422)
    assert post(program(made, EVERYWHERE), path, office="").status_code == 200


def test_commands_are_listed_with_who_when_and_result(made: World) -> None:
    who, path = program(made, OWN), f"{BASE}/{HERE}/orders"
    assert post(who, path, kind="locate", seconds=5).json()["progress"] == "asked"
    assert post(who, path, kind="wipe").status_code == 422
    assert post(who, path, kind="wipe", sure=HERE).status_code == 200
    assert post(who, path, kind="config").status_code == 422
    assert post(who, path, kind="locate", seconds=10**9).status_code == 409
    told = who.one(path).json()["orders"]
    assert [one["kind"] for one in told] == ["wipe", "locate"]
    assert all(one["by"].startswith("token ") for one in told)


@pytest.mark.parametrize("what", ["settings", "state", "place", "orders"])
def test_what_is_not_theirs_is_not_there(made: World, what: str) -> None:
    """R1.11: an office beside, one above, another organisation, and what is nowhere: one answer."""
    bodies: dict[str, dict[str, str]] = {
        "settings": {"settings": "a = 1"},
        "state": {"state": "revoked", "why": "x"},
        "place": {"office": made.offices[OWN].hex()},
        "orders": {"kind": "restart"},
    }
    who = program(made, OWN)
    for terminal in (BESIDE, "t-hr-d1-z1-x", "t-jk-d1-z1-o1-x", "t-nowhere"):
        answer = post(who, f"{BASE}/{terminal}/{what}", **bodies[what])
        assert (answer.status_code, answer.json()) == (404, {"error": "no such terminal"})
    for role in (Role.AUDITOR, Role.NODAL_OFFICER, Role.OFFICE_CUSTODIAN, Role.CENTRAL_PULLER, Role.REGISTRAR):
        assert post(made.visitor(role, OWN), f"{BASE}/{HERE}/{what}", **bodies[what]).status_code == 403
    assert (
        who.ask("POST", f"{BASE}/{HERE}/{what}", content=b"{", headers={"content-type": "text/plain"}).status_code
        == 415
    )
    assert post(who, f"{BASE}/{HERE}/{what}", more="1").status_code == 422


def test_another_unit_takes_the_place_within_ones_own_scope(made: World) -> None:
    """S7: by the API, and as a file from the page; the token's machine stands where the old one stood."""
    who = made.visitor(Role.TECHNICIAN, ZONE)
    said = post(who, "/api/v1/claim-tokens", terminal=HERE, replaces=True).json()
    assert said["terminal"] == HERE
    for other in ("t-hr-d2-x", "t-nowhere"):
        assert post(who, "/api/v1/claim-tokens", terminal=other, replaces=True).status_code == 404
        assert who.post(f"/terminals/{other}/replace", url="https://hazri.example").status_code == 404
    answer = who.post(f"/terminals/{HERE}/replace", url="https://hazri.example", at_once="yes")
    file = tomllib.loads(answer.text)
    assert (file["terminal"], file["server"], file["fingerprint"]) == (
        HERE,
        "https://hazri.example",
        said["fingerprint"],
    )
    assert "hazri.toml" in answer.headers["content-disposition"]
    assert who.post(f"/terminals/{HERE}/replace", url="javascript:1").status_code == 409
    rows = made.running.sql("select terminal, office, replaces, at_once from claim_token order by made_ms")
    office = made.offices[OWN]
    assert [tuple(row) for row in rows] == [(HERE, office, 1, 0), (HERE, office, 1, 1)]
    new = who.post("/claims/token", where=f"hr/{mark(OWN)}", url="https://hazri.example")
    assert tomllib.loads(new.text)["terminal"].startswith("hr-d1-z1-o1-x-")
    assert (
        who.post("/claims/token", where=f"hr/{mark(Place('hr', '/hr/d2/'))}", url="https://h.example").status_code
        == 409
    )


def test_the_page_does_the_same_and_says_what_is_wrong(made: World) -> None:
    who = made.visitor(Role.TECHNICIAN, ZONE)
    base = f"/terminals/{HERE}"
    assert f"{base}/manage" in who.one(base).text
    assert f"{base}/manage" not in made.visitor(Role.AUDITOR, ZONE).one(base).text
    page = who.one(f"{base}/manage").text
    assert all(f'value="{step}"' in page for step in ("quarantined", "revoked", "retired"))
    assert 'value="pending"' not in page
    assert who.post(f"{base}/settings", settings="volume = 2").status_code == 303
    assert "volume = 2" in who.one(f"{base}/manage").text
    assert "not TOML" in who.post(f"{base}/settings", settings="volume").text
    assert who.post(f"{base}/place", where=f"hr/{mark(OWN)}", name="Gate <b>", place="hall").status_code == 303
    assert "Gate &lt;b&gt;" in who.one(f"{base}/manage").text
    assert "among yours" in who.post(f"{base}/place", where="jk/none").text
    assert "no such day" in who.post(f"{base}/place", where=f"hr/{mark(OWN)}", on="2026-02-30").text
    assert who.post(f"{base}/state", become="quarantined", why="looks odd").status_code == 303
    assert "looks odd" in who.one(base).text
    assert who.post(f"{base}/state", become="gone", why="x").status_code == 409
    assert "Say why" in who.post(f"{base}/state", become="active", why=" ").text
    assert "512" in who.post(f"{base}/settings", settings="x = '" + "y" * 600 + "'").text
    hindi = who.one(f"{base}/manage?lang=hi").text
    assert "मशीन बदलें" in hindi
