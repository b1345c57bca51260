"""The demo does what the README says: real programs, nothing lost, nothing doubled, no impostor let in."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server import DemoError
from server.demo import stage
from server.demo.count import Green, Tally, quantile, settle
from server.demo.people import ENROL_IMPRESSIONS, fingers, invent, owners, punches

KEYS = {
    "punched",
    "receipted",
    "rejected_impostors",
    "lost",
    "duplicated",
    "p50_touch_to_green_ms",
    "p95_touch_to_green_ms",
    "p95_green_to_receipt_ms",
}


def demo(*words: str) -> dict[str, float]:
    command = [sys.executable, "-m", "server", "demo", "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = done.stdout.splitlines()
    result: dict[str, float] = json.loads(line)
    assert set(result) >= KEYS
    assert (result["lost"], result["duplicated"], result["accepted_impostors"]) == (0, 0, 0)
    assert result["punched"] == result["receipted"] > 0
    assert result["rejected_impostors"] > 0
    assert result["max_green_to_receipt_ms"] > 1000  # the cut network was really cut
    return result


def test_synthetic_people_punch_through_a_cut_network() -> None:
    demo("--for", "24")


def test_real_fingers_where_they_are_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    data = os.environ.get("HAZRI_DATA")
    if data:
        demo("--for", "24", "--fingerprints", str(Path(data) / "fingerprints" / "FVC2002_DB1_B"))
        return
    with capsys.disabled():
        print("not tried: the demo on real fingers (set HAZRI_DATA)", file=sys.stderr)  # noqa: T201
    assert data is None


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ([], "two fingers or more"),
        (["101_1.png"], "101_2.png, 101_3.png not there"),
        ([f"101_{n}.png" for n in (1, 3, 4, 5)], "101_2.png not there"),
        ([f"101_{n}.png" for n in (1, 2, 3)], "three enrol"),
        ([f"{finger}_{n}.bmp" for finger in (101, 102) for n in range(1, 6)], r"two fingers or more"),
        ([f"101_{n}.png" for n in range(1, 6)], "two fingers or more"),
    ],
)
def test_a_folder_that_is_no_set_of_fingers(tmp_path: Path, names: list[str], why: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(DemoError, match=why):
        fingers(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "server", "demo", "--json", "--fingerprints", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="No such file"):
        fingers(tmp_path / "none")


def test_invented_people_hold_the_awkward_cases() -> None:
    """S5: two pairs share their digits; R1.2: somebody's digits begin with zeros. The names say they are samples."""
    people = invent(24, seed=1)
    digits = [p.digits for p in people]
    assert all(len(d) == 6 and d.isdecimal() for d in digits)
    assert len(set(digits)) == 22
    assert digits[0] == digits[1]
    assert digits[2] == digits[3]
    assert digits[-1].startswith("000")
    assert all("Sample" in p.name and "नमूना" in p.name for p in people)
    assert invent(24, seed=1) == people


def test_every_finger_also_comes_as_somebody_else(tmp_path: Path) -> None:
    for finger in range(101, 105):
        for impression in range(1, 9):
            (tmp_path / f"{finger}_{impression}.png").touch()
    pictures, people = fingers(tmp_path), invent(4, seed=1)
    plans = [punches(people, pictures, part, 3) for part in range(3)]
    steps = [step for plan in plans for step in plan]
    genuine = {(s["digits"], s["picture"]) for s in steps if s["expect"] == "genuine"}
    assert len(genuine) == 4 * 5
    for index, person in enumerate(people):
        mine = {str(p.path) for p in pictures[index]}
        assert {d for d, picture in genuine if picture in mine} == {person.digits}
        impostor = [s for s in steps if s["expect"] == "impostor" and s["picture"] in mine]
        assert impostor
        assert all(s["digits"] != person.digits for s in impostor)
    used = {Path(s["picture"]).stem.split("_")[1] for s in steps}
    assert used.isdisjoint({str(n) for n in ENROL_IMPRESSIONS})


def test_the_plan_does_not_say_whose_finger_it_is_but_the_demo_knows(tmp_path: Path) -> None:
    for finger in range(101, 105):
        for impression in range(1, 9):
            (tmp_path / f"{finger}_{impression}.png").touch()
    pictures, people = fingers(tmp_path), invent(4, seed=1)
    refs = [f"{n:016x}" for n in range(4)]
    plan = punches(people, pictures, 0, 1)
    known = owners(plan, refs, pictures)
    assert [refs.index(ref) for ref in known] == [int(Path(s["picture"]).stem[:3]) - 101 for s in plan]
    assert all(ref not in json.dumps(plan) for ref in refs)


def said(session: int, outcome: str, person: str = "", expect: str = "genuine") -> dict[str, object]:
    return {"session": session, "expect": expect, "outcome": outcome} | ({"person": person} if person else {})


def test_a_green_light_for_somebody_else_is_an_impostor_let_in() -> None:
    """S5: two share their digits, and one is taken for the other; the plan loops."""
    tally = Tally(owners={"t-1": ["p1", "p2"]})
    for session, person in ((1, "p1"), (2, "p2"), (3, "p1"), (4, "p2")):
        tally.session("t-1", said(session, "accepted", person))
    assert (tally.accepted("genuine"), tally.accepted("impostor")) == (4, 0)
    tally.session("t-1", said(5, "accepted", "p2"))
    assert (tally.accepted("genuine"), tally.accepted("impostor")) == (4, 1)
    assert settle(tally, []).accepted_impostors == 1


def test_only_a_finger_that_was_compared_was_rejected() -> None:
    tally = Tally()
    for n, outcome in enumerate(("no_match", "too_close", "gone", "abandoned", "poor_image", "nobody"), 1):
        tally.session("t-1", said(n, outcome, expect="impostor"))
        tally.session("t-1", said(n, outcome))
    result = settle(tally, [])
    assert (result.rejected_impostors, result.genuine_refused, result.unclear) == (2, 2, 8)
    assert (tally.rejected("impostor", "t-1"), tally.rejected("impostor", "t-2")) == (2, 0)


def test_ports_that_another_program_takes_first_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Free when asked, taken when the aggregator listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        theirs = taken.getsockname()[1]
        ask, answers = stage.free_port, [stage.free_port(), theirs]
        monkeypatch.setattr(stage, "free_port", lambda wanted=0: answers.pop(0) if answers else ask(wanted))
        with stage.start_aggregator(tmp_path, web_port=theirs) as aggregator:
            assert not answers
            assert f":{theirs}/" not in aggregator.dashboard
            aggregator.check()
            assert aggregator.pull(tmp_path / "ledger") == []


def test_how_long_a_green_light_has_waited() -> None:
    tally = Tally()
    assert tally.waiting_s("t-1") == 0
    tally.greens = [
        Green(("t-1", "log", n, "p1"), time.monotonic() - wait_s, 100.0, False) for n, wait_s in ((1, 9), (2, 5))
    ]
    assert tally.waiting_s("t-1") >= 9
    tally.greens[0].receipted_s = time.monotonic()
    assert 5 <= tally.waiting_s("t-1") < 9
    assert tally.waiting_s("t-2") == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whatever_ends_the_demo_its_folder_goes(tmp_path: Path, number: signal.Signals) -> None:
    """Plans hold digits."""
    command = [sys.executable, "-m", "server", "demo", "--json"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as running:
        while not list(tmp_path.glob("hazri-demo-*/*")):
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(number)
        _, errors = running.communicate()
    assert running.returncode == 1
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def row(seq: int, person: str = "p1") -> dict[str, object]:
    return {"terminal": "t-1", "log": "log", "seq": seq, "person": person}


def test_the_books_find_what_is_lost_doubled_or_invented() -> None:
    tally = Tally()
    tally.greens = [Green(("t-1", "log", n, "p1"), 0.0, 100.0 * n, True, 0.5) for n in (1, 2, 3)]
    clean = settle(tally, [row(1), row(2), row(3)])
    assert (clean.punched, clean.lost, clean.duplicated, clean.clean()) == (3, 0, 0, True)
    for ledger, lost, doubled in (
        ([row(1), row(2)], 1, 0),
        ([row(1), row(2), row(3), row(3)], 0, 1),
        ([row(1), row(2), row(3), row(4)], 0, 1),
        ([row(1), row(2), row(3, "p2")], 1, 1),
    ):
        result = settle(tally, ledger)
        assert (result.lost, result.duplicated, result.clean()) == (lost, doubled, False)
    tally.outcomes["t-1", "impostor", "accepted"] += 1
    assert not settle(tally, [row(1), row(2), row(3)]).clean()
    assert not settle(Tally(), []).clean()


@pytest.mark.parametrize(
    ("values", "q", "expected"),
    [
        ([], 0.5, None),
        ([5.0], 0.95, 5.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.0),
    ],
)
def test_quantiles(values: list[float], q: float, expected: float | None) -> None:
    assert quantile(values, q) == expected
