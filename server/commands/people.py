"""`hazri-server org`, `office`: organisations, their closed lists, and the tree of offices, on the command line."""

import argparse
import datetime as dt
import getpass
import json
import sys
from typing import TYPE_CHECKING, Any

from server import PeopleError
from server.commands.words import Words, a_day

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from server.opened import Opened

_EVENTS = ("describe", "rename", "move", "upgrade", "streams", "posts", "life", "merge", "close")
_YES_NO = {"yes": True, "no": False, "true": True, "false": False}


def add(words: Words) -> None:
    """Put them beside the other commands; `work` opens the state directory for one of them."""
    group, topic = words.group, words.topical
    orgs = group("org", "Organisations, and the lists their people choose from.")
    _named(topic("make", orgs, _make, "Make an active organisation.", "org"))
    topic("list", orgs, _list, "List organisations, and applications that wait.")
    topic("approve", orgs, _approve, "Approve a verified application under a slug of its own.", "application", "slug")
    refuse = topic("reject", orgs, _reject, "Refuse an application.", "application")
    refuse.add_argument("--reason", required=True)
    setting = "Set nodal_name, nodal_phone, nodal_email, or region (how far templates travel)."
    topic("set", orgs, _set, setting, "org", "name", "value")
    division = _named(topic("division", orgs, _division, "Add or change a division or unit.", "org", "code"))
    division.add_argument("--register-by", metavar="YYYY-MM-DD", help="by when everybody there is to be registered")
    post = _named(topic("designation", orgs, _designation, "Add or change a designation.", "org", "code"))
    post.add_argument("--equivalent", required=True, metavar="GRADE", help="mts, teacher, section-officer, …")
    post.add_argument("--pay-band", default="")
    post.add_argument("--grade-pay", type=int)
    coverage = topic("coverage", orgs, _coverage, "How far registration is, an office and section a line.", "org")
    coverage.add_argument("--json", action="store_true", help="one JSON object a line")

    offices = group("office", "The tree of offices: state, district, zone, office.")
    new = _named(topic("open", offices, _open, "Open an office.", "org", "code"))
    new.add_argument("--level", required=True, choices=["state", "district", "zone", "office"])
    new.add_argument("--under", default="", metavar="CODE", help="the office above")
    _ordered(new)
    event = topic("event", offices, _event, "Write down what happens to an office, from a day on.", "org", "code")
    event.add_argument("kind", choices=_EVENTS)
    event.add_argument("fields", nargs="*", metavar="FIELD=VALUE", help="as life=trial, or designation=teacher posts=6")
    _ordered(event)
    tree = topic("tree", offices, _tree, "Print the tree, today's or another day's.", "org")
    tree.add_argument("--on", type=a_day, default=None, metavar="YYYY-MM-DD")
    load = topic("import", offices, _import, "Open offices from CSV on stdin: all of them, or none.", "org")
    load.add_argument("--dry-run", action="store_true", help="list every bad row, and store nothing")
    _ordered(load)


def who() -> str:
    """Whoever is at this machine's keyboard, for the record."""
    return f"console:{getpass.getuser()}"[:64]


def _named(one: Any) -> Any:
    one.add_argument("--name", required=True)
    one.add_argument("--name-hi", required=True, help="in Hindi")
    return one


def _ordered(one: Any) -> None:
    one.add_argument("--on", type=a_day, default=None, metavar="YYYY-MM-DD", help="takes effect (default: today)")
    one.add_argument("--order", default="", metavar="NUMBER", help="of the order")


def _make(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import orgs

    with opened.ledger.write() as connection:
        orgs.make(connection, args.org, args.name, args.name_hi)
    return f"{args.org}: active"


def _list(_args: argparse.Namespace, opened: "Opened") -> str:
    from sqlalchemy import select

    from server.ledger.tables import org, org_application

    with opened.ledger.read() as connection:
        active = [f"{row.slug:<32} {row.state:<9} {row.name}" for row in connection.execute(select(org))]
        asked = select(org_application).where(org_application.c.state.in_(("applied", "verified")))
        waiting = [f"{row.id.hex():<32} {row.state:<9} {row.name}" for row in connection.execute(asked)]
    return "\n".join([*active, *waiting]) or "no organisations"


def _approve(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import orgs
    from server.trust.vault import Vault

    with opened.ledger.write() as connection:
        orgs.approve(connection, Vault(opened.keys.vault), _ref(args.application), args.slug, who())
    return f"{args.slug}: active"


def _reject(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import orgs

    with opened.ledger.write() as connection:
        orgs.reject(connection, _ref(args.application), args.reason, who())
    return "rejected"


def _set(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import office_ledger, orgs

    with opened.ledger.write() as connection:
        orgs.configure(connection, args.org, args.name, args.value)
        if args.name == "region":
            office_ledger.region_changed(connection, args.org)
    return f"{args.name}: {args.value}"


def _division(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import orgs

    told = {"name": args.name, "name_hi": args.name_hi, "register_by": args.register_by}
    with opened.ledger.write() as connection:
        orgs.put_division(connection, args.org, args.code, told)
    return f"{args.code}: {args.name}"


def _designation(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import orgs

    told = {"name": args.name, "name_hi": args.name_hi, "equivalent": args.equivalent}
    with opened.ledger.write() as connection:
        more = {"pay_band": args.pay_band, "grade_pay": args.grade_pay}
        orgs.put_designation(connection, args.org, args.code, told | more)
    return f"{args.code}: {args.name}"


def _coverage(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.coverage import coverage

    today = _today()
    with opened.ledger.read() as connection:
        rows = coverage(connection, args.org, today)
    if args.json:
        names = ("office_name", "division", "due_on", "posts", "registered", "verified", "enrolled", "outstanding")
        return "\n".join(json.dumps({name: getattr(row, name) for name in names}) for row in rows)
    head = f"{'office':<28} {'section':<20} registered verified enrolled outstanding due"
    lines = [
        f"{row.office_name[:28]:<28} {row.division_name[:20]:<20} {row.registered:>10} {row.verified:>8} "
        f"{row.enrolled:>8} {row.outstanding:>11} {row.due_on or '—'}{' OVERDUE' if row.overdue(today) else ''}"
        for row in rows
    ]
    return "\n".join([head, *lines])


def _open(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import office_ledger

    with opened.ledger.write() as connection:
        detail = {"code": args.code, "level": args.level, "name": args.name, "name_hi": args.name_hi}
        parent = find(connection, args.org, args.under) if args.under else None
        one = office_ledger.open_office(connection, args.org, {**detail, "parent": parent}, _order(args), _today())
    return f"{args.code}: opened as {one.hex()}"


def _event(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import office_ledger
    from server.people.office_life import OfficeKind

    with opened.ledger.write() as connection:
        one = find(connection, args.org, args.code)
        detail = dict(_field(connection, args.org, told) for told in args.fields)
        office_ledger.record(connection, one, OfficeKind(args.kind), detail, _order(args), _today())
    return f"{args.code}: {args.kind}"


def _tree(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.offices import as_of, path_in

    with opened.ledger.read() as connection:
        states = as_of(connection, args.org, args.on or _today())
    lines = []
    for path, state in sorted((path_in(states, one), state) for one, state in states.items()):
        depth = "  " * (path.count("/") - 2)
        lines.append(f"{depth}{state.code}  {state.name} · {state.name_hi}  ({state.level.value}, {state.life})")
    return "\n".join(lines) or "no offices on that day"


def _import(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people import office_imports

    with opened.ledger.write() as connection:
        data = sys.stdin.buffer.read(office_imports.MAX_BYTES + 1)
        report = office_imports.take(connection, args.org, data, _order(args), _today(), dry_run=args.dry_run)
    return tell(report.rows, report.bad, "would be opened" if args.dry_run else "opened")


def tell(rows: int, bad: Any, done: str) -> str:
    """A report of an import. Raises PeopleError with every bad row: the command has failed."""
    if not bad:
        return f"{rows} rows: {done}"
    lines = [f"row {one.row}, {one.column}: {one.why}; {one.todo}" for one in bad]
    raise PeopleError("\n".join([f"{rows} rows, nothing stored:", *lines]))


def find(connection: "Connection", org: str, code: str) -> bytes:
    """The office of this code. Raises PeopleError."""
    from sqlalchemy import select

    from server.ledger.tables import office

    found: bytes | None = connection.scalar(select(office.c.id).where(office.c.org == org, office.c.code == code))
    if found is None:
        raise PeopleError(f"{code}: {org} has no office of this code; `hazri-server office tree {org}` lists them")
    return found


def _field(connection: "Connection", org: str, told: str) -> tuple[str, Any]:
    name, found, value = told.partition("=")
    if not found:
        raise PeopleError(f"{told}: expected FIELD=VALUE, as life=trial")
    if name in ("parent", "into"):
        return name, find(connection, org, value) if value else None
    if name == "streams":
        return name, [one for one in value.split(",") if one]
    if name == "urban":
        return name, _YES_NO.get(value.lower(), value)
    try:
        return name, {"posts": int, "latitude": float, "longitude": float}.get(name, str)(value)
    except ValueError:
        raise PeopleError(f"{name}: expected a number") from None


def _order(args: argparse.Namespace) -> Any:
    from server.people.offices import Order

    return Order(who(), args.on or _today(), args.order)


def _today() -> dt.date:
    from server.ledger.store import now_ms
    from server.people.days import day_of

    return day_of(now_ms())


def _ref(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise PeopleError("expected hexadecimal digits, as `hazri-server org list` prints them") from None
