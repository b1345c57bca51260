"""`hazri-server terminals`, `terminal`, `tickets`, `incidents`: the fleet on the command line."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from server import FleetError
from server.commands.words import Words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from server.opened import Opened

OFFICE = "office"  # who changes things from the aggregator's own keyboard
_HOUR_MS = 3_600_000


def add(words: Words) -> None:
    """Put them beside the other commands; `work` opens the state directory for one of them."""
    command, group, work = words.command, words.group, words.topic
    terminals = command("terminals", work, "List the terminals, how they are, and what to do about it.")
    terminals.add_argument("--json", action="store_true", help="one JSON object a line")
    terminals.add_argument("--wrong", action="store_true", help="only those that are not well")
    terminals.set_defaults(topic=_terminals)
    to = group("terminal", "One terminal: its standing, its place, its hardware.")
    state = command("state", work, "Put it aside, believe it again, or take it out of use.", to)
    state.add_argument("terminal")
    state.add_argument("state", choices=["active", "quarantined", "revoked", "retired"])
    state.add_argument("--why", required=True, help="for its history")
    state.set_defaults(topic=_state)
    move = command("move", work, "Write down where it stands, from now on or from a day to come.", to)
    move.add_argument("terminal")
    move.add_argument("--office", default="", metavar="ORG/CODE", help="none: it serves everybody")
    move.add_argument("--name", default="", help='for people, as "East gate"')
    move.add_argument("--place", default="", help='in the building, as "2nd floor"')
    move.add_argument("--on", default="", metavar="YYYY-MM-DD", help="from this day on (default: now)")
    move.add_argument("--why", default="", help="for its history")
    move.set_defaults(topic=_move)
    label = command("label", work, "Write down the serial number on the unit that is in use.", to)
    label.add_argument("terminal")
    label.add_argument("serial")
    label.set_defaults(topic=_label)
    history = command("history", work, "Its units, places and standing, newest first.", to)
    history.add_argument("terminal")
    history.set_defaults(topic=_history)
    fitness = command("fitness", work, "Could it have taken a punch? By the minute.", to)
    fitness.add_argument("terminal")
    fitness.add_argument("--hours", type=int, default=24, help="up to now (default: 24)")
    fitness.set_defaults(topic=_fitness)
    tickets = command("tickets", work, "Faults to be mended within a week (R2.6), the one due first at the top.")
    tickets.add_argument("--breached", action="store_true", help="only those on their day 8 or later")
    tickets.add_argument("--close", metavar="ID", help="close one, if a self-test was passed since")
    tickets.add_argument("--json", action="store_true", help="one JSON object a line")
    tickets.set_defaults(topic=_tickets)
    incidents = command("incidents", work, "Alarms that are not over, and what to do about them.")
    incidents.add_argument("--json", action="store_true", help="one JSON object a line")
    incidents.set_defaults(topic=_incidents)


def _terminals(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import overview
    from server.fleet.advice import advice
    from server.ledger.store import now_ms
    from server.ledger.views import live_terminals
    from server.web.words import EN, ago

    now = now_ms()
    with opened.ledger.read() as connection:
        rows = live_terminals(connection, now)
        wrong = {row.id: row.wrong for row in overview.page(connection, limit=len(rows) or 1)}
    lines = []
    for row in rows:
        found = wrong.get(row.id, ())
        if args.wrong and not found:
            continue
        if args.json:
            told = [{"kind": one.kind, "level": one.level.name.lower(), "detail": one.detail} for one in found]
            lines.append(json.dumps(asdict(row) | {"wrong": told}))
            continue
        lines.append(
            f"{row.id:<32} {row.state:<8} heard {ago(EN, row.last_seen_ms, now):<12} waiting {row.backlog:<6} "
            f"stored {row.seq:<8} roster {row.roster_version}/{row.roster_wanted} refused {row.quarantined}"
        )
        for one in found:
            lines.append(f"    {one.level.name.lower()} {advice(one.kind).what} ({one.detail}): {advice(one.kind).do}")
    return "\n".join(lines)


def _state(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import standing
    from server.ledger.store import now_ms

    with opened.ledger.write() as connection:
        before = standing.change(connection, args.terminal, standing.State(args.state), OFFICE, args.why, now_ms())
    return f"{args.terminal} was {before}, is {args.state}"


def _move(args: argparse.Namespace, opened: "Opened") -> str:
    import datetime as dt

    from server.fleet import places
    from server.intake.timekeeping import IST
    from server.ledger.store import now_ms

    now = now_ms()
    try:
        day = dt.date.fromisoformat(args.on) if args.on else None
    except ValueError:
        raise FleetError(f"--on {args.on}: no such day; write it as 2026-04-01") from None
    from_ms = int(dt.datetime.combine(day, dt.time(), IST).timestamp() * 1000) if day else now
    with opened.ledger.write() as connection:
        place = places.Place(from_ms, _office(connection, args.office), args.name, args.place)
        places.move(connection, args.terminal, place, OFFICE, args.why, now)
    return f"{args.terminal}: {'moves then' if from_ms > now else 'moved'}"


def _office(connection: "Connection", told: str) -> bytes | None:
    from sqlalchemy import select

    from server.ledger.tables import office

    if not told:
        return None
    org, _, code = told.partition("/")
    found: bytes | None = connection.scalar(select(office.c.id).where(office.c.org == org, office.c.code == code))
    if found is None:
        raise FleetError(f"--office {told}: no such office; write ORG/CODE, as edu/hr-12-3")
    return found


def _label(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import units

    with opened.ledger.write() as connection:
        if not units.label(connection, args.terminal, args.serial):
            raise FleetError(f"{args.terminal}: no unit is in use there")
    return "written down"


def _history(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import standing, units
    from server.web.fleet_answers import moment

    with opened.ledger.read() as connection:
        notes = standing.history(connection, args.terminal)
        hardware = units.history(connection, args.terminal)
    lines = [
        f"unit {one.record_key.hex()[:16]} {one.serial or '-'} since {moment(one.since_ms):%Y-%m-%d %H:%M}Z "
        + ("in use" if one.until_ms is None else f"until {moment(one.until_ms):%Y-%m-%d %H:%M}Z")
        for one in hardware
    ]
    for note in notes:
        was = f"{note.was} → " if note.was else ""
        lines.append(f"{moment(note.at_ms):%Y-%m-%d %H:%M}Z {note.what} {was}{note.became} by {note.by} {note.why}")
    return "\n".join(line.rstrip() for line in lines)


def _fitness(args: argparse.Namespace, opened: "Opened") -> str:
    from server.fleet import fitness, fitness_log
    from server.fleet.fitness import MINUTE_MS
    from server.intake.timekeeping import IST
    from server.ledger.store import now_ms
    from server.web.fleet_answers import moment

    now = now_ms()
    start_ms = now - args.hours * _HOUR_MS
    if not 0 < now - start_ms <= fitness_log.MAX_SPAN_MS:
        raise FleetError(f"--hours {args.hours}: 1 to {fitness_log.MAX_SPAN_MS // _HOUR_MS}")
    with opened.ledger.read() as connection:
        found = fitness_log.timeline(connection, args.terminal, start_ms // MINUTE_MS, -(-now // MINUTE_MS))
    lines = [
        f"{moment(one.start * MINUTE_MS).astimezone(IST):%d.%m. %H:%M} {one.minutes:>6} min {one.fitness:<8}"
        f"{' '.join(one.reasons)}".rstrip()
        for one in found
    ]
    total = fitness.summary(found)
    return "\n".join([*lines, f"minutes: fit {total.fit}, unfit {total.unfit}, unknown {total.unknown}"])


def _tickets(args: argparse.Namespace, opened: "Opened") -> str:
    import msgspec

    from server.fleet import ticket_book
    from server.fleet.advice import advice
    from server.ledger.store import now_ms
    from server.web import fleet_answers

    now = now_ms()
    if args.close:
        with opened.ledger.write() as connection:
            return "closed: " + ticket_book.close(connection, _id(args.close), now)
    with opened.ledger.read() as connection:
        asked = ticket_book.listed(breached_at_ms=now if args.breached else None)
        found = [ticket_book.of_row(row) for row in connection.execute(asked)]
    if args.json:
        return "\n".join(msgspec.json.encode(fleet_answers.ticket(one, now)).decode() for one in found)
    return (
        "\n".join(
            f"{one.id.hex()} {one.terminal:<24} day {one.day(now):<3} {'BREACH' if one.breached(now) else 'open':<6} "
            f"{advice(one.kind).what}{' (a person)' if one.person else ''}: {one.detail}"
            for one in found
        )
        or "no tickets"
    )


def _incidents(args: argparse.Namespace, opened: "Opened") -> str:
    import msgspec

    from server.fleet import alarms
    from server.web import fleet_answers

    with opened.ledger.read() as connection:
        found = [fleet_answers.incident(row) for row in connection.execute(alarms.listed())]
    if args.json:
        return "\n".join(msgspec.json.encode(one).decode() for one in found)
    return (
        "\n".join(
            f"{one.id} {one.terminal:<24} since {one.opened:%Y-%m-%d %H:%M}Z {one.what} ({one.detail}): {one.do}"
            for one in found
        )
        or "no alarms"
    )


def _id(told: str) -> bytes:
    try:
        ref = bytes.fromhex(told)
    except ValueError:
        ref = b""
    if len(ref) != 8:
        raise FleetError(f"{told}: an id has 16 hex digits; `hazri-server tickets` lists them")
    return ref
