"""Every table of the ledger. Times are whole milliseconds of Unix time, UTC; ids of terminals are text, all other ids
are random bytes. SQLite and PostgreSQL both take them; keys begin with the terminal so that a large ledger can be
spread by it.
"""

from server.ledger.tables.access import api_token, web_session
from server.ledger.tables.base import metadata
from server.ledger.tables.offices import office, org
from server.ledger.tables.people import chunk, enrolment, person, roster_change, roster_order, template
from server.ledger.tables.records import alarm, boot, counter, dating, log, quarantine, record, signed
from server.ledger.tables.terminals import terminal, terminal_key, terminal_state
from server.ledger.tables.transparency import checkpoint, tile

__all__ = [
    "alarm",
    "api_token",
    "boot",
    "checkpoint",
    "chunk",
    "counter",
    "dating",
    "enrolment",
    "log",
    "metadata",
    "office",
    "org",
    "person",
    "quarantine",
    "record",
    "roster_change",
    "roster_order",
    "signed",
    "template",
    "terminal",
    "terminal_key",
    "terminal_state",
    "tile",
    "web_session",
]
