"""One-time passwords: one live one a user, which expires, dies of wrong guesses, and is asked for only so often (R1.9).

Karnataka's note: "If you have already generated an OTP which is valid, This OTP is now your password". So asking again
while one is valid sends nothing new, and a right one stays valid until its time is over, unless it is to be spent.
"""

import hmac
import secrets
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Connection, delete, select, update

from server.ledger.store import upsert
from server.ledger.tables import attendance_id, employee, otp, person
from server.people import words
from server.people.messages import Channel, Message, queue
from server.trust.vault import Vault

DIGITS = 6
VALID_MS = 10 * 60_000
WINDOW_MS = 3_600_000
MAX_MADE = 5  # in a window
MAX_FAILURES = 5


class Purpose(Enum):
    LOGIN = "login"
    ORG = "org"


class Asked(Enum):
    """What asking for a password came to. Who is not known to the server is told SENT, too."""

    SENT = "sent"
    LIVE = "live"  # one is valid still: that one is the password
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a password goes: both ways where both are known."""

    email: str
    mobile: str


def ask(connection: Connection, vault: Vault, purpose: Purpose, subject: str, to: Address, now_ms: int) -> Asked:
    """Make a password for `subject` and queue it, unless one is live or too many were made."""
    mine = otp.c.purpose == purpose.value, otp.c.subject == subject
    row = connection.execute(select(otp).where(*mine)).one_or_none()
    if row is not None and row.expires_ms > now_ms and row.failures < MAX_FAILURES:
        return Asked.LIVE
    since, made = (now_ms, 0) if row is None or row.window_ms + WINDOW_MS <= now_ms else (row.window_ms, row.made)
    if made >= MAX_MADE:
        return Asked.TOO_MANY
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    values = {
        "digest": _digest(vault, purpose, subject, code),
        "expires_ms": now_ms + VALID_MS,
        "failures": 0,
        "window_ms": since,
        "made": made + 1,
    }
    upsert(connection, otp, {"purpose": purpose.value, "subject": subject, **values}, *values)
    subject_line, text = words.otp_message(code, VALID_MS // 60_000)
    if to.mobile:
        queue(connection, vault, Message(Channel.SMS, to.mobile, "", text), VALID_MS)
    if to.email:
        queue(connection, vault, Message(Channel.EMAIL, to.email, subject_line, text), VALID_MS)
    return Asked.SENT


def accept(
    connection: Connection, vault: Vault, purpose: Purpose, subject: str, code: str, now_ms: int, *, spend: bool
) -> bool:
    """Is this the live password? With `spend` it is not one any more afterwards."""
    mine = otp.c.purpose == purpose.value, otp.c.subject == subject
    row = connection.execute(select(otp).where(*mine)).one_or_none()
    if row is None or row.expires_ms <= now_ms or row.failures >= MAX_FAILURES:
        return False
    if not hmac.compare_digest(row.digest, _digest(vault, purpose, subject, code)):
        connection.execute(update(otp).where(*mine).values(failures=otp.c.failures + 1))
        return False
    if spend:
        connection.execute(update(otp).where(*mine).values(expires_ms=now_ms))
    return True


def forget(connection: Connection, now_ms: int) -> None:
    """Delete what is over and counts no more."""
    connection.execute(delete(otp).where(otp.c.expires_ms <= now_ms, otp.c.window_ms + WINDOW_MS <= now_ms))


@dataclass(frozen=True, slots=True)
class PersonCodes:
    """The passwords with which employees log in by their attendance id."""

    vault: Vault

    def person(self, connection: Connection, digits: str) -> bytes | None:
        """Whose attendance id this is, where it is exactly one verified person's."""
        digest = self.vault.digest("attendance id", digits)[:16]
        asked = select(person.c.ref).join_from(attendance_id, person).where(person.c.active)
        found = connection.scalars(asked.where(attendance_id.c.digest == digest).limit(2)).all()
        return found[0] if len(found) == 1 else None

    def request(self, connection: Connection, person: bytes, now_ms: int) -> None:
        """Send a code, unless one is valid or too many were asked for."""
        asked = select(employee.c.email, employee.c.mobile).where(employee.c.person == person)
        row = connection.execute(asked).one_or_none()
        if row is not None:
            ask(connection, self.vault, Purpose.LOGIN, person.hex(), Address(row.email, row.mobile), now_ms)

    def accept(self, connection: Connection, person: bytes, code: str, now_ms: int) -> bool:
        """Is this the live code? It stays so until it expires (R1.9), and dies of too many wrong ones."""
        return accept(connection, self.vault, Purpose.LOGIN, person.hex(), code, now_ms, spend=False)


def _digest(vault: Vault, purpose: Purpose, subject: str, code: str) -> bytes:
    return vault.digest("otp", purpose.value, subject, code)
