"""A day that no terminal was fit for opens a ticket, once, and evidence closes it. Everybody here is synthetic."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from server.days import due, fold
from server.fleet import ticket_book
from server.ledger.store import Ledger
from server.ledger.tables import attendance_day, fitness_session, terminal, ticket
from server.people.synthetic import generate, write
from tests.databases import DATABASES, fresh_url
from tests.unit.server.days import district
from tests.unit.server.days.district import at
from tests.unit.server.days.test_days_folded import MONDAY, NOW, TUESDAY
from tests.unit.server.departments import VAULT

DAY_MS = 86_400_000


@dataclass
class School:
    """One school with one terminal, on both databases."""

    ledger: Ledger
    terminal: str
    people: list[bytes]

    def fold_again(self, now_ms: int, *days: Any) -> None:
        with self.ledger.write() as connection:
            for day in days:
                due.mark_place(connection, "", "", day, day)
        fold.all_of_it(self.ledger, now_ms)

    def tickets(self) -> list[Any]:
        with self.ledger.read() as connection:
            return list(connection.execute(select(ticket).where(ticket.c.terminal == self.terminal)))


@pytest.fixture(params=DATABASES)
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[School]:
    ledger = Ledger(fresh_url(request.param) or f"sqlite:///{tmp_path / 'l.db'}")
    write(ledger, VAULT, generate(1, 3))
    made = district.one_school(ledger, 2, [MONDAY, TUESDAY])
    yield School(ledger, made.terminal, made.mine)
    ledger.close()


def unfit(school: School, *spans: tuple[int, int]) -> None:
    """Nothing is known of the terminal but that it ran in these times."""
    with school.ledger.write() as connection:
        connection.execute(delete(fitness_session))
        for low, high in spans:
            district.be_fit(connection, school.terminal, low, high)


def test_an_undecided_day_opens_one_ticket(school: School) -> None:
    """R2.6, S15: for the terminal and the hours; folding again, in any order of days, opens nothing more."""
    unfit(school, (at(TUESDAY, "06:00"), NOW + DAY_MS))
    fold.all_of_it(school.ledger, NOW)
    with school.ledger.read() as connection:
        said = select(attendance_day.c.status).where(attendance_day.c.person == school.people[0])
        assert connection.scalar(said.where(attendance_day.c.day == MONDAY.isoformat())) == "undetermined"
    (one,) = school.tickets()
    assert (one.kind, one.person, one.opened_ms, one.closed_ms) == (ticket_book.UNFIT, None, NOW, None)
    assert one.detail.startswith(f"{MONDAY} ")
    school.fold_again(NOW + 1, TUESDAY, MONDAY)
    school.fold_again(NOW + 2, MONDAY)
    assert [row.id for row in school.tickets()] == [one.id]


def test_a_decided_day_opens_none(school: School) -> None:
    fold.all_of_it(school.ledger, NOW)
    assert school.tickets() == []


def test_what_was_mended_stays_closed_and_a_new_fault_opens_a_new_ticket(school: School) -> None:
    """Folded again after the self-test, the same day asks for nothing; a day that is lost after it does."""
    unfit(school, (at(TUESDAY, "06:00"), NOW))
    fold.all_of_it(school.ledger, NOW)
    (one,) = school.tickets()
    with school.ledger.write() as connection:
        connection.execute(update(ticket).where(ticket.c.id == one.id).values(closed_ms=NOW + 1, evidence="self-test"))
    school.fold_again(NOW + 2, MONDAY)
    assert len(school.tickets()) == 1
    fold.all_of_it(school.ledger, NOW + 4 * DAY_MS)  # nothing was heard of it since
    assert sorted(row.closed_ms is None for row in school.tickets()) == [False, True]


def test_a_fault_that_has_its_ticket_gets_no_second_one(school: School) -> None:
    unfit(school, (at(TUESDAY, "06:00"), NOW + DAY_MS))
    began = at(MONDAY, "08:00")
    row = {"id": bytes(8), "terminal": school.terminal, "person": None, "kind": "offline", "detail": "x"}
    with school.ledger.write() as connection:
        connection.execute(insert(ticket).values(**row, opened_ms=began, due_ms=began, evidence=""))
    fold.all_of_it(school.ledger, NOW)
    assert [row.kind for row in school.tickets()] == ["offline"]


def test_nobody_blames_a_terminal_that_was_not_there_yet(school: School) -> None:
    """An office that waited for its terminal has nothing to mend."""
    unfit(school, (at(TUESDAY, "06:00"), NOW + DAY_MS))
    with school.ledger.write() as connection:
        mine = terminal.c.id == school.terminal
        connection.execute(update(terminal).where(mine).values(admitted_ms=at(TUESDAY, "06:00")))
    fold.all_of_it(school.ledger, NOW)
    assert school.tickets() == []
