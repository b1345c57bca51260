"""Which record keys are a terminal's, by the server's own signature, so that nobody else can add one."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from server.ledger.store import now_ms, upsert
from server.ledger.tables import terminal_key
from sync import ChainError, SignatureError, chain
from sync.ed25519 import PublicKey


@dataclass(frozen=True, slots=True)
class Vouched:
    """A record key of a terminal, and the server's signature that it is."""

    record_key: bytes
    signature: bytes

    def signed(self, seq: int, head: bytes, signature: bytes) -> bool:
        """Did this key sign the head after record `seq`?"""
        try:
            chain.verify_head(PublicKey(self.record_key), seq, head, signature)
        except ChainError:
            return False
        return True


def put(connection: Connection, server_key: Ed25519PrivateKey, terminal: str, record_key: bytes) -> None:
    """Vouch for a key just admitted; for one that was vouched for before, nothing changes."""
    signature = sign(server_key, terminal, record_key)
    values = {"terminal": terminal, "record_key": record_key, "vouched": signature, "since_ms": now_ms()}
    upsert(connection, terminal_key, values)


def sign(server_key: Ed25519PrivateKey, terminal: str, record_key: bytes) -> bytes:
    return server_key.sign(_message(terminal, record_key))


def keys(connection: Connection, server_key: PublicKey, terminal: str) -> list[Vouched]:
    """The keys that this terminal has and had, newest first; rows the server never signed are passed over."""
    statement = select(terminal_key).where(terminal_key.c.terminal == terminal).order_by(terminal_key.c.since_ms.desc())
    rows = [Vouched(row.record_key, row.vouched) for row in connection.execute(statement)]
    return [one for one in rows if _ours(server_key, terminal, one)]


def check(server_key: PublicKey, terminal: str, record_key: bytes, signature: bytes) -> None:
    """Raises SignatureError unless the server with this key vouched for it."""
    server_key.verify(signature, _message(terminal, record_key))


def _ours(server_key: PublicKey, terminal: str, one: Vouched) -> bool:
    try:
        check(server_key, terminal, one.record_key, one.signature)
    except SignatureError:
        return False
    return True


def _message(terminal: str, record_key: bytes) -> bytes:
    return b"hazri terminal key 1\0" + terminal.encode() + b"\0" + record_key
