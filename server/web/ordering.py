"""Tables in the order of a column: which columns there are, what an address asks for, and where a heading leads.

Whatever an address says, a table is shown: an unknown column is the one it comes by, as on the public pages.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from fastapi import Request
from starlette.datastructures import URL

T = TypeVar("T")


class Column(NamedTuple):
    """`by`: what the database orders by, none of it NULL, for the databases do not agree where NULL comes; of a table
    made here, a function of a row. `falling`: how it comes when its heading is first followed."""

    by: Any
    falling: bool = False


class Order(NamedTuple):
    """`url`: of the page that shows it; none where nobody chooses."""

    columns: Mapping[str, Column]
    key: str
    falling: bool
    url: URL | None = None

    def clauses(self) -> list[Any]:
        """For `order_by`."""
        by = self.columns[self.key].by
        return [one.desc() if self.falling else one.asc() for one in (by if isinstance(by, tuple) else (by,))]

    def applied(self, rows: Sequence[T]) -> list[T]:
        """Rows that were made here; those that are alike stay as they came."""
        return sorted(rows, key=self.columns[self.key].by, reverse=self.falling)

    def says(self, key: str) -> str:
        """As `aria-sort` says it; empty for a column that the table is not in the order of."""
        if key != self.key:
            return ""
        return "descending" if self.falling else "ascending"

    def href(self, key: str) -> str:
        """Where the column's heading leads: to this order, or turned around if it is this one already. Empty where
        nobody chooses."""
        if self.url is None or key not in self.columns:
            return ""
        falling = not self.falling if key == self.key else self.columns[key].falling
        changed = self.url.remove_query_params("page").include_query_params(sort=key, dir="desc" if falling else "asc")
        return f"?{changed.query}"


def natural(columns: Mapping[str, Column], key: str) -> Order:
    """By a column as it comes, where nobody chooses."""
    return Order(columns, key, columns[key].falling)


def asked(request: Request, columns: Mapping[str, Column], first: str) -> Order:
    """What the address asks for with `sort` and `dir`; `first`: how the table comes."""
    said = request.query_params
    key = said.get("sort", "")
    key = key if key in columns else first
    falling = {"asc": False, "desc": True}.get(said.get("dir", ""), columns[key].falling)
    return Order(columns, key, falling, request.url)
