"""The four actions and the six counts, the words of lists, and what may be shown of a text. No ledger."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.public import listing, texts, words
from server.public.limits import Limit, Rate, whose
from server.public.states import Action, Away, Counts, Fresh, Heard, Mark, count, freshness, standing
from sync.record import Kind

MARKS = st.builds(Mark, st.integers(0, 10**6), st.sampled_from(Kind), st.booleans())


def mark(at_ms: int, kind: Kind, here: bool = True) -> Mark:
    return Mark(at_ms, kind, here)


@pytest.mark.parametrize(
    ("marks", "away", "says"),
    [
        ([], None, (Action.ABSENT, None)),
        ([], Away.LEAVE, (Action.LEAVE, None)),
        ([], Away.DUTY, (Action.OUT, None)),
        ([mark(5, Kind.IN)], None, (Action.IN, 5)),
        ([mark(5, Kind.IN), mark(9, Kind.IN)], None, (Action.IN, 5)),
        ([mark(5, Kind.IN), mark(9, Kind.MOVEMENT_OUT)], None, (Action.OUT, 9)),
        ([mark(5, Kind.IN), mark(9, Kind.MOVEMENT_OUT), mark(12, Kind.MOVEMENT_IN)], None, (Action.IN, 12)),
        ([mark(5, Kind.IN), mark(9, Kind.OUT)], None, (Action.IN, 5)),
        ([mark(9, Kind.OUT)], None, (Action.IN, 9)),
        ([mark(5, Kind.ON_DUTY)], None, (Action.OUT, 5)),
        ([mark(5, Kind.IN)], Away.LEAVE, (Action.IN, 5)),
        ([mark(5, Kind.IN, here=False)], None, (Action.OUT, 5)),
        ([mark(9, Kind.IN), mark(5, Kind.IN, here=False)], None, (Action.IN, 9)),
    ],
)
def test_what_marks_amount_to(marks: list[Mark], away: Away | None, says: tuple[Action, int | None]) -> None:
    """R5.2, R1.12, R4.6."""
    assert standing(marks, away) == says


@given(st.lists(MARKS, max_size=8), st.sampled_from([None, *Away]), st.integers())
def test_the_order_of_arrival_changes_nothing(marks: list[Mark], away: Away | None, seed: int) -> None:
    other = marks[:]
    random.Random(seed).shuffle(other)
    assert standing(other, away) == standing(marks, away)
    assert (standing(marks, away).action is Action.ABSENT) == (not marks and away is None)


@given(st.lists(st.lists(st.sampled_from(Action), max_size=30), max_size=10))
def test_the_counts_add_up(offices: list[list[Action]]) -> None:
    """R5.3: registered = marked + absent; marked = present + on leave + out of office."""
    total = sum((count(actions) for actions in offices), Counts())
    assert total.registered == total.marked + total.absent == sum(map(len, offices))
    assert total.marked == total.present + total.leave + total.out
    assert total.offices == len(offices)
    assert 0 <= total.percent <= 100


@pytest.mark.parametrize(
    ("terminals", "says"),
    [
        ([], (Fresh.NONE, None, 0)),
        ([Heard(True, 900, 0)], (Fresh.FRESH, None, 0)),
        ([Heard(True, 900, 7)], (Fresh.FRESH, None, 7)),
        ([Heard(False, 500, 3)], (Fresh.OFFLINE, 500, 3)),
        ([Heard(True, 100, 0)], (Fresh.OFFLINE, 100, 0)),  # it never said goodbye
        ([Heard(False, None, 0)], (Fresh.OFFLINE, None, 0)),
        ([Heard(False, 500, 0), Heard(False, 700, 0)], (Fresh.OFFLINE, 700, 0)),  # until then one could be heard
        ([Heard(True, 900, 0), Heard(False, 500, 2)], (Fresh.PARTLY, 500, 2)),
    ],
)
def test_how_far_an_office_can_be_believed(terminals: list[Heard], says: tuple[Fresh, int | None, int]) -> None:
    """R5.9."""
    found = freshness(terminals, 1000, 500)
    assert (found.fresh, found.since_ms, found.pending) == says
    assert found.doubtful == (found.fresh in (Fresh.PARTLY, Fresh.OFFLINE) or found.pending > 0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Sample  00054 नमूना", "Sample 00054 नमूना"),
        ("Ravi 500000123456", "Ravi …"),
        ("Ravi 5000 0012 3456 x", "Ravi … x"),
        ("id 123456", "id …"),
        ("id १२३४५६", "id …"),
        ("School 2024-25", "School …"),
        ("line\nof two\x00", "line of two"),
        ("x" * 200, "x" * 79 + "…"),
    ],
)
def test_what_is_shown_of_a_text(text: str, says: str) -> None:
    """R5.12: a number that slipped into a name is not published."""
    assert texts.shown(text) == says


def test_times_are_written_as_the_circular_writes_them() -> None:
    """R5.5: 19-12-2023 9:37AM."""
    assert texts.event_time(1_702_958_820_000) == "19-12-2023 9:37AM"
    assert texts.event_time(1_702_924_200_000) == "19-12-2023 12:00AM"
    assert texts.event_time(1_702_969_500_000) == "19-12-2023 12:35PM"
    assert texts.since(1_702_958_820_000, 1_702_969_500_000) == "09:37"
    assert texts.since(1_702_958_820_000, 1_703_100_000_000) == "09:37, 19-12-2023"


@pytest.mark.parametrize(
    ("page", "pages", "says"),
    [
        (1, 1, "1"),
        (1, 3, "1 2 3"),
        (1, 43, "1 2 3 4 5 … 43"),
        (20, 43, "1 … 19 20 21 … 43"),
        (43, 43, "1 … 39 40 41 42 43"),
        (5, 43, "1 … 4 5 6 … 43"),
    ],
)
def test_the_pager(page: int, pages: int, says: str) -> None:
    """R5.5: 1 2 3 … Next."""
    assert " ".join("…" if one is None else str(one) for one in listing.pager(page, pages)) == says


@given(st.dictionaries(st.sampled_from(["q", "sort", "dir", "show", "page", "lang"]), st.text(max_size=80)))
def test_whatever_is_asked_a_list_is_shown(said: dict[str, str]) -> None:
    asked = listing.asked(said, ["serial", "office"])
    where = listing.span(asked, 95)
    assert asked.show in listing.SHOW
    assert 1 <= where.page <= where.pages
    assert 0 < where.first <= where.last <= 95
    assert asked.query.isprintable()
    assert len(asked.query) <= listing.MAX_QUERY


@given(st.lists(st.integers(0, 5), max_size=200))
def test_no_address_gets_more_than_its_rate(pauses: list[int]) -> None:
    """R5.1."""
    limit, now_s, allowed = Limit(Rate(hold=5, per_s=2)), 0.0, 0
    for pause in pauses:
        now_s += pause / 10
        allowed += limit.take("a", now_s)
        assert allowed <= 5 + 2 * now_s + 1e-6
    assert limit.take("b", now_s)


def test_a_subscriber_of_ipv6_is_one_address() -> None:
    assert whose("2001:db8:1:2:3:4:5:6") == whose("2001:db8:1:2::9") != whose("2001:db8:1:3::9")
    assert (whose("203.0.113.9"), whose("unix:"), whose("")) == ("203.0.113.9", "unix:", "")


def test_both_languages_have_every_word() -> None:
    fields = words.EN.__dataclass_fields__
    same = {"code", "other_code", "other_name", "actions", "meanings"}
    for name in fields:
        one, other = (getattr(words.LANGUAGES[code], name) for code in ("en", "hi"))
        assert one, name
        assert other, name
        assert one != other, name
        if name not in same:
            holes = [{hole for _, hole, _, _ in string.Formatter().parse(text) if hole} for text in (one, other)]
            assert holes[0] == holes[1], name
    assert set(words.EN.actions) == set(words.HI.actions) == set(Action)
