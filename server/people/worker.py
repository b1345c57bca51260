"""What runs beside the aggregator for its people: messages go out, and the days bring what they bring."""

import logging

from server.fleet import fetch
from server.ledger.store import Ledger, now_ms
from server.people import daily, duties, notices
from server.people.messages import Channel, FileSender, Sender, SmtpSender
from server.settings import ServerSettings
from server.threads import Rounds
from server.trust.keys import ServerKeys
from server.trust.vault import Vault

log = logging.getLogger("hazri.people")

OUTBOX = "outbox"
TICK_S = 60.0


class PeopleWorker(Rounds):
    """What the days bring. `tick` may be called by itself."""

    def __init__(self, ledger: Ledger, keys: ServerKeys) -> None:
        super().__init__("people", TICK_S)
        self._ledger, self._vault = ledger, Vault(keys.vault)
        self._named = False

    def tick(self, at_ms: int) -> None:
        """What is due at `at_ms`. Raises ServerError; what was done until then stays done."""
        if not self._named:  # once is enough: whoever writes people down names their digits
            with self._ledger.write() as connection:
                fetch.name_everybody(connection, self._vault)
            self._named = True
        daily.tick(self._ledger, at_ms)
        duties.tick(self._ledger, self._vault, at_ms)
        with self._ledger.write() as connection:
            notices.send(connection, self._vault, at_ms)

    def round(self) -> None:
        self.tick(now_ms())


def senders(settings: ServerSettings) -> list[Sender]:
    """E-mail by SMTP where a server is set up; everything else as files in the outbox, for a gateway to fetch."""
    told = settings.messages
    outbox = told.outbox or settings.state_dir / OUTBOX
    if not told.smtp_host:
        return [FileSender(outbox)]
    mail = SmtpSender(
        told.smtp_host, told.smtp_port, told.sender, told.smtp_user, told.smtp_password_file, told.smtp_tls
    )
    return [mail, FileSender(outbox, frozenset({Channel.SMS}))]
