"""What an update needs of the machine: does the new version start, restart the services, and is it well?

Well is: for three looks in a row its services run, and the terminal, where one serves people, notes itself as this
version, serving no worse than before the switch. A sensor that was broken before is no fault of the new version.
"""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge.health import condition
from sync.health import Serving

SERVICES = ("hazri-clock", "hazri-terminal", "hazri-sync", "hazri-bridge")
_LOOKS = 3
_EVERY_S = 5.0
_START_S = 60.0


class Machine(Protocol):
    """Each answers with a reason, empty where there is none."""

    def starts(self, slot: Path, version: str) -> str:
        """Beside what runs, without touching it: does this version start, and take this terminal's settings?"""
        ...

    def restart(self) -> None:
        """Let the services run what `current` is now."""
        ...

    def ill(self, version: str) -> str:
        """After a restart: what is wrong with it? Takes as long as it is asked to be patient, at most."""
        ...


class Systemd:
    """The real one. `limit_s`: how long a version has to become well."""

    def __init__(self, note: Path, settings: Path | None, limit_s: float) -> None:
        self._note, self._settings, self._limit_s = note, settings, limit_s
        self._ran: tuple[str, ...] = ()
        self._served = Serving.ABSENT

    def starts(self, slot: Path, version: str) -> str:
        program = str(slot / "bin" / "hazri-edge")
        said = _run(program, "--version")
        if said is None or version not in said.split():
            return f"it does not start, or is not {version}"
        with_settings = ("--config", str(self._settings)) if self._settings else ()
        for command in ("check", "update --status") if self._settings else ("update --status",):
            if _run(program, *command.split(), *with_settings) is None:
                return f"`hazri-edge {command}` fails"
        self._ran = tuple(unit for unit in SERVICES if _active(unit))
        before = condition.noted(self._note)
        self._served = before.serving if before else Serving.ABSENT
        return ""

    def restart(self) -> None:
        # Without waiting: a version that hangs while it starts is left as soon as one that runs and does nothing.
        _run("systemctl", "try-restart", "--no-block", *(f"{unit}.service" for unit in SERVICES))

    def ill(self, version: str) -> str:
        return patient(lambda: self._wrong(version), self._limit_s)

    def _wrong(self, version: str) -> str:
        for unit in self._ran:
            if not _active(unit):
                return f"{unit}.service does not run"
        if "hazri-terminal" not in self._ran or self._served is Serving.ABSENT:
            return ""
        now = condition.noted(self._note)
        if now is None or now.software != version:
            return "the terminal does not say that it runs"
        return "" if now.serving >= self._served else "the terminal serves nobody"


def patient(
    wrong: Callable[[], str],
    limit_s: float,
    sleep: Callable[[float], None] = time.sleep,
    now_s: Callable[[], float] = time.monotonic,
) -> str:
    """Empty after three looks in a row at which nothing was wrong; else what was, when patience ended."""
    end_s, looks = now_s() + limit_s, 0
    while True:
        why = wrong()
        looks = 0 if why else looks + 1
        if looks == _LOOKS:
            return ""
        if now_s() + _EVERY_S > end_s:
            return why or f"it was not well for long enough in {limit_s:.0f} s"
        sleep(_EVERY_S)


def _active(unit: str) -> bool:
    return _run("systemctl", "is-active", "--quiet", f"{unit}.service") is not None


def _run(*command: str) -> str | None:
    """What it printed; None where it failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_START_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
