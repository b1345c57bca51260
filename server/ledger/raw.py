"""Records as their terminals signed them, for an aggregator that pulls this one and believes nobody."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, select

from server.ledger.tables import record, signed, terminal_key


class ApiRecord(msgspec.Struct, frozen=True):
    """One record, whatever it is: `body` is what the terminal's chain hashes (base64), `signature` (base64) the
    terminal's over the chain behind it, where a batch ended here. `received_ms` is this server's word."""

    server_seq: int
    terminal: str
    log: str
    seq: int
    body: bytes
    signature: bytes | None
    received_ms: int


class ApiRecords(msgspec.Struct, frozen=True):
    """Records in the order of `server_seq`. Ask again with `after` = `next`."""

    records: list[ApiRecord]
    next: int
    more: bool


class ApiKey(msgspec.Struct, frozen=True):
    """A key that a terminal signs or signed records with (hexadecimal), and this server's signature that it is."""

    terminal: str
    record_key: str
    vouched: str
    since_ms: int


class ApiKeys(msgspec.Struct, frozen=True):
    keys: list[ApiKey]


def lines(connection: Connection, after: int, limit: int) -> tuple[list[str], int]:
    """A JSON object each, and the server_seq of the last."""
    r, s = record.c, signed.c
    same = and_(s.terminal == r.terminal, s.log == r.log, s.seq == r.seq)
    columns = r.server_seq, r.terminal, r.log, r.seq, r.body, s.signature, r.received_ms
    statement = select(*columns).select_from(record.outerjoin(signed, same)).where(r.server_seq > after)
    rows: Sequence[Any] = connection.execute(statement.order_by(r.server_seq).limit(limit)).all()
    return [_LINE % (*row[:2], row[2].hex(), row[3], _b64(row[4]), _b64(row[5]), row[6]) for row in rows], (
        rows[-1].server_seq if rows else after
    )


def keys(connection: Connection) -> ApiKeys:
    k = terminal_key.c
    rows = connection.execute(select(terminal_key).order_by(k.terminal, k.since_ms))
    return ApiKeys([ApiKey(row.terminal, row.record_key.hex(), row.vouched.hex(), row.since_ms) for row in rows])


_LINE = '{"server_seq":%d,"terminal":"%s","log":"%s","seq":%d,"body":%s,"signature":%s,"received_ms":%d}'


def _b64(data: bytes | None) -> str:
    return "null" if data is None else f'"{base64.b64encode(data).decode()}"'
