"""When a terminal says how it is: what breaks at once, the rest now and then, and on a metered line no more often."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.agent import Agent, AgentSettings
from sync.budget import Thrift
from sync.ed25519 import PublicKey
from sync.health import Health, LinkKind, Machine, Sensor, SensorKind, SensorState, Serving, Verdict, parse_health
from sync.link import Delivery, Hub, LoopbackLink
from sync.outbox import Outbox, OutboxReader
from sync.record import ClockSource, Instant
from sync.roster import RosterStore
from sync.telling import EVERY_S, Teller, age_ms, waiting
from sync.topics import UP_ALL, leaf
from tests.unit.sync.test_outbox import punch, spoil

WELL = Health("0.1.0", Serving.SERVING, LinkKind.GPRS, clock=ClockSource.SERVER)
BROKEN = replace(WELL, sensors=(Sensor("zfm", SensorKind.FINGER, SensorState.GONE),))


class Clock:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


class Desk:
    def __init__(self, *, metered: bool = False, sparing: bool = False) -> None:
        self.clock, self.health, self.thrift = Clock(), WELL, Thrift(metered, sparing)
        self.teller = Teller(lambda backlog, oldest_s: self.health, self.clock)

    def after(self, seconds: float, *, beat: bool = True) -> bool:
        """Is something said so much later?"""
        self.clock.s += seconds
        return self.teller.due(None, 0, self.thrift, in_passing=beat) is not None


def test_once_an_hour_while_all_is_well() -> None:
    desk = Desk()
    assert desk.after(0)
    assert [desk.after(600) for _ in range(12)] == ([False] * 5 + [True]) * 2


def test_what_breaks_or_is_mended_is_said_soon_and_a_loose_contact_not_each_time() -> None:
    """S11"""
    desk = Desk()
    assert desk.after(0)
    desk.health = BROKEN
    assert desk.after(10)
    desk.health = WELL
    assert not desk.after(10), "it has just been said that it broke"
    assert desk.after(300)


@pytest.mark.parametrize("metered", [False, True])
def test_at_a_start_what_was_not_there_yet_is_mended_at_once(metered: bool) -> None:
    """Sync is up before the terminal: the server must not think for five minutes that nobody can punch."""
    desk = Desk(metered=metered)
    desk.health = replace(WELL, serving=Serving.ABSENT)
    assert desk.after(0)
    desk.health = WELL
    assert desk.after(10)
    desk.health = BROKEN
    assert not desk.after(10)


def test_at_a_start_each_thing_that_comes_right_is_said_at_once() -> None:
    """A machine without a clock of its own has the time a moment after its terminal runs; no alarm comes of it."""
    desk = Desk()
    desk.health = replace(WELL, serving=Serving.ABSENT, clock=ClockSource.UNKNOWN)
    assert desk.after(0)
    desk.health = replace(WELL, clock=ClockSource.UNKNOWN)
    assert desk.after(10)
    desk.health = WELL
    assert desk.after(10)
    desk.health = replace(WELL, clock=ClockSource.UNKNOWN)
    assert not desk.after(10)
    assert desk.after(300)
    desk.health = WELL
    assert not desk.after(10), "the start is over"


def test_a_new_link_is_told_of_how_it_is_and_a_metered_one_only_when_the_hour_is_over() -> None:
    """S3"""
    plain, metered = Desk(), Desk(metered=True)
    for desk, told in ((plain, True), (metered, False)):
        assert desk.after(0)
        desk.clock.s += 600
        desk.teller.new_link()
        assert desk.after(0) is told
    metered.clock.s += EVERY_S
    metered.teller.new_link()
    assert metered.after(0)


def test_what_was_said_as_the_link_went_is_said_again() -> None:
    desk = Desk(metered=True)
    assert desk.after(0)
    desk.clock.s += 30
    desk.teller.new_link()
    assert desk.after(0)


def test_on_a_metered_line_the_hourly_word_waits_for_a_beat_and_news_does_not() -> None:
    """S3"""
    desk = Desk(metered=True)
    assert not desk.after(0, beat=False)
    assert desk.after(5)
    desk.health = BROKEN
    assert desk.after(20, beat=False)


def test_between_beats_it_is_looked_at_only_now_and_then() -> None:
    desk = Desk()
    assert desk.after(0)
    desk.health = BROKEN
    assert not desk.after(0.5, beat=False), "it has just been looked at"
    assert desk.after(0, beat=True)


def test_when_the_month_is_nearly_spent_only_news_goes() -> None:
    """S3"""
    desk = Desk(metered=True, sparing=True)
    assert not any(desk.after(EVERY_S) for _ in range(3))
    desk.health = BROKEN
    assert desk.after(10)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"serving": Serving.UNABLE}, "terminal"),
        ({"clock": ClockSource.UNKNOWN}, "clock"),
        ({"oldest_s": 90_000}, "backlog"),
        ({"certificate_days": 13}, "certificate"),
        ({"machine": Machine(temperature_c=80)}, "heat"),
        ({"machine": Machine(memory_free_percent=4)}, "memory"),
        ({"machine": Machine(storage_free_mb=100)}, "storage"),
        ({"machine": Machine(storage_used_percent=96)}, "storage"),
        ({"machine": Machine(wear_percent=90)}, "wear"),
        ({"sensors": (Sensor("zfm", SensorKind.FINGER, SensorState.LEFT),)}, "sensor zfm"),
        ({"sensors": (Sensor("zfm", SensorKind.FINGER, SensorState.HERE, Verdict.DEAD_LINES),)}, "sensor zfm"),
        ({"sensors": (Sensor("zfm", SensorKind.FINGER, SensorState.HERE, glass=40),)}, "sensor zfm"),
    ],
)
def test_what_is_not_in_order_has_a_name(change: dict[str, object], fault: str) -> None:
    assert WELL.faults == frozenset()
    assert replace(WELL, **change).faults == {fault}  # type: ignore[arg-type]


def test_the_oldest_record_without_a_receipt_has_an_age(tmp_path: Path) -> None:
    """S2"""
    outbox = Outbox(tmp_path / "punches.db", "t-1", Ed25519PrivateKey.generate())
    reader = OutboxReader(tmp_path / "punches.db")
    assert waiting(reader, 0) == (0, 0) == waiting(None, 0)
    for n in range(3):
        outbox.append(punch(n))
    assert waiting(reader, 1)[0] == 2
    assert waiting(reader, 3) == (0, 0)
    reader.close()
    outbox._db.close()


def test_a_log_that_cannot_be_read_has_nothing_that_waits(tmp_path: Path) -> None:
    """The agent finds it out and says so; what a terminal tells of itself must not fail by it (S2)."""
    key = Ed25519PrivateKey.generate()
    outbox = Outbox(tmp_path / "punches.db", "t-1", key)
    outbox.append(punch(1))
    reader = OutboxReader(tmp_path / "punches.db")
    assert waiting(reader, 0)[0] == 1
    outbox._db.close()
    spoil(tmp_path / "punches.db")
    Outbox(tmp_path / "punches.db", "t-1", key)._db.close()
    assert waiting(reader, 0) == (0, 0)
    reader.close()


def test_an_age_is_by_the_clock_that_nobody_sets_where_that_is_possible() -> None:
    """S10"""
    first = Instant(3, 10_000, 1_798_000_000_000, ClockSource.NTP, 5)
    same, later = replace(first, since_boot_ms=20_000), replace(first, boot_no=4, since_boot_ms=1000)
    assert age_ms(first, same, 70_000, wall=0) == 60_000
    assert age_ms(first, later, 70_000, wall=first.wall_ms + 5000) == 5000
    assert age_ms(first, same, 5_000, wall=first.wall_ms + 7000) == 7000, "the machine was started anew since"
    assert age_ms(first, later, 70_000, wall=first.wall_ms - 5000) == 0


def test_the_agent_says_it_when_there_is_a_link(tmp_path: Path) -> None:
    hub = Hub()
    heard: list[Delivery] = []
    LoopbackLink(hub, (UP_ALL,)).open(heard.append, lambda up, why: None)
    outbox = Outbox(tmp_path / "punches.db", "t-1", Ed25519PrivateKey.generate())
    outbox.append(punch(1))
    agent = Agent(
        AgentSettings("t-1", poll_s=0.01),
        tmp_path / "punches.db",
        RosterStore(tmp_path / "roster.db"),
        LoopbackLink(hub, ()),
        PublicKey.of(Ed25519PrivateKey.generate()),
        lambda _: None,
        thrift=lambda: Thrift(metered=True),
        teller=Teller(lambda backlog, oldest_s: replace(WELL, backlog=backlog, oldest_s=oldest_s)),
    )
    agent.open()
    for _ in range(5):
        agent.step()
    told = [parse_health(one.payload) for one in heard if leaf(one.topic) == "health"]
    assert [one.backlog for one in told] == [1]
    outbox._db.close()
