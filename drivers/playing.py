"""What pretended devices share: the words of whoever plays them, their variants, and old machines' files of entries."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from drivers import OptionError, ProtocolError
from drivers.entry import Stage

Orders = Mapping[str, Callable[..., object]]
"""What each word does, given the words after it as texts; a text it returns is the answer."""


def play(what: str, orders: Orders, usage: str) -> str:
    """One line of whoever plays; what happened, or how it is used. Raises ProtocolError for what is no order."""
    word, *rest = what.split() or [""]
    if word == "help":
        return usage
    if word not in orders:
        raise ProtocolError(f"{word!r}: expected {usage}")
    try:
        said = orders[word](*rest)
    except (ValueError, TypeError):  # no number, or too few or too many words
        raise ProtocolError(f"{what!r}: expected {usage}") from None
    return said if isinstance(said, str) else "done"


def variant(stage: Stage, known: Iterable[str]) -> str:
    """The one that was asked for, else the first. Raises OptionError for one that is not known."""
    names = tuple(known)
    if stage.variant and stage.variant not in names:
        raise OptionError(f"variant {stage.variant!r}: expected one of {', '.join(names)}")
    return stage.variant or names[0]


def entries(library: Path) -> Iterator[tuple[str, int, int, datetime]]:
    """Badge, what (0 in, 1 out), how (1 finger) and when, in the machine's own wall time, of a file as the machines'
    own USB export writes it: badge, "YYYY-MM-DD HH:MM:SS", how, what, tabs between. Raises OptionError."""
    try:
        lines = library.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise OptionError(f"library = {library}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OptionError(f"library = {library}: not a file of text") from None
    for number, line in enumerate(lines, 1):
        try:
            badge, when, how, state = [*line.split("\t"), "1", "0"][:4]
            yield badge.strip(), int(state), int(how), datetime.strptime(when.strip(), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        except ValueError:
            wanted = "badge, YYYY-MM-DD HH:MM:SS, how, what, with tabs between"
            raise OptionError(f"library = {library}, line {number}: expected {wanted}") from None
