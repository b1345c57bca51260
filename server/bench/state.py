"""A synthetic state for load tests: offices, people, terminals as they ail, and punches; made once in a database, and
found again there by the next bench.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, func, select

from server import ServerError
from server.access.scope import EVERYWHERE, Place
from server.bench.ledger import Made, held
from server.fleet import follow
from server.fleet import synthetic as fleet
from server.fleet.scheduler import GRACE_MS, Scheduler
from server.leads.worker import Leads
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import counter, office, punch_total, record, terminal
from server.people import synthetic as people
from server.sharing import changes
from server.trust.keys import open_keys
from server.trust.vault import Vault

SEED = 7
_TERMINALS_A_SCHOOL = 2

Tell = Callable[[str, int, int], None]


def prepare(ledger: Ledger, folder: Path, punches: int, terminals: int, tell: Tell) -> int:
    """Fill an empty ledger, or take one of an earlier bench; returns how many punches it holds. `tell(what, done,
    total)`. Raises ServerError where the ledger holds something else."""
    with ledger.read() as connection:
        there = connection.scalar(select(func.count()).select_from(terminal)) or 0
    if there:
        if there != terminals or held(ledger) < punches:
            found = f"{held(ledger)} punches of {there} terminals"
            raise ServerError(f"bench: the database holds {found}; name an empty one")
        return held(ledger)
    tell("offices and people", 0, punches)
    made = people.generate(max(1, terminals // _TERMINALS_A_SCHOOL), SEED)
    people.write(ledger, Vault(open_keys(folder, ()).vault), made)
    tell("terminals", 0, punches)
    fleet.write(ledger, terminals, SEED, now_ms(), days=2)
    done = 0

    def on_rows(n: int) -> None:
        nonlocal done
        done += n
        tell("punches", done, punches)

    Made(ledger).fill(punches, on_rows)
    return punches


def look(ledger: Ledger) -> None:
    """As the fleet's scheduler would, which has followed the punches: it listens for a while, then looks twice."""
    now = now_ms()
    with ledger.write() as connection:
        upsert(connection, counter, {"name": follow.CURSOR, "value": newest(connection)}, "value")
        each = select(record.c.terminal, func.count()).group_by(record.c.terminal)
        for one, punches in connection.execute(each).all():
            total = {"terminal": one, "punches": punches, "day": "", "today": 0}
            upsert(connection, punch_total, total, "punches")
    looks = Scheduler(ledger, lambda: True)
    for at_ms in (now - GRACE_MS - 60_000, now - 60_000, now):
        looks.tick(at_ms)
    Leads(ledger).tick(now)


def viewers(ledger: Ledger) -> dict[str, Place]:
    """Who looks: somebody of everything, of a state, of a district, and of one office."""
    with ledger.read() as connection:
        found = {}
        for level in ("state", "district", "office"):
            asked = select(office.c.org, office.c.path).where(office.c.level == level).order_by(office.c.path)
            found[level] = Place(*connection.execute(asked.limit(1)).one())
    return {"everything": EVERYWHERE, **found}


def newest(connection: Connection) -> int:
    """The last server_seq."""
    return changes.newest(connection).record
