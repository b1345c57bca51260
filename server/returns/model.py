"""What a return is: titles, notes, and tables of cells. Words come in both languages; names of people and places as
they are. Pure.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from server.attendance.clock import days_of
from server.returns import ReturnError

Language = Literal["en", "hi"]


class Text(NamedTuple):
    """The same in English and Hindi."""

    en: str
    hi: str

    def of(self, language: Language) -> str:
        return self.hi if language == "hi" and self.hi else self.en


Cell = str | int | float | Text | None


class Weight(StrEnum):
    """How a row is set."""

    PLAIN = "plain"
    GROUP = "group"  # a zone
    TOTAL = "total"  # a district, or everything
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Column:
    title: Text
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`weights`: one for each row, or () for plain ones."""

    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    weights: tuple[Weight, ...] = ()

    def weight(self, place: int) -> Weight:
        return self.weights[place] if self.weights else Weight.PLAIN


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which places and which time. `path` "" or "/": the whole organisation. `day`: of a daily return."""

    org: str
    path: str
    month: str
    now_ms: int
    day: dt.date | None = None
    place: Text = field(default=Text("", ""))

    @property
    def days(self) -> tuple[dt.date, ...]:
        """Raises FactsError where the month is none."""
        return days_of(self.month)


@dataclass(frozen=True, slots=True)
class Return:
    """`working`: derivations and other proofs, printed after the tables. `open_`: the period is not over."""

    name: str
    title: Text
    place: Text
    period: str
    made_ms: int
    tables: tuple[Table, ...]
    notes: tuple[Text, ...] = ()
    version: int = 0
    open_: bool = False

    def content(self) -> bytes:
        """The data as canonical JSON: the same return, the same bytes. When it was made is not part of it."""
        told = {
            "name": self.name,
            "title": self.title,
            "place": self.place,
            "period": self.period,
            "notes": self.notes,
            "tables": [
                {
                    "title": table.title,
                    "columns": [[*column.title, column.number] for column in table.columns],
                    "rows": table.rows,
                    "weights": table.weights,
                }
                for table in self.tables
            ],
        }
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.content()).digest()


def from_content(content: bytes, made_ms: int, version: int) -> Return:
    """A return as it was frozen. Raises ReturnError where the bytes are none."""
    try:
        told = json.loads(content)
        tables = tuple(_table(one) for one in told["tables"])
        notes = tuple(Text(*one) for one in told["notes"])
        title, place = Text(*told["title"]), Text(*told["place"])
        return Return(told["name"], title, place, told["period"], made_ms, tables, notes, version)
    except (ValueError, KeyError, TypeError) as error:
        raise ReturnError(f"a frozen return cannot be read: {error}") from None


def _table(told: dict[str, Any]) -> Table:
    columns = tuple(Column(Text(en, hi), number) for en, hi, number in told["columns"])
    rows = tuple(tuple(Text(*cell) if isinstance(cell, list) else cell for cell in row) for row in told["rows"])
    return Table(Text(*told["title"]), columns, rows, tuple(Weight(one) for one in told["weights"]))


def shown(cell: Cell, language: Language) -> str:
    """As it is printed."""
    if cell is None:
        return ""
    return cell.of(language) if isinstance(cell, Text) else f"{cell:g}" if isinstance(cell, float) else str(cell)
