"""Pure: may a release go on to the next ring? By the health that terminals themselves report. No I/O.

A release is halted when those that run it are worse off than those that do not, or when most of the ring did not take
it: a terminal whose new version is not well goes back by itself, and then reports the old one. It goes on when nearly
all of the ring that were heard of run it and are well, after a whole day of people has passed.
"""

from dataclasses import dataclass
from enum import Enum

HOUR_MS = 3_600_000


class Verdict(Enum):
    WAIT = "wait"
    ADVANCE = "advance"
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class Gate:
    """`soak_h`: how long a ring is watched at least. `taken`: the share of the ring, of those heard of since, that must
    run it. `worse`: by how much the share of ill terminals may be above that outside of the ring. After `patience_h`
    a ring of which fewer than half took it is given up."""

    soak_h: float = 24.0
    taken: float = 0.9
    worse: float = 0.05
    patience_h: float = 96.0


@dataclass(frozen=True, slots=True)
class Seen:
    """Terminals in numbers. `members`: of the ring; `heard` of them since it began; `running` the release of those
    heard; `ill` of those running it. `others`, `others_ill`: heard of and not running it, in the ring or not."""

    members: int
    heard: int
    running: int
    ill: int
    others: int
    others_ill: int


def judge(seen: Seen, gate: Gate, since_ms: int) -> tuple[Verdict, str]:
    """And why, in words. `since_ms`: how long the ring has been offered it."""
    worse = _share(seen.ill, seen.running) - _share(seen.others_ill, seen.others)
    if seen.ill and worse > gate.worse:
        return Verdict.HALT, f"{seen.ill} of {seen.running} that run it are ill, {_of(seen.others_ill, seen.others)}"
    if not seen.members:
        return Verdict.ADVANCE, "no terminal is in this ring"
    took = f"{seen.running} of {seen.heard} heard of run it, of {seen.members} in the ring"
    if since_ms < gate.soak_h * HOUR_MS:
        return Verdict.WAIT, f"{took}; it is watched for {gate.soak_h:g} h"
    if not seen.heard:
        return Verdict.WAIT, "no terminal of the ring was heard of"
    if _share(seen.running, seen.heard) >= gate.taken:
        return Verdict.ADVANCE, took
    if since_ms >= gate.patience_h * HOUR_MS and 2 * seen.running < seen.heard:
        return Verdict.HALT, f"only {took}"
    return Verdict.WAIT, took


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _of(part: int, whole: int) -> str:
    return f"and {part} of {whole} that do not"
