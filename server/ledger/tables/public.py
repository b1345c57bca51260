"""What everybody may read (R5.1, R5.12): written by server/public/projector, and all that public routes ever read.

Nothing here names a person but by the name on the door: no reference, no digits, no number, no reason. Texts are as
they are shown; `search` is all of a row that is shown, in small letters.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

# A department, and the address of its own portal (R5.9); empty: none is known.
public_org = Table(
    "public_org",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("portal", Text, nullable=False),
)

public_office = Table(
    "public_office",
    metadata,
    Column("office", LargeBinary(8), primary_key=True),
    Column("org", String(32), nullable=False),
    Column("code", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_hi", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("district_hi", Text, nullable=False),
    Column("urban", Boolean, nullable=False),
    Column("block", Text, nullable=False),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("desk_phone", String(20), nullable=False),
    Column("life", String(8), nullable=False),  # mapped, trial, live (R5.11)
    Column("registered", Integer, nullable=False),  # people; `present`, `out`, `leave` and `absent` make it up (R5.3)
    Column("present", Integer, nullable=False),
    Column("out", Integer, nullable=False),
    Column("leave", Integer, nullable=False),
    Column("absent", Integer, nullable=False),
    Column("fresh", String(8), nullable=False),  # server.public.states.Fresh
    Column("stale_ms", BigInteger),  # since when, where it is not fresh
    Column("pending", BigInteger, nullable=False),  # records that wait on terminals
    Column("holiday", Boolean, nullable=False),
    Column("search", Text, nullable=False),
    Index("uq_public_office_org", "org", "code", unique=True),
    Index(None, "org", "name"),
)

# One employee of an office today; `place` numbers them within it. The columns of the office are here again, so that
# the list of all reads one table by one index.
public_row = Table(
    "public_row",
    metadata,
    Column("office", LargeBinary(8), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("org", String(32), nullable=False),
    Column("office_name", Text, nullable=False),
    Column("office_name_hi", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("district_hi", Text, nullable=False),
    Column("urban", Boolean, nullable=False),
    Column("block", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("designation", Text, nullable=False),
    Column("designation_hi", Text, nullable=False),
    Column("action", String(8), nullable=False),  # server.public.states.Action
    Column("at_ms", BigInteger),  # when they acted; none: they did not, or it has no time of day
    Column("pending", Boolean, nullable=False),  # records of this office are on their way: absent may not be true
    Column("search", Text, nullable=False),
    Index(None, "org", "office_name", "office", "place"),
)

# The counts of a district on a day, as they stood last: the progress report card (R5.10).
public_day = Table(
    "public_day",
    metadata,
    Column("org", String(32), primary_key=True),
    Column("district", String(200), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("district_hi", Text, nullable=False),
    Column("registered", Integer, nullable=False),
    Column("present", Integer, nullable=False),
    Column("out", Integer, nullable=False),
    Column("leave", Integer, nullable=False),
    Column("absent", Integer, nullable=False),
    Column("holiday", Boolean, nullable=False),
)
