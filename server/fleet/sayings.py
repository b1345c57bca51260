"""What a terminal's events say beside time and templates: it started, an order was done, somebody was vouched for, an
old machine knew a badge nobody knows; and which log follows which (S6, S7, R6.2). Each in the transaction that stores
the record.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from server.fleet import orders
from server.intake.judge import Accept
from server.ledger.store import upsert
from server.ledger.tables import boot, log_link, record, unknown_badge, vouched
from server.ledger.tables import log as log_table
from server.people import provisional
from server.trust.vault import Vault
from sync.record import PERSON_BYTES, EventCode, Means, RecordType

Log = tuple[str, bytes]
Id = tuple[str, bytes, int]  # terminal, log, seq
Detail = Mapping[str, int | str | bytes]
_MAX_WORD = 64


def follow(
    connection: Connection, vault: Vault, accepted: Sequence[tuple[Log, Accept]], now_ms: int, *, carried: bool
) -> Counter[str]:
    """Note what follows from batches that were stored; returns what was counted."""
    counts: Counter[str] = Counter()
    for log, accept in accepted:
        if accept.batch.first_seq + accept.skip == 1:
            begun(connection, *log, now_ms, carried=carried)
        for at, (code, detail) in _events(accept):
            if code == EventCode.BOOT:
                _boot(connection, (*log, accept.batch.first_seq + at), detail, accept.batch.boot_no[at])
            wall_ms = accept.batch.since_boot[at] + accept.batch.wall_offset[at]
            said = take(connection, (*log, accept.batch.first_seq + at), code, detail, wall_ms, now_ms)
            counts.update([said] if said else [])
    if provisional.any_open(connection):
        seen = [one for log, accept in accepted for one in _seen(log, accept)]
        counts["provisional_confirmed"] = provisional.settle(connection, vault, seen, now_ms)
    return counts


def _events(accept: Accept) -> Iterator[tuple[int, tuple[int, Detail]]]:
    """Each new event with its place in the batch."""
    places = (at for at, kind in enumerate(accept.batch.types) if kind == RecordType.EVENT)
    for at, event in zip(places, accept.batch.events, strict=True):
        if at >= accept.skip:
            yield at, event


def _seen(log: Log, accept: Accept) -> Iterator[provisional.Seen]:
    """New punches that a finger or a face made, not somebody's word."""
    batch = accept.batch
    places = (at for at, kind in enumerate(batch.types) if kind == RecordType.PUNCH)
    for at, ref, means in zip(places, batch.refs(), batch.means, strict=False):
        if at >= accept.skip and means in (Means.FINGER, Means.FACE):
            yield provisional.Seen((*log, batch.first_seq + at), ref)


def take(connection: Connection, one: Id, code: int, detail: Detail, wall_ms: int, now_ms: int) -> str:
    """Note what a committed event says; returns what was counted, empty where it says nothing of these."""
    what = detail.get("what") if code == EventCode.ADMIN else None
    if code == EventCode.ORDER_DONE:
        return "orders_done" if orders.done(connection, one, detail, now_ms) else ""
    if code == EventCode.UNKNOWN_BADGE:
        return "unknown_badges" if _badge(connection, one[0], detail, now_ms) else ""
    if what == "provisional":
        return "provisional" if provisional.note(connection, one, detail, wall_ms, now_ms) else ""
    if what == "follows":
        return "logs_followed" if _follows(connection, one, detail, now_ms) else "links_refused"
    if what == "supervised":
        return "vouched" if _vouched(connection, one, detail, now_ms) else ""
    return ""


def _boot(connection: Connection, one: Id, detail: Detail, boot_no: int) -> None:
    boot_id, software = detail.get("boot_id"), detail.get("software")
    if isinstance(boot_id, bytes) and isinstance(software, str):
        values = {"boot_no": boot_no, "boot_id": boot_id, "software": software}
        upsert(connection, boot, {"terminal": one[0], "log": one[1], "seq": one[2], **values})


def _vouched(connection: Connection, one: Id, detail: Detail, now_ms: int) -> bool:
    person, supervisor, reason, seq = (detail.get(name) for name in ("person", "supervisor", "reason", "punch"))
    people = all(isinstance(ref, bytes) and len(ref) == PERSON_BYTES for ref in (person, supervisor))
    if not (people and isinstance(reason, str) and isinstance(seq, int) and one[2] < seq <= one[2] + 1):
        return False
    values = {"person": person, "supervisor": supervisor, "reason": reason[:32], "known_ms": now_ms}
    upsert(connection, vouched, {"terminal": one[0], "log": one[1], "seq": seq, **values})
    return True


def _badge(connection: Connection, terminal: str, detail: Detail, now_ms: int) -> bool:
    device, badge = detail.get("device"), detail.get("badge")
    if not (isinstance(device, str) and isinstance(badge, str)):
        return False
    key = {"terminal": terminal, "device": device[:_MAX_WORD], "badge": badge[:_MAX_WORD]}
    times = {"times": 1, "first_ms": now_ms, "last_ms": now_ms}
    upsert(connection, unknown_badge, key | times, "last_ms", add="times")
    return True


def _follows(connection: Connection, one: Id, detail: Detail, now_ms: int) -> bool:
    """A new unit's own word on the log it follows, signed in its chain: taken where that log has this very record, at
    the same terminal (S7). What the server found for itself stands where it is not."""
    log, seq, head = (detail.get(name) for name in ("log", "seq", "head"))
    if not (isinstance(log, bytes) and isinstance(seq, int) and isinstance(head, bytes)) or log == one[1]:
        return False
    c = record.c
    held = connection.scalar(select(c.head).where(c.terminal == one[0], c.log == log, c.seq == seq))
    if held != head:
        return False
    link = log_link.c  # that one cannot follow this: a guess, while only the other way round was known
    connection.execute(delete(log_link).where(link.terminal == one[0], link.log == log, link.old_log == one[1]))
    _link(connection, one[0], one[1], (log, seq, head), now_ms)
    return True


def newest(connection: Connection, terminal: str) -> tuple[bytes, int, bytes] | None:
    """(log, last seq held, its head) of the log this terminal wrote last; None while nothing is held of it."""
    columns = log_table.c
    asked = select(columns.log, columns.seq, columns.head).where(columns.terminal == terminal)
    row = connection.execute(asked.order_by(columns.last_ms.desc(), columns.log).limit(1)).one_or_none()
    return (row.log, row.seq, row.head) if row else None


def begun(connection: Connection, terminal: str, log: bytes, now_ms: int, *, carried: bool) -> None:
    """A log of which nothing was held has begun: link it to the one it follows.

    One that was carried in by hand, off a dead unit's card say, is older than those that came by themselves: the first
    of these follows it.
    """
    columns = log_table.c
    others = select(log_table).where(columns.terminal == terminal, columns.log != log)
    if not carried:
        before = connection.execute(others.order_by(columns.last_ms.desc(), columns.log).limit(1)).one_or_none()
        if before is not None:
            _link(connection, terminal, log, (before.log, before.seq, before.head), now_ms)
        return
    linked = select(log_link.c.log).where(log_link.c.terminal == terminal)
    first = connection.execute(others.where(columns.log.not_in(linked)).order_by(columns.first_ms).limit(1))
    mine = connection.execute(select(log_table).where(columns.terminal == terminal, columns.log == log)).one_or_none()
    after = first.one_or_none()
    if after is not None and mine is not None:
        _link(connection, terminal, after.log, (mine.log, mine.seq, mine.head), now_ms)


def _link(connection: Connection, terminal: str, log: bytes, old: tuple[bytes, int, bytes], now_ms: int) -> None:
    values = dict(zip(("old_log", "old_seq", "old_head"), old, strict=True))
    upsert(connection, log_link, {"terminal": terminal, "log": log, "known_ms": now_ms, **values})


def logs(connection: Connection, terminal: str) -> list[tuple[bytes, int, bytes | None]]:
    """(log, records held of it, the log it follows) of a terminal, the newest first."""
    columns = log_table.c
    asked = select(columns.log, columns.seq, log_link.c.old_log).join_from(
        log_table,
        log_link,
        (columns.terminal == log_link.c.terminal) & (columns.log == log_link.c.log),
        isouter=True,
    )
    asked = asked.where(columns.terminal == terminal).order_by(columns.first_ms.desc(), columns.log)
    return [(row.log, row.seq, row.old_log) for row in connection.execute(asked)]
