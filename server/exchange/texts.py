"""What a file of another system may be: how large, in which encoding, as CSV or JSON; and a map of names."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.exchange import ExchangeError
from server.people.days import IST
from server.people.imports import BadRow
from server.web.csv import uncell

MAX_BYTES = 16 * 1024 * 1024
MAX_ROWS = 20_000
MAX_CELL = 4096
FORMAT = "%Y-%m-%d %H:%M:%S"
FORMATS = ("csv", "json")


class CellError(ExchangeError):
    """A row that cannot be taken; a reader goes on after it, so that all of them are told at once."""

    def __init__(self, row: int, column: str, why: str, todo: str) -> None:
        super().__init__(f"row {row}, {column}: {why}; {todo}")
        self.bad = BadRow(row, column, why, todo)


@dataclass(frozen=True, slots=True)
class Names:
    """What the other system calls people. Without a map they go by their reference, in hexadecimal digits."""

    by_ref: Mapping[bytes, str] = field(default_factory=dict)

    def of(self, ref: bytes) -> str:
        """Raises ExchangeError for somebody who is not in the map."""
        if not self.by_ref:
            return ref.hex()
        if ref not in self.by_ref:
            raise ExchangeError(f"{ref.hex()}: not in the map of names; add a line for this reference")
        return self.by_ref[ref]

    def who(self, name: str) -> bytes | None:
        """The reverse; None: nobody."""
        if self.by_ref:
            return next((ref for ref, one in self.by_ref.items() if one == name), None)
        try:
            return bytes.fromhex(name) if len(name) == 16 else None
        except ValueError:
            return None


def names(data: bytes) -> Names:
    """A map from CSV with the headings reference, employee. Raises ExchangeError."""
    found: dict[bytes, str] = {}
    for n, row in enumerate(rows(data, ("reference", "employee")), 1):
        ref = Names().who(row.get("reference", ""))
        if ref is None or not row.get("employee"):
            raise ExchangeError(f"map of names, row {n}: expected a reference of 16 hexadecimal digits, and a name")
        if ref in found or row["employee"] in found.values():
            raise ExchangeError(f"map of names, row {n}: this reference or name is there already; keep one")
        found[ref] = row["employee"]
    if not found:
        raise ExchangeError("the map of names is empty")
    return Names(found)


def rows(data: bytes, columns: Sequence[str]) -> list[dict[str, str]]:
    """CSV with a line of headings, some of `columns`. Raises ExchangeError."""
    reader = csv.reader(io.StringIO(decoded(data), newline=""), strict=True)
    found: list[dict[str, str]] = []
    try:
        heads = [head.strip().lower().replace(" ", "_") for head in next(reader, [])]
        if len(set(heads)) != len(heads) or not set(heads) <= set(columns) or not heads:
            raise ExchangeError(f"the first line must hold each heading once: {', '.join(columns)}")
        for cells in reader:
            if not any(cells):
                continue
            if len(found) >= MAX_ROWS:
                raise ExchangeError(f"more than {MAX_ROWS} rows; bring the file in parts")
            if len(cells) > len(heads) or any(len(one) > MAX_CELL for one in cells):
                raise ExchangeError(f"line {reader.line_num}: more cells than headings, or a very long one")
            found.append({head: uncell(one.strip()) for head, one in zip(heads, cells, strict=False)})
    except csv.Error as error:
        raise ExchangeError(f"line {reader.line_num}: not CSV ({error})") from None
    return found


def records(data: bytes, columns: Sequence[str]) -> list[dict[str, str]]:
    """The same from CSV or from JSON: a list of objects, or one object that holds such a list under `data`, as REST
    answers of Frappe do. Other names than `columns` are passed over in JSON. Raises ExchangeError."""
    text = decoded(data)
    if text.lstrip()[:1] not in ("[", "{"):
        return rows(data, columns)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ExchangeError("not JSON; expected a list of objects") from None
    if isinstance(told, dict):
        told = told.get("data", told.get("message"))
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise ExchangeError("expected a list of objects")
    if len(told) > MAX_ROWS:
        raise ExchangeError(f"more than {MAX_ROWS} rows; bring the file in parts")
    return [{name: _cell(one.get(name), n) for name in columns} for n, one in enumerate(told, 1)]


def _cell(value: Any, row: int) -> str:
    if isinstance(value, list):  # Odoo reads a link as [id, name]
        value = value[0] if value else ""
    if value is None or value is False:
        return ""
    if isinstance(value, dict | list) or len(str(value)) > MAX_CELL:
        raise ExchangeError(f"row {row}: expected plain values")
    return str(value).strip()


def decoded(data: bytes) -> str:
    """Raises ExchangeError."""
    if len(data) > MAX_BYTES:
        raise ExchangeError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB; bring it in parts")
    try:
        return data.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError as error:
        raise ExchangeError(f"byte {error.start}: not UTF-8; save the file as CSV UTF-8") from None


def moment(text: str, zone: dt.tzinfo, row: int, name: str) -> int:
    """A time as Unix ms; one that tells no zone is of `zone`. Raises CellError."""
    try:
        found = dt.datetime.fromisoformat(text)
        found = found if found.tzinfo else found.replace(tzinfo=zone)
        if not 2000 <= found.year < 2200:
            raise ValueError
    except (ValueError, OverflowError):
        raise CellError(row, name, "not a time", "write it as 2026-10-31 09:30:00") from None
    return round(found.timestamp() * 1000)


def local(ms: int) -> str:
    """A time of India as these systems write it, to the second."""
    return dt.datetime.fromtimestamp(ms // 1000, IST).strftime(FORMAT)


def utc(ms: int) -> str:
    return dt.datetime.fromtimestamp(ms // 1000, dt.UTC).strftime(FORMAT)


def as_json(found: Iterable[Mapping[str, Any]]) -> bytes:
    """A list of objects, one a line."""
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in found)
    return f"[{lines}]\n".encode()
