"""Enrolments on their way up: an ENROLMENT event announces a sealed template, chunks carry it, in either order.

A template is taken when its event is committed, all chunks are here, and their hash is the announced one. It stays
sealed: the aggregator checks only that its key is wrapped for it, so that it can be handed on.
"""

import contextlib
import hashlib
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update

from server.fleet import roster
from server.intake.judge import Reason, Refuse
from server.ledger.store import upsert
from server.ledger.tables import chunk, enrolment, person, template
from sync import SyncError, seal
from sync.photo import PHOTO
from sync.record import PERSON_BYTES
from sync.wire import Chunk, SealedTemplate, parse_template, template_bytes

MAX_SEALED_BYTES = 4096
MAX_TEMPLATES = 40  # of one person; so that a roster entry always fits into one message
MAX_WAITING_BYTES = 1024 * 1024

Id = tuple[str, bytes, int]  # terminal, log, seq of the event


def announce(connection: Connection, one: Id, detail: Mapping[str, int | str | bytes]) -> Refuse | None:
    """Note what a committed ENROLMENT event announces. Refuse when it announces nothing usable."""
    ref, finger, version, digest, size = (detail.get(k) for k in ("person", "finger", "version", "hash", "size"))
    if not (
        isinstance(ref, bytes) and len(ref) == PERSON_BYTES
        and isinstance(finger, int) and 0 <= finger < PHOTO
        and isinstance(version, int) and 1 <= version < 2**32
        and isinstance(digest, bytes) and len(digest) == 32
        and isinstance(size, int) and 1 <= size <= MAX_SEALED_BYTES
    ):  # fmt: skip
        return Refuse(Reason.TEMPLATE, f"enrolment {one[2]}: its event does not announce a template of ours")
    values = {"person": ref, "finger": finger, "version": version, "hash": digest, "state": "waiting"}
    upsert(connection, enrolment, {"terminal": one[0], "log": one[1], "seq": one[2], **values})
    return None


def take(connection: Connection, terminal: str, part: Chunk) -> Refuse | None:
    """Keep one chunk; the same again changes nothing. Refuse when it cannot belong to a template of ours."""
    one = terminal, part.log, part.seq
    state = connection.scalar(select(enrolment.c.state).where(*_is(enrolment, one)))
    if state not in (None, "waiting"):
        return None
    if part.total > MAX_SEALED_BYTES or len(part.data) > MAX_SEALED_BYTES:
        return Refuse(Reason.CHUNK, f"chunk of enrolment {part.seq}: larger than any template")
    waiting = select(func.coalesce(func.sum(func.length(chunk.c.data)), 0)).where(chunk.c.terminal == terminal)
    if connection.scalars(waiting).one() + len(part.data) > MAX_WAITING_BYTES:
        return Refuse(Reason.CHUNK, "more chunks without an event than are kept")
    key = {"terminal": terminal, "log": part.log, "seq": part.seq, "idx": part.index}
    upsert(connection, chunk, {**key, "total": part.total, "data": part.data}, "total", "data")
    return None


def complete(connection: Connection, keys: roster.RosterKeys, one: Id, now_ms: int) -> bool | Refuse:
    """Store the template when event and chunks are all here. True: stored, and rosters changed."""
    event = connection.execute(select(enrolment).where(*_is(enrolment, one))).one_or_none()
    if event is None or event.state != "waiting":
        return False
    parts = connection.execute(select(chunk).where(*_is(chunk, one)).order_by(chunk.c.idx)).all()
    if not parts or len(parts) < parts[-1].total:
        return False
    data = b"".join(part.data for part in parts[: parts[-1].total])
    connection.execute(delete(chunk).where(*_is(chunk, one)))
    if hashlib.sha256(data).digest() != event.hash:
        # The chunks are gone and the event still waits: the terminal may send them again.
        return Refuse(Reason.TEMPLATE, f"enrolment {one[2]}: the chunks do not have the announced hash")
    kept = _kept(keys, data)
    refused = _usable(connection, kept, data, (event.person, event.finger, event.version))
    state = update(enrolment).where(*_is(enrolment, one)).values(state="refused" if refused else "stored")
    connection.execute(state)
    if refused or kept is None:
        return Refuse(Reason.TEMPLATE, f"enrolment {one[2]}: {refused}")
    sealed = template_bytes(kept)
    values = {"person": event.person, "finger": event.finger, "version": event.version, "sealed": sealed}
    upsert(connection, template, {**values, "terminal": one[0], "since_ms": now_ms}, "sealed", "terminal", "since_ms")
    roster.change(connection, [event.person], urgency=roster.Urgency.TEMPLATE)
    return True


def _kept(keys: roster.RosterKeys, data: bytes) -> SealedTemplate | None:
    """As the server keeps it: wrapped for the template key that stays, by that key, so that what lies in the ledger is
    known to have come in this way. None: not sealed to this server. Raises nothing: what is no template is none."""
    own = keys.template
    for key in (own, *keys.former):
        with contextlib.suppress(SyncError):
            found = parse_template(data)
            return seal.rewrap(found, key, roster.SERVER_READER, own.public_key(), roster.SERVER_READER, maker=own)
    return None


def _usable(
    connection: Connection, kept: SealedTemplate | None, data: bytes, announced: tuple[bytes, int, int]
) -> str | None:
    """What is wrong with a template, None when nothing is."""
    ref = announced[0]
    if len(data) > MAX_SEALED_BYTES:
        return f"{len(data)} bytes, more than the {MAX_SEALED_BYTES} a sealed template may have"
    try:
        found = parse_template(data)
    except SyncError as error:
        return str(error)
    if kept is None:
        return "the template's key is not sealed to this server"
    if (found.person, found.finger, found.version) != announced or template_bytes(found) != data:
        return "the template is of another person or finger than announced"
    if not connection.scalar(select(person.c.active).where(person.c.ref == ref)):
        return "no such person, or no longer active"
    others = select(func.count()).where(template.c.person == ref, template.c.finger != PHOTO)
    if connection.scalars(others).one() >= MAX_TEMPLATES:
        return f"the person has {MAX_TEMPLATES} templates already"
    return None


def _is(table: Table, one: Id) -> tuple[ColumnElement[bool], ...]:
    return table.c.terminal == one[0], table.c.log == one[1], table.c.seq == one[2]
