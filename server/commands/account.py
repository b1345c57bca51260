"""`hazri-server account`, `roles`, `trail`: the first administrator, the matrix of rights, the chain of the trail."""

import argparse
import io
from typing import TYPE_CHECKING

from server.access.roles import ROLES, Role
from server.commands.words import Words

if TYPE_CHECKING:
    from server.opened import Opened


def add(words: Words) -> None:
    """Put the commands on the command line; `work` opens the state directory for one of them, `plain` does not."""
    add_one, group, work, plain = words.command, words.group, words.topic, words.plain
    account = group("account", "Accounts of staff; the first administrator is made here.")
    create = add_one("create", work, "Make an account with a role; password and second factor are shown once.", account)
    create.add_argument("login", help="log-in name")
    create.add_argument("--name", default="", help="the person's name (default: the log-in name)")
    create.add_argument("--role", choices=[role.value for role in Role if ROLES[role].levels], required=True)
    create.add_argument("--org", default="", help="slug of the organisation (default: the whole ledger)")
    create.add_argument("--office", default="", metavar="PATH", help="as /hr/hr-12/ (default: the whole organisation)")
    create.add_argument("--person", default="", metavar="REF", help="whose it is, where they are employed here")
    create.add_argument("--designation", default="")
    create.add_argument("--mobile", default="", help="ten digits, for the custody register")
    create.add_argument("--reason", default="made on the command line")
    create.add_argument("--no-qr", action="store_true", help="print the address for the authenticator alone")
    create.set_defaults(topic=_create)
    roles = add_one("roles", plain, "Print who may use which endpoint.")
    roles.add_argument("--markdown", action="store_true", help="as a table for a document")
    roles.set_defaults(topic=_roles)
    check = add_one("trail", work, "Check the chain of who read and changed what.")
    check.set_defaults(topic=_trail)


def _create(args: argparse.Namespace, opened: "Opened") -> str:
    """The account is whole at once: its second factor is made here and shown, its password must be changed."""
    from server import AccessError
    from server.access import accounts, custody, grants, totp
    from server.access.grants import Giver, Wish
    from server.access.keys import AccessKeys
    from server.access.scope import EVERYWHERE, Place
    from server.ledger.store import now_ms
    from server.people.register import parse_ref

    keys, now, role = AccessKeys(opened.keys.vault), now_ms(), Role(args.role)
    with opened.ledger.write() as connection:
        place = EVERYWHERE
        if args.org:
            root = custody.root_of(connection, args.org)
            if root is None:
                raise AccessError(f"--org {args.org}: there is no such organisation, or it has no office yet")
            place = Place(args.org, f"/{args.office.strip('/')}/") if args.office.strip("/") else root
        ref = parse_ref(args.person) if args.person else None
        new = accounts.New(args.login, args.name or args.login, place, args.designation, args.mobile, ref)
        id_, first = accounts.create(connection, keys, grants.COMMAND, new, now)
        exception = args.reason if ROLES[role].custody else ""
        wish = Wish(id_, role, place, args.reason, now, exception=exception)
        grants.give(connection, Giver(grants.COMMAND, command=True), wish, now)
        secret, codes = accounts.give_totp(connection, keys, id_)
    uri = totp.uri(secret, args.login)
    lines = [
        f"log-in name  {args.login.strip().lower()}",
        f"password     {first}   (to be changed at the first log-in)",
    ]
    lines += [f"second factor  {uri}", *([] if args.no_qr else [_qr(uri)])]
    return "\n".join(
        [*lines, "recovery codes, each for one log-in:", *("  " + one for one in codes), "Shown only now."]
    )


def _roles(args: argparse.Namespace) -> str:
    from server.access import matrix
    from server.web.app import ROUTERS

    found = matrix.rows(ROUTERS)
    return matrix.markdown(found) if args.markdown else matrix.table(found)


def _trail(_args: argparse.Namespace, opened: "Opened") -> str:
    from server import AccessError
    from server.access import trail

    with opened.ledger.read() as connection:
        broken = trail.broken(connection)
    if broken is not None:
        raise AccessError(f"the chain is broken at entry {broken}: it was altered or taken away")
    return "the chain is whole"


def _qr(uri: str) -> str:
    import segno

    out = io.StringIO()
    segno.make(uri).terminal(out, compact=True)
    return out.getvalue()
