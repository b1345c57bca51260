"""Which line carries us: a change of line begins a new connection (S4), a metered one makes thrifty (S3)."""

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.modem import Kind, Uplink
from edge.health.report import Report
from edge.lines import Lines
from sync.budget import Budget, Thrift

LAN, WIFI, NONE = Uplink(Kind.LAN), Uplink(Kind.WIFI), Uplink(Kind.NONE)
GPRS = Uplink(Kind.GPRS, metered=True, operator="One")
NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)


@dataclass
class Carried:
    """A link of which only this matters here: how much it carried, and when it was asked to begin anew."""

    carried: int = 0
    renewed: list[str] = field(default_factory=list)

    def renew(self, detail: str, within_s: float = 1.0) -> None:
        self.renewed.append(detail)


class Place:
    def __init__(self, folder: Path, limit: int = 1000) -> None:
        self.uplink = LAN
        self.link = Carried()
        self.file = folder / "budget.json"
        self.lines = Lines(
            lambda: self.uplink, self.link, Budget(self.file, limit), Report("sync", events=True), lambda: NOW
        )

    def look(self, uplink: Uplink, carried: int = 0) -> Thrift:
        self.uplink = uplink
        self.link.carried += carried
        assert self.lines() is uplink
        return self.lines.thrift()


def test_another_line_begins_another_connection(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for uplink in (GPRS, GPRS, LAN, NONE, NONE, WIFI):
        place.look(uplink)
    assert place.link.renewed == ["from gprs to lan", "from none to wifi"]


def test_a_metered_line_makes_thrifty_and_a_spent_sim_more_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path)
    assert place.look(LAN) == Thrift()
    assert place.look(GPRS, carried=5000) == Thrift(metered=True)  # that was the cable's
    assert place.look(GPRS, carried=799) == Thrift(metered=True)
    assert place.look(GPRS, carried=1) == Thrift(metered=True, essential_only=True)
    assert place.look(LAN, carried=100) == Thrift()
    assert json.loads(place.file.read_text())["spent"] == {"One": 900}
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [line for line in told if line["event"] == "thrift"]
    assert [(line["metered"], line["essential_only"]) for line in told] == [(True, False), (True, True), (False, False)]
    assert (told[1]["spent"], told[1]["limit"]) == (800, 1000)


def test_a_sim_without_a_name_is_counted_too_and_another_sim_starts_at_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    nameless = Uplink(Kind.GPRS, metered=True)
    place.look(nameless)
    assert place.look(nameless, carried=900).essential_only
    assert not place.look(GPRS).essential_only


def test_metered_wifi_is_thrifty_without_a_budget(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.look(Uplink(Kind.WIFI, metered=True))
    assert place.look(Uplink(Kind.WIFI, metered=True), carried=10**9) == Thrift(metered=True)
