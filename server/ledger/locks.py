"""Who may write at the same time, on PostgreSQL. On SQLite one writer holds the whole file, and nothing here is needed.

`alone`     any writer but ingest: nobody else writes until its transaction ends, exactly as on SQLite, so that what
            was reasoned (and tested) there holds here
`beside`    ingest of some terminals: several workers work at once, each with the terminals it has a message of, and
            never two with the same one, so that a log has one reader of its end and one writer behind it
`rosters`   ingest, when a template is complete: its person is a change for terminals that are not ours

All are advisory locks of the transaction and end with it. They are always taken in this order, the places of `beside`
from the lowest up, and before the row of the counter; so nobody can wait for somebody who waits for them.
"""

from collections.abc import Iterable
from zlib import crc32

from sqlalchemy import Connection

PLACES = 16  # workers that share the terminals out evenly between them are a divisor of it
_SPACE = 0x687A31  # "hz1": the first of the two numbers of each of our locks
_WRITERS, _ROSTERS, _FIRST_PLACE = 0, 1, 16


def place(terminal: str) -> int:
    """The same for a terminal in every process: which lock is its, and which worker's it is."""
    return crc32(terminal.encode()) % PLACES


def alone(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SPACE}, {_WRITERS})")


def beside(connection: Connection, terminals: Iterable[str]) -> None:
    if connection.dialect.name == "postgresql":
        places = [_FIRST_PLACE + one for one in sorted({place(terminal) for terminal in terminals})]
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_SPACE}, {_WRITERS})")
        for one in places:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SPACE}, {one})")


def rosters(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SPACE}, {_ROSTERS})")
