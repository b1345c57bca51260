"""A made-up ledger for load tests: as many punches as wished, of as many terminals, of random references. The rows are
like those of ingest; what signs them is noise, so nothing here could be taken for a record of anybody.
"""

import itertools
import os
import random
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, Table, insert

from server.fleet import vouch
from server.ledger import partitions, records
from server.ledger.copy import copy_rows
from server.ledger.records import Row
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import log as log_table
from server.ledger.tables import record, signed, terminal
from server.trust.keys import ServerKeys

PEOPLE_A_TERMINAL = 30
BATCH = 50
_SLICE = 10_000
_DAYS = 20


class Made:
    """What a ledger was filled with, and more of the same."""

    def __init__(self, ledger: Ledger, terminals: int, seed: int = 1) -> None:
        draw = random.Random(seed)  # noqa: S311 - a load, not a secret
        self.ledger = ledger
        self.logs = [(f"t-{i:05}", draw.randbytes(8)) for i in range(terminals)]
        self.people = [[draw.randbytes(8) for _ in range(PEOPLE_A_TERMINAL)] for _ in range(min(terminals, 2000))]
        self.seqs = [0] * terminals
        self._draw = draw
        self._turns = itertools.cycle(range(terminals))

    def admit(self, keys: ServerKeys) -> None:
        now = now_ms()
        with self.ledger.write() as connection:
            rows = [
                {"id": name, "state": "active", "record_key": os.urandom(32), "seal_key": bytes(32)}
                | {"lookup_key": b"", "roster_version": 0, "admitted_ms": now}
                for name, _ in self.logs
            ]
            connection.execute(insert(terminal), rows)
            vouch.put(connection, keys.server, self.logs[0][0], rows[0]["record_key"])  # type: ignore[arg-type]

    def fill(self, punches: int, on_rows: Callable[[int], None]) -> None:
        begin_ms = now_ms() - _DAYS * 86_400_000
        for done in range(0, punches, _SLICE):
            n = min(_SLICE, punches - done)
            self.add(n, begin_ms + (now_ms() - begin_ms) * done // punches)
            on_rows(n)
        with self.ledger.write() as connection:
            logs = [
                {"terminal": name, "log": log, "seq": seq, "head": bytes(32), "first_ms": begin_ms, "last_ms": now_ms()}
                for (name, log), seq in zip(self.logs, self.seqs, strict=True)
                if seq
            ]
            connection.execute(insert(log_table), logs)

    def add(self, n: int, received_ms: int) -> int:
        """One commit of n punches; returns the last server_seq."""
        with self.ledger.take_in([]) as connection:
            first = records.take_numbers(connection, n)
            rows = list(itertools.islice(self._rows(first, received_ms), n))
            ends = [row for row in rows if row[2] % BATCH == 0]
            signatures = [(*row[:3], self._draw.randbytes(64)) for row in ends]
            _insert(connection, record, rows)
            _insert(connection, signed, signatures)
            records.count(connection, records.PUNCHES, n)
        return first + n - 1

    def _rows(self, number: int, received_ms: int) -> Iterator[Row]:
        draw = self._draw
        numbers = itertools.count(number)
        for at in self._turns:
            name, log = self.logs[at]
            people = self.people[at % len(self.people)]
            for _ in range(BATCH):
                self.seqs[at] += 1
                seq = self.seqs[at]
                since = 40_000 * seq
                what = people[seq % PEOPLE_A_TERMINAL], 1 + seq // PEOPLE_A_TERMINAL % 2, 1, 700 + seq % 300, 1, 0, None
                time = 1, since, received_ms - 4000, 2, 40, received_ms
                yield (name, log, seq, next(numbers), 1, draw.randbytes(40), draw.randbytes(32), *what, *time)


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    if connection.dialect.name == "postgresql":
        if table is record:
            partitions.ensure(connection, rows[-1][-1])
        copy_rows(connection, table, rows)
    elif rows:
        places = ", ".join("?" * len(table.columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({places})", rows)  # noqa: S608 - our own names
