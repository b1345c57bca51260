"""What runs beside the aggregator for its people: messages go out, and the days bring what they bring."""

import logging
import threading

from server import ServerError
from server.ledger.store import Ledger, now_ms
from server.people import daily, duties, notices
from server.people.messages import Channel, FileSender, Sender, SmtpSender, Worker
from server.settings import ServerSettings
from server.trust.keys import ServerKeys
from server.trust.vault import Vault

log = logging.getLogger("hazri.people")

OUTBOX = "outbox"
TICK_S = 60.0


class PeopleWorker:
    """Both, on a thread each. What fails is said, and tried again."""

    def __init__(self, ledger: Ledger, keys: ServerKeys, settings: ServerSettings) -> None:
        self._ledger, self._vault = ledger, Vault(keys.vault)
        self._messages = Worker(ledger, self._vault, senders(settings))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="people", daemon=True)

    def start(self) -> None:
        self._messages.start()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._messages.stop()

    @property
    def alive(self) -> bool:
        """Do both threads run?"""
        return self._thread.is_alive() and self._messages.alive

    def tick(self, at_ms: int) -> None:
        """What is due at `at_ms`. Raises ServerError; what was done until then stays done."""
        daily.tick(self._ledger, at_ms)
        duties.tick(self._ledger, self._vault, at_ms)
        with self._ledger.write() as connection:
            notices.send(connection, self._vault, at_ms)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self.tick(now_ms())
            except ServerError as error:
                log.warning("people state=waiting error=%r", str(error))
            self._stop.wait(TICK_S)


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
