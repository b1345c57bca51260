"""What terminals get over the link they have: their next certificate, and the charters they do not hold yet.

A terminal of which 60 of the 90 days are over sends its certificate; while the registry believes the terminal, it gets
another for the same key. It keeps the old one until the new one has worked, and so may ask again: it gets the one that
was made for it a short while ago.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select

from server import AdmissionError
from server.fleet.revoke import remember
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import certificate, charter, charter_held, renewal, terminal, terminal_state
from server.trust import pki
from server.trust.keys import ServerKeys
from sync.charter import Renew, papers_bytes
from sync.link import Link
from sync.topics import down

log = logging.getLogger("hazri.fleet")

AGAIN_MS = 60_000
_GROUP = 200
_MOST = 20  # certificates of one terminal in a month; it needs one in two
_MONTH_MS = 30 * 24 * 3_600_000


def take(connection: Connection, one: str, said: Renew, now: int) -> None:
    """Note what a terminal holds and wants; `Renewer` answers."""
    held = {"terminal": one, "number": said.number, "told_ms": now}
    upsert(connection, charter_held, held, "number", "told_ms")
    if said.certificate:
        asked = {"terminal": one, "certificate": said.certificate, "asked_ms": now}
        upsert(connection, renewal, asked, "certificate", "asked_ms")


def admitted(connection: Connection, one: str, now: int) -> int:
    """A terminal that is admitted holds the newest charter, as its admission says what that says; its number."""
    number = newest(connection)
    upsert(connection, charter_held, {"terminal": one, "number": number, "told_ms": now}, "number", "told_ms")
    return number


def newest(connection: Connection) -> int:
    """The number of the newest charter; 0 where there was never any."""
    return connection.scalar(select(func.max(charter.c.number))) or 0


class Renewer:
    """`step` once or more a second, from one thread."""

    def __init__(self, keys: ServerKeys, ledger: Ledger, link: Link) -> None:
        self._keys, self._ledger, self._link = keys, ledger, link
        self._told_ms: dict[str, int] = {}

    def step(self) -> None:
        """Raises LedgerError, LinkError."""
        now = now_ms()
        with self._ledger.read() as connection:
            asked = connection.execute(select(renewal).order_by(renewal.c.asked_ms).limit(_GROUP)).all()
            charters = connection.execute(select(charter.c.number, charter.c.data).order_by(charter.c.number)).all()
            behind = self._behind(connection, charters[-1].number if charters else 0)
        for row in asked:
            with self._ledger.write() as connection:
                der = self._renew(connection, row, now)
                held = connection.scalar(select(charter_held.c.number).where(charter_held.c.terminal == row.terminal))
            if der:
                self._send(row.terminal, charters, held or 0, der)
        self._told_ms = {one: at for one, at in self._told_ms.items() if now - at < AGAIN_MS}
        for row in behind:
            if row.id not in self._told_ms:
                self._told_ms[row.id] = now
                self._send(row.id, charters, row.number or 0, b"")

    def _behind(self, connection: Connection, newest_number: int) -> list[Any]:
        """Terminals that are online and hold an older charter."""
        if not newest_number:
            return []
        held = func.coalesce(charter_held.c.number, 0)
        asked = select(terminal.c.id, held.label("number")).join_from(terminal, terminal_state)
        asked = asked.outerjoin(charter_held, charter_held.c.terminal == terminal.c.id)
        asked = asked.where(terminal.c.state == "active", terminal_state.c.online, held < newest_number)
        return [row for row in connection.execute(asked) if row.id not in self._told_ms][:_GROUP]

    def _renew(self, connection: Connection, row: Any, now: int) -> bytes:
        """The next certificate (DER); nothing where there is a reason against it, which the log says."""
        connection.execute(delete(renewal).where(renewal.c.terminal == row.terminal))
        if connection.scalar(select(terminal.c.state).where(terminal.c.id == row.terminal)) != "active":
            return b""
        c = certificate.c
        recent = select(func.count()).where(c.terminal == row.terminal, c.made_ms > now - _MONTH_MS)
        if connection.scalars(recent).one() >= _MOST:
            log.warning("terminal=%s certificate=refused reason=too_many", row.terminal)
            return b""
        try:
            made = pki.renew(self._keys.authorities, row.certificate, row.terminal, dt.datetime.now(dt.UTC))
            self._not_revoked(connection, row.certificate)
        except AdmissionError as error:
            log.warning("terminal=%s certificate=refused reason=%s", row.terminal, error)
            return b""
        remember(connection, made, row.terminal, now)
        log.info("terminal=%s certificate=renewed until=%s", row.terminal, f"{made.not_valid_after_utc:%Y-%m-%d}")
        return pki.der(made)

    def _not_revoked(self, connection: Connection, der: bytes) -> None:
        revoked = select(certificate.c.revoked_ms).where(certificate.c.serial == pki.serial_of_der(der))
        if connection.scalar(revoked) is not None:
            raise AdmissionError("the certificate to renew was revoked")

    def _send(self, one: str, charters: Sequence[Any], held: int, der: bytes) -> None:
        """Signed by the key that signs everything now, which the charters lead to."""
        missing = [row.data for row in charters if row.number > held]
        self._link.publish(down(one, "papers"), papers_bytes(self._keys.server, one, missing, der), qos=1)
        log.info("terminal=%s papers=sent charters=%d certificate=%s", one, len(missing), "yes" if der else "no")
