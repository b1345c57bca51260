"""What the pages about terminals have in common: their frame with its tabs, and how figures and times are told."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import HTTPException, Path, Query, Request, Response
from sqlalchemy import Connection

from server.access import names as account_names
from server.access.rights import Right
from server.access.scope import Scope
from server.access.visitor import Visitor
from server.fleet.advice import advice
from server.intake.timekeeping import IST
from server.web import pages, words_fleet
from server.web.services import Services
from server.web.words_fleet import FleetWords

TerminalId = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,31}$")]
RowId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
OfficeId = Annotated[str, Query(pattern="^([0-9a-f]{16})?$")]
PageNo = Annotated[int, Query(ge=1, le=10_000)]

# name of the tab: where it leads, and who may go there
_TABS = (
    ("overview", "/fleet", Right.FLEET),
    ("terminals", "/terminals", Right.FLEET),
    ("map", "/fleet/map", Right.FLEET),
    ("alarms", "/alarms", Right.FLEET),
    ("tickets", "/tickets", Right.TICKETS),
    ("work", "/work", Right.MEND),
    ("orders", "/orders", Right.FLEET),
    ("rosters", "/rosters", Right.FLEET),
    ("rollouts", "/rollouts", Right.FLEET),
    ("claims", "/claims", Right.COMMAND),
    ("refused", "/refused", Right.REFUSALS),
)
_BACK = {"work": "/work", "tickets": "/tickets", "alarms": "/alarms"}


class Pages(NamedTuple):
    """Where in a long list one is. `hrefs` of the pages before and after, empty where there is none."""

    first: int
    last: int
    total: int
    before: str
    after: str


def words(request: Request) -> FleetWords:
    return words_fleet.LANGUAGES[pages.language(request).code]


def show(
    request: Request, name: str, tab: str, context: Mapping[str, object], *, status: int = 200, stream: str = ""
) -> Response:
    """A page of the fleet. `stream`: the address that says when it is to be brought up to date."""
    f = words(request)
    who: Visitor = request.state.visitor
    tabs = [(path, f[key], key == tab) for key, path, right in _TABS if who.scope(right) is not None]
    hindi = pages.language(request).code == "hi"
    around: dict[str, object] = {
        "f": f,
        "tabs": tabs,
        "hindi": hindi,
        "stream": stream,
        "advise": _advise(hindi),
        "now_ms": _now(),
    }
    around |= {"of_office": _of_office(hindi), "may_find": who.scope(Right.FIND) is not None}
    return pages.page(request, name, status, **around, **context)


def read(request: Request) -> Any:
    """A connection that reads, as a context."""
    services: Services = request.app.state.services
    return services.ledger.read()


def write(request: Request) -> Any:
    services: Services = request.app.state.services
    return services.ledger.write()


def allowed(request: Request, right: Right) -> Scope | None:
    """What another right than the page's own opens to who looks at it: which buttons there are."""
    who: Visitor = request.state.visitor
    return who.scope(right)


def csrf(request: Request) -> str:
    who: Visitor = request.state.visitor
    return who.csrf


def office_id(text: str) -> bytes | None:
    return bytes.fromhex(text) if text else None


def not_there(request: Request, what: str = "") -> HTTPException:
    """The same for what is not there and for what is not theirs to see."""
    return HTTPException(404, what or words(request)["nothing_found"])


def back(choice: str, otherwise: str) -> str:
    """Where a form leads back to: one of our own pages, never an address that somebody sent."""
    return _BACK.get(choice, otherwise)


def paged(request: Request, page: int, size: int, shown: int, total: int) -> Pages:
    def href(n: int) -> str:
        return f"?{request.url.include_query_params(page=n).query}"

    first = (page - 1) * size
    before = href(page - 1) if page > 1 else ""
    after = href(page + 1) if first + shown < total else ""
    return Pages(first + 1 if shown else 0, first + shown, total, before, after)


def names(connection: Connection, actors: set[str], f: FleetWords) -> Callable[[str], str]:
    """Who did something, by what the ledger says of them: an account's name, or what else it was."""
    known = account_names.of_actors(connection, actors)
    own = {"server": f["server_self"], "terminal": f["terminal_self"], "order": f["orders"], "": f["server_self"]}
    return lambda one: known.get(one) or own.get(one, one)


def _now() -> int:
    return int(dt.datetime.now(dt.UTC).timestamp() * 1000)


def _of_office(hindi: bool) -> Callable[[Any], str]:
    """The name of a row's office in the reader's language, empty where it has none."""
    return lambda row: str((row.office_name_hi if hindi else "") or row.office_name or "")


def _advise(hindi: bool) -> Callable[[str], tuple[str, str]]:
    """What is wrong, and what to do, in the reader's language."""

    def tell(kind: str) -> tuple[str, str]:
        said = advice(kind)
        return (said.what_hi, said.do_hi) if hindi else (said.what, said.do)

    return tell


def at(ms: int, form: str = "%d.%m.%Y %H:%M") -> str:
    """In Indian time, for people."""
    return dt.datetime.fromtimestamp(ms / 1000, IST).strftime(form)


def iso(ms: int) -> str:
    """In UTC, for programs."""
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat(timespec="seconds")


def _long(seconds: int) -> str:
    """A length of time in the largest unit that says it."""
    for size, unit in ((172_800, "d"), (7200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds // {'d': 86_400, 'h': 3600, 'min': 60}[unit]} {unit}"
    return f"{seconds} s"


pages.environment.filters.update(at=at, iso=iso, long=_long, n=lambda number: f"{number:,}")
