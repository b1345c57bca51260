"""The topic tree, as functions. A terminal writes only below its own `up` and reads only its own `down`.

hz1/<terminal>/u/p   "batch"    records as columns           QoS 1
hz1/<terminal>/u/c   "chunk"    part of a sealed template    QoS 1
hz1/<terminal>/u/b   "beat"     state and last will          QoS 0 (will: QoS 1)
hz1/<terminal>/u/q   "question" what time is it?             QoS 0
hz1/<terminal>/u/h   "health"   how the terminal is          QoS 0
hz1/<terminal>/u/w   "wanted"   who has these digits?        QoS 1
hz1/<terminal>/d/a   "receipt"  the server's cumulative word QoS 0, retained
hz1/<terminal>/d/r   "roster"   people of this terminal      QoS 1
hz1/<terminal>/d/t   "answer"   the server's time            QoS 0
hz1/<terminal>/d/f   "found"    who has the wanted digits    QoS 0
hz1/<terminal>/u/n   "renew"    the charter it holds; may ask for a certificate  QoS 1
hz1/<terminal>/d/k   "papers"   charters, a certificate      QoS 1
hz1/<terminal>/d/o   "order"    what the terminal is to do   QoS 1

Short, because a topic travels with every message and MQTT 3.1.1 has no aliases; code and logs say the words.
"""

import re

from sync import WireError

ROOT = "hz1"
UP, DOWN = "u", "d"
UP_ALL = f"{ROOT}/+/{UP}/#"
_LETTERS = {
    "batch": "p",
    "chunk": "c",
    "beat": "b",
    "question": "q",
    "health": "h",
    "wanted": "w",
    "receipt": "a",
    "roster": "r",
    "answer": "t",
    "found": "f",
    "order": "o",
    "renew": "n",
    "papers": "k",
}
_LEAVES = {letter: leaf for leaf, letter in _LETTERS.items()}

# A terminal's id is also its certificate's common name, its MQTT username and its client id.
# Ids that begin with "hazri-" are the aggregator's own (the ingest worker is "hazri-ingest").
_TERMINAL = re.compile(r"(?!hazri-)[a-z0-9][a-z0-9-]{0,31}")
_UP = re.compile(rf"{ROOT}/({_TERMINAL.pattern})/{UP}/([pcbqhwn])")


def check_terminal(terminal: str) -> str:
    """Return the id when it may name a terminal: 1–32 of a–z, 0–9 and '-'. Raises WireError."""
    if not _TERMINAL.fullmatch(terminal):
        raise WireError(
            f"terminal id {terminal[:40]!r}: use 1 to 32 of a-z, 0-9 and '-', not beginning with '-' or 'hazri-'"
        )
    return terminal


def up(terminal: str, leaf: str) -> str:
    return f"{ROOT}/{check_terminal(terminal)}/{UP}/{_LETTERS[leaf]}"


def down(terminal: str, leaf: str) -> str:
    return f"{ROOT}/{check_terminal(terminal)}/{DOWN}/{_LETTERS[leaf]}"


def down_all(terminal: str) -> str:
    return f"{ROOT}/{check_terminal(terminal)}/{DOWN}/#"


def parse_up(topic: str) -> tuple[str, str]:
    """(terminal, leaf) of a topic a terminal published under. Raises WireError."""
    found = _UP.fullmatch(topic)
    if not found:
        raise WireError("topic: not one a terminal may publish under")
    return found[1], _LEAVES[found[2]]


def sender(topic: str) -> str:
    """The terminal in a topic, unchecked; for a topic of any other make, something else."""
    return topic.split("/", 2)[1] if topic.startswith(f"{ROOT}/") else ""


def leaf(topic: str) -> str:
    """What kind of message a topic carries, in a word; the last part itself where it is none of ours."""
    last = topic.rsplit("/", 1)[-1]
    return _LEAVES.get(last, last)
