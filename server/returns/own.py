"""All that is held of one person's days, for themselves, an RTI answer or a court (S17): a ZIP of JSON and two pages.

Punches with the signature that vouches for each, clock quality, fitness of the terminals, rule version, derivation,
and everything that was ever said of each day.
"""

import datetime as dt
import io
import json
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Connection, select

from server.attendance.derivation import Step
from server.attendance.words import told
from server.days.store import history
from server.ledger.tables import attendance_punch, fit_day, leave_entry, record, request, signed
from server.people.days import day_of
from server.returns import ReturnError, words
from server.returns.attend import clock, date, people_in
from server.returns.model import Column, Return, Table, Text
from server.returns.render_page import html

MAX_DAYS = 400


def export(connection: Connection, ref: bytes, first: dt.date, last: dt.date, now_ms: int) -> bytes:
    """The ZIP. Raises ReturnError for nobody, or more days than a year and a month."""
    people = people_in(connection, [ref])
    if ref not in people or not 0 <= (last - first).days < MAX_DAYS:
        raise ReturnError(f"expected somebody who is known, and at most {MAX_DAYS} days")
    days = [row for n in range((last - first).days + 1) for row in history(connection, ref, first + dt.timedelta(n))]
    facts = {
        "person": ref.hex(), "from": first.isoformat(), "to": last.isoformat(),
        "punches": [_punch(connection, row) for row in _punches(connection, ref, first, last)],
        "days": [_plain(row) | {"derivation": json.loads(row.derivation)} for row in days],
        "fitness": _fitness(connection, {row.office for row in days}, first, last),
        "requests": _all(connection, select(request).where(request.c.person == ref)),
        "leave": _all(connection, select(leave_entry).where(leave_entry.c.person == ref)),
    }  # fmt: skip
    page = _page(people[ref][0], days, first, last, now_ms)
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as file:
        file.writestr("record.json", json.dumps(facts, ensure_ascii=False, indent=1))
        file.writestr("record-en.html", html(page, "en"))
        file.writestr("record-hi.html", html(page, "hi"))
    return out.getvalue()


def _punches(connection: Connection, ref: bytes, first: dt.date, last: dt.date) -> list[Any]:
    rows = connection.execute(select(attendance_punch).where(attendance_punch.c.person == ref)).all()
    return [row for row in rows if row.high_ms is None or first <= day_of(row.high_ms) <= last]


def _punch(connection: Connection, row: Any) -> dict[str, Any]:
    """With the chain's head after it, and the next signature of its log, which vouches for it and all before."""
    r, s = record.c, signed.c
    head = connection.scalar(select(r.head).where(r.server_seq == row.server_seq))
    asked = select(s.seq, s.signature).where(s.terminal == row.terminal, s.log == row.log, s.seq >= row.seq)
    vouched = connection.execute(asked.order_by(s.seq).limit(1)).one_or_none()
    more = {"head": head.hex() if head else None, "signed_by_record": vouched.seq if vouched else None}
    return _plain(row) | more | {"signature": vouched.signature.hex() if vouched else None}


def _fitness(connection: Connection, offices: set[bytes], first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    f = fit_day.c
    asked = select(f.office, f.day, f.spans).where(f.office.in_(offices), f.day.between(str(first), str(last)))
    return [{"office": row.office.hex(), "day": row.day, "fit": json.loads(row.spans)}
            for row in connection.execute(asked.order_by(f.day))]  # fmt: skip


def _page(name: str, days: list[Any], first: dt.date, last: dt.date, now_ms: int) -> Return:
    heads = (words.DATE, words.STATUS, words.ARRIVED, words.LEFT, Text("Rules", "नियम"), Text("Said from", "कथन दिनांक"))
    rows = tuple(
        (date(row.day), words.STATUSES[row.status], clock(row.first_low_ms), clock(row.last_high_ms), row.policy,
         f"{day_of(row.known_from_ms):%d-%m-%Y} {clock(row.known_from_ms)}", _derived(row))
        for row in days
    )  # fmt: skip
    columns = (*map(Column, heads), Column(words.WORKING_OUT))
    title = Text("Record of attendance of one person", "एक व्यक्ति का उपस्थिति अभिलेख")
    period = f"{first:%d-%m-%Y} – {last:%d-%m-%Y}"
    return Return("record", title, Text(name, ""), period, now_ms, (Table(title, columns, rows),))


def _derived(row: Any) -> Text:
    steps = [Step(code, values) for code, values in json.loads(row.derivation)["steps"]]
    return Text(told(steps, "en"), told(steps, "hi"))


def _all(connection: Connection, asked: Any) -> list[dict[str, Any]]:
    return [_plain(row) for row in connection.execute(asked)]


def _plain(row: Any) -> dict[str, Any]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row._asdict().items()}
