"""`hazri-server report` and `fold`: make a return, send and freeze it; fold what is due."""

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.commands.words import Words, a_day

if TYPE_CHECKING:
    from server.opened import Opened

FORMATS = ("html", "pdf", "csv", "xlsx")


def add(words: Words) -> None:
    """The commands' words."""
    from server.returns.words import TITLES

    one = words.command("report", words.topic, "Make a return, to look at or to send.")
    one.add_argument("name", choices=[*sorted(TITLES), "list"], metavar="NAME", help="which one; `list` names them")
    one.add_argument("--month", default="", metavar="YYYY-MM", help="of which month (default: the last one)")
    one.add_argument("--day", type=a_day, metavar="YYYY-MM-DD", help="of which day, where it is daily (default: today)")
    one.add_argument("--office", default="", metavar="CODE", help="of which office and below (default: all)")
    one.add_argument("--org", default="", metavar="SLUG", help="of which organisation, where there are several")
    one.add_argument("--format", choices=FORMATS, default="html", help="(default: html)")
    one.add_argument("--lang", choices=["en", "hi"], default="en", help="English or Hindi (default: en)")
    one.add_argument("--out", type=Path, metavar="FILE", help="write it there (default: on the screen)")
    one.add_argument("--send", action="store_true", help="freeze it as sent; what is learnt later becomes a slip")
    one.set_defaults(topic=_report)
    fold = words.command("fold", words.topic, "Fold all attendance days that are due, and say how many.")
    fold.set_defaults(topic=_fold)


def _report(args: argparse.Namespace, opened: "Opened") -> str:
    """Raises ReturnError, AttendanceError."""
    from server.access.keys import AccessKeys
    from server.ledger.store import now_ms
    from server.people.days import day_of
    from server.returns import catalogue, sent, words
    from server.returns.model import Asked

    if args.name == "list":
        return "\n".join(f"{name:<14}{words.WHAT[name].en}" for name in catalogue.NAMES)
    at_ms = now_ms()
    today = day_of(at_ms)
    day = (args.day or today) if args.name == "daily" else None
    month = args.month or f"{day or today.replace(day=1) - dt.timedelta(days=1):%Y-%m}"
    with opened.ledger.write() if args.send else opened.ledger.read() as connection:
        org, path, place = catalogue.place(connection, args.office, args.org)
        asked = Asked(org, path, month, at_ms, day, place)
        found = catalogue.make(connection, args.name, asked, AccessKeys(opened.keys.vault))
        if args.send:
            found = sent.send(connection, found, asked, "command line")
            if args.out is None:  # whoever sends wants to know that it went, not to see it go by
                return f"{args.name} of {found.period}: sent, version {found.version}, check value {found.hash.hex()}"
    return deliver(rendered(found, args.format, args.lang), args.out)


def rendered(found: Any, format_: str, language: Any) -> bytes:
    """A return in one of FORMATS."""
    from server.returns import render_page, render_table

    if format_ == "html":
        return render_page.html(found, language).encode()
    if format_ == "pdf":
        return render_page.pdf(found, language)
    return render_table.csv(found, language) if format_ == "csv" else render_table.xlsx(found, language)


def _fold(_args: argparse.Namespace, opened: "Opened") -> str:
    from server.days import fold
    from server.ledger.store import now_ms

    done = fold.all_of_it(opened.ledger, now_ms())
    return f"{done.records} records taken in, {done.people} stretches folded, {done.changed} days changed"


def deliver(data: bytes, out: Path | None) -> str:
    """Into a file, or on the screen. Raises ReturnError."""
    from server.returns import ReturnError

    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return ""
    try:
        out.write_bytes(data)
    except OSError as error:
        raise ReturnError(f"{out}: {error.strerror}") from None
    return f"{out}: {len(data)} bytes"
