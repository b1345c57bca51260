"""Which hardware is a terminal, and was (S7): the terminal keeps its name, its place and its history; units change."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from server.fleet import standing
from server.ledger.store import upsert
from server.ledger.tables import unit


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of hardware by its record key; `until_ms` None: it is the terminal today."""

    record_key: bytes
    serial: str
    since_ms: int
    until_ms: int | None


def fit_in(connection: Connection, terminal: str, record_key: bytes, now_ms: int, by: str, serial: str = "") -> bool:
    """This hardware is the terminal from now on, and whatever was it before is not. Returns whether that is news."""
    u = unit.c
    today = connection.execute(select(u.record_key).where(u.terminal == terminal, u.until_ms.is_(None))).all()
    if [row.record_key for row in today] == [record_key]:
        return False
    connection.execute(update(unit).where(u.terminal == terminal, u.until_ms.is_(None)).values(until_ms=now_ms))
    values = {"serial": serial, "since_ms": now_ms, "until_ms": None}
    upsert(connection, unit, {"terminal": terminal, "record_key": record_key, **values}, *values)
    was = _short(today[0].record_key) if today else ""
    standing.note(connection, terminal, "unit", was, _short(record_key), by, "", now_ms)
    return True


def label(connection: Connection, terminal: str, serial: str) -> bool:
    """Write down what stands on the label of the unit in use. Returns whether there is one."""
    here = unit.c.terminal == terminal, unit.c.until_ms.is_(None)
    return connection.execute(update(unit).where(*here).values(serial=serial[:64])).rowcount > 0


def history(connection: Connection, terminal: str) -> list[Unit]:
    """All hardware that ever was this terminal, newest first."""
    rows = connection.execute(select(unit).where(unit.c.terminal == terminal).order_by(unit.c.since_ms.desc()))
    return [Unit(row.record_key, row.serial, row.since_ms, row.until_ms) for row in rows]


def _short(record_key: bytes) -> str:
    return record_key.hex()[:16]
