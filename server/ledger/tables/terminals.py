"""The registry of terminals, and what each last said of itself."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

terminal = Table(
    "terminal",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),  # server.fleet.registry.State
    Column("record_key", LargeBinary(32), nullable=False),
    Column("seal_key", LargeBinary(32), nullable=False),
    Column("lookup_key", LargeBinary, nullable=False),  # under the vault key
    Column("roster_version", BigInteger, nullable=False),
    Column("admitted_ms", BigInteger, nullable=False),
    Column("office", LargeBinary(8), ForeignKey("office.id")),  # none: it serves everybody
    Column("name", Text, nullable=False, server_default=""),  # for people: "East gate"
    Column("place", Text, nullable=False, server_default=""),  # where in the building: "2nd floor"
    Index(None, "office"),
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
    Column("room", BigInteger),  # bytes of roster its line takes at once (sync.wire.Beat); none: not said yet
    Column("behind_ms", BigInteger),  # since when it speaks of fewer records than we hold of its log (S8)
)
