"""Old machines' punches as the terminal records them; the outbox is real."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from drivers import ProtocolError
from drivers.base import Means as ReadBy
from drivers.base import Recognition, Stamp
from drivers.lines import MAX_LINE
from edge.devices import handover
from edge.health.report import Report
from edge.record.badges import Badges
from edge.record.journal import Journal
from edge.record.legacy import Legacy, dated, entry_key, kind_and_flags
from edge.session.policy import Last, Rules
from sync import StorageError
from sync.health import Counters, Sensor, SensorKind, SensorState
from sync.outbox import Outbox
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Kind, Punch

KEY = Ed25519PrivateKey.generate()
PERSON = bytes(7) + b"\x07"
NOW = Instant(1, 5_000, 1_775_000_000_000, ClockSource.NTP, 40)
NINE_MS = 1_775_014_200_000  # 2026-04-01 09:00 in India
RULES = Rules()
HOUR_MS = 3_600_000


def reading(
    badge: str = "17", wall_ms: int = NINE_MS, cursor: str = "1", device: str = "M1", **more: str
) -> Recognition:
    return Recognition(badge, ReadBy.FINGER, stamp=Stamp(wall_ms, 0, device, cursor), **more)


class Desk:
    """The terminal's end, without its socket."""

    def __init__(self, folder: Path) -> None:
        (folder / "badges.toml").write_text(f'[M1]\n17 = "{PERSON.hex()}"\n18 = "ffffffffffffffff"\n')
        self.outbox = Outbox(folder / "punches.db", "gate-1", KEY)
        self.journal = Journal(self.outbox)
        badges = Badges(folder / "badges.toml")
        knows = PERSON.__eq__
        self.legacy = Legacy(folder / "b.sock", badges, self.journal, knows, RULES, Report("t", events=False))

    def take(self, *readings: Recognition) -> dict[str, object]:
        return self.legacy._take(list(readings))

    def records(self) -> list[Punch | Event]:
        return [r for _, r in self.outbox.records() if not (isinstance(r, Event) and r.code is EventCode.BOOT)]

    def close(self) -> None:
        self.outbox._db.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(Desk(tmp_path)) as desk:
        yield desk


def test_an_entry_is_recorded_once_also_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    assert desk.take(reading()) == {"ok": True, "taken": 1}
    assert desk.take(reading(), reading(cursor="2")) == {"ok": True, "taken": 2}
    assert len(desk.records()) == 2
    desk.close()
    again = Desk(tmp_path)
    with closing(again):
        again.take(reading(), reading(cursor="2"), reading(device="M2"))
        assert len(again.records()) == 3
        assert again.legacy.counters.repeated == 2


def test_the_same_cursor_of_another_machine_is_another_entry() -> None:
    keys = {entry_key(Stamp(0, 0, d, c)) for d, c in (("M1", "1"), ("M1", "2"), ("M2", "1"), ("M", "11"))}
    assert len(keys) == 4


def test_who_is_not_mapped_or_not_on_the_roster_becomes_an_event_that_keeps_everything(desk: Desk) -> None:
    """R6.5: terminals never create people. Nothing is lost either."""
    desk.take(reading("99"), reading("18", cursor="2"), reading("17", cursor="3", device="M9"))
    assert desk.legacy.status() == {"bridged": 0, "unknown_badges": 3, "repeated": 0}
    events = desk.records()
    assert all(isinstance(e, Event) and e.code is EventCode.UNKNOWN_BADGE for e in events)
    assert isinstance(events[0], Event)
    assert events[0].detail == {
        "device": "M1",
        "cursor": "1",
        "badge": "99",
        "means": "finger",
        "kind": "",
        "wall_ms": NINE_MS,
        "offset_ms": 0,
    }


def test_a_disk_that_refuses_takes_nothing_more_and_says_how_many_it_took(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S13: what is not on disk stays on the machine."""
    whole, left = desk.journal.take_over, [1]

    def full(record: Punch | Event, key: bytes) -> int:
        if not left[0]:
            raise StorageError("full")
        left[0] -= 1
        return whole(record, key)

    monkeypatch.setattr(desk.journal, "take_over", full)
    assert desk.take(reading(), reading(cursor="2")) == {"ok": False, "error": "full", "taken": 1}


def test_old_machines_neither_date_the_terminals_clock_nor_its_own_punches(desk: Desk, tmp_path: Path) -> None:
    before = desk.journal.history.offset_ms
    desk.take(reading())
    assert desk.journal.history.offset_ms == before
    assert desk.journal.history.last == {}
    assert desk.journal.history.elsewhere[PERSON].instant.wall_ms == NINE_MS


def test_the_bound_covers_how_far_the_machines_clock_was_off() -> None:
    assert dated(Stamp(NINE_MS, -90_000, "M1", "1"), NOW) == Instant(
        1, 5_000, NINE_MS - 5_000, ClockSource.UNKNOWN, 90_000 + 40 + 1_000
    )
    assert dated(Stamp(NINE_MS, None, "M1", "1"), NOW).error_bound_ms is None
    assert dated(Stamp(NINE_MS, 0, "M1", "1"), replace(NOW, error_bound_ms=None)).error_bound_ms is None


@pytest.mark.parametrize(
    ("later_ms", "word", "kind", "flags"),
    [
        (None, "", Kind.IN, Flag.NONE),
        (8 * HOUR_MS, "", Kind.OUT, Flag.NONE),
        (24 * HOUR_MS, "", Kind.IN, Flag.NONE),
        (30_000, "", Kind.IN, Flag.DUPLICATE),  # S14
        (-HOUR_MS, "", Kind.IN, Flag.NONE),  # came late, over a slower line
        (8 * HOUR_MS, "in", Kind.IN, Flag.NONE),
        (None, "movement_out", Kind.MOVEMENT_OUT, Flag.NONE),
        (None, "sideways", Kind.IN, Flag.NONE),
    ],
)
def test_the_first_of_a_day_is_in_and_later_ones_out_unless_the_machine_says(
    later_ms: int | None, word: str, kind: Kind, flags: Flag
) -> None:
    first = dated(Stamp(NINE_MS, 0, "M1", "1"), NOW)
    when = dated(Stamp(NINE_MS + (later_ms or 0), 0, "M1", "2"), NOW)
    last = None if later_ms is None else Last(first, Kind.IN)
    assert kind_and_flags(RULES, last, word, when) == (kind, flags)


def test_a_clock_that_is_far_off_is_flagged() -> None:
    when = dated(Stamp(NINE_MS, 120_000, "M1", "1"), NOW)
    assert kind_and_flags(RULES, None, "", when) == (Kind.IN, Flag.CLOCK_UNTRUSTED)


words = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=64)
readings = st.builds(
    Recognition,
    words,
    st.sampled_from(ReadBy),
    st.sampled_from(["", "in", "out"]),
    st.builds(Stamp, st.integers(0, 4 * 10**12), st.none() | st.integers(-(10**12), 10**12), words, words),
)


@given(st.lists(readings, max_size=40))
def test_what_is_handed_over_is_what_was_read_in_lines_that_fit(given_: list[Recognition]) -> None:
    found: list[Recognition] = []
    for batch in handover.batches(given_):
        line = json.dumps(handover.take(batch)).encode()
        assert len(line) <= MAX_LINE
        found += handover.readings(json.loads(line))
    assert found == given_


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["do", "readings", "badge", "means", "kind", "device", "cursor", "wall_ms"]), inner
            )
        ),
    )
)
def test_anything_else_is_a_protocol_error(message: object) -> None:
    for wrong in ({"do": "take", "readings": message}, {"do": message}, {"do": "take", "readings": [message]}):
        with pytest.raises(ProtocolError):
            handover.readings(wrong)


def test_badges_are_read_again_when_the_office_changes_them(tmp_path: Path) -> None:
    path, said = tmp_path / "badges.toml", list[str]()
    badges = Badges(path, said.append)
    assert badges.person("M1", "17") is None
    path.write_text(f'[any]\n17 = "{PERSON.hex()}"\n[M1]\n17 = "{bytes(8).hex()}"\n')
    assert (badges.person("M1", "17"), badges.person("M2", "17")) == (bytes(8), PERSON)
    path.write_text('[any]\n17 = "not hex"\n')
    assert badges.person("M2", "17") == PERSON  # what was read last holds
    assert badges.person("M2", "17") == PERSON
    assert len(said) == 1
    assert "16 hex digits" in said[0]
    path.unlink()
    assert badges.person("M2", "17") is None


def test_the_bridge_tells_how_its_devices_are_and_silence_means_gone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S11"""
    here = Sensor("zk", SensorKind.MACHINE, SensorState.HERE, counters=Counters(96, 0, 2, 1))
    gone = Sensor("adms", SensorKind.MACHINE, SensorState.GONE)
    assert desk.legacy._answer(handover.devices([here, gone]), None) == {"ok": True}  # type: ignore[arg-type]
    assert desk.legacy.devices() == (here, gone)
    monkeypatch.setattr("edge.record.legacy._STALE_S", 0.0)
    assert desk.legacy.devices() == (replace(here, state=SensorState.GONE), gone)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=40), st.lists, max_leaves=8))
def test_devices_that_are_none_are_refused(rows: object) -> None:
    try:
        found = handover.sensors({"do": "devices", "devices": rows})
    except ProtocolError:
        return
    assert handover.devices(found) == {"do": "devices", "devices": rows}
