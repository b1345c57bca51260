"""The map of offices, with tiles behind it where they are asked for, and nothing fetched from elsewhere where not. The
offices are synthetic."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from server.access.roles import Role
from server.access.scope import EVERYWHERE
from server.web import charts_map
from server.web.app import create_app
from server.web.charts_map import Spot
from server.web.tiles import Frame, Tiles, cover, mercator
from tests.unit.server.world import World, world

TILES = Tiles("https://tiles.example:8443/drawn/{z}/{x}/{y}.png", "© made up")
PLACES = [(28.6139, 77.2090), (34.0837, 74.7973), (8.0883, 77.5385)]


def spots() -> list[Spot]:
    return [Spot(n, *place, (("ok", 3),), "/fleet", f"place {n}") for n, place in enumerate(PLACES, 1)]


def test_places_lie_where_the_tiles_have_them() -> None:
    """By the numbers that tiles go by everywhere: London is on 10/511/340."""
    x, y = mercator(51.5074, -0.1278)
    assert (int(x * 1024), int(y * 1024)) == (511, 340)
    assert mercator(0, -180) == (0.0, 0.5)
    assert mercator(90, 0)[1] == mercator(85, 0)[1] > 0


@pytest.mark.parametrize("scale", [300.0, 20_000.0, 1e7, 1e12])
def test_tiles_cover_the_picture_and_no_more(scale: float) -> None:
    x, y = mercator(*PLACES[0])
    frame = Frame(x - 200 / scale, y - 150 / scale, scale)
    side, found = cover(frame, 400, 300)
    assert len(found) <= 64
    assert all(-side <= left < 400 and -side <= top < 300 for *_, left, top in found)
    (z, *_) = found[0]
    if z < 17:
        assert 100 < side < 220
        assert sum(left <= 200 < left + side and top <= 150 < top + side for *_, left, top in found) == 1
    assert {key[0] for key in found} == {z}
    assert all(0 <= key[1] < 1 << z and 0 <= key[2] < 1 << z for key in found)


def test_a_circle_is_where_it_is_on_the_tile_behind_it() -> None:
    picture = str(charts_map.draw(spots(), "map", TILES))
    image = re.compile(r'<image href="[^"]*/(\d+)/(\d+)/(\d+).png" x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)"')
    drawn = [tuple(map(float, one)) for one in image.findall(picture)]
    circles = [tuple(map(float, one)) for one in re.findall(r'class="disc" cx="([\d.]+)" cy="([\d.]+)"', picture)]
    assert len(circles) == len(PLACES)
    for place, (cx, cy) in zip(PLACES, circles, strict=True):
        (key,) = [one for one in drawn if one[3] <= cx < one[3] + one[5] - 0.2 and one[4] <= cy < one[4] + one[5] - 0.2]
        x, y = (at * 2 ** key[0] for at in mercator(*place))
        assert (cx - key[3]) / (key[5] - 0.2) == pytest.approx(x - key[1], abs=0.02)
        assert (cy - key[4]) / (key[5] - 0.2) == pytest.approx(y - key[2], abs=0.02)


def test_a_single_place_is_in_the_middle() -> None:
    picture = str(charts_map.draw(spots()[:1], "map"))
    assert 'cx="200.0" cy="60.0"' in picture


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as one:
        yield one


def looks(made: World, tiles: Tiles | None, path: str) -> httpx.Response:
    app = create_app(replace(made.app.state.services, tiles=tiles, vault=made.running.keys.vault))
    cookies = {"hazri": made.session(made.account(Role.STATE_ADMIN, EVERYWHERE))}

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hazri.test", cookies=cookies) as client:
            return await client.get(path)

    return asyncio.run(get())


def test_tiles_are_fetched_from_one_place_and_only_when_asked_for(made: World, tmp_path: Path) -> None:
    for path, tiles, images, link in (
        ("/fleet/map", None, False, ""),
        ("/fleet/map?tiles=1", None, False, ""),
        ("/fleet/map", TILES, False, "tiles=1"),
        ("/fleet/map?tiles=1", TILES, True, "tiles=0"),
    ):
        answer = looks(made, tiles, path)
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert ("https://tiles.example:8443;" in policy) == (tiles is not None)
        assert ("<image" in answer.text) == (images and "<circle" in answer.text)
        assert re.findall(r"tiles=\d(?=\")", answer.text)[:1] == ([link] if link else [])
        assert ("© made up" in answer.text) == images
    assert looks(made, TILES, "/fleet/map?tiles=2").status_code == 422
