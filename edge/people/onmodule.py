"""Modules that compare by themselves: what they are asked at a touch, and what their answer is worth. Pure.

A module's scores are in its own unit, and nobody has measured how many strangers reach one: its maker's threshold is
the only meaning there is. So a yes is a yes and no more; two people with a yes are two people who cannot be told apart
(S5); and the punch has the score of a finger that just passes, with the module's own figures in an event beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.base import DeviceTemplate, Driver, Feature, Informed, Matched, Matcher
from matching import Decision, Match, NoMatch, TooClose

JUST_PASSED = 0.5  # matching.score's own threshold: nothing better is known


@dataclass(frozen=True, slots=True)
class Job:
    """What a module does at the next touch: compare it with these, or `take` a template."""

    candidates: tuple[DeviceTemplate, ...] = ()
    take: bool = False
    people: tuple[bytes, ...] = ()  # whose each candidate is


@dataclass(frozen=True, slots=True)
class Module:
    """Whose templates a module understands, and the least score of its own unit that its maker calls a match."""

    family: str
    threshold: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A module's yes in its own figures, for the record."""

    module: Module
    score: int


def module_of(driver: Driver) -> Module | None:
    """What the open device is as a module; None where its pictures are what is wanted.

    One that can do both says itself which of the two suits the speed of its line (drivers/README.md).
    Raises DeviceGone or ProtocolError.
    """
    if Feature.MATCH not in driver.features or not isinstance(driver, Matcher):
        return None
    if Feature.IMAGE in driver.features:
        use = driver.info().details.get("use") if isinstance(driver, Informed) else "image"
        if use != "match":
            return None
    return Module(driver.family, driver.threshold)


def decide(matched: Matched, people: Sequence[bytes], module: Module) -> tuple[Decision, Verdict | None]:
    """Who it is when `people` are the owners of the candidates, in the same order."""
    best: dict[bytes, int] = {}
    for person, score in zip(people, matched.scores, strict=False):
        if score is not None and score >= module.threshold:
            best[person] = max(score, best.get(person, score))
    if not best:
        return NoMatch(0.0), None
    if len(best) > 1:
        return TooClose(JUST_PASSED, JUST_PASSED), None
    person, score = next(iter(best.items()))
    return Match(person, JUST_PASSED, 0.0), Verdict(module, score)
