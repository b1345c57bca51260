"""`hazri-edge play`: synthetic people at a real terminal, one JSON line a session; and the other short commands."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers import DeviceGone
from drivers.lines import LineClient
from drivers.virtual import codec
from matching.synthetic import generate
from tests.flow.terminal_site import ROOT, Site, person, run


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic") / "fingers"
    generate(2, 5, 11, out)
    return out


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    site.people(site.authority.entry(person(1), "091946"), site.authority.entry(person(2), "091947"))
    site.start()
    yield site
    assert site.stop() == 0


def plan(site: Site, pictures: Path, mode: int = 0o600) -> Path:
    steps: dict[str, Any] = {
        "terminal": {"control": f"{site.folder}/run/control.sock", "virtual": f"{site.folder}/run/virtual.sock"},
        "enrol": [
            {"person": person(n).hex(), "finger": 1, "pictures": [f"{pictures}/{100 + n}_{i}.png" for i in (1, 2, 3)]}
            for n in (1, 2)
        ],
        "punches": [
            {"digits": "091946", "picture": f"{pictures}/101_4.png", "expect": "genuine", "pause_ms": 5},
            {"digits": "091947", "picture": f"{pictures}/102_5.png", "expect": "genuine"},
            {"digits": "091947", "picture": f"{pictures}/101_5.png", "expect": "impostor"},
            {"digits": "091948", "picture": f"{pictures}/101_5.png", "expect": "impostor"},
        ],
    }
    path = site.folder / "plan.json"
    path.unlink(missing_ok=True)
    path.touch(mode)
    path.write_text(json.dumps(steps))
    return path


def test_a_plan_is_played_to_its_end(site: Site, pictures: Path) -> None:
    done = run("play", plan(site, pictures), "--json")
    assert done.returncode == 0, done.stdout
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["ok"] for line in lines[:2]] == [True, True]
    assert [(line["session"], line["expect"], line["outcome"]) for line in lines[2:]] == [
        (1, "genuine", "accepted"),
        (2, "genuine", "accepted"),
        (3, "impostor", "no_match"),
        (4, "impostor", "no_match"),
    ]
    assert [line["seq"] for line in lines[2:4]] == sorted(site.punches())
    assert all(line["touch_to_green_ms"] > 0 for line in lines[2:4])
    assert "091946" not in done.stdout + done.stderr


def test_a_plan_that_others_may_read_is_refused(site: Site, pictures: Path) -> None:
    done = run("play", plan(site, pictures, 0o644))
    assert done.returncode == 1
    assert "chmod 600" in done.stderr


def test_enrol_in_words_and_only_for_people_on_the_roster(site: Site) -> None:
    """R6.5"""
    done = run("enrol", "--config", site.config, "--person", person(9).hex(), "--finger", "left_index")
    assert done.returncode == 1
    assert "दर्ज नहीं हुआ: यह व्यक्ति इस मशीन की सूची में नहीं है" in done.stdout
    assert "Not enrolled: this person is not on the terminal's roster" in done.stdout
    assert "roster" in done.stdout


def test_status_tells_figures(site: Site) -> None:
    done = run("status", "--config", site.config, "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["people"], answer["serving"]) == (0, 2, True)


def test_a_second_terminal_on_the_same_sockets_does_not_start(site: Site) -> None:
    done = run("terminal", "--config", site.config)
    assert done.returncode == 1
    assert "control.sock" in done.stderr


def test_the_text_screen_goes_to_stdout_and_no_name_to_stderr(tmp_path: Path, pictures: Path) -> None:
    site = Site(tmp_path)
    site.people(site.authority.entry(person(1), "091946"))
    site.start()
    assert site.enrol(person(1), 1, [pictures / f"101_{i}.png" for i in (1, 2, 3, 5, 1, 2)])["ok"]
    site.stop()
    command = [sys.executable, "-m", "edge", "terminal", "--config", str(site.config), "--screen", "text"]
    pipe = subprocess.PIPE
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        site.process = process
        site.wait(lambda: serves(site))
        assert site.punch("091946", pictures / "101_4.png")["outcome"] == "accepted"
        process.terminate()
        out, err = process.communicate(timeout=60)
        site.process = None
    assert "Synthetic 1" in out
    assert "Synthetic" not in err
    assert "outcome=accepted" in err


def serves(site: Site) -> bool:
    try:
        return bool(site.status()["serving"])
    except DeviceGone:
        return False


def test_capture_leaves_the_sensor_to_a_running_terminal(site: Site) -> None:
    done = run("capture", "--config", site.config, "--out", site.folder / "finger.png")
    assert done.returncode == 1
    assert "stop it first" in done.stderr


def test_a_plan_whose_keys_the_device_refuses_is_said_at_once(site: Site, pictures: Path) -> None:
    path = plan(site, pictures)
    steps = json.loads(path.read_text())
    path.write_text(json.dumps({**steps, "enrol": [], "punches": [{**steps["punches"][0], "digits": "1" * 40}]}))
    done = run("play", path)
    assert done.returncode == 1
    assert "virtual device" in done.stderr
    assert "1111" not in done.stderr


def test_one_odd_impression_does_not_spoil_an_enrolment(site: Site, pictures: Path) -> None:
    """Even the first: the views that agree are kept, three events and no more."""
    before = site.status()["seq"]
    names = ("102_4", "101_1", "101_2", "101_3", "101_5") * 2
    answer = site.enrol(person(2), 2, [pictures / f"{name}.png" for name in names])
    assert answer["ok"], answer
    assert answer["seqs"] == [before + 1, before + 2, before + 3]
    assert site.punch("091947", pictures / "101_4.png")["person"] == person(2).hex()


def test_two_whose_fingers_cannot_be_told_apart_are_both_refused(site: Site, pictures: Path) -> None:
    """S5: one finger is enrolled for both; once they share digits, nobody punches with it and nothing is guessed."""
    finger = pictures / "101_4.png"
    assert site.punch("091946", finger)["person"] == person(1).hex()
    assert site.punch("091947", finger)["person"] == person(2).hex()
    version = site.status()["roster_version"]
    site.people(*(site.authority.entry(person(n), "091946") for n in (1, 2)))
    site.wait(lambda: site.status()["roster_version"] > version)
    count = len(site.punches())
    assert site.punch("091946", finger)["outcome"] == "too_close"
    assert len(site.punches()) == count
    assert site.punch("091946", pictures / "102_5.png")["person"] == person(2).hex()


def test_capture_writes_a_picture_only_its_owner_can_read(tmp_path: Path, pictures: Path) -> None:
    sensor = f'[[sensors]]\ndriver = "virtual"\noptions = {{ socket = "{tmp_path}/v.sock" }}\n'
    (tmp_path / "edge.toml").write_text(f'state_dir = "{tmp_path}"\nruntime_dir = "{tmp_path}/run"\n{sensor}')
    (tmp_path / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as killed:  # a terminal that was killed leaves its socket behind
        killed.bind(str(tmp_path / "run" / "control.sock"))
    stop = threading.Event()

    def lay_a_finger() -> None:
        while not stop.wait(0.05):
            with contextlib.suppress(DeviceGone), LineClient(tmp_path / "v.sock") as hands:
                hands.ask({"do": "place", "picture": str(pictures / "101_1.png")})

    person = threading.Thread(target=lay_a_finger)
    person.start()
    done = run("capture", "--config", tmp_path / "edge.toml", "--out", tmp_path / "out.png")
    stop.set()
    person.join()
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.png").stat().st_mode & 0o777 == 0o600
    assert codec.picture((tmp_path / "out.png").read_bytes()).shape == (288, 256)
