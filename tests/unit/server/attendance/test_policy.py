"""Policy files: what ships is sound, what is wrong is refused with its line, and every limit is explained (R2, R3)."""

import contextlib
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.__main__ import command
from server.attendance import PolicyError
from server.attendance.explain import explain
from server.attendance.policy import MAX_BYTES, parse
from server.attendance.rules import KINDS, Granularity
from tests.unit.server.attendance.scene import POLICIES, policy

SHIPPED = sorted(path.stem for path in POLICIES.glob("*.toml"))
CBSE = (POLICIES / "cbse-2016.toml").read_text("utf-8")

SMALL = """\
name = "small"
title = "A small policy"
title_hi = "छोटी नीति"
timezone = "Asia/Kolkata"
since = 2020-01-01

[[hours]]
since = 2020-01-01
start = "09:00"
end = "17:30"
source = "order 1"

[[late]]
since = 2020-01-01
until = 2020-12-31
grace_min = 30
source = "order 1"

[[late]]
since = 2021-01-01
grace_min = 10
source = "order 2"

[[early]]
since = 2020-01-01
source = "order 1"

[[fitness]]
since = 2020-01-01
source = "order 1"
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_sound(name: str) -> None:
    """R2.1: every rule names its circular."""
    found = policy(name)
    assert found.name == name
    assert all(row.source and row.line for _, row in found.rows)


def test_the_shipped_variants_are_there() -> None:
    """R2.3"""
    assert {"cbse-2016", "central-half-day-2024", "kerala-grace-2023", "state-default"} <= set(SHIPPED)


def test_cbse_says_what_the_orders_say() -> None:
    """R2.1, R2.2, R2.3, R2.8, R3.1"""
    terms = policy().at(dt.date(2019, 1, 10))
    assert (terms.hours.start, terms.hours.end, terms.hours.break_start, terms.hours.break_end) == (540, 1050, 780, 810)
    assert (terms.late.grace_min, terms.late.granularity) == (30, Granularity.MINUTE)
    assert terms.hours.end - terms.hours.start - (terms.hours.break_end - terms.hours.break_start) == 8 * 60
    assert policy().at(dt.date(2016, 7, 31)).aadhaar is None
    assert policy().at(dt.date(2016, 8, 1)).aadhaar is not None, "operational from 1 August 2016"


def test_a_later_order_changes_a_row_and_not_the_program() -> None:
    """R2: effective-dated."""
    found = parse(SMALL, "small.toml")
    days = [dt.date(2020, 1, 1), dt.date(2020, 12, 31), dt.date(2021, 1, 1), dt.date(2099, 1, 1)]
    assert [found.at(day).late.grace_min for day in days] == [30, 30, 10, 10]
    assert [found.at(day).version for day in days[1:3]] == ["small/2020-01-01", "small/2021-01-01"]
    with pytest.raises(PolicyError, match="small: no rules for 2019-12-31; they begin on 2020-01-01"):
        found.at(dt.date(2019, 12, 31))


EARLY, FITNESS = "[[early]]\nsince = 2020-01-01", "[[fitness]]\nsince = 2020-01-01"

# what is changed in SMALL; what is said
WRONG = (
    ("since = 2021-01-01", "since = 2021-01-02", "line 19: late: gap: since 2021-01-02, but the row of line 13"),
    ("since = 2021-01-01", "since = 2020-12-31", "line 19: late: overlap: since 2020-12-31, but the row of"),
    ("until = 2020-12-31\n", "", "overlap: since 2021-01-01, but the row of line 13 goes on (without end)"),
    ("grace_min = 10", "grace_mins = 10", "line 21: late: unknown key 'grace_mins'; did you mean 'grace_min'?"),
    ("grace_min = 10", 'grace_min = "ten"', "line 21: late.grace_min: expected a whole number, found 'ten'"),
    ("grace_min = 10", "grace_min = true", "line 21: late.grace_min: expected a whole number, found True"),
    ("grace_min = 10", "grace_min = 999", "line 19: late: grace_min must be 0 to 240, not 999"),
    ("grace_min = 10\n", "", "line 19: late: missing key 'grace_min'"),
    ('source = "order 2"', 'source = " "', "line 19: late: source is empty; name the circular"),
    ('start = "09:00"', 'start = "9 am"', "line 9: hours.start: expected a time as \"09:30\", found '9 am'"),
    ('start = "09:00"', 'start = "24:00"', "hours.start: expected a time"),
    ('start = "09:00"', 'start = "18:00"', "line 7: hours: start must be before end"),
    ("[[early]]", "[[earlier]]", "line 24: unknown rule 'earlier'; did you mean 'early'?"),
    ("[[early]]", "[early]", "early: write it as a row, [[early]]"),
    (FITNESS, FITNESS[:-2] + "05", "gap: the policy begins on 2020-01-01, this rule on 2020-01-05; add a row from"),
    (EARLY, EARLY + "\nuntil = 2022-01-01", "gap: nothing after 2022-01-01"),
    (EARLY, EARLY + "\nuntil = 2019-01-01", "until 2019-01-01 is before since"),
    (EARLY, '[[early]]\nsince = "2020-01-01"', "line 25: early.since: expected a date as 2016-06"),
    (EARLY, EARLY + "\nuntil = 9999-12-31", "early.until: 9999-12-31 is no year of an order"),
    ('timezone = "Asia/Kolkata"', 'timezone = "Mars/Olympus"', "timezone 'Mars/Olympus' is not known; known: "),
    ('name = "small"', 'name = "Sm all"', "name takes small letters"),
    ('name = "small"\n', "", "missing 'name' at the top"),
    ('title = "A small policy"', "title = ", "not TOML"),
    ('title = "A small policy"', 'titel = "A small policy"', "line 2: unknown rule 'titel'; did you mean 'title'?"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_what_is_wrong_is_refused_with_its_line(old: str, new: str, said: str) -> None:
    """R2: a gap, an overlap, an unknown key."""
    assert old in SMALL
    with pytest.raises(PolicyError) as caught:
        parse(SMALL.replace(old, new, 1), "small.toml")
    assert str(caught.value).startswith("small.toml")
    assert said in str(caught.value)


DEDUCTION = '[[deduction]]\nsince = 2020-01-01\nevery = 3\ntake_days = 1\nsource = "order 3"\n'
WRONG_DEDUCTION = (
    ("take_days = 1", "take_days = 0.3", "take_days must be whole or half days"),
    ("take_days = 1", "take_days = inf", "deduction.take_days: inf is out of range"),
    ("take_days = 1", "take_days = nan", "deduction.take_days: nan is out of range"),
    ("every = 3", "every = 0", "every must be 1 to 31, not 0"),
    ("every = 3", 'every = 3\ncounts = ["tired"]', 'counts takes "late" and "early"'),
    ("every = 3", "every = 3\ncondone = 2\npool_min = 300\npool_day_min = 60", "two ways of forgiving"),
    ("every = 3", "every = 3\npool_min = 300", "go together"),
    ("every = 3", 'every = 3\norder = ["CL", "CL"]', "order names each kind of leave once"),
    ("every = 3", 'every = 3\norder = ["CL", "LE"]', "line 31: deduction: order: 'LE' is no leave with an"),
    ("every = 3", 'every = 3\nwindow = "year"', "expected one of month, carry, found 'year'"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG_DEDUCTION)
def test_a_deduction_that_makes_no_sense_is_refused(old: str, new: str, said: str) -> None:
    """R2.3, R2.4"""
    parse(SMALL + DEDUCTION, "small.toml")
    with pytest.raises(PolicyError, match=said):
        parse(SMALL + DEDUCTION.replace(old, new), "small.toml")


def test_a_group_that_never_pays_is_a_slip_of_the_pen() -> None:
    """R3.1, R3.2: a band in a group without rate and cap, and a rate of a group that no band has."""
    slips = (
        (
            'pay_band = "PB-4"\ngrade_pay = 12000\ngroup = "A"',
            "A",
            "a",
            "PB-4 12000 is of group 'a', which has neither",
        ),
        ('group = "C"\nworking', "C", "E", "no pay band is of group 'E', so nobody has this rate"),
    )
    for old, group, typed, said in slips:
        assert CBSE.count(old) == 1
        with pytest.raises(PolicyError, match=r"^cbse-2016.toml, line \d+: lsa_") as caught:
            parse(CBSE.replace(old, old.replace(f'group = "{group}"', f'group = "{typed}"')), "cbse-2016.toml")
        assert said in str(caught.value)


def test_rows_of_another_group_stand_beside_each_other() -> None:
    """R3.1: two rates of one group overlap, rates of two groups do not."""
    twice = CBSE.replace('group = "B"\nworking', 'group = "A"\nworking')
    with pytest.raises(PolicyError, match="lsa_rate A: overlap"):
        parse(twice, "cbse-2016.toml")


@given(st.text(max_size=200))
def test_any_text_is_a_policy_or_a_policy_error(text: str) -> None:
    """No text crashes the loader."""
    with pytest.raises(PolicyError):
        parse(text, "any.toml")


@given(st.integers(0, len(CBSE) - 1), st.sampled_from(['"', "[", "]", "=", "\n", "9", "-", "é", "#"]))
def test_a_damaged_policy_is_a_policy_or_a_policy_error(place: int, sign: str) -> None:
    """One sign changed anywhere."""
    with contextlib.suppress(PolicyError):
        assert explain(parse(CBSE[:place] + sign + CBSE[place + 1 :], "damaged.toml"))


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(PolicyError, match="larger than 256 KiB"):
        parse("#" * (MAX_BYTES + 1), "large.toml")


# ── in plain words ──


def explained(name: str = "cbse-2016") -> list[str]:
    return [" ".join(line.split()) for line in explain(policy(name)).splitlines()]


SIDES = (
    "first IN 09:30:00 → in time",
    "first IN 09:30:59 → in time",
    "first IN 09:31:00 → late by 1 min",
    "last OUT 17:29:59 → left 1 min early",
    "last OUT 17:30:00 → stayed until closing time",
    "2 days of 10 min in a month → 0 day(s) of leave",
    "3 days of 10 min in a month → 1 day(s) of leave",
    "5 days of 10 min in a month → 1 day(s) of leave",
    "6 days of 10 min in a month → 2 day(s) of leave",
    "in 09:40, out 20:09 → not eligible",
    "in 09:40, out 20:10 → eligible",
    "on a holiday for 3:59 → not eligible",
    "on a holiday for 4:00 → eligible",
    "Cap A 150 days a financial year: day 150 is paid, day 151 is not",
)  # fmt: skip


@pytest.mark.parametrize("side", SIDES)
def test_both_sides_of_each_limit_are_explained(side: str) -> None:
    """R2.2, R2.3, R3.3, R3.4, R3.5"""
    assert side in explained()


def test_the_explanation_is_what_the_engine_does() -> None:
    """R2.2: another limit in the file is another limit in the explanation."""
    text = explain(parse(SMALL, "small.toml"))
    assert "From 2020-01-01 until 2020-12-31" in text
    assert "first IN 09:10:59" in text.split("From 2021-01-01 until further orders")[1]
    assert "[order 2 (line 19)]" in text


@pytest.mark.parametrize("name", SHIPPED)
def test_every_row_of_a_policy_is_explained(name: str) -> None:
    """Nothing is in force that the explanation does not name."""
    text = explain(policy(name))
    for kind, row in policy(name).rows:
        assert kind in KINDS
        assert f"(line {row.line})" in text or kind == "lsa_group"
    assert explain(policy(name), "hi") != text


def test_the_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`hazri-server policy explain|check FILE`"""
    for which in ("cbse-2016", str(POLICIES / "cbse-2016.toml")):  # by name or by file
        assert command(["policy", "explain", which, "--lang", "hi"]) == 0
        assert "विलंब" in capsys.readouterr().out
    assert command(["policy", "check", *(str(POLICIES / f"{name}.toml") for name in SHIPPED)]) == 0
    assert capsys.readouterr().out.count(": sound: ") == len(SHIPPED)
    assert command(["policy", "check", str(tmp_path / "none.toml")]) == 1
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    assert command(["policy", "check", str(tmp_path / "bad.toml")]) == 1
    assert "not UTF-8" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command(["policy", "choose", "cbse-2016", "--since", "2027-13-01"])
    assert "--since: '2027-13-01' is no day; write it as 2026-10-31" in capsys.readouterr().err
