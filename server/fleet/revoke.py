"""Certificates that are no longer good: written down, listed for the broker, and their holders cut off.

The order matters: the revocation list and the closed door first, the cut second, because a client whose name is its
certificate's is back at once. Both doors are needed: the list turns away whoever brings the certificate, and the access
list whoever resumes a TLS session, which asks for no certificate. So a terminal that was revoked a short while ago is
cut again and again, until its newest session ticket has run out. And whatever anybody says, the registry is asked for
every single record (server.intake.group).

With a broker of somebody else's the list is in `keys/crl.pem`, and must be taken there from there.
"""

import datetime as dt
import logging
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from sqlalchemy import Connection, insert, select, update

from server import BrokerError
from server.broker import Broker
from server.fleet.standing import State
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import certificate, terminal
from server.settings import BrokerSettings
from server.trust import pki
from server.trust.cut import cut
from server.trust.keys import CRL, ServerKeys
from sync.files import replace_file

log = logging.getLogger("hazri.fleet")

DOOR = "revoked"
_GONE = (State.REVOKED, State.RETIRED)
_TICKET_MS = 2 * 3_600_000 + 60_000  # how long OpenSSL lets a TLS session be resumed, and a little more
_AGAIN_MS = 5_000


def remember(connection: Connection, made: x509.Certificate, one: str, now: int, *, alone: bool = False) -> None:
    """Write down a certificate that a terminal gets. `alone`: those it had before are of another unit, and end now."""
    if alone:
        revoke_all(connection, [one], now)
    until_ms = int(made.not_valid_after_utc.timestamp() * 1000)
    values = {"serial": pki.serial_of(made), "terminal": one, "made_ms": now, "until_ms": until_ms}
    connection.execute(insert(certificate).values(**values))


def revoke_all(connection: Connection, terminals: Iterable[str], now: int) -> None:
    """Every certificate of these terminals ends."""
    c = certificate.c
    mine = c.terminal.in_(list(terminals))
    connection.execute(update(certificate).where(mine, c.revoked_ms.is_(None)).values(revoked_ms=now))


class Revoker:
    """`step` once or more a second, from one thread; terminals are also revoked by other processes."""

    def __init__(self, broker: Broker | None, settings: BrokerSettings, keys: ServerKeys, ledger: Ledger) -> None:
        self._broker, self._settings, self._keys, self._ledger = broker, settings, keys, ledger
        self._listed: frozenset[str] | None = None
        self._closed: frozenset[str] = frozenset()
        self._made_s = 0
        self._cut_ms: dict[str, int] = {}

    def step(self) -> None:
        """Raises LedgerError, BrokerError."""
        now = now_ms()
        serials, gone, fresh = self._look(now)
        if (serials != self._listed or gone != self._closed) and now // 1000 > self._made_s:
            self._shut(serials, gone, now)
        for one, since_ms in fresh.items():
            if (
                self._listed == serials
                and now - self._cut_ms.get(one, 0) >= _AGAIN_MS
                and self._due(one, since_ms, now)
            ):
                self._cut_ms[one] = now
                cut(self._settings, self._keys, one)
        self._cut_ms = {one: at for one, at in self._cut_ms.items() if one in fresh}

    def _due(self, one: str, since_ms: int, now: int) -> bool:
        """Whoever is gone is cut again and again; a unit that was exchanged once, as its successor has the name."""
        last_ms = self._cut_ms.get(one, 0)
        return now - last_ms >= _AGAIN_MS if one in self._closed else last_ms < since_ms

    def _look(self, now: int) -> tuple[frozenset[str], frozenset[str], dict[str, int]]:
        """The serials to be listed, who is gone, and who lost a certificate a short while ago, and when."""
        c, t = certificate.c, terminal.c
        gone = select(t.id).where(t.state.in_([str(state) for state in _GONE]))
        still = select(c.terminal).where(c.revoked_ms.is_(None), c.terminal.in_(gone)).distinct()
        listed = select(c.serial, c.terminal, c.revoked_ms).where(c.revoked_ms.is_not(None), c.until_ms > now)
        with self._ledger.read() as connection:
            new = list(connection.scalars(still))
        if new:
            with self._ledger.write() as connection:
                revoke_all(connection, new, now)
            log.info("certificates=revoked terminals=%s", ",".join(sorted(new)[:20]))
        with self._ledger.read() as connection:
            closed = frozenset(connection.scalars(gone))
            rows = connection.execute(listed).all()
        fresh: dict[str, int] = {}
        for row in rows:
            if now - row.revoked_ms < _TICKET_MS:
                fresh[row.terminal] = max(fresh.get(row.terminal, 0), row.revoked_ms)
        return frozenset(row.serial for row in rows), closed, fresh

    def _shut(self, serials: frozenset[str], gone: frozenset[str], now: int) -> None:
        write_list(self._keys, serials, dt.datetime.fromtimestamp(now // 1000, dt.UTC))
        if self._broker is not None:
            self._broker.deny(gone, DOOR)
        self._listed, self._closed, self._made_s = serials, gone, now // 1000
        log.info("revocation_list=%d doors_closed=%d", len(serials), len(gone))


def write_list(keys: ServerKeys, serials: Iterable[str], made: dt.datetime) -> Path:
    """The list of every authority that is believed, in one file. Raises BrokerError."""
    numbers = [int(serial, 16) for serial in serials]
    path = keys.directory / CRL
    try:
        replace_file(path, b"".join(pki.revocation_list(one, numbers, made) for one in keys.authorities), 0o644)
    except OSError as error:
        raise BrokerError(f"{path}: {error.strerror}") from None
    return path
