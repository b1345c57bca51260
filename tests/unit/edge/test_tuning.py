"""A module set to a faster line before it goes to its school (R3.1: what is cheap must be quick, too)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drivers.entry import Stage
from drivers.lines import LineServer
from drivers.zfm.sim import ZfmSim
from tests.flow.terminal_site import run


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ZfmSim]:
    with closing(ZfmSim(Stage(pty=tmp_path / "module", variant="r307", pacing=False))) as sim:
        yield sim


def config(folder: Path, *blocks: str) -> Path:
    path = folder / "edge.toml"
    sensors = "".join(f"[[sensors]]\n{block}\n" for block in blocks)
    path.write_text(f'state_dir = "{folder}/state"\nruntime_dir = "{folder}/run"\n{sensors}')
    return path


def test_the_module_at_a_port_is_set_and_keeps_it(module: ZfmSim, tmp_path: Path) -> None:
    done = run("sensors", "--set-baud", "115200", "--port", tmp_path / "module")
    assert (done.returncode, module.module.baud) == (0, 115200), done.stderr
    assert "57600 baud before, 115200 now" in done.stdout
    assert "a picture took 6.95 s, and takes 3.48 s" in done.stdout


def test_the_module_of_the_settings_is_set_and_a_fixed_speed_there_is_said(module: ZfmSim, tmp_path: Path) -> None:
    block = f'driver = "zfm"\noptions = {{ port = "{tmp_path}/module", baud = 57600 }}'
    done = run("sensors", "--set-baud", "115200", "--config", config(tmp_path, block))
    assert (done.returncode, module.module.baud) == (0, 115200)
    assert "the settings say baud = 57600: make that 115200" in done.stdout


def test_which_one_is_asked_for_where_that_is_not_clear(tmp_path: Path) -> None:
    one = 'driver = "zfm"\noptions = { port = "/dev/one" }'
    none = run("sensors", "--set-baud", "115200", "--config", config(tmp_path))
    assert (none.returncode, "no zfm sensor" in none.stderr, "--port" in none.stderr) == (1, True, True)
    two = run("sensors", "--set-baud", "115200", "--config", config(tmp_path, one, one.replace("one", "two")))
    assert (two.returncode, "/dev/one, /dev/two" in two.stderr) == (1, True)


def test_a_module_that_is_not_there_and_a_device_without_a_speed(tmp_path: Path) -> None:
    gone = run("sensors", "--set-baud", "115200", "--port", tmp_path / "nowhere")
    assert (gone.returncode, "nowhere" in gone.stdout) == (1, True)
    other = run("sensors", "--set-baud", "115200", "--driver", "gt521f", "--port", tmp_path / "nowhere")
    assert (other.returncode, "not kept by the device" in other.stderr) == (1, True)
    assert run("sensors", "--set-baud", "115201").returncode == 2


def test_a_running_terminal_holds_its_sensors(tmp_path: Path) -> None:
    with closing(LineServer(tmp_path / "run" / "control.sock", lambda _m, _p: None)) as server:
        server.start()
        done = run("sensors", "--set-baud", "115200", "--config", config(tmp_path))
    assert (done.returncode, "stop it first" in done.stderr) == (1, True)
