"""One machine with sensors: digits and a finger in, at most one punch out.

EdgeError
├── SetupError        keys, admission or settings are missing or do not belong together; says which command mends it
└── EnrolmentRefused  this finger is not enrolled, and why, in words for the clerk
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.screen.words import Words

SOFTWARE = "0.1.0"


class EdgeError(Exception):
    """Root of everything this room raises."""


class SetupError(EdgeError):
    """The terminal was not set up, or not completely."""


class EnrolmentRefused(EdgeError):  # noqa: N818 - reads as what happened
    """Nothing was enrolled; `words` say why and what to do, and the message is their English."""

    def __init__(self, words: "Words") -> None:
        super().__init__(words.en)
        self.words = words
