"""A SIM's month: counted, forecast, kept, and never reset by a clock that is wrong (S3)."""

import datetime as dt
import json
from pathlib import Path

import pytest

from sync.budget import Budget, Use

MB = 1_000_000


def at(day: int, month: int = 11, year: int = 2026, hour: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, tzinfo=dt.UTC)


def test_bytes_add_up_and_are_forecast(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "budget.json", 100 * MB)
    assert budget.spend("one", 10 * MB, at(11)) == Use(10 * MB, 100 * MB, 30 * MB)
    use = budget.spend("one", 30 * MB, at(11))
    assert (use.spent, use.forecast, use.essential_only) == (40 * MB, 120 * MB, False)


def test_from_80_per_cent_on_only_what_is_needed_goes(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "budget.json", 100 * MB)
    assert not budget.spend("one", 80 * MB - 1, at(30)).essential_only
    assert budget.spend("one", 1, at(30)).essential_only


def test_no_limit_limits_nothing(tmp_path: Path) -> None:
    assert not Budget(tmp_path / "budget.json", 0).spend("one", 10**12, at(1)).essential_only


def test_the_first_morning_foretells_no_ruin(tmp_path: Path) -> None:
    assert Budget(tmp_path / "budget.json", 100 * MB).spend("one", MB, at(1, hour=1)).forecast == 30 * MB


def test_each_sim_has_its_own(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "budget.json", 100 * MB)
    budget.spend("one", 5, at(2))
    assert budget.spend("other", 7, at(2)).spent == 7
    assert budget.spend("one", 0, at(2)).spent == 5
    for n in range(50):
        budget.spend(f"made up {n}", 1, at(2))
    assert budget.spend("too many", 3, at(2)).spent == 0


def test_it_is_kept_and_a_new_month_begins_at_nothing(tmp_path: Path) -> None:
    file = tmp_path / "budget.json"
    budget = Budget(file, 100)
    budget.spend("one", 90, at(30))
    budget.save()
    assert Budget(file, 100).spend("one", 0, at(30)).essential_only
    again = Budget(file, 100)
    assert again.spend("one", 1, at(1, month=12)).spent == 1
    again.save()
    assert json.loads(file.read_text()) == {"month": "2026-12", "spent": {"one": 1}}


@pytest.mark.parametrize("wrong", [at(1, 1, 1970), at(30, 10)])
def test_a_wrong_clock_resets_nothing(tmp_path: Path, wrong: dt.datetime) -> None:
    """S2, S10: neither a boot in 1970 nor a clock turned back makes a full SIM an empty one."""
    budget = Budget(tmp_path / "budget.json", 100)
    budget.spend("one", 90, at(30))
    assert budget.spend("one", 1, wrong).spent == 91


def test_nothing_is_written_where_nothing_changed(tmp_path: Path) -> None:
    file = tmp_path / "budget.json"
    budget = Budget(file, 100)
    budget.save()
    assert not file.exists()
    budget.spend("one", 1, at(1))
    budget.save()
    file.unlink()
    budget.save()
    assert not file.exists()


def test_a_disk_that_refuses_costs_no_punch(tmp_path: Path) -> None:
    """S13."""
    budget = Budget(tmp_path / "no folder" / "budget.json", 100)
    budget.spend("one", 1, at(1))
    budget.save()
    assert budget.spend("one", 1, at(1)).spent == 2


@pytest.mark.parametrize(
    "garbage", ["", "[]", "{}", '{"month": 3, "spent": {}}', '{"month": "2026-11", "spent": {"one": -1}}', "[" * 9000]
)
def test_a_spoilt_file_begins_anew(tmp_path: Path, garbage: str) -> None:
    file = tmp_path / "budget.json"
    file.write_text(garbage)
    assert Budget(file, 100).spend("one", 1, at(1)).spent == 1
