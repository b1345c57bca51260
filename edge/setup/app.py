"""All steps as pages, for a console or over SSH: on the left where one is, on the right what is found, below what now.

Keys: ↑ ↓ choose a step, g begins it (again), l changes the language, q leaves. Nothing needs a mouse, and 80 × 24
characters are enough.
"""

from collections.abc import Iterable
from dataclasses import replace
from threading import Event
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from edge.screen.words import Language, Words
from edge.setup import words
from edge.setup.blocks import HALF, halves
from edge.setup.plain import SIGNS
from edge.setup.said import Desk, Finding, Picture, Said, State, Step
from edge.setup.steps import STEPS

_COLOURS = {State.FINE: "green", State.DO: "cyan", State.CARE: "yellow", State.WRONG: "bold red"}
_MOST = 200


class Setup(App[None]):
    """The whole interface. `steps` may be others in a test."""

    CSS = """
    #steps { width: 26; height: 1fr; border: none; }
    #page { padding: 0 1; }
    #title { text-style: bold; height: 1; }
    #entries { height: auto; }
    #entries Label { height: 1; }
    #entries Input { height: 1; border: none; background: $surface; }
    #entries Button { height: 1; border: none; min-width: 12; }
    #picture { height: auto; }
    #said { height: 1fr; }
    #said Static { height: auto; }
    #now { height: auto; min-height: 3; background: $panel; padding: 0 1; }
    #keys { height: 1; padding: 0 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "go"),
        Binding("l", "language"),
        Binding("q", "quit"),
        Binding("escape", "steps"),
    ]
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, desk: Desk, language: Language, steps: Iterable[Step] = STEPS) -> None:
        super().__init__()
        self._desk, self._language, self._steps = desk, language, list(steps)
        self._step = self._steps[0]
        self._found: list[Finding] = []
        self._states: dict[str, State] = {}
        self._worker: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield OptionList(*(Option(self._entry(step), step.name) for step in self._steps), id="steps")
            with Vertical(id="page"):
                yield Label(id="title")
                yield Vertical(id="entries")
                yield Static(id="picture")
                yield VerticalScroll(id="said")
                yield Static(id="now")
        yield Static(id="keys")

    def on_mount(self) -> None:
        self.query_one("#steps", OptionList).focus()

    async def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        await self._show(next(step for step in self._steps if step.name == event.option.id))

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        entries = self.query("#entries Input")
        if entries:
            entries.first().focus()
        else:
            self.action_go()

    def on_button_pressed(self, _event: Button.Pressed) -> None:
        self.action_go()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        self.action_go()

    def action_steps(self) -> None:
        self.query_one("#steps", OptionList).focus()

    async def action_language(self) -> None:
        self._language = Language.ENGLISH if self._language is Language.HINDI else Language.HINDI
        await self._draw()

    def action_go(self) -> None:
        """Begin the step, anew if need be."""
        self._leave()
        self._found.clear()
        self.query_one("#said").remove_children()
        self.query_one("#picture", Static).update("")
        given = {str(one.name): one.value.strip() for one in self.query("#entries Input").results(Input)}
        self._desk = replace(self._desk, left=Event())
        self._worker = self._run(self._step, self._desk, given)

    async def _show(self, step: Step) -> None:
        self._leave()
        self._step = step
        self._found.clear()
        await self._draw()
        if not step.asks:
            self.action_go()

    def _leave(self) -> None:
        self._desk.left.set()

    @work(thread=True)
    def _run(self, step: Step, desk: Desk, given: dict[str, str]) -> None:
        def tell(said: Said) -> None:
            if not desk.left.is_set():
                self.call_from_thread(self._tell, said)

        try:
            step.run(desk, given, tell)
        except Exception as bug:  # noqa: BLE001 - the page says so, and the others still work
            tell(Finding(State.WRONG, words.FAILED.fill(why=f"{type(bug).__name__}: {bug}"), words.CALL))

    def _tell(self, said: Said) -> None:
        if isinstance(said, Picture):
            self.query_one("#picture", Static).update(_drawn(said, self.size.width - 30))
            return
        self._found = [*self._found, said][-_MOST:]
        self._states[self._step.name] = _worst(self._found)
        shown = self.query_one("#said", VerticalScroll)
        shown.mount(self._line(said))
        shown.scroll_end(animate=False)
        self._advise()
        self._mark()

    async def _draw(self) -> None:
        """Everything in the language of now."""
        self.query_one("#title", Label).update(self._in(self._step.title))
        self.query_one("#keys", Static).update(self._in(words.KEYS))
        entries, said = self.query_one("#entries"), self.query_one("#said")
        typed = {str(one.name): one.value for one in entries.query(Input).results(Input)}
        await entries.remove_children()
        for entry in self._step.entries:
            value = typed.get(entry.name, entry.offered)
            await entries.mount(Label(self._in(entry.label)), Input(value, name=entry.name, compact=True))
        if self._step.asks:
            await entries.mount(Button(self._in(words.GO), compact=True, variant="primary"))
        await said.remove_children()
        await said.mount(*(self._line(one) for one in self._found))
        self._advise()
        self._mark()

    def _advise(self) -> None:
        """What now: of the last finding that knows, else of the step."""
        now = next((one.now for one in reversed(self._found) if one.now is not None), self._step.now)
        text = Text.assemble((f"{self._in(words.NOW)}\n", "bold"), self._in(now))
        self.query_one("#now", Static).update(text)

    def _mark(self) -> None:
        listed = self.query_one("#steps", OptionList)
        for step in self._steps:
            listed.replace_option_prompt(step.name, self._entry(step))

    def _entry(self, step: Step) -> Text:
        state = self._states.get(step.name)
        sign = (SIGNS[state], _COLOURS[state]) if state else (" ", "")
        return Text.assemble(sign, " ", self._in(step.title))

    def _line(self, finding: Finding) -> Static:
        sign, colour = SIGNS[finding.state], _COLOURS[finding.state]
        return Static(Text.assemble((f"{sign} ", colour), (self._in(finding.text), colour if sign == "✗" else "")))

    def _in(self, text: Words) -> str:
        return text.within(self._language)


def run(desk: Desk, language: Language) -> int:
    Setup(desk, language).run()
    return 0


def _worst(found: list[Finding]) -> State:
    """A step is as good as what it said last of anything that is not a request."""
    judged = [one.state for one in found if one.state is not State.DO]
    return next((state for state in (State.WRONG, State.CARE, State.FINE) if state in judged), State.DO)


def _drawn(picture: Picture, columns: int) -> Text:
    out = Text(no_wrap=True)
    for line in halves(picture.image, max(16, min(64, columns)), 12):
        for upper, lower in line:
            out.append(HALF, Style(color=f"rgb({upper},{upper},{upper})", bgcolor=f"rgb({lower},{lower},{lower})"))
        out.append("\n")
    return out
