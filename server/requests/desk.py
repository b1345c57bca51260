"""Requests in the ledger: asked, decided, withdrawn; each change is on the trail and marks the days it bears on."""

import datetime as dt
import json
import os
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from server.access import trail
from server.days import due
from server.days.facts import known
from server.ledger.store import now_ms
from server.ledger.tables import attendance_punch, person, request
from server.people.days import day_of
from server.requests import RequestError, leave
from server.requests.kinds import Ask, Kind, State, check, clash

_BACK_DAYS = 400


def ask(connection: Connection, one: Ask, by: str, at_ms: int | None = None) -> bytes:
    """Put a request before the reporting officer; returns its id. Raises RequestError: nothing is stored."""
    at_ms = now_ms() if at_ms is None else at_ms
    detail = check(one)
    if connection.scalar(select(person.c.ref).where(person.c.ref == one.person)) is None:
        raise RequestError("nobody is known under this reference")
    if abs((one.since - day_of(at_ms)).days) > _BACK_DAYS:
        raise RequestError(f"{one.since} is more than {_BACK_DAYS} days away")
    _refuse_overlap(connection, one)
    if one.kind is Kind.ADJUSTMENT and detail["punch"]:
        _refuse_strange_punch(connection, one.person, detail["punch"])
    id_ = os.urandom(8)
    who = {"asked_by": by, "asked_ms": at_ms, "decided_by": "", "decided_ms": None, "decision": ""}
    when = {"since": one.since.isoformat(), "until": one.until.isoformat()}
    what = {"person": one.person, "kind": one.kind.value, "detail": json.dumps(detail), "reason": one.reason}
    row = {"id": id_, **what, **when, **who, "state": State.ASKED.value, "withdrawn_by": "", "withdrawn_ms": None}
    connection.execute(insert(request).values(**row))
    trail.add(connection, trail.Entry(by, f"ask {one.kind.value}", id_.hex()))
    return id_


def approve(connection: Connection, id_: bytes, by: str, words: str = "", at_ms: int | None = None) -> None:
    """The reporting officer agrees; it has effect from now on. Raises RequestError."""
    at_ms = now_ms() if at_ms is None else at_ms
    row = _standing(connection, id_, State.ASKED)
    if by == row.asked_by and row.kind not in (Kind.REGISTER, Kind.MOVEMENT):
        raise RequestError("nobody decides what they asked for themselves")
    one = of_row(row)
    _refuse_overlap(connection, one, but=id_)
    _decide(connection, row, State.APPROVED, by, words, at_ms)
    if one.kind is Kind.LEAVE:
        leave.take(connection, one, _worked_days(connection, one), id_.hex(), by, at_ms)
    due.mark(connection, [one.person], *_span(one, at_ms))


def refuse(connection: Connection, id_: bytes, by: str, words: str, at_ms: int | None = None) -> None:
    """The reporting officer does not agree, and says why. Raises RequestError."""
    if not words.strip():
        raise RequestError("a request is refused for a reason; write it down")
    row = _standing(connection, id_, State.ASKED)
    _decide(connection, row, State.REFUSED, by, words, now_ms() if at_ms is None else at_ms)


def withdraw(connection: Connection, id_: bytes, by: str, at_ms: int | None = None) -> None:
    """Take back a request or an approval; leave that was taken comes back by a counter-entry. Raises RequestError."""
    at_ms = now_ms() if at_ms is None else at_ms
    row = _standing(connection, id_, State.ASKED, State.APPROVED)
    values = {"state": State.WITHDRAWN.value, "withdrawn_by": by, "withdrawn_ms": at_ms}
    connection.execute(update(request).where(request.c.id == id_).values(**values))
    trail.add(connection, trail.Entry(by, f"withdraw {row.kind}", id_.hex()))
    one = of_row(row)
    if row.state == State.APPROVED:
        leave.give_back(connection, id_.hex(), by, at_ms)
        due.mark(connection, [one.person], *_span(one, at_ms))


def enter(connection: Connection, one: Ask, by: str, at_ms: int | None = None) -> bytes:
    """What an officer writes down by their own right: a line of a register, an order for duty. Raises RequestError."""
    at_ms = now_ms() if at_ms is None else at_ms
    id_ = ask(connection, one, by, at_ms)
    row = _standing(connection, id_, State.ASKED)
    _decide(connection, row, State.APPROVED, by, "", at_ms)
    if one.kind is Kind.LEAVE:
        leave.take(connection, one, _worked_days(connection, one), id_.hex(), by, at_ms)
    due.mark(connection, [one.person], *_span(one, at_ms))
    return id_


def returned(connection: Connection, id_: bytes, in_ms: int, by: str) -> None:
    """The return of somebody who signed out at the gate (R1.16). Raises RequestError."""
    row = _standing(connection, id_, State.APPROVED)
    told = json.loads(row.detail)
    if row.kind != Kind.MOVEMENT or told["in_ms"] is not None:
        raise RequestError("this is no open line of the movement register")
    if in_ms < told["out_ms"]:
        raise RequestError("the return is before the departure; correct the time")
    values = {"detail": json.dumps({**told, "in_ms": in_ms})}
    connection.execute(update(request).where(request.c.id == id_).values(**values))
    trail.add(connection, trail.Entry(by, "return movement", id_.hex()))
    one = of_row(row)
    due.mark(connection, [one.person], one.since, one.until)


def of_row(row: Any) -> Ask:
    since, until = dt.date.fromisoformat(row.since), dt.date.fromisoformat(row.until)
    return Ask(row.person, Kind(row.kind), since, until, row.reason, json.loads(row.detail))


def waiting(connection: Connection, people: Sequence[bytes], limit: int = 200) -> Sequence[Any]:
    """Rows that wait for a decision, oldest first."""
    asked = select(request).where(request.c.state == State.ASKED.value, request.c.person.in_(list(people)))
    return connection.execute(asked.order_by(request.c.asked_ms).limit(limit)).all()


def _standing(connection: Connection, id_: bytes, *states: State) -> Any:
    row = connection.execute(select(request).where(request.c.id == id_)).one_or_none()
    if row is None:
        raise RequestError("there is no such request")
    if row.state not in states:
        raise RequestError(f"the request is {row.state}; expected {' or '.join(states)}")
    return row


def _decide(connection: Connection, row: Any, state: State, by: str, words: str, at_ms: int) -> None:
    values = {"state": state.value, "decided_by": by, "decided_ms": at_ms, "decision": words.strip()}
    connection.execute(update(request).where(request.c.id == row.id).values(**values))
    trail.add(connection, trail.Entry(by, f"{state.value} {row.kind}", row.id.hex()))


def _refuse_overlap(connection: Connection, one: Ask, but: bytes = b"") -> None:
    r = request.c
    asked = select(request).where(
        r.person == one.person, r.state.in_([State.ASKED, State.APPROVED]), r.since <= one.until.isoformat(),
        r.until >= one.since.isoformat(), r.id != but,
    )  # fmt: skip
    for row in connection.execute(asked.order_by(r.since)):
        other = of_row(row)
        if clash(one, other):
            kind = other.kind.value.replace("_", " ")
            raise RequestError(
                f"it overlaps {kind} from {other.since} to {other.until} ({row.state}); withdraw or shorten one of them"
            )


def _refuse_strange_punch(connection: Connection, ref: bytes, punch: Sequence[Any]) -> None:
    p = attendance_punch.c
    try:
        key = p.terminal == str(punch[0]), p.log == bytes.fromhex(str(punch[1])), p.seq == int(punch[2])
    except ValueError:
        raise RequestError("not_mine: name the punch by terminal, log in hexadecimal, and number") from None
    if connection.scalar(select(p.seq).where(p.person == ref, *key)) is None:
        raise RequestError("not_mine: this person has no such punch")


def _worked_days(connection: Connection, one: Ask) -> list[dt.date]:
    """The days of a leave on which the person would have been expected: only those cost leave."""
    found = known(connection, [one.person], one.since, one.until)
    mine = found.people[0]
    days = [one.since + dt.timedelta(days=n) for n in range((one.until - one.since).days + 1)]
    expected = []
    for day in days:
        span = next((span for span in mine.spans if span.covers(day)), None)
        if span is not None and found.planner.plan(span, day, None, None).free is None:
            expected.append(day)
    return expected


def _span(one: Ask, at_ms: int) -> tuple[dt.date, dt.date]:
    if one.kind is Kind.EXEMPTION:
        return one.since, max(one.since, day_of(at_ms))
    return one.since, one.until
