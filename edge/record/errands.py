"""What the terminal does of the server's orders (sync.orders), as sync left them in roster.db, and how it answers.

An order is done when its ORDER_DONE event is on disk, together with its number, which is never forgotten: before that
a cut has it carried out again from the start, afterwards never more. The sync process is not believed in what only the
server can say: signatures are checked here once more. Between two people only; used by the terminal's one thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge import SetupError
from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.people.gallery import People
from edge.record.journal import Journal
from edge.trust.keys import Keys, destroy
from sync import ChainError, WireError
from sync.orders import Order, OrderKind, done_key, seconds, verify_order, wipe_proof
from sync.record import PERSON_BYTES, Event, EventCode
from sync.roster import Given

LONGEST_SHOW_S = 600
_EVERYBODY = bytes(PERSON_BYTES)
_BY_SYNC = (OrderKind.RESYNC, OrderKind.RETRY_WINDOW)
_KEPT = "kept"
_MOST_WORDS = 200
Detail = dict[str, int | str | bytes]


@dataclass(frozen=True, slots=True)
class Doers:
    """`selftest` tells whether all devices passed, `locate` shows the terminal for so many seconds, `restart` ends
    it, and whoever keeps it running starts it anew; `adopt` keeps settings for the next start, or says in words why
    not, which is no more than the server needs to be told."""

    selftest: Callable[[], bool]
    locate: Callable[[int], None]
    restart: Callable[[], None]
    adopt: Callable[[bytes], str]


class Errands:
    def __init__(
        self,
        keys: Keys,
        state_dir: Path,
        journal: Journal,
        people: People,
        report: Report,
        troubles: Troubles,
        doers: Doers,
    ) -> None:
        self._keys, self._state_dir = keys, state_dir
        self._journal, self._people = journal, people
        self._report, self._troubles = report, troubles
        self._doers = doers
        self._refused: set[int] = set()
        self._done = 0  # every order up to here is

    def look(self) -> None:
        """Carry out what is new, in order. Raises StorageError: then it is tried again."""
        for given in self._people.orders():
            number = given.order.number
            if number <= self._done or number in self._refused:
                continue
            if not given.ready:
                return  # sync is not through with it, and what follows waits
            if not self._journal.took(done_key(number)):
                self._carry_out(given)
            self._done = max(self._done, number)

    def _carry_out(self, given: Given) -> None:
        order = given.order
        try:
            verify_order(self._keys.server_key, self._keys.terminal, order)
        except ChainError as error:
            self._refused.add(order.number)
            self._troubles.found("order", str(error))
            return
        detail: Detail = {"number": order.number, "kind": order.kind, **self._do(given)}
        self._journal.take_over(Event(EventCode.ORDER_DONE, detail, self._journal.now()), done_key(order.number))
        self._report.say("order", number=order.number, kind=order.kind, result=detail["result"])
        if order.kind == OrderKind.RESTART or (order.kind == OrderKind.CONFIG and detail["result"] == _KEPT):
            self._doers.restart()

    def _do(self, given: Given) -> Detail:
        order = given.order
        match order.kind:
            case OrderKind.WIPE:
                return self._wipe(order, given.result)
            case OrderKind.SELFTEST:
                return {"result": "passed" if self._doers.selftest() else "failed"}
            case OrderKind.RESTART:
                return {"result": "restarting"}
            case OrderKind.LOCATE:
                try:
                    self._doers.locate(seconds(order.detail, 1, LONGEST_SHOW_S))
                except WireError:
                    return {"result": "wrong"}
                return {"result": "shown"}
            case OrderKind.CONFIG:
                blob = order.detail.get("blob")
                why = self._doers.adopt(blob) if isinstance(blob, bytes) else "no settings"
                return {"result": f"refused: {why}"[:_MOST_WORDS] if why else _KEPT}
        return {"result": given.result if order.kind in _BY_SYNC else "unknown"}

    def _wipe(self, order: Order, by_sync: str) -> Detail:
        """Sync has wiped the roster; here are what was enrolled at this terminal, what is open in memory, and the keys.

        Raises StorageError.
        """
        person, version = order.detail.get("person", _EVERYBODY), order.detail.get("version", 0)
        if by_sync != "gone" or not isinstance(person, bytes) or not isinstance(version, int):
            return {"result": by_sync}
        whole = person == _EVERYBODY
        self._journal.forget_templates(self._people.forget(None if whole else person))
        if whole:
            try:
                destroy(self._state_dir)
            except SetupError as error:
                self._troubles.found("wipe", str(error))
                return {"result": "failed"}
        return {"result": "gone", "proof": wipe_proof(person, version)}
