"""Returns about machines: how fit each terminal was, and whose fingers they refuse (R2.6)."""

from collections import Counter

from sqlalchemy import Connection, select

from server.attendance.clock import DAY_MS, midnight_ms
from server.days.punches import IST_MIN
from server.fleet import fitness, fitness_log
from server.fleet.fitness import MINUTE_MS
from server.ledger.tables import office, person, rejection, terminal, ticket
from server.people.days import day_of
from server.returns import words
from server.returns.attend import people_in
from server.returns.model import Asked, Cell, Column, Return, Table, Text, Weight
from server.web.words_fleet import WORDS as FLEET


def terminals(connection: Connection, asked: Asked) -> Return:
    """Minutes of office time (08:00 to 18:00) in which each terminal was fit, unfit, or silent."""
    query = select(terminal.c.id, office.c.name, office.c.name_hi, office.c.path)
    query = query.join_from(terminal, office, terminal.c.office == office.c.id)
    query = query.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))
    rows, weights = [], []
    for n, row in enumerate(connection.execute(query.order_by(office.c.path, terminal.c.id)).all(), 1):
        fit = unfit = unknown = 0
        reasons: set[str] = set()
        begin, end = midnight_ms(asked.days[0], IST_MIN), midnight_ms(asked.days[-1], IST_MIN) + DAY_MS
        line = fitness_log.timeline(connection, row.id, begin // MINUTE_MS, min(end, asked.now_ms) // MINUTE_MS)
        for day in asked.days:
            opens = midnight_ms(day, IST_MIN) // MINUTE_MS + 8 * 60
            cut = [
                fitness.Interval(max(one.start, opens), min(one.end, opens + 600), one.fitness, one.reasons)
                for one in line
                if one.start < opens + 600 and one.end > opens
            ]
            told = fitness.summary(cut)
            fit, unfit, unknown = fit + told.fit, unfit + told.unfit, unknown + told.unknown
            reasons |= set(told.reasons)
        share = 100 * fit / max(1, fit + unfit + unknown)
        why = Text(*(", ".join(_said(one)[place] for one in sorted(reasons)) for place in (0, 1)))
        rows.append((n, row.id, Text(row.name, row.name_hi), fit, unfit, unknown, round(share, 1), why))
        weights.append(Weight.ALERT if share < 95 else Weight.PLAIN)
    numbers = (
        Text("Fit (min)", "ठीक (मिनट)"), Text("Unfit (min)", "ख़राब (मिनट)"), Text("Unknown (min)", "अज्ञात (मिनट)"),
        Text("Fit %", "ठीक %"),
    )  # fmt: skip
    columns = (
        Column(words.SERIAL, True), Column(Text("Terminal", "टर्मिनल")), Column(words.OFFICE),
        *(Column(one, True) for one in numbers), Column(Text("Why not", "कारण")),
    )  # fmt: skip
    title = words.TITLES["terminals"]
    main = Table(title, columns, tuple(rows), tuple(weights))
    note = Text("Counted from 08:00 to 18:00 of every day.", "प्रतिदिन 08:00 से 18:00 तक गिना गया।")
    return Return("terminals", title, asked.place, asked.month, asked.now_ms, (main,), (note,))


def _said(reason: str) -> tuple[str, str]:
    return FLEET.get(f"why_{reason}", (reason, reason))


def fingers(connection: Connection, asked: Asked) -> Return:
    """Whose finger was refused how often, and the ticket that came of it, due within a week."""
    begin, end = midnight_ms(asked.days[0], IST_MIN), midnight_ms(asked.days[-1], IST_MIN) + DAY_MS
    here = select(person.c.ref).join_from(person, office, person.c.office == office.c.id)
    here = here.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))
    r, t = rejection.c, ticket.c
    refused = Counter(
        connection.scalars(select(r.person).where(r.wall_ms >= begin, r.wall_ms < end, r.person.in_(here)))
    )
    query = select(t.person, t.opened_ms, t.due_ms, t.closed_ms).where(t.person.in_(here), t.opened_ms < end)
    tickets = {row.person: row for row in connection.execute(query.order_by(t.opened_ms))}
    people = people_in(connection, {*refused, *tickets})
    found = sorted(people, key=lambda ref: (-refused[ref], people[ref][0]))
    rows: list[tuple[Cell, ...]] = []
    weights = []
    for n, ref in enumerate(found, 1):
        one = tickets.get(ref)
        days = (
            [f"{day_of(ms):%d-%m-%Y}" if ms else "" for ms in (one.opened_ms, one.due_ms, one.closed_ms)] if one else []
        )
        rows.append((n, *people[ref], refused[ref], *(days or ["", "", ""])))
        breached = one is not None and (one.closed_ms or asked.now_ms) > one.due_ms
        weights.append(Weight.ALERT if breached else Weight.PLAIN)
    heads = Text("Ticket opened", "टिकट खुला"), Text("Due", "देय"), Text("Closed", "बंद")
    columns = (
        Column(words.SERIAL, True), Column(words.NAME), Column(words.POST), Column(Text("Refused", "अस्वीकृत"), True),
        *map(Column, heads),
    )  # fmt: skip
    title = words.TITLES["fingers"]
    main = Table(title, columns, tuple(rows), tuple(weights))
    return Return("fingers", title, asked.place, asked.month, asked.now_ms, (main,))
