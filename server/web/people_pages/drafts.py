"""A registration between its steps, sealed and carried by the applicant's own browser: nothing is kept here meanwhile.

Who has a draft has answered the puzzle. Each may be sent once.
"""

import base64
import binascii
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select

from server.access.keys import AccessKeys
from server.ledger.tables import spent
from sync import SealError

LIFE_MS = 60 * 60_000
MAX_DRAFT = 200 * 1024
_HEAD = struct.Struct(">16sQ")
_SIZE = struct.Struct(">I")
_WHAT = "registration draft"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed so far; `photo` is empty until there is one that can be taken."""

    told: Mapping[str, str] = field(repr=False)
    photo: bytes = field(repr=False)
    nonce: bytes
    until_ms: int


def begin(told: Mapping[str, str], photo: bytes, now_ms: int, before: Draft | None = None) -> Draft:
    """A new one, or the same one with other contents."""
    if before is not None:
        return Draft(told, photo, before.nonce, before.until_ms)
    return Draft(told, photo, os.urandom(16), now_ms + LIFE_MS)


def close(keys: AccessKeys, draft: Draft) -> str:
    head, told = _HEAD.pack(draft.nonce, draft.until_ms), json.dumps(dict(draft.told)).encode()
    sealed = keys.close(head, _WHAT, _SIZE.pack(len(told)) + told + draft.photo)
    return base64.urlsafe_b64encode(head + sealed).decode()


def open_(keys: AccessKeys, text: str, now_ms: int) -> Draft | None:
    """None: it is none of ours, or too old."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii")) if len(text) <= MAX_DRAFT else b""
        head = raw[: _HEAD.size]
        nonce, until_ms = _HEAD.unpack(head)
        body = keys.open_(head, _WHAT, raw[_HEAD.size :])
    except (binascii.Error, UnicodeEncodeError, struct.error, SealError):
        return None
    end = _SIZE.size + _SIZE.unpack_from(body)[0]
    told = json.loads(body[_SIZE.size : end])
    return Draft(told, body[end:], nonce, until_ms) if until_ms > now_ms else None


def spend(connection: Connection, draft: Draft, now_ms: int) -> bool:
    """False: it was sent before."""
    connection.execute(delete(spent).where(spent.c.expires_ms <= now_ms))
    if connection.scalar(select(spent.c.nonce).where(spent.c.nonce == draft.nonce)) is not None:
        return False
    connection.execute(insert(spent).values(nonce=draft.nonce, expires_ms=draft.until_ms))
    return True
