"""`hazri-edge selftest` and the daily one on a running terminal: the command, the socket, the device's thread (S11)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.lines import LineClient, Message
from matching.synthetic import generate
from tests.flow.terminal_site import ROOT, Site, run


@pytest.fixture(scope="module")
def finger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic") / "fingers"
    generate(1, 1, 31, out, condition="good")
    return out / "101_1.png"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.config.write_text(site.config.read_text() + '[terminal]\nselftest_at = "00:00"\n')
    site.people()
    yield site
    if site.process:
        assert site.stop() == 0


def obliged(site: Site, finger: Path) -> tuple[int, str, str]:
    """The command, with somebody who does as it says: code, stdout, stderr."""
    command = [sys.executable, "-m", "edge", "selftest", "--json", "--timeout", "10", "--config", str(site.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = process.stderr.readline()
        site.glass.lay(finger)
        out = process.stdout.read()
        return process.wait(30), out, told + process.stderr.read()


def follow_to_the_end(clerk: LineClient) -> Message:
    while "ok" not in (message := clerk.next()):
        pass
    return message


def test_the_command_asks_the_running_terminal_and_lets_no_picture_out(
    site: Site, finger: Path, tmp_path: Path
) -> None:
    soiled = tmp_path / "soiled.png"
    picture = cv2.imread(str(finger), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    cv2.imwrite(str(soiled), np.asarray(230 - 0.3 * (255 - picture.astype(np.float32)), np.uint8))
    site.start()
    site.wait(lambda: any(e["event"] == "selftest" for e in site.events))
    (daily,) = [e for e in site.events if e["event"] == "selftest"]
    assert (daily["device"], daily["verdict"], daily["glass"], daily["score"]) == ("virtual", "here", "clean", 100)
    with site.hands() as hands:
        hands.ask({"do": "soil", "picture": str(soiled)})
    code, out, err = obliged(site, finger)
    (found,) = json.loads(out)
    assert (code, found["device"], found["verdict"]) == (0, "virtual", "fine"), err
    assert found["quality"]["score"] > 50
    assert found["glass"]["glass"] == "print"
    assert "clean it" in found["glass"]["en"]
    assert "place a finger" in err
    status = json.loads(run("status", "--json", "--config", site.config).stdout)
    assert status["selftest"]["virtual"]["glass"] == "clean", "the daily one's word stands until the next day"
    site.glass.lift()
    with site.hands() as hands, site.control() as eyes:
        eyes.ask({"do": "watch"})
        with site.control() as clerk:
            clerk.ask({"do": "selftest", "timeout_s": 1})
            hands.ask({"do": "press", "keys": ["1", "2"]})
            assert follow_to_the_end(clerk)["ok"]
        hands.ask({"do": "press", "keys": ["3"]})
        states = [eyes.next()["state"] for _ in range(3)]
        assert states == ["technician", "idle", "typing"], "the keys before that were the self-test's"
        with site.control() as clerk:
            waiting = clerk.ask({"do": "selftest", "timeout_s": 0.3})
            assert (waiting["event"], "busy with somebody" in waiting["en"]) == ("waiting", True)
            hands.ask({"do": "press", "keys": ["clear"]})
            assert follow_to_the_end(clerk)["ok"]
    untouched = run("selftest", "--timeout", "0.3", "--config", site.config)
    assert (untouched.returncode, "nobody touched it" in untouched.stdout) == (1, True)
