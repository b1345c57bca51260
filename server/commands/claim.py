"""`hazri-server claim`, `revoke` and `keys`: letting machines in, and exchanging the server's own keys."""

import argparse
import json
from typing import TYPE_CHECKING

from server import ClaimError
from server.commands.words import Words

if TYPE_CHECKING:
    from server.opened import Opened
    from server.settings import ServerSettings

OFFICE = "office"  # who sits at the aggregator's own keyboard


def add(words: Words) -> None:
    """Put them beside the other commands; `topic` opens the state directory, `on_settings` gives the settings."""
    command, group, topic, on_settings = words.command, words.group, words.topic, words.on_settings
    revoke = command("revoke", topic, "Believe a terminal no more; it is cut off within seconds.")
    revoke.add_argument("terminal")
    revoke.set_defaults(topic=_revoke)
    claim = group("claim", "Tokens for new terminals, and the machines that brought one.")
    make = command("make", topic, "Make a token, valid once and for a day; prints hazri.toml for the card.", claim)
    make.add_argument("--office", default="", metavar="ORG/CODE", help="none: it serves everybody")
    make.add_argument("--id", default="", help="the terminal's id (default: the office's code and four digits)")
    make.add_argument("--url", required=True, help="where terminals reach this server's pages")
    make.add_argument("--at-once", action="store_true", help="let the machine in without asking anybody again")
    make.add_argument("--replaces", action="store_true", help="it takes the place of the unit known by --id")
    make.set_defaults(topic=_make)
    listed = command("list", topic, "List machines that ask to be let in.", claim)
    listed.add_argument("--all", action="store_true", help="also those that were decided")
    listed.add_argument("--json", action="store_true", help="one JSON object a line")
    listed.set_defaults(topic=_list)
    approve = command("approve", on_settings, "Let a machine in.", claim)
    approve.add_argument("claim", metavar="ID", help="as `claim list` prints it")
    approve.set_defaults(topic=_approve)
    refuse = command("refuse", topic, "Turn a machine away; its token is spent.", claim)
    refuse.add_argument("claim", metavar="ID", help="as `claim list` prints it")
    refuse.add_argument("--why", default="", help="the machine shows it")
    refuse.set_defaults(topic=_refuse)
    keys = group("keys", "This server's own keys, and their exchange while terminals stay where they are.")
    status = command("status", topic, "How far an exchange is.", keys)
    status.set_defaults(topic=_keys_status)
    rotate = command("rotate", topic, "Exchange a key: begin, then --switch, then --retire.", keys)
    rotate.add_argument("key", choices=["server", "template", "ca"])
    step = rotate.add_mutually_exclusive_group()
    step.add_argument("--switch", action="store_true", help="the next key takes over; stop the server for it")
    step.add_argument("--retire", action="store_true", help="the old key counts no more; stop the server for it")
    rotate.add_argument("--anyway", action="store_true", help="though terminals were not heard of yet")
    rotate.set_defaults(topic=_rotate)


def _revoke(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet.admit import revoke

    revoke(opened.ledger, args.terminal)
    return f"{args.terminal}: revoked"


def _make(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import claims

    with opened.ledger.write() as connection:
        office = claims.office_of(connection, args.office) if args.office else None
        made = claims.make(
            connection, OFFICE, office_id=office, terminal_id=args.id, at_once=args.at_once, replaces=args.replaces
        )
    fingerprint = claims.word_of(opened.keys).fingerprint
    return claims.file_of(made, fingerprint, args.url).rstrip()


def _list(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import claims
    from server.web.claims import told

    with opened.ledger.read() as connection:
        rows = [told(row) for row in connection.execute(claims.listed(waiting=not args.all))]
    if args.json:
        return "\n".join(json.dumps(row) for row in rows)
    return (
        "\n".join(
            f"{row['id']} {row['terminal']:<32} {row['state']:<8} {row['serial'] or '-'} {row['why']}".rstrip()
            for row in rows
        )
        or "nobody asks"
    )


def _approve(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.fleet import claims
    from server.opened import open_state

    opened = open_state(settings)
    row = claims.approve(opened.ledger, opened.keys, settings.broker, _id(args.claim), OFFICE)
    if row.state != claims.State.ADMITTED:
        raise ClaimError(f"{row.terminal}: refused: {row.why}")
    return f"{row.terminal}: admitted"


def _refuse(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import claims

    return f"{claims.refuse(opened.ledger, _id(args.claim), OFFICE, args.why).terminal}: turned away"


def _rotate(args: argparse.Namespace, opened: "Opened") -> str:
    from server.trust import rotation

    if args.switch:
        return (
            f"charter {rotation.switch(opened, args.key, anyway=args.anyway)}: the next {args.key} key has taken over"
        )
    if args.retire:
        return f"charter {rotation.retire(opened, args.key, anyway=args.anyway)}: the old {args.key} key counts no more"
    return f"charter {rotation.begin(opened, args.key)}: announced; `keys status` says who holds it"


def _keys_status(_args: argparse.Namespace, opened: "Opened") -> str:
    from server.trust import rotation

    far = rotation.progress(opened)
    lines = [f"{what}: {'announced' if state == 'next' else 'switched, the old one is believed'}"
             for what, state in far.under_way]  # fmt: skip
    lines.append(f"charter {far.number}: held by {far.terminals - len(far.waiting)} of {far.terminals} terminals")
    return "\n".join([*lines, *(f"    waiting: {one}" for one in far.waiting[:50])])


def _id(told: str) -> bytes:
    try:
        return bytes.fromhex(told)
    except ValueError:
        raise ClaimError(f"{told}: an id has 16 hex digits; `hazri-server claim list` lists them") from None
