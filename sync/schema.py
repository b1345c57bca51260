"""The tables of punches.db and roster.db, as sqlite-utils migrations.

Imported only when a file is behind (sync.storage): sqlite-utils costs 24 MB of memory, which a sync process with a
budget of 32 MB cannot carry all day for a table it makes once.
"""

import os
import sqlite3

from sqlite_utils import Database, Migrations

from sync.audit import SUMMED, row_sum
from sync.record import LOG_BYTES

punches = Migrations("punches")
roster = Migrations("roster")


@punches()
def log_and_records(db: Database) -> None:
    db.table("meta").create({"name": str, "value": bytes}, pk="name", not_null={"value"})
    db.table("record").create(
        {"seq": int, "body": bytes, "head": bytes, "signature": bytes},
        pk="seq",
        not_null={"body", "head", "signature"},
    )
    db.table("blob").create({"seq": int, "data": bytes}, pk="seq", not_null={"data"})
    db.table("meta").insert({"name": "log", "value": os.urandom(LOG_BYTES)})


@punches()
def entries_of_old_machines(db: Database) -> None:
    """Which entries of other machines' logs are in this one: a short hash of machine and entry, and the record."""
    db.execute("CREATE TABLE taken (key BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID")


@punches()
def sums_of_rows(db: Database) -> None:
    """Each row carries a sum of itself (sync.audit): SQLite does not check what is written on its pages."""
    db.conn.create_function("row_sum", -1, row_sum, deterministic=True)
    for table, columns in SUMMED.items():
        db.execute(f"ALTER TABLE {table} ADD COLUMN sum INTEGER NOT NULL DEFAULT 0")
        db.execute(f"UPDATE {table} SET sum = row_sum({columns})")  # noqa: S608 - our own names
    # The log's name on a page of its own: without it nothing can be salvaged.
    db.execute("CREATE TABLE name_again (log BLOB NOT NULL)")


@punches()
def wanted(db: Database) -> None:
    """The question that somebody waits before the terminal for (sync.fetch); one row, and no part of the log."""
    db.execute("CREATE TABLE wanted (number INTEGER PRIMARY KEY, sealed BLOB NOT NULL)")


@roster()
def people_and_receipts(db: Database) -> None:
    db.table("meta").create({"name": str, "value": int}, pk="name", not_null={"value"})
    db.table("person").create({"person": bytes, "sealed": bytes}, pk="person", not_null={"sealed"})
    db.table("template").create(
        {"person": bytes, "finger": int, "version": int, "data": bytes},
        pk=("person", "finger", "version"),
        not_null={"data"},
    )
    db.table("receipt").create(
        {"log": bytes, "seq": int, "head": bytes, "signature": bytes, "plain": int},
        pk="log",
        not_null={"seq", "head", "signature", "plain"},
    )
    db.table("meta").insert({"name": "version", "value": 0})


@roster()
def anchor(db: Database) -> None:
    """The server's newest word on the time, one row."""
    db.table("anchor").create(
        {"boot": bytes, "asked_ms": int, "nonce": bytes, "came_ms": int, "server_ms": int, "signature": bytes},
        pk="boot",
        not_null={"asked_ms", "nonce", "came_ms", "server_ms", "signature"},
    )


@roster()
def orders_and_answers(db: Database) -> None:
    """What the server orders (sync.orders) and answers (sync.fetch), and the next roster while it comes in pieces."""
    db.execute(
        "CREATE TABLE command (number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, detail BLOB NOT NULL,"
        " session BLOB NOT NULL, signature BLOB NOT NULL, ready INTEGER NOT NULL, result TEXT NOT NULL)"
    )
    db.execute("CREATE TABLE found (number INTEGER PRIMARY KEY, verdict INTEGER NOT NULL, version INTEGER NOT NULL)")
    db.execute("CREATE TABLE next_person (person BLOB PRIMARY KEY, sealed BLOB NOT NULL)")
    db.execute(
        "CREATE TABLE next_template (person BLOB, finger INTEGER, version INTEGER, data BLOB NOT NULL,"
        " PRIMARY KEY (person, finger, version))"
    )


_SETS = {"punches": punches, "roster": roster}


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Bring the file behind `connection` up to date, each step in a transaction of its own."""
    _SETS[name].apply(Database(connection, execute_plugins=False))
