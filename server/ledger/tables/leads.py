"""What was found odd and a person should look at (S10): written by server/leads/worker, and all that its page reads."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

# A lead, once for each place whose admins see it: an office's, or the place that holds both ends of a journey.
# `part` is what was searched when it was found, and replaced as a whole; `key` is the same for the same lead.
lead = Table(
    "lead",
    metadata,
    Column("part", String(240), primary_key=True),
    Column("key", LargeBinary(8), primary_key=True),
    Column("org", String(32), primary_key=True),
    Column("path", String(200), primary_key=True),
    Column("rule", String(32), nullable=False),  # server.leads.rules.Rule
    Column("office", LargeBinary(8)),  # where the terminal stands
    Column("terminal", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),  # as the terminal showed it
    Column("came_ms", BigInteger, nullable=False),  # when the newest of its records came here
    Column("people", Text, nullable=False),  # JSON: references in hexadecimal
    Column("refs", Text, nullable=False),  # JSON: [terminal, log in hexadecimal, seq]
    Column("facts", Text, nullable=False),  # JSON
    Index("ix_lead_order", "came_ms", "rule", "at_ms", "terminal", "key", "org", "path"),
    Index(None, "key"),
)

# When a part was last searched; `cut`: it held more than one look can.
lead_look = Table(
    "lead_look",
    metadata,
    Column("part", String(240), primary_key=True),
    Column("org", String(32), nullable=False),
    Column("path", String(200), nullable=False),
    Column("looked_ms", BigInteger, nullable=False),
    Column("cut", Boolean, nullable=False),
)
