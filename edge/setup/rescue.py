"""What is carried away: a bundle of logs for the office, and what a dead machine still had on its card."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from edge import SetupError
from edge.health import logs
from edge.setup import words
from edge.setup.said import Desk, Finding, State, Tell, fine, plain

_IMPORT_S = 600.0


def bundle(desk: Desk, given: Mapping[str, str], tell: Tell) -> None:
    """See edge.health.logs: no name, digit, template or key is in it."""
    try:
        written = logs.write(desk.settings, Path(given.get("out") or "hazri-logs.zip"))
    except SetupError as error:
        tell(Finding(State.WRONG, words.FAILED.fill(why=str(error))))
        return
    tell(Finding(State.FINE, words.WRITTEN.fill(file=str(written)), words.SEND_NOW))


def card(_desk: Desk, given: Mapping[str, str], tell: Tell) -> None:
    """At the server's bench: what is not receipted yet is read off the card; nothing on it is changed."""
    place = given.get("card", "")
    if not place or not (Path(place) / "punches.db").exists():
        tell(Finding(State.WRONG, words.NO_CARD.fill(card=place or "–"), words.NO_CARD_NOW))
        return
    program = shutil.which("hazri-server")
    if program is None:
        tell(Finding(State.CARE, words.NO_SERVER_HERE, words.NO_SERVER_NOW.fill(card=place)))
        return
    try:
        done = subprocess.run(
            [program, "import", "--card", place], capture_output=True, text=True, check=False, timeout=_IMPORT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        tell(Finding(State.WRONG, words.FAILED.fill(why=str(error)), words.CALL))
        return
    for line in done.stdout.splitlines():
        tell(fine(plain(line)))
    if done.returncode:
        tell(Finding(State.WRONG, words.FAILED.fill(why=" ".join(done.stderr.split())[-300:]), words.CALL))
    else:
        tell(Finding(State.FINE, words.READ, words.READ_NOW))
