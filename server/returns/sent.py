"""Returns as they were sent: frozen with their hash; what is learnt later stands beside them as amendment slips (R2.5).

What must stay true here: a row of `report` or `amendment` is never changed. A slip is found by comparing what was said
of each day when the report was sent with what is said now, so it needs nothing but the two times of attendance_day.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from server.access import trail
from server.attendance.deductions import Move
from server.attendance.derivation import Step
from server.attendance.words import say
from server.days import store
from server.ledger.tables import amendment, attendance_day, office, report
from server.people.days import day_of
from server.requests import deduct, lsa
from server.returns import ReturnError, words
from server.returns.attend import clock, date, people_in
from server.returns.late import KINDEST
from server.returns.model import Asked, Column, Return, Table, Text, from_content

_MAX_BYTES = 64 * 1024 * 1024
_d = attendance_day.c


def send(connection: Connection, found: Return, asked: Asked, by: str) -> Return:
    """Freeze a return; gives it back with its version. Raises ReturnError where its period is not over."""
    if found.open_:
        raise ReturnError(f"{asked.month} is not over: look at the return, and send it when it is")
    r = report.c
    mine = (r.org == asked.org, r.path == asked.path, r.name == found.name, r.month == found.period)
    last = connection.execute(select(report).where(*mine).order_by(r.version.desc()).limit(1)).one_or_none()
    if last is not None and last.hash == found.hash:
        return load(connection, last.id)
    content = found.content()
    id_ = os.urandom(8)
    row = {
        "id": id_, "name": found.name, "org": asked.org, "path": asked.path, "month": found.period,
        "version": last.version + 1 if last else 1, "sent_ms": asked.now_ms, "sent_by": by,
        "hash": hashlib.sha256(content).digest(), "content": zlib.compress(content, 6),
    }  # fmt: skip
    connection.execute(insert(report).values(**row))
    trail.add(connection, trail.Entry(by, "send report", id_.hex(), "done", f"{found.name} {asked.month}"))
    return load(connection, id_)


def load(connection: Connection, id_: bytes) -> Return:
    """A return as it was sent. Raises ReturnError where there is none, or it is not as it was frozen."""
    row = connection.execute(select(report).where(report.c.id == id_)).one_or_none()
    if row is None:
        raise ReturnError("there is no such report")
    content = _opened(row.content)
    if hashlib.sha256(content).digest() != row.hash:
        raise ReturnError(f"report {id_.hex()} is not as it was sent: its hash differs; see the backups")
    return from_content(content, row.sent_ms, row.version)


def listed(connection: Connection, org: str, path: str = "/", month: str = "") -> Sequence[Any]:
    """What was sent of a place and below it, the newest first, without content."""
    r = report.c
    asked = select(r.id, r.name, r.path, r.month, r.version, r.sent_ms, r.sent_by, r.hash)
    asked = asked.where(r.org == org, r.path.startswith(path, autoescape=True))
    if month:
        asked = asked.where(r.month == month)
    return connection.execute(asked.order_by(r.sent_ms.desc())).all()


def amend(connection: Connection, id_: bytes, at_ms: int) -> Return | None:
    """A slip of what the report's days say otherwise now, beyond its earlier slips; None: nothing.

    Deductions that have become wrong are reversed by counter-entries, and new ones proposed; late sitting that counts
    now and did not may be claimed again.
    """
    row = connection.execute(select(report).where(report.c.id == id_)).one_or_none()
    if row is None:
        raise ReturnError("there is no such report")
    a = amendment.c
    number, since = connection.execute(
        select(func.coalesce(func.max(a.number), 0), func.coalesce(func.max(a.made_ms), row.sent_ms)).where(
            a.report == id_
        )
    ).one()
    asked = Asked(row.org, row.path, row.month[:7], at_ms)
    changes = _changes(connection, asked, since)
    if not changes:
        return None
    people = sorted({person for person, *_ in changes})
    settled = deduct.settle(connection, people, asked.month, at_ms, f"amendment {number + 1} of {asked.month}")
    again = lsa.reopen(connection, changes, id_, at_ms)
    found = _slip(connection, row, number + 1, at_ms, changes, settled, again)
    content = found.content()
    values = {"report": id_, "number": number + 1, "made_ms": at_ms, "changes": len(changes)}
    digest = hashlib.sha256(content).digest()
    connection.execute(insert(amendment).values(**values, hash=digest, content=zlib.compress(content, 6)))
    trail.add(connection, trail.Entry("reports", "amend report", id_.hex(), "done", f"{len(changes)} days"))
    return found


def slips(connection: Connection, id_: bytes) -> list[Return]:
    """The amendment slips of a report, oldest first."""
    asked = select(amendment).where(amendment.c.report == id_).order_by(amendment.c.number)
    return [from_content(_opened(row.content), row.made_ms, row.number) for row in connection.execute(asked)]


def _changes(connection: Connection, asked: Asked, since_ms: int) -> list[lsa.Change]:
    """Person, day, what was said then, what is said now; None: nothing was, or is."""
    here = select(office.c.id).where(office.c.org == asked.org, office.c.path.startswith(asked.path, autoescape=True))
    query = select(attendance_day).where(
        _d.office.in_(here), _d.day >= asked.days[0].isoformat(), _d.day <= asked.days[-1].isoformat()
    )
    moved = (_d.known_from_ms > since_ms) | (_d.known_to_ms > since_ms)
    touched = {(row.person, row.day) for row in connection.execute(query.where(moved))}
    if not touched:
        return []
    then, now = (
        {
            (row.person, row.day): row
            for row in connection.execute(store.as_known(query, at))
            if (row.person, row.day) in touched
        }
        for at in (since_ms, None)
    )
    found = []
    for key in sorted(touched):
        before, after = then.get(key), now.get(key)
        if before is None or after is None or store.outcome(before) != store.outcome(after):
            found.append((*key, before, after))
    return found


def _slip(
    connection: Connection, row: Any, number: int, at_ms: int, changes: list[lsa.Change],
    settled: list[deduct.Settled], again: list[tuple[bytes, str, str]],
) -> Return:  # fmt: skip
    people = people_in(connection, (person for person, *_ in changes))
    columns = (
        words.DATE, words.NAME, words.POST, Text("As sent", "जैसा भेजा गया"), Text("Now", "अब"),
        Text("Because of", "कारण"),
    )  # fmt: skip
    rows = tuple(
        (date(day), *people[person], _say(before), _say(after), _why(before, after))
        for person, day, before, after in changes
    )
    title = Text(f"Amendment slip {number}", f"संशोधन पर्ची {number}")
    main = Table(Text("What changed", "क्या बदला"), tuple(map(Column, columns)), rows)
    lines = tuple(
        (people[line.key[0]][0], _MOVES[line.move], line.kind or "", line.halves / 2,
         ", ".join(date(day.isoformat()) for day in line.days))
        for one in settled for line in one.added
    )  # fmt: skip
    heads = (words.NAME, Text("Entry", "प्रविष्टि"), Text("Leave", "अवकाश"), Text("Days", "दिन"), words.DATES)
    entries = Table(Text("Deductions", "कटौतियाँ"), tuple(map(Column, heads)), lines)
    reopened = tuple((people[ref][0], date(day), date(until)) for ref, day, until in again)
    told = words.NAME, words.DATE, Text("May be claimed until", "दावा इस दिन तक")
    late = Table(Text("Late sitting that counts now", "अब गणना योग्य विलंब उपस्थिति"), tuple(map(Column, told)), reopened)
    base = from_content(_opened(row.content), row.sent_ms, row.version)
    note = Text(
        f"To version {row.version}, sent on {date(_day(row.sent_ms))}; its check value {row.hash.hex()}.",
        f"संस्करण {row.version} हेतु, प्रेषित {date(_day(row.sent_ms))}; जाँच मान {row.hash.hex()}।",
    )
    return Return("amendment", title, base.place, row.month, at_ms, (main, entries, late), (note, KINDEST), number)


_MOVES = {
    Move.PROPOSE: Text("proposed", "प्रस्तावित"),
    Move.CONFIRM: Text("confirmed", "पुष्ट"),
    Move.REJECT: Text("rejected", "अस्वीकृत"),
    Move.REVERSE: Text("reversed", "उलटा गया"),
}


def _say(row: Any) -> Text:
    if row is None:
        return Text("not in the report", "विवरणी में नहीं")
    times = " – ".join(filter(None, (clock(row.first_low_ms), clock(row.last_high_ms))))
    late = (f", late {row.late_min} min", f", विलंब {row.late_min} मिनट") if row.late_min else ("", "")
    status = words.STATUSES[row.status]
    return Text(f"{status.en} {times}{late[0]}".strip(), f"{status.hi} {times}{late[1]}".strip())


def _why(before: Any, after: Any) -> Text:
    """The punches and facts that the day rests on now and did not, or no longer does."""
    then, now = _facts(before), _facts(after)
    parts = [(_LEARNT, one) for one in sorted(now - then)] + [(_GONE, one) for one in sorted(then - now)]
    return Text("; ".join(f"{head.en}: {one.en}" for head, one in parts),
                "; ".join(f"{head.hi}: {one.hi}" for head, one in parts))  # fmt: skip


_LEARNT, _GONE = Text("learnt", "नई जानकारी"), Text("no longer", "अब नहीं")


def _facts(row: Any) -> set[Text]:
    if row is None:
        return set()
    told = json.loads(row.derivation)
    punches = {(clock(low), f"{terminal}/{seq}") for terminal, _, seq, low, *_ in told["punches"]}
    steps = [Step(code, {"name": name}) for code, name in told["because"]]
    return {Text(f"punch at {when} ({what})", f"पंच {when} ({what})") for when, what in punches} | {
        Text(say(step, "en"), say(step, "hi")) for step in steps
    }


def _day(ms: int) -> str:
    return day_of(ms).isoformat()


def _opened(content: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, _MAX_BYTES)
    except zlib.error:
        raise ReturnError("a frozen return cannot be opened: it is damaged") from None
