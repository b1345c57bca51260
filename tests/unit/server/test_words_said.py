"""What a room below refuses is read in Hindi, too, with its figures: each is really refused here, and then said."""

import datetime as dt
import re
from typing import Any

import pytest

from server.access.roles import Role
from server.attendance.deductions import Journal
from server.requests import RequestError
from server.requests.kinds import MAX_DAYS, MAX_REASON, Ask, Kind, check
from server.returns import ReturnError, catalogue
from server.returns.model import Asked, Text
from server.web import words_access
from server.web.words_people import words

DAY = dt.date(2026, 10, 5)
REF = bytes(8)
NOWHERE: Any = None  # a ledger is not asked for what is wrong in itself


def asked(what: Kind = Kind.ADJUSTMENT, until: dt.date = DAY, reason: str = "x", **detail: Any) -> Ask:
    return Ask(REF, what, DAY, until, reason, detail)


@pytest.mark.parametrize(
    ("one", "figures"),
    [
        (asked(until=dt.date(2026, 10, 1)), ["2026-10-01", "2026-10-05"]),
        (asked(Kind.LEAVE, until=DAY + dt.timedelta(days=MAX_DAYS), kind="CL"), [str(MAX_DAYS)]),
        (asked(reason="x" * (MAX_REASON + 1)), [str(MAX_REASON)]),
        (asked(reason=" "), []),
        (asked(Kind.TOUR), []),
        (asked(act="add_in"), []),
        (asked(act="not_mine"), []),
    ],
)
def test_a_request_that_is_refused_is_told_in_hindi(one: Ask, figures: list[str]) -> None:
    with pytest.raises(RequestError) as caught:
        check(one)
    in_hindi(str(caught.value), figures)


def test_so_are_a_deduction_that_is_not_open_and_a_month_that_is_none() -> None:
    with pytest.raises(Exception, match="does not stand proposed") as caught:
        Journal().confirm((REF, "2026-10", 2), "so", 0)
    in_hindi(str(caught.value), ["2026-10", "2"])
    with pytest.raises(ReturnError) as none:
        catalogue.make(NOWHERE, "monthly", Asked("x", "/", "2026-1", 0, None, Text("", "")))
    in_hindi(str(none.value), ["2026-1"], but={"YYYY", "MM"})


@pytest.mark.parametrize("text", ["there is no such office", "no such alarm", "this is not among what you may do"])
def test_pages_of_errors_speak_hindi(text: str) -> None:
    in_hindi(text, [])
    assert words("en").say(text) == text[0].upper() + text[1:]


def in_hindi(text: str, figures: list[str], but: frozenset[str] | set[str] = frozenset()) -> None:
    said = words("hi").say(text)
    assert re.search("[\u0900-\u097f]", said), said
    assert set(re.findall("[A-Za-z]+", said)) <= but, said
    assert [one for one in figures if one not in said] == []


@pytest.mark.parametrize("code", words_access.LANGUAGES)
def test_a_role_that_was_cut_short_in_the_trail_is_shown_as_it_stands(code: str) -> None:
    """Who holds every role has more names of roles than the trail keeps letters."""
    w = words_access.LANGUAGES[code]
    assert w.role_name("section_offic") == "section_offic"
    assert len({w.role_name(role) for role in Role}) == len(Role)
    assert all(w.role_name(role) != str(role) for role in Role)
