"""On PostgreSQL `record` is kept by the month of receipt, one table each: an old month can be moved to slower disks,
archived or dropped as a whole, and the indexes that ingest writes into stay as small as a month is.

The month is of `received_ms` because that is this server's own clock: a terminal's may say any year. PostgreSQL wants
the month in every unique key, so the key is (terminal, log, seq, received_ms): it begins with the terminal, by which
Citus can shard it. That (terminal, log, seq) is unique over all months, and server_seq, is kept by ingest: it judges a
batch with its log locked (server.ledger.locks), and takes numbers from one locked row.
"""

import datetime as dt

from sqlalchemy import Connection

_DAYS_AHEAD = 7


def ensure(connection: Connection, now_ms: int) -> None:
    """Make the table of this month, and of the next before it begins. Nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    now = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC)
    for day in dict.fromkeys(one.date().replace(day=1) for one in (now, now + dt.timedelta(days=_DAYS_AHEAD))):
        name = f"record_{day:%Y_%m}"
        if connection.exec_driver_sql("SELECT to_regclass(%s)", (name,)).scalar() is None:
            _make(connection, name, day)


def _make(connection: Connection, name: str, day: dt.date) -> None:
    """Made apart and then attached: that locks out neither readers nor writers of the other months."""
    first, end = _ms(day), _ms((day + dt.timedelta(days=31)).replace(day=1))
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE record INCLUDING ALL)")
    connection.exec_driver_sql(f"ALTER TABLE record ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})")


def _ms(day: dt.date) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp() * 1000)
