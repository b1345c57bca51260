"""How quickly do the pages about terminals answer, over a synthetic state of ten thousand of them?"""

import random
import tempfile
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress

from server import ServerError
from server.access.scope import Place
from server.bench.api import served, spread, timed
from server.bench.stage import cpu_of
from server.fleet import synthetic as fleet
from server.fleet.scheduler import GRACE_MS, Scheduler
from server.ledger.store import Ledger, now_ms
from server.people import synthetic as people
from server.trust import tokens
from server.trust.keys import open_keys
from server.trust.tokens import Scope
from server.trust.vault import Vault

_TIMES, _PATIENCE_S = 20, 60.0
_SEED = 7
_TERMINALS_A_SCHOOL = 8
_LISTS = (
    "/fleet",
    "/fleet/map",
    "/terminals",
    "/terminals?sort=level",
    "/terminals?q=017",
    "/alarms",
    "/orders",
    "/rosters",
)


def run(console: Console, terminals: int) -> dict[str, Any]:
    """Each page as somebody of the state sees it, in ms at the client and of the server's CPU. Raises ServerError."""
    with tempfile.TemporaryDirectory() as name, Progress(console=console) as progress:
        folder = Path(name)
        task = progress.add_task("making a synthetic state", total=3)
        database = f"sqlite:///{folder / 'ledger.db'}"
        ids, token = _made(database, folder, terminals, lambda: progress.advance(task))
        with served(database, folder, terminals, live=False) as (address, _, pid):
            progress.update(task, description="looking at it")
            return {"fleet_terminals": terminals, "fleet_page_ms": _looked(address, token, ids, pid)}


def _made(database: str, folder: Path, terminals: int, step: Any) -> tuple[list[str], str]:
    ledger = Ledger(database)
    made = people.generate(max(1, terminals // _TERMINALS_A_SCHOOL), _SEED)
    people.write(ledger, Vault(open_keys(folder, ()).vault), made)
    step()
    now = now_ms()
    ids = fleet.write(ledger, terminals, _SEED, now, days=2)
    step()
    looks = Scheduler(ledger, lambda: True)
    for at_ms in (now - GRACE_MS - 60_000, now - 60_000, now):  # it listens for a while, then looks twice
        looks.tick(at_ms)
    step()
    top = next(place.path for place in made.places if not place.above)
    token = tokens.make(ledger, "bench", Scope.DASHBOARD, 1, Place(made.slug, top))
    ledger.close()
    return ids, token


def _looked(address: str, token: str, ids: list[str], pid: int) -> dict[str, dict[str, float]]:
    draw = random.Random(_SEED)  # noqa: S311 - a load, not a secret
    single = [f"/terminals/{one}" for one in draw.sample(ids, min(_TIMES, len(ids)))]
    asked = {path: [path] * _TIMES for path in _LISTS} | {"/terminals/ID": single}
    with httpx.Client(base_url=address, timeout=_PATIENCE_S) as client:
        if client.post("/enter", data={"token": token}).status_code != 303:
            raise ServerError("bench: the dashboard did not let us in")
        found = {}
        for name, paths in asked.items():
            before_s = cpu_of(pid)
            times = spread([timed(client, path) for path in paths])
            found[name] = times | {"server_cpu": round((cpu_of(pid) - before_s) * 1000 / len(paths), 1)}
    return found
