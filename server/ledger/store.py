"""Open the ledger: engine, pragmas, migrations, transactions. Database errors leave this room as LedgerError."""

import logging
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import alembic.command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from server import LedgerError
from server.ledger import locks

BUSY_TIMEOUT_S = 30
_LONGEST_REST_S = 0.1  # how long SQLite's own patience sleeps at most before it looks again
_SQLITE: dict[str, Any] = {"connect_args": {"timeout": BUSY_TIMEOUT_S}}
# A connection that the database's restart cut is noticed before it is used, not by the next request.
_POSTGRESQL: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 24}


class Ledger:
    """The database. `read()` and `write()` are transactions: they commit at the end, or roll back on any error."""

    def __init__(self, url: str, *, considerate: bool = False) -> None:
        """Open (and for SQLite create) the database and bring it to this program's version. Raises LedgerError.

        `considerate`: after each `write()` as long a rest, for whoever has much to write and is in no hurry. SQLite has
        no queue for its one writer: who waits looks again every 25 to 100 ms, and somebody who comes back at once is
        always there before (sqlite3_busy_timeout).
        """
        self.engine = _engine(url)
        self._turn = threading.Lock() if considerate and self.engine.dialect.name == "sqlite" else None
        weakref.finalize(self, self.engine.dispose)  # a command opens one, and is done with it when it ends
        self._writing = self.engine.execution_options(hazri_write=True)
        self._reading = self.engine
        if self.engine.dialect.name == "postgresql":  # a reader sees one moment, as it does on SQLite
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        _migrate(self)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _told(self.engine), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Alone. Raises LedgerError when the database refuses: then nothing of the transaction is stored."""
        with _rested(self._turn), _told(self.engine), self._writing.begin() as connection:
            locks.alone(connection)
            yield connection

    @contextmanager
    def take_in(self, terminals: Iterable[str]) -> Iterator[Connection]:
        """`write()` for what these terminals sent: on PostgreSQL beside workers that have others (ledger/locks.py)."""
        with _told(self.engine), self._writing.begin() as connection:
            locks.beside(connection, terminals)
            yield connection

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _rested(turn: "threading.Lock | None") -> Iterator[None]:
    if turn is None:
        yield
        return
    with turn:
        began = time.monotonic()
        try:
            yield
        finally:
            time.sleep(min(_LONGEST_REST_S, time.monotonic() - began))


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # `orig` is the driver's own word, without the statement and its values (which may be personal).
        reason = getattr(error, "orig", None) or type(error).__name__
        raise LedgerError(f"{engine.url.render_as_string(hide_password=True)}: {reason}") from error


def upsert(connection: Connection, table: Table, values: Mapping[str, Any], *update: str, add: str = "") -> None:
    """Insert a row, or where its key is there already set the columns `update` (and add to column `add`)."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(**values)
    changed: dict[str, Any] = {name: statement.excluded[name] for name in update}
    if add:
        changed[add] = table.c[add] + statement.excluded[add]
    key = list(table.primary_key.columns)
    if changed:
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=key))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def check_url(url: str) -> None:
    """Is this a database we could open? Connects to nothing. Raises LedgerError."""
    _engine(url).dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, hide_parameters=True, **(_SQLITE if sqlite else _POSTGRESQL))
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise LedgerError(f"database_url: {error}; expected an SQLAlchemy URL whose driver is installed") from None
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver would begin transactions on its own, late and deferred; we say BEGIN ourselves.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-16000",
        "wal_autocheckpoint=16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that reads first and writes later can be refused in the middle.
    writing = connection.get_execution_options().get("hazri_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _migrate(ledger: Ledger) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with ledger.read() as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return
    with ledger.write() as connection:
        config.attributes["connection"] = connection
        logging.getLogger("alembic").setLevel(logging.WARNING)
        try:
            alembic.command.upgrade(config, "head")
        except CommandError as error:
            raise LedgerError(
                f"the ledger was written by a later version of this program ({error}); update it"
            ) from None
