"""Who has much to write leaves others their turn: a receipt waits for one of its transactions, not for all.

On SQLite: it has one writer and no queue for it. PostgreSQL has queues, and nobody rests there.
"""

import threading
import time
from pathlib import Path

from sqlalchemy import text

from server.ledger.store import Ledger

WRITES, LONG_S = 60, 0.02


def test_ingest_gets_its_turn_between_any_two_of_a_long_row_of_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    busy, ingest = Ledger(url, considerate=True), Ledger(url)
    done: list[int] = []
    begun = threading.Event()

    def write() -> None:
        for n in range(WRITES):
            with busy.write() as connection:
                connection.execute(text("SELECT 1"))
                begun.set()
                time.sleep(LONG_S)
            done.append(n)

    writing = threading.Thread(target=write)
    writing.start()
    begun.wait()
    waited = []
    while writing.is_alive():
        before = len(done)
        with ingest.take_in(["t-1"]):
            waited.append(len(done) - before)
        time.sleep(LONG_S)
    writing.join()
    assert done == list(range(WRITES))
    assert len(waited) > WRITES // 10, "it got in again and again"
    assert max(waited) < WRITES // 4
    busy.close()
    ingest.close()


def test_nobody_else_rests(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert ledger._turn is None
    ledger.close()
