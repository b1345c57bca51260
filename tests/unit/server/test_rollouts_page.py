"""The page that says how far each district is with its release: in both languages, by role and by place."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.access.roles import Role
from server.access.scope import EVERYWHERE, Place
from server.releases.gate import HOUR_MS
from server.releases.rollout import Report, Rollouts
from sync.release import within
from tests.databases import fresh_url
from tests.unit.edge.update_site import Makers
from tests.unit.server.world import World, world

NEW = "0.2.0"
WHY = "sensors <b>of one kind</b>"
FIRST = next(f"gate-{n}" for n in range(10_000) if within(f"gate-{n}", 1))
DISTRICT = Place("hr", "/hr/d1/")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    """d1 is under way, d2 was halted, and nothing was begun for all the others."""
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        makers = Makers(tmp_path_factory.mktemp("makers"), ("all", "d1", "d2"))
        makers.release(NEW)
        rollouts = Rollouts(makers.repository)
        rollouts.begin("d1", NEW, 0)
        rollouts.begin("d2", NEW, 0)
        rollouts.advance(lambda: [Report(FIRST, ("d1", "all"), NEW, True, HOUR_MS)], HOUR_MS)
        rollouts.halt("d2", WHY, 2 * HOUR_MS)
        one.app.state.services = dataclasses.replace(one.app.state.services, releases=makers.repository.folder)
        yield one


def rows(text: str) -> list[str]:
    return text.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1] if "<tbody>" in text else []


def test_it_says_how_far_each_district_is_and_why_it_was_halted(made: World) -> None:
    first, second = rows(made.visitor(Role.STATE_ADMIN, EVERYWHERE).one("/rollouts").text)
    for part in (
        "d1",
        NEW,
        "under way",
        "<b>1 %</b>",
        "1 of 1 heard of; 1 in the ring",
        "at the earliest on: 02.01.1970",
    ):
        assert part in first, part
    for part in ("d2", "halted", "sensors &lt;b&gt;of one kind"):
        assert part in second, part
    assert "<b>of one kind" not in second


@pytest.mark.parametrize(
    ("place", "districts"),
    [
        (EVERYWHERE, ["d1", "d2"]),
        (Place("hr", "/hr/"), ["d1", "d2"]),
        (DISTRICT, ["d1"]),
        (Place("hr", "/hr/d1/z1/o1/"), ["d1"]),
        (Place("hr", "/hr/d2/"), ["d2"]),
    ],
)
def test_everybody_sees_the_districts_of_their_own_offices(made: World, place: Place, districts: list[str]) -> None:
    """R1.10."""
    found = rows(made.visitor(Role.DISTRICT_ADMIN, place).one("/rollouts").text)
    assert [name for row in found for name in ("d1", "d2") if f">{name}<" in row] == districts


def test_it_is_for_who_reads_how_terminals_are(made: World) -> None:
    for role in (Role.TECHNICIAN, Role.AUDITOR, Role.NODAL_OFFICER):
        answer = made.visitor(role, DISTRICT).one("/rollouts")
        assert (answer.status_code, len(rows(answer.text))) == (200, 1), role
    for role in (Role.SECTION_OFFICER, Role.EMPLOYEE):
        assert made.visitor(role, Place("hr", "/hr/d1/z1/o1/")).one("/rollouts").status_code in (303, 403), role


def test_hindi(made: World) -> None:
    visitor = made.visitor(Role.STATE_ADMIN, EVERYWHERE)
    text = visitor.ask("GET", "/rollouts", headers={"accept-language": "hi"}).text
    for part in ("सॉफ़्टवेयर", "जारी", "रोका गया", "चरण में 1"):
        assert part in text, part


def test_without_releases_and_with_a_damaged_file_it_says_so(made: World, tmp_path: Path) -> None:
    visitor, before = made.visitor(Role.STATE_ADMIN, EVERYWHERE), made.app.state.services
    try:
        made.app.state.services = dataclasses.replace(before, releases=tmp_path)
        assert "Nothing is rolled out" in visitor.one("/rollouts").text
        (tmp_path / "rollouts.json").write_text('{"all": {"seen": 3}}')
        answer = visitor.one("/rollouts")
        assert (answer.status_code, "cannot be read" in answer.text) == (503, True)
    finally:
        made.app.state.services = before
