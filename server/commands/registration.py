"""`hazri-server registration`, `service`, `numbers`: people, their orders, and the vault, on the command line."""

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server import PeopleError
from server.commands.people import find, tell, who
from server.commands.words import Words, a_day

if TYPE_CHECKING:
    from server.opened import Opened
    from server.people.registration import Vaults

_MAX_FILE = 64 * 1024 * 1024
_MOST_READS = 10_000


def add(words: Words) -> None:
    """Put them beside the other commands; `work` opens the state directory for one of them."""
    group, topic = words.group, words.topical
    to = group("registration", "Employees who register: check them, take them in.")
    load = topic("import", to, _import, "Register everybody in a CSV or NDJSON file: all of them, or none.", "org")
    load.add_argument("file", type=Path)
    load.add_argument("--photos", type=Path, required=True, metavar="DIR", help="the photographs that its rows name")
    load.add_argument("--dry-run", action="store_true", help="list every bad row, and store nothing")
    topic("list", to, _list, "What waits for the nodal officer.", "org")
    topic("verify", to, _verify, "Everything is right: give six digits and put on the rosters.", "id")
    refuse = topic("reject", to, _reject, "Something is wrong: it has to be made anew.", "id")
    refuse.add_argument("--reason", required=True, help="the applicant is sent it")

    to = group("service", "Orders of a service, and what they made of it.")
    record = topic("record", to, _record, "Write down an order.", "org", "person", "kind")
    record.add_argument("--order", required=True, metavar="NUMBER")
    record.add_argument("--on", required=True, type=a_day, metavar="YYYY-MM-DD", help="takes effect")
    record.add_argument("--ordered-on", type=a_day, metavar="YYYY-MM-DD", help="(default: --on)")
    record.add_argument("--from", dest="from_office", default="", metavar="CODE")
    record.add_argument("--to", dest="to_office", default="", metavar="CODE")
    record.add_argument("--designation", default="", metavar="CODE")
    record.add_argument("--branch", default="", metavar="CODE", help="the division that issued it")
    topic("history", to, _history, "The posting history of a person.", "person")
    topic(
        "late",
        to,
        _late,
        "Orders of a month (YYYY-MM) entered late, or at a console.",
        "org",
        "month",
    )
    erase = topic("erase", to, _erase, "Delete everything of a person, here and at every terminal.", "person")
    erase.add_argument("--reason", required=True)

    to = group("numbers", "The vault of Aadhaar numbers.")
    topic("status", to, _status, "How many there are, and under which key.")
    topic("reads", to, _reads, "Who opened a number, when and why: one JSON object a line, the newest first.")
    topic("new-key", to, _new_key, "Make the next key; `rotate` brings the numbers under it.")
    topic("rotate", to, _rotate, "Bring every number under the newest key.")


def _vaults(opened: "Opened") -> "Vaults":
    from server.people.registration import Vaults
    from server.trust.vault import Vault, open_number_vault

    return Vaults(Vault(opened.keys.vault), open_number_vault(opened.keys.directory))


def _import(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.imports import look, photos_in, take
    from server.people.orgs import lists
    from server.people.registration import Consent

    try:
        with args.file.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise PeopleError(f"{args.file}: {error.strerror}") from None
    vaults, agreed = _vaults(opened), Consent("on paper", "")
    with opened.ledger.read() as connection:
        known = lists(connection, args.org)
    looked = look(known, data, photos_in(args.photos))
    with opened.ledger.write() as connection:
        report = take(connection, vaults, args.org, looked, agreed, dry_run=args.dry_run)
    told = tell(report.rows, report.bad, "would be registered" if args.dry_run else "registered")
    return "\n".join([*report.registrations, told])


def _list(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.registration import waiting

    with opened.ledger.read() as connection:
        rows = waiting(connection, args.org)
    return "\n".join(f"{row.id}  {row.kind:<12} {row.division:<20} {row.name}" for row in rows) or "nothing waits"


def _verify(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.registration import accept

    done = accept(opened.ledger, _vaults(opened), opened.keys.template, args.id, who())
    return f"{args.id}: verified as {done.person.hex()}; attendance id: {done.basis.value} six, on their page"


def _reject(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.registration import reject

    with opened.ledger.write() as connection:
        reject(connection, _vaults(opened), args.id, who(), args.reason)
    return f"{args.id}: rejected"


def _record(args: argparse.Namespace, opened: "Opened") -> str:
    from server.ledger.store import now_ms
    from server.people.days import day_of, start_ms
    from server.people.register import parse_ref
    from server.people.service import Kind, ServiceOrder
    from server.people.service_ledger import Entry, record
    from server.trust.vault import Vault

    if args.kind not in {kind.value for kind in Kind}:
        raise PeopleError(f"{args.kind}: expected one of {', '.join(kind.value for kind in Kind)}")
    ordered = args.ordered_on or args.on
    with opened.ledger.write() as connection:
        places = [find(connection, args.org, one) if one else None for one in (args.from_office, args.to_office)]
        order = ServiceOrder(Kind(args.kind), args.on, ordered, args.order, places[0], places[1], args.designation)
        # An order is issued at some time of its day: only on a later one it is entered late.
        issued_ms = start_ms(ordered + dt.timedelta(days=1))
        entry = Entry(who(), parse_ref(args.person), order, issued_ms, args.branch)
        done = record(connection, entry, day_of(now_ms()), Vault(opened.keys.vault))
    late = "; entered after it was issued" if done.back_entered else ""
    flag = "; flagged as entered at the console, not by the login of who issued it"
    return f"{args.kind} recorded as {done.id.hex()}: {done.standing.service.value}{late}{flag}"


def _history(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.register import parse_ref
    from server.people.service_ledger import history

    with opened.ledger.read() as connection:
        spans = history(connection, parse_ref(args.person))
        names = _office_names(connection)
    return "\n".join(
        f"{span.first} – {span.last or '…':<10}  {names.get(span.office or b'', '—'):<30} {span.designation:<20} "
        f"{span.service.value}{'' if span.expected else ', not expected'}"
        for span in spans
    )


def _late(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.service_ledger import by_login, irregular

    try:
        month = dt.date.fromisoformat(f"{args.month}-01")
    except ValueError:
        raise PeopleError("month: expected YYYY-MM") from None
    with opened.ledger.read() as connection:
        rows = irregular(connection, args.org, month)
    told = ("kind", "order_no", "ordered_on", "branch", "actor", "recorded_ms", "back_entered")
    said = [{name: row[name] for name in told} | {"at_console": not by_login(row["actor"])} for row in rows]
    return "\n".join(map(json.dumps, said)) or "none"


def _erase(args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.erasing import withdraw
    from server.people.register import parse_ref
    from server.trust.vault import Vault

    with opened.ledger.write() as connection:
        knew = withdraw(connection, Vault(opened.keys.vault), parse_ref(args.person), who(), args.reason)
    return f"erased here; to be wiped at {', '.join(knew) or 'no terminal'}"


def _status(_args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.numbers import kept

    vault = _vaults(opened).numbers
    with opened.ledger.read() as connection:
        found = kept(connection, vault)
    return f"{found.numbers} numbers, {found.behind} not under key {vault.newest}"


def _reads(_args: argparse.Namespace, opened: "Opened") -> str:
    from server.access.scope import WHOLE
    from server.people.numbers import reads

    with opened.ledger.read() as connection:
        rows = connection.execute(reads(WHOLE).limit(_MOST_READS)).all()
    told = [{"at_ms": r.at_ms, "actor": r.actor, "registration": r.registration, "reason": r.reason} for r in rows]
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in told) or "none"


def _new_key(_args: argparse.Namespace, opened: "Opened") -> str:
    from server.trust.vault import new_number_key

    _vaults(opened)
    return f"number-{new_number_key(opened.keys.directory)}.key made; now `hazri-server numbers rotate`"


def _rotate(_args: argparse.Namespace, opened: "Opened") -> str:
    from server.people.numbers import rotate

    vault = _vaults(opened).numbers
    done = rotate(opened.ledger, vault)
    return f"{done} numbers brought under key {vault.newest}; older key files may be destroyed"


def _office_names(connection: Any) -> dict[bytes, str]:
    from sqlalchemy import select

    from server.ledger.tables import office

    return {row.id: row.name for row in connection.execute(select(office.c.id, office.c.name))}
