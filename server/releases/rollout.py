"""Moves a release through a district's rings: 1, 10, then all of its terminals, and halts it by itself.

What each district is at is a small file; what terminals are told is signed by the district's key. The file is written
first: who is cut off between the two signs again what the file says.
"""

import json
from collections.abc import Callable, Container, Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from server import ReleaseError
from server.releases.files import write
from server.releases.gate import Gate, Seen, Verdict, judge
from sync import WireError
from sync.release import RINGS, number, within

if TYPE_CHECKING:
    from server.releases.repository import Repository

_FILE = "rollouts.json"


class State(StrEnum):
    ROLLING = "rolling"
    DONE = "done"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far a district is with a version. `since_ms`: of this ring, or of its halt; `why` the gate let it wait, go on
    or halted it, and what was `seen`, when it was last looked at (`looked_ms`)."""

    version: str
    percent: int
    since_ms: int
    state: State
    why: str = ""
    signed: bool = False
    looked_ms: int = 0
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a terminal last said: its version, whether it serves people, and when. `districts`: whose offer it takes,
    the first of them that offers something."""

    terminal: str
    districts: tuple[str, ...]
    software: str
    serving: bool
    at_ms: int


class Rollouts:
    """Of every district of a repository. Each method raises ReleaseError."""

    def __init__(self, repository: "Repository", gate: Gate = Gate()) -> None:
        self._repository, self._gate = repository, gate

    def all(self) -> dict[str, Rollout]:
        return kept(self._repository.folder)

    def begin(self, name: str, version: str, now_ms: int) -> Rollout:
        """Offer a version to the first ring. Forward only: what is wrong with a version is mended by a later one."""
        before = self.all().get(name)
        try:
            if before and number(version) <= number(before.version):
                raise ReleaseError(f"{name} is at {before.version} already; only a later version follows")
        except WireError as error:
            raise ReleaseError(str(error)) from None
        if version not in {known for known, _ in self._repository.releases()}:
            raise ReleaseError(f"{version}: no such release; it has to be signed and published first")
        return self._set(name, Rollout(version, RINGS[0], now_ms, State.ROLLING))

    def halt(self, name: str, why: str, now_ms: int) -> Rollout:
        """Offer it to nobody else. Those that run it keep it: they are well, or have gone back by themselves."""
        before = self.all().get(name)
        if before is None:
            raise ReleaseError(f"{name}: nothing is rolled out there")
        return self._set(name, replace(before, percent=0, since_ms=now_ms, state=State.HALTED, why=why[:300]))

    def advance(self, reports: Callable[[], Iterable[Report]], now_ms: int) -> dict[str, tuple[Rollout, str]]:
        """Look at every district that is under way: wait, go on to the next ring, or halt. By a timer, hourly."""
        told = list(reports())
        found = {}
        for name, one in self.all().items():
            rollout = one if one.signed else self._set(name, one)
            if rollout.state is State.ROLLING:
                found[name] = self._look(name, rollout, told, now_ms)
        return found

    def _look(self, name: str, rollout: Rollout, told: list[Report], now_ms: int) -> tuple[Rollout, str]:
        offering = self.all()
        found = seen(rollout, [one for one in told if _follows(one, offering) == name])
        verdict, why = judge(found, self._gate, now_ms - rollout.since_ms)
        rollout = replace(rollout, why=why[:300], looked_ms=now_ms, seen=found)
        match verdict:
            case Verdict.HALT:
                self._keep(name, rollout)
                rollout = self.halt(name, why, now_ms)
            case Verdict.ADVANCE:
                rollout = self._set(name, _next(rollout, now_ms))
            case Verdict.WAIT:
                self._keep(name, rollout)
            case _:
                assert_never(verdict)
        return rollout, f"{verdict.value}: {why}"

    def _set(self, name: str, rollout: Rollout) -> Rollout:
        if name not in self._repository.districts():
            raise ReleaseError(f"{name}: no such district; there are {', '.join(self._repository.districts())}")
        self._keep(name, replace(rollout, signed=False))
        self._repository.offer(name, rollout.version, rollout.percent)
        return self._keep(name, replace(rollout, signed=True))

    def _keep(self, name: str, rollout: Rollout) -> Rollout:
        known = {**self.all(), name: rollout}
        told = json.dumps({district: asdict(one) for district, one in known.items()}, indent=1)
        write(self._repository.folder / _FILE, told.encode())
        return rollout


def kept(folder: Path) -> dict[str, Rollout]:
    """How far each district of the repository in `folder` is; none where there is none. Raises ReleaseError."""
    file = folder / _FILE
    try:
        data = file.read_bytes() if file.exists() else b"{}"
        return {name: _rollout(one) for name, one in json.loads(data).items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReleaseError(f"{file}: not sound ({error})") from None


def _rollout(one: dict[str, Any]) -> Rollout:
    """Raises ValueError, TypeError, KeyError."""
    found = one.get("seen")
    return Rollout(**{**one, "state": State(one["state"]), "seen": Seen(**found) if found else None})


def _follows(one: Report, offering: Container[str]) -> str:
    return next((name for name in one.districts if name in offering), "")


def seen(rollout: Rollout, reports: Iterable[Report]) -> Seen:
    """The district's terminals, counted for the gate."""
    members = heard = running = ill = others = others_ill = 0
    for one in reports:
        fresh = one.at_ms >= rollout.since_ms
        ours = within(one.terminal, rollout.percent)
        runs = one.software == rollout.version
        members += ours
        heard += ours and fresh
        running += ours and fresh and runs
        ill += ours and fresh and runs and not one.serving
        others += fresh and not runs
        others_ill += fresh and not runs and not one.serving
    return Seen(members, heard, running, ill, others, others_ill)


def _next(rollout: Rollout, now_ms: int) -> Rollout:
    later = [ring for ring in RINGS if ring > rollout.percent]
    if not later:
        return replace(rollout, state=State.DONE)
    return replace(rollout, percent=later[0], since_ms=now_ms)
