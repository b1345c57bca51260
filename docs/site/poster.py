"""The employees' poster: one A4 page in Hindi and English, with the terminal's own screens as its pictures."""

import base64
import html
import io
from dataclasses import replace
from pathlib import Path

from weasyprint import HTML, Document  # type: ignore[import-untyped]

from edge.screen.picture import draw
from edge.screen.scene import screen
from edge.screen.screenshots import USUAL, every
from edge.screen.words import Language
from edge.session.outcome import Accepted
from edge.session.states import Done, State

_HERE = Path(__file__).parent
_SIZE = (640, 420)
SHOWN = {"digits": "typing", "finger": "place", "green": "accepted-in"}  # a step's picture: the terminal's own screen


def pdf() -> bytes:
    """The poster, ready to print."""
    printed: bytes | None = laid_out().write_pdf()
    if printed is None:
        raise RuntimeError("the poster could not be printed")
    return printed


def laid_out() -> Document:
    """The poster as its pages."""
    return HTML(string=page()).render()


def page() -> str:
    """The poster as HTML that holds its pictures."""
    text = (_HERE / "poster.html").read_text()
    screens = {title: state for title, state, _ in every(Language.HINDI)}
    for place, name in SHOWN.items():
        file = io.BytesIO()
        draw(screen(_faceless(screens[name])), USUAL, _SIZE, (Language.HINDI, Language.ENGLISH)).save(file, "PNG")
        picture = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
        text = text.replace("{" + place + "}", html.escape(picture))
    return text


def _faceless(state: State) -> State:
    """Without the photograph, which most people's screens do not have."""
    if isinstance(state, Done) and isinstance(state.outcome, Accepted):
        return Done(replace(state.outcome, photo=None))
    return state
