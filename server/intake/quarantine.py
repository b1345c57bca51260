"""What was refused is kept, with its reason, within bounds: the first of each kind, and a count of repeats.

Each (terminal, reason) has room of its own, so a flood of garbage cannot push out the evidence of a fork. Where the
room is full the new one is only counted: the first ones say what went wrong.
"""

import hashlib

from sqlalchemy import Connection, func, select

from server.intake.judge import Reason
from server.ledger.store import upsert
from server.ledger.tables import quarantine

MAX_MESSAGES = 50
MAX_BYTES = 2 * 1024 * 1024
MAX_DETAIL = 300


def put(
    connection: Connection, terminal: str, leaf: str, reason: Reason, detail: str, payload: bytes, now_ms: int
) -> None:
    """Keep one refused message, or count it where the same is there already or the room is full."""
    digest = hashlib.sha256(payload).digest()
    mine = quarantine.c.terminal == terminal, quarantine.c.reason == reason.value
    used = connection.execute(
        select(func.count(), func.coalesce(func.sum(func.length(quarantine.c.payload)), 0)).where(*mine)
    ).one()
    there = connection.scalar(select(quarantine.c.digest).where(*mine, quarantine.c.digest == digest))
    full = used[0] >= MAX_MESSAGES or used[1] + len(payload) > MAX_BYTES
    if there is None and full:
        # One row without bytes counts what there was no room for.
        digest, payload, detail = bytes(32), b"", "no room: only counted"
    values = {"detail": _plain(detail), "leaf": leaf, "payload": payload, "times": 1}
    key = {"terminal": terminal, "reason": reason.value, "digest": digest}
    upsert(connection, quarantine, {**key, **values, "first_ms": now_ms, "last_ms": now_ms}, "last_ms", add="times")


def _plain(detail: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in detail)[:MAX_DETAIL]
