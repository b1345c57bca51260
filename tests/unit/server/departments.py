"""Ledgers that hold a synthetic department already: written once, and copied for each test."""

import functools
import shutil
import tempfile
from pathlib import Path

from server.ledger.store import Ledger
from server.people.synthetic import generate, write
from server.trust.vault import Vault
from tests.databases import fresh_url

VAULT = Vault(bytes(32))
SEED = 3


def department(folder: Path, schools: int, database: str = "sqlite") -> Ledger:
    """A ledger of its own (of SQLite in `folder`), with so many synthetic schools (0: nothing at all)."""
    if url := fresh_url(database):
        ledger = Ledger(url)
        if schools:
            write(ledger, VAULT, generate(schools, SEED))
        return ledger
    shutil.copy(_written(schools), folder / "l.db")
    return Ledger(f"sqlite:///{folder / 'l.db'}")


@functools.cache
def _written(schools: int) -> Path:
    path = Path(tempfile.mkdtemp(prefix="hazri-department-")) / "l.db"
    ledger = Ledger(f"sqlite:///{path}")
    if schools:
        write(ledger, VAULT, generate(schools, SEED))
    with ledger.read() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    return path
