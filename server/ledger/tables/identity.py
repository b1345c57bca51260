"""How machines become known and stop being known: claim tokens, claims, certificates, and words about our own keys."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

# What lets one machine in, once, within a day. Of the secret only its hash is here.
claim_token = Table(
    "claim_token",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
    Column("office", LargeBinary(8), ForeignKey("office.id")),  # none: the terminal serves everybody
    Column("terminal", String(32), nullable=False),  # the id it will have
    Column("at_once", Boolean, nullable=False),  # no second person is asked
    Column("replaces", Boolean, nullable=False),  # may it take the place of a unit that is known (S7)?
    Column("by", Text, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
)

# What a machine asked for with a token; one for each token.
claim = Table(
    "claim",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("token", LargeBinary(8), ForeignKey("claim_token.id"), nullable=False, unique=True),
    Column("terminal", String(32), nullable=False),
    Column("office", LargeBinary(8), ForeignKey("office.id")),
    Column("state", String(16), nullable=False),  # server.fleet.claims.State
    Column("request", Text, nullable=False),
    Column("serial", Text, nullable=False),  # of the hardware, as it says
    Column("asked_ms", BigInteger, nullable=False),
    Column("decided_ms", BigInteger),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("admission", Text),
    Index(None, "state", "asked_ms"),
)

# Every certificate of a terminal, so that it can be revoked.
certificate = Table(
    "certificate",
    metadata,
    Column("serial", String(40), primary_key=True),  # hex
    Column("terminal", String(32), ForeignKey("terminal.id"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Index(None, "terminal"),
    Index(None, "revoked_ms"),
)

# What terminals asked for over the link and have not been answered yet: a new certificate, or only to be heard.
renewal = Table(
    "renewal",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("certificate", LargeBinary, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
)

# The server's statements about its own keys, each signed by a key of the one before (sync.charter).
charter = Table(
    "charter",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)

# Which of them a terminal holds, by its own word.
charter_held = Table(
    "charter_held",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("told_ms", BigInteger, nullable=False),
)
