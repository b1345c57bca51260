"""People, their templates, and the rosters that carry them."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

person = Table(
    "person",
    metadata,
    Column("ref", LargeBinary(8), primary_key=True),
    Column("name", Text, nullable=False),
    Column("digits", LargeBinary, nullable=False),  # under the vault key
    Column("flags", Integer, nullable=False),  # sync.wire.CardFlag
    Column("active", Boolean, nullable=False),
    Column("office", LargeBinary(8), ForeignKey("office.id")),  # where posted today; none: known at every terminal
    Column("since_ms", BigInteger, nullable=False),
    Index(None, "office", "active", "ref"),  # whoever counts an office's people reads nothing else
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
    Column("urgency", Integer),  # server.fleet.roster.Urgency; none: that of most changes
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
