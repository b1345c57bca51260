"""Accounts, what they may do and since when, who is logged in, and the record of reads and changes.

An account, a grant or a custody without organisation belongs to the whole ledger. `path` is as in `office`.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

account = Table(
    "account",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("login", String(64)),  # in lower case; none: an employee, who comes in by the attendance id
    Column("name", Text, nullable=False),
    Column("org", String(32), nullable=False),  # who looks after it: "" and "" are the ledger itself
    Column("path", String(200), nullable=False),
    Column("person", LargeBinary(8), ForeignKey("person.ref")),
    Column("designation", String(64), nullable=False),
    Column("mobile", LargeBinary),  # under the vault key
    Column("password", Text),  # argon2id, in the PHC string format
    Column("totp", LargeBinary),  # under the vault key; none: to be enrolled at the next log-in
    Column("totp_step", BigInteger, nullable=False),  # of the last code taken: none is taken twice
    Column("state", String(10), nullable=False),  # invited (must change the password), active, disabled
    Column("made_ms", BigInteger, nullable=False),
    Index("uq_account_login", "login", unique=True),
    Index("uq_account_person", "person", unique=True),
    Index(None, "org", "path"),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("account", LargeBinary(8), ForeignKey("account.id"), primary_key=True),
    Column("hash", LargeBinary(32), primary_key=True),
)

# Never deleted: one that ended has `to_ms`. A grant holds from `from_ms` up to and without `to_ms`.
account_grant = Table(
    "account_grant",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("account", LargeBinary(8), ForeignKey("account.id"), nullable=False),
    Column("role", String(24), nullable=False),
    Column("org", String(32), nullable=False),
    Column("path", String(200), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger),
    Column("given_by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("exception", Text, nullable=False),  # why somebody other than the senior-most holds it (R4.2); or ""
    Column("ended_by", String(64), nullable=False),
    Column("ended_reason", Text, nullable=False),
    Index(None, "account"),
    Index(None, "org", "path"),
)

account_session = Table(
    "account_session",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),  # SHA-256 of the cookie
    Column("account", LargeBinary(8), ForeignKey("account.id"), nullable=False),
    Column("view", String(12), nullable=False),  # employee, management
    Column("strength", String(8), nullable=False),  # code (one-time code), enrol (no second factor yet), full
    Column("made_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("address", LargeBinary(8), nullable=False),  # keyed hash
    Column("agent", String(120), nullable=False),
    Index(None, "account"),
)

# Log-ins that failed within the last hour, by a keyed hash of the log-in name and of the address.
failure = Table(
    "failure",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("nonce", LargeBinary(8), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "at_ms"),
)

# What may be used once: puzzles, by their nonce.
spent = Table(
    "spent",
    metadata,
    Column("nonce", LargeBinary(16), primary_key=True),
    Column("expires_ms", BigInteger, nullable=False),
)

# Handing over the portals of an office is an event of its own (R4.2).
custody_event = Table(
    "custody_event",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("org", String(32), nullable=False),
    Column("path", String(200), nullable=False),
    Column("role", String(24), nullable=False),
    Column("from_account", LargeBinary(8), ForeignKey("account.id")),
    Column("to_account", LargeBinary(8), ForeignKey("account.id")),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "org", "path"),
)

# The compliance report on custody, due two days after it was asked for (R4.3, R4.4).
custody_task = Table(
    "custody_task",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("org", String(32), nullable=False),
    Column("path", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("reminded", Integer, nullable=False),  # how often
    Column("done_ms", BigInteger),
    Column("done_by", String(64), nullable=False),
    Column("violations", Integer),  # how many the certified register held
    Column("digest", LargeBinary(32)),  # SHA-256 of the certified register
    Index(None, "org", "path"),
)

# Who read and changed what. Each entry's hash covers the one before it: none can be changed or left out unseen.
trail = Table(
    "trail",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(64), nullable=False),
    Column("address", LargeBinary(8), nullable=False),  # keyed hash: tells whether two are the same, not which
    Column("action", String(64), nullable=False),
    Column("object", String(200), nullable=False),
    Column("result", String(16), nullable=False),
    Column("detail", Text, nullable=False),
    Column("roles", String(200), nullable=False),  # in which it was asked, by their names
    Column("hash", LargeBinary(32), nullable=False),
    Index(None, "at_ms"),
    Index(None, "who"),
)
