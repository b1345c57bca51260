"""CSV that a spreadsheet opens without running anything (RFC 4180).

A cell that begins with = + - @ or a control character is a formula to a spreadsheet: it gets an apostrophe before it,
which the spreadsheet takes for "this is text" and does not show. Numbers stay numbers: a minus before digits alone runs
nothing. The mark at the beginning tells old spreadsheets that this is UTF-8, or Hindi would come out as noise.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from fastapi import Response

MAX_ROWS = 100_000  # of a list that is saved whole
_FORMULA = re.compile(r"^\s*[=+\-@\t\r\n|%]")
_NUMBER = re.compile(r"^[+-]?[0-9]+([.,][0-9]+)*$")


def cell(value: object) -> str:
    """As it is to stand in the file."""
    text = "" if value is None else str(value).replace("\0", "")
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def uncell(text: str) -> str:
    """A cell of a file that was written here, or by a spreadsheet, as it was meant."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def encode(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The whole file."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([cell(one) for one in headings])
    writer.writerows([cell(one) for one in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def answer(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """To be saved as `name`, which must be plain: letters, digits, - and a dot."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(encode(headings, rows), media_type="text/csv; charset=utf-8", headers=headers)
