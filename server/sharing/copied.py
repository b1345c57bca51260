"""The two feeds of a ledger that a file can be a copy of: what one answer gives, and how cursors follow each other.

punches   each punch once, dated by what is known when it is asked for
changes   each punch as it was dated when it came, and every later dating, fork and alarm behind it, as entries of their
          own: the copy is the same, byte for byte, whenever it is made
"""

import itertools
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from server import PullError
from server.ledger.views import ApiPage
from server.sharing.changes import parse_cursor

CURSOR = r"^[0-9]{1,16}\.[0-9]{1,16}$"


@dataclass(frozen=True, slots=True)
class Part:
    """Lines to be kept, each without its end; the cursor behind them; is there more?"""

    lines: list[bytes]
    next: int | str
    more: bool


class Feed(Protocol):
    """`page`: what an answer is decoded as. `start`: the cursor in front of everything. `long`: may one entry be?"""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def page(self) -> type[Any]: ...
    @property
    def start(self) -> int | str: ...
    @property
    def long(self) -> bool: ...

    def part(self, page: Any, after: Any) -> Part:
        """What one answer gives behind `after`. Raises PullError where it is not in order."""


class Punches:
    """By server_seq."""

    name, path, page, start, long = "punches", "/api/v1/punches", ApiPage, 0, False

    def part(self, page: ApiPage, after: int) -> Part:
        numbers = [after, *(punch.server_seq for punch in page.punches)]
        if any(b <= a for a, b in itertools.pairwise(numbers)) or page.next < numbers[-1]:
            raise PullError(f"the punches are not in the order of server_seq behind {after}; nothing was taken")
        return Part([msgspec.json.encode(punch) for punch in page.punches], page.next, page.more)


class Entries(msgspec.Struct, frozen=True):
    """An answer of changes: each entry is kept as it came."""

    entries: list[msgspec.Raw]
    next: str
    more: bool


class _Placed(msgspec.Struct, frozen=True):
    cursor: str


class Changes:
    """By the cursor in each entry."""

    name, path, page, start, long = "changes", "/api/v1/changes", Entries, "0.0", True

    def part(self, page: Entries, after: str) -> Part:
        lines = [bytes(one) for one in page.entries]
        try:
            told = [msgspec.json.decode(line, type=_Placed).cursor for line in lines]
            cursors = [parse_cursor(one) for one in (after, *told, page.next)]
        except (msgspec.DecodeError, ValueError) as error:
            raise PullError(f"not entries of hazri-server ({error}); nothing was taken") from None
        *inner, last = cursors
        if any(b <= a for a, b in itertools.pairwise(inner)) or last < inner[-1]:
            raise PullError(f"the entries are not in the order of their cursors behind {after}; nothing was taken")
        if any(b"\n" in line for line in lines):
            raise PullError("an entry runs over several lines; nothing was taken")
        return Part(lines, str(last), page.more)
