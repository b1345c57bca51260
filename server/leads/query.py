"""Reads the last days of what a scope may see, and applies the rules. Nothing is written.

A window is bounded by days and by rows: what is left out is the oldest, and the answer says so.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from server.access.scope import Scope, visible
from server.intake.timekeeping import of_boots
from server.leads.rules import Lead, Mark, Probe, Ref, find
from server.ledger.tables import office, person, record, terminal
from server.public.marks import first_since
from sync import WireError
from sync.record import PERSON_BYTES, Event, EventCode, Kind, RecordType, SourceClass, parse_record

MAX_DAYS = 31
MAX_ROWS = 200_000
_DAY_MS = 86_400_000
_NAMES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Found:
    """`names` of people and `offices` by name (both languages), as far as the scope sees them; `cut`: there was more
    than one look can hold."""

    leads: list[Lead]
    names: dict[bytes, str]
    offices: dict[bytes, tuple[str, str]]
    cut: bool


def look(connection: Connection, scope: Scope, days: int, now_ms: int, most: int = MAX_ROWS) -> Found:
    """The leads of the last `days` days (1 to 31)."""
    since = first_since(connection, now_ms - max(1, min(MAX_DAYS, days)) * _DAY_MS)
    rows = _rows(connection, scope, since, most)
    places = _places(connection, scope)
    stands = {row.id: row.office for row in connection.execute(select(terminal.c.id, terminal.c.office))}
    boots = of_boots(connection, {(row.terminal, row.log, row.boot_no) for row in rows})
    marks, probes = [], []
    for row in rows:
        here = stands.get(row.terminal)
        if row.type == RecordType.PUNCH:
            marks.append(_mark(row, here, boots[row.terminal, row.log, row.boot_no]))
        else:
            probes.append(Probe(_ref(row), here, row.wall_ms, _probed(row.body)))
    where = {row.id: (row.latitude, row.longitude) for row in places if None not in (row.latitude, row.longitude)}
    leads = find(marks, probes, where, {row.id: row.parent for row in places if row.parent is not None})
    names = _names(connection, scope, {ref for one in leads for ref in one.people})
    return Found(leads, names, {row.id: (row.name, row.name_hi) for row in places}, len(rows) == most)


def _rows(connection: Connection, scope: Scope, since: int, most: int) -> list[Any]:
    """The newest first."""
    r = record.c
    columns = (
        r.terminal, r.log, r.seq, r.type, r.person, r.kind, r.source_class, r.boot_no, r.since_boot_ms, r.wall_ms,
        r.received_ms,
    )  # fmt: skip
    wanted = or_(r.type == int(RecordType.PUNCH), r.event == int(EventCode.IDENTICAL_PROBE))
    asked = visible(select(*columns, r.body), record, scope).where(r.server_seq >= since, wanted)
    return list(connection.execute(asked.order_by(r.server_seq.desc()).limit(most)))


def _mark(row: Any, here: bytes | None, boot: Any) -> Mark:
    interval = boot.date(row.since_boot_ms, row.received_ms)
    if row.source_class == SourceClass.LEGACY_TERMINAL:
        interval = interval.elsewhere()
    return Mark(
        ref=_ref(row),
        person=row.person,
        office=here,
        coming=row.kind == Kind.IN,
        boot=row.boot_no,
        at_ms=row.since_boot_ms,
        shown_ms=row.wall_ms,
        low_ms=interval.earliest_ms,
        high_ms=interval.latest_ms,
        disputed=interval.disputes(row.wall_ms),
    )


def _ref(row: Any) -> Ref:
    return Ref(row.terminal, row.log, row.seq)


def _probed(body: bytes) -> bytes | None:
    """Whom the terminal took the repeated finger for, where it says so."""
    try:
        event = parse_record(body)
    except WireError:
        return None
    said = event.detail.get("person") if isinstance(event, Event) else None
    return said if isinstance(said, bytes) and len(said) == PERSON_BYTES else None


def _places(connection: Connection, scope: Scope) -> list[Any]:
    o = office.c
    columns = o.id, o.parent, o.latitude, o.longitude, o.name, o.name_hi
    return list(connection.execute(visible(select(*columns), office, scope)))


def _names(connection: Connection, scope: Scope, refs: set[bytes]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    wanted = sorted(refs)
    for at in range(0, len(wanted), _NAMES_AT_ONCE):
        asked = visible(select(person.c.ref, person.c.name), person, scope)
        rows = connection.execute(asked.where(person.c.ref.in_(wanted[at : at + _NAMES_AT_ONCE])))
        found |= {row.ref: row.name for row in rows}
    return found
