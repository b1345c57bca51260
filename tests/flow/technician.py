"""A technician's hands, and a machine that does not exist: a card as a file, a boot partition, and the units that
systemd would start. Everything that is run is the real command; what is typed by hand is counted."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.lines import LineClient
from edge.image import dropin
from server.demo.stage import Program
from tests.unit.server.process import ROOT, Server

WAIT_S = 120.0


def wait(true: Callable[[], bool], what: str = "it came to pass") -> None:
    until_s = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < until_s, f"not in {WAIT_S:.0f} s: {what}"
        time.sleep(0.05)


class Hands:
    """What people type and tap, counted, and how long it has taken."""

    def __init__(self, server: Server) -> None:
        self.done: list[str] = []
        self.began_s = time.monotonic()
        self._server = server
        self._path = server.folder / "bin"
        self._path.mkdir()
        program = self._path / "hazri-server"  # which the bench has on its path, as an office's computer has
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m server "$@" --config {server.config}\n')
        program.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self._path}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    @property
    def took_s(self) -> float:
        return time.monotonic() - self.began_s

    def server(self, *words: str, stdin: str = "") -> str:
        self.done.append(f"hazri-server {' '.join(words[:2])}")
        done = self._server.command(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def edge(self, *words: str) -> str:
        self.done.append(f"hazri-edge {' '.join(words[:2])}")
        command = [sys.executable, "-m", "edge", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=ROOT, env=self.environment, timeout=WAIT_S
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tap(self, what: str) -> None:
        self.done.append(what)


class Machine:
    """A board with a blank card in it; `boot` is its FAT partition. `plug_in` is what systemd does then."""

    def __init__(self, folder: Path, hands: Hands) -> None:
        folder.mkdir()
        self.folder, self._hands = folder, hands
        self.python = sys.executable  # what the units run
        self.card, self.state = folder / "card.img", folder / "state"
        self.config = folder / "edge.toml"
        self.config.write_text(
            f'state_dir = "{self.state}"\nruntime_dir = "{folder}/run"\n'
            f'[[sensors]]\ndriver = "virtual"\noptions = {{ socket = "{folder}/run/virtual.sock" }}\n'
            "[sync]\nretry_max_s = 2.0\n"
        )
        blank = ["mformat", "-C", "-T", "65536", "-i", str(self.card), "::"]
        subprocess.run(blank, check=True, capture_output=True)
        self.events: dict[str, list[dict[str, Any]]] = {"terminal": [], "sync": []}
        self._units: dict[str, Program] = {}

    def plug_in(self) -> threading.Thread:
        """Power on: hazri-firstboot.service waits for approval, and the two others start after it (`up`)."""
        boot = self.folder / "boot"
        boot.mkdir()
        command = ["mcopy", "-i", str(self.card), f"::{dropin.NAME}", str(boot)]  # as the kernel would mount it
        subprocess.run(command, check=True, capture_output=True)
        thread = threading.Thread(target=self.firstboot, args=(boot,))
        thread.start()
        return thread

    def up(self, first: threading.Thread) -> None:
        """Once it is let in. Programs end with the thread that started them (server.leash), so not that one does."""
        first.join()
        (self.folder / "run").mkdir()
        self.start("terminal")
        self.start("sync")

    def firstboot(self, folder: Path) -> str:
        """The program of hazri-firstboot.service and hazri-stick@.service. It has no programs of a system here, so that
        this computer keeps its own time zone and its own units."""
        command = [sys.executable, "-m", "edge", "firstboot", "--from", str(folder), "--config", str(self.config)]
        bare = {**self._hands.environment, "PATH": str(self.folder)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=bare, timeout=WAIT_S)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, unit: str) -> None:
        command = ["-m", "edge", unit, "--events", "json", "--config", str(self.config)]
        heard = self.events[unit]
        heard.clear()
        self._units[unit] = Program(
            unit, command, self.folder, lambda line: heard.append(json.loads(line)), self.python
        )

    def stop(self, *units: str) -> None:
        for unit in units or tuple(self._units):
            self._units.pop(unit).stop()

    def pids(self) -> dict[str, int]:
        """Of the units that were started."""
        return {unit: program.pid for unit, program in self._units.items()}

    def said(self, unit: str, **fields: Any) -> list[dict[str, Any]]:
        """What a unit has said with these fields."""
        return [one for one in list(self.events[unit]) if all(one.get(name) == value for name, value in fields.items())]

    @property
    def made(self) -> int:
        return max((int(one["seq"]) for one in self.said("terminal", outcome="accepted")), default=0)

    @property
    def receipted(self) -> int:
        return max((int(one["seq"]) for one in self.said("sync", event="receipted")), default=0)

    def people(self) -> int:
        told = [one for one in list(self.events["terminal"]) if "people" in one]
        return int(told[-1]["people"]) if told else 0

    def templates(self) -> int:
        told = [one for one in list(self.events["terminal"]) if "templates" in one]
        return int(told[-1]["templates"]) if told else 0

    # ---- whoever stands before it

    def lay(self, picture: Path) -> None:
        with LineClient(self.folder / "run" / "virtual.sock") as hand:
            hand.ask({"do": "lift"})
            hand.ask({"do": "place", "picture": str(picture)})

    def lay_when_asked(self, pictures: list[Path]) -> threading.Thread:
        """A finger laid down each time the screen asks for it."""
        left = list(pictures)

        def work() -> None:
            with LineClient(self.folder / "run" / "control.sock", WAIT_S) as eyes:
                eyes.ask({"do": "watch"})
                while left:
                    if eyes.next().get("state") in ("enrol_place", "place"):
                        self.lay(left.pop(0))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def punch(self, digits: str, picture: Path) -> dict[str, Any]:
        control, virtual = (LineClient(self.folder / "run" / f"{one}.sock", WAIT_S) for one in ("control", "virtual"))
        with control as eyes, virtual as hand:
            eyes.ask({"do": "watch"})
            hand.ask({"do": "lift"})
            hand.ask({"do": "press", "keys": [*digits, "enter"]})
            while (seen := eyes.next()).get("event") != "outcome":
                if seen.get("state") == "place":
                    self.lay(picture)
        return seen
