"""Registrations by the file: CSV or NDJSON, every bad row told of at once, all taken or none."""

import base64
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from server import PeopleError
from server.access.scope import Scope
from server.ledger.store import now_ms
from server.ledger.tables import office
from server.people import registration
from server.people.days import day_of
from server.people.fields import COLUMNS, Form, FormError, Lists, Problem, check
from server.people.orgs import lists
from server.people.photo import MAX_FILE_BYTES
from server.people.registration import Consent, Vaults

MAX_ROWS = 20_000
MAX_BYTES = 64 * 1024 * 1024
MAX_CELL = 4096
_MAX_PICTURE = 4 * (MAX_FILE_BYTES // 3 + 2)  # as base64


@dataclass(frozen=True, slots=True)
class BadRow:
    """One thing wrong with one row; `row` counts from 1, the line of headings not among them."""

    row: int
    column: str
    why: str
    todo: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an import came to: nothing is stored unless `bad` is empty and it was no dry run."""

    rows: int
    bad: tuple[BadRow, ...]
    registrations: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        return not self.bad


@dataclass(frozen=True, slots=True)
class Looked:
    """A file before anything is stored of it: its rows, by number the forms that can be read, and what is wrong.
    `known`: the lists they were held against."""

    known: Lists
    rows: int
    forms: Mapping[int, Form]
    bad: tuple[BadRow, ...]


Photos = Callable[[str], bytes]


def photos_in(folder: Path) -> Photos:
    """Reads a photograph by the file name a row tells; nothing outside the folder. Raises PeopleError."""

    def read(name: str) -> bytes:
        if not name or "/" in name or "\\" in name or name.startswith(".") or "\0" in name:
            raise PeopleError("photograph: expected the name of a file in the folder of photographs")
        try:
            with (folder / name).open("rb") as file:
                return file.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError):
            raise PeopleError("photograph: there is no such file in the folder of photographs") from None

    return read


def look(known: Lists, data: bytes, photos: Photos) -> Looked:
    """Check a whole file. Milliseconds a photograph, and no ledger: whoever writes to it need not wait meanwhile.

    Raises PeopleError when it is no such file at all.
    """
    rows = list(read(data))
    forms, bad = _check_all(rows, known, photos)
    return Looked(known, len(rows), forms, (*bad, *_twice(forms)))


def take(connection: Connection, vaults: Vaults, org: str, file: Looked, agreed: Consent, *, dry_run: bool) -> Report:
    """Register everybody in a file, unless it is a dry run. Bad rows: nothing is registered.

    All that is wrong is told at once: who is registered already as well, in a file that has other bad rows.
    Raises PeopleError when the lists are others by now.
    """
    if lists(connection, org) != file.known:
        raise PeopleError("the lists of offices, divisions or designations were changed meanwhile; send the file again")
    bad = list(file.bad)
    taken: list[str] = []
    with connection.begin_nested() as trial:
        for n in sorted(file.forms.keys() - {one.row for one in bad}):
            try:
                taken.append(registration.put(connection, vaults, org, file.forms[n], agreed))
            except FormError as error:
                bad += [BadRow(n, one.column, one.why, one.todo) for one in error.problems]
        if bad or dry_run:
            trial.rollback()
    bad.sort(key=lambda one: (one.row, one.column))
    return Report(file.rows, tuple(bad), () if bad or dry_run else tuple(taken))


def read(data: bytes) -> Iterator[dict[str, object]]:
    """The rows of a file: NDJSON where it begins with {, else CSV with a line of headings. Raises PeopleError."""
    if len(data) > MAX_BYTES:
        raise PeopleError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB; import it in parts")
    text = _text(data)
    rows = _ndjson(text) if text.lstrip().startswith("{") else _csv(text, COLUMNS)
    for n, row in enumerate(rows, 1):
        if n > MAX_ROWS:
            raise PeopleError(f"more than {MAX_ROWS} rows; import the file in parts")
        yield row


def csv_rows(data: bytes, columns: Sequence[str]) -> Iterator[dict[str, object]]:
    """The rows of a CSV file whose headings are some of `columns`. Raises PeopleError."""
    return _csv(_text(data), columns)


def outside(connection: Connection, scope: Scope, org: str, data: bytes) -> list[BadRow]:
    """The rows for offices that are not for who hands the file in to fill. Raises PeopleError."""
    asked = select(office.c.code, office.c.path).where(office.c.org == org)
    mine = {row.code for row in connection.execute(asked) if scope.holds(org, row.path)}
    why, todo = "not one of your offices", "leave the row to whoever looks after that office"
    told = ((n, row.get("office")) for n, row in enumerate(read(data), 1))
    return [BadRow(n, "office", why, todo) for n, code in told if code and isinstance(code, str) and code not in mine]


def photo_of_text(told: str) -> bytes:
    """A photograph that stands in the row itself, as base64. Raises PeopleError."""
    try:
        return base64.b64decode(told, validate=True)
    except ValueError:
        raise PeopleError("photograph: expected a JPEG in base64") from None


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PeopleError(f"byte {error.start}: not UTF-8; save the file as CSV UTF-8") from None


def _csv(text: str, columns: Sequence[str]) -> Iterator[dict[str, object]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heads = [head.strip().lower() for head in next(reader, [])]
        if unknown := [head for head in heads if head not in columns]:
            raise PeopleError(f"heading {unknown[0][:40]!r}: expected {', '.join(columns)}")
        if len(set(heads)) != len(heads) or not heads:
            raise PeopleError(f"the first line must hold each heading once: {', '.join(columns)}")
        for cells in reader:
            if any(cells):
                extra = {"": "x"} if len(cells) > len(heads) else {}
                yield {**dict(zip(heads, cells, strict=False)), **extra}
    except csv.Error as error:
        raise PeopleError(f"line {reader.line_num}: not CSV ({error})") from None


def _ndjson(text: str) -> Iterator[dict[str, object]]:
    for n, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise PeopleError(f"line {n}: not a JSON object")
        yield row


def _check_all(rows: list[dict[str, object]], known: Lists, photos: Photos) -> tuple[dict[int, Form], list[BadRow]]:
    forms: dict[int, Form] = {}
    bad: list[BadRow] = []
    today = day_of(now_ms())
    for n, row in enumerate(rows, 1):
        try:
            forms[n] = check(_told(row, photos), known, today, registration.is_photo)
        except FormError as error:
            bad += [BadRow(n, one.column, one.why, one.todo) for one in error.problems]
    return forms, bad


def _told(row: Mapping[str, object], photos: Photos) -> dict[str, object]:
    if "" in row:
        raise FormError([Problem("", "cells", "more cells than headings", "put texts with commas in quotes")])
    for name, value in row.items():
        if not isinstance(value, str) or len(value) > (_MAX_PICTURE if name == "photo" else MAX_CELL):
            raise FormError([Problem(str(name)[:40], "cell", "not a text, or a very long one", "check the cell")])
    told: dict[str, object] = dict(row)
    try:
        told["photo"] = photos(str(row.get("photo", "")))
    except PeopleError:
        told["photo"] = b""  # `check` tells, with everything else that is wrong
    return told


def _twice(forms: Mapping[int, Form]) -> list[BadRow]:
    """Rows that hold a number another row holds."""
    first: dict[str, int] = {}
    bad = []
    for n, form in forms.items():
        if form.number and (other := first.setdefault(form.number, n)) != n:
            bad.append(BadRow(n, "aadhaar", f"the same number as in row {other}", "keep one of the two rows"))
    return bad
