"""A synthetic district in the ledger with terminals and punches: what ingest would have written, straight into it.

People, schools and punches come from seeded generators; nobody is meant. Records carry no true chain: what is proved
here begins behind ingest.
"""

import datetime as dt
import itertools
import random
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from server.attendance.clock import DAY_MS, midnight_ms
from server.days import due, fold, places
from server.days.places import Place, Source, Span
from server.intake.dating import Kind as EvidenceKind
from server.ledger import partitions
from server.ledger.records import RECORDS
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import counter, dating, employee, fitness_session, office, person, record, terminal
from server.people.days import day_of
from sync.record import ClockSource, Kind, Means, RecordType, SourceClass

IST_MIN = 330
LOG = b"loglogl1"
BOOT_MS = midnight_ms(dt.date(2026, 7, 1), IST_MIN)
FAR_MS = midnight_ms(max(dt.date(2027, 1, 1), day_of(now_ms()) + dt.timedelta(days=60)), IST_MIN)
"""Later than any day that is folded, today by this machine's clock among them."""
_seqs = itertools.count(1)


def at(day: dt.date, clock: str) -> int:
    """Unix ms of a time in India, "09:41" or "09:41:30"."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return midnight_ms(day, IST_MIN) + ((hours * 60 + minutes) * 60 + sum(seconds)) * 1000


@dataclass(frozen=True)
class Marked:
    """A punch to be written."""

    person: bytes
    terminal: str
    at_ms: int
    kind: Kind = Kind.IN
    means: Means = Means.FINGER
    source: SourceClass = SourceClass.AADHAAR_TERMINAL
    boot_no: int = 1


def add_terminals(connection: Connection, fit: bool = True) -> dict[bytes, str]:
    """A terminal in every office, dated by an anchor and (`fit`) able to take punches all the time."""
    found = {}
    for row in connection.execute(select(office.c.id, office.c.code)).all():
        name = f"t-{row.code}"
        add_terminal(connection, name, row.id, fit=fit)
        found[row.id] = name
    return found


def add_terminal(connection: Connection, name: str, office_id: bytes | None, *, fit: bool = True) -> None:
    row = {"id": name, "state": "active", "record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b""}
    more = {"roster_version": 0, "admitted_ms": BOOT_MS, "name": "", "place": ""}
    connection.execute(insert(terminal).values(**row, **more, office=office_id))
    anchor(connection, name)
    if fit:
        be_fit(connection, name, BOOT_MS, FAR_MS)


def anchor(connection: Connection, name: str, boot_no: int = 1) -> None:
    """Every other day the server said what time it was: the count began at BOOT_MS, and runs as it should."""
    row = {"terminal": name, "log": LOG, "boot_no": boot_no, "kind": int(EvidenceKind.ANCHOR)}
    told = []
    for count in range(0, FAR_MS - BOOT_MS, 2 * DAY_MS):
        when = {"known_ms": BOOT_MS, "low_at_ms": count, "high_at_ms": count}
        told.append({**row, "seq": count // DAY_MS + 1, **when, "low_ms": BOOT_MS + count, "high_ms": BOOT_MS + count})
    connection.execute(insert(dating), told)


def be_fit(connection: Connection, name: str, from_ms: int, to_ms: int) -> None:
    row = {"terminal": name, "session": next(_seqs).to_bytes(8, "big"), "from_ms": from_ms, "to_ms": to_ms}
    connection.execute(insert(fitness_session).values(**row))


def put(connection: Connection, punches: Iterable[Marked], received_ms: int = FAR_MS) -> None:
    """Into the ledger, at its end."""
    number = connection.scalar(select(counter.c.value).where(counter.c.name == RECORDS)) or 0
    rows = []
    for one in punches:
        number += 1
        rows.append(
            {
                "terminal": one.terminal, "log": LOG, "seq": number, "server_seq": number,
                "type": int(RecordType.PUNCH), "body": b"", "head": number.to_bytes(32, "little"),
                "person": one.person, "kind": int(one.kind), "means": int(one.means), "score": 900,
                "source_class": int(one.source), "flags": 0, "event": None, "boot_no": one.boot_no,
                "since_boot_ms": one.at_ms - BOOT_MS, "wall_ms": one.at_ms,
                "clock_source": int(ClockSource.SERVER), "error_bound_ms": 50, "received_ms": received_ms,
            }
        )  # fmt: skip
    if rows:
        partitions.ensure(connection, received_ms)
        connection.execute(insert(record), rows)
    upsert(connection, counter, {"name": RECORDS, "value": number}, "value")


def staff(connection: Connection, level: str = "office") -> dict[bytes, list[bytes]]:
    """Who is posted at each office of a level, in the order of their references."""
    asked = select(person.c.ref, person.c.office).join_from(person, office).where(office.c.level == level)
    found: dict[bytes, list[bytes]] = {}
    for row in connection.execute(asked.order_by(person.c.ref)):
        found.setdefault(row.office, []).append(row.ref)
    return found


def keep(connection: Connection, number: int, whole: bytes) -> None:
    """Post at most so many people at every office but `whole`, so that three months of it are made in seconds."""
    for level in ("state", "district", "zone", "office"):
        for office_id, refs in staff(connection, level).items():
            for ref in refs[number:] if office_id != whole else ():
                connection.execute(update(person).where(person.c.ref == ref).values(office=None))
                connection.execute(update(employee).where(employee.c.person == ref).values(base_office=None))


def live(connection: Connection, today: dt.date) -> list[bytes]:
    """The offices that are live."""
    return list(connection.scalars(select(office.c.id).where(office.c.life == "live").order_by(office.c.path)))


def months_of_punches(
    connection: Connection, terminals: dict[bytes, str], days: Iterable[dt.date], seed: int = 5
) -> Iterable[Marked]:
    """Everybody posted comes and goes on each of `days`; one in twelve is late, one in fifteen stays away."""
    chance = random.Random(seed)
    posted = {office_id: refs for level in ("office", "zone", "district", "state")
              for office_id, refs in staff(connection, level).items()}  # fmt: skip
    for day in days:
        for office_id, refs in sorted(posted.items()):
            for ref in refs:
                if chance.random() < 1 / 15:
                    continue
                late = chance.random() < 1 / 12
                came = 571 + chance.randrange(60) if late else 510 + chance.randrange(60)
                left = 1051 + chance.randrange(60) if chance.random() > 1 / 20 else 900 + chance.randrange(120)
                begin = midnight_ms(day, IST_MIN)
                means = Means.FACE if chance.random() < 0.3 else Means.FINGER
                yield Marked(
                    ref, terminals[office_id], begin + came * 60_000 + chance.randrange(60_000), Kind.IN, means
                )
                yield Marked(ref, terminals[office_id], begin + left * 60_000 + chance.randrange(60_000), Kind.OUT)


@dataclass(frozen=True)
class School:
    """One office with its terminal, and who is posted there."""

    org: str
    path: str
    code: str
    terminal: str
    mine: list[bytes]


def one_school(ledger: Ledger, people: int, days: Iterable[dt.date]) -> School:
    """The one school of a department, under the orders of CBSE; the folding begins on the first of `days`."""
    settle(ledger, days)
    with ledger.write() as connection:
        school = next(iter(staff(connection)))
        keep(connection, people, b"")
        terminal = add_terminals(connection)[school]
        places.choose_policy(connection, Place(), Span(dt.date(2026, 1, 1)), "cbse-2016", Source("tester", "TEST/1"))
        row = connection.execute(select(office).where(office.c.id == school)).one()
        return School(row.org, row.path, row.code, terminal, staff(connection)[school])


def settle(ledger: Ledger, days: Iterable[dt.date]) -> None:
    """Let the folding begin on the first of `days`, as if it had run since then."""
    first = min(days)
    with ledger.write() as connection:
        for name in (fold.OPENED, due.BEGUN):
            upsert(connection, counter, {"name": name, "value": first.toordinal() - (name == fold.OPENED)}, "value")
