"""Keeps the list of leads: part after part is searched, and its leads take the place of those found before.

A look costs seconds where the page that shows it has a tenth of one, so it is done here, when something came since, and
with rests that leave nineteen parts of twenty of a core to others. Killed at any moment, a part has its old leads or
its new ones.
"""

import hashlib
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, insert, select

from server.leads.rules import Lead
from server.leads.search import Looked, Part, Terrain, groups, look
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import lead, lead_look
from server.sharing import changes
from server.threads import Rounds

log = logging.getLogger("hazri.leads")

_REST_S = 900.0
_RESTS = 19  # so many times as long as it took
_ROWS_AT_ONCE = 500
_AGAIN_MS = 86_400_000  # days pass, too: what is older than a month goes


class Leads(Rounds):
    """Also the thread that ticks; `tick` may be called by itself."""

    def __init__(self, ledger: Ledger, rest_s: float = _REST_S) -> None:
        super().__init__("leads", rest_s)
        self._ledger, self._least_s = ledger, rest_s
        self._seen = (-1, 0)

    def round(self) -> float:
        """Raises LedgerError."""
        began, now = time.monotonic(), now_ms()
        with self._ledger.read() as connection:
            newest = changes.newest(connection).record
        if newest == self._seen[0] and now - self._seen[1] < _AGAIN_MS:
            return self._least_s
        found = self.tick(now)
        took_s = time.monotonic() - began
        if not self.stopping.is_set():
            self._seen = (newest, now)
            log.info("leads=%d seconds=%.1f", found, took_s)
        return max(self._least_s, _RESTS * took_s)

    def tick(self, at_ms: int) -> int:
        """Search everything as of `at_ms`; returns how many leads there are. Raises LedgerError."""
        with self._ledger.read() as connection:
            terrain = Terrain.read(connection)
            together = groups(connection, terrain, at_ms)
        found = 0
        for group in together:
            if self.stopping.is_set():
                return found
            with self._ledger.read() as connection:
                looked = dict(look(connection, terrain, group, at_ms))
            for part, one in looked.items():
                self._keep(part, one, at_ms)
                found += len(one.leads)
        self._forget({part.name for part in terrain.parts})
        return found

    def _keep(self, part: Part, looked: Looked, at_ms: int) -> None:
        rows = list(_rows(part, looked))
        told = {"part": part.name, "org": part.place.org, "path": part.place.path}
        with self._ledger.write() as connection:
            connection.execute(delete(lead).where(lead.c.part == part.name))
            for at in range(0, len(rows), _ROWS_AT_ONCE):
                connection.execute(insert(lead), rows[at : at + _ROWS_AT_ONCE])
            upsert(connection, lead_look, told | {"looked_ms": at_ms, "cut": looked.cut}, "looked_ms", "cut")

    def _forget(self, names: set[str]) -> None:
        """Of parts that are no more: a district was merged, a first office was opened."""
        with self._ledger.write() as connection:
            gone = set(connection.scalars(select(lead_look.c.part))) - names
            for table in (lead, lead_look):
                connection.execute(delete(table).where(table.c.part.in_(gone)))


def _rows(part: Part, looked: Looked) -> Iterator[dict[str, Any]]:
    for one, places in looked.leads:
        for place in sorted(places):
            yield {"part": part.name, "key": _key(one), "org": place.org, "path": place.path} | _row(one)


def _row(one: Lead) -> dict[str, Any]:
    return {
        "rule": one.rule.value,
        "office": one.office,
        "terminal": one.terminal,
        "at_ms": one.at_ms,
        "came_ms": one.came_ms,
        "people": json.dumps([ref.hex() for ref in one.people]),
        "refs": json.dumps([(ref.terminal, ref.log.hex(), ref.seq) for ref in one.refs]),
        "facts": json.dumps(dict(one.facts), sort_keys=True),
    }


def _key(one: Lead) -> bytes:
    """The same for the same lead, in whichever part it was found."""
    rests_on = json.dumps(
        [one.rule.value, one.terminal, one.at_ms, [str(ref) for ref in one.refs], [p.hex() for p in one.people]]
    )
    return hashlib.sha256(rests_on.encode()).digest()[:8]
