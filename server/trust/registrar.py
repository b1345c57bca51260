"""The thread that keeps terminals' papers in order: revoked ones are cut off, the others get what they lack."""

import logging
from collections.abc import Callable

from server import BrokerError, LedgerError, ServerError
from server.broker import Broker
from server.fleet.renew import Renewer
from server.fleet.revoke import Revoker
from server.ledger.store import Ledger
from server.settings import BrokerSettings
from server.threads import Rounds
from server.trust.keys import ServerKeys
from sync import LinkError
from sync.link import Link

log = logging.getLogger("hazri.fleet")

_POLL_S = 0.5


class Registrar(Rounds):
    """`start`, then `stop` once."""

    def __init__(
        self, broker: Broker | None, settings: BrokerSettings, keys: ServerKeys, ledger: Ledger, link: Link
    ) -> None:
        """`broker` None: it is somebody else's, and takes the revocation list from `keys/crl.pem`."""
        super().__init__("registrar", _POLL_S)
        self._steps = Revoker(broker, settings, keys, ledger).step, Renewer(keys, ledger, link).step

    def round(self) -> None:
        failed = [reason for step in self._steps if (reason := _try(step))]
        if failed:
            raise ServerError(failed[0])


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
