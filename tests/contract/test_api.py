"""The API and the pages over a real socket: who may ask, what is answered, and how refusals read.

On SQLite, as `run` comes; the feed and the whole document are tried on both (test_api_feed.py, test_access_hostile.py).
"""

import datetime as dt
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from server.intake.dating import RESOLUTION_MS
from server.web.app import openapi
from sync.record import Flag, Kind
from tests.unit.server.aggregator import WALL_MS, punch, until
from tests.unit.server.process import Server, Unit

N = 120


class Site:
    """A running server that holds N punches, and tokens for it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.refs = server.people(3)
        self.ready = server.start()
        unit = Unit(server, "t-1")
        kinds = [Kind.IN, Kind.OUT]
        unit.append(*(punch(self.refs[n % 3], n, kind=kinds[n % 2], flags=Flag(n % 3 == 2)) for n in range(N)))
        unit.start()  # they are all there, so that a signature covers a whole batch
        until(lambda: unit.agent.state.receipted == N, "all punches receipted")
        unit.stop()
        self.log = unit.outbox.log
        self.pull_token, self.page_token = server.token("pull"), server.token("dashboard")

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.server.url + path, headers=headers, timeout=20)

    def punches(self, query: str = "") -> httpx.Response:
        return self.get(f"/api/v1/punches{query}", authorization=f"Bearer {self.pull_token}")

    @contextmanager
    def session(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.server.url, timeout=20) as client:
            assert client.post("/enter", data={"token": self.page_token}).status_code == 303
            yield client


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = Server(tmp_path_factory.mktemp("api"))
    yield Site(server)
    assert server.stop() == 0


def test_the_readiness_line_says_where(site: Site) -> None:
    assert site.ready == f"ready web={site.server.url} broker=127.0.0.1:{site.server.broker_port}"
    assert site.get("/healthz").json() == {"status": "ok"}
    assert site.get("/readyz").json() == {"status": "ready", "problems": []}


def test_a_punch_as_the_api_gives_it(site: Site) -> None:
    page = site.punches("?limit=3").json()
    assert page["next"] == 3
    assert page["more"] is True
    one = page["punches"][2]
    received = one.pop("received_at")
    assert re.fullmatch("[0-9a-f]{64}", one.pop("head"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", received)
    latest = dt.datetime.fromisoformat(one.pop("latest"))
    assert latest - dt.datetime.fromisoformat(received) == dt.timedelta(milliseconds=RESOLUTION_MS)
    assert one == {
        "server_seq": 3,
        "terminal": "t-1",
        "log": site.log.hex(),
        "seq": 3,
        "person": site.refs[2].hex(),
        "kind": "in",
        "means": "finger",
        "score": 0.8,
        "source_class": "aadhaar_terminal",
        "flags": ["duplicate"],
        "time": "2026-01-01T00:00:02.000Z",
        "boot_no": 1,
        "since_boot_ms": 2000,
        "clock_source": "ntp",
        "error_bound_ms": 500,
        "earliest": None,
        "dated_by": "before",
        "clock_disputed": False,
        "signature": None,
    }
    assert page["punches"][0]["signature"] is None
    assert site.punches(f"?after={N - 1}").json()["punches"][-1]["signature"] is not None
    assert WALL_MS == 1_767_225_600_000


def test_how_a_punch_was_dated_and_what_was_raised(site: Site) -> None:
    """S2, S10: with the token that reads punches, and no other."""
    bearer = f"Bearer {site.pull_token}"
    got = site.get("/api/v1/punches/3/datings", authorization=bearer).json()
    assert got["server_seq"] == 3
    assert [(one["earliest"], one["dated_by"]) for one in got["datings"]] == [(None, "before")]
    none = site.get("/api/v1/punches/999999/datings", authorization=bearer)
    assert (none.status_code, none.json()) == (404, {"error": "no punch has the server_seq 999999"})
    assert site.get("/api/v1/punches/0/datings", authorization=bearer).status_code == 422
    assert site.get("/api/v1/alarms", authorization=bearer).json() == {"alarms": []}
    for path in ("/api/v1/punches/3/datings", "/api/v1/alarms"):
        assert site.get(path).status_code == 401
        assert site.get(path, authorization=f"Bearer {site.page_token}").status_code == 403


@pytest.mark.parametrize("limit", [1, 7, N, 5000])
def test_pages_join_to_the_whole_for_any_limit(site: Site, limit: int) -> None:
    seqs: list[int] = []
    after, more = 0, True
    while more:
        page = site.punches(f"?after={after}&limit={limit}").json()
        seqs += [p["seq"] for p in page["punches"]]
        after, more = page["next"], page["more"]
    assert seqs == list(range(1, N + 1))
    assert site.punches(f"?after={after}").json() == {"punches": [], "next": after, "more": False}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?limit=0", "limit:"),
        ("?limit=5001", "limit:"),
        ("?limit=ten", "limit:"),
        ("?after=-1", "after:"),
        ("?after=99999999999999999999", "after:"),
        ("?after=", "after:"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(site: Site, query: str, says: str) -> None:
    answer = site.punches(query)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(says)


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer wrong", "Bearer " + "x" * 5000, "Bearer \xe9"])
def test_without_a_good_token_there_is_nothing(site: Site, header: str) -> None:
    answer = httpx.get(f"{site.server.url}/api/v1/punches", headers=[(b"authorization", header.encode("latin-1"))])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert set(answer.json()) == {"error"}


def test_a_dashboard_token_does_not_pull_and_a_pull_token_does_not_look(site: Site) -> None:
    answer = site.get("/api/v1/punches", authorization=f"Bearer {site.page_token}")
    assert (answer.status_code, set(answer.json())) == (403, {"error"})
    assert httpx.post(f"{site.server.url}/enter", data={"token": site.pull_token}).status_code == 403


def test_an_expired_token_is_refused(site: Site) -> None:
    token = site.server.token("pull")
    database = sqlite3.connect(site.server.ledger)
    with database:
        database.execute("UPDATE api_token SET expires_ms = 1 WHERE made_ms = (SELECT max(made_ms) FROM api_token)")
    database.close()
    answer = site.get("/api/v1/punches", authorization=f"Bearer {token}")
    assert (answer.status_code, answer.json()["error"]) == (401, "the token has expired")


def test_the_ledger_knows_no_token(site: Site) -> None:
    for path in site.server.ledger.parent.glob("ledger.db*"):
        data = path.read_bytes()
        assert site.pull_token.encode() not in data
        assert site.page_token.encode() not in data
    assert "hz_" not in site.server.log()


def test_the_openapi_document_names_what_is_answered(site: Site) -> None:
    document = site.get("/api/v1/openapi.json").json()
    assert document == json.loads(json.dumps(openapi()))
    answers = document["paths"]["/api/v1/punches"]["get"]["responses"]
    assert {"200", "401", "403", "422", "503"} <= set(answers)
    schema = document["components"]["schemas"]
    got = site.punches("?limit=1").json()
    assert set(got) == set(schema["ApiPage"]["properties"])
    assert set(got["punches"][0]) == set(schema["ApiPunch"]["properties"])
    assert set(document["paths"]) >= {
        "/api/v1/punches",
        "/api/v1/punches/{server_seq}/datings",
        "/api/v1/alarms",
        "/api/v1/changes",
        "/api/v1/completeness",
        "/api/v1/keys",
        "/api/v1/reconciliation",
        "/api/v1/records",
        "/api/v1/refused",
        "/api/v1/checkpoints",
        "/api/v1/checkpoints/latest",
        "/api/v1/checkpoints/consistency",
    }


def test_unknown_paths_and_methods_are_said_plainly(site: Site) -> None:
    page = site.get("/nothing/here")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert site.get("/api/v1/nothing").json() == {"error": "Not Found"}
    assert httpx.post(f"{site.server.url}/api/v1/punches").json() == {"error": "Method Not Allowed"}
    assert "evil" not in httpx.get(f"{site.server.url}//evil.example/x").text
    assert site.get("/static/../app.py").status_code == 404
    assert site.get("/static/%2e%2e/app.py").status_code == 404


# ── pages ──


def test_the_dashboard_needs_a_session(site: Site) -> None:
    answer = site.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/enter")
    assert site.get("/live").status_code == 401
    assert site.get("/", cookie="hazri=made-up").status_code == 303


def test_the_cookie_is_for_this_page_alone(site: Site) -> None:
    answer = httpx.post(f"{site.server.url}/enter", data={"token": site.page_token})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert site.page_token.lower() not in cookie


def test_a_form_from_elsewhere_is_refused(site: Site) -> None:
    data = {"token": site.page_token}
    headers = {"origin": "https://elsewhere.example"}
    assert httpx.post(f"{site.server.url}/enter", data=data, headers=headers).status_code == 403


def test_signing_out_ends_the_session(site: Site) -> None:
    with site.session() as client:
        cookie = client.cookies["hazri"]
        assert client.get("/").status_code == 200
        client.post("/leave")
        assert site.get("/", cookie=f"hazri={cookie}").status_code == 303


def test_the_page_shows_the_punches_in_two_languages_and_is_small(site: Site) -> None:
    with site.session() as client:
        english, hindi = client.get("/?lang=en"), client.get("/?lang=hi")
        assert "Synthetic Person 002" in english.text
        assert '<html lang="hi">' in hindi.text
        assert "आगमन" in hindi.text
        assert '<html lang="hi">' in client.get("/").text  # the choice is kept
        paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', english.text)
        size = len(english.content) + sum(len(client.get(path).content) for path in paths)
        assert size < 100_000
        assert "digits" not in english.text


def test_every_answer_carries_the_security_headers(site: Site) -> None:
    for path in ("/", "/enter", "/static/live.js", "/nothing", "/api/v1/punches", "/healthz"):
        headers = site.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
        assert path.startswith("/static/") or headers["cache-control"] == "no-store"


def test_no_page_loads_or_runs_anything_from_elsewhere(site: Site) -> None:
    with site.session() as client:
        for path in ("/", "/enter"):
            text = client.get(path).text
            assert not re.search(r'(src|href|action)="(?!/[^/]|#)', text)
            assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", text)


def test_names_from_outside_are_inert(site: Site) -> None:
    name = "<script>alert(1)</script>"
    site.server.command("people", "import", stdin=json.dumps({"name": name, "digits": "000001"}))
    database = sqlite3.connect(site.server.ledger)
    with database:
        database.execute("UPDATE person SET name = ? WHERE ref = ?", (name, site.refs[1]))
    database.close()
    with site.session() as client:
        text = client.get("/").text
        assert name not in text
        assert "&lt;script&gt;" in text
        for event in first_events(client):
            assert "<script" not in event["data"]


def test_the_stream_begins_with_what_is_new_since_the_page(site: Site) -> None:
    with site.session() as client:
        events = {event["event"]: event for event in first_events(client, after=N - 2)}
    assert set(events) == {"punches", "terminals", "totals"}
    assert events["punches"]["data"].count("<tr") == 2
    assert events["punches"]["id"] == str(N)


def first_events(client: httpx.Client, after: int = 0) -> list[dict[str, Any]]:
    """The first three events of /live."""
    events: list[dict[str, Any]] = []
    current: dict[str, Any] = {}
    with client.stream("GET", f"/live?after={after}") as stream:
        for text in stream.iter_lines():
            if text:
                key, _, value = text.partition(": ")
                current[key] = json.loads(value) if key == "data" else value
            elif "event" in current:
                events.append(current)
                current = {}
                if len(events) == 3:
                    return events
            else:
                current = {}
    return events
