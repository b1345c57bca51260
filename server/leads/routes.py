"""The list of leads, as a page and over the API, of what the asker's own offices hold (S10)."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from server.access.gate import may
from server.access.rights import Right
from server.access.scope import Scope
from server.leads import query, search
from server.leads.query import Found
from server.leads.rules import Lead, Rule
from server.leads.words import LANGUAGES, LeadWords
from server.ledger.store import now_ms
from server.web.pages import language, page
from server.web.services import Services

router = APIRouter()

DAYS = 7
_A_PAGE, _AT_ONCE = 25, 500
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999
Read = may(Right.LEADS)
Days = Annotated[int, Query(ge=1, le=search.DAYS, description="how many days back")]
Page = Annotated[int, Query(ge=1, le=10_000, description="which part of a long list")]


class ApiLead(msgspec.Struct, frozen=True):
    """Something to look at, and never a verdict. `people` are references; `records` are TERMINAL/LOG/SEQ, as
    `hazri-server proof` takes them; `facts` are the figures it rests on; `office` is empty where the terminal stands
    at none. At most 40 people and records are named."""

    rule: str
    office: str
    terminal: str
    last: dt.datetime | None
    people: list[str]
    records: list[str]
    facts: dict[str, int | float | str]
    seen: str
    innocent: str


class ApiLeads(msgspec.Struct, frozen=True):
    """At most 500; `more`: others are on the next page. `cut`: there was more than one look can hold, and only the
    newest records were searched. `looked_at`: what came later is not looked through yet; null: nothing is."""

    leads: list[ApiLead]
    more: bool
    cut: bool
    looked_at: dt.datetime | None


SCHEMAS: list[type[msgspec.Struct]] = [ApiLeads]


@router.get("/api/v1/leads", response_class=Response, summary="Leads on the integrity of attendance, never verdicts")
def leads(request: Request, scope: Annotated[Scope, Read], days: Days = DAYS, page: Page = 1) -> Response:
    """Identical probes, impossible travel, twenty people in ninety seconds, nobody ever late, disputed clocks."""
    found, w = _read(request, scope, days, _AT_ONCE, page), LANGUAGES["en"]
    looked = None if found.looked_ms is None else moment(found.looked_ms)
    body = ApiLeads([_api(one, found, w) for one in found.leads], found.more, found.cut, looked)
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get("/leads", include_in_schema=False)
def leads_page(request: Request, scope: Annotated[Scope, Read], days: Days = DAYS, at: Page = 1) -> Response:
    found = _read(request, scope, days, _A_PAGE, at)
    code = language(request).code
    told = [(one, _office(one, found, code), saying(one, LANGUAGES[code]), moment(one.at_ms)) for one in found.leads]
    return page(
        request,
        "leads.html",
        x=LANGUAGES[code],
        leads=told,
        found=found,
        looked=None if found.looked_ms is None else moment(found.looked_ms),
        days=days,
        at=at,
        rules=list(Rule),
    )


def saying(one: Lead, w: LeadWords) -> str:
    """A lead in words."""
    text = w.rules[one.rule].seen.format(**one.facts)
    if one.facts.get("truly_late"):
        text += w.truly_late.format(**one.facts)
    if one.facts.get("neighbours_late_percent"):
        text += w.neighbours.format(**one.facts)
    return text


def moment(ms: int) -> dt.datetime | None:
    """None: no calendar has it; a terminal may claim any time."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC) if _FIRST_MS <= ms <= _LAST_MS else None


def _read(request: Request, scope: Scope, days: int, most: int, page_no: int) -> Found:
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        return query.read(connection, scope, days, now_ms(), most, (page_no - 1) * most)


def _api(one: Lead, found: Found, w: LeadWords) -> ApiLead:
    facts: Mapping[str, int | float | str] = one.facts
    return ApiLead(
        rule=one.rule.value,
        office=_office(one, found, "en"),
        terminal=one.terminal,
        last=moment(one.at_ms),
        people=[ref.hex() for ref in one.people],
        records=[str(ref) for ref in one.refs],
        facts=dict(facts),
        seen=saying(one, w),
        innocent=w.rules[one.rule].innocent,
    )


def _office(one: Lead, found: Found, code: str) -> str:
    names = found.offices.get(one.office or b"", ("", ""))
    return names[1] if code == "hi" and names[1] else names[0]
