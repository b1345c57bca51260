"""Supervised punches of digits nobody had at the terminal (S6), until it is known whose they were.

open ──the person comes to the roster, and a punch of theirs matches──▶ confirmed
  │ ──three days, or two people with these digits──▶ referred ──the nodal officer decides──▶ confirmed or rejected

The record is an event and stays one: what is here says whose punch it was, and who settled that. What must stay true
here: nothing is confirmed but by a finger or a face of the person themselves, or by the office.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from server import PeopleError
from server.fleet import fetch
from server.ledger.store import upsert
from server.ledger.tables import person, provisional, terminal
from server.trust.vault import Vault
from sync import SealError, seal
from sync.record import PERSON_BYTES

REFER_MS = 3 * 86_400_000
_MAX_TEXT = 32

Id = tuple[str, bytes, int]  # terminal, log, seq of the event


class Standing(StrEnum):
    """How far it is settled."""

    OPEN = "open"
    REFERRED = "referred"  # to the nodal officer
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


UNSETTLED = (Standing.OPEN, Standing.REFERRED)


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody punched by their own finger or face: record `id`."""

    id: Id
    person: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """One of the nodal officer's list. `person` once it is settled whose it was; `actor` by whom."""

    id: Id
    kind: str
    supervisor: bytes
    reason: str
    wall_ms: int
    standing: Standing
    person: bytes | None
    actor: str


def note(connection: Connection, one: Id, detail: Mapping[str, int | str | bytes], wall_ms: int, known_ms: int) -> bool:
    """Keep what a committed event says; False where it says nothing usable."""
    keyed, kind, supervisor, reason = (detail.get(name) for name in ("keyed", "kind", "supervisor", "reason"))
    if not (
        isinstance(keyed, bytes) and len(keyed) == seal.LOOKUP_BYTES
        and isinstance(supervisor, bytes) and len(supervisor) == PERSON_BYTES
        and isinstance(kind, str) and isinstance(reason, str)
    ):  # fmt: skip
        return False
    values = {
        "keyed": keyed,
        "kind": kind[:16],
        "supervisor": supervisor,
        "reason": reason[:_MAX_TEXT],
        "wall_ms": wall_ms,
        "known_ms": known_ms,
        "state": str(Standing.OPEN),
    }
    upsert(connection, provisional, {"terminal": one[0], "log": one[1], "seq": one[2], **values})
    return True


def any_open(connection: Connection) -> bool:
    """Is there anything that a punch could confirm? Asked for every group of records, so it must be quick."""
    asked = select(provisional.c.seq).where(provisional.c.state == Standing.OPEN).limit(1)
    return connection.scalar(asked) is not None


def settle(connection: Connection, vault: Vault, seen: Iterable[Seen], now_ms: int) -> int:
    """Confirm what these punches tell the owner of; returns how many. The keyed digits of an event are those of the
    person by the look-up key of the event's terminal, so one look at each pair decides."""
    open_ones = connection.execute(select(provisional).where(provisional.c.state == Standing.OPEN)).all()
    if not open_ones:
        return 0
    asked = select(terminal.c.id, terminal.c.lookup_key).where(terminal.c.id.in_({row.terminal for row in open_ones}))
    keys = {row.id: vault.open_lookup_key(row.id, row.lookup_key) for row in connection.execute(asked)}
    by_person = {one.person: one for one in seen}
    digits = _digits(connection, vault, by_person)
    confirmed = 0
    for row in open_ones:
        for ref, six in digits.items():
            if seal.lookup(keys[row.terminal], six) == row.keyed:
                confirmed += _settled_by(connection, vault, row, by_person[ref], six, now_ms)
                break
    return confirmed


def _settled_by(connection: Connection, vault: Vault, row: Row[Any], seen: Seen, six: str, now_ms: int) -> int:
    """One of several with the same digits may have been meant: then the office is asked."""
    alone = fetch.namesakes(connection, vault, six) == [seen.person]
    actor = f"{seen.id[0]}/{seen.id[1].hex()}/{seen.id[2]}"
    values = {"state": str(Standing.CONFIRMED), "person": seen.person, "settled_ms": now_ms, "actor": actor}
    connection.execute(
        update(provisional)
        .where(*_is((row.terminal, row.log, row.seq)))
        .values(**values if alone else {"state": str(Standing.REFERRED)})
    )
    return int(alone)


def refer(connection: Connection, now_ms: int) -> int:
    """Give the nodal officer what no punch confirmed in time; returns how many."""
    old = provisional.c.state == Standing.OPEN, provisional.c.known_ms < now_ms - REFER_MS
    return connection.execute(update(provisional).where(*old).values(state=str(Standing.REFERRED))).rowcount


def decide(connection: Connection, one: Id, ref: bytes | None, actor: str, now_ms: int) -> None:
    """The office says whose punch it was (None: nobody's, it is rejected). Raises PeopleError."""
    if ref is not None and connection.scalar(select(person.c.ref).where(person.c.ref == ref)) is None:
        raise PeopleError(f"{ref.hex()}: nobody is registered under this reference")
    values = {
        "state": str(Standing.CONFIRMED if ref else Standing.REJECTED),
        "person": ref,
        "settled_ms": now_ms,
        "actor": actor,
    }
    mine = (*_is(one), provisional.c.state.in_(UNSETTLED))
    if connection.execute(update(provisional).where(*mine).values(**values)).rowcount == 0:
        raise PeopleError(f"{one[0]}/{one[1].hex()}/{one[2]}: no provisional punch that waits for a decision")


def listing(connection: Connection, *, unsettled: bool = True, limit: int = 500) -> list[Listed]:
    """For the nodal officer, the oldest first."""
    asked = select(provisional).order_by(provisional.c.wall_ms, provisional.c.terminal, provisional.c.seq).limit(limit)
    if unsettled:
        asked = asked.where(provisional.c.state.in_(UNSETTLED))
    return [
        Listed(
            id=(row.terminal, row.log, row.seq),
            kind=row.kind,
            supervisor=row.supervisor,
            reason=row.reason,
            wall_ms=row.wall_ms,
            standing=Standing(row.state),
            person=row.person,
            actor=row.actor or "",
        )
        for row in connection.execute(asked)
    ]


def _digits(connection: Connection, vault: Vault, people: Iterable[bytes]) -> dict[bytes, str]:
    found = {}
    for row in connection.execute(select(person.c.ref, person.c.digits).where(person.c.ref.in_(list(people)))):
        try:
            found[row.ref] = vault.open_digits(row.ref, row.digits)
        except SealError:
            continue
    return found


def _is(one: Id) -> tuple[ColumnElement[bool], ...]:
    return provisional.c.terminal == one[0], provisional.c.log == one[1], provisional.c.seq == one[2]
