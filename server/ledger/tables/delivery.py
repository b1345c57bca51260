"""What leaves this server for others: the order of what was said later, hooks, and districts that are pulled."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from server.ledger.tables.base import metadata

# What was said of records after they had come, in the order of commits: `number` has no gaps, and `behind` is the
# last server_seq there was, so records and changes have one order for every reader (server.sharing.changes).
change = Table(
    "change",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("behind", BigInteger, nullable=False),
    Column("what", String(16), nullable=False),  # dating, alarm
    Column("terminal", String(32), nullable=False),
    Column("log", LargeBinary(8), nullable=False),
    Column("seq", BigInteger, nullable=False),  # the record that tells it
    Column("kind", String(32), nullable=False),  # of an alarm, or of the evidence
    Column("boot_no", BigInteger),  # of a dating: whose records are dated anew
    Column("known_ms", BigInteger, nullable=False),
)

# Where changes are sent to as they come. `after` is the cursor of the last entry that was taken there.
hook = Table(
    "hook",
    metadata,
    Column("id", LargeBinary(8), primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # under the vault key
    Column("private", Boolean, nullable=False),  # may it lead to an address inside?
    Column("state", String(16), nullable=False),  # active, removed
    Column("after", String(40), nullable=False),
    Column("failures", Integer, nullable=False),  # in a row
    Column("next_ms", BigInteger, nullable=False),  # not to be tried before
    Column("made_ms", BigInteger, nullable=False),
)

# What was given up after many tries, so that the rest could go on: the entries behind `after`, up to `until`.
dead_letter = Table(
    "dead_letter",
    metadata,
    Column("hook", LargeBinary(8), ForeignKey("hook.id"), primary_key=True),
    Column("after", String(40), primary_key=True),
    Column("until", String(40), nullable=False),
    Column("reason", Text, nullable=False),
    Column("given_up_ms", BigInteger, nullable=False),
    Column("again_ms", BigInteger),  # when somebody asked for it to be sent again
    Index(None, "given_up_ms"),
)

# A district whose records are pulled. `after` is its server_seq up to which everything is in this ledger.
district = Table(
    "district",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("server_key", LargeBinary(32), nullable=False),
    Column("token", LargeBinary, nullable=False),  # under the vault key
    Column("after", BigInteger, nullable=False),
    Column("edge", LargeBinary, nullable=False),  # of the tree over its records up to there: 32 bytes each
    Column("state", String(16), nullable=False),  # active, forked, removed
    Column("reason", Text, nullable=False),
    Column("pulled_ms", BigInteger),
)

# Whose terminal it is, and the number its district gave each record: provenance of what was pulled.
district_terminal = Table(
    "district_terminal",
    metadata,
    Column("terminal", String(32), ForeignKey("terminal.id"), primary_key=True),
    Column("district", String(32), ForeignKey("district.name"), nullable=False),
)
