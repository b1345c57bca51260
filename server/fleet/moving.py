"""Does a terminal stand where it is said to stand? A lead, from who punches there (S7). The rule is pure.

A unit that was carried to another building is used by other people: most of those who punched last are posted
elsewhere, and at one and the same place. Whoever roams in small numbers (R1.12) moves nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from server.fleet import alarms
from server.ledger.tables import log, office, person, record, terminal
from sync.record import RecordType

LAST = 60  # punches looked at
ENOUGH = 8  # people among them
_MOST = 0.7


@dataclass(frozen=True, slots=True)
class Lead:
    """A terminal, the move as OFFICE>OFFICE, and the name of the office that it seems to stand at."""

    terminal: str
    move: str
    name: str


def elsewhere(here: bytes, posted: Sequence[bytes | None]) -> bytes | None:
    """The office that most of these people are posted at, where that is not `here`; people by their office, each
    once. None: nothing speaks for a move."""
    if len(posted) < ENOUGH:
        return None
    place, count = Counter(one for one in posted if one is not None).most_common(1)[0] if any(posted) else (here, 0)
    return place if place != here and count >= _MOST * len(posted) else None


def leads(connection: Connection, terminals: Iterable[str]) -> list[Lead]:
    """Those of these terminals that belong to an office and seem to stand at another."""
    found = []
    t = terminal.c
    asked = select(t.id, t.office).where(t.id.in_(list(terminals)), t.office.is_not(None))
    for row in connection.execute(asked).all():
        place = elsewhere(row.office, _posted(connection, row.id))
        if place is not None:
            name = connection.scalar(select(office.c.name).where(office.c.id == place)) or place.hex()
            found.append(Lead(row.id, f"{row.office.hex()}>{place.hex()}", name))
    return found


def say(connection: Connection, some: Iterable[Lead], now_ms: int) -> None:
    """An alarm for a person to settle: one for every move there seems to have been."""
    for one in some:
        detail = f"those who punch there are posted at {one.name}"
        alarms.raise_once(connection, (one.terminal, "moved"), one.move, detail, now_ms)


def _posted(connection: Connection, one: str) -> list[bytes | None]:
    """Where those are posted who punched there last, each person once."""
    r, last = record.c, select(log.c.log).where(log.c.terminal == one).order_by(log.c.last_ms.desc()).limit(1)
    newest = connection.scalar(last)
    if newest is None:
        return []
    mine = r.terminal == one, r.log == newest, r.type == int(RecordType.PUNCH)
    people = select(r.person).where(*mine).order_by(r.seq.desc()).limit(LAST)
    refs = set(connection.scalars(people))
    known = connection.execute(select(person.c.ref, person.c.office).where(person.c.ref.in_(refs)))
    return [row.office for row in known]
