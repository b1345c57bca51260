"""What terminals are told to do (sync.orders): asked here, sent when they are online, done when their own log says so.

asked ──a connection──▶ sent ──ORDER_DONE record──▶ done, with its result and, of a wipe, its proof

An order is signed for the connection it goes out on and sent once on each, until it is done. What must stay true here:
numbers of a terminal only grow; an order is done by a record of the terminal that was verified, and by nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Row, func, insert, or_, select, update

from server import FleetError
from server.fleet import standing
from server.ledger.store import now_ms
from server.ledger.tables import erasure_terminal, roster_change, terminal, terminal_order, terminal_state
from sync.orders import Detail, OrderKind, detail_bytes, order_bytes, parse_detail, sign_order, wipe_proof
from sync.record import PERSON_BYTES

EVERYBODY = bytes(PERSON_BYTES)
GONE = "gone"
UNPROVEN = "unproven"
LOCATE_S = 30  # unless it is said how long
_MAX_RESULT = 32
_MAX_BLOB = 512
_SECONDS = {OrderKind.LOCATE: (1, 600), OrderKind.RETRY_WINDOW: (0, 3600)}

Id = tuple[str, bytes, int]  # terminal, log, seq of the event


class Progress(StrEnum):
    """How far an order is."""

    ASKED = "asked"
    SENT = "sent"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Listed:
    """An order as somebody at the aggregator sees it. `record` names the terminal's own word: LOG/SEQ."""

    terminal: str
    number: int
    kind: str
    progress: Progress
    asked_ms: int
    sent_ms: int | None
    done_ms: int | None
    result: str
    actor: str
    record: str


def ask(
    connection: Connection,
    one: str,
    kind: OrderKind,
    detail: Detail | None = None,
    *,
    actor: str = "",
    person: bytes | None = None,
) -> int:
    """Note an order for terminal `one`; returns its number. Raises FleetError for a terminal that is not active, and
    for a detail that could not be obeyed."""
    detail = detail or {}
    _check(kind, detail)
    state = connection.scalar(select(terminal.c.state).where(terminal.c.id == one).with_for_update())
    if state != standing.State.ACTIVE:
        raise FleetError(f"{one}: {'no such terminal' if state is None else f'it is {state}'}, and obeys nobody")
    last = connection.scalar(select(func.max(terminal_order.c.number)).where(terminal_order.c.terminal == one))
    number = (last or 0) + 1
    values = {
        "terminal": one,
        "number": number,
        "kind": int(kind),
        "detail": detail_bytes(detail),
        "person": person,
        "actor": actor,
        "asked_ms": now_ms(),
    }
    connection.execute(insert(terminal_order).values(**values))
    return number


def wipe_person(connection: Connection, ref: bytes, *, actor: str, terminals: Sequence[str] | None = None) -> list[str]:
    """Have every terminal that was ever told of a person, and that the roster tells to forget them, prove that nothing
    is left. To be called in the transaction that noted the change (server.fleet.roster.change); returns the terminals.
    """
    columns = roster_change.c
    asked = select(columns.terminal, columns.version).join_from(roster_change, terminal)
    asked = asked.where(columns.person == ref, terminal.c.state == standing.State.ACTIVE)
    if terminals is not None:
        asked = asked.where(columns.terminal.in_(terminals))
    told = connection.execute(asked.order_by(columns.terminal)).all()
    for row in told:
        detail: Detail = {"person": ref, "version": row.version}
        ask(connection, row.terminal, OrderKind.WIPE, detail, actor=actor, person=ref)
    return [row.terminal for row in told]


def wiping(connection: Connection) -> set[str]:
    """Terminals that are to forget everybody: nothing of anybody is sent there any more."""
    columns = terminal_order.c
    asked = select(columns.terminal).where(columns.kind == int(OrderKind.WIPE), columns.person.is_(None))
    return set(connection.scalars(asked.where(columns.done_ms.is_(None))))


def readmitted(connection: Connection, one: str) -> None:
    """A unit with other keys has this name now: what its predecessor was to do is not for it."""
    columns = terminal_order.c
    void = update(terminal_order).where(columns.terminal == one, columns.done_ms.is_(None))
    connection.execute(void.values(done_ms=now_ms(), result="void"))


@dataclass(frozen=True, slots=True)
class Due:
    """An order that is to go out on the connection of a terminal that is online now."""

    terminal: str
    number: int
    session: bytes
    data: bytes


def due(connection: Connection, key: Ed25519PrivateKey) -> Iterator[Due]:
    """What was not done yet, and not sent on this connection; in order for each terminal."""
    columns, state = terminal_order.c, terminal_state.c
    asked = select(terminal_order, state.session.label("here"))
    asked = asked.join_from(terminal_order, terminal_state, columns.terminal == state.terminal)
    asked = asked.join(terminal, terminal.c.id == columns.terminal)
    asked = asked.where(columns.done_ms.is_(None), state.online, terminal.c.state == standing.State.ACTIVE)
    asked = asked.where(or_(columns.session.is_(None), columns.session != state.session))
    for row in connection.execute(asked.order_by(columns.terminal, columns.number)):
        order = sign_order(key, row.terminal, row.here, row.number, row.kind, parse_detail(row.detail))
        yield Due(row.terminal, row.number, row.here, order_bytes(order))


def sent(connection: Connection, some: Sequence[Due], at_ms: int) -> None:
    columns = terminal_order.c
    for one in some:
        mine = columns.terminal == one.terminal, columns.number == one.number
        connection.execute(update(terminal_order).where(*mine).values(session=one.session, sent_ms=at_ms))


def done(connection: Connection, one: Id, detail: Mapping[str, int | str | bytes], at_ms: int) -> str:
    """Note what a committed ORDER_DONE event says; the result, empty where it speaks of no order that is open."""
    columns = terminal_order.c
    number, result, proof = detail.get("number"), detail.get("result"), detail.get("proof")
    if not (isinstance(number, int) and isinstance(result, str) and 0 < number < 2**53):
        return ""
    mine = columns.terminal == one[0], columns.number == number
    row = connection.execute(select(terminal_order).where(*mine, columns.done_ms.is_(None))).one_or_none()
    if row is None:
        return ""
    proof = proof if isinstance(proof, bytes) and len(proof) <= 16 else None
    if row.kind == OrderKind.WIPE and result == GONE and proof != _expected(row.person, parse_detail(row.detail)):
        result = UNPROVEN
    result = "".join(c for c in result[:_MAX_RESULT] if c.isprintable()) or "?"
    values = {"done_ms": at_ms, "result": result, "proof": proof, "log": one[1], "seq": one[2]}
    connection.execute(update(terminal_order).where(*mine).values(**values))
    if row.kind == OrderKind.WIPE and result == GONE:
        _wiped(connection, one, row.person, at_ms)
    return result


def _wiped(connection: Connection, one: Id, person: bytes | None, at_ms: int) -> None:
    if person is None:
        standing.change(connection, one[0], standing.State.REVOKED, "order", "wiped", at_ms)
        return
    columns = erasure_terminal.c
    proved = update(erasure_terminal).where(columns.person == person, columns.terminal == one[0])
    where = f"{one[0]}/{one[1].hex()}/{one[2]}"
    connection.execute(proved.where(columns.proved_ms.is_(None)).values(proved_ms=at_ms, proof=where))


def _expected(person: bytes | None, detail: Detail) -> bytes:
    version = detail.get("version", 0)
    return wipe_proof(person or EVERYBODY, version if isinstance(version, int) else 0)


def listing(connection: Connection, one: str | None = None, limit: int = 100) -> list[Listed]:
    """The newest first, of one terminal or of all."""
    columns = terminal_order.c
    asked = select(terminal_order).order_by(columns.asked_ms.desc(), columns.terminal, columns.number.desc())
    if one is not None:
        asked = asked.where(terminal_order.c.terminal == one)
    return [listed(row) for row in connection.execute(asked.limit(limit))]


def listed(row: Row[Any]) -> Listed:
    return Listed(
        terminal=row.terminal,
        number=row.number,
        kind=_name(row.kind),
        progress=Progress.DONE if row.done_ms else Progress.SENT if row.sent_ms else Progress.ASKED,
        asked_ms=row.asked_ms,
        sent_ms=row.sent_ms,
        done_ms=row.done_ms,
        result=row.result or "",
        actor=row.actor,
        record=f"{row.log.hex()}/{row.seq}" if row.log else "",
    )


def _name(kind: int) -> str:
    return OrderKind(kind).name.lower() if kind in set(OrderKind) else str(kind)


def _check(kind: OrderKind, detail: Detail) -> None:
    if kind in _SECONDS:
        least, most = _SECONDS[kind]
        given = detail.get("seconds")
        if not isinstance(given, int) or not least <= given <= most:
            raise FleetError(f"{kind.name.lower()}: give the seconds, {least} to {most}")
    if kind is OrderKind.CONFIG:
        blob = detail.get("blob")
        if not isinstance(blob, bytes) or not 0 < len(blob) <= _MAX_BLOB:
            raise FleetError(f"config: give 1 to {_MAX_BLOB} bytes")
