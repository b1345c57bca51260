"""What a return leads to after its day: the competent authority, those who stand above, and claims that open again.

One synthetic school in October 2026; what follows from its punches is worked out beside them.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import insert, select, update

from server.access.keys import AccessKeys
from server.access.roles import Role
from server.attendance.lsa import Outcome, Reason
from server.days import fold, places
from server.days.places import Place, Source, Span
from server.ledger.tables import account, account_grant, designation, employee, message, report
from server.requests import deduct, lsa
from server.returns import catalogue, overdue, schedule, sent
from server.returns.model import Asked
from server.trust.vault import Vault
from sync.record import Kind
from tests.databases import DATABASES
from tests.unit.server.days import district
from tests.unit.server.days.district import Marked, at
from tests.unit.server.departments import department

OCTOBER = [dt.date(2026, 10, 1) + dt.timedelta(days=n) for n in range(31)]
WORKED = [day for day in OCTOBER if day.isoweekday() < 7]
NOW = at(dt.date(2026, 11, 1), "13:30")
VAULT = Vault(bytes(32))
SIX = WORKED[:6]


@pytest.fixture(params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """The first came at 09:41 on six days; the second on five; the third came at 09:00 on all, and the departure of
    1 October at 19:45 is not known yet."""
    ledger = department(tmp_path, 1, request.param)
    school = district.one_school(ledger, 3, OCTOBER)
    late = {school.mine[0]: set(SIX), school.mine[1]: set(SIX[:5]), school.mine[2]: set()}
    with ledger.write() as connection:
        marks = []
        for ref, days in late.items():
            for day in WORKED:
                marks.append(Marked(ref, school.terminal, at(day, "09:41" if day in days else "09:00")))
                if (ref, day) != (school.mine[2], WORKED[0]):
                    marks.append(Marked(ref, school.terminal, at(day, "17:35"), Kind.OUT))
        district.put(connection, marks, NOW - 1)
    fold.all_of_it(ledger, NOW)
    yield SimpleNamespace(ledger=ledger, **vars(school))
    ledger.close()


def asked(site: SimpleNamespace) -> Asked:
    return Asked(site.org, site.path, "2026-10", NOW + 1000)


def listed(site: SimpleNamespace) -> int:
    with site.ledger.read() as connection:
        return len(catalogue.make(connection, "latecomers", asked(site)).tables[1].rows)


def test_how_often_is_often_is_the_policys_word(site: SimpleNamespace) -> None:
    """R2.10: six days by CBSE's policy: the first alone. By one that says five: both. By one that says seven: nobody.

    Of central-half-day-2024 the first two of a month are forgiven where they are at most 60 min: 6 − 2 = 4 < 5.
    """
    assert listed(site) == 1
    text = Path("config/policies/cbse-2016.toml").read_text("utf-8")
    for n, days, expected in ((1, 5, 2), (2, 7, 0)):
        with site.ledger.write() as connection:
            changed = text.replace("repeat_from = 6 ", f"repeat_from = {days} ")
            places.keep_policy(connection, changed.replace('"cbse-2016"', f'"often-{days}"'), "tester")
            places.choose_policy(connection, Place(site.org, site.path), Span(OCTOBER[0]), f"often-{days}", by(n))
        fold.all_of_it(site.ledger, NOW)
        assert listed(site) == expected
    with site.ledger.write() as connection:
        span = Span(OCTOBER[0])
        places.choose_policy(connection, Place(site.org, site.path), span, "central-half-day-2024", by(3))
    fold.all_of_it(site.ledger, NOW)
    assert listed(site) == 0


def by(n: int) -> Source:
    return Source("tester", f"TEST/{n}")


def test_a_late_sitting_that_counts_since_an_amendment_may_be_claimed_again(site: SimpleNamespace) -> None:
    """R2.5, R3.4, R3.8: came at 09:00, so until 19:30 is needed; the departure at 19:45 was learnt on 1 December, after
    the window of October (30 November) had closed; the slip opens it until 31 January, and not a day longer."""
    ref, day = site.mine[2], WORKED[0]
    learnt = at(dt.date(2026, 12, 1), "10:00")
    with site.ledger.write() as connection:
        row = {"pay_band": "PB-2", "grade_pay": 4600}
        connection.execute(update(designation).values(**row))
        connection.execute(update(employee).where(employee.c.person == ref).values(kind="government"))
        lsa.sanction(connection, ref, day, "closing the accounts", "authority", at(day, "12:00"))
        found = catalogue.make(connection, "employees", asked(site))
        sent.send(connection, found, asked(site), "section officer")
        id_ = connection.scalar(select(report.c.id)) or b""
    late = at(dt.date(2026, 12, 5), "10:00")
    assert judged(site, ref, day, late) == (Outcome.REFUSE, {Reason.WINDOW, Reason.PUNCH_MISSING})
    with site.ledger.write() as connection:
        district.put(connection, [Marked(ref, site.terminal, at(day, "19:45"), Kind.OUT)], learnt)
    fold.all_of_it(site.ledger, learnt)
    assert judged(site, ref, day, late) == (Outcome.REFUSE, {Reason.WINDOW})
    with site.ledger.write() as connection:
        slip = sent.amend(connection, id_, learnt)
        assert slip is not None
        assert [row[1:] for row in slip.tables[2].rows] == [("01-10-2026", "31-01-2027")]
        assert sent.amend(connection, id_, learnt + 1) is None
    assert judged(site, ref, day, at(dt.date(2027, 1, 31), "23:59")) == (Outcome.PAY, set())
    assert judged(site, ref, day, at(dt.date(2027, 2, 1), "00:00")) == (Outcome.REFUSE, {Reason.WINDOW})
    assert judged(site, ref, WORKED[1], late)[0] is Outcome.REFUSE  # another day stays closed


def judged(site: SimpleNamespace, ref: bytes, day: dt.date, at_ms: int) -> tuple[Outcome, set[Reason]]:
    with site.ledger.read() as connection:
        (line,) = lsa.judge(connection, lsa.Claim(ref, (day,), at_ms, True)).lines
    return line.outcome, set(line.reasons)


def officer(site: SimpleNamespace, role: Role, path: str, mobile: str) -> None:
    """An account that can be written to by SMS; the number is given to nobody in India."""
    id_ = mobile.encode()[:8]
    sealed = AccessKeys(VAULT.key).close(id_, "mobile", mobile.encode())
    row = {"id": id_, "login": mobile, "name": "Sample officer", "org": site.org, "path": path, "person": None}
    more = {"designation": "", "mobile": sealed, "password": None, "totp": None, "totp_step": 0, "state": "active"}
    given = {"id": id_, "account": id_, "role": role, "org": site.org, "path": path, "from_ms": 0, "to_ms": None}
    why = {"given_by": "test", "reason": "test", "exception": "test", "ended_by": "", "ended_reason": ""}
    with site.ledger.write() as connection:
        connection.execute(insert(account).values(**row, **more, made_ms=0))
        connection.execute(insert(account_grant).values(**given, **why))


def messages(site: SimpleNamespace) -> int:
    with site.ledger.read() as connection:
        return len(connection.execute(select(message)).all())


@pytest.mark.parametrize(
    ("day", "alarm", "late"), [(4, False, False), (5, True, False), (7, True, False), (8, True, True)]
)
def test_an_unsent_return_goes_up_after_its_day(site: SimpleNamespace, day: int, alarm: bool, late: bool) -> None:
    """R2.5: until the 7th the nodal officer is told; from the 8th on whoever stands above, too, once a day."""
    officer(site, Role.STATE_ADMIN, "/st/", "5000000001")
    with site.ledger.read() as connection:
        (one,) = schedule.due(connection, at(dt.date(2026, 11, day), "09:00"))
        contacts = overdue.above(connection, VAULT, site.org, NOW)
    assert (one.alarm, one.late) == (alarm, late)
    assert len(contacts) == 1
    before = messages(site)
    schedule.tick(site.ledger, VAULT, at(dt.date(2026, 11, day), "09:00"))
    schedule.tick(site.ledger, VAULT, at(dt.date(2026, 11, day), "11:00"))
    nodal = 1 if alarm else 0
    assert messages(site) - before == nodal + (1 if late else 0)


def test_deductions_left_undecided_go_to_the_officer_above(site: SimpleNamespace) -> None:
    """R2.10: by the 5th the Section Officer decides; on the 6th the district hears of it; what is decided does not."""
    district_path = "/".join(site.path.split("/")[:3]) + "/"
    officer(site, Role.DISTRICT_ADMIN, district_path, "5000000002")
    with site.ledger.write() as connection:
        deduct.settle(connection, site.mine, "2026-10", NOW, "month over")  # 6 ÷ 3 = 2, and 5 ÷ 3 = 1
        fifth, sixth = (dt.date(2026, 11, day) for day in (5, 6))
        assert overdue.undecided(connection, site.org, "2026-10", fifth).total() == 0
        assert overdue.undecided(connection, site.org, "2026-10", sixth) == {site.path: 3}
        assert overdue.tell(connection, VAULT, site.org, "2026-10", at(sixth, "09:00")) == 1
        for ref, number in ((site.mine[0], 2), (site.mine[1], 1)):
            for n in range(1, number + 1):
                deduct.reject(connection, (ref, "2026-10", n), "section officer", NOW, "the bus did not run")
        assert overdue.tell(connection, VAULT, site.org, "2026-10", at(sixth, "10:00")) == 0
