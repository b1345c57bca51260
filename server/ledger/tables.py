"""Every table of the ledger. Times are whole milliseconds of Unix time, UTC; ids of terminals are text, all other ids
are random bytes. SQLite and PostgreSQL both take them; keys begin with the terminal so that a large ledger can be
spread by it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# ── terminals ──

terminal = Table(
    "terminal",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),  # active, revoked
    Column("record_key", LargeBinary(32), nullable=False),
    Column("seal_key", LargeBinary(32), nullable=False),
    Column("lookup_key", LargeBinary, nullable=False),  # under the vault key
    Column("roster_version", BigInteger, nullable=False),
    Column("admitted_ms", BigInteger, nullable=False),
)

# Every record key a terminal ever had (a unit may be exchanged), each with the server's signature that it is this
# terminal's: whoever may write here, but has not the server's key, cannot sign records with a key of their own.
terminal_key = Table(
    "terminal_key",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("record_key", LargeBinary(32), primary_key=True),
    Column("vouched", LargeBinary(64), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

# What a terminal last said of itself; no row until it has spoken.
terminal_state = Table(
    "terminal_state",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("session", LargeBinary(8), nullable=False),
    Column("online", Boolean, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("log", LargeBinary(8), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("backlog", BigInteger, nullable=False),
    Column("roster_version", BigInteger, nullable=False),
    Column("behind_ms", BigInteger),  # since when it speaks of fewer records than we hold of its log (S8)
)

# ── what happened: append only ──

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

# ── the transparency log over all records: see server/transparency ──

tile = Table(
    "tile",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),  # up to 256, 32 bytes each
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("note", Text, nullable=False),  # the signed statement itself
)

# ── what follows from it ──

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

# ── people and their templates ──

person = Table(
    "person",
    metadata,
    Column("ref", LargeBinary(8), primary_key=True),
    Column("name", Text, nullable=False),
    Column("digits", LargeBinary, nullable=False),  # under the vault key
    Column("flags", Integer, nullable=False),  # sync.wire.CardFlag
    Column("active", Boolean, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

# `version` numbers the views of one finger. `sealed` is sync.wire.template_bytes, wrapped for the aggregator.
template = Table(
    "template",
    metadata,
    Column("person", LargeBinary(8), ForeignKey("person.ref"), primary_key=True),
    Column("finger", Integer, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("terminal", String(32), nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

# A template announced by an ENROLMENT event, until all its chunks are here.
enrolment = Table(
    "enrolment",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("person", LargeBinary(8), nullable=False),
    Column("finger", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("state", String(16), nullable=False),  # waiting, stored, refused
)

chunk = Table(
    "chunk",
    metadata,
    Column("terminal", String(32), primary_key=True),
    Column("log", LargeBinary(8), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("total", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Each change of a terminal's roster has a version of its own, so a delta can be cut anywhere.
roster_change = Table(
    "roster_change",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("person", LargeBinary(8), ForeignKey("person.ref"), nullable=False),
    Index(None, "terminal", "person"),
)

# Who stood on a terminal's roster at a version it was brought to, sorted, 8 bytes each: batches speak in places.
roster_order = Table(
    "roster_order",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("people", LargeBinary, nullable=False),
)

# ── who may read ──

api_token = Table(
    "api_token",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),  # SHA-256 of the token
    Column("name", Text, nullable=False),
    Column("scope", String(16), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

web_session = Table(
    "web_session",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("token", LargeBinary(32), ForeignKey("api_token.hash", ondelete="CASCADE"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)
