"""A technician's day, from an empty directory: a blank card becomes a trusted terminal, serves, dies, is exchanged
without losing a punch, and is cut off when it is stolen.

Real programs, an emulated machine (tests/flow/technician.py). What is typed is counted; how long it took is said, and
not judged here, as it says more of the machine the tests run on. Its last part, an update and the way back from
one, is in tests/flow/test_update.py.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from matching.synthetic import generate
from server.demo.people import invent
from server.demo.stage import Program
from tests.flow.technician import Hands, Machine, wait
from tests.unit.server.process import Server

MOST_COMMANDS = 12
(SOMEBODY,) = invent(1, seed=41)


class Day:
    """The office's server runs; the rest is an empty directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "office").mkdir()
        self.server = Server(folder / "office")
        ready: list[str] = []
        command = ["-m", "server", "run", "--config", str(self.server.config)]
        self.running = Program("server", command, folder / "office", ready.append)
        wait(lambda: any(line.startswith("ready ") for line in ready), "the office's server runs")
        self.fingers = folder / "fingers"
        generate(1, 8, 41, self.fingers)
        self.token = folder / "pull.token"
        self.hands = Hands(self.server)
        self.person = ""

    def claim(self, machine: Machine, *more: str, name: str = "gate-1") -> None:
        """A token, a card, a machine that is switched on, and somebody at the dashboard."""
        toml = machine.folder / "hazri.toml"
        toml.write_text(self.hands.server("claim", "make", "--id", name, "--url", self.server.url, *more))
        self.hands.edge("image", "dropin", "--file", str(toml), "--to", str(machine.card))
        first = machine.plug_in()
        self.hands.tap("power on")
        waiting: list[str] = []

        def listed() -> bool:
            waiting[:] = self.server.command("claim", "list", "--json").stdout.splitlines()
            return bool(waiting)

        wait(listed, "it waits for approval")
        self.hands.tap("dashboard: claims")
        self.hands.server("claim", "approve", json.loads(waiting[0])["id"])
        machine.up(first)
        wait(lambda: bool(machine.said("terminal", event="ready")), "ready for a punch")

    def picture(self, n: int) -> Path:
        return self.fingers / f"101_{n}.png"

    def ledger(self) -> list[tuple[str, int]]:
        """(log, seq) of every punch, as the central server would pull them."""
        if not self.token.exists():
            self.token.write_text(self.server.token("pull"))
        out = self.folder / f"ledger-{time.monotonic_ns()}.ndjson"
        where = [
            "--url",
            self.server.url,
            "--token-file",
            str(self.token),
            "--state",
            f"{out}.state",
            "--out",
            str(out),
        ]
        done = self.server.command("pull", *where)
        assert done.returncode == 0, done.stderr
        return [(row["log"], row["seq"]) for row in map(json.loads, out.read_text().splitlines())]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    one = Day(tmp_path_factory.mktemp("day"))
    try:
        yield one
    finally:
        one.running.stop()


@pytest.fixture(scope="module")
def first(day: Day) -> Iterator[Machine]:
    machine = Machine(day.folder / "first", day.hands)
    yield machine
    machine.stop()


@pytest.fixture(scope="module")
def second(day: Day) -> Iterator[Machine]:
    machine = Machine(day.folder / "second", day.hands)
    yield machine
    machine.stop()


def tell(capsys: pytest.CaptureFixture[str], what: str, hands: Hands) -> None:
    with capsys.disabled():
        print(f"{what}: {len(hands.done)} commands or taps, {hands.took_s:.0f} s", file=sys.stderr)  # noqa: T201


def test_from_a_blank_card_to_a_receipted_punch(day: Day, first: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """R1.1, S7, S15: the token is spent, and neither it nor a key is left on the card."""
    day.claim(first)
    person = {"name": SOMEBODY.name, "digits": SOMEBODY.digits}
    day.person = json.loads(day.hands.server("people", "import", stdin=json.dumps(person)))["person"]
    wait(lambda: first.people() == 1, "the roster comes")
    laying = first.lay_when_asked([day.picture(n) for n in (1, 2, 3)])
    words = ["enrol", f"person={day.person}", "fingers=right_thumb", "--language", "en", "--config", str(first.config)]
    assert "✓ Enrolled" in day.hands.edge("setup", *words)
    laying.join(10)
    seen = first.punch(SOMEBODY.digits, day.picture(4))
    day.hands.tap("six digits and a finger")
    assert (seen["outcome"], seen["person"]) == ("accepted", day.person)
    wait(lambda: first.receipted >= first.made, "the receipt comes")
    day.hands.edge("status", "--config", str(first.config))
    tell(capsys, "blank card to a receipted punch", day.hands)
    assert len(day.hands.done) <= MOST_COMMANDS
    assert len(day.ledger()) == 1
    left = (first.folder / "boot" / "hazri.toml").read_text()
    assert 'token = ""' in left


def test_everything_looks_well_to_the_technician(day: Day, first: Machine) -> None:
    """S15: and the server is reached by the running sync's own word."""
    said = day.hands.edge("setup", "server", "claim", "--language", "en", "--config", str(first.config))
    assert "Connected: sync is running" in said
    assert "gate-1 is admitted" in said
    assert "✗" not in said


def test_a_dead_unit_is_exchanged_and_its_unsent_punches_are_kept(
    day: Day, first: Machine, second: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """S7: the same place, the same history; whoever was enrolled is known at once."""
    first.stop("sync")
    unsent = [first.punch(SOMEBODY.digits, day.picture(n)) for n in (5, 6)]
    assert [one["outcome"] for one in unsent] == ["accepted"] * 2
    first.stop("terminal")  # and it never starts again
    before = day.ledger()
    hands, day.hands.began_s = day.hands, time.monotonic()
    hands.done.clear()
    day.claim(second, "--replaces")
    wait(lambda: second.templates() >= 1, "the templates come")
    said = hands.edge("setup", "card", f"card={first.state}", "--language", "en")
    assert "The card was read" in said
    seen = second.punch(SOMEBODY.digits, day.picture(7))
    hands.tap("six digits and a finger")
    assert (seen["outcome"], seen["person"]) == ("accepted", day.person)
    wait(lambda: second.receipted >= second.made, "the receipt comes")
    tell(capsys, "swap of a dead unit", hands)
    assert len(hands.done) <= MOST_COMMANDS
    now = day.ledger()
    assert now[: len(before)] == before
    assert len(now) == len(set(now)) == len(before) + len(unsent) + 1
    old = {log for log, _ in before}
    assert {log for log, seq in now if seq in [one["seq"] for one in unsent]} >= old
    assert len({log for log, _ in now}) == 2


def test_a_stick_sets_a_machine_up_anew_which_keeps_its_keys(day: Day, second: Machine) -> None:
    """What hazri-stick@.service runs when one is put in; put in again, it does nothing."""
    stick = day.folder / "stick"
    stick.mkdir()
    toml = stick / "hazri.toml"
    toml.write_text(day.hands.server("claim", "make", "--id", "gate-1", "--url", day.server.url, "--at-once"))
    keys = {file.name: file.read_bytes() for file in (second.state / "keys").glob("*.key")}
    assert len(keys) == 3
    assert "gate-1: admitted" in second.firstboot(stick)
    assert {file.name: file.read_bytes() for file in (second.state / "keys").glob("*.key")} == keys
    assert 'token = ""' in toml.read_text()
    assert "nothing to do" in second.firstboot(stick)
    second.stop("terminal", "sync")
    second.start("terminal")
    second.start("sync")
    wait(lambda: bool(second.said("sync", event="link", up=True)), "it is connected")


def test_a_stolen_unit_is_cut_off_and_stays_out(day: Day, second: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """S8: within five seconds (tests/contract/test_revocation.py), and the next connection is refused with a reason."""
    wait(lambda: bool(second.said("terminal", event="ready")), "ready for a punch")
    heard = len(second.events["sync"])
    day.hands.server("revoke", "gate-1")
    began_s = time.monotonic()

    def down() -> bool:
        return any(one["event"] == "link" and not one["up"] for one in second.events["sync"][heard:])

    wait(down, "it is cut off")
    with capsys.disabled():
        print(f"cut off {time.monotonic() - began_s:.1f} s after it was revoked", file=sys.stderr)  # noqa: T201
    wait(lambda: bool(second.said("sync", event="link", why="not_admitted")), "it hears why")
    second.punch(SOMEBODY.digits, day.picture(8))
    time.sleep(3)
    assert second.receipted < second.made
