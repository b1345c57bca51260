"""`hazri-server export` and `bring`: days for Frappe HR and Odoo, holidays as a calendar, lists as CSV."""

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from server import PeopleError
from server.commands.people import tell, who
from server.commands.report import deliver
from server.commands.words import Words, a_day
from server.exchange import NAMES, SYSTEMS, TAKEN

if TYPE_CHECKING:
    from server.exchange.texts import Names
    from server.opened import Opened


def add(words: Words) -> None:
    """The commands' words."""
    out = words.command(
        "export", words.topic, "Write what another system reads: check-ins, attendances, holidays, lists."
    )
    out.add_argument("name", choices=NAMES, metavar="WHAT", help=", ".join(NAMES))
    out.add_argument("--month", default="", metavar="YYYY-MM", help="of which month (default: the last one)")
    out.add_argument("--from", dest="first", type=a_day, metavar="YYYY-MM-DD", help="from which day on")
    out.add_argument("--to", dest="last", type=a_day, metavar="YYYY-MM-DD", help="until which day")
    out.add_argument("--format", choices=["csv", "json"], default="csv", help="(default: csv)")
    out.add_argument("--out", type=Path, metavar="FILE", help="write it there (default: on the screen)")
    out.set_defaults(topic=_export)
    into = words.command("bring", words.topic, "Take in what another system wrote: all of a file, or nothing.")
    taken = (*SYSTEMS, "calendar", *TAKEN)
    into.add_argument("name", choices=taken, metavar="WHAT", help=", ".join(taken))
    into.add_argument("file", type=Path, metavar="FILE")
    into.add_argument("--order", default="", metavar="NUMBER", help="of the order that gives the holidays")
    into.add_argument("--dry-run", action="store_true", help="list every bad row, and store nothing")
    into.set_defaults(topic=_import)
    for one in (out, into):
        one.add_argument("--office", default="", metavar="CODE", help="of which office and below (default: all)")
        one.add_argument("--org", default="", metavar="SLUG", help="of which organisation, where there are several")
        text = "CSV with reference, employee: what the other system calls people (default: the reference)"
        one.add_argument("--map", type=Path, metavar="FILE", help=text)


def _export(args: argparse.Namespace, opened: "Opened") -> str:
    """Raises ExchangeError, ReturnError."""
    from server.exchange import door
    from server.exchange.days import Asked
    from server.returns import catalogue

    first, last = _span(args)
    with opened.ledger.read() as connection:
        org, path, place = catalogue.place(connection, args.office, args.org)
        asked = Asked(org, path, first, last)
        found = door.export(connection, args.name, asked, args.format, _names(args), place.en)
    return deliver(found.body, args.out)


def _import(args: argparse.Namespace, opened: "Opened") -> str:
    """Raises ExchangeError, ReturnError, PeopleError with every bad row."""
    from server.days.places import Source
    from server.exchange import door, ical, incoming, masters
    from server.ledger.store import now_ms
    from server.returns import catalogue

    data = _read(args.file)
    done = "would be added" if args.dry_run else "added"
    with opened.ledger.write() as connection:
        org, path, _ = catalogue.place(connection, args.office, args.org)
        source = Source(who(), args.order)
        if args.name == "calendar":
            new, there = masters.take_calendar(connection, org, path, ical.read(data), source, dry_run=args.dry_run)
            return f"{new} holidays {done}, {there} were there"
        if args.name in TAKEN:
            report = masters.take(connection, args.name, org, data, source, path, dry_run=args.dry_run)
            return tell(report.rows, report.bad, done)
        whence = incoming.Whence(door.TITLES[args.name], org, path, _names(args))
        found = door.read(args.name, data)
        taken = incoming.take(connection, found, whence, who(), now_ms(), dry_run=args.dry_run)
    return f"{tell(taken.rows, taken.bad, done)}: {taken.added} marks, {taken.there} were known"


def _span(args: argparse.Namespace) -> tuple[dt.date, dt.date]:
    """The days that are told, or the month, or the last one. Raises PeopleError, FactsError."""
    from server.attendance.clock import days_of
    from server.ledger.store import now_ms
    from server.people.days import day_of

    if bool(args.first) != bool(args.last) or (args.first and args.month):
        raise PeopleError("tell --month, or both --from and --to")
    if args.first:
        return args.first, args.last
    days = days_of(args.month or f"{day_of(now_ms()).replace(day=1) - dt.timedelta(days=1):%Y-%m}")
    return days[0], days[-1]


def _names(args: argparse.Namespace) -> "Names":
    from server.exchange import texts

    return texts.names(_read(args.map)) if args.map else texts.Names()


def _read(path: Path) -> bytes:
    from server.exchange.texts import MAX_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PeopleError(f"{path}: {error.strerror}") from None
