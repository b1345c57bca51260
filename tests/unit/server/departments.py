"""Ledgers that hold a synthetic department already: written once for each database, and copied for each test."""

import functools
import tempfile
from pathlib import Path

from server.ledger.store import Ledger
from server.people.synthetic import generate, write
from server.trust.vault import Vault
from tests.databases import copied, fresh_url

VAULT = Vault(bytes(32))
SEED = 3


def department(folder: Path, schools: int, database: str = "sqlite") -> Ledger:
    """A ledger of its own (of SQLite in `folder`), with so many synthetic schools (0: nothing at all)."""
    return copied(_written(schools, database), folder)


@functools.cache
def _written(schools: int, database: str) -> Ledger:
    ledger = Ledger(fresh_url(database) or f"sqlite:///{tempfile.mkdtemp(prefix='hazri-department-')}/l.db")
    if schools:
        write(ledger, VAULT, generate(schools, SEED))
    return ledger
