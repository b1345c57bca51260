"""The tree of offices a level at a time: how a page that shows one place gets there, by steps or by a search."""

from collections.abc import Sequence
from typing import Any

from fastapi import HTTPException
from sqlalchemy import Connection, or_, select

from server.access.scope import Place, Scope, visible
from server.ledger.tables import office

_FOUND = 50


def by_code(connection: Connection, scope: Scope, org: str, code: str) -> Any:
    """The office of this code, if it is in scope. Raises HTTPException 404."""
    asked = select(office).where(office.c.org == org, office.c.code == code.lower())
    row = connection.execute(visible(asked, office, scope)).one_or_none()
    if row is None:
        raise HTTPException(404, "there is no such office")
    return row


def tops(connection: Connection, scope: Scope, org: str) -> list[Any]:
    """The topmost offices of a scope; none of them is below another."""
    paths = {place.path for place in scope.tops if place.org == org}
    first = or_(office.c.parent.is_(None), office.c.path.in_(paths))
    asked = visible(select(office).where(office.c.org == org, first), office, scope)
    return list(connection.execute(asked.order_by(office.c.path)))


def standing(connection: Connection, scope: Scope, org: str, code: str) -> Any | None:
    """Where a page stands: at what `code` names, else at the one top there is; None: above several. Raises
    HTTPException 404."""
    if code:
        return by_code(connection, scope, org, code)
    found = tops(connection, scope, org)
    return found[0] if len(found) == 1 else None


def below(connection: Connection, scope: Scope, org: str, here: Any | None) -> list[Any]:
    """The offices directly below one, closed ones too; below none: the tops of the scope."""
    if here is None:
        return tops(connection, scope, org)
    return list(connection.execute(select(office).where(office.c.parent == here.id).order_by(office.c.path)))


def above(connection: Connection, scope: Scope, here: Any) -> Sequence[Any]:
    """The offices in scope that one is under, the top first."""
    over = office.c.org == here.org, office.c.path.in_(Place(here.org, here.path).above)
    asked = visible(select(office).where(*over), office, scope)
    return connection.execute(asked.order_by(office.c.path)).all()


def search(connection: Connection, scope: Scope, org: str, q: str) -> Sequence[Any]:
    """Open offices by their code, or by a part of their name in either language."""
    q = q[:60]
    like = office.c.name.icontains(q, autoescape=True) | office.c.name_hi.contains(q, autoescape=True)
    asked = visible(select(office).where(office.c.org == org, office.c.life != "closed"), office, scope)
    asked = asked.where(like | (office.c.code == q.lower())).order_by(office.c.path)
    return connection.execute(asked.limit(_FOUND)).all()


def open_(rows: Sequence[Any]) -> list[Any]:
    """Without those that are closed."""
    return [row for row in rows if row.life != "closed"]
