"""What sync does of the server's orders, and how it asks for somebody on the terminal's behalf.

An order is kept in roster.db before anything is done, and is `ready` for the terminal when nothing is left to do here:
so a power cut in the middle of a wipe finds the order again, and the wipe is begun anew. Nothing here raises for what
the server sent but SyncError; the disk's refusals are StorageError, as everywhere.
"""

import time
from collections.abc import Callable

from sync import ChainError, StorageError, WireError
from sync.backoff import LONGEST_WINDOW_S
from sync.fetch import Wanted, parse_found, verify_found
from sync.orders import Order, OrderKind, parse_order, seconds, verify_order
from sync.record import PERSON_BYTES
from sync.roster import RosterStore
from sync.word import Verifier

AGAIN_S = 60.0  # after the disk refused a wipe
ANSWER_S = 4.0  # a question without an answer is put again: QoS 1 may have died with a link


class Errands:
    """`spread` hears over how many seconds to come back after a cut (S12). Used by the agent's one thread."""

    def __init__(
        self,
        terminal: str,
        server_key: Verifier,
        store: RosterStore,
        spread: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._terminal, self._key, self._store, self._spread = terminal, server_key, store, spread
        self._asked: int | None = None
        self._asked_at = 0.0
        self._sweep_at = 0.0
        self._left = bool(store.unready())
        if window_s := store.window_s():
            spread(window_s)

    def order(self, payload: bytes, session: bytes) -> bool:
        """Take an order; whether one was taken that was not known. Raises SyncError for what is none of the server's to
        this terminal on this connection, or contradicts one that was taken."""
        order = parse_order(payload)
        verify_order(self._key, self._terminal, order)
        if order.session != session:
            raise ChainError(f"order {order.number}: made for another connection")
        wipe = order.kind == OrderKind.WIPE
        new = self._store.put_order(order, ready=not wipe, result="" if wipe else self._do(order))
        self._left |= new and wipe
        return new

    def _do(self, order: Order) -> str:
        """Before it is kept, as doing it twice does no harm; in a word what came of it."""
        match order.kind:
            case OrderKind.RESYNC:
                self._store.begin_anew()
                return "asked"
            case OrderKind.RETRY_WINDOW:
                try:
                    window_s = seconds(order.detail, 0, int(LONGEST_WINDOW_S))
                except WireError:
                    return "wrong"
                self._store.put_window(window_s)
                self._spread(window_s)
                return "kept"
        return ""

    def sweep(self) -> None:
        """Carry out what wipes are left, where the roster has come so far."""
        if not self._left or time.monotonic() < self._sweep_at:
            return
        try:
            left = [order for order in self._store.unready() if not self._wiped(order)]
        except StorageError:
            self._sweep_at = time.monotonic() + AGAIN_S
            return
        self._left = bool(left)

    def _wiped(self, order: Order) -> bool:
        person, version = order.detail.get("person"), order.detail.get("version")
        if person is None:
            self._store.wipe(everybody=True)
            self._store.set_ready(order.number, "gone")
        elif not (isinstance(person, bytes) and len(person) == PERSON_BYTES and isinstance(version, int)):
            self._store.set_ready(order.number, "wrong")
        elif self._store.version < version:
            return False  # the roster without them is on its way
        else:
            back = self._store.has(person)  # by a later version
            self._store.wipe(everybody=False)
            self._store.set_ready(order.number, "returned" if back else "gone")
        return True

    def ask(self, wanted: Wanted | None) -> Wanted | None:
        """What to ask the server now, of what the terminal wants."""
        now = time.monotonic()
        if wanted is None:
            self._asked = None
            return None
        if wanted.number == self._asked and now - self._asked_at < ANSWER_S:
            return None
        self._asked, self._asked_at = wanted.number, now
        return wanted

    def found(self, payload: bytes) -> None:
        """Keep a verdict for the terminal. Raises SyncError for what is none of the server's to what was asked."""
        found = parse_found(payload)
        verify_found(self._key, self._terminal, found)
        if found.number != self._asked:
            raise ChainError("found: an answer to nothing that was asked")
        self._asked_at = float("inf")
        self._store.put_found(found)
