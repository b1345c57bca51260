"""What every fault goal reports: how much was tried, what broke, and in whose words."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Step = Callable[[int], None]  # told how many have been tried


@dataclass
class Result:
    """One line of the table. `violations` names each by its seed, so that it can be tried again alone."""

    goal: str
    tried: int = 0
    violations: list[str] = field(default_factory=list)
    remark: str = ""

    def wrong(self, what: str) -> None:
        if len(self.violations) < 1000:
            self.violations.append(what)


def quiet(done: int) -> None:
    """Tells nobody."""


def memory() -> Path:
    """A folder whose files are in memory where there is such a place: hundreds of thousands of disks are made here."""
    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="hazri-faults-", dir=shm if shm.is_dir() and os.access(shm, os.W_OK) else None))


def empty(folder: Path) -> None:
    for name in os.listdir(folder):  # noqa: PTH208 - the innermost loop of the power cuts
        os.unlink(f"{folder}/{name}")  # noqa: PTH108


def clean(result: Result, least: int) -> None:
    """So many were tried, and nothing broke."""
    assert result.violations == []
    assert result.tried >= least
