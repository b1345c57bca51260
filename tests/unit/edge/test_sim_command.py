"""`hazri-edge sim`: any pretended device on its own, played by lines on stdin, ended by "quit" or a signal."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drivers import OptionError, registry
from drivers.entry import Stage
from edge.devices import sim
from tests.flow.terminal_site import run


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "edge", "sim", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("device", ["modem", "camera", "http_capture", "rdservice"])
def test_a_device_plays_until_it_is_told_to_quit(device: str, tmp_path: Path) -> None:
    where = ["--tcp", "127.0.0.1:0"] if device in ("http_capture", "rdservice") else ["--pty", tmp_path / "link"]
    with started(device, *where, "--no-pacing") as process:
        out, err = process.communicate("help\ndance\nquit\n", timeout=30)
    assert process.returncode == 0
    assert err == ""
    assert out.startswith(f"{device} at ")
    assert "* " in out, "the variant it plays is marked"
    assert re.search("^no: ", out, re.MULTILINE), "what it does not know is said"
    assert not (tmp_path / "link").is_symlink(), "the link went with it"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_end_of_stdin_does_not(number: signal.Signals, tmp_path: Path) -> None:
    with started("modem", "--pty", tmp_path / "link") as process:
        assert first_line(process) == f"modem at {tmp_path / 'link'}"
        assert process.stdin is not None
        process.stdin.close()
        told = [first_line(process) for _ in range(5)]
        assert told.count("no more is typed: it plays on until Ctrl-C") == 1, "said at once"
        assert (tmp_path / "link").is_symlink()
        process.send_signal(number)
        assert process.wait(30) == 0
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["virtul"], "did you mean 'virtual'"),
        (["modm"], "did you mean 'modem'"),
        (["nothing like it"], "there are: adms, camera"),
        (["zk", "--tcp", "127.0.0.1:0", "--library", "Makefile"], "Makefile, line 1: expected badge"),
        (["zk", "--tcp", "127.0.0.1:0", "--library", "/nowhere"], "/nowhere: No such file"),
        (["virtual"], "plays itself"),
        (["modem", "--variant", "nokia"], "sim800"),
        (["rdservice", "--tcp", "nowhere"], "HOST:PORT"),
        (["zk", "--tcp", "1"], "HOST:PORT"),
        (["adms", "--tcp", "1"], "HOST:PORT"),
        (["uru4000", "--tcp", "1"], "HOST:PORT"),
        (["camera_net", "--tcp", "host:70000"], "HOST:PORT"),
        (["camera", "--library", "/nowhere"], "/nowhere: No such file"),
        (["modem", "--pty", "/nowhere/at/all"], "No such file"),
        (["rdservice", "--tcp", "127.0.0.1:0", "--library", "Makefile"], "rdservice has nothing to take from it"),
    ],
)
def test_what_cannot_be_played_is_said_and_ends_with_2(arguments: list[str], words: str) -> None:
    done = run("sim", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "edge.toml" not in done.stderr, "no settings were read"


@pytest.mark.parametrize("library", ["folder", "folder/1_1.png", "locked"])
@pytest.mark.parametrize("device", ["uru4000", "camera", "http_capture", "zfm"])
def test_pictures_that_may_not_be_read_are_said_in_one_line(device: str, library: str, tmp_path: Path) -> None:
    """Root may read everything, so the tests may have to give that up."""
    for folder in ("folder", "locked"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1_1.png").write_bytes(b"whatever")
    (tmp_path / "folder/1_1.png").chmod(0)
    (tmp_path / "locked").chmod(0)
    humbly = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*humbly, sys.executable, "-m", "edge", "sim", device, "--library", str(tmp_path / library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    (tmp_path / "locked").chmod(0o700)  # pytest clears it away
    assert done.returncode == 2
    assert re.fullmatch(r"hazri-edge: library = \S+: Permission denied\n", done.stderr)


@pytest.mark.parametrize("device", ["zk", "camera_net", "modem"])
def test_help_names_itself_and_the_way_out(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    where = {} if device == "modem" else {"tcp": "127.0.0.1:0"}
    assert sim.run(device, Stage(**where, pacing=False), typed=io.StringIO("help\nquit\n")) == 0  # type: ignore[arg-type]
    told = [line for line in capsys.readouterr().out.splitlines() if line.endswith("· help · quit")]
    assert len(told) == 2, "when it begins, and when it is asked"


def test_two_places_at_once_are_refused() -> None:
    assert run("sim", "modem", "--tcp", "127.0.0.1:0", "--pty", "/x").returncode == 2


def test_every_simulator_of_the_registry_can_be_started_by_name() -> None:
    assert "modem" in sim.names()
    for name in sim.names():
        assert sim.find(name).variants
    for name, entry in registry.DRIVERS.items():
        if entry.simulator is None:
            with pytest.raises(OptionError, match=r"plays itself|no simulator"):
                sim.find(name)
    with pytest.raises(OptionError, match="sim800"):
        sim.run("modem", Stage(variant="x"))
