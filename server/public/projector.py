"""Brings the public tables to what is true now: one thread, once a minute, and only the offices that changed.

What must stay true here: an office's row and its people's rows change in one transaction, so the counts are always
those of the list beside them; killed at any moment and begun again, it writes the same.
"""

import datetime as dt
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from server import LedgerError
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import counter, public_day, public_office, public_org, public_row
from server.people.days import day_of
from server.public import staff, words
from server.public.marks import Seen, Today
from server.public.sources import Sources
from server.public.staff import Employee, Office, Staff
from server.public.states import Action, Away, Counts, Freshness, Mark, Standing, count, standing
from server.threads import Rounds

log = logging.getLogger("hazri.public")

TICK_S = 60.0
VERSION, AS_OF = "public/version", "public/as-of"
_STAFF_MS = 5 * 60_000  # a transfer shows after so long
_OFFICES_AT_ONCE = 100
_ROWS_AT_ONCE = 500
_DAYS_KEPT = 400


@dataclass(frozen=True, slots=True)
class _Today:
    """One look at everything."""

    away: Mapping[bytes, Away]
    gate: Mapping[bytes, list[Seen]]
    stands: Mapping[str, bytes | None]
    fresh: Mapping[bytes, Freshness]
    closed: frozenset[bytes]


class Projector(Rounds):
    """Also the thread that ticks; `tick` may be called by itself."""

    def __init__(self, ledger: Ledger, sources: Sources | None = None, tick_s: float = TICK_S) -> None:
        super().__init__("public", tick_s)
        self._ledger, self._sources = ledger, sources or Sources()
        self._marks = Today()
        self._staff: Staff | None = None
        self._staff_day: dt.date | None = None
        self._staff_ms = 0
        self._closed: frozenset[bytes] = frozenset()
        self._before: _Today | None = None

    def tick(self, at_ms: int) -> int:
        """Project what is true at `at_ms`; returns how many offices were written. Raises LedgerError."""
        day = day_of(at_ms)
        with self._ledger.read() as connection:
            everything = self._read_staff(connection, day, at_ms)
            moved = self._marks.follow(connection, day, at_ms)
            assert self._staff is not None  # noqa: S101 - just read
            today = self._look(connection, self._staff, day, at_ms)
        known, before = self._staff, self._before
        dirty = set(known.offices) if everything or before is None else self._dirty(known, moved, before, today)
        for some in _slices(sorted(dirty), _OFFICES_AT_ONCE):
            self._write(known, some, today)
        self._finish(known, day, today, at_ms)
        self._before = today
        return len(dirty)

    def round(self) -> None:
        began = time.monotonic()
        try:
            written = self.tick(now_ms())
        except LedgerError:
            self._before = None  # what was written is not known: everything is, once more
            raise
        if written:
            log.info("public offices=%d seconds=%.1f", written, time.monotonic() - began)

    def _read_staff(self, connection: Connection, day: dt.date, at_ms: int) -> bool:
        """Read it again where it is due; was it?"""
        if self._staff is not None and day == self._staff_day and at_ms - self._staff_ms < _STAFF_MS:
            return False
        before = self._staff, self._closed
        self._staff, self._staff_day, self._staff_ms = staff.read(connection, day), day, at_ms
        self._closed = self._sources.closed(connection, day)
        return before != (self._staff, self._closed)

    def _look(self, connection: Connection, known: Staff, day: dt.date, at_ms: int) -> _Today:
        return _Today(
            self._sources.away(connection, day),
            self._sources.gate(connection, day),
            staff.stands(connection),
            staff.fresh(connection, known.offices, at_ms),
            self._closed,
        )

    @staticmethod
    def _dirty(known: Staff, moved: set[bytes], before: _Today, today: _Today) -> set[bytes]:
        if before.stands != today.stands:
            return set(known.offices)
        changed = moved | _differing(before.away, today.away) | _differing(before.gate, today.gate)
        people = {known.office_of[ref] for ref in changed if ref in known.office_of}
        return people | {one for one in known.offices if before.fresh.get(one) != today.fresh.get(one)}

    def _write(self, known: Staff, some: list[bytes], today: _Today) -> None:
        offices, rows = [], []
        for one in some:
            office, doubt = known.offices[one], today.fresh[one]
            people = [(who, self._standing(known, office, who, today)) for who in known.people[one]]
            counts = count(stands.action for _, stands in people)
            offices.append(_office_row(office, counts, doubt, one in today.closed))
            rows += [_row(office, n, *told, doubt.doubtful) for n, told in enumerate(people, 1)]
        with self._ledger.write() as connection:
            connection.execute(delete(public_row).where(public_row.c.office.in_(some)))
            connection.execute(delete(public_office).where(public_office.c.office.in_(some)))
            connection.execute(insert(public_office), offices)
            for part in _slices(rows, _ROWS_AT_ONCE):
                connection.execute(insert(public_row), part)

    def _standing(self, known: Staff, office: Office, who: Employee, today: _Today) -> Standing:
        marks = [
            Mark(one.at_ms, one.kind, _here(known, office, today.stands.get(one.terminal)))
            for one in (*self._marks.marks.get(who.ref, ()), *today.gate.get(who.ref, ()))
        ]
        return standing(marks, today.away.get(who.ref))

    def _finish(self, known: Staff, day: dt.date, today: _Today, at_ms: int) -> None:
        """What is no more goes; each district's figures of the day are kept; readers learn that there is news."""
        with self._ledger.write() as connection:
            there = connection.scalars(select(public_office.c.office)).all()
            for some in _slices([one for one in there if one not in known.offices], _OFFICES_AT_ONCE):
                connection.execute(delete(public_row).where(public_row.c.office.in_(some)))
                connection.execute(delete(public_office).where(public_office.c.office.in_(some)))
            _put_orgs(connection, known)
            _keep_day(connection, day)
            upsert(connection, counter, {"name": AS_OF, "value": at_ms}, "value")
            upsert(connection, counter, {"name": VERSION, "value": 1}, add="value")


def _differing(one: Mapping[bytes, Any], other: Mapping[bytes, Any]) -> set[bytes]:
    return {key for key in {*one, *other} if one.get(key) != other.get(key)}


def _here(known: Staff, office: Office, at: bytes | None) -> bool:
    """Is a terminal's office this one, or one of the same building? One that serves everybody is everywhere."""
    if at is None or at == office.id:
        return True
    return at in known.offices and known.offices[at].building == office.building


def _office_row(office: Office, counts: Counts, doubt: Freshness, holiday: bool) -> dict[str, Any]:
    texts = office.name, office.name_hi, office.district, office.district_hi, office.block, *words.place(office.urban)
    return {
        "office": office.id,
        "org": office.org,
        "code": office.code,
        "name": office.name,
        "name_hi": office.name_hi,
        "district": office.district,
        "district_hi": office.district_hi,
        "urban": office.urban,
        "block": office.block,
        "latitude": office.latitude,
        "longitude": office.longitude,
        "desk_phone": office.desk_phone,
        "life": office.life,
        "registered": counts.registered,
        "present": counts.present,
        "out": counts.out,
        "leave": counts.leave,
        "absent": counts.absent,
        "fresh": doubt.fresh.value,
        "stale_ms": doubt.since_ms,
        "pending": doubt.pending,
        "holiday": holiday,
        "search": _search(texts),
    }


def _row(office: Office, place: int, who: Employee, stands: Standing, doubtful: bool) -> dict[str, Any]:
    texts = office.name, office.name_hi, office.district, office.district_hi, office.block, *words.place(office.urban)
    mine = who.name, who.designation, who.designation_hi, *words.action(stands.action)
    return {
        "office": office.id,
        "place": place,
        "org": office.org,
        "office_name": office.name,
        "office_name_hi": office.name_hi,
        "district": office.district,
        "district_hi": office.district_hi,
        "urban": office.urban,
        "block": office.block,
        "name": who.name,
        "designation": who.designation,
        "designation_hi": who.designation_hi,
        "action": stands.action.value,
        "at_ms": stands.at_ms,
        "pending": doubtful and stands.action is Action.ABSENT,
        "search": _search((*texts, *mine)),
    }


def _search(texts: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(text.casefold() for text in texts if text))


def _put_orgs(connection: Connection, known: Staff) -> None:
    connection.execute(delete(public_org).where(public_org.c.org.not_in([one.slug for one in known.orgs])))
    for one in known.orgs:
        values = {"name": one.name, "name_hi": one.name_hi, "portal": one.portal}
        upsert(connection, public_org, {"org": one.slug, **values}, *values)


def _keep_day(connection: Connection, day: dt.date) -> None:
    """A district had a holiday when none of its offices was open."""
    sums: dict[tuple[str, str], tuple[str, Counts, bool]] = {}
    o = public_office.c
    for row in connection.execute(select(public_office).where(o.life != "mapped")):
        _, held, closed = sums.get((row.org, row.district), ("", Counts(), True))
        added = held + Counts(1, row.registered, row.present, row.out, row.leave, row.absent)
        sums[row.org, row.district] = row.district_hi, added, closed and row.holiday
    for (slug, district), (district_hi, counts, closed) in sums.items():
        values = {name: getattr(counts, name) for name in ("registered", "present", "out", "leave", "absent")}
        values |= {"district_hi": district_hi, "holiday": closed}
        upsert(connection, public_day, {"org": slug, "district": district, "day": day.isoformat(), **values}, *values)
    oldest = (day - dt.timedelta(days=_DAYS_KEPT)).isoformat()
    connection.execute(delete(public_day).where(public_day.c.day < oldest))


def _slices(some: list[Any], size: int) -> Iterable[list[Any]]:
    return (some[at : at + size] for at in range(0, len(some), size))
