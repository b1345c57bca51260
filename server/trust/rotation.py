"""Exchanging the server's own keys while every terminal stays where it is (sync.charter).

    begin    the next key is made and announced, signed by the old one, which goes on signing: terminals believe both
    switch   when the terminals hold that charter, the next key takes over; the old one is believed and opens still.
             Who was away is told first, by the old key's signature. The server must be stopped for it.
    retire   the old one counts no more: a last charter says so, signed by the new one

server    Ed25519: receipts, rosters, orders, charters; record keys are vouched for anew
template  X25519: what is sealed in the ledger is wrapped anew, and what terminals go on sealing for the old one opens
ca        EC P-256: terminals get certificates of the new one as theirs are due
"""

import datetime as dt
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, func, insert, select, update

from server import RotationError
from server.fleet import vouch
from server.fleet.renew import newest
from server.fleet.roster import SERVER_READER
from server.ledger.store import now_ms
from server.ledger.tables import certificate, charter, charter_held, template, terminal, terminal_key
from server.trust import pki
from server.trust.keys import ServerKeys, open_keys
from sync import SyncError, seal
from sync import keys as keyfiles
from sync.charter import Standing, parse_charter, sign_charter
from sync.ed25519 import PublicKey
from sync.files import replace_file
from sync.wire import parse_template, template_bytes

if TYPE_CHECKING:
    from server.opened import Opened

WHAT = ("server", "template", "ca")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the newest charter has come, and what is under way: (key, "next" or "old")."""

    number: int
    terminals: int
    waiting: tuple[str, ...]
    under_way: tuple[tuple[str, str], ...]


def begin(opened: "Opened", what: str) -> int:
    """Make the next key and announce it; returns the charter's number. Raises RotationError."""
    folder = opened.keys.directory
    if any(name == what for name, _ in _under_way(folder)):
        raise RotationError(f"{what}: an exchange is under way; `keys status` says how far it is")
    if what == "server":
        keyfiles.write_key(folder / "server.next.key", Ed25519PrivateKey.generate())
    elif what == "template":
        keyfiles.write_key(folder / "template.next.key", X25519PrivateKey.generate())
    else:
        key, now = pki.make_own_key(), dt.datetime.now(dt.UTC)
        certified = pki.new_authority(key, now, f"{now:%Y-%m-%d} {os.urandom(2).hex()}").certificate
        replace_file(folder / "ca.next.crt", pki.pem(certified), 0o644)
        keyfiles.write_key(folder / "ca.next.key", key)
    return _announce(opened, _again(opened), opened.keys.server)


def switch(opened: "Opened", what: str, *, anyway: bool = False) -> int:
    """Let the next key take over; returns the number of the charter that says so. Raises RotationError while terminals
    lack the charter before, unless `anyway`: they get it first when they come back."""
    folder = opened.keys.directory
    if (what, "next") not in _under_way(folder):
        raise RotationError(f"{what}: nothing to switch to; begin with `keys rotate {what}`")
    if (waiting := progress(opened).waiting) and not anyway:
        raise RotationError(
            f"{len(waiting)} terminals do not hold the charter yet: {', '.join(waiting[:10])}; wait, or --anyway: "
            "they follow when they come back"
        )
    _stopped(folder)
    for suffix in ("key", "crt") if what == "ca" else ("key",):
        (folder / f"{what}.{suffix}").replace(folder / f"{what}.old.{suffix}")
        (folder / f"{what}.next.{suffix}").replace(folder / f"{what}.{suffix}")
    keys = _again(opened)
    with opened.ledger.write() as connection:
        if what == "server":
            _vouch_anew(connection, opened.keys, keys)
        elif what == "template":
            _wrap_anew(connection, opened.keys, keys)
    return _announce(opened, keys, keys.server)


def retire(opened: "Opened", what: str, *, anyway: bool = False) -> int:
    """The old key counts no more; returns the number of the charter that says so. Raises RotationError while terminals
    lack the charter before, or have certificates of the old CA."""
    folder = opened.keys.directory
    if (what, "old") not in _under_way(folder):
        raise RotationError(f"{what}: no old key is believed")
    waiting = progress(opened).waiting
    if what == "ca":
        since_ms = int((folder / "ca.crt").stat().st_mtime * 1000)
        with opened.ledger.read() as connection:
            waiting = tuple(sorted({*waiting, *_without_certificate(connection, since_ms)}))
    if waiting and not anyway:
        raise RotationError(f"{len(waiting)} terminals are not ready: {', '.join(waiting[:10])}")
    _stopped(folder)
    for suffix in ("key", "crt") if what == "ca" else ("key",):
        (folder / f"{what}.old.{suffix}").unlink()
    keys = _again(opened)
    return _announce(opened, keys, keys.server)


def progress(opened: "Opened") -> Progress:
    """How far it is."""
    held = func.coalesce(charter_held.c.number, 0)
    asked = select(terminal.c.id, held.label("number")).outerjoin(
        charter_held, charter_held.c.terminal == terminal.c.id
    )
    with opened.ledger.read() as connection:
        number = newest(connection)
        rows = connection.execute(asked.where(terminal.c.state == "active").order_by(terminal.c.id)).all()
    waiting = tuple(row.id for row in rows if row.number < number)
    return Progress(number, len(rows), waiting, tuple(_under_way(opened.keys.directory)))


def former_servers(connection: Connection) -> list[PublicKey]:
    """Every key that ever signed for this server, by its charters; for who reads what was signed long ago."""
    found: dict[bytes, None] = {}
    for data in connection.scalars(select(charter.c.data).order_by(charter.c.number)):
        found.update(dict.fromkeys(parse_charter(data).standing.servers))
    return [PublicKey(key) for key in found]


def _announce(opened: "Opened", keys: ServerKeys, by: Ed25519PrivateKey) -> int:
    """A charter of what stands now."""
    servers = [one.public_key().public_bytes_raw() for one in (keys.server, *keys.other_servers)]
    authorities = tuple(pki.der(one.certificate) for one in keys.authorities)
    with opened.ledger.write() as connection:
        number = newest(connection) + 1
        # A template key that is to come is not sealed for yet: only this server's switch makes it open.
        reader = keys.template.public_key().public_bytes_raw()
        data = sign_charter(by, Standing(number, tuple(servers), reader, authorities))
        connection.execute(insert(charter).values(number=number, data=data, made_ms=now_ms()))
    return number


def _again(opened: "Opened") -> ServerKeys:
    return open_keys(opened.keys.directory.parent, ())


def _under_way(folder: Path) -> list[tuple[str, str]]:
    return [(what, state) for what in WHAT for state in ("next", "old") if (folder / f"{what}.{state}.key").exists()]


def _stopped(folder: Path) -> None:
    """A server that runs would go on with the keys in its memory. Raises RotationError."""
    file = os.open(folder.parent / ".running", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RotationError(
            "stop hazri-server first, and start it again afterwards; terminals wait by themselves"
        ) from None
    finally:
        os.close(file)


def _vouch_anew(connection: Connection, before: ServerKeys, keys: ServerKeys) -> None:
    """Sign every record key again that the key before had signed, and no other."""
    for name in list(connection.scalars(select(terminal_key.c.terminal).distinct())):
        for one in vouch.keys(connection, PublicKey.of(before.server), name):
            t = terminal_key.c
            where = (t.terminal == name, t.record_key == one.record_key)
            signature = vouch.sign(keys.server, name, one.record_key)
            connection.execute(update(terminal_key).where(*where).values(vouched=signature))


def _wrap_anew(connection: Connection, before: ServerKeys, keys: ServerKeys) -> None:
    old, new = before.template, keys.template
    t = template.c
    for row in connection.execute(select(t.person, t.finger, t.version, t.sealed)).all():
        try:
            again = seal.rewrap(
                parse_template(row.sealed),
                old,
                SERVER_READER,
                new.public_key(),
                SERVER_READER,
                makers=(old.public_key(),),
                maker=new,
            )
        except SyncError:
            continue  # not this server's: it goes nowhere, before and after
        where = (t.person == row.person, t.finger == row.finger, t.version == row.version)
        connection.execute(update(template).where(*where).values(sealed=template_bytes(again)))


def _without_certificate(connection: Connection, since_ms: int) -> list[str]:
    """Active terminals that got none since."""
    c = certificate.c
    have = select(c.terminal).where(c.made_ms >= since_ms)
    return list(
        connection.scalars(select(terminal.c.id).where(terminal.c.state == "active", terminal.c.id.not_in(have)))
    )
