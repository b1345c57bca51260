"""Carries an update out, step by step as edge.update.steps decides.

Who is killed here is started again and goes on: nothing is kept in this object that is not on the disk, but what it saw
itself (`mine`, `verdict`, `tried`), and who does not know it goes back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from edge.update import UpdateError, journal, steps
from edge.update.fetch import Fetching
from edge.update.machine import Machine
from edge.update.slots import CURRENT, GOOD, Slots
from edge.update.steps import Seen, Step, Verdict, Wanted
from sync.release import Release, Wheel

Say = Callable[[str], None]
FOLDER, JOURNAL, INCOMING = "update", "journal.json", "incoming"
_OPEN = "open"  # a file that says: there may be something to settle (systemd/hazri-update-settle.service)
_MOST_STEPS = 32  # a whole update makes nine, with a trial to be left before it


@dataclass(frozen=True, slots=True)
class Parts:
    """What an update works with; `open` says whether services may be restarted now, `fetching` is None where nothing
    is to be fetched."""

    slots: Slots
    machine: Machine
    fetching: Fetching | None
    open: Callable[[], bool]
    say: Say


class Update:
    """One run over one machine."""

    def __init__(self, parts: Parts, release: Release | None = None) -> None:
        self._parts, self._release = parts, release
        self._journal = parts.slots.root / FOLDER / JOURNAL
        self._open = parts.slots.root / FOLDER / _OPEN
        self._verdict, self._mine, self._tried = Verdict.NONE, False, False
        self._why = ""

    def run(self) -> str:
        """Until there is nothing more to do; says why there is not. Raises UpdateError; run it again then."""
        self._parts.slots.tidy()
        for _ in range(_MOST_STEPS):
            step, why = steps.decide(self.seen())
            if step is Step.REST:
                self._open.unlink(missing_ok=True)
                return why
            self._parts.say(f"{step.value}: {why}")
            self._do(step)
        raise UpdateError("it does not come to an end")

    def seen(self) -> Seen:
        """What there is now. Raises SlotError."""
        slots = self._parts.slots
        current, good = slots.at(CURRENT), slots.at(GOOD)
        wanted = self._wanted() if current == good else None
        kept = journal.read(self._journal)
        version = slots.version(good)
        return Seen(current, good, version, kept, wanted, self._verdict, self._mine, self._parts.open())

    def _wanted(self) -> Wanted | None:
        release, fetching = self._release, self._parts.fetching
        if release is None:
            return None
        fetched = fetching is not None and fetching.here(release)
        return Wanted(release.version, fetched, self._parts.slots.staged(release), self._tried)

    def _do(self, step: Step) -> None:
        match step:
            case Step.REST:
                raise AssertionError("there is nothing to do")
            case Step.FETCH:
                self._parts.slots.check(self._wish)
                self._fetching.fetch(self._wish)
            case Step.STAGE:
                self._parts.slots.stage(self._wish, self._files())
                self._fetching.clear()
            case Step.TRY:
                self._try()
            case Step.SWITCH:
                self._note(steps.switching(self._kept, self._wish.version))
                journal.replace_file(self._open, b"")
                self._parts.slots.turn(CURRENT, self._parts.slots.spare)
                self._mine, self._verdict = True, Verdict.NONE
            case Step.RESTART:
                self._parts.machine.restart()
                self._note(steps.restarted(self._kept))
            case Step.JUDGE:
                self._why = self._parts.machine.ill(self._wish.version)
                self._verdict = Verdict.ILL if self._why else Verdict.WELL
            case Step.COMMIT:
                self._parts.slots.turn(GOOD, self._parts.slots.at(CURRENT))
                self._mine, self._verdict, self._tried = False, Verdict.NONE, False
                self._note(steps.proved(self._kept, self._wish.version))
            case Step.GO_BACK:
                self._go_back()
            case _:
                assert_never(step)

    def _try(self) -> None:
        """Where even that fails nobody has to go back."""
        slots = self._parts.slots
        why = self._parts.machine.starts(slots.root / slots.spare, self._wish.version)
        if why:
            self._note(steps.refused(self._kept, self._wish.version, why))
        self._tried = not why

    def _go_back(self) -> None:
        self._note(steps.going_back(self._kept))
        self._parts.slots.turn(CURRENT, self._parts.slots.at(GOOD))
        if self._verdict is Verdict.ILL:
            self._note(steps.refused(self._kept, self._wish.version, self._why))
        self._mine, self._verdict, self._tried = False, Verdict.NONE, False

    def _files(self) -> dict[Wheel, Path]:
        return self._fetching.files(self._wish)

    @property
    def _wish(self) -> Release:
        if self._release is None:
            raise UpdateError("no release")
        return self._release

    @property
    def _fetching(self) -> Fetching:
        if self._parts.fetching is None:
            raise UpdateError("nowhere to fetch from")
        return self._parts.fetching

    @property
    def _kept(self) -> steps.Journal:
        return journal.read(self._journal)

    def _note(self, kept: steps.Journal) -> None:
        self._journal.parent.mkdir(exist_ok=True)
        journal.write(self._journal, kept)
