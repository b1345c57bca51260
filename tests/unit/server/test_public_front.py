"""What stands before the public pages: no cookie, one answer for everybody, kept by version, limited, small (R5.1,
R5.7)."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from server.access import matrix
from server.ledger.store import Ledger
from server.ledger.tables import public_office, public_row
from server.public import front, views
from server.public.front import PREFIX
from server.web.app import ROUTERS
from tests.unit.server.public_site import NOW, Site, ask, built, copied, one

BASE = "/public/sample-5"
PAGES = [
    PREFIX, BASE, f"{BASE}/offices", f"{BASE}/attendance", f"{BASE}/office/s2", f"{BASE}/office/s2/qr",
    f"{BASE}/office/s2/qr.svg", f"{BASE}/districts", f"{BASE}/ranks", f"{BASE}/report", "/public/none", "/public/a/b/c",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, database: str) -> Ledger:
    return built(tmp_path_factory.mktemp("front"), database, schools=2)


@pytest.fixture
def made(tmp_path: Path, whole: Ledger) -> Iterator[Site]:
    found = copied(tmp_path, whole, schools=2)
    found.project()
    yield found
    found.ledger.close()


def test_no_login_no_cookie_and_the_same_for_everybody(made: Site) -> None:
    """R5.1: whatever a browser brings along, and whatever language it asks for."""
    app = made.app()
    told = {"cookie": "hazri=abc; lang=hi", "authorization": "Bearer nonsense"}
    for path in PAGES:
        for end in ("", "?lang=hi", "?utm_source=x&lang=en"):
            plain, other = ask(app, path + end)[0], ask(app, path + end, headers=told)[0]
            assert plain.status_code in (200, 302, 404), path
            assert (plain.status_code, plain.content) == (other.status_code, other.content), path
            assert "set-cookie" not in plain.headers, path
            assert "set-cookie" not in other.headers, path


def test_every_public_route_is_open_and_no_other_is_below_public() -> None:
    """R5.1."""
    below = [row for row in matrix.rows(ROUTERS) if row.path.startswith(PREFIX)]
    assert len(below) >= 11
    assert {row.method for row in below} == {"GET"}
    assert {row.right for row in below} == {None}


def test_pages_may_be_kept_and_are_not_sent_twice(made: Site) -> None:
    """R5.1: cacheable, with an ETag; compressed where that is asked for."""
    app = made.app()
    for path in (BASE, f"{BASE}/attendance", f"{BASE}/office/s2"):
        first = one(app, path)
        assert first.headers["cache-control"].startswith("public, max-age=")
        assert "accept-language" in first.headers["vary"]
        again = one(app, path, headers={"if-none-match": f'"x", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        plain = one(app, path, headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == first.content
        assert plain.headers["etag"] != first.headers["etag"]
    assert one(app, "/public/none").headers["cache-control"] == "no-store"


def test_the_language_is_the_one_asked_for(made: Site) -> None:
    app = made.app()
    assert '<html lang="hi">' in one(app, BASE, headers={"accept-language": "hi-IN,hi;q=0.9"}).text
    assert '<html lang="en">' in one(app, f"{BASE}?lang=en", headers={"accept-language": "hi"}).text
    assert '<html lang="en">' in one(app, f"{BASE}?lang=xx", headers={"accept-language": "fr"}).text


def test_what_is_kept_is_shown_until_there_is_news(made: Site) -> None:
    """A page is made once for each version of the projection."""
    path = f"{BASE}/office/s2"

    async def look() -> None:
        transport = httpx.ASGITransport(app=made.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            before = await client.get(path)
            with made.ledger.write() as connection:
                connection.execute(update(public_office).values(name="Changed"))
            assert (await client.get(path)).content == before.content
            made.project(NOW + 1000)
            give_up = time.monotonic() + 20
            while "Changed" not in (await client.get(path)).text:
                assert time.monotonic() < give_up
                await asyncio.sleep(0.1)

    asyncio.run(look())


def test_a_hundred_who_ask_at_once_cost_one_page(made: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    whole = views.attendance_list

    def slow(*told: Any) -> Any:
        asked.append(1)
        time.sleep(0.2)
        return whole(*told)

    monkeypatch.setattr(views, "attendance_list", slow)

    async def crowd() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=made.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return list(await asyncio.gather(*(client.get(f"{BASE}/attendance") for _ in range(40))))

    answers = asyncio.run(crowd())
    assert len({answer.content for answer in answers}) == 1
    assert len(asked) == 1


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is asked at the same moment, however slow the machine is."""
    monkeypatch.setattr(front, "time", SimpleNamespace(monotonic=lambda: 1000.0))


@pytest.mark.usefixtures("at_once")
def test_whoever_asks_too_much_waits_and_nobody_else_does(made: Site) -> None:
    """R5.1: rate-limited. Pages that must be made are counted apart from those that are kept."""
    app = made.app()
    answers = ask(app, *(f"{BASE}/attendance?q=x{n}" for n in range(70)), address="198.51.100.1")
    assert [answer.status_code for answer in answers] == [200] * 60 + [429] * 10
    refused = answers[60:]
    assert refused[0].headers["retry-after"].isdigit()
    assert refused[0].headers["cache-control"] == "no-store"
    assert one(app, f"{BASE}/attendance?q=other", address="198.51.100.2").status_code == 200
    kept = ask(app, *([f"{BASE}/attendance?q=x0"] * 200), address="198.51.100.1")
    assert {answer.status_code for answer in kept} == {200}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("language", "again"), [("hi", "फिर प्रयास करें"), ("en", "Try again")])
def test_whoever_asks_too_much_is_told_on_a_page_in_their_language(made: Site, language: str, again: str) -> None:
    """Its links lead to the page that was asked for, whatever was asked for; nothing on it asks for a login."""
    asked = [f"{BASE}/attendance?q=<script>{n}" for n in range(70)]
    answers = ask(made.app(), *asked, headers={"accept-language": language}, address="198.51.100.1")
    (body,) = {answer.text for answer in answers if answer.status_code == 429}
    assert f'<html lang="{language}">' in body
    assert f'<a class="button" href="">{again}</a>' in body
    other = "en" if language == "hi" else "hi"
    assert set(re.findall('href="([^"]*)"', body)) - {"#main", ""} == {
        "/static/icon.svg", "/static/public.css", f"/public?lang={language}", f"?lang={other}",
    }  # fmt: skip


def test_an_address_cannot_be_made_up_of_parameters_nobody_knows(made: Site) -> None:
    """Else each made-up parameter would be another page to make."""
    app = made.app()
    answers = ask(app, *(f"{BASE}/attendance?{n}=1" for n in range(100)), address="198.51.100.1")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_a_page_is_small_enough_for_2g(made: Site) -> None:
    """R5.7: under 50 KB with its style, even before it is compressed; with the longest names there are."""
    long = "नामनाम" * 13 + "ना"
    texts = {"office_name_hi": long, "district_hi": long, "block": long, "name": long, "designation_hi": long}
    style = len(one(made.app(), "/static/public.css").content)
    for path in PAGES:
        assert len(one(made.app(), path).content) + style < 50_000, path
    assert len(one(made.app(), f"{BASE}/attendance?show=50&lang=hi").content) + style < 50_000
    with made.ledger.write() as connection:
        connection.execute(update(public_row).values(**texts))
    answer = one(made.app(), f"{BASE}/attendance?lang=hi")
    assert long in answer.text
    assert len(answer.content) + style < 50_000


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(made: Site, method: str) -> None:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=made.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, f"{BASE}/attendance")

    assert asyncio.run(send()).status_code == 405


def test_a_head_has_the_headers_and_no_body(made: Site) -> None:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=made.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.head(f"{BASE}/attendance")

    answer = asyncio.run(send())
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 1000
