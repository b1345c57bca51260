"""Organisations and their offices. `office` is what the events say today; the events are the truth (R6.8)."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

org = Table(
    "org",
    metadata,
    Column("slug", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("state", String(16), nullable=False),  # applied, verified, active, closed (R1.11)
    Column("made_ms", BigInteger, nullable=False),
)

# `path` is the codes from the state down, "/hr/hr-12/hr-12-3/": everything below an office begins with its path, so
# one comparison of text is every scope there is. Dates are ISO 8601 days of the office's own zone.
office = Table(
    "office",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("org", String(32), ForeignKey("org.slug"), nullable=False),
    Column("code", String(32), nullable=False),  # unique in its organisation
    Column("parent", LargeBinary(8), ForeignKey("office.id")),
    Column("path", String(200), nullable=False),
    Column("level", String(16), nullable=False),  # state, district, zone, office
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("urban", Boolean, nullable=False),
    Column("block", Text, nullable=False),  # city or block
    Column("latitude", Float),
    Column("longitude", Float),
    Column("desk_phone", String(20), nullable=False),
    Column("timezone", String(40), nullable=False),
    Column("life", String(8), nullable=False),  # mapped, trial, live, closed (R5.11, R6.8)
    Column("opened_on", String(10), nullable=False),
    Column("closed_on", String(10)),
    Index("uq_office_org", "org", "code", unique=True),
    Index("uq_office_path", "org", "path", unique=True),
    Index(None, "parent"),
)
