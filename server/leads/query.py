"""Reads the leads that were found (server.leads.worker), as far as a scope sees them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, select

from server.access.scope import Scope, visible
from server.leads.rules import Lead, Ref, Rule
from server.ledger.tables import lead, lead_look, office, person

_DAY_MS = 86_400_000
_RANK = case({rule.value: n for n, rule in enumerate(Rule)}, value=lead.c.rule, else_=len(Rule)).label("rank")


@dataclass(frozen=True, slots=True)
class Found:
    """`names` of people and `offices` by name (both languages), as far as the scope sees them; `more`: there are
    others behind these; `cut`: there was more than one look can hold; `looked_ms`: what came later was not looked
    through yet, None: nothing was."""

    leads: list[Lead]
    names: dict[bytes, str]
    offices: dict[bytes, tuple[str, str]]
    more: bool
    cut: bool
    looked_ms: int | None


def read(connection: Connection, scope: Scope, days: int, now_ms: int, most: int, skip: int = 0) -> Found:
    """At most `most` leads of the last `days` days (1 to 31), behind the first `skip`: by rule, then the newest.

    Their order is read from an index alone, and only those shown are read whole: 1 µs a lead that is not."""
    c = lead.c
    places = c.rule, c.at_ms, c.terminal, c.key
    asked = visible(select(*places, _RANK), lead, scope).where(c.came_ms >= now_ms - days * _DAY_MS).distinct()
    asked = asked.order_by(_RANK, c.at_ms.desc(), c.terminal, c.key)
    keys = [row.key for row in connection.execute(asked.limit(most + 1).offset(skip))]
    whole = {
        row.key: row for row in connection.execute(visible(select(lead), lead, scope).where(c.key.in_(keys[:most])))
    }
    leads = [_lead(whole[key]) for key in keys[:most]]
    looked_ms, cut = _looked(connection, scope)
    names = _names(connection, scope, {ref for one in leads for ref in one.people})
    offices = _offices(connection, scope, {one.office for one in leads if one.office is not None})
    return Found(leads, names, offices, len(keys) > most, cut, looked_ms)


def _looked(connection: Connection, scope: Scope) -> tuple[int | None, bool]:
    """Of all parts that the scope has something in."""
    mine = [row for row in connection.execute(select(lead_look)) if _touches(scope, row)]
    return min((row.looked_ms for row in mine), default=None), any(row.cut for row in mine)


def _touches(scope: Scope, row: Any) -> bool:
    inside = any(place.org == row.org and place.path.startswith(row.path) for place in scope.places)
    return inside or scope.holds(row.org, row.path)


def _lead(row: Any) -> Lead:
    refs = tuple(Ref(terminal, bytes.fromhex(log), seq) for terminal, log, seq in json.loads(row.refs))
    people = tuple(bytes.fromhex(ref) for ref in json.loads(row.people))
    facts = json.loads(row.facts)
    return Lead(Rule(row.rule), row.office, row.terminal, row.at_ms, people, refs, facts, row.came_ms)


def _offices(connection: Connection, scope: Scope, ids: set[bytes]) -> dict[bytes, tuple[str, str]]:
    o = office.c
    asked = visible(select(o.id, o.name, o.name_hi), office, scope).where(o.id.in_(ids))
    return {row.id: (row.name, row.name_hi) for row in connection.execute(asked)}


def _names(connection: Connection, scope: Scope, refs: set[bytes]) -> dict[bytes, str]:
    asked = visible(select(person.c.ref, person.c.name), person, scope).where(person.c.ref.in_(refs))
    rows: Sequence[Any] = connection.execute(asked).all()
    return {row.ref: row.name for row in rows}
