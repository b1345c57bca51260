"""Who may read."""

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

api_token = Table(
    "api_token",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),  # SHA-256 of the token
    Column("name", Text, nullable=False),
    Column("scope", String(16), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("org", String(32)),  # bound to an organisation, and in it to a path of its tree; none: the whole ledger
    Column("path", String(200)),
)

web_session = Table(
    "web_session",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("token", LargeBinary(32), ForeignKey("api_token.hash", ondelete="CASCADE"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)
