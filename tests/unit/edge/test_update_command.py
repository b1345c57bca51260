"""`hazri-edge update` from a stick: the root given once, what is offered, what is installed, and what it says."""

import argparse
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.model import Edge
from edge.__main__ import _settings, parser
from edge.update import TrustError, command, machine
from edge.update.command import Updating
from edge.update.slots import Slots
from edge.update.steps import Hours
from sync.admission import NOTHING
from tests.unit.edge.update_site import DISTRICT, Makers, Terminal, make_wheels

OLD, NEW = "0.1.0", "0.2.0"


class Machine:
    """A terminal that was set up, and a stick in it."""

    def __init__(self, folder: Path) -> None:
        self.makers = Makers(folder / "makers")
        self.terminal = Terminal(folder / "opt", make_wheels(folder / "old", OLD), OLD)
        (folder / "root.json").write_bytes(self.makers.root)
        self.folder = folder
        self.updating = Updating(folder / "opt", "", DISTRICT, Hours(0, 0), 20, 30.0)

    def update(self, *words: str) -> int:
        args: argparse.Namespace = parser().parse_args(["update", "--config", str(self.folder / "edge.toml"), *words])
        args.config = None
        return command.update(args, _settings(Edge()), self.updating)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    admission = SimpleNamespace(terminal="gate-1", releases=NOTHING, offices=f"/hr/{DISTRICT}/hr-12-3/")
    monkeypatch.setattr(command.identity, "load_admission", lambda _: admission)
    monkeypatch.setattr(command, "_arch", lambda: "amd64")
    monkeypatch.setattr(command, "Slots", lambda root: Slots(root, flush=lambda: None, reserve=0))
    monkeypatch.setattr(machine, "_EVERY_S", 0.0)
    return Machine(tmp_path)


def test_from_a_stick(made: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    stick = ("--from", str(made.makers.public))
    with pytest.raises(TrustError, match="no root to believe"):
        made.update(*stick, "--check")
    assert made.update(*stick, "--root", str(made.folder / "root.json"), "--check") == 0
    assert "nothing is offered to district hr-12" in capsys.readouterr().out
    made.makers.release(NEW)
    made.makers.offer(NEW)
    made.update(*stick, "--check")
    assert capsys.readouterr().out == f"{NEW} is offered, and would be installed\n"
    made.update(*stick)
    assert capsys.readouterr().out.splitlines()[-1] == f"{NEW} waits until nobody punches"
    made.update(*stick, "--now")
    assert capsys.readouterr().out.splitlines()[-1] == f"{NEW} is what runs"
    made.update("--status")
    said = capsys.readouterr().out.splitlines()
    assert said == [f"runs {NEW} from slots/a", f"last: {NEW}: well"]
    assert made.terminal.state()[:2] == (NEW, NEW)


def test_its_office_says_whose_releases_it_takes(made: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest district of those above its office that offers something; what the settings say comes before that."""
    made.updating = replace(made.updating, district="")
    stick = ("--from", str(made.makers.public), "--check")
    made.update(*stick, "--root", str(made.folder / "root.json"))
    assert "to district hr-12-3 or hr-12 or hr or all for amd64" in capsys.readouterr().out
    made.makers.release(NEW)
    made.makers.offer(NEW, district="hr-13")
    made.update(*stick)
    assert "nothing is offered" in capsys.readouterr().out
    made.makers.offer(NEW)
    made.update(*stick)
    assert capsys.readouterr().out == f"{NEW} is offered, and would be installed\n"
    made.makers.offer(NEW, percent=0)
    made.updating = replace(made.updating, district="hr-13")
    made.update(*stick)
    assert capsys.readouterr().out == f"{NEW} is offered, and would be installed\n"


def test_a_district_that_halts_is_not_passed_by(made: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """What is offered to all is not for those whose own district holds them back."""
    made.makers = Makers(made.folder / "others", ("all", DISTRICT))
    (made.folder / "root.json").write_bytes(made.makers.root)
    made.updating = replace(made.updating, district="")
    made.makers.release(NEW)
    made.makers.offer(NEW, district="all")
    stick = ("--from", str(made.makers.public), "--check")
    made.update(*stick, "--root", str(made.folder / "root.json"))
    assert capsys.readouterr().out == f"{NEW} is offered, and would be installed\n"
    made.makers.offer(NEW, percent=0)
    made.update(*stick)
    assert "is offered to 0 % of the terminals" in capsys.readouterr().out


def test_another_root_is_refused(made: Machine, tmp_path: Path) -> None:
    """Each later root comes signed by the one before it."""
    made.update("--root", str(made.folder / "root.json"))
    (tmp_path / "other.json").write_bytes(b"{}")
    with pytest.raises(TrustError, match="there is a root already"):
        made.update("--root", str(tmp_path / "other.json"))


def test_a_trial_that_was_cut_off_is_settled_whatever_was_asked(
    made: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """S2: before the services start, and without a server."""
    release = made.makers.release(NEW)
    made.terminal.install(command.Folder(made.makers.public), release, hours=False)
    made.terminal.slots.turn("current", "slots/a")
    made.update("--settle")
    assert capsys.readouterr().out.splitlines()[0] == "update: go back: who watched its trial is gone"
    assert made.terminal.state()[:2] == (OLD, OLD)
