"""`hazri-server order`, `orders`, `logs` and `provisional`: what terminals are told to do, and what their logs leave
to be settled."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from server import FleetError, PeopleError
from server.commands.words import Words

if TYPE_CHECKING:
    from server.fleet.orders import Listed
    from server.opened import Opened

KINDS = ("wipe", "resync", "selftest", "restart", "locate", "retry-window", "config")
_ACTOR = "command line"


def add(words: Words) -> None:
    """Put them beside the other commands; `work` opens the state directory for one of them."""
    command, group, work = words.command, words.group, words.topic
    order = command("order", work, "Order a terminal to do something; it is done when its own log says so.")
    order.add_argument("terminal")
    order.add_argument("kind", choices=KINDS)
    order.add_argument("--person", metavar="REFERENCE", help="wipe: this person alone, who is not to be known there")
    order.add_argument("--everybody", action="store_true", help="wipe: everybody and the keys; believe it no more then")
    order.add_argument("--seconds", type=int, help="locate: how long (default 30); retry-window: over how long a time")
    order.add_argument("--blob", metavar="HEX", help="config: the bytes to keep")
    order.set_defaults(topic=_order)
    orders = command("orders", work, "List what terminals were ordered to do, the newest first.")
    orders.add_argument("terminal", nargs="?")
    orders.add_argument("--json", action="store_true", help="one JSON object a line")
    orders.set_defaults(topic=_orders)
    logs = command("logs", work, "List the logs of a terminal, each with the one it follows.")
    logs.add_argument("terminal")
    logs.set_defaults(topic=_logs)
    provisional = group("provisional", "Supervised punches of digits nobody had at the terminal.")
    shown = command("list", work, "List those that the office must settle, the oldest first.", provisional)
    shown.add_argument("--all", action="store_true", help="also those that are settled")
    shown.set_defaults(topic=_provisional)
    settle = command("settle", work, "Say whose punch it was, or that it was nobody's.", provisional)
    settle.add_argument("record", metavar="TERMINAL/LOG/SEQ", help="as `provisional list` prints it")
    whose = settle.add_mutually_exclusive_group(required=True)
    whose.add_argument("--person", metavar="REFERENCE")
    whose.add_argument("--reject", action="store_true")
    settle.set_defaults(topic=_settle)


def _order(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import orders
    from sync.orders import OrderKind

    kind = OrderKind[args.kind.replace("-", "_").upper()]
    with opened.ledger.write() as connection:
        if kind is OrderKind.WIPE and args.person:
            ref = _ref(args.person)
            if not orders.wipe_person(connection, ref, actor=_ACTOR, terminals=[args.terminal]):
                raise FleetError(f"{args.terminal}: it was never told of this person, or is not active")
            return f"{args.terminal}: asked; `hazri-server orders {args.terminal}` tells how far it is"
        if kind is OrderKind.WIPE and not args.everybody:
            raise FleetError("wipe: give --person REFERENCE, or --everybody")
        detail: dict[str, int | str | bytes] = {}
        if kind in (OrderKind.LOCATE, OrderKind.RETRY_WINDOW):
            detail["seconds"] = args.seconds if args.seconds is not None else 30
        if kind is OrderKind.CONFIG:
            detail["blob"] = _bytes(args.blob or "")
        number = orders.ask(connection, args.terminal, kind, detail, actor=_ACTOR)
    return f"{args.terminal}: order {number} is asked; `hazri-server orders {args.terminal}` tells how far it is"


def _orders(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import orders

    with opened.ledger.read() as connection:
        found = orders.listing(connection, args.terminal)
    if args.json:
        return "\n".join(json.dumps(asdict(one)) for one in found)
    return "\n".join(map(_line, found)) or "no orders"


def _line(one: "Listed") -> str:
    from server.ledger.store import now_ms
    from server.web.words import EN, ago

    when = ago(EN, one.done_ms or one.sent_ms or one.asked_ms, now_ms())
    return f"{one.terminal:<32} {one.number:>6} {one.kind:<12} {one.progress:<6} {when:<14} {one.result} {one.record}"


def _logs(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import sayings

    with opened.ledger.read() as connection:
        found = sayings.logs(connection, args.terminal)
    if not found:
        raise FleetError(f"{args.terminal}: nothing is held of a terminal of this name")
    return "\n".join(f"{log.hex()} {seq:>9} follows {old.hex() if old else '-'}" for log, seq, old in found)


def _provisional(args: argparse.Namespace, opened: "Opened") -> str:
    from server.ledger.store import now_ms
    from server.people import provisional
    from server.web.words import EN, ago

    with opened.ledger.write() as connection:
        provisional.refer(connection, now_ms())
        found = provisional.listing(connection, unsettled=not args.all)
    lines = []
    for one in found:
        terminal, log, seq = one.id
        person = one.person.hex() if one.person else "-"
        what = f"{one.standing:<9} {ago(EN, one.wall_ms, now_ms()):<14} {one.kind or '-':<12} {one.reason:<8}"
        lines.append(f"{terminal}/{log.hex()}/{seq} {what} by {one.supervisor.hex()} person {person}")
    return "\n".join(lines) or "none"


def _settle(args: argparse.Namespace, opened: "Opened") -> str:
    from server.ledger.store import now_ms
    from server.people import provisional

    terminal, _, rest = args.record.partition("/")
    log, _, seq = rest.partition("/")
    if not seq.isdecimal():
        raise PeopleError(f"{args.record}: expected TERMINAL/LOG/SEQ, as `provisional list` prints it")
    person = None if args.reject else _ref(args.person)
    with opened.ledger.write() as connection:
        provisional.decide(connection, (terminal, _bytes(log), int(seq)), person, _ACTOR, now_ms())
    return f"{args.record}: {'rejected' if args.reject else 'confirmed'}"


def _ref(text: str) -> bytes:
    ref = _bytes(text)
    if len(ref) != 8:
        raise PeopleError("a reference is 16 hexadecimal digits, as `people import` printed it")
    return ref


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FleetError(f"{text[:40]}: not hexadecimal") from None
