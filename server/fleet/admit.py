"""Admit a terminal: check what it asks, certify its key, remember who it is, and answer."""

import datetime as dt
import logging
import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sqlalchemy import Connection, insert, select, update

from server import AdmissionError, FleetError, ReleaseError
from server.fleet import orders, roster, sayings, standing, twin, units, vouch
from server.fleet.renew import admitted
from server.fleet.revoke import remember
from server.fleet.standing import State
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import office, terminal
from server.releases.files import root_mark
from server.settings import RELEASES, BrokerSettings
from server.trust import pki
from server.trust.keys import ServerKeys
from server.trust.vault import Vault
from sync import SealError, WireError, seal
from sync.admission import NOTHING, Admission, Request, follows_text, lookup_binding, parse
from sync.request import check_request

log = logging.getLogger("hazri.fleet")

OFFICE = "office"  # whoever sits at the aggregator's own keyboard


def admit(
    ledger: Ledger, keys: ServerKeys, broker: BrokerSettings, data: bytes, *, replace: bool = False, by: str = OFFICE
) -> Admission:
    """Answer a terminal's request (JSON). Raises AdmissionError.

    A known terminal with the same keys gets a new certificate (renewal); with other keys it is refused unless
    `replace` says that the unit was exchanged on purpose (S7): its look-up key is then new, too.
    """
    request = _read(data)
    certificate = pki.sign_request(keys.authority, request.csr, request.terminal, dt.datetime.now(dt.UTC))
    vault = Vault(keys.vault)
    releases = _root_of(keys)
    with ledger.write() as connection:
        known = connection.execute(select(terminal).where(terminal.c.id == request.terminal)).one_or_none()
        before = sayings.newest(connection, request.terminal) if _is_another(known, request) else None
        lookup_key = _register(connection, vault, request, known, replace, by)
        # Before the commit: a terminal whose key nothing can be sealed to is not half admitted.
        sealed = _seal(request, lookup_key)
        vouch.put(connection, keys.server, request.terminal, bytes.fromhex(request.record_key))
        remember(connection, certificate, request.terminal, now_ms(), alone=_is_another(known, request))
        number = admitted(connection, request.terminal, now_ms())
        offices = offices_of(connection, known.office if known else None)
        units.fit_in(connection, request.terminal, bytes.fromhex(request.record_key), now_ms(), by)
        if _is_another(known, request):
            twin.anew(connection, request.terminal)
    log.info("terminal=%s admitted=%s", request.terminal, "again" if known else "new")
    return Admission(
        terminal=request.terminal,
        certificate=pki.pem(certificate).decode(),
        ca=keys.trust.decode(),
        server_key=keys.server.public_key().public_bytes_raw().hex(),
        template_key=keys.template.public_key().public_bytes_raw().hex(),
        lookup_key=sealed.hex(),
        broker_host=broker.told_host,
        broker_port=broker.told_port,
        charter=number,
        follows=follows_text(*before) if before else NOTHING,
        releases=releases,
        offices=offices,
    )


def revoke(ledger: Ledger, one: str, by: str = OFFICE, why: str = "revoked") -> None:
    """From now on nothing this terminal sends is believed, and nobody's data is sent to it. Raises AdmissionError."""
    with ledger.write() as connection:
        try:
            standing.change(connection, one, State.REVOKED, by, why, now_ms())
        except FleetError as error:
            raise AdmissionError(str(error)) from None
    log.info("terminal=%s state=revoked", one)


def offices_of(connection: Connection, one: bytes | None) -> str:
    """The path of this office, as an admission has it."""
    return connection.scalar(select(office.c.path).where(office.c.id == one)) or NOTHING


def _read(data: bytes) -> Request:
    try:
        request = parse(Request, data)
        check_request(request)
    except WireError as error:
        raise AdmissionError(str(error)) from None
    except UnicodeError:
        raise AdmissionError("request: holds a character that no text may have (a lone surrogate)") from None
    return request


def _seal(request: Request, lookup_key: bytes) -> bytes:
    try:
        reader = X25519PublicKey.from_public_bytes(bytes.fromhex(request.seal_key))
        return seal.seal_to(reader, lookup_key, lookup_binding(request.terminal))
    except (SealError, ValueError):
        raise AdmissionError(f"{request.terminal}: nothing can be sealed to its seal key; make new keys") from None


def _root_of(keys: ServerKeys) -> str:
    try:
        return root_mark(keys.directory.parent / RELEASES)
    except ReleaseError as error:
        raise AdmissionError(str(error)) from None


def _is_another(known: Any, request: Request) -> bool:
    """A unit with other keys than the terminal had, or one that comes back after it was revoked."""
    return known is not None and (known.record_key.hex() != request.record_key or known.state == State.REVOKED)


def _standing(state: str) -> str:
    return "it was revoked" if state == State.REVOKED else f"it is {state}"


def _register(connection: Connection, vault: Vault, request: Request, known: Any, replace: bool, by: str) -> bytes:
    """Store the terminal; returns its look-up key."""
    record_key, seal_key = bytes.fromhex(request.record_key), bytes.fromhex(request.seal_key)
    if known is not None and known.state == State.RETIRED:
        raise AdmissionError(f"{request.terminal}: it was taken out of use for good; give the unit another name")
    same = known is not None and (known.record_key, known.seal_key) == (record_key, seal_key)
    if known is not None and same and known.state in (State.PENDING, State.ACTIVE):
        return vault.open_lookup_key(request.terminal, known.lookup_key)
    if known is not None and not replace:
        found = _standing(known.state) if same else "it is known with other keys"
        raise AdmissionError(f"{request.terminal}: {found}; `--replace` admits it all the same")
    lookup_key = os.urandom(seal.KEY_BYTES)
    values: dict[str, Any] = {
        "state": str(State.ACTIVE),
        "record_key": record_key,
        "seal_key": seal_key,
        "lookup_key": vault.close_lookup_key(request.terminal, lookup_key),
    }
    if known is None:
        values |= {"id": request.terminal, "roster_version": 0, "admitted_ms": now_ms()}
        connection.execute(insert(terminal).values(**values))
    else:
        connection.execute(update(terminal).where(terminal.c.id == request.terminal).values(**values))
        orders.readmitted(connection, request.terminal)
    was = known.state if known else ""
    if was != State.ACTIVE:
        standing.note(connection, request.terminal, "state", was, State.ACTIVE, by, "admitted", now_ms())
    roster.everybody(connection, request.terminal)
    return lookup_key
