"""How the terminal is connected: what sync notes and the terminal's corner shows (S3, S4)."""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.modem import Kind, Uplink
from edge.health.connection import Connection, Noting, note, noted
from edge.screen.scene import Link
from sync.agent import AgentState

MOBILE = Connection(True, "", Kind.GPRS, True, 70, "Synthetic Tel")


@pytest.mark.parametrize(
    ("connection", "link", "bars"),
    [
        (MOBILE, Link.MOBILE, 3),
        (replace(MOBILE, signal_percent=None), Link.MOBILE, None),
        (replace(MOBILE, kind=Kind.WIFI, signal_percent=100), Link.WIFI, 4),
        (replace(MOBILE, kind=Kind.LAN, signal_percent=None), Link.LAN, None),
        (replace(MOBILE, kind=Kind.OTHER), None, None),
        (replace(MOBILE, up=False, reason="no answer"), Link.NONE, None),
        (replace(MOBILE, kind=Kind.NONE, up=False), Link.NONE, None),
    ],
)
def test_the_corner_shows_what_carries_punches(connection: Connection, link: Link | None, bars: int | None) -> None:
    assert (connection.link, connection.bars) == (link, bars)


def test_what_was_noted_is_read(tmp_path: Path) -> None:
    assert noted(tmp_path / "link.json") is None
    note(tmp_path / "link.json", MOBILE)
    assert noted(tmp_path / "link.json") == MOBILE
    assert [p.name for p in tmp_path.iterdir()] == ["link.json"]


def test_a_folder_that_is_not_there_stops_nobody(tmp_path: Path) -> None:
    note(tmp_path / "nowhere" / "link.json", MOBILE)


def spoilt(**change: object) -> bytes:
    fields = {"up": True, "reason": "", "kind": "lan", "at_s": time.clock_gettime(time.CLOCK_BOOTTIME)}
    return json.dumps({**fields, **change}).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        os.urandom(64),
        b"[" * 5000,
        spoilt(kind="pigeon"),
        spoilt(up=1),
        spoilt(signal_percent="70"),
        spoilt(signal_percent=101),
        spoilt(reason=None),
        spoilt(more="x"),
        spoilt(at_s=time.clock_gettime(time.CLOCK_BOOTTIME) - 200),
        spoilt(at_s=time.clock_gettime(time.CLOCK_BOOTTIME) + 200),
        spoilt(at_s="now"),
    ],
    ids=range(15),  # what holds the time has another name in each worker
)
def test_what_is_no_fresh_note_is_none(tmp_path: Path, text: bytes) -> None:
    assert spoilt() != text
    (tmp_path / "link.json").write_bytes(text)
    assert noted(tmp_path / "link.json") is None


def test_a_note_as_it_should_be_is_one(tmp_path: Path) -> None:
    (tmp_path / "link.json").write_bytes(spoilt())
    assert noted(tmp_path / "link.json") == Connection(True, "", Kind.LAN)


def test_sync_notes_what_it_sees_and_takes_the_note_away_at_the_end(tmp_path: Path) -> None:
    stop, file, looks = threading.Event(), tmp_path / "link.json", [0]

    def look() -> Uplink:
        looks[0] += 1
        return Uplink(Kind.WIFI, signal_percent=50)

    noting = Noting(file, stop, look)
    noting.start()
    came_true(lambda: noted(file) is not None)
    assert noted(file) == Connection(False, AgentState().reason, Kind.WIFI, signal_percent=50)
    noting(AgentState(up=True, reason=""))
    came_true(lambda: (found := noted(file)) is not None and found.up)
    assert looks[0] == 1, "the link is looked at every minute, whatever the agent does"
    stop.set()
    noting.end()
    assert not noting.is_alive()
    assert not file.exists()


def came_true(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)
