"""What terminals are told to do, whom they fetched, and what their logs say that somebody must settle."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from server.ledger.tables.base import metadata

# Orders (sync.orders): asked, sent on the connection `session`, done as record (log, seq) of the terminal says.
terminal_order = Table(
    "terminal_order",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Column("detail", LargeBinary, nullable=False),
    Column("person", LargeBinary(8)),  # whose wipe it is
    Column("actor", String(64), nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    Column("session", LargeBinary(8)),
    Column("done_ms", BigInteger),
    Column("result", String(32)),
    Column("proof", LargeBinary(16)),
    Column("log", LargeBinary(8)),
    Column("seq", BigInteger),
    Index(None, "done_ms"),
    Index(None, "person"),
)

# Somebody of elsewhere who was asked for at a terminal (S6). `brief`: it has only the first of their templates.
guest = Table(
    "guest",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
    Column("brief", Boolean, nullable=False),
)

# How often a terminal asked within an hour of Unix time, and how often for digits nobody has.
fetch_hour = Table(
    "fetch_hour",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("asked", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
)

# The keyed name of everybody's six digits (server.fleet.fetch), so that they are found without opening all.
digits_name = Table(
    "digits_name",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("name", LargeBinary(16), nullable=False),
    Index(None, "name"),
)

# A supervisor vouched for digits nobody had there (S6). `keyed`: the digits by that terminal's look-up key.
provisional = Table(
    "provisional",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("keyed", LargeBinary(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("supervisor", LargeBinary(8), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
    Column("known_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),  # server.people.provisional.Standing
    Column("person", LargeBinary(8)),
    Column("settled_ms", BigInteger),
    Column("actor", String(64)),  # of the office, or the punch that confirmed it, TERMINAL/LOG/SEQ
    Index(None, "state"),
)

# Who vouched for the supervised punch (terminal, log, seq), and why (S1).
vouched = Table(
    "vouched",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("person", LargeBinary(8), nullable=False),
    Column("supervisor", LargeBinary(8), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("known_ms", BigInteger, nullable=False),
)

# An old machine knew somebody under a badge that nobody has named here yet (R6.2).
unknown_badge = Table(
    "unknown_badge",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("device", String(64), primary_key=True),
    Column("badge", String(64), primary_key=True),
    Column("times", BigInteger, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)

# Which log a new one follows at the same terminal: a card or a unit was exchanged (S7). `head` is of the last record
# that was held of the old one by then.
log_link = Table(
    "log_link",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("old_log", LargeBinary(8), nullable=False),
    Column("old_seq", BigInteger, nullable=False),
    Column("old_head", LargeBinary(32), nullable=False),
    Column("known_ms", BigInteger, nullable=False),
)
