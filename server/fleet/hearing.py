"""Does anybody listen to the terminals just now? Who takes their messages in says so in the ledger, since who watches
the fleet may be another process: a server that was deaf must not call its terminals silent."""

from collections.abc import Callable

from sqlalchemy import select

from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import counter
from server.threads import Rounds

_HEARD = "fleet/hearing"
_EVERY_S = 20.0
_FRESH_MS = 60_000


class Hearing(Rounds):
    """Says it while `up()`: there is a link to the broker."""

    def __init__(self, ledger: Ledger, up: Callable[[], bool], every_s: float = _EVERY_S) -> None:
        super().__init__("hearing", every_s)
        self._ledger, self._up = ledger, up

    def round(self) -> None:
        if self._up():
            with self._ledger.write() as connection:
                upsert(connection, counter, {"name": _HEARD, "value": now_ms()}, "value")


def hears(ledger: Ledger) -> bool:
    """Was it said within the last minute?"""
    with ledger.read() as connection:
        said_ms = connection.scalar(select(counter.c.value).where(counter.c.name == _HEARD))
    return said_ms is not None and now_ms() - said_ms < _FRESH_MS
