"""A made-up ledger for load tests: as many punches as wished, of a synthetic state's terminals and people. The rows are
like those of ingest, one anchor a day included; what signs them is noise, so nothing here could be taken for a record
of anybody.
"""

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Table, select

from server.ledger import partitions, records
from server.ledger.copy import copy_rows
from server.ledger.records import Row
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import counter, dating, person, record, signed, terminal
from server.ledger.tables import log as log_table

PEOPLE_A_TERMINAL = 30
BATCH = 50
DAYS = 60
_DAY_MS = 86_400_000
_SLICE = 10_000
_LATE_MS = 4000  # from a punch to its arrival


class Made:
    """More punches for a ledger: one boot of every terminal, which began at `began_ms`."""

    def __init__(self, ledger: Ledger, seed: int = 1, days: int = DAYS) -> None:
        self.ledger = ledger
        self._draw = draw = random.Random(seed)  # noqa: S311 - a load, not a secret
        self.began_ms = now_ms() - days * _DAY_MS
        people: dict[bytes | None, list[bytes]] = defaultdict(list)
        with ledger.read() as connection:
            places = connection.execute(select(terminal.c.id, terminal.c.office).order_by(terminal.c.id)).all()
            for ref, office in connection.execute(select(person.c.ref, person.c.office).order_by(person.c.ref)):
                people[office].append(ref)
        strangers = [draw.randbytes(8) for _ in range(PEOPLE_A_TERMINAL)]
        self.logs = [(name, draw.randbytes(8)) for name, _ in places]
        self._people = [people.get(office) or strangers for _, office in places]
        self.seqs = [0] * len(places)
        self._turns = itertools.cycle(range(len(places)))

    def fill(self, punches: int, on_rows: Callable[[int], None]) -> None:
        """Spread over all the days until now, with what is known of their boots and of the end of each log."""
        with self.ledger.write() as connection:
            _insert(connection, dating, [row for one in self.logs for row in self._anchors(*one)])
        span_ms = now_ms() - self.began_ms - _LATE_MS
        for done in range(0, punches, _SLICE):
            n = min(_SLICE, punches - done)
            self.add(n, self.began_ms + _LATE_MS + span_ms * done // punches)
            on_rows(n)
        with self.ledger.write() as connection:
            ends = [
                (name, log, seq, bytes(32), None, self.began_ms, now_ms())
                for (name, log), seq in zip(self.logs, self.seqs, strict=True)
                if seq
            ]
            _insert(connection, log_table, ends)

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
        wall_ms = received_ms - _LATE_MS
        time = 1, wall_ms - self.began_ms, wall_ms, 2, 40, received_ms
        for at in self._turns:
            name, log = self.logs[at]
            people = self._people[at]
            for _ in range(BATCH):
                self.seqs[at] += 1
                seq = self.seqs[at]
                what = people[seq % len(people)], 1 + seq // len(people) % 2, 1, 700 + seq % 300, 1, 0, None
                yield (name, log, seq, next(numbers), 1, draw.randbytes(40), draw.randbytes(32), *what, *time)

    def _anchors(self, name: str, log: bytes) -> Iterator[Row]:
        """The server's word once a day."""
        for day in range((now_ms() - self.began_ms) // _DAY_MS + 1):
            at_ms = day * _DAY_MS
            server_ms = self.began_ms + at_ms
            yield name, log, 1, day + 1, 1, server_ms, at_ms + 20, server_ms, at_ms - 20, server_ms


def held(ledger: Ledger) -> int:
    """How many punches there are."""
    with ledger.read() as connection:
        found: Any = connection.scalar(select(counter.c.value).where(counter.c.name == records.PUNCHES))
    return int(found or 0)


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    if connection.dialect.name == "postgresql":
        if table is record:
            partitions.ensure(connection, rows[-1][-1])
        copy_rows(connection, table, rows)
    elif rows:
        places = ", ".join("?" * len(table.columns))
        connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({places})", rows)  # noqa: S608 - our own names
