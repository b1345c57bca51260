"""The fields of a registration, and the check digit. Everybody is synthetic; the numbers are counted up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ledger.store import Ledger
from server.people import registration as registrations
from server.people.fields import COLUMNS, FormError, check
from server.people.verhoeff import check_digit, is_valid
from tests.unit.server.applicants import AGREED, LISTS, ORG, TODAY, VAULTS, jpeg, number, problems, submit, told
from tests.unit.server.departments import department


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = department(tmp_path, 3, database)
    yield one
    one.close()


# ── the check digit ──


def test_the_check_digit_is_verhoeffs() -> None:
    """R1.3: the worked example of the scheme's literature, 236 → 3, and longer ones."""
    assert check_digit("236") == "3"
    assert check_digit("12345") == "1"
    assert is_valid("2363")
    assert not any(is_valid(text) for text in ("", "2364", "२३६३", "23 63"))


@given(st.integers(0, 10**10 - 1), st.integers(0, 11), st.integers(1, 9))
def test_every_mistyped_digit_is_found(n: int, place: int, by: int) -> None:
    """R1.3."""
    good = number(n)
    wrong = good[:place] + str((int(good[place]) + by) % 10) + good[place + 1 :]
    assert is_valid(good)
    assert not is_valid(wrong)


@given(st.integers(0, 10**10 - 1), st.integers(0, 10))
def test_every_exchange_of_neighbours_is_found(n: int, place: int) -> None:
    good = number(n)
    a, b = good[place], good[place + 1]
    assert is_valid(good[:place] + b + a + good[place + 2 :]) is (a == b)


# ── the fields ──


def test_a_right_form_is_taken() -> None:
    """R1.5."""
    assert problems(told()) == {}
    assert tuple(told()) == COLUMNS


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"aadhaar": ""}, {"aadhaar": "number_missing"}),
        ({"aadhaar": number(1)[:11]}, {"aadhaar": "number_form"}),
        ({"aadhaar": number(1) + "0"}, {"aadhaar": "number_form"}),
        ({"aadhaar": number(1, "0")}, {"aadhaar": "number_form"}),
        ({"aadhaar": number(1, "1")}, {"aadhaar": "number_form"}),
        ({"aadhaar": number(1, "2")}, {}),
        ({"aadhaar": number(1)[:-1] + str((int(number(1)[-1]) + 1) % 10)}, {"aadhaar": "number_check"}),
        ({"aadhaar": "९" * 12}, {"aadhaar": "number_form"}),
        ({"aadhaar": " ".join((number(1)[:4], number(1)[4:8], number(1)[8:]))}, {}),
        ({"born_on": "1984-11-05"}, {"born_on": "born_format"}),
        ({"born_on": "31-02-1984"}, {"born_on": "born_format"}),
        ({"born_on": "5-11-1984"}, {"born_on": "born_format"}),
        ({"born_on": "01-06-2013"}, {"born_on": "born_age"}),
        ({"born_on": "01-06-2012"}, {}),
        ({"born_on": "01-01-1900"}, {"born_on": "born_age"}),
        ({"mobile": "987654321"}, {"mobile": "mobile"}),
        ({"mobile": "98765432100"}, {"mobile": "mobile"}),
        ({"mobile": "+919876543210"}, {"mobile": "mobile"}),
        ({"mobile": "5876543210"}, {"mobile": "mobile"}),
        ({"email": "nobody"}, {"email": "email"}),
        ({"email": "a@b"}, {"email": "email"}),
        ({"email": "a@b.in\nBcc: c@d.in"}, {"email": "email"}),
        ({"gender": "f"}, {"gender": "choice"}),
        ({"employee_type": "Government"}, {"employee_type": "choice"}),
        ({"designation": ""}, {"designation": "listed"}),
        ({"designation": "Teacher"}, {"designation": "listed"}),
        ({"division": "Teaching"}, {"division": "listed"}),
        ({"office": "s99"}, {"office": "listed"}),
        ({"employee_type": "contractual"}, {"designation": "designation"}),
        ({"employee_type": "contractual", "designation": "", "aadhaar": ""}, {}),
        ({"employee_type": "contractual", "designation": "", "aadhaar": "12"}, {"aadhaar": "number_form"}),
        ({"name": ""}, {"name": "name"}),
        ({"name": "x" * 101}, {"name": "name"}),
        ({"name": "A\x00"}, {"name": "name"}),
        ({"name": 7}, {"name": "name"}),
        ({"photo": b""}, {"photo": "photo_missing"}),
        ({"photo": "me.jpg"}, {"photo": "photo_missing"}),
        ({"photo": jpeg(102_400)}, {}),
        ({"photo": jpeg(102_401)}, {"photo": "photo"}),
        ({"photo": b"\x89PNG\r\n\x1a\n" + bytes(100)}, {"photo": "photo"}),
        ({"photo": b"\xff\xd8\xff\xe0" + bytes(100)}, {"photo": "photo"}),
        ({"captain": "x"}, {"captain": "unknown"}),
    ],
)
def test_each_field_has_its_rule(changed: dict[str, object], found: dict[str, str]) -> None:
    """R1.3–R1.5, R1.7, R6.2: both sides of each limit."""
    assert problems(told(1, **changed)) == found


def test_everything_wrong_is_told_at_once_and_nothing_of_it_quoted(ledger: Ledger) -> None:
    bad: dict[str, object] = dict.fromkeys(COLUMNS, "SECRET-12")
    assert set(problems(bad)) >= set(COLUMNS) - {"name"}
    with ledger.write() as connection, pytest.raises(FormError) as caught:
        registrations.submit(connection, VAULTS, ORG, bad, AGREED)
    assert "SECRET" not in str(caught.value)


def test_free_text_is_answered_with_the_nodal_officer(ledger: Ledger) -> None:
    """R1.7: "get in touch with the concerned officer"."""
    with ledger.write() as connection, pytest.raises(FormError, match="ask Sample Nodal Officer, 500-0000"):
        submit(connection, designation="Chief Teacher")


@given(st.dictionaries(st.sampled_from(COLUMNS), st.one_of(st.text(), st.integers(), st.none(), st.binary())))
def test_no_form_breaks_the_check(form: dict[str, object]) -> None:
    with pytest.raises(FormError):
        check(form, LISTS, TODAY, registrations.is_photo)
