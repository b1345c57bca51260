"""What other systems fetch over the API, and lists that come in on a page: whose they are, and what is refused. On both
databases; everybody is synthetic.
"""

import datetime as dt
import json
from collections.abc import Iterator

import icalendar
import pytest
from sqlalchemy import delete, insert, select

from server.access import sessions
from server.access.roles import Role
from server.access.scope import EVERYWHERE, Place
from server.days import places
from server.days.places import Source
from server.ledger.tables import attendance_day, designation, device_location, holiday
from server.web.app import openapi
from tests.databases import fresh_url
from tests.unit.server.days.district import at
from tests.unit.server.world import OWN, World, mark, world

DAY = dt.date(2026, 10, 1)
BESIDE = Place("hr", "/hr/d1/z1/o2/")
DAYS = "since=2026-10-01&until=2026-10-02"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    """Everybody came at 09:41 and left at 17:35, at the terminal of their office."""
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        with one.running.ledger.write() as connection:
            connection.execute(insert(attendance_day), [_day(one, place) for place in one.people])
            day = dt.date(2026, 10, 2)
            places.add_holiday(connection, places.Place("hr", "/"), day, "Sample day", "", Source("x", "GO/1"))
        yield one


def _day(made: World, place: Place) -> dict[str, object]:
    came, left = at(DAY, "09:41:07"), at(DAY, "17:35")
    marks = [[f"t-{mark(place)}", "00", n, ms, ms, kind] for n, ms, kind in ((1, came, "in"), (2, left, "out"))]
    told = json.dumps({"steps": [], "punches": marks, "because": []})
    row = {"person": made.people[place], "day": DAY.isoformat(), "known_from_ms": 1, "known_to_ms": None}
    times = {"first_low_ms": came, "first_high_ms": came, "last_low_ms": left, "last_high_ms": left}
    more = {"late_min": 0, "early_min": 0, "worked_min": 474, "policy": "x", "face": False, "derivation": told}
    said = {"turns_ms": None, "office": made.offices[place], "status": "present", "flags": 0}
    return {**row, **said, **times, **more}


def test_a_token_fetches_what_frappe_and_odoo_take(made: World) -> None:
    """Their own field names, for the place that the token is bound to and the days that are asked for."""
    puller, who = made.visitor(Role.CENTRAL_PULLER, OWN), made.people[OWN].hex()
    answer = puller.one(f"/api/v1/exchange/frappe?{DAYS}")
    assert answer.headers["content-type"] == "application/json"
    common = {"employee": who, "device_id": f"t-{mark(OWN)}", "skip_auto_attendance": 0}
    assert answer.json() == [
        {**common, "time": "2026-10-01 09:41:07", "log_type": "IN"},
        {**common, "time": "2026-10-01 17:35:00", "log_type": "OUT"},
    ]
    odoo = puller.one(f"/api/v1/exchange/odoo?{DAYS}").json()
    assert odoo == [{"employee_id": who, "check_in": "2026-10-01 04:11:07", "check_out": "2026-10-01 12:05:00"}]
    rows = puller.one(f"/api/v1/exchange/odoo?{DAYS}&form=csv").content.decode("utf-8-sig").split()
    assert rows[0] == "employee_id,check_in,check_out"
    assert puller.one("/api/v1/exchange/odoo?since=2026-10-02&until=2026-10-03").json() == []


def test_the_calendar_is_read_by_another_program(made: World) -> None:
    answer = made.visitor(Role.CENTRAL_PULLER, OWN).one("/api/v1/exchange/calendar")
    assert answer.headers["content-type"].startswith("text/calendar")
    events = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert [(str(one["SUMMARY"]), one.decoded("DTSTART")) for one in events] == [("Sample day", dt.date(2026, 10, 2))]


def test_a_token_fetches_nothing_of_anybody_else(made: World) -> None:
    """R1.10: an office of another is not there; a place holds all below it and nothing beside it."""
    puller = made.visitor(Role.CENTRAL_PULLER, OWN)
    assert puller.one(f"/api/v1/exchange/frappe?{DAYS}&office={mark(BESIDE)}").status_code == 404
    assert puller.one(f"/api/v1/exchange/frappe?{DAYS}&org=jk").status_code == 404
    zone = made.visitor(Role.CENTRAL_PULLER, Place("hr", "/hr/d1/z1/"))
    told = {row["employee_id"] for row in zone.one(f"/api/v1/exchange/odoo?{DAYS}").json()}
    assert told == {
        ref.hex() for one, ref in made.people.items() if one.path.startswith("/hr/d1/z1/") and one.org == "hr"
    }
    one = zone.one(f"/api/v1/exchange/odoo?{DAYS}&office={mark(BESIDE)}").json()
    assert [row["employee_id"] for row in one] == [made.people[BESIDE].hex()]
    for role in (Role.VIEWER, Role.EMPLOYEE, Role.TECHNICIAN, Role.SECTION_OFFICER):
        assert made.visitor(role, OWN).one(f"/api/v1/exchange/frappe?{DAYS}").status_code in (401, 403)


@pytest.mark.parametrize(
    "asked",
    ["since=2026-01-01&until=2026-12-31", "since=2026-10-05&until=2026-10-01", "since=x", "form=xml", "org=a%00b"],
)
def test_what_makes_no_sense_is_refused(made: World, asked: str) -> None:
    answer = made.visitor(Role.CENTRAL_PULLER, OWN).one(f"/api/v1/exchange/frappe?{asked}")
    assert answer.status_code == 422, answer.text


def test_a_token_of_several_organisations_says_which(made: World) -> None:
    puller = made.visitor(Role.CENTRAL_PULLER, EVERYWHERE)
    assert puller.one(f"/api/v1/exchange/odoo?{DAYS}").status_code == 422
    assert len(puller.one(f"/api/v1/exchange/odoo?{DAYS}&org=jk").json()) == 4


def test_the_document_names_the_fields_of_the_other_systems() -> None:
    schemas = openapi()["components"]["schemas"]
    fields = {"employee", "time", "device_id", "log_type", "skip_auto_attendance"}
    assert set(schemas["ApiCheckin"]["properties"]) == fields
    assert set(schemas["ApiAttendance"]["properties"]) == {"employee_id", "check_in", "check_out"}


# ── lists on a page ──

SOUND = b"code,name,name_hi,equivalent,grade_pay\npeon,Peon,\xe0\xa4\x9a,mts,1800\n"
BAD = SOUND + b"king,King,\xe0\xa4\xb0,emperor,\nx,X,\xe0\xa4\x95,mts,much\n"


def bring(made: World, role: Role, place: Place, data: bytes, **told: str) -> tuple[int, str]:
    who = made.visitor(role, place)
    fields = {"org": "hr", **told, "_form": sessions.csrf(who.cookie)}
    answer = who.ask("POST", "/masters/import", data=fields, files={"rows": ("a.csv", data, "text/csv")})
    return answer.status_code, answer.text


def codes(made: World) -> list[str]:
    with made.running.ledger.read() as connection:
        return list(connection.scalars(select(designation.c.code).where(designation.c.org == "hr")))


def test_a_list_is_tried_before_it_is_taken(made: World) -> None:
    """Every bad row at once, by row and column, and nothing stored; then all of it."""
    head = Place("hr", "/hr/")
    status, text = bring(made, Role.STATE_ADMIN, head, BAD, which="designations")
    assert status == 400
    assert [f">{n}</th>" in text for n in (1, 2, 3)] == [False, True, True]
    assert ("equivalent" in text, "grade_pay" in text) == (True, True)
    assert bring(made, Role.STATE_ADMIN, head, SOUND, which="designations")[0] == 200
    assert bring(made, Role.STATE_ADMIN, head, BAD, which="designations", step="import")[0] == 400
    assert codes(made) == []
    assert bring(made, Role.STATE_ADMIN, head, SOUND, which="designations", step="import")[0] == 200
    assert codes(made) == ["peon"]
    with made.running.ledger.write() as connection:
        connection.execute(delete(designation))


def test_a_part_keeps_its_own_places_and_holidays_alone(made: World) -> None:
    """R1.7: lists of the whole are not a part's to change, nor are another's offices."""
    district = Place("hr", "/hr/d1/")
    told = {"which": "designations", "step": "import"}
    assert bring(made, Role.DISTRICT_ADMIN, district, SOUND, **told)[0] == 400
    far = Place("hr", "/hr/d2/z1/o1/")
    for place, expected in ((OWN, 200), (far, 400)):
        rows = f"office,code,name,name_hi\n{mark(place)},gate,Gate,द्वार\n".encode()
        assert bring(made, Role.DISTRICT_ADMIN, district, rows, which="locations", step="import")[0] == expected
    day = "day,name,name_hi,office\n2026-10-20,Local fair,मेला,\n".encode()
    assert bring(made, Role.DISTRICT_ADMIN, district, day, which="holidays", step="import", order="GO/2")[0] == 200
    with made.running.ledger.read() as connection:
        assert list(connection.scalars(select(device_location.c.office))) == [made.offices[OWN]]
        h = holiday.c
        assert connection.execute(select(h.path, h.order_no).where(h.name == "Local fair")).all() == [
            ("/hr/d1/", "GO/2")
        ]
    assert codes(made) == []


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b'code,name\n"x', b"x" * (8 * 1024 * 1024 + 1)])
def test_a_file_that_is_no_list_is_refused(made: World, data: bytes) -> None:
    assert bring(made, Role.STATE_ADMIN, Place("hr", "/hr/"), data, which="divisions")[0] == 400
