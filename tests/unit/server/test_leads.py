"""Integrity leads: each rule on both sides of its limit, over generated mornings, and the list by scope (S10)."""

import datetime as dt
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from server.access import sessions
from server.access.rights import Right
from server.access.roles import Role
from server.access.scope import WHOLE, Place, Scope
from server.intake.dating import Kind as EvidenceKind
from server.leads import query, routes, rules, search, words
from server.leads.rules import Mark, Probe, Ref, Rule
from server.leads.search import Terrain
from server.leads.worker import Leads
from server.ledger import partitions
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import account, account_grant, dating, record, terminal
from server.people.days import start_ms
from server.people.synthetic import Employee
from sync.record import ClockSource, Event, EventCode, Instant, Kind, RecordType, record_body
from tests import databases
from tests.unit.server.public_site import (
    DAY,
    MIDNIGHT,
    NOW,
    Site,
    ask,
    at,
    built,
    copied,
    one,
    punch_row,
    terminal_of,
)

JAIPUR, AJMER = b"office-1", b"office-2"
WHERE = {JAIPUR: (26.9124, 75.7873), AJMER: (26.4499, 74.6399)}
ABOVE = {JAIPUR: b"district", AJMER: b"district"}
MINUTE = 60_000


def mark(n: int, person: int, at_ms: int, office: bytes = JAIPUR, slack_ms: int = 1000, *, off_ms: int = 0) -> Mark:
    """True time was `at_ms`, give or take the slack; the screen showed it `off_ms` later."""
    terminal = f"t-{office.decode()[-1]}"
    low, high = at_ms - slack_ms, at_ms + slack_ms
    shown = at_ms + off_ms
    who = person.to_bytes(8, "big")
    return Mark(Ref(terminal, b"l", n), who, office, True, 1, at_ms, shown, low, high, abs(off_ms) > slack_ms + 2000)


def only(found: list[rules.Lead], rule: Rule) -> list[rules.Lead]:
    return [one for one in found if one.rule is rule]


def find(marks: list[Mark], probes: list[Probe] | None = None) -> list[rules.Lead]:
    """The same whatever the order in which they come."""
    found = rules.find(marks, probes or [], WHERE, ABOVE)
    other = marks[:]
    random.Random(1).shuffle(other)
    assert rules.find(other, probes or [], WHERE, ABOVE) == found
    return found


@pytest.mark.parametrize(
    ("people", "last_ms", "leads"), [(20, 90_000, 1), (20, 90_001, 0), (19, 60_000, 0), (40, 180_000, 1)]
)
def test_twenty_people_in_ninety_seconds(people: int, last_ms: int, leads: int) -> None:
    marks = [mark(n, n, at(9, 0) + last_ms * n // (people - 1)) for n in range(people)]
    found = only(find(marks), Rule.RUSH)
    assert len(found) == leads
    for lead in found:
        assert lead.facts["people"] == people
        assert len(lead.refs) == people


def test_one_person_twenty_times_is_no_rush_and_a_set_clock_makes_none() -> None:
    assert not only(find([mark(n, 1, at(9, 0) + n * 1000) for n in range(40)]), Rule.RUSH)
    slow = [mark(n, n, at(9, 0) + n * 10_000, off_ms=-n * 10_000) for n in range(30)]
    assert not only(find(slow), Rule.RUSH)  # all shown at nine, and by the clock nobody sets five minutes apart
    assert len({one.shown_ms for one in slow}) == 1


def test_two_rushes_are_two_leads() -> None:
    marks = [mark(n, n % 25, at(9, 0) + n * 1000) for n in range(25)]
    marks += [mark(100 + n, n, at(14, 0) + n * 1000) for n in range(25)]
    assert len(only(find(marks), Rule.RUSH)) == 2


@pytest.mark.parametrize(("minutes", "leads"), [(30, 1), (60, 1), (70, 0), (300, 0)])
def test_nobody_is_at_two_places_at_once(minutes: int, leads: int) -> None:
    """Jaipur and Ajmer are 124 km apart; 120 km/h takes 62 minutes."""
    assert 120 < rules.distance_km(*WHERE.values()) < 130
    found = only(find([mark(1, 7, at(9, 0)), mark(2, 7, at(9, 0) + minutes * MINUTE, AJMER)]), Rule.IMPOSSIBLE_TRAVEL)
    assert len(found) == leads
    assert all(one.refs == (Ref("t-1", b"l", 1), Ref("t-2", b"l", 2)) for one in found)


def test_travel_is_judged_by_the_longest_time_that_evidence_allows() -> None:
    """S2, S10: what cannot be dated accuses nobody; nor does a shown time."""
    wide = [mark(1, 7, at(9, 0), slack_ms=40 * MINUTE), mark(2, 7, at(9, 30), AJMER, slack_ms=40 * MINUTE)]
    assert not only(find(wide), Rule.IMPOSSIBLE_TRAVEL)
    undated = [wide[0], Mark(*(wide[1].ref, wide[1].person, AJMER, True, 1, 0, at(9, 1), None, None))]
    assert not only(find(undated), Rule.IMPOSSIBLE_TRAVEL)
    moved = [mark(1, 7, at(9, 0)), mark(2, 7, at(12, 0), AJMER, off_ms=-170 * MINUTE)]
    assert not only(find(moved), Rule.IMPOSSIBLE_TRAVEL)


def mornings(office: bytes, minutes: list[int], *, off: int = 0, first: int = 0) -> list[Mark]:
    """Eight people on seven days; each comes so many minutes after nine, in turn. `off`: what the clock shows less."""
    found = []
    for day in range(7):
        for person in range(8):
            n = day * 8 + person
            true_ms = start_ms(DAY + dt.timedelta(days=day)) + (540 + minutes[n % len(minutes)]) * MINUTE
            shown = -off * MINUTE if minutes[n % len(minutes)] > 30 else 0
            found.append(mark(first + n, first + person, true_ms, office, off_ms=shown))
    return found


def test_an_office_where_nobody_is_ever_late_while_the_server_says_otherwise() -> None:
    """S10: shown 09:29, received at 09:48."""
    (lead,) = only(find(mornings(JAIPUR, [10, 20, 48], off=19)), Rule.NEVER_LATE)
    assert (lead.facts["shown"], lead.facts["true_at_least"], lead.facts["latest_shown"]) == ("09:29", "09:47", "09:29")
    assert lead.facts["truly_late"] == 18
    assert "one shown as 09:29 came at 09:47 or later" in routes.saying(lead, words.EN)
    assert "09:29" in routes.saying(lead, words.HI)


def test_punctual_people_are_no_lead_unless_their_neighbours_make_it_improbable() -> None:
    """S10: compare with neighbours."""
    punctual = mornings(JAIPUR, [0, 10, 20, 30])
    assert not only(find(punctual), Rule.NEVER_LATE)  # 09:30 itself is in time
    late_too = mornings(JAIPUR, [0, 10, 20, 31])
    assert not only(find(late_too + mornings(AJMER, [40], first=500)), Rule.NEVER_LATE)
    (lead,) = only(find(punctual + mornings(AJMER, [10, 10, 40], first=500)), Rule.NEVER_LATE)
    assert (lead.office, lead.facts["neighbours"]) == (JAIPUR, 1)
    assert "In 1 offices beside it 32.1 % of first marks are later." in routes.saying(lead, words.EN)
    assert not only(find(punctual + mornings(AJMER, [10] * 55 + [40], first=500)), Rule.NEVER_LATE)
    few = [one for one in punctual if one.person == (0).to_bytes(8, "big")]
    assert not only(find(few + mornings(AJMER, [40], first=500)), Rule.NEVER_LATE)


def test_disputed_clocks_are_one_lead_for_a_terminal_and_a_day() -> None:
    marks = [mark(n, n, at(9, n), off_ms=-20 * MINUTE) for n in range(5)] + [mark(9, 9, at(9, 30))]
    (lead,) = only(find(marks), Rule.CLOCK_DISPUTED)
    assert lead.facts == {"punches": 5, "seconds": 1199.0, "day": DAY.isoformat()}
    assert len(lead.refs) == 5


def test_identical_probes_are_one_lead_for_a_terminal_and_a_person() -> None:
    probes = [Probe(Ref("t-1", b"l", n), JAIPUR, at(9, n), b"someone!") for n in range(3)]
    (lead,) = find([], [*probes])
    assert (lead.rule, lead.facts["times"], lead.people) == (Rule.IDENTICAL_PROBE, 3, (b"someone!",))


def test_a_time_no_calendar_has_breaks_nothing() -> None:
    mad = [mark(1, 1, 2**62), mark(2, 2, -(2**62)), mark(3, 1, 2**62, AJMER, off_ms=10**9)]
    for lead in find(mad, [Probe(Ref("t-1", b"l", 9), None, 2**62, None)]):
        assert routes.saying(lead, words.EN)
        assert routes.moment(lead.at_ms) is None


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_says_what_else_may_be_the_reason(rule: Rule) -> None:
    for language in words.LANGUAGES.values():
        saying = language.rules[rule]
        assert all((saying.name, saying.seen, saying.innocent, saying.look))


# ── over a ledger ──


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, database: str) -> Ledger:
    return built(tmp_path_factory.mktemp("leads"), database, schools=26)


@pytest.fixture
def made(tmp_path: Path, whole: Ledger) -> Iterator[Site]:
    """A repeated finger and a rush of twenty at school 1 of the first district, and one journey across districts."""
    found = copied(tmp_path, whole, schools=26)
    here, there = found.office("s1"), found.office("s26")
    for n, who in enumerate(crowd(found)):
        found.punch(who, here, at(9, 0) + n * 2000)
    traveller = found.people(there)[0]
    found.punch(traveller, there, at(9, 30))
    probed(found, terminal_of(there), traveller.ref)
    yield found
    found.ledger.close()


def crowd(made: Site) -> list[Employee]:
    """Twenty of the first district."""
    inside = {place.id for place in made.made.places if place.path.startswith("/st/d1/")}
    return [who for who in made.made.people if who.office in inside][:20]


def probed(made: Site, terminal: str, ref: bytes) -> None:
    """A terminal says that a finger came again, to the last bit."""
    body = record_body(
        Event(EventCode.IDENTICAL_PROBE, {"person": ref}, Instant(1, 1000, at(9, 40) - 1000, ClockSource.SERVER, 40))
    )
    row = {"terminal": terminal, "log": b"log-----", "seq": 999, "type": int(RecordType.EVENT), "body": body}
    row |= {"head": bytes(32), "event": int(EventCode.IDENTICAL_PROBE), "boot_no": 1, "since_boot_ms": 1000}
    row |= {"wall_ms": at(9, 40), "clock_source": 3, "error_bound_ms": 40, "received_ms": at(9, 41)}
    made.number += 1
    with made.ledger.write() as connection:
        connection.execute(insert(record).values(**row, server_seq=made.number))


def scope(made: Site, path: str) -> Scope:
    return Scope(frozenset({Role.DISTRICT_ADMIN}), frozenset({Place(made.made.slug, path)}))


def test_each_district_sees_its_own_leads_alone(made: Site) -> None:
    Leads(made.ledger).tick(NOW)
    with made.ledger.read() as connection:
        first = query.read(connection, scope(made, "/st/d1/"), 7, NOW, 50)
        second = query.read(connection, scope(made, "/st/d2/"), 7, NOW, 50)
        state = query.read(connection, scope(made, "/st/"), 7, NOW, 50)
    assert {one.rule for one in first.leads} == {Rule.RUSH}
    assert {one.rule for one in second.leads} == {Rule.IDENTICAL_PROBE}
    assert {one.rule for one in state.leads} == {Rule.IDENTICAL_PROBE, Rule.RUSH}
    (lead,) = second.leads
    assert second.names == {lead.people[0]: made.people(made.office("s26"))[0].name}
    assert second.offices[made.office("s26").id][0] == "Sample School 026"


def test_a_look_is_bounded_and_says_so(made: Site) -> None:
    with made.ledger.read() as connection:
        terrain = Terrain.read(connection)
        (first,) = [one for one in terrain.parts if one.place.path == "/st/d1/"]
        (few,), (all_,) = (
            [looked for _, looked in search.look(connection, terrain, [first], NOW, most)] for most in (5, 100)
        )
    assert (few.leads, few.cut) == ([], True)
    assert ([one.rule for one, _ in all_.leads], all_.cut) == ([Rule.RUSH], False)


def test_a_list_is_of_the_last_days_and_in_pages(made: Site) -> None:
    Leads(made.ledger).tick(NOW)
    state = scope(made, "/st/")
    with made.ledger.read() as connection:
        old = query.read(connection, state, 1, NOW + 48 * 60 * MINUTE, 50)
        first, second = (query.read(connection, state, 7, NOW, 1, skip) for skip in (0, 1))
    assert (old.leads, old.cut, old.looked_ms) == ([], False, NOW)
    assert [(one.leads[0].rule, one.more) for one in (first, second)] == [
        (Rule.IDENTICAL_PROBE, True),
        (Rule.RUSH, False),
    ]


def dated(made: Site, *terminals: str) -> None:
    """By a word of the server at midnight, when they booted."""
    told = {"known_ms": MIDNIGHT, "low_at_ms": 0, "low_ms": MIDNIGHT, "high_at_ms": 0, "high_ms": MIDNIGHT}
    rows = [
        {"terminal": one, "log": b"log-----", "boot_no": 1, "seq": 10**6, "kind": int(EvidenceKind.ANCHOR)} | told
        for one in terminals
    ]
    with made.ledger.write() as connection:
        connection.execute(insert(dating), rows)


def seen(made: Site, path: str) -> set[tuple[Rule, str]]:
    with made.ledger.read() as connection:
        return {(one.rule, one.terminal) for one in query.read(connection, scope(made, path), 31, NOW, 50).leads}


def test_a_journey_is_for_where_the_traveller_belongs_and_for_whoever_holds_both_ends(made: Site) -> None:
    """Somebody of the second district, at its school and ten minutes later at a school of the first, far away."""
    traveller = made.people(made.office("s26"))[0]
    made.punch(traveller, made.office("s1"), at(9, 40))
    dated(made, "t-s1", "t-s26")
    Leads(made.ledger).tick(NOW)
    journey = (Rule.IMPOSSIBLE_TRAVEL, "t-s1")
    assert journey in seen(made, "/st/d2/")
    assert journey in seen(made, "/st/")
    assert journey not in seen(made, "/st/d1/")


def test_parts_read_together_find_what_each_finds_alone_and_small_ones_share_a_reading(made: Site) -> None:
    with made.ledger.read() as connection:
        terrain = Terrain.read(connection)
        together, apart = (search.groups(connection, terrain, NOW, most) for most in (search.MOST_ROWS, 2))
        found = [
            {
                part.name: looked.leads
                for group in groups
                for part, looked in search.look(connection, terrain, group, NOW)
            }
            for groups in (together, apart)
        ]
    assert found[0] == found[1]
    assert sum(map(len, found[0].values())) == 2
    assert max(map(len, together)) > 1
    assert (
        {part for group in together for part in group} == {part for group in apart for part in group} == terrain.parts
    )


def test_what_was_found_before_goes_with_what_it_rested_on(made: Site) -> None:
    """Looked through again, a part has its leads of now: none twice, and none of a month ago."""
    worker = Leads(made.ledger)
    assert worker.tick(NOW) == worker.tick(NOW) == 2
    assert len(seen(made, "/st/")) == 2
    assert worker.tick(NOW + 40 * 24 * 60 * MINUTE) == 0
    assert not seen(made, "/st/")


def test_a_site_without_offices_has_leads_for_whoever_sees_everything(tmp_path: Path, database: str) -> None:
    ledger = Ledger(databases.fresh_url(database) or f"sqlite:///{tmp_path / 'bare.db'}")
    keys = {"record_key": bytes(32), "seal_key": bytes(32), "lookup_key": b"", "roster_version": 0, "admitted_ms": 0}
    with ledger.write() as connection:
        connection.execute(insert(terminal).values(id="t-1", state="active", **keys))
        partitions.ensure(connection, NOW)
        for n in range(20):
            row = punch_row(("t-1", n + 1), n.to_bytes(8, "big"), at(9, 0) + n * 1000, Kind.IN)
            connection.execute(insert(record).values(**row, server_seq=n + 1))
    assert Leads(ledger).tick(NOW) == 1
    with ledger.read() as connection:
        (lead,) = query.read(connection, WHOLE, 7, NOW, 50).leads
        other = query.read(connection, Scope(frozenset(), frozenset({Place("st", "/st/")})), 7, NOW, 50)
    assert (lead.rule, lead.facts["people"]) == (Rule.RUSH, 20)
    assert (other.leads, other.looked_ms) == ([], None)
    ledger.close()


def cookie(made: Site, role: Role) -> str:
    """Of an account of one role over the first district."""
    id_, now = os.urandom(8), now_ms()
    row = {"id": id_, "login": f"a{id_.hex()}", "name": "x", "org": made.made.slug, "path": "/st/d1/", "made_ms": now}
    more = {"person": None, "designation": "", "mobile": None, "password": None, "totp": None, "totp_step": 0}
    given = {"id": os.urandom(8), "account": id_, "role": role, "org": made.made.slug, "path": "/st/d1/", "from_ms": 0}
    why = {"given_by": "x", "reason": "x", "exception": "x", "ended_by": "", "ended_reason": ""}
    with made.ledger.write() as connection:
        connection.execute(insert(account).values(**row, **more, state="active"))
        connection.execute(insert(account_grant).values(**given, **why))
        return sessions.open_(connection, id_, sessions.Strength.FULL, bytes(8), "test", now)


def test_an_administrator_reads_the_list_in_either_language(made: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With names, records and what else may be the reason; others are refused."""
    monkeypatch.setattr(routes, "now_ms", lambda: NOW)
    (early,) = ask(made.app(), "/leads", headers={"cookie": f"hazri={cookie(made, Role.DISTRICT_ADMIN)}"})
    assert words.EN.not_yet in early.text
    Leads(made.ledger).tick(NOW)
    roles = Role.DISTRICT_ADMIN, Role.OFFICE_CUSTODIAN
    admin, custodian = ({"cookie": f"hazri={cookie(made, role)}"} for role in roles)
    app = made.app()
    english, hindi, api = ask(app, "/leads", "/leads?lang=hi&days=31", "/api/v1/leads", headers=admin)
    assert "Twenty people in ninety seconds" in english.text
    assert all(who.name in english.text for who in crowd(made))
    assert "A queue at the bell" in english.text
    assert f"t-s1/{b'log-----'.hex()}/1" in english.text
    assert words.HI.title in hindi.text
    (lead,) = api.json()["leads"]
    assert (lead["rule"], lead["terminal"], lead["facts"]["people"]) == ("rush", "t-s1", 20)
    assert len(lead["records"]) == 20
    answers = ask(app, "/leads", "/api/v1/leads", headers=custodian)
    assert [answer.status_code for answer in answers] == [403, 403]
    assert one(app, "/leads").status_code == 303


def test_the_list_is_for_administrators_and_auditors() -> None:
    assert Right.LEADS.may.roles == {Role.STATE_ADMIN, Role.DISTRICT_ADMIN, Role.AUDITOR}
    assert Right.LEADS.may.personal  # every read is on the trail
