"""How quickly does every page answer, and how far does the live view lag, on a large ledger?"""

import itertools
import os
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi.routing import APIRoute
from sqlalchemy import Select, insert, select

from server import ServerError
from server.access import sessions
from server.access.roles import ROLES
from server.access.scope import Place
from server.access.sessions import Strength
from server.access.visitor import COOKIE
from server.bench import state
from server.bench.ledger import Made
from server.bench.stage import cpu_of
from server.bench.timing import spread, timed
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import account, account_grant, office, person, terminal, ticket
from server.web.app import ROUTERS

_TIMES = 5
_PATIENCE_S = 120.0
_LAG_S, _RATE, _COMMITS = 8.0, 1000, 20
_MORE = ("/terminals?sort=level", "/terminals?q=017", "/tickets?sort=office", "/people?sort=post", "/people?kind=guest")
# Not pages: streams, what logs in or out, and forms for who is not logged in.
_LEFT_OUT = ("/api/", "/live", "/public", "/metrics", "/me/export", "/enter", "/login", "/me/login")


@dataclass(frozen=True, slots=True)
class _Viewer:
    name: str
    place: Place
    cookie: str


def run(ledger: Ledger, folder: Path, address: str, pid: int) -> dict[str, Any]:
    """Every page for each viewer, the slowest first, in ms at the client and of the server's CPU; and the lag of the
    live view. Raises ServerError."""
    state.look(ledger)
    viewers = [_viewer(ledger, name, place) for name, place in state.viewers(ledger).items()]
    found: dict[str, Any] = {}
    for viewer in viewers:
        with httpx.Client(base_url=address, timeout=_PATIENCE_S, cookies={COOKIE: viewer.cookie}) as client:
            found[f"page_ms_of_{viewer.name}"] = _looked(client, _paths(ledger, viewer.place), pid)
    slowest = max(one["p50"] for pages in found.values() for one in pages.values())
    with httpx.Client(base_url=address, timeout=_PATIENCE_S, cookies={COOKIE: viewers[0].cookie}) as client:
        lag = _lag(ledger, client, pid)
    return {"slowest_page_ms": slowest, "pages": len(found["page_ms_of_state"])} | lag | found


def _viewer(ledger: Ledger, name: str, place: Place) -> _Viewer:
    """An account that may do everything there, so that every page opens."""
    who, now = os.urandom(8), now_ms()
    row = {"id": who, "login": f"bench-{who.hex()}", "name": f"Bench {name}", "org": place.org, "path": place.path}
    more = {"made_ms": now, "person": None, "designation": "", "mobile": None, "password": None, "totp": None}
    why = {"given_by": "bench", "reason": "bench", "exception": "bench", "ended_by": "", "ended_reason": ""}
    grants = [
        {"id": os.urandom(8), "account": who, "role": role, "org": place.org, "path": place.path}
        | {"from_ms": now - 1, "to_ms": None}
        | why
        for role, facts in ROLES.items()
        if facts.levels
    ]
    with ledger.write() as connection:
        connection.execute(insert(account).values(**row, **more, totp_step=0, state="active"))
        connection.execute(insert(account_grant), grants)
        cookie = sessions.open_(connection, who, Strength.FULL, bytes(8), "bench", now)
        full = sessions.find(connection, cookie, now)
        if full is None:
            raise ServerError("bench: no session")
        cookie = sessions.rotate(connection, full, sessions.View.MANAGEMENT, Strength.FULL)
    return _Viewer(name, place, cookie)


def _paths(ledger: Ledger, place: Place) -> dict[str, list[str]]:
    """What to ask for, by the name of the page."""
    samples = _samples(ledger, place)
    found = {path: [path] * _TIMES for path in _MORE}
    for route in itertools.chain.from_iterable(router.routes for router in ROUTERS):
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()) or route.path.startswith(_LEFT_OUT):
            continue
        name = next(iter(route.param_convertors), "")
        if not name:
            found[route.path] = [route.path] * _TIMES
        elif values := samples.get((route.path.partition("{")[0], name)):
            found[route.path] = [route.path.replace("{" + name + "}", value) for value in values]
    return found


def _samples(ledger: Ledger, place: Place) -> dict[tuple[str, str], list[str]]:
    """Some of what there is, for pages about one of them."""
    inside = office.c.path.startswith(place.path) if place.path else office.c.path.is_not(None)
    offices = select(office.c.id).where(inside)
    draw = random.Random(state.SEED)  # noqa: S311 - a load, not a secret

    def some(connection: Any, asked: Select[Any]) -> list[str]:
        values = list(connection.scalars(asked.limit(500)))
        chosen = draw.sample(values, min(_TIMES, len(values)))
        return [one.hex() if isinstance(one, bytes) else str(one) for one in chosen]

    with ledger.read() as connection:
        terminals = some(connection, select(terminal.c.id).where(terminal.c.office.in_(offices)))
        people = some(connection, select(person.c.ref).where(person.c.office.in_(offices)))
        mine = select(terminal.c.id).where(terminal.c.office.in_(offices))
        tickets = some(connection, select(ticket.c.id).where(ticket.c.terminal.in_(mine)))
        places = some(connection, offices)
    return {
        ("/terminals/", "terminal"): terminals,
        ("/people/", "ref"): people,
        ("/service/", "ref"): people,
        ("/tickets/", "one"): tickets,
        ("/offices/", "id_"): places,
    }


def _looked(client: httpx.Client, asked: dict[str, list[str]], pid: int) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, paths in asked.items():
        first = client.get(paths[0])
        if first.status_code >= 500:
            raise ServerError(f"bench: {name} answered {first.status_code}")
        if first.status_code != 200:
            continue  # it shows nothing to this viewer
        before_s = cpu_of(pid)
        times = spread([timed(client, path) for path in paths])
        found[name] = times | {"server_cpu": round((cpu_of(pid) - before_s) * 1000 / len(paths), 1)}
    return dict(sorted(found.items(), key=lambda one: -one[1]["p50"]))


def _lag(ledger: Ledger, client: httpx.Client, pid: int) -> dict[str, Any]:
    """From a commit of another process to the line on the page."""
    made = Made(ledger, seed=now_ms(), days=0)
    written: list[tuple[int, float]] = []
    seen: list[tuple[int, float]] = []
    over = threading.Event()

    def write() -> None:
        begun = time.monotonic()
        for turn in itertools.count():
            if over.is_set():
                return
            time.sleep(max(0.0, begun + turn / _COMMITS - time.monotonic()))
            written.append((made.add(_RATE // _COMMITS, now_ms()), time.monotonic()))

    with ledger.read() as connection:
        newest = state.newest(connection)
    writer = threading.Thread(target=write)
    before_s = cpu_of(pid)
    with client.stream("GET", f"/live?after={newest}") as live:
        writer.start()
        give_up = time.monotonic() + _LAG_S
        for line in live.iter_lines():
            if line.startswith("id: "):
                seen.append((int(line[4:]), time.monotonic()))
            if time.monotonic() > give_up:
                break
    over.set()
    writer.join()
    lags = []
    for number, at in written:
        shown = next((when for got, when in seen if number <= got), None)
        if shown is not None:
            lags.append(max(0.0, (shown - at) * 1000))
    if not lags:
        raise ServerError("bench: the live view showed nothing")
    cpu = round((cpu_of(pid) - before_s) / _LAG_S, 2)
    return {"live_lag_ms": spread(lags), "live_punches_per_s": _RATE, "live_server_cpu_s_a_s": cpu}
