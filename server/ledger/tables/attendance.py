"""What is derived from punches and rules, and what people ask for: days, rules by office, requests, leave, deductions,
allowances, and reports as they were sent.

A row with `org` and `path` holds for the office there and all below it, unless one further down says otherwise; two
empty texts: for the whole ledger. Days are ISO 8601 days of India; `until` empty: until further orders.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from server.ledger.tables.base import metadata

# ── days ──

# The punches of the ledger by person, dated: an index that the folding keeps up behind ingest, so that ingest itself
# carries nothing more. `low_ms`, `high_ms` none: nothing is known of that side (S2).
attendance_punch = Table(
    "attendance_punch",
    metadata,
    Column("person", LargeBinary(8), primary_key=True),
    Column("server_seq", BigInteger, primary_key=True),
    Column("terminal", String(32), nullable=False),
    Column("log", LargeBinary(8), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("boot_no", BigInteger, nullable=False),
    Column("office", LargeBinary(8)),  # where the terminal stood; none: nowhere in particular
    Column("low_ms", BigInteger),
    Column("high_ms", BigInteger),
    Column("kind", Integer, nullable=False),
    Column("means", Integer, nullable=False),
    Column("source_class", Integer, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("disputed", Boolean, nullable=False),
    Index(None, "person", "high_ms"),
    Index(None, "terminal", "log", "boot_no"),
)

# Two times (the day it is of, and from when to when this was what we knew of it); `known_to_ms` none: it is still.
# `turns_ms`: when the clock alone will change it (the day closes, the day is over).
attendance_day = Table(
    "attendance_day",
    metadata,
    Column("person", LargeBinary(8), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("known_from_ms", BigInteger, primary_key=True),
    Column("known_to_ms", BigInteger),
    Column("turns_ms", BigInteger),
    Column("office", LargeBinary(8), ForeignKey("office.id"), nullable=False),
    Column("status", String(16), nullable=False),  # server.attendance.types.Status
    Column("flags", BigInteger, nullable=False),  # DayFlag
    Column("first_low_ms", BigInteger),
    Column("first_high_ms", BigInteger),
    Column("last_low_ms", BigInteger),
    Column("last_high_ms", BigInteger),
    Column("late_min", Integer, nullable=False),
    Column("early_min", Integer, nullable=False),
    Column("worked_min", Integer, nullable=False),
    Column("face", Boolean, nullable=False),  # came by face: returns can be split by modality (R4.5)
    Column("policy", String(64), nullable=False),
    Column("derivation", Text, nullable=False),  # JSON: steps, punches, and the facts that decided
    Index(None, "office", "day"),
    Index(None, "day", "known_to_ms"),
    Index(None, "turns_ms"),
)

# Whose days are to be folded again, ends included. `stamp` is drawn anew each time it is asked for: what is asked
# while the folding is under way stays.
attendance_due = Table(
    "attendance_due",
    metadata,
    Column("person", LargeBinary(8), primary_key=True),
    Column("first_day", String(10), primary_key=True),
    Column("last_day", String(10), primary_key=True),
    Column("stamp", LargeBinary(8), nullable=False),
    Index(None, "last_day"),
)

# What the folding was told of an office's terminals: JSON [[terminal, from ms, to ms], …] in which they were fit.
fit_day = Table(
    "fit_day",
    metadata,
    Column("office", LargeBinary(8), ForeignKey("office.id"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("spans", Text, nullable=False),
    Column("known_ms", BigInteger, nullable=False),
)

# ── rules by office and date ──


def _by_place(name: str, *columns: Column) -> Table:  # type: ignore[type-arg]
    """A rule that holds at an office and below, from a day on. Withdrawn ones stay."""
    return Table(
        name,
        metadata,
        Column("id", LargeBinary(8), primary_key=True),
        Column("org", String(32), nullable=False),
        Column("path", String(200), nullable=False),
        Column("since", String(10), nullable=False),
        Column("until", String(10), nullable=False),
        *columns,
        Column("order_no", Text, nullable=False),
        Column("actor", String(64), nullable=False),
        Column("known_ms", BigInteger, nullable=False),
        Column("withdrawn_ms", BigInteger),
        Index(None, "org", "path"),
    )


policy_choice = _by_place("policy_choice", Column("policy", String(64), nullable=False))
holiday = _by_place("holiday", Column("name", Text, nullable=False), Column("name_hi", Text, nullable=False))
weekly_off = _by_place(
    "weekly_off",
    Column("weekdays", String(16), nullable=False),  # "6,7"; 1 is Monday
    Column("weeks", String(16), nullable=False),  # "2,4": of the month; empty: every one
)
office_shift = _by_place("office_shift", Column("shift", Text, nullable=False))  # JSON of server.attendance.rules.Shift

# Policies beside the shipped ones; a later text of the same name goes before the earlier.
policy_file = Table(
    "policy_file",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("known_ms", BigInteger, primary_key=True),
    Column("text", Text, nullable=False),
    Column("actor", String(64), nullable=False),
)

# ── what people ask for ──

# Leave, duty, tours, movements, corrections, register entries, exemptions. Never a punch: that is not edited.
request = Table(
    "request",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("person", LargeBinary(8), ForeignKey("person.ref"), nullable=False),
    Column("kind", String(12), nullable=False),  # server.requests.Kind
    Column("since", String(10), nullable=False),
    Column("until", String(10), nullable=False),
    Column("detail", Text, nullable=False),  # JSON, by kind
    Column("reason", Text, nullable=False),
    Column("state", String(10), nullable=False),  # asked, approved, refused, withdrawn
    Column("asked_by", String(64), nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("decided_by", String(64), nullable=False),
    Column("decided_ms", BigInteger),
    Column("decision", Text, nullable=False),  # what the officer wrote
    Column("withdrawn_by", String(64), nullable=False),
    Column("withdrawn_ms", BigInteger),
    Index(None, "person", "since"),
    Index(None, "state", "asked_ms"),
)

# Half days of leave, each with its sign: what was granted, taken, deducted, given back. The sum is the balance.
leave_entry = Table(
    "leave_entry",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("person", LargeBinary(8), ForeignKey("person.ref"), nullable=False),
    Column("kind", String(8), nullable=False),  # CL, EL, …
    Column("halves", Integer, nullable=False),
    Column("day", String(10), nullable=False),
    Column("why", String(12), nullable=False),  # granted, taken, given_back, deducted, reversed
    Column("ref", String(64), nullable=False),  # the request or the deduction
    Column("actor", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("uq_leave_entry_ref", "person", "ref", "kind", "why", unique=True),
)

# ── what follows ──

# The journal of server.attendance.deductions: lines are only ever added.
deduction_line = Table(
    "deduction_line",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("turn", Integer, primary_key=True),
    Column("move", String(8), nullable=False),
    Column("kind", String(8)),
    Column("halves", Integer, nullable=False),
    Column("days", Text, nullable=False),  # JSON
    Column("at_ms", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "month"),
)

lsa_approval = Table(
    "lsa_approval",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("person", LargeBinary(8), ForeignKey("person.ref"), nullable=False),
    Column("day", String(10), nullable=False),
    Column("approved_ms", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("work", Text, nullable=False),
    Index(None, "person", "day"),
)

lsa_claim = Table(
    "lsa_claim",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("person", LargeBinary(8), ForeignKey("person.ref"), nullable=False),
    Column("month", String(7), nullable=False),
    Column("days", Text, nullable=False),  # JSON
    Column("certificate", LargeBinary(32), nullable=False),  # SHA-256 of the enclosed file
    Column("file", LargeBinary, nullable=False),  # it, PDF or JPEG, under the vault key; empty: none, or erased
    Column("submitted_ms", BigInteger, nullable=False),
    Column("rupees", Integer, nullable=False),
    Column("lines", Text, nullable=False),  # JSON: each day with outcome, reasons and its two punches (R3.9)
    Index(None, "month"),
    Index(None, "person", "month"),
)

# Days on which late sitting counts since an amendment, and until when they may be claimed in spite of R3.8.
lsa_reopened = Table(
    "lsa_reopened",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("until", String(10), nullable=False),
    Column("report", LargeBinary(8), ForeignKey("report.id"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

# A return as it was sent (R2.5): frozen. `content` is its data (JSON, compressed), `hash` the SHA-256 of that JSON.
report = Table(
    "report",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("name", String(24), nullable=False),
    Column("org", String(32), nullable=False),
    Column("path", String(200), nullable=False),
    Column("month", String(10), nullable=False),  # or the day, of a daily return
    Column("version", Integer, nullable=False),
    Column("sent_ms", BigInteger, nullable=False),
    Column("sent_by", String(64), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index("uq_report_name", "org", "path", "name", "month", "version", unique=True),
)

# What a sent return says otherwise now: the amendment slip (JSON, compressed).
amendment = Table(
    "amendment",
    metadata,
    Column("report", LargeBinary(8), ForeignKey("report.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
