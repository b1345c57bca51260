"""Offices: their events written down, `office` projected from them, and the tree as it was on any day (R6.8)."""

import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from server import PeopleError
from server.days import due as days_due
from server.ledger.store import now_ms
from server.ledger.tables import office, office_event
from server.people.days import day_of
from server.people.office_checks import check_detail
from server.people.office_life import OfficeEvent, OfficeKind, OfficeState, check, fold

ID_BYTES = 8
MAX_PATH = 200


@dataclass(frozen=True, slots=True)
class Order:
    """The order something happened by, and who enters it."""

    actor: str
    effective_on: dt.date
    order_no: str = ""
    ordered_on: dt.date | None = None


def open_office(connection: Connection, org: str, detail: Mapping[str, Any], order: Order, today: dt.date) -> bytes:
    """Open an office; returns its id. `detail` needs code, level, name and name_hi. Raises PeopleError."""
    one = os.urandom(ID_BYTES)
    told = check_detail(OfficeKind.OPEN, detail)
    taken = connection.scalar(select(office.c.id).where(office.c.org == org, office.c.code == told["code"]))
    if taken is not None:
        raise PeopleError(f"{told['code']}: the organisation has an office of this code")
    event = OfficeEvent(one, OfficeKind.OPEN, order.effective_on, told, now_ms(), os.urandom(ID_BYTES))
    opened = fold([event], order.effective_on)
    assert opened is not None  # noqa: S101 - an OPEN alone always folds
    connection.execute(insert(office).values(id=one, org=org, **office_row(opened, _path(connection, org, opened))))
    _write(connection, org, event, order)
    project(connection, [one], today)
    return one


def record(
    connection: Connection, one: bytes, kind: OfficeKind, detail: Mapping[str, Any], order: Order, today: dt.date
) -> bytes:
    """Write down one event of an office and project it; returns the event's id. Raises PeopleError: nothing stored."""
    org = connection.scalar(select(office.c.org).where(office.c.id == one))
    if org is None:
        raise PeopleError("there is no such office")
    told = check_detail(kind, detail)
    event = OfficeEvent(one, kind, order.effective_on, told, now_ms(), os.urandom(ID_BYTES))
    check([*events(connection, [one])[one], event])
    _check_others(connection, org, event)
    _write(connection, org, event, order)
    project(connection, [one], today)
    return event.id


def events(connection: Connection, offices: Sequence[bytes]) -> dict[bytes, list[OfficeEvent]]:
    """What happened to each of these offices."""
    found: dict[bytes, list[OfficeEvent]] = {one: [] for one in offices}
    columns = office_event.c
    for row in connection.execute(select(office_event).where(columns.office.in_(list(offices)))):
        found[row.office].append(_event(row))
    return found


def as_of(connection: Connection, org: str, on: dt.date) -> dict[bytes, OfficeState]:
    """Every office there was on a day, closed ones too, as it was then."""
    lives: dict[bytes, list[OfficeEvent]] = {}
    asked = select(office_event).where(office_event.c.org == org, office_event.c.effective_on <= on.isoformat())
    for row in connection.execute(asked):
        lives.setdefault(row.office, []).append(_event(row))
    states = {one: fold(life, on) for one, life in lives.items()}
    return {one: state for one, state in states.items() if state is not None}


def path_in(states: Mapping[bytes, OfficeState], one: bytes) -> str:
    """The path of an office in a tree read by `as_of`."""
    state = states[one]
    above = path_in(states, state.parent) if state.parent else "/"
    return f"{above}{state.code}/"


def state(connection: Connection, one: bytes, on: dt.date) -> OfficeState | None:
    """One office on a day."""
    return fold(events(connection, [one])[one], on)


def resolve(connection: Connection, one: bytes, on: dt.date) -> bytes:
    """Where an office's people are on a day: itself, or what it was merged into."""
    seen = {one}
    while (now := state(connection, one, on)) is not None and now.merged_into is not None:
        one = now.merged_into
        if one in seen:
            break
        seen.add(one)
    return one


def at_and_below(connection: Connection, one: bytes) -> list[bytes]:
    """An office and everything under it, as it is today."""
    row = connection.execute(select(office.c.org, office.c.path).where(office.c.id == one)).one_or_none()
    if row is None:
        return []
    inside = office.c.org == row.org, office.c.path.startswith(row.path, autoescape=True)
    return list(connection.scalars(select(office.c.id).where(*inside).order_by(office.c.path)))


def project(connection: Connection, offices: Iterable[bytes], today: dt.date) -> list[bytes]:
    """Bring `office` to what the events say today; returns those that changed, with everything below them."""
    wanted = list(offices)
    changed: list[bytes] = []
    for one, life in events(connection, wanted).items():
        opened = min(event.effective_on for event in life if event.kind is OfficeKind.OPEN)
        state = fold(life, max(today, opened))  # one that will open is shown as it will be
        before = connection.execute(select(office).where(office.c.id == one)).one()
        assert state is not None  # noqa: S101 - `opened` is the day of its first OPEN
        values = office_row(state, _path(connection, before.org, state))
        if all(getattr(before, name) == value for name, value in values.items()):
            continue
        connection.execute(update(office).where(office.c.id == one).values(**values))
        changed.append(one)
        if before.path != values["path"]:
            changed += _move_below(connection, before.org, before.path, values["path"])
    return changed


def due(connection: Connection, after: dt.date, today: dt.date) -> list[bytes]:
    """The offices with an event that takes effect after `after` and by `today`."""
    columns = office_event.c
    asked = select(columns.office).where(columns.effective_on > after.isoformat())
    return list(connection.scalars(asked.where(columns.effective_on <= today.isoformat()).distinct()))


def _move_below(connection: Connection, org: str, old: str, new: str) -> list[bytes]:
    below = select(office.c.id, office.c.path).where(
        office.c.org == org, office.c.path.startswith(old, autoescape=True)
    )
    moved = connection.execute(below).all()
    for row in moved:
        path = new + row.path[len(old) :]
        if len(path) > MAX_PATH:
            raise PeopleError(f"{path[:40]}…: the path would be longer than {MAX_PATH} characters; use shorter codes")
        connection.execute(update(office).where(office.c.id == row.id).values(path=path))
    return [row.id for row in moved]


def _path(connection: Connection, org: str, state: OfficeState) -> str:
    above = "/"
    if state.parent is not None:
        asked = select(office.c.path, office.c.level).where(office.c.id == state.parent, office.c.org == org)
        row = connection.execute(asked).one_or_none()
        if row is None:
            raise PeopleError("the office above is not one of this organisation")
        above = row.path
        if f"/{state.code}/" in above:
            raise PeopleError(f"{state.code}: an office cannot stand below itself")
    path = f"{above}{state.code}/"
    if len(path) > MAX_PATH:
        raise PeopleError(f"{path[:40]}…: the path would be longer than {MAX_PATH} characters; use shorter codes")
    return path


def _check_others(connection: Connection, org: str, event: OfficeEvent) -> None:
    """What an event needs of other offices: nobody below a closed one, and something open to merge into."""
    if event.kind not in (OfficeKind.CLOSE, OfficeKind.MERGE):
        return
    states = as_of(connection, org, event.effective_on)
    below = [state.code for state in states.values() if state.parent == event.office and state.open]
    if below:
        raise PeopleError(f"offices below it are still open: {', '.join(sorted(below)[:5])}; move or close them first")
    if event.kind is OfficeKind.MERGE:
        into = states.get(bytes.fromhex(event.detail["into"]))
        if into is None or not into.open or into.id == event.office:
            raise PeopleError("into: not another office of this organisation that is open on that day")


def _write(connection: Connection, org: str, event: OfficeEvent, order: Order) -> None:
    values = {
        "id": event.id,
        "org": org,
        "office": event.office,
        "kind": event.kind.value,
        "effective_on": event.effective_on.isoformat(),
        "order_no": order.order_no,
        "ordered_on": (order.ordered_on or order.effective_on).isoformat(),
        "detail": json.dumps(event.detail, ensure_ascii=False, sort_keys=True),
        "actor": order.actor,
        "recorded_ms": event.recorded_ms,
    }
    connection.execute(insert(office_event).values(**values))
    today = day_of(event.recorded_ms)
    where = connection.execute(select(office.c.org, office.c.path).where(office.c.id == event.office)).one_or_none()
    if where is not None and event.effective_on <= today:
        days_due.mark_place(connection, where.org, where.path, event.effective_on, today)


def _event(row: Any) -> OfficeEvent:
    day = dt.date.fromisoformat(row.effective_on)
    return OfficeEvent(row.office, OfficeKind(row.kind), day, json.loads(row.detail), row.recorded_ms, row.id)


def office_row(state: OfficeState, path: str) -> dict[str, Any]:
    return {
        "code": state.code,
        "parent": state.parent,
        "path": path,
        "level": state.level.value,
        "name": state.name,
        "name_hi": state.name_hi,
        "urban": state.urban,
        "block": state.block,
        "latitude": state.latitude,
        "longitude": state.longitude,
        "desk_phone": state.desk_phone,
        "timezone": state.timezone,
        "life": state.life,
        "opened_on": state.opened_on.isoformat(),
        "closed_on": state.closed_on.isoformat() if state.closed_on else None,
    }
