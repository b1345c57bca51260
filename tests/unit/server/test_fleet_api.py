"""The fleet over the API and for Prometheus: what is answered, to whom, and what hostile questions come to."""

import asyncio
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import segno
from fastapi import FastAPI, Request

from server.access.scope import WHOLE, Place, Scope
from server.access.visitor import Visitor
from server.feed import Feed
from server.fleet import places, pulse, synthetic
from server.fleet.places import Place as Standing
from server.ledger.store import Ledger, now_ms
from server.trust import tokens
from server.trust.tokens import Scope as Opens
from server.web import fleet_api
from server.web.app import create_app, openapi
from server.web.metrics import COUNTER, Metric, exposition
from server.web.services import Services
from tests.databases import fresh_url
from tests.unit.server.fleet_site import BROKEN, HOUR, MINUTE, WELL, admitted, beats, offices, says, scheduler
from tests.unit.server.process import ROOT


def iso(ms: int) -> str:
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat()


class Asker:
    """Asks the application, without a socket between."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._ask("GET", path, **more)

    def post(self, path: str) -> httpx.Response:
        return self._ask("POST", path)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hazri.test") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())


class Site:
    """The application over a ledger with two offices, a terminal that is well in one, a broken one in the other."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.now = ledger, now_ms()
        start = self.now - HOUR
        for name, where in zip(("t-well", "t-broken"), offices(ledger), strict=True):
            admitted(ledger, name)
            beats(ledger, name, start)
            says(ledger, name, WELL if name == "t-well" else BROKEN, start)
            with ledger.write() as connection:
                places.move(connection, name, Standing(start, where, "Gate", "ground floor"), "x", "installed", start)
        minute = scheduler(ledger, start, hears=False)
        minute.tick(start)
        minute.tick(start + MINUTE)
        for name in ("t-well", "t-broken"):
            beats(ledger, name, self.now)
        with ledger.write() as connection:
            pulse.save(connection, minute.pulse)
        self.app = create_app(Services(ledger, Feed(), list, bytes(32)))
        self.client = Asker(self.app)
        self.all = tokens.make(ledger, "all", Opens.PULL, 1)
        self.first = tokens.make(ledger, "first office", Opens.PULL, 1, Place("edu", "/hr/o0/"))

    def get(self, where: str, token: str | None = None, **params: Any) -> Any:
        return self.client.get(where, params=params, headers={"authorization": f"Bearer {token or self.all}"})

    def as_technician(self) -> None:
        """Beyond the gate, which has tests of its own: a person, with the right to work on everything."""

        def let_in(request: Request) -> Scope:
            request.state.visitor = Visitor("technician", ())
            return WHOLE

        for gate in (fleet_api.Read, fleet_api.Work, fleet_api.Command, fleet_api.See):
            self.app.dependency_overrides[gate.dependency] = let_in


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[Site]:
    """For those who only read."""
    ledger = Ledger(fresh_url(database) or f"sqlite:///{tmp_path_factory.mktemp('fleet') / 'ledger.db'}")
    yield Site(ledger)
    ledger.close()


@pytest.fixture
def own(ledger: Ledger) -> Site:
    """For those who change something."""
    return Site(ledger)


def test_the_list_says_what_is_wrong_and_what_to_do_in_both_languages(site: Site) -> None:
    page = site.get("/api/v1/terminals").json()
    assert [one["id"] for one in page["terminals"]] == ["t-broken", "t-well"]
    assert (page["next"], page["more"]) == ("t-well", False)
    broken, well = page["terminals"]
    assert (broken["level"], well["level"]) == ("fail", "ok")
    assert (well["name"], well["place"], well["office_name"], well["online"]) == (
        "Gate",
        "ground floor",
        "Sample 0",
        True,
    )
    [wrong] = broken["wrong"]
    assert (wrong["kind"], wrong["detail"]) == ("sensor", "finger gone")
    assert "dry cloth" in wrong["do"]
    assert "कपड़े" in wrong["do_hi"]
    first = site.get("/api/v1/terminals", limit=1).json()
    assert (first["next"], first["more"]) == ("t-broken", True)
    assert [one["id"] for one in site.get("/api/v1/terminals", after="t-broken").json()["terminals"]] == ["t-well"]
    for query, found in (
        ({"level": "fail"}, ["t-broken"]),
        ({"kind": "sensor"}, ["t-broken"]),
        ({"kind": "heat"}, []),
        ({"path": "/hr/o0/"}, ["t-well"]),
        ({"path": "/hr/%"}, []),
        ({"state": "revoked"}, []),
    ):
        assert [one["id"] for one in site.get("/api/v1/terminals", **query).json()["terminals"]] == found, query


def test_one_terminal_with_its_health_history_and_fitness(site: Site) -> None:
    """S7, R1.14."""
    one = site.get("/api/v1/terminals/t-broken").json()
    assert one["terminal"]["level"] == "fail"
    assert [place["name"] for place in one["places"]] == ["Gate"]
    assert [note["what"] for note in one["history"]] == ["place"]
    assert one["settings"] == {"desired": 0, "reported": 0, "result": ""}
    health = site.get("/api/v1/terminals/t-broken/health").json()
    assert [sensor["name"] for sensor in health["said"]["sensors"]] == ["finger"]
    assert [(hour["samples"], hour["failing"]) for hour in health["hours"]] == [(1, "finger")]
    assert site.get("/api/v1/terminals/t-broken/health", hours=0).json()["hours"] == []
    span = {"start": iso(site.now - 24 * HOUR), "end": iso(site.now + MINUTE)}
    fitness = site.get("/api/v1/terminals/t-broken/fitness", **span).json()
    assert (fitness["fit"], 60 <= fitness["unfit"] <= 62) == (0, True)
    assert fitness["fit"] + fitness["unfit"] + fitness["unknown"] in (1441, 1442)
    well = site.get("/api/v1/terminals/t-well/fitness", start=iso(site.now - HOUR), end=iso(site.now)).json()
    assert (well["unfit"], well["intervals"][-1]["fitness"]) == (0, "fit")
    assert site.get("/api/v1/terminals/t-well/fitness").json()["unknown"] >= 1440 - 62
    naive = site.get("/api/v1/terminals/t-well/fitness", start="2026-10-05T09:00:00")
    assert (naive.status_code, "timezone" in naive.json()["error"]) == (422, True)


def test_a_unit_has_a_label_that_leads_to_its_page(site: Site) -> None:
    answer = site.get("/api/v1/terminals/t-well/label")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg xmlns")
    wanted = io.BytesIO()
    code = segno.make("http://hazri.test/terminals/t-well", error="q", micro=False)
    code.save(wanted, kind="svg", xmldecl=False, scale=8, light="#fff")
    assert answer.content == wanted.getvalue()
    assert site.get("/api/v1/terminals/t-broken/label", site.first).status_code == 404


def test_an_office_sees_its_own_and_the_others_are_not_there(site: Site) -> None:
    assert [one["id"] for one in site.get("/api/v1/terminals", site.first).json()["terminals"]] == ["t-well"]
    for path in ("", "/health", "/fitness"):
        assert site.get(f"/api/v1/terminals/t-well{path}", site.first).status_code == 200
        assert site.get(f"/api/v1/terminals/t-broken{path}", site.first).status_code == 404
        assert site.get(f"/api/v1/terminals/t-nobody{path}").status_code == 404
    assert site.get("/api/v1/incidents", site.first).json() == {"incidents": []}
    assert len(site.get("/api/v1/incidents").json()["incidents"]) == 1
    mine = site.get("/api/v1/fleet", site.first).json()
    assert (mine["states"], mine["incidents"], mine["tickets"]) == ({"active": 1}, 0, 0)
    whole = site.get("/api/v1/fleet").json()
    assert (whole["states"], whole["incidents"], whole["tickets"]) == ({"active": 2}, 1, 1)
    assert whole["wrong"] == {"sensor": {"fail": 1}}
    assert site.client.get("/api/v1/terminals").status_code == 401
    assert site.get("/api/v1/tickets").status_code == 403  # a token for pulling is not a technician


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/terminals", {"limit": 0}),
        ("/api/v1/terminals", {"level": "ok"}),
        ("/api/v1/terminals", {"after": "x" * 33}),
        ("/api/v1/terminals/hazri%00x", {}),
        ("/api/v1/terminals/T-UP", {}),
        ("/api/v1/terminals/t-well/health", {"hours": 10**9}),
        ("/api/v1/terminals/t-well/fitness", {"start": "2026-01-01T00:00:00"}),
        ("/api/v1/terminals/t-well/fitness", {"start": "2020-01-01T00:00:00Z"}),
        ("/api/v1/terminals/t-well/fitness", {"start": "9999-12-31T00:00:00Z", "end": "9999-12-31T23:00:00Z"}),
        ("/api/v1/terminals/t-well/fitness", {"end": "0001-01-01T00:00:00+14:00"}),
        ("/api/v1/terminals/t-well/fitness", {"start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z"}),
    ],
)
def test_what_makes_no_sense_is_refused(site: Site, path: str, query: dict[str, Any]) -> None:
    answer = site.get(path, **query)
    assert answer.status_code in (404, 422)
    assert answer.json()["error"]


def test_a_ticket_is_taken_and_closed_by_evidence_alone(own: Site) -> None:
    """R2.6."""
    own.as_technician()
    [one] = own.get("/api/v1/tickets").json()["tickets"]
    assert (one["terminal"], one["kind"], one["day"], one["breached"], one["person"]) == (
        "t-broken",
        "sensor",
        1,
        False,
        None,
    )
    assert own.get("/api/v1/tickets", breached=True).json()["tickets"] == []
    path = f"/api/v1/tickets/{one['id']}"
    taken = own.client.post(f"{path}/acknowledge").json()
    assert taken["acknowledged_by"] == "technician"
    refused = own.client.post(f"{path}/close")
    assert (refused.status_code, "no self-test" in refused.json()["error"]) == (409, True)
    says(own.ledger, "t-broken", WELL, own.now)
    minute = scheduler(own.ledger, own.now, hears=False)
    minute.tick(own.now)
    assert own.get("/api/v1/tickets").json()["tickets"] == []
    [closed] = own.get("/api/v1/tickets", closed=True).json()["tickets"]
    assert closed["evidence"].startswith("self-test")
    assert own.client.post(f"{path}/close").status_code == 409
    for wrong in ("0" * 16, "nonsense", "0" * 15):
        assert own.client.post(f"/api/v1/tickets/{wrong}/close").status_code in (404, 422)


def test_an_alarm_is_acknowledged_and_not_closed_while_it_lasts(own: Site) -> None:
    own.as_technician()
    [one] = own.get("/api/v1/incidents").json()["incidents"]
    path = f"/api/v1/incidents/{one['id']}"
    assert own.client.post(f"{path}/acknowledge").json()["acknowledged_by"] == "technician"
    assert own.client.post(f"{path}/close").status_code == 409
    assert own.client.post(f"/api/v1/incidents/{'0' * 16}/close").status_code == 404


# ── Prometheus ──


def test_prometheus_is_led_to_figures_that_need_a_token(site: Site) -> None:
    there = site.client.get("/metrics", follow_redirects=False)
    assert (there.status_code, there.headers["location"]) == (308, "/api/v1/metrics")
    assert site.client.get("/api/v1/metrics").status_code == 401
    answer = site.get("/api/v1/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for wanted in (
        'hazri_terminals{state="active"} 2',
        'hazri_conditions{kind="sensor",level="fail"} 1',
        "hazri_tickets_open 1",
        "hazri_fleet_ticks_total 2",
        "hazri_ready 1",
        "hazri_fleet_behind_records 0",
    ):
        assert wanted in lines
    told = [line for line in lines if not line.startswith("#")]
    assert all(
        re.fullmatch(r"[a-z_]+(\{[a-z_]+=\"[^\"]*\"(,[a-z_]+=\"[^\"]*\")*\})? [0-9.e+-]+", line) for line in told
    )
    names = {line.split("{")[0].split(" ")[0] for line in told}
    assert names <= {line.split()[2] for line in lines if line.startswith("# TYPE")}
    office = site.get("/api/v1/metrics", site.first).text
    assert 'hazri_terminals{state="active"} 1' in office
    assert "process_" not in office
    assert "hazri_punches_total" not in office


def test_the_text_format_escapes_what_it_must() -> None:
    metric = Metric("m", COUNTER, "a\nb\\", [({"what": 'x"y\\z\n'}, 1.5), ({}, 3)])
    assert exposition([metric]) == '# HELP m a\\nb\\\\\n# TYPE m counter\nm{what="x\\"y\\\\z\\n"} 1.5\nm 3\n'


def test_the_dashboard_and_the_alarm_rules_ask_for_figures_there_are(site: Site) -> None:
    """docs/grafana-hazri.json, docs/prometheus-hazri.yml."""
    told = {line.split()[2] for line in site.get("/api/v1/metrics").text.splitlines() if line.startswith("# TYPE")}
    board = json.loads((ROOT / "docs" / "grafana-hazri.json").read_text(encoding="utf-8"))
    asked = " ".join(target["expr"] for panel in board["panels"] for target in panel.get("targets", ()))
    rules = (ROOT / "docs" / "prometheus-hazri.yml").read_text(encoding="utf-8")
    for text in (asked, rules):
        names = set(re.findall(r"\b(?:hazri|process)_[a-z_]+\b", text))
        assert names
        assert names <= told
    assert len(board["panels"]) == len({panel["id"] for panel in board["panels"]})


def test_the_document_names_every_answer() -> None:
    document = openapi()
    paths = {path: item for path, item in document["paths"].items() if "terminals" in path or "ticket" in path}
    assert len(paths) == 12
    for path, item in paths.items():
        for method in () if path.endswith("/label") else item.values():
            schema = method["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
            assert schema.rsplit("/", 1)[1] in document["components"]["schemas"]


def test_a_synthetic_fleet_is_the_same_for_the_same_seed_and_pages_through(ledger: Ledger) -> None:
    """Synthetic terminals; none of them exists."""
    now = 1_767_586_500_000
    made = synthetic.write(ledger, 120, 7, now)
    assert made == [f"sample-7-{n:06}" for n in range(120)]
    minute = scheduler(ledger, now)
    minute.tick(now)
    minute.tick(now + MINUTE)
    client = Asker(create_app(Services(ledger, Feed(), list, bytes(32))))
    token = {"authorization": f"Bearer {tokens.make(ledger, 'all', Opens.PULL, 1)}"}
    seen: list[str] = []
    after, more = "", True
    while more:
        page = client.get("/api/v1/terminals", params={"after": after, "limit": 50}, headers=token).json()
        seen += [one["id"] for one in page["terminals"]]
        after, more = page["next"], page["more"]
    assert seen == made
    sums = client.get("/api/v1/fleet", headers=token).json()
    assert sums["states"] == {"active": 120}
    assert sums["levels"]["fail"] > 0
