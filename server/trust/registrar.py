"""The thread that keeps terminals' papers in order: revoked ones are cut off, the others get what they lack."""

import logging
import threading
from collections.abc import Callable

from server import BrokerError, LedgerError
from server.broker import Broker
from server.fleet.renew import Renewer
from server.fleet.revoke import Revoker
from server.ledger.store import Ledger
from server.settings import BrokerSettings
from server.trust.keys import ServerKeys
from sync import LinkError
from sync.link import Link

log = logging.getLogger("hazri.fleet")

_POLL_S = 0.5


class Registrar:
    """`start`, then `stop` once."""

    def __init__(
        self, broker: Broker | None, settings: BrokerSettings, keys: ServerKeys, ledger: Ledger, link: Link
    ) -> None:
        """`broker` None: it is somebody else's, and takes the revocation list from `keys/crl.pem`."""
        self._steps = Revoker(broker, settings, keys, ledger).step, Renewer(keys, ledger, link).step
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registrar", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Does its thread run?"""
        return self._thread.is_alive()

    def _run(self) -> None:
        said = ""
        while not self._stopping.is_set():
            failed = [reason for step in self._steps if (reason := _try(step))]
            if failed and failed[0] != said:
                log.warning("registrar state=failed reason=%s", failed[0])
            said = failed[0] if failed else ""
            self._stopping.wait(_POLL_S)


def _try(step: Callable[[], None]) -> str:
    try:
        step()
    except LinkError:
        return ""  # whoever is online at the next link is asked again
    except (LedgerError, BrokerError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a bug with one terminal's papers must not keep the others from theirs
        return f"{type(error).__name__}: {error}"
    return ""
