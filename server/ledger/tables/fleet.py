"""Terminals as things that stand somewhere, fall ill and are mended: hardware, places, health, fitness, tickets."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

# Which hardware was a terminal, and when (S7): the terminal keeps its name and history, units come and go. A unit is
# known by its record key; `serial` is what stands on its label, where anybody typed it in.
unit = Table(
    "unit",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("record_key", LargeBinary(32), primary_key=True),
    Column("serial", String(64), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),
)

# Every change of a terminal's standing, its hardware or its place: who, when, why. Append only.
terminal_event = Table(
    "terminal_event",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("terminal", String(32), ForeignKey("terminal.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("what", String(16), nullable=False),  # state, unit, place
    Column("was", Text, nullable=False),
    Column("became", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index(None, "terminal", "at_ms"),
)

# Where a terminal stands from `from_ms` on. `terminal` holds what is true today: `done` says that it was brought there.
terminal_place = Table(
    "terminal_place",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("from_ms", BigInteger, primary_key=True),
    Column("office", LargeBinary(8), ForeignKey("office.id")),
    Column("name", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("known_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    Index(None, "done", "from_ms"),
)

# The last word of a terminal on its health, as it came (sync.health), and the extremes of each hour for a year.
terminal_health = Table(
    "terminal_health",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

health_hour = Table(
    "health_hour",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("hour_ms", BigInteger, primary_key=True),
    Column("samples", Integer, nullable=False),
    Column("backlog_max", BigInteger),
    Column("oldest_max_s", BigInteger),
    Column("signal_min", Integer),
    Column("offset_max_ms", BigInteger),
    Column("temperature_max", Integer),  # °C
    Column("free_min_mb", BigInteger),
    Column("failing", Text, nullable=False),  # sensors that failed, with commas
    Index(None, "hour_ms"),
)

# How each rule of server.fleet.conditions stands at a terminal; no row: it is well, and was.
condition = Table(
    "condition",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("level", Integer, nullable=False),  # server.fleet.conditions.Level
    Column("bad", Integer, nullable=False),  # looks in a row that found it failing
    Column("since_ms", BigInteger, nullable=False),  # of this level
    Column("looked_ms", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "level"),
)

# An alarm's life. The evidence of those that a record told is the row of `alarm` that `ref` names, and stays for ever.
incident = Table(
    "incident",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("terminal", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("ref", String(64), nullable=False),
    Column("level", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),  # how often it came back before it was over
    Column("acked_ms", BigInteger),
    Column("acked_by", Text),
    Column("closed_ms", BigInteger),
    Column("closed_by", Text),
    Index(None, "terminal", "kind", "opened_ms"),
    Index(None, "closed_ms", "opened_ms"),
)

# What the log itself says of a terminal's fitness, dated when it is read (server.intake.dating), so that a later anchor
# dates it better. `before_ms` is CLOCK_BOOTTIME of the record before it in the same boot.
fitness_fact = Table(
    "fitness_fact",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("boot_no", BigInteger, nullable=False),
    Column("before_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("what", String(16), nullable=False),
)

# From when to when a boot has left records, on CLOCK_BOOTTIME: the machine ran all that time.
fitness_run = Table(
    "fitness_run",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("boot_no", BigInteger, primary_key=True),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
)

# From when to when a session with the broker was seen to live, by this server's clock.
fitness_session = Table(
    "fitness_session",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("session", LargeBinary(8), primary_key=True),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Index(None, "terminal", "to_ms"),
)

# What a terminal said of one side of its fitness, from `at_ms` on; empty: that side is well. Changes alone are kept.
fitness_word = Table(
    "fitness_word",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("aspect", String(16), primary_key=True),
    Column("at_ms", BigInteger, primary_key=True),
    Column("bad", String(64), nullable=False),
)

# Punches of one local day by quarter hour, a byte each (255: or more): what a weekday is like, and today.
punch_day = Table(
    "punch_day",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("quarters", LargeBinary(96), nullable=False),
    Index(None, "day"),
)

# How many punches a terminal took, and how many of them came in on the Indian day `day`: up to the fleet's cursor.
punch_total = Table(
    "punch_total",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("punches", BigInteger, nullable=False),
    Column("day", String(10), nullable=False),
    Column("today", BigInteger, nullable=False),
)

# A finger or face that was refused until somebody vouched: which record tells it.
rejection = Table(
    "rejection",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("person", LargeBinary(8), nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Index(None, "person", "received_ms"),
    Index(None, "received_ms"),
)

# A fault that must be mended within a week (R2.6): of a device, or of a person whom a device refuses.
ticket = Table(
    "ticket",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("terminal", String(32), nullable=False),
    Column("person", LargeBinary(8)),
    Column("kind", String(24), nullable=False),
    Column("detail", Text, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("acked_ms", BigInteger),
    Column("acked_by", Text),
    Column("closed_ms", BigInteger),
    Column("evidence", Text, nullable=False),  # what closed it: a self-test or a match
    Index(None, "closed_ms", "due_ms"),
    Index(None, "terminal", "kind", "closed_ms"),
    Index(None, "person", "closed_ms"),
)

# What somebody must be told, once: `ref` is the incident or the ticket, `kind` page, remind-3, remind-5 or breach.
notice = Table(
    "notice",
    metadata,
    Column("ref", LargeBinary(8), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("terminal", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    Index(None, "sent_ms", "at_ms"),
)

# The settings a terminal should have, each version once, and which of them it says it has.
twin_version = Table(
    "twin_version",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
)

twin = Table(
    "twin",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("desired", BigInteger, nullable=False),
    Column("carried", BigInteger, nullable=False),  # the last version handed to who carries orders,
    Column("number", BigInteger),  # and the order's number
    Column("reported", BigInteger, nullable=False),
    Column("reported_ms", BigInteger),
    Column("result", Text, nullable=False),
)
