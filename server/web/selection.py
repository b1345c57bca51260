"""What a pull asks for, from its parameters to a Selection."""

from dataclasses import replace
from typing import Annotated

from fastapi import HTTPException, Query
from pydantic import AwareDatetime
from sqlalchemy import Connection, select

from server.access.scope import Place, Scope
from server.ledger.punch_rows import EVERYTHING, Selection
from server.ledger.tables import office
from sync.record import Kind

_KINDS = {kind.name.lower(): int(kind) for kind in Kind}


def chosen(
    org: Annotated[str, Query(max_length=32, description="only of this organisation")] = "",
    office: Annotated[str, Query(max_length=32, description="code of an office of `org`, with all below it")] = "",
    terminal: Annotated[str, Query(max_length=32, description="only of this terminal")] = "",
    person: Annotated[str, Query(pattern="^([0-9a-f]{16})?$", description="only of this reference")] = "",
    kind: Annotated[str, Query(max_length=16, description="in, out, movement_out, movement_in or on_duty")] = "",
    since: Annotated[AwareDatetime | None, Query(description="shown at the terminal at or after, RFC 3339")] = None,
    before: Annotated[AwareDatetime | None, Query(description="shown at the terminal before, RFC 3339")] = None,
) -> "Asked":
    if office and not org:
        raise HTTPException(422, "office: say `org`, too; a code is one organisation's")
    if kind and kind not in _KINDS:
        raise HTTPException(422, f"kind: expected one of {', '.join(_KINDS)}")
    if "\0" in org + office + terminal:
        raise HTTPException(422, "a parameter holds a character that no text may have")
    times = [None if one is None else int(one.timestamp() * 1000) for one in (since, before)]
    plain = replace(EVERYTHING, terminal=terminal, person=bytes.fromhex(person), kind=_KINDS.get(kind, 0))
    return Asked(replace(plain, from_ms=times[0], to_ms=times[1]), org, office)


class Asked:
    """A selection whose office still has to be looked up."""

    def __init__(self, plain: Selection, org: str, office: str) -> None:
        self.plain, self.org, self.office = plain, org, office

    def resolve(self, connection: Connection, scope: Scope) -> Selection:
        """Raises HTTPException 404 for an office that is not there, or not in the caller's scope."""
        found = replace(self.plain, scope=scope)
        if not self.org:
            return found
        return replace(found, within=Scope(frozenset(), frozenset({place(connection, scope, self.org, self.office)})))


def place(connection: Connection, scope: Scope, org: str, code: str) -> Place:
    """An organisation, or one of its offices with all below. Raises HTTPException 404."""
    path: str | None = "/"
    if code:
        path = connection.scalar(select(office.c.path).where(office.c.org == org, office.c.code == code))
    known = connection.scalar(select(office.c.id).where(office.c.org == org).limit(1)) is not None
    if path is None or not known or not (scope.holds(org, path) or not code):
        raise HTTPException(404, "no such office")
    return Place(org, path if code else "")
