"""What `run` does for others beside its own work: send webhooks, and pull the districts below."""

import logging

from server import LedgerError, PullError
from server.fleet.roster import RosterKeys
from server.ledger.store import Ledger
from server.sharing import stack, webhooks
from server.threads import Rounds, Threads
from server.trust.keys import ServerKeys
from server.trust.vault import Vault

log = logging.getLogger("hazri.stack")

_POLL_S = 5.0


def start(threads: Threads, ledger: Ledger, keys: ServerKeys) -> None:
    """Have both run."""
    vault = Vault(keys.vault)
    threads.keep("sends webhooks", webhooks.Sender(ledger, vault))
    threads.keep("pulls the districts below", Puller(ledger, RosterKeys(keys.server, keys.template, vault)))


class Puller(Rounds):
    """A thread that keeps the records of every active district here."""

    def __init__(self, ledger: Ledger, keys: RosterKeys) -> None:
        super().__init__("stack", _POLL_S)
        self._ledger, self._keys = ledger, keys
        self._failing: set[str] = set()

    def round(self) -> None:
        for name in [row.name for row in stack.districts(self._ledger) if row.state == "active"]:
            self._pull(name)

    def _pull(self, name: str) -> None:
        """One that is down costs only itself, and one line."""
        try:
            for n in stack.pull(self._ledger, self._keys, name):
                log.info("district=%s records=%d", name, n)
                if self.stopping.is_set():
                    return
            self._failing.discard(name)
        except (PullError, LedgerError) as error:
            if name not in self._failing:
                log.warning("district=%s state=waiting reason=%s", name, error)
            self._failing.add(name)
