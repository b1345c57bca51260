"""The settings a terminal should have and those it says it has: numbered versions, each kept (desired and reported).

Each version is handed once to whoever carries orders (`carry`); what the terminal's own log says of that order is the
report (`settle`). A version that was overtaken on its way is not waited for.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from server import FleetError
from server.ledger.store import upsert
from server.ledger.tables import terminal, terminal_order, twin, twin_version

MAX_BYTES = 512  # of one order
DONE = "kept"

Carry = Callable[[Connection, str, int, bytes], int]  # terminal, version, settings; the number of the order


@dataclass(frozen=True, slots=True)
class Twin:
    """Versions from 1; 0: none. `result` is the terminal's word on `reported`, or on why `desired` is not taken."""

    desired: int
    carried: int
    reported: int
    reported_ms: int | None
    result: str

    @property
    def settled(self) -> bool:
        return self.desired == self.reported


def desire(connection: Connection, one: str, body: bytes, by: str, now_ms: int) -> int:
    """This terminal should have these settings; returns their version. The same again is no new version. Raises
    FleetError."""
    if connection.scalar(select(terminal.c.id).where(terminal.c.id == one)) is None:
        raise FleetError(f"{one}: no such terminal; `hazri-server terminals` lists them")
    if not 0 < len(body) <= MAX_BYTES:
        raise FleetError(f"{one}: settings are 1 to {MAX_BYTES} bytes, these are {len(body)}")
    before = state(connection, one)
    if before.desired and settings(connection, one, before.desired) == body:
        return before.desired
    version = before.desired + 1
    made = {"terminal": one, "version": version, "body": body, "made_ms": now_ms, "by": by[:200]}
    connection.execute(insert(twin_version).values(**made))
    values = {"desired": version, "carried": before.carried, "reported": before.reported, "result": before.result}
    upsert(connection, twin, {"terminal": one, "reported_ms": before.reported_ms, **values}, "desired")
    return version


def carry(connection: Connection, by: Carry) -> int:
    """Hand every version that was not yet handed over to who carries them, of terminals that obey; returns how many."""
    waiting = select(twin.c.terminal, twin.c.desired).join_from(twin, terminal, twin.c.terminal == terminal.c.id)
    waiting = waiting.where(twin.c.desired > twin.c.carried, terminal.c.state == "active")
    rows = connection.execute(waiting.order_by(twin.c.terminal)).all()
    for row in rows:
        number = by(connection, row.terminal, row.desired, settings(connection, row.terminal, row.desired))
        handed = {"carried": row.desired, "number": number}
        connection.execute(update(twin).where(twin.c.terminal == row.terminal).values(**handed))
    return len(rows)


def anew(connection: Connection, one: str) -> None:
    """Another unit has taken this terminal's place, and has to be told what it should have."""
    connection.execute(update(twin).where(twin.c.terminal == one).values(carried=0, reported=0, result=""))


def settle(connection: Connection) -> int:
    """Take in what terminals said of the orders that carried their settings; returns how many said something new."""
    o, t = terminal_order.c, twin.c
    asked = select(t.terminal, t.carried, o.result, o.done_ms).join_from(
        twin, terminal_order, (o.terminal == t.terminal) & (o.number == t.number)
    )
    rows = connection.execute(asked.where(o.done_ms.is_not(None), t.reported < t.carried)).all()
    return sum(report(connection, row.terminal, row.carried, row.result or "?", row.done_ms) for row in rows)


def report(connection: Connection, one: str, version: int, result: str, now_ms: int) -> bool:
    """What the terminal says came of a version. A late word on an older one changes nothing; returns whether it did."""
    before = state(connection, one)
    if version < before.reported or version > before.desired or (now_ms, result) == (before.reported_ms, before.result):
        return False
    values: dict[str, object] = {"reported_ms": now_ms, "result": result[:200]}
    if result == DONE:
        values["reported"] = version
    connection.execute(update(twin).where(twin.c.terminal == one).values(**values))
    return True


def state(connection: Connection, one: str) -> Twin:
    row = connection.execute(select(twin).where(twin.c.terminal == one)).one_or_none()
    return Twin(row.desired, row.carried, row.reported, row.reported_ms, row.result) if row else Twin(0, 0, 0, None, "")


@dataclass(frozen=True, slots=True)
class Version:
    """Settings that a terminal was to have, and who wanted them."""

    version: int
    text: str
    made_ms: int
    by: str


def versions(connection: Connection, one: str, limit: int = 50) -> list[Version]:
    """The newest first."""
    v = twin_version.c
    asked = select(twin_version).where(v.terminal == one).order_by(v.version.desc()).limit(limit)
    rows = connection.execute(asked)
    return [Version(row.version, row.body.decode("utf-8", "replace"), row.made_ms, row.by) for row in rows]


def checked(text: str) -> bytes:
    """Settings as somebody typed them: TOML. Raises FleetError, so that no slip of a key travels."""
    try:
        body = "\n".join(text.splitlines()).strip().encode()
        tomllib.loads(body.decode())
    except UnicodeError:
        raise FleetError("settings: hold a character that no text may have") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FleetError(f"settings: not TOML: {str(error)[:200]}") from None
    return body


def settings(connection: Connection, one: str, version: int) -> bytes:
    """Of one version. Raises FleetError."""
    v = twin_version.c
    body: bytes | None = connection.scalar(select(v.body).where(v.terminal == one, v.version == version))
    if body is None:
        raise FleetError(f"{one}: there are no settings of version {version}")
    return body
