"""What a list was asked for: search, order, how many at once, which page. Pure.

Whatever an address says, a list is shown: a number out of range becomes the nearest, an unknown word the first choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

SHOW = (10, 25, 50)
FIRST = "serial"  # how every list comes
MAX_QUERY = 60
MAX_PAGE = 100_000
_NEAR = 1  # pages on either side of the one that is shown
_FIRST = 5  # pages named at the beginning: 1 2 3 4 5 … 43


@dataclass(frozen=True, slots=True)
class Asked:
    """`sort` is one of the list's columns."""

    lang: str
    query: str = ""
    sort: str = ""
    descending: bool = False
    show: int = SHOW[0]
    page: int = 1

    def address(self, **changed: object) -> str:
        """The same question with something changed, as the end of an address."""
        one = replace(self, **changed)  # type: ignore[arg-type]
        said: dict[str, object] = {"lang": one.lang}
        said |= {"q": one.query} if one.query else {}
        said |= {"sort": one.sort} if one.sort not in ("", FIRST) else {}
        said |= {"dir": "desc"} if one.descending else {}
        said |= {"show": one.show} if one.show != SHOW[0] else {}
        said |= {"page": one.page} if one.page != 1 else {}
        return "?" + urlencode(said)


@dataclass(frozen=True, slots=True)
class Span:
    """Which entries a page shows, counted from 1; `first` 0 where there are none."""

    page: int
    pages: int
    first: int
    last: int
    total: int


def asked(said: Mapping[str, str], columns: Sequence[str]) -> Asked:
    """From the parameters of an address; `columns`: those that can be sorted by."""
    query = " ".join("".join(one if one.isprintable() else " " for one in said.get("q", "")).split())
    show, sort = _number(said.get("show", "")), said.get("sort", "")
    return Asked(
        lang=said.get("lang", ""),
        query=query[:MAX_QUERY],
        sort=sort if sort in columns else FIRST,
        descending=said.get("dir") == "desc",
        show=show if show in SHOW else SHOW[0],
        page=max(1, min(MAX_PAGE, _number(said.get("page", "")))),
    )


def span(one: Asked, total: int) -> Span:
    """Where a page of so many entries lies; a page behind the last is the last."""
    pages = max(1, -(-total // one.show))
    page = min(one.page, pages)
    first = (page - 1) * one.show
    return Span(page, pages, first + 1 if total else 0, min(first + one.show, total), total)


def pager(page: int, pages: int) -> list[int | None]:
    """The pages to name; None: some are left out. 1 2 3 4 5 … 43."""
    named = {1, pages, *range(page - _NEAR, page + _NEAR + 1)}
    if page < _FIRST:
        named |= set(range(1, _FIRST + 1))
    if page > pages - _FIRST + 1:
        named |= set(range(pages - _FIRST + 1, pages + 1))
    found: list[int | None] = []
    for one in sorted(one for one in named if 1 <= one <= pages):
        if found and found[-1] is not None and one > found[-1] + 1:
            found.append(None)
        found.append(one)
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
