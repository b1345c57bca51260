"""Returns about registers and machines, and what other systems recorded, on both databases. Everybody is synthetic."""

import datetime as dt
import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from sqlalchemy import insert

from server.access.keys import AccessKeys
from server.access.roles import Role
from server.days import fold
from server.exchange import door, incoming, texts
from server.ledger.store import Ledger
from server.ledger.tables import account, account_grant, fitness_word
from server.people.synthetic import generate, write
from server.requests import desk
from server.requests.kinds import Ask, Kind
from server.returns import catalogue
from server.returns.model import Asked, Return, Text
from tests.databases import DATABASES, fresh_url
from tests.unit.server.days import district
from tests.unit.server.days.district import Marked, at
from tests.unit.server.departments import SEED, VAULT

DAYS = [dt.date(2026, 10, 1), dt.date(2026, 10, 5)]
NOW = at(dt.date(2026, 11, 1), "10:00")
KEYS = AccessKeys(bytes(32))


@pytest.fixture(scope="module", params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """One school: the first punched on both days, the second on neither."""
    file = tmp_path_factory.mktemp("registers") / "l.db"
    ledger = Ledger(fresh_url(request.param) or f"sqlite:///{file}")
    write(ledger, VAULT, generate(1, SEED))
    school = district.one_school(ledger, 2, DAYS)
    with ledger.write() as connection:
        marks = [
            Marked(school.mine[0], school.terminal, at(day, clock)) for day in DAYS for clock in ("09:00", "17:40")
        ]
        district.put(connection, marks, NOW - 1)
    fold.all_of_it(ledger, NOW)
    yield SimpleNamespace(ledger=ledger, **vars(school))
    ledger.close()


def make(site: SimpleNamespace, name: str, path: str = "") -> Return:
    with site.ledger.read() as connection:
        return catalogue.make(connection, name, Asked(site.org, path or site.path, "2026-10", NOW + 1), KEYS)


def test_without_a_register_nothing_is_said_to_differ(site: SimpleNamespace) -> None:
    """R2.9: an office that entered no register differs everywhere, which says nothing; with one line it is compared."""
    sums, differ = make(site, "register").tables
    assert [row[2] for row in sums.rows] == [2]  # two days by the machine only
    assert differ.rows == ()
    assert make(site, "register").notes
    with site.ledger.write() as connection:
        desk.enter(connection, Ask(site.mine[0], Kind.REGISTER, DAYS[0], DAYS[0], "", {}), "head", NOW)
    fold.all_of_it(site.ledger, NOW + 1)
    found = make(site, "register")
    sums, differ = found.tables
    assert [row[1:3] for row in sums.rows] == [(1, 1)]
    assert [row[1] for row in differ.rows] == ["05-10-2026"]
    assert found.notes == ()


def test_why_a_terminal_was_not_fit_is_said_in_both_languages(site: SimpleNamespace) -> None:
    """R2.6: no word that only programs know."""
    with site.ledger.write() as connection:
        row = {"terminal": site.terminal, "aspect": "sensor"}
        for clock, bad in (("09:00", "sensor"), ("15:30", "")):
            told = {**row, "at_ms": at(DAYS[1], clock), "bad": bad}
            connection.execute(insert(fitness_word).values(**told))
    (main,) = make(site, "terminals").tables
    (line,) = [row for row in main.rows if row[1] == site.terminal]
    assert line[4] == 390  # 09:00 to 15:30
    assert line[7] == Text("no sensor", "सेंसर नहीं")


def test_offices_are_named_in_both_languages(site: SimpleNamespace) -> None:
    """R4.3, R4.4, R1.17: whoever reads Hindi reads the office's name and what is against it in Hindi."""
    id_, zone = os.urandom(8), site.path.rstrip("/").rpartition("/")[0] + "/"
    row = {"id": id_, "login": "o", "name": "Sample officer", "org": site.org, "path": zone, "person": site.mine[0]}
    more = {"designation": "", "password": None, "totp": None, "totp_step": 0, "state": "active", "made_ms": 0}
    given = {"id": id_, "account": id_, "role": Role.ZONAL_CUSTODIAN, "org": site.org, "path": zone}
    why = {"given_by": "test", "reason": "test", "exception": "", "ended_by": "", "ended_reason": ""}
    with site.ledger.write() as connection:
        mobile = KEYS.close(id_, "mobile", b"9000000001")
        connection.execute(insert(account).values(**row, **more, mobile=mobile))
        connection.execute(insert(account_grant).values(**given, **why, from_ms=0, to_ms=None))
    custody, coverage = make(site, "custody", zone).tables[0].rows, make(site, "coverage").tables[0].rows
    against = make(site, "compliance", zone).tables[0].rows
    for cell in (custody[0][1], coverage[0][1], against[0][1], against[0][3]):
        assert isinstance(cell, Text)
        assert not cell.hi.isascii()


def test_what_others_recorded_is_taken_once(site: SimpleNamespace) -> None:
    """The check-ins of another system become corrections beside the punches; the same file again adds nothing."""
    who = site.mine[1].hex()
    data = f"employee,time,log_type\n{who},2026-10-05 08:50:00,IN\n{who},2026-10-05 17:40:00,OUT\n".encode()
    whence = incoming.Whence("Frappe HR", site.org, site.path, texts.Names())
    for added in (2, 0):
        with site.ledger.write() as connection:
            taken = incoming.take(connection, door.read("frappe", data), whence, "officer", NOW, dry_run=False)
        assert (taken.added, taken.bad) == (added, ())
