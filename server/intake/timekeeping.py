"""What a log says about time, kept as evidence as it comes in; and the alarms that follow from it (S2, S10).

Three events matter: a boot, an anchor and a step of the clock. Rows of `dating` are only ever added: one anchor dates
its whole boot, and the boots before it back to the one that has an anchor, too, so there is no row for a punch. How a
punch is dated is read from them (server.intake.dating), now or as it was known at any earlier time.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, tuple_

from server.intake import dating
from server.intake.dating import Boot, Evidence, Interval, Kind, Reason
from server.ledger.store import upsert
from server.ledger.tables import alarm, boot, record
from server.ledger.tables import dating as dating_table
from server.sharing import changes
from sync import SyncError
from sync.anchor import check, detailed_anchor
from sync.word import Verifier

IST = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")
OFFICE_OPENS, OFFICE_SETTLED = dt.time(8, 30), dt.time(10, 30)  # when a clock turned back makes somebody punctual
_STEP_MS = 2000
_DAY_MS = 86_400_000
_BOOTS_A_QUERY = 200
_BOOT = "terminal", "log", "boot_no"
_SAID = [dating_table.c[name] for name in ("kind", "known_ms", "low_at_ms", "low_ms", "high_at_ms", "high_ms")]
# Built once: building it anew would cost more than its answer.
_OF_BOOT = select(*_SAID).where(*(dating_table.c[name] == bindparam(name) for name in _BOOT))
_KINDS = {int(kind): kind for kind in Kind}
_BOOTS_BACK = 5000  # dated by one anchor: a terminal that flickers five times a day, three years without a network

Detail = Mapping[str, int | str | bytes]
Log = tuple[str, bytes]


class Moment:
    """Where an event stands: log, seq, boot, CLOCK_BOOTTIME in ms; and when it came here, Unix time in ms."""

    __slots__ = ("at_ms", "boot_no", "log", "received_ms", "seq")

    def __init__(self, log: Log, seq: int, boot_no: int, at_ms: int, received_ms: int) -> None:
        self.log, self.seq, self.boot_no, self.at_ms, self.received_ms = log, seq, boot_no, at_ms, received_ms


def booted(connection: Connection, here: Moment) -> None:
    """A boot began: after the record before it."""
    last = _record(connection, here.log, here.seq - 1)
    if last is None:
        return
    end = of_boot(connection, here.log, last.boot_no).date(last.since_boot_ms, last.received_ms)
    _put(connection, here, here.boot_no, dating.of_end_before(end, here.received_ms))


def anchored(connection: Connection, key: Verifier, here: Moment, detail: Detail) -> str:
    """The server's word was recorded. Returns why it is not believed, or an empty text: then it dates its boot."""
    try:
        anchor = detailed_anchor(_boot_id(connection, here), detail)
        check(key, here.log[0], anchor, here.at_ms)
    except SyncError as error:
        _alarm(connection, here, "false-anchor", str(error))
        return str(error)
    before = of_boot(connection, here.log, here.boot_no)
    _put(connection, here, here.boot_no, dating.of_anchor(anchor, here.received_ms))
    if not before.anchored:
        _lead_back(connection, here)
    elif of_boot(connection, here.log, here.boot_no).date(here.at_ms).reason is Reason.CONTRADICTED:
        _alarm(connection, here, "anchors-disagree", "the terminal's count since boot does not run as time does")
    return ""


def stepped(connection: Connection, here: Moment, detail: Detail) -> None:
    """The machine's clock was set. Backwards, while the office comes to work, the district hears of it."""
    old_ms, new_ms = detail.get("old_ms"), detail.get("new_ms")
    if not (isinstance(old_ms, int) and isinstance(new_ms, int)) or new_ms > old_ms - _STEP_MS:
        return
    interval = of_boot(connection, here.log, here.boot_no).date(here.at_ms, here.received_ms)
    shown = (here.at_ms + old_ms, here.at_ms + new_ms)
    if any(in_office(ms, ms) for ms in shown) or _perhaps_in_office(interval):
        reason = str(detail.get("reason", "set"))[:16]
        _alarm(connection, here, "clock-back", f"by {(old_ms - new_ms) / 1000:.0f} s, {reason}")


def of_boot(connection: Connection, log: Log, boot_no: int) -> Boot:
    """All that is known of one boot's place in time."""
    return of_boots(connection, {(*log, boot_no)})[(*log, boot_no)]


def of_boots(connection: Connection, boots: Collection[tuple[str, bytes, int]]) -> dict[tuple[str, bytes, int], Boot]:
    """All that is known of each of these (terminal, log, boot number), by indexed queries."""
    found: dict[tuple[str, bytes, int], list[Evidence]] = {one: [] for one in boots}
    for key, rows in _evidence(connection, list(found)):
        found[key] += [Evidence(_KINDS[kind], *rest) for kind, *rest in rows]
    return {one: Boot(evidence) for one, evidence in found.items()}


def _evidence(
    connection: Connection, boots: list[tuple[str, bytes, int]]
) -> Iterator[tuple[tuple[str, bytes, int], Sequence[Any]]]:
    """PostgreSQL finds many keys at once by its index, and each question is a way there and back; SQLite would read
    the whole table for the same words, and is asked key by key in no time."""
    if connection.dialect.name != "postgresql":
        for one in boots:
            yield one, connection.execute(_OF_BOOT, dict(zip(_BOOT, one, strict=True))).all()
        return
    key = [dating_table.c[name] for name in _BOOT]
    for at in range(0, len(boots), _BOOTS_A_QUERY):
        asked = select(*key, *_SAID).where(tuple_(*key).in_(boots[at : at + _BOOTS_A_QUERY]))
        for terminal, log, boot_no, *said in connection.execute(asked).all():
            yield (terminal, log, boot_no), [said]


def in_office(from_ms: int, to_ms: int) -> bool:
    """Does 08:30–10:30 of some day in India touch this span of Unix time, of less than a day?"""
    try:
        first, last = (dt.datetime.fromtimestamp(ms / 1000, IST) for ms in (from_ms, to_ms))
    except (ValueError, OverflowError, OSError):
        return False  # no calendar has it
    days = {first.date(), last.date()}
    return any(
        dt.datetime.combine(day, OFFICE_OPENS, IST) <= last and first <= dt.datetime.combine(day, OFFICE_SETTLED, IST)
        for day in days
    )


def _perhaps_in_office(interval: Interval) -> bool:
    """Is that what is known? Where next to nothing is, the shown times must speak."""
    early, late = interval.earliest_ms, interval.latest_ms
    return early is not None and late is not None and late - early < _DAY_MS and in_office(early, late)


def _lead_back(connection: Connection, here: Moment) -> None:
    """Each boot ended before the next began: from the first anchor of a boot to the one before that has one."""
    c = boot.c
    begun = select(c.boot_no, c.seq).where(c.terminal == here.log[0], c.log == here.log[1], c.seq < here.seq)
    after = here.boot_no
    for row in connection.execute(begun.order_by(c.seq.desc()).limit(_BOOTS_BACK)).all():
        last = _record(connection, here.log, row.seq - 1)
        if last is None:
            return
        begin = of_boot(connection, here.log, after).date(0)
        _put(connection, here, last.boot_no, dating.of_begin_after(begin, last.since_boot_ms, here.received_ms))
        after = last.boot_no
        if of_boot(connection, here.log, after).anchored:
            return


def _put(connection: Connection, here: Moment, boot_no: int, evidence: Evidence | None) -> None:
    if evidence is None:
        return
    e = evidence
    values = {"known_ms": e.known_ms, "low_at_ms": e.low_at_ms, "low_ms": e.low_ms}
    values |= {"high_at_ms": e.high_at_ms, "high_ms": e.high_ms}
    key = {"terminal": here.log[0], "log": here.log[1], "boot_no": boot_no, "seq": here.seq, "kind": int(e.kind)}
    upsert(connection, dating_table, key | values)
    if e.kind is not Kind.EARLIER:  # that one is there before any punch of its boot
        changes.note(connection, "dating", here.log, here.seq, e.kind.name.lower(), e.known_ms, boot_no=boot_no)


def _alarm(connection: Connection, here: Moment, kind: str, detail: str) -> None:
    key = {"terminal": here.log[0], "log": here.log[1], "seq": here.seq, "kind": kind}
    upsert(connection, alarm, key | {"known_ms": here.received_ms, "detail": detail})
    changes.note(connection, "alarm", here.log, here.seq, kind, here.received_ms)


def _record(connection: Connection, log: Log, seq: int) -> Any:
    c = record.c
    asked = select(c.boot_no, c.since_boot_ms, c.received_ms).where(c.terminal == log[0], c.log == log[1], c.seq == seq)
    return connection.execute(asked).one_or_none()


def _boot_id(connection: Connection, here: Moment) -> bytes:
    c = boot.c
    asked = select(c.boot_id).where(c.terminal == here.log[0], c.log == here.log[1], c.boot_no == here.boot_no)
    return connection.scalars(asked.order_by(c.seq.desc()).limit(1)).one_or_none() or b""
