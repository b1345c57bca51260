"""What happened: append only."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from server.ledger.tables.base import metadata

log = Table(
    "log",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("head", LargeBinary(32), nullable=False),
    Column("forked_ms", BigInteger),  # when a second history of this log was first seen (S8, S9)
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("terminal", String(32), nullable=False),
    Column("log", LargeBinary(8), nullable=False),
    Column("seq", BigInteger, nullable=False),
    # Given out inside the transaction from one counter row: gap-free and in the order of commits, so a reader's
    # cursor can never pass a record that commits later. The key, because a table that only grows at its end is the
    # quickest to write (in SQLite, where it must be called INTEGER for that, it is the row's own number).
    Column("server_seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("type", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("head", LargeBinary(32), nullable=False),
    Column("person", LargeBinary(8)),
    Column("kind", Integer),
    Column("means", Integer),
    Column("score", Integer),
    Column("source_class", Integer),
    Column("flags", Integer),
    Column("event", Integer),
    Column("boot_no", BigInteger, nullable=False),
    Column("since_boot_ms", BigInteger, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
    Column("clock_source", Integer, nullable=False),
    Column("error_bound_ms", BigInteger),
    Column("received_ms", BigInteger, nullable=False),
    UniqueConstraint("terminal", "log", "seq"),
)

# The signature that came with each batch: it vouches for record `seq` and all before it.
signed = Table(
    "signed",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("signature", LargeBinary(64), nullable=False),
)

boot = Table(
    "boot",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("boot_no", BigInteger, nullable=False),
    Column("boot_id", LargeBinary, nullable=False),
    Column("software", Text, nullable=False),
)

# What is known of a boot's place in time, and from which record on: see server/dating. Rows are only ever added.
dating = Table(
    "dating",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("boot_no", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("kind", Integer, primary_key=True),
    Column("known_ms", BigInteger, nullable=False),
    Column("low_at_ms", BigInteger, nullable=False),
    Column("low_ms", BigInteger),
    Column("high_at_ms", BigInteger, nullable=False),
    Column("high_ms", BigInteger),
)

# What the district must look at, named by the record that tells it.
alarm = Table(
    "alarm",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("known_ms", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "known_ms"),
)

# The next server_seq, and sums a page would otherwise count over millions of rows.
counter = Table(
    "counter",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# What was refused, kept with its reason; the same bytes again only count up.
quarantine = Table(
    "quarantine",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("reason", String(32), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("detail", Text, nullable=False),
    Column("leaf", String(16), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)
