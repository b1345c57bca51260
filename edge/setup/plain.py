"""One step after the other as lines: what went well, what did not, and what now."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from edge import SetupError
from edge.health.report import line as say
from edge.screen.words import Language
from edge.setup import words
from edge.setup.blocks import shades
from edge.setup.said import Desk, Finding, Picture, Said, State, Step
from edge.setup.steps import BY_NAME, STEPS

SIGNS = {State.FINE: "✓", State.DO: "→", State.CARE: "!", State.WRONG: "✗"}


def run(desk: Desk, names: Iterable[str], given: Mapping[str, str], language: Language) -> int:
    """The steps named, or all that only look; 1 where anything is wrong. Raises SetupError for a step there is not, and
    for what none of them asks for: a finger under a name nobody reads would enrol another one."""
    steps = [_step(name) for name in names] or [step for step in STEPS if not step.asks]
    asked = {entry.name: None for step in steps for entry in step.entries}
    if unasked := [name for name in given if name not in asked]:
        raise SetupError(f"setup: nothing is asked for as {unasked[0]!r}, but: {', '.join(asked) or 'nothing'}")
    desk = replace(desk, once=True)
    wrong = 0
    for step in steps:
        say(f"── {step.title.within(language)} ──")

        def tell(said: Said) -> None:
            nonlocal wrong
            wrong += isinstance(said, Finding) and said.state is State.WRONG
            for text in lines(said, language):
                say(text)

        offered = {entry.name: entry.offered for entry in step.entries}
        step.run(desk, offered | {name: text for name, text in given.items() if name in offered}, tell)
    return 1 if wrong else 0


def lines(said: Said, language: Language) -> list[str]:
    """What a step said, as lines."""
    if isinstance(said, Picture):
        return shades(said.image)
    told = [f"{SIGNS[said.state]} {said.text.within(language)}"]
    if said.now is not None:
        told.append(f"    {words.NOW.within(language)}: {said.now.within(language)}")
    return told


def _step(name: str) -> Step:
    if name not in BY_NAME:
        raise SetupError(f"setup: {name!r} is no step; there are {', '.join(BY_NAME)}")
    return BY_NAME[name]
