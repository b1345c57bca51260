"""Pure: what comes next in an update, from what is seen on the disk. No I/O.

    rest ─ a newer release ─▶ fetch ─▶ stage ─▶ try ─▶ switch ─▶ restart ─▶ judge ─ well ─▶ commit ─▶ rest
                                                │ it does not even start           │ not well, or who judged is gone
                                                ▼                                  ▼
                                              refuse                            go back ─▶ restart ─▶ rest

Every step is decided anew from the disk, and each changes it in one rename. So whoever is killed anywhere and started
again goes on, and in between one of two whole versions runs. What must stay true here:

* whatever `current` points to is whole: a slot gets its name when it is complete, and no slot that is `current` or
  `good` is touched;
* a version on trial that nobody watches is left: who finds one that it did not start itself goes back;
* services never run what `current` does not say for longer than until the next run: `restart_due` is written before the
  link is changed, and taken away after the restart;
* versions go forward only: never below the highest that proved itself; back goes only a trial, to the slot before it.
"""

from dataclasses import dataclass, replace
from enum import Enum

from sync.release import number

MOST_TRIES = 3
"""So often a release is switched to; power cuts are no reason to refuse it at once."""


class Step(Enum):
    REST = "rest"
    FETCH = "fetch"
    STAGE = "stage"
    TRY = "try"
    SWITCH = "switch"
    RESTART = "restart"
    JUDGE = "judge"
    COMMIT = "commit"
    GO_BACK = "go back"


class Verdict(Enum):
    """Of a version on trial."""

    NONE = "none"
    WELL = "well"
    ILL = "ill"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The release that is offered, and how far it is here."""

    version: str
    fetched: bool = False
    staged: bool = False
    tried: bool = False  # this process saw it start, beside what runs


@dataclass(frozen=True, slots=True)
class Journal:
    """What is remembered: `floor` the highest version that proved itself, `tries` switches to `trying`, `refused` what
    was found ill, `note` how the last trial ended."""

    floor: str = ""
    trying: str = ""
    tries: int = 0
    refused: tuple[str, ...] = ()
    restart_due: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """`current` and `good`: where the two links point; `version`: of what `good` is. `mine`: this process has switched
    to `current` itself. `open`: it is an hour at which services may be restarted."""

    current: str
    good: str
    version: str
    journal: Journal = Journal()
    wanted: Wanted | None = None
    verdict: Verdict = Verdict.NONE
    mine: bool = False
    open: bool = True


def decide(seen: Seen) -> tuple[Step, str]:
    """The next step, and why."""
    if seen.current != seen.good:
        return _on_trial(seen)
    if seen.journal.restart_due:
        return Step.RESTART, "the services may still run what is no longer current"
    if seen.wanted is None:
        return Step.REST, "nothing is offered"
    why_not = refusal(seen.wanted.version, seen.version, seen.journal)
    if why_not:
        return Step.REST, why_not
    return _forward(seen.wanted, seen.open)


def refusal(wanted: str, version: str, journal: Journal) -> str:
    """Why this version is not installed over that one; empty: it may be."""
    if number(wanted) == number(version):
        return f"{version} is what runs"
    if number(wanted) < number(version):
        return f"{wanted} is older than {version}, which runs"
    if journal.floor and number(wanted) < number(journal.floor):
        return f"{wanted} is older than {journal.floor}, which ran here"
    if wanted in journal.refused:
        return f"{wanted} was tried here and found ill: {journal.note}"
    if journal.trying == wanted and journal.tries >= MOST_TRIES:
        return f"{wanted} was tried {journal.tries} times, and each time something broke it off"
    return ""


def _on_trial(seen: Seen) -> tuple[Step, str]:
    if seen.verdict is Verdict.WELL:
        return Step.COMMIT, "it is well"
    if seen.verdict is Verdict.ILL:
        return Step.GO_BACK, "it is not well"
    if not seen.mine:
        return Step.GO_BACK, "who watched its trial is gone"
    if seen.journal.restart_due:
        return Step.RESTART, "the services run what was before it"
    return Step.JUDGE, "is it well?"


def _forward(wanted: Wanted, hours: bool) -> tuple[Step, str]:
    if not wanted.staged:
        return (Step.STAGE, "everything is here") if wanted.fetched else (Step.FETCH, f"{wanted.version} is offered")
    if not wanted.tried:
        return Step.TRY, "does it start?"
    if not hours:
        return Step.REST, f"{wanted.version} waits until nobody punches"
    return Step.SWITCH, f"{wanted.version} is ready"


def switching(journal: Journal, version: str) -> Journal:
    """What is written down before `current` is turned to this version."""
    tries = journal.tries + 1 if journal.trying == version else 1
    return replace(journal, trying=version, tries=tries, restart_due=True)


def going_back(journal: Journal) -> Journal:
    """Before `current` is turned back."""
    return replace(journal, restart_due=True)


def restarted(journal: Journal) -> Journal:
    return replace(journal, restart_due=False)


def refused(journal: Journal, version: str, why: str) -> Journal:
    """After a version was found ill; the last sixteen are remembered."""
    kept = (*(one for one in journal.refused if one != version), version)[-16:]
    return replace(journal, refused=kept, note=f"{version}: {why}"[:300])


def proved(journal: Journal, version: str) -> Journal:
    """After a version was made the good one."""
    floor = max((journal.floor or version, version), key=number)
    return replace(journal, floor=floor, trying="", tries=0, note=f"{version}: well")


@dataclass(frozen=True, slots=True)
class Hours:
    """When nobody punches: from and until minutes of the local day, over midnight where `until` is less."""

    begin_min: int
    until_min: int

    def open(self, minute: int) -> bool:
        if self.begin_min <= self.until_min:
            return self.begin_min <= minute < self.until_min
        return minute >= self.begin_min or minute < self.until_min
