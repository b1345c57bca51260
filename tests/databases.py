"""A PostgreSQL of the tests' own: started once a session from Debian's package, in a folder that goes with it. Each
database is a copy of one that the migrations have built, so a fresh one costs milliseconds.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import cache
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine

from server import leash
from server.ledger.store import Ledger

DATABASES = ("sqlite", "postgresql")

_numbers = count(1)


def fresh_url(database: str) -> str:
    """Of an empty database of this kind; an empty text is SQLite in the aggregator's own folder."""
    return postgresql_url() if database == "postgresql" else ""


def postgresql_url() -> str:
    """The URL of a fresh database with every table in it, empty."""
    cluster = _cluster()
    name = f"hazri_{next(_numbers)}"
    _admin(cluster, f"CREATE DATABASE {name} TEMPLATE hazri_built")
    return _url(cluster, name)


def copied(ledger: Ledger, folder: Path) -> Ledger:
    """A ledger of its own (of SQLite in `folder`) with everything of one that is shared and stays as it is."""
    url = ledger.engine.url
    ledger.engine.dispose()  # a database in use is no template, and a file must hold all of it
    if url.get_backend_name() == "sqlite":
        shutil.copy(str(url.database), folder / "l.db")
        return Ledger(f"sqlite:///{folder / 'l.db'}")
    name = f"hazri_{next(_numbers)}"
    _admin(_cluster(), f"CREATE DATABASE {name} TEMPLATE {url.database}")
    return Ledger(_url(_cluster(), name))


@cache
def _cluster() -> Path:
    """Start a server on a Unix socket; returns the socket's folder."""
    folder = Path(tempfile.mkdtemp(prefix="hazri-pg-"))
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    whose = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}  # it refuses to run as root
    if whose:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    common = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder, **whose}
    initdb = [programs / "initdb", "-D", data, "-U", "hazri", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run(initdb, **common)
    start = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=200"]
    settings = ["-c", "fsync=off", "-c", "full_page_writes=off"]
    command = [sys.executable, leash.__file__, str(os.getpid()), "postgres" if whose else "-", *start, *settings]
    with (folder / "log").open("wb") as log:  # on a leash: should the tests be killed, it ends, too
        server = subprocess.Popen(command, stderr=log, stdout=log, cwd=folder)
    ready = [programs / "pg_isready", "-q", "-h", folder, "-d", "postgres"]
    give_up = time.monotonic() + 60
    while subprocess.run(ready, check=False).returncode:
        assert time.monotonic() < give_up, (folder / "log").read_text()
        time.sleep(0.05)
    ours = os.getpid()

    def end() -> None:
        if os.getpid() == ours:  # and not in a child that forked
            server.send_signal(signal.SIGQUIT)
            server.wait()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    _admin(folder, "CREATE DATABASE hazri_built")
    Ledger(_url(folder, "hazri_built")).close()
    return folder


def _url(folder: Path, database: str) -> str:
    return f"postgresql+psycopg://hazri@/{database}?host={folder}"


def _admin(folder: Path, statement: str) -> None:
    engine = create_engine(_url(folder, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
