"""The transparency log over all records: see server/transparency."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from server.ledger.tables.base import metadata

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
