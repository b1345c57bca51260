"""Returns about claims, custody, orders, registration, movements and registers."""

import datetime as dt
import json
from typing import Any

from sqlalchemy import Connection, and_, select

from server.access import custody, names
from server.access.keys import AccessKeys
from server.access.roles import Role
from server.access.scope import Place, Scope
from server.attendance.reconcile import MARKED, Marked
from server.attendance.types import DayFlag
from server.attendance.words import WORDS
from server.days.store import as_known
from server.ledger.tables import attendance_day, designation, employee, lsa_claim, office, person, request
from server.people import coverage as people_coverage
from server.people.days import day_of
from server.people.ranks import marking
from server.people.service_ledger import by_login, irregular, stood_at
from server.returns import words
from server.returns.attend import clock, date, people_in
from server.returns.model import Asked, Cell, Column, Return, Table, Text, Weight
from server.web.words_access import HI
from server.web.words_people import WORDS as ORDERS

_d = attendance_day.c


def lsa(connection: Connection, asked: Asked) -> Return:
    """Claims of the month, each day with its two punches, or why it is not simply paid (R3.9)."""
    here = _posted(asked)
    query = select(lsa_claim).where(lsa_claim.c.month == asked.month, lsa_claim.c.person.in_(here))
    claims = connection.execute(query.order_by(lsa_claim.c.submitted_ms)).all()
    people = people_in(connection, (row.person for row in claims))
    rows: list[tuple[Cell, ...]] = []
    weights = []
    for claim in claims:
        for line in json.loads(claim.lines):
            why = Text(*("; ".join(WORDS[f"lsa_{one}"][place] for one in line["reasons"]) for place in (0, 1)))
            first, last = (line[name] or {} for name in ("first", "last"))
            rows.append(
                (
                    *people[claim.person], date(line["day"]), clock(first.get("ms")), clock(last.get("ms")),
                    line["needed"], line["group"], line["rupees"] if line["outcome"] == "pay" else 0,
                    words.OUTCOMES[line["outcome"]], why, f"{first.get('punch', '')} {last.get('punch', '')}".strip(),
                )
            )  # fmt: skip
            weights.append(Weight.ALERT if line["outcome"] == "refuse" else Weight.PLAIN)
    rows.append((words.TOTAL, None, None, None, None, None, None, sum(row.rupees for row in claims), None, None, None))
    columns = (
        Column(words.NAME), Column(words.POST), Column(words.DATE), Column(words.ARRIVED), Column(words.LEFT),
        Column(Text("Needed until", "आवश्यक समय")), Column(Text("Group", "वर्ग")), Column(Text("Rupees", "रुपये"), True),
        Column(Text("Outcome", "निर्णय")), Column(Text("Reason", "कारण")), Column(Text("Punches", "पंच")),
    )  # fmt: skip
    title = words.TITLES["lsa"]
    return _one(asked, "lsa", Table(title, columns, tuple(rows), (*weights, Weight.TOTAL)))


def custody_register(connection: Connection, asked: Asked, keys: AccessKeys) -> Return:
    """The five columns of R4.4."""
    found = custody.register(connection, keys, _scope(asked), asked.now_ms)
    rows = tuple(
        (n, Text(line.office, line.office_hi), line.official, Text(line.designation, line.designation_hi), line.mobile)
        for n, line in enumerate(found, 1)
    )
    columns = (
        Column(words.SERIAL, True), Column(Text("Name of Office CEO/ZEO", "कार्यालय सीईओ/जेडईओ का नाम")),
        Column(
            Text("Name of Official entrusted Charge of Biometric/Faceapp", "बायोमेट्रिक/फेसऐप के प्रभारी का नाम")
        ),
        Column(Text("Design.", "पदनाम")), Column(Text("Mobile No", "मोबाइल नं.")),
    )  # fmt: skip
    return _one(asked, "custody", Table(words.TITLES["custody"], columns, rows))


def compliance(connection: Connection, asked: Asked) -> Return:
    """Custodies against the rules, which must be none (R4.3), and the reports that were asked for (R4.4)."""
    against = custody.violations(connection, _scope(asked), asked.now_ms)
    rows = tuple(
        (n, Text(one.office, one.office_hi), one.official, Text(one.objection.text, HI.say(one.objection.text)))
        for n, one in enumerate(against, 1)
    )
    columns = (
        Column(words.SERIAL, True), Column(words.OFFICE), Column(words.NAME), Column(Text("Against", "आपत्ति")),
    )  # fmt: skip
    main = Table(words.TITLES["compliance"], columns, rows, tuple(Weight.ALERT for _ in rows))
    tasks = custody.tasks(connection, _scope(asked))
    offices = select(office.c.path, office.c.name, office.c.name_hi).where(office.c.org == asked.org)
    names = {row.path: Text(row.name, row.name_hi) for row in connection.execute(offices)}
    told = tuple(
        (names.get(one.place.path, one.place.path), one.why, _day(one.asked_ms), _day(one.due_ms), _day(one.done_ms))
        for one in tasks
    )
    heads = (
        words.OFFICE, Text("Why", "कारण"), Text("Asked", "माँगा गया"), Text("Due", "देय"), Text("Done", "पूर्ण"),
    )  # fmt: skip
    due = Table(
        Text("Reports asked for", "माँगी गई रिपोर्टें"), tuple(map(Column, heads)), told,
        tuple(Weight.ALERT if one.overdue(asked.now_ms) else Weight.PLAIN for one in tasks),
    )  # fmt: skip
    none = Text("No custody is against the rules.", "कोई प्रभार नियम विरुद्ध नहीं।")
    return Return(
        "compliance", words.TITLES["compliance"], asked.place, asked.month, asked.now_ms, (main, due),
        () if against else (none,),
    )  # fmt: skip


def back_entered(connection: Connection, asked: Asked) -> Return:
    """Orders recorded after they were issued, or at the console: the monthly list of violations (R6.3, R6.4)."""
    found = irregular(connection, asked.org, asked.days[0])
    here = set(connection.scalars(_stood(asked)))
    found = [row for row in found if row["person"] in here]
    by = names.of_actors(connection, (row["actor"] for row in found))
    people = people_in(connection, (row["person"] for row in found))
    rows = tuple(
        (
            n, row["order_no"], _order(row["kind"]), people[row["person"]][0], date(row["ordered_on"]),
            _moment(row["issued_ms"]), _moment(row["recorded_ms"]), row["branch"], by.get(row["actor"], row["actor"]),
            _out_of_rule(row),
        )
        for n, row in enumerate(found, 1)
    )  # fmt: skip
    heads = (
        Text("Order No.", "आदेश सं."), Text("Order", "आदेश"), words.NAME, Text("Order date", "आदेश दिनांक"),
        Text("Issued", "जारी"), Text("Entered", "दर्ज"), Text("Branch", "शाखा"), Text("By", "द्वारा"),
        Text("Why listed", "सूची में क्यों"),
    )  # fmt: skip
    columns = (Column(words.SERIAL, True), *map(Column, heads))
    return _one(asked, "back-entered", Table(words.TITLES["back-entered"], columns, rows))


def _order(kind: str) -> Text:
    return Text(*ORDERS[f"order.{kind}"])


def coverage(connection: Connection, asked: Asked) -> Return:
    """How far registration is, a section at a time, with the head answerable (R1.17)."""
    today = day_of(asked.now_ms)
    found = people_coverage.coverage(connection, asked.org, today, asked.path or "/")
    heads = people_in(connection, (one.head for one in found if one.head))
    rows = tuple(
        (
            n, Text(one.office_name, one.office_name_hi), Text(one.division_name, one.division_name_hi),
            one.posts, one.registered, one.verified,
            one.enrolled, one.outstanding, date(one.due_on) if one.due_on else "",
            heads[one.head][0] if one.head else "",
        )
        for n, one in enumerate(found, 1)
    )  # fmt: skip
    numbers = (
        Text("Posts", "पद"), Text("Registered", "पंजीकृत"), Text("Verified", "सत्यापित"),
        Text("Enrolled", "नामांकित"), Text("Outstanding", "शेष"),
    )  # fmt: skip
    columns = (
        Column(words.SERIAL, True), Column(words.OFFICE), Column(Text("Section", "अनुभाग")),
        *(Column(one, True) for one in numbers), Column(Text("Due", "देय")), Column(Text("Head", "अनुभाग प्रमुख")),
    )  # fmt: skip
    weights = tuple(Weight.ALERT if one.overdue(today) else Weight.PLAIN for one in found)
    return _one(asked, "coverage", Table(words.TITLES["coverage"], columns, rows, weights))


def movement(connection: Connection, asked: Asked) -> Return:
    """Lines of the movement register; whoever was not back by closing time comes first (R1.16)."""
    r = request.c
    query = select(request).where(
        r.kind == "movement", r.state == "approved", r.since >= asked.days[0].isoformat(),
        r.since <= asked.days[-1].isoformat(), r.person.in_(_posted(asked)),
    )  # fmt: skip
    found: list[tuple[str, int, bytes, dict[str, Any], str]] = []
    for row in connection.execute(query):
        found.append((row.since, 0, row.person, json.loads(row.detail), row.reason))
    query = as_known(select(attendance_day).join(office, _d.office == office.c.id))
    query = query.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))
    query = query.where(_d.day >= asked.days[0].isoformat(), _d.day <= asked.days[-1].isoformat())
    open_ = {
        (row.person, row.day): row
        for row in connection.execute(query.where(_d.flags.op("&")(int(DayFlag.MOVEMENT_OPEN)) != 0))
    }
    entered = {(person_, day) for day, _, person_, _, _ in found}
    found += [(row.day, 0, row.person, {}, "") for key, row in open_.items() if key not in entered]
    found.sort(key=lambda one: ((one[2], one[0]) not in open_, one[0], one[3].get("out_ms") or 0))
    people = people_in(connection, (one[2] for one in found))
    rows = tuple(
        (date(day), *people[who], clock(told.get("out_ms")), clock(told.get("in_ms")), why,
         Text("no return", "वापसी नहीं") if (who, day) in open_ else "")
        for day, _, who, told, why in found
    )  # fmt: skip
    heads = (words.DATE, words.NAME, words.POST, words.LEFT, Text("Returned", "वापसी"), Text("Purpose", "प्रयोजन"))
    weights = tuple(Weight.ALERT if (one[2], one[0]) in open_ else Weight.PLAIN for one in found)
    columns = (*map(Column, heads), Column(words.REMARK))
    return _one(asked, "movement", Table(words.TITLES["movement"], columns, rows, weights))


def register(connection: Connection, asked: Asked) -> Return:
    """Where each day is marked: four cells an office, and the days on which the two do not agree (R2.9)."""
    columns_ = select(attendance_day, office.c.path, office.c.name, office.c.name_hi)
    query = as_known(columns_.join(office, _d.office == office.c.id))
    query = query.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))
    query = query.where(_d.day >= asked.days[0].isoformat(), _d.day <= asked.days[-1].isoformat())
    query = query.where(_d.status.in_(["present", "absent", "undetermined"]))
    r = request.c
    signed_query = select(r.person, r.since).where(r.kind == "register", r.state == "approved")
    signed = {(row.person, row.since) for row in connection.execute(signed_query)}
    sign = _signing(connection)
    counts: dict[tuple[str, Text], dict[Marked, int]] = {}
    odd = []
    for row in connection.execute(query.order_by(_d.day, _d.person)):
        machine = row.status == "present" and row.first_low_ms is not None
        marked = MARKED[machine, (row.person, row.day) in signed]
        here = row.path, Text(row.name, row.name_hi)
        of_office = counts.setdefault(here, dict.fromkeys(Marked, 0))
        of_office[marked] += 1
        if marked in (Marked.MACHINE_ONLY, Marked.REGISTER_ONLY) and row.person in sign:
            odd.append((here, row.day, row.person, marked))
    kept = {here for here, of_office in counts.items() if of_office[Marked.BOTH] or of_office[Marked.REGISTER_ONLY]}
    odd = sorted((one for one in odd if one[0] in kept), key=lambda one: (one[0][0], one[1]))
    people = people_in(connection, (person_ for _, _, person_, _ in odd))
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        (here[1], *(counts[here][one] for one in Marked)) for here in sorted(counts, key=lambda one: one[0])
    )
    four = (Column(words.OFFICE), *(Column(words.MARKED[one], True) for one in Marked))
    main = Table(words.TITLES["register"], four, cells)
    rows = tuple((here[1], date(day), *people[who], words.MARKED[marked]) for here, day, who, marked in odd)
    columns = tuple(map(Column, (words.OFFICE, words.DATE, words.NAME, words.POST, words.STATUS)))
    differ = Table(Text("Where they differ, of those who sign", "हस्ताक्षर करने वालों में अंतर"), columns, rows)
    title = words.TITLES["register"]
    note = Text(
        "Where no register was entered all month, there is nothing to compare: its days are in the sums alone.",
        "जहाँ पूरे माह पंजी दर्ज नहीं हुई, वहाँ मिलान को कुछ नहीं: वे दिन केवल योग में हैं।",
    )
    notes = (note,) if len(kept) < len(counts) else ()
    return Return("register", title, asked.place, asked.month, asked.now_ms, (main, differ), notes)


def _signing(connection: Connection) -> set[bytes]:
    """Of whose rank the branch register is asked, too (R1.15)."""
    same = and_(designation.c.org == employee.c.org, designation.c.code == employee.c.designation)
    asked = select(employee.c.person, designation.c.rank).join_from(employee, designation, same)
    return {row.person for row in connection.execute(asked) if marking(row.rank, dt.date.max).register_also}


def _posted(asked: Asked) -> Any:
    query = select(person.c.ref).join_from(person, office, person.c.office == office.c.id)
    return query.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))


def _stood(asked: Asked) -> Any:
    """As `_posted`, and who has left or is in transit by where they last were."""
    query = select(person.c.ref).join_from(person, employee, employee.c.person == person.c.ref)
    query = query.join(office, office.c.id == stood_at())
    return query.where(office.c.org == asked.org, office.c.path.startswith(asked.path or "/", autoescape=True))


def _out_of_rule(row: dict[str, Any]) -> Text:
    found = [name for name, yes in (("late", row["back_entered"]), ("console", not by_login(row["actor"]))) if yes]
    return Text(*("; ".join(ORDERS[f"irregular.{name}"][place] for name in found) for place in (0, 1)))


def _scope(asked: Asked) -> Scope:
    return Scope(frozenset({Role.AUDITOR}), frozenset({Place(asked.org, asked.path or "/")}))


def _one(asked: Asked, name: str, table: Table) -> Return:
    return Return(name, words.TITLES[name], asked.place, asked.month, asked.now_ms, (table,))


def _day(ms: int | None) -> str:
    return "" if ms is None else f"{day_of(ms):%d-%m-%Y}"


def _moment(ms: int) -> str:
    return f"{_day(ms)} {clock(ms)}"
