"""A return as a page, and as a PDF to print: the same HTML, set by WeasyPrint, whose text is shaped by Pango and
HarfBuzz, so that Devanagari's signs stand where they belong. Fonts: Noto Sans and Noto Sans Devanagari.
"""

import datetime as dt
import logging
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from server.people.days import IST
from server.returns import ReturnError
from server.returns.model import Language, Return, Text, shown
from server.returns.words import period

_HERE = Path(__file__).parent / "templates"
_MOMENT = re.compile(r"(\d\d-\d\d-\d{4}) (\d\d:\d\d)")  # a date and its time stay on one line
MAX_ROWS = 3000  # a minute or two of work on a small server

_WORDS = {
    "made": Text("Made on", "तैयार किया गया"),
    "version": Text("Version", "संस्करण"),
    "open": Text("Provisional: the period is not over.", "अनंतिम: अवधि समाप्त नहीं हुई है।"),
    "none": Text("None.", "कोई नहीं।"),
    "page": Text("Page", "पृष्ठ"),
    "hash": Text("Check value (SHA-256)", "जाँच मान (SHA-256)"),
    "sign": Text("Signature of the officer in charge", "प्रभारी अधिकारी के हस्ताक्षर"),
}


def html(found: Return, language: Language) -> str:
    """A whole page without script, style of its own, or anything fetched."""
    return _environment().get_template("return.html").render(_values(found, language), style="")


def pdf(found: Return, language: Language) -> bytes:
    """A4, landscape where the table is wide; headings repeat on every page. Raises ReturnError."""
    logging.getLogger("weasyprint").setLevel(logging.WARNING)  # else a dozen lines a page, from its import on
    from weasyprint import HTML  # type: ignore[import-untyped]  # it loads Pango: only who prints needs that

    rows = sum(len(table.rows) for table in found.tables)
    if rows > MAX_ROWS:
        raise ReturnError(f"{rows} rows are too many to print; ask for one district or zone, or for CSV")
    style = (_HERE / "print.css").read_text("utf-8")
    page = _environment().get_template("return.html").render(_values(found, language), style=style)
    printed: bytes | None = HTML(string=page, base_url=None, url_fetcher=_nothing).write_pdf()
    if printed is None:
        raise ReturnError("the return could not be printed")
    return printed


def _values(found: Return, language: Language) -> dict[str, Any]:
    def say(cell: Any) -> str:
        return _MOMENT.sub("\\1\N{NO-BREAK SPACE}\\2", shown(cell, language))

    made = dt.datetime.fromtimestamp(found.made_ms / 1000, IST)
    wide = max((len(table.columns) for table in found.tables), default=0) > 6
    words = {name: text.of(language) for name, text in _WORDS.items()}
    return {
        "r": found, "say": say, "w": words, "language": language, "made": f"{made:%d-%m-%Y %H:%M}",
        "when": period(found.period).of(language), "wide": wide, "hash": found.hash.hex(),
    }  # fmt: skip


@lru_cache(1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("server.returns", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _nothing(url: str, *_: object, **__: object) -> dict[str, Any]:
    raise ValueError(f"a return fetches nothing, and not {url[:80]}")
