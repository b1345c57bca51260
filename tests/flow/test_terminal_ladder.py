"""The terminal process where a finger is not enough: supervisors, locks, the technician, people who need more time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from drivers.lines import LineClient, Message
from edge.trust import pin
from matching.synthetic import generate
from server.fleet import roster
from server.fleet.admit import admit
from server.people.register import Registration, register, set_flags
from sync.admission import to_json
from sync.code import receipt_code
from sync.outbox import OutboxReader
from sync.record import Event, EventCode, Kind, Means, SourceClass
from sync.wire import CardFlag
from tests.flow.terminal_site import TERMINAL, Site, person
from tests.unit.server.aggregator import Aggregator, broker_settings

Fingers = dict[tuple[int, int], Path]
WORKER, CHIEF, SLOW = person(1), person(2), person(3)
DIGITS = {WORKER: "012345", CHIEF: "654321", SLOW: "222222"}
FLAGS = {CHIEF: CardFlag.SUPERVISOR, SLOW: CardFlag.MORE_TIME}


@pytest.fixture(scope="module")
def fingers(tmp_path_factory: pytest.TempPathFactory) -> Fingers:
    out = tmp_path_factory.mktemp("synthetic") / "fingers"
    generate(4, 5, 23, out)
    return {(f, i): out / f"{100 + f}_{i}.png" for f in range(1, 5) for i in range(1, 6)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, fingers: Fingers) -> Iterator[Site]:
    policy = "supervise_timeout_s = 4\nlockout_failures = 3\nlockout_first_s = 60\n"
    site = Site(tmp_path_factory.mktemp("site"), patience_s=2, policy=policy)
    pin.keep(site.state, "4711")
    site.people(*(site.authority.entry(p, digits, flags=FLAGS.get(p, CardFlag.NONE)) for p, digits in DIGITS.items()))
    site.start()
    for n, one in enumerate(DIGITS, 1):
        assert site.enrol(one, 1, [fingers[n, i] for i in (1, 2, 3)])["ok"]
    yield site
    assert site.stop() == 0


class Visit:
    """Somebody before the terminal who looks at what it shows."""

    def __init__(self, site: Site) -> None:
        self.hands: LineClient = site.hands()
        self.eyes: LineClient = site.control()
        self.eyes.ask({"do": "watch"})

    def press(self, *keys: str) -> "Visit":
        self.hands.ask({"do": "press", "keys": list(keys)})
        return self

    def lay(self, picture: Path) -> "Visit":
        self.hands.ask({"do": "lift"})
        self.hands.ask({"do": "place", "picture": str(picture)})
        return self

    def until(self, **wanted: Any) -> Message:
        while True:
            seen = self.eyes.next()
            if all(seen.get(name) == value for name, value in wanted.items()):
                return seen
            assert seen.get("event") != "outcome", seen

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *_: object) -> None:
        self.hands.ask({"do": "lift"})
        self.hands.close()
        self.eyes.close()


def refused(visit: Visit, digits: str, pictures: Sequence[Path]) -> None:
    """A visit up to where a supervisor is asked for."""
    visit.press(*digits, "enter").until(state="place", other=False)
    visit.lay(pictures[0]).until(state="place", other=True)
    visit.lay(pictures[1]).until(state="supervise_typing")


def test_a_supervisor_vouches_and_the_log_says_who_for_whom_and_why(site: Site, fingers: Fingers) -> None:
    """S1: a flagged punch, right after the event that names its witness; dated by the first key."""
    with Visit(site) as visit:
        refused(visit, DIGITS[WORKER], [fingers[4, 4], fingers[4, 5]])
        visit.press(*DIGITS[CHIEF], "enter").until(state="supervise_place")
        visit.lay(fingers[2, 4]).until(state="supervise_reason")
        seen = visit.press("2").until(event="outcome")
    assert (seen["outcome"], seen["means"], seen["person"]) == ("accepted", "supervised", WORKER.hex())
    punch = site.punches()[seen["seq"]]
    assert (punch.person, punch.means, punch.source_class) == (WORKER, Means.SUPERVISED, SourceClass.SUPERVISED)
    records = dict(site.records())
    witness = records[seen["seq"] - 1]
    assert isinstance(witness, Event)
    assert witness.code is EventCode.ADMIN
    assert dict(witness.detail) == {
        "what": "supervised",
        "person": WORKER,
        "supervisor": CHIEF,
        "reason": "injured",
        "punch": seen["seq"],
    }
    assert punch.instant.since_boot_ms < witness.instant.since_boot_ms


def test_nobody_else_vouches_and_nobody_is_vouched_for_by_a_wrong_finger(site: Site, fingers: Fingers) -> None:
    count = len(site.punches())
    for digits, finger in ((DIGITS[SLOW], (3, 4)), (DIGITS[CHIEF], (4, 4))):
        with Visit(site) as visit:
            refused(visit, "888888", [fingers[4, 4], fingers[4, 5]])
            visit.press(*digits, "enter").until(state="supervise_place")
            seen = visit.lay(fingers[finger]).until(event="outcome")
        assert seen["outcome"] == "not_supervised"
    assert len(site.punches()) == count


def test_digits_nobody_has_are_noted_under_a_keyed_name(site: Site, fingers: Fingers) -> None:
    """S6: transferred, and the roster has not followed."""
    with Visit(site) as visit:
        refused(visit, "999999", [fingers[4, 4], fingers[4, 5]])
        visit.press(*DIGITS[CHIEF], "enter").until(state="supervise_place")
        visit.lay(fingers[2, 5]).until(state="supervise_reason")
        seen = visit.press("5").until(event="outcome")
    assert seen["outcome"] == "noted"
    noted = dict(site.records())[seen["seq"]]
    assert isinstance(noted, Event)
    assert (noted.detail["what"], noted.detail["reason"]) == ("provisional", "new")
    assert len(noted.detail["keyed"]) == 16  # type: ignore[arg-type]
    assert "999999" not in str(noted)


def rejections(site: Site) -> list[dict[str, object]]:
    return [dict(r.detail) for _, r in site.records() if isinstance(r, Event) and r.code is EventCode.REJECTED]


@pytest.mark.parametrize("digits", ["777777", "012345"], ids=["nobody's", "somebody's"])
def test_digits_are_locked_after_failures_whether_anybody_has_them_or_not(
    site: Site, fingers: Fingers, digits: str
) -> None:
    """Three failures here; the lock is an event, and the next person is served."""
    before = len(rejections(site))
    endings = [site.punch(digits, fingers[4, 4], fingers[4, 5]) for _ in range(4)]
    assert [ending["outcome"] for ending in endings] == ["no_match"] * 3 + ["locked_out"]
    assert 50 <= endings[-1]["wait_s"] <= 120
    whats = [r.detail.get("what") for _, r in site.records() if isinstance(r, Event) and r.code is EventCode.TAMPER]
    assert "lockout" in whats
    refused = rejections(site)[before:]
    assert len(refused) == (digits == "012345")  # R2.6: who has the digits, nothing else, and once an hour
    assert all(set(detail) == {"person"} for detail in refused)
    assert site.punch(DIGITS[SLOW], fingers[3, 4])["outcome"] == "accepted"


def test_the_kind_is_chosen_by_key_and_the_code_on_the_screen_is_the_records(site: Site, fingers: Fingers) -> None:
    """R1.16, R4.6"""
    with Visit(site) as visit:
        visit.press("on_duty", *DIGITS[SLOW], "enter").until(state="place")
        seen = visit.lay(fingers[3, 5]).until(event="outcome")
    assert site.punches()[seen["seq"]].kind is Kind.ON_DUTY
    reader = OutboxReader(site.state / "punches.db")
    head = reader.head(seen["seq"])
    reader.close()
    assert head is not None
    assert len(receipt_code(head)) == 6


def test_the_technician_sees_figures_behind_a_pin(site: Site) -> None:
    with Visit(site) as visit:
        visit.press("enter").until(state="choose_kind")
        visit.press("0", *"4712", "enter").until(state="pin")
        visit.press(*"4711", "enter").until(state="technician")
        visit.press("1").until(state="technician")
        visit.press("clear", "clear").until(state="idle")
    whats = [r.detail.get("what") for _, r in site.records() if isinstance(r, Event) and r.code is EventCode.ADMIN]
    assert whats[-2:] == ["pin_refused", "technician"]


def test_a_cancelled_enrolment_frees_the_sensor_at_once(site: Site, fingers: Fingers) -> None:
    """Nobody waits for who has left."""
    with Visit(site) as visit:
        with site.control() as control:
            seen = control.ask({"do": "enrol", "person": WORKER.hex(), "finger": 2})
            assert seen["event"] == "place"
        visit.until(state="idle")
        visit.press(*DIGITS[SLOW], "enter").until(state="place")
        assert visit.lay(fingers[3, 4]).until(event="outcome")["outcome"] == "accepted"


def test_status_tells_of_every_device(site: Site) -> None:
    status = site.status()
    assert status["devices"]["virtual"]["here"]
    assert status["devices"]["virtual"]["readings"] > 0
    assert status["faces"] == "no camera"


@pytest.fixture
def without_digits(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, patience_s=2, policy='[terminal]\nidentify = "finger"\n')
    yield site
    assert site.stop() == 0


def test_a_finger_is_known_without_digits_where_the_settings_say_so(without_digits: Site, fingers: Fingers) -> None:
    """1:N, and digits still work beside it."""
    site = without_digits
    site.people(site.authority.entry(WORKER, DIGITS[WORKER]), site.authority.entry(SLOW, DIGITS[SLOW]))
    site.start()
    for n, one in ((1, WORKER), (3, SLOW)):
        assert site.enrol(one, 1, [fingers[n, i] for i in (1, 2, 3)])["ok"]
    site.wait(lambda: site.status()["templates"] == 6)
    for finger, wanted in ((1, WORKER.hex()), (3, SLOW.hex()), (4, None)):
        with Visit(site) as visit:
            seen = visit.lay(fingers[finger, 4]).until(event="outcome")
        assert (seen["outcome"], seen.get("person")) == ("accepted" if wanted else "no_match", wanted)
    assert site.punch(DIGITS[WORKER], fingers[1, 5])["duplicate"]


def test_a_running_terminal_is_tested_through_its_socket(site: Site) -> None:
    with site.control() as control:
        seen = control.ask({"do": "selftest", "timeout_s": 0.2})
        found = []
        while "ok" not in seen:
            found.append(seen)
            seen = control.next()
    assert seen["ok"]
    assert [one["device"] for one in found if one["event"] == "finding"] == ["virtual"]
    assert site.status()["serving"]


@pytest.fixture
def aggregator(tmp_path: Path) -> Iterator[Aggregator]:
    folder = tmp_path / "server"
    folder.mkdir()
    aggregator = Aggregator(folder)
    yield aggregator
    aggregator.ledger.close()


@pytest.fixture
def of_aggregator(tmp_path: Path, aggregator: Aggregator) -> Iterator[Site]:
    def admitted(request: str) -> str:
        return to_json(admit(aggregator.ledger, aggregator.keys, broker_settings(), request.encode()))

    site = Site(tmp_path, patience_s=2, admit=admitted)
    yield site
    assert site.stop() == 0


def bring(aggregator: Aggregator, site: Site) -> None:
    with aggregator.ledger.read() as connection:
        for delta, _ in roster.deltas(connection, aggregator.roster_keys, TERMINAL, site.roster.version):
            site.roster.apply(delta)


def test_a_supervisor_is_made_and_unmade_at_the_aggregator(
    aggregator: Aggregator, of_aggregator: Site, fingers: Fingers
) -> None:
    """S1: registered with the flag, she vouches; without it nobody is asked to."""
    site = of_aggregator
    worker, chief = register(
        aggregator.ledger,
        aggregator.vault,
        [
            Registration("Synthetic 1", DIGITS[WORKER]),
            Registration("Synthetic 2", DIGITS[CHIEF], CardFlag.SUPERVISOR),
        ],
    )
    bring(aggregator, site)
    site.start()
    for n, one in ((1, worker), (2, chief)):
        assert site.enrol(one, 1, [fingers[n, i] for i in (1, 2, 3)])["ok"]
    with Visit(site) as visit:
        refused(visit, DIGITS[WORKER], [fingers[4, 4], fingers[4, 5]])
        visit.press(*DIGITS[CHIEF], "enter").until(state="supervise_place")
        visit.lay(fingers[2, 4]).until(state="supervise_reason")
        seen = visit.press("2").until(event="outcome")
    assert (seen["outcome"], seen["means"], seen["person"]) == ("accepted", "supervised", worker.hex())
    set_flags(aggregator.ledger, chief.hex(), CardFlag.NONE)
    bring(aggregator, site)
    site.wait(lambda: site.status()["roster_version"] == 3)
    assert site.punch(DIGITS[WORKER], fingers[4, 4], fingers[4, 5])["outcome"] == "no_match"
