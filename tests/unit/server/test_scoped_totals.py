"""What the live page counts for an office: the follower's sums and what lies behind its cursor, at every moment."""

import datetime as dt
from pathlib import Path

import pytest

from server.access.roles import Role
from server.access.scope import Place, Scope
from server.bench import state
from server.bench.ledger import Made
from server.fleet.follow import follow
from server.intake.timekeeping import IST
from server.ledger import views
from server.ledger.store import Ledger, now_ms
from tests.databases import DATABASES, fresh_url

PUNCHES, TERMINALS = 600, 6


@pytest.mark.parametrize("database", DATABASES)
def test_the_totals_of_a_scope_hold_before_and_after_the_follower(database: str, tmp_path: Path) -> None:
    ledger = Ledger(fresh_url(database) or f"sqlite:///{tmp_path / 'ledger.db'}")
    state.prepare(ledger, tmp_path, PUNCHES, TERMINALS, lambda *_: None)
    made = Made(ledger, seed=2, days=0)
    made.add(150, now_ms())
    today = dt.datetime.now(IST).date()

    def counted(place: Place) -> tuple[int, int]:
        scope = Scope(frozenset({Role.STATE_ADMIN}), frozenset({place}))
        with ledger.read() as connection:
            found = views.totals(connection, today, scope)
        return found.punches, found.today

    top = state.viewers(ledger)["state"]
    office = state.viewers(ledger)["office"]
    before = counted(top), counted(office)
    assert before[0][0] == PUNCHES + 150
    assert before[0][1] >= 150
    assert 0 < before[1][0] < before[0][0]
    with ledger.write() as connection:
        assert not follow(connection, now_ms())
    assert (counted(top), counted(office)) == before
    made.add(50, now_ms())
    assert counted(top) == (before[0][0] + 50, before[0][1] + 50)
    ledger.close()
