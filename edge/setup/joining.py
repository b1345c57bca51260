"""Letting the machine in, and enrolling the first finger."""

from collections.abc import Mapping
from pathlib import Path

from drivers import DeviceGone
from drivers.lines import LineClient
from edge import EdgeError, SetupError
from edge.image import dropin
from edge.people import telling
from edge.people.fingers import FINGERS
from edge.setup import reach, words
from edge.setup.said import Desk, Finding, State, Tell, fine
from edge.trust import claim as claiming
from edge.trust import identity as own
from edge.trust.claim import Step, Waiting

_PERSON_CHARS = 16


def claim(desk: Desk, given: Mapping[str, str], tell: Tell) -> None:
    """Ask to be let in by the token of hazri.toml, and wait until somebody has decided or the technician leaves."""
    try:
        admitted = own.load_admission(desk.settings.state_dir)
        tell(Finding(State.FINE, words.ADMITTED.fill(terminal=admitted.terminal), words.ADMITTED_NOW))
        return
    except SetupError:
        pass
    path = Path(given["file"]) if given.get("file") else reach.find()
    if path is None:
        tell(Finding(State.WRONG, words.UNKNOWN_SERVER, words.UNKNOWN_SERVER_NOW))
        return

    def waits(waiting: Waiting) -> None:
        if waiting.step is Step.APPROVAL:
            text, now = (one.fill(terminal=waiting.terminal) for one in (words.APPROVAL, words.APPROVAL_NOW))
            tell(Finding(State.DO, text, now))
        elif waiting.step is Step.NETWORK:
            tell(Finding(State.WRONG, words.UNREACHED.fill(where=waiting.terminal, why=waiting.why), words.CALL))

    def pause(seconds: float) -> None:
        if desk.left.wait(seconds):
            raise SetupError("left; run it again later")

    try:
        one = dropin.read(path / dropin.NAME if path.is_dir() else path)
        admission = claiming.claim(desk.settings.state_dir, one, claiming.Patience(waits, pause))
        tell(Finding(State.FINE, words.ADMITTED.fill(terminal=admission.terminal), words.ADMITTED_NOW))
    except EdgeError as error:
        tell(Finding(State.WRONG, words.REFUSED.fill(why=str(error)), words.CALL))


def enrol(desk: Desk, given: Mapping[str, str], tell: Tell) -> None:
    """Through the running terminal; its own screen and these lines say when the finger is due."""
    person, fingers = given.get("person", "").strip(), [one.strip() for one in given.get("fingers", "").split(",")]
    wrong = [finger for finger in fingers if finger not in FINGERS]
    if wrong or len(person) != _PERSON_CHARS:
        why = f"{', '.join(wrong) or person!r}: expected 16 of 0-9 and a-f, and fingers of {', '.join(FINGERS)}"
        tell(Finding(State.WRONG, words.NOT_ENROLLED.fill(why=why), words.NOW_ENROL))
        return
    try:
        with LineClient(desk.settings.control, timeout_s=120.0) as client:
            seen = client.ask({"do": "enrol", "person": person, "fingers": [FINGERS[one] for one in fingers]})
            while "ok" not in seen and not desk.left.is_set():
                tell(Finding(State.DO, telling.line(seen)))
                seen = client.next()
    except DeviceGone:
        tell(Finding(State.WRONG, words.NOT_RUNNING, words.NOT_RUNNING_NOW))
        return
    if seen.get("ok"):
        tell(fine(words.ENROLLED.fill(fingers=telling.names(seen["fingers"]))))
    elif "ok" in seen:
        tell(Finding(State.WRONG, words.NOT_ENROLLED.fill(why=telling.why(seen)), words.AGAIN_NOW))
