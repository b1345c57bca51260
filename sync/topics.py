"""The topic tree, as functions. A terminal writes only below its own `up` and reads only its own `down`.

hazri/1/<terminal>/up/batch     records as columns           QoS 1
hazri/1/<terminal>/up/chunk     part of a sealed template    QoS 1
hazri/1/<terminal>/up/beat      state and last will          QoS 0 (will: QoS 1)
hazri/1/<terminal>/down/receipt the server's cumulative word QoS 1, retained
hazri/1/<terminal>/down/roster  people of this terminal      QoS 1
"""

import re

from sync import WireError

ROOT = "hazri/1"
UP_ALL = f"{ROOT}/+/up/#"

# A terminal's id is also its certificate's common name, its MQTT username and its client id.
# Ids that begin with "hazri-" are the aggregator's own (the ingest worker is "hazri-ingest").
_TERMINAL = re.compile(r"(?!hazri-)[a-z0-9][a-z0-9-]{0,31}")
_UP = re.compile(rf"{ROOT}/({_TERMINAL.pattern})/up/(batch|chunk|beat)")


def check_terminal(terminal: str) -> str:
    """Return the id when it may name a terminal: 1–32 of a–z, 0–9 and '-'. Raises WireError."""
    if not _TERMINAL.fullmatch(terminal):
        raise WireError(
            f"terminal id {terminal[:40]!r}: use 1 to 32 of a-z, 0-9 and '-', not beginning with '-' or 'hazri-'"
        )
    return terminal


def up(terminal: str, leaf: str) -> str:
    return f"{ROOT}/{check_terminal(terminal)}/up/{leaf}"


def down(terminal: str, leaf: str) -> str:
    return f"{ROOT}/{check_terminal(terminal)}/down/{leaf}"


def down_all(terminal: str) -> str:
    return down(terminal, "#")


def parse_up(topic: str) -> tuple[str, str]:
    """(terminal, leaf) of a topic a terminal published under. Raises WireError."""
    found = _UP.fullmatch(topic)
    if not found:
        raise WireError("topic: not one a terminal may publish under")
    return found[1], found[2]


def leaf(topic: str) -> str:
    return topic.rsplit("/", 1)[-1]
