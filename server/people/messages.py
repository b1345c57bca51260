"""Messages to people: queued in the ledger with whatever they tell of, sent by a worker, tried again, forgotten.

A message is closed under the vault key until it has gone, and then its text is deleted. It is sent at least once: a
worker killed between sending and noting it sends it again.
"""

import json
import logging
import os
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, insert, select, update

from server import ServerError
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import message
from server.threads import Rounds
from server.trust.vault import Vault
from sync import SealError

log = logging.getLogger("hazri.messages")

TIMEOUT_S = 20.0
MAX_TRIES = 8
FIRST_WAIT_MS = 15_000
KEPT_MS = 3 * 24 * 3_600_000
_BATCH = 50
_IDLE_S = 5.0


class Channel(Enum):
    EMAIL = "email"
    SMS = "sms"


class SendError(ServerError):
    """A message could not be handed over; it is tried again later."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to whom. Neither ever stands in a log line."""

    channel: Channel
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


class Sender(Protocol):
    """Hands a message over to whoever delivers it. Raises SendError."""

    @property
    def channels(self) -> frozenset[Channel]:
        """Which messages it takes."""
        ...

    def send(self, one: Message) -> None: ...


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """By e-mail, over TLS from the first byte (465) or by STARTTLS. `password_file` holds the password alone."""

    host: str
    port: int
    sender: str
    user: str = ""
    password_file: Path | None = None
    starttls: bool = True
    channels: frozenset[Channel] = frozenset({Channel.EMAIL})

    def send(self, one: Message) -> None:
        mail = EmailMessage()
        try:
            mail["From"], mail["To"], mail["Subject"] = self.sender, one.to, one.subject
            mail.set_content(one.text)
            with self._connect() as server:
                if self.user and self.password_file:
                    server.login(self.user, self.password_file.read_text(encoding="utf-8").strip())
                server.send_message(mail)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise SendError(f"{self.host}:{self.port}: {type(error).__name__}") from None

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.port == 465:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        if self.starttls:
            server.starttls(context=context)
        return server


@dataclass(frozen=True, slots=True)
class FileSender:
    """One file a message, in a directory that another program (an SMS gateway's client) empties."""

    directory: Path
    channels: frozenset[Channel] = frozenset(Channel)

    def send(self, one: Message) -> None:
        told = {"channel": one.channel.value, "to": one.to, "subject": one.subject, "text": one.text}
        name = f"{now_ms()}-{os.urandom(4).hex()}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.directory / f".{name}"
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "w", encoding="utf-8") as out:
                json.dump(told, out, ensure_ascii=False)
                out.flush()
                os.fsync(file)
            path.rename(self.directory / f"{name}.json")
        except OSError as error:
            raise SendError(f"{self.directory}: {error.strerror}") from None


def queue(connection: Connection, vault: Vault, one: Message, keep_ms: int = KEPT_MS) -> None:
    """Send this soon, and not after `keep_ms`: it goes when the transaction commits, or not at all."""
    ref, at_ms = os.urandom(8), now_ms()
    plain = json.dumps([one.to, one.subject, one.text]).encode()
    row = {"id": ref, "channel": one.channel.value, "sealed": vault.close("message", ref, plain), "state": "queued"}
    times = {"tries": 0, "next_ms": at_ms, "expires_ms": at_ms + keep_ms, "made_ms": at_ms, "error": ""}
    connection.execute(insert(message), row | times)


def send_due(ledger: Ledger, vault: Vault, senders: list[Sender], at_ms: int) -> int:
    """Send what is due; returns how many went. What cannot go waits longer each time, and at last is given up."""
    with ledger.read() as connection:
        due = select(message).where(message.c.state == "queued", message.c.next_ms <= at_ms)
        rows = connection.execute(due.order_by(message.c.next_ms).limit(_BATCH)).all()
    sent = 0
    for row in rows:
        error = _send(vault, senders, row.id, row.channel, row.sealed) if row.expires_ms > at_ms else "too late"
        tries = row.tries + 1
        if not error:
            values = {"state": "sent", "sealed": b"", "tries": tries, "error": ""}
            sent += 1
        elif tries >= MAX_TRIES or row.expires_ms <= at_ms:
            values = {"state": "failed", "sealed": b"", "tries": tries, "error": error}
            log.warning("message=%s state=failed error=%r", row.id.hex(), error)
        else:
            values = {"tries": tries, "next_ms": at_ms + FIRST_WAIT_MS * 2**row.tries, "error": error}
        with ledger.write() as connection:
            connection.execute(update(message).where(message.c.id == row.id).values(**values))
    return sent


class Worker(Rounds):
    """Sends what is queued."""

    def __init__(self, ledger: Ledger, vault: Vault, senders: list[Sender]) -> None:
        super().__init__("messages", _IDLE_S)
        self._ledger, self._vault, self._senders = ledger, vault, senders

    def round(self) -> float | None:
        return 0 if send_due(self._ledger, self._vault, self._senders, now_ms()) else None


def _send(vault: Vault, senders: list[Sender], ref: bytes, channel: str, sealed: bytes) -> str:
    """Empty: it went; else why not."""
    sender = next((one for one in senders if Channel(channel) in one.channels), None)
    if sender is None:
        return f"no sender for {channel} is set up"
    try:
        sender.send(Message(Channel(channel), *json.loads(vault.open("message", ref, sealed))))
    except SealError:
        return "does not open with vault.key"
    except SendError as error:
        return str(error)
    return ""
