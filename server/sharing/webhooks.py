"""Webhooks: every entry of the feed (server/ledger/entries.py), sent on as it comes, in its order, at least once.

    POST <url>                         {"entries": […], "next": "120.3"}
    hazri-signature: t=<Unix seconds>,v1=<HMAC-SHA-256 in hexadecimal over "<t>.<body>", with the hook's own secret>
    hazri-delivery:  <cursor before>-<cursor behind>: the same again is the same delivery

A receiver answers 2xx when it has stored them, refuses what is older than five minutes, and compares signatures in
constant time. Anything else is tried again after 2, 4, 8 … seconds, with jitter, at most an hour apart; what failed
sixteen times (about five hours) is set aside as a dead letter, so that the rest goes on, and `redrive` sends it again.

What must stay true here: a hook's cursor moves only behind what was answered with 2xx, or set aside.
"""

import hashlib
import hmac
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any

from sqlalchemy import delete, insert, select, update

from server import HookError
from server.ledger import entries
from server.ledger.punch_rows import EVERYTHING
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import dead_letter, hook
from server.sharing.changes import Cursor, newest, parse_cursor
from server.sharing.posting import Refused, check_url, post
from server.threads import Rounds
from server.trust.vault import Vault

log = logging.getLogger("hazri.webhooks")

MAX_TRIES = 16
_ENTRIES, _ENOUGH_BYTES = 200, 1024 * 1024  # of one delivery; one entry goes however long it is
_PART_BYTES = 65_536
_FIRST_S, _MAX_S = 2.0, 3600.0
_LOOK_S = 0.5
_WHAT = "webhook secret"


@dataclass(frozen=True, slots=True)
class Made:
    """A new hook; its secret is shown once."""

    id: bytes
    secret: str


def add(ledger: Ledger, vault: Vault, url: str, *, private: bool, all_of_it: bool) -> Made:
    """Send to `url` from now on, or from the beginning. Raises HookError."""
    check_url(url)
    made = Made(os.urandom(8), os.urandom(32).hex())
    with ledger.write() as connection:
        after = Cursor() if all_of_it else newest(connection)
        row = {"url": url, "private": private, "state": "active", "after": str(after), "failures": 0, "next_ms": 0}
        sealed = vault.close(_WHAT, made.id, made.secret.encode())
        connection.execute(insert(hook).values(id=made.id, secret=sealed, made_ms=now_ms(), **row))
    return made


def listed(ledger: Ledger) -> list[dict[str, Any]]:
    """How each is, without its secret."""
    with ledger.read() as connection:
        rows = connection.execute(select(hook).order_by(hook.c.made_ms)).all()
        dead = connection.execute(select(dead_letter.c.hook, dead_letter.c.reason)).all()
    return [
        {"id": row.id.hex(), "url": row.url, "state": row.state, "after": row.after, "failures": row.failures}
        | {"dead_letters": [one.reason for one in dead if one.hook == row.id]}
        for row in rows
    ]


def remove(ledger: Ledger, name: str) -> None:
    _change(ledger, name, state="removed")


def redrive(ledger: Ledger, name: str) -> int:
    """Send a hook's dead letters again, before anything new; returns how many. Raises HookError."""
    ident = _change(ledger, name, next_ms=0, failures=0)
    with ledger.write() as connection:
        again = update(dead_letter).where(dead_letter.c.hook == ident).values(again_ms=now_ms())
        return connection.execute(again).rowcount


def sign(secret: str, at_s: int, body: IO[bytes]) -> str:
    """What `hazri-signature` says of a body, which is read to its end."""
    told = hmac.new(secret.encode(), f"{at_s}.".encode(), hashlib.sha256)
    while part := body.read(_PART_BYTES):
        told.update(part)
    return f"t={at_s},v1={told.hexdigest()}"


class Sender(Rounds):
    """A thread that sends to every hook what it lacks. `post` is how (tests give it other addresses' rules)."""

    def __init__(self, ledger: Ledger, vault: Vault, now_ms: Callable[[], int] = now_ms) -> None:
        super().__init__("webhooks", _LOOK_S)
        self._ledger, self._vault, self._now_ms = ledger, vault, now_ms

    def look(self) -> int:
        """One delivery for each hook that lacks something and may be tried now; returns how many succeeded."""
        with self._ledger.read() as connection:
            due = hook.c.state == "active", hook.c.next_ms <= self._now_ms()
            rows = connection.execute(select(hook).where(*due).order_by(hook.c.made_ms)).all()
        return sum(self._deliver(row) for row in rows if not self.stopping.is_set())

    def round(self) -> float | None:
        return 0 if self.look() else None

    def _deliver(self, row: Any) -> bool:
        letter, after, until = self._next(row)
        with _scratch() as body:
            behind = self._write(body, after, until)
            if not body.tell():
                if behind > after:
                    self._moved(row, letter, behind)
                return False
            body.seek(0)
            secret = self._vault.open(_WHAT, row.id, row.secret).decode()
            headers = {"hazri-signature": sign(secret, int(time.time()), body), "hazri-delivery": f"{after}-{behind}"}
            body.seek(0)
            try:
                post(row.url, body, headers, private=row.private)
            except Refused as error:
                self._failed(row, letter, after, behind, str(error))
                return False
        self._moved(row, letter, behind)
        return True

    def _write(self, body: IO[bytes], after: Cursor, until: Cursor | None) -> Cursor:
        """What is to be posted next, or nothing where there is nothing; returns the cursor behind it."""
        with self._ledger.read() as connection:
            end = newest(connection)
        page = entries.page(self._ledger, EVERYTHING, after, end if until is None else min(end, until), _ENTRIES)
        behind = page.next
        for cursor, pieces in page.entries:
            body.write(b"," if body.tell() else b'{"entries":[')
            for piece in pieces:
                body.write(piece.encode())
            if body.tell() > _ENOUGH_BYTES:
                behind = cursor
                break
        if body.tell():
            body.write(f'],"next":"{behind}"}}'.encode())
        return behind

    def _next(self, row: Any) -> tuple[Any, Cursor, Cursor | None]:
        """A dead letter that is to be sent again, else what comes behind the cursor."""
        d = dead_letter.c
        with self._ledger.read() as connection:
            asked = select(dead_letter).where(d.hook == row.id, d.again_ms.is_not(None)).order_by(d.given_up_ms)
            letter = connection.execute(asked.limit(1)).one_or_none()
        if letter is None:
            return None, parse_cursor(row.after), None
        return letter, parse_cursor(letter.after), parse_cursor(letter.until)

    def _moved(self, row: Any, letter: Any, behind: Cursor) -> None:
        with self._ledger.write() as connection:
            mine = update(hook).where(hook.c.id == row.id)
            if letter is None:
                connection.execute(mine.values(after=str(behind), failures=0, next_ms=0))
                return
            connection.execute(mine.values(failures=0, next_ms=0))
            connection.execute(delete(dead_letter).where(*_is(letter)))
            if behind < parse_cursor(letter.until):
                rest = {"hook": row.id, "after": str(behind), "until": letter.until, "reason": letter.reason}
                upsert(connection, dead_letter, rest | {"given_up_ms": letter.given_up_ms, "again_ms": letter.again_ms})

    def _failed(self, row: Any, letter: Any, after: Cursor, behind: Cursor, reason: str) -> None:
        failures = row.failures + 1
        if failures == 1:
            log.warning("webhook=%s state=failing reason=%s", row.id.hex(), reason)
        pause_s = min(_MAX_S, _FIRST_S * 2 ** min(row.failures, 20)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        values: dict[str, Any] = {"failures": failures, "next_ms": self._now_ms() + round(pause_s * 1000)}
        with self._ledger.write() as connection:
            if failures >= MAX_TRIES:
                values = {"failures": 0, "next_ms": 0}
                if letter is None:
                    values["after"] = str(behind)
                    dead = {"hook": row.id, "after": str(after), "until": str(behind), "reason": reason}
                    upsert(connection, dead_letter, dead | {"given_up_ms": self._now_ms(), "again_ms": None}, "reason")
                else:
                    connection.execute(update(dead_letter).where(*_is(letter)).values(again_ms=None, reason=reason))
                log.warning("webhook=%s state=given-up from=%s to=%s", row.id.hex(), after, behind)
            connection.execute(update(hook).where(hook.c.id == row.id).values(**values))


@contextmanager
def _scratch() -> Iterator[IO[bytes]]:
    """On the disk: one entry may be a month of punches. Raises HookError."""
    try:
        with TemporaryFile() as file:
            yield file
    except OSError as error:
        raise HookError(f"{gettempdir()}: {error.strerror}; a delivery is put together there") from None


def _is(letter: Any) -> tuple[Any, ...]:
    return dead_letter.c.hook == letter.hook, dead_letter.c.after == letter.after


def _change(ledger: Ledger, name: str, **values: object) -> bytes:
    try:
        ident = bytes.fromhex(name)
    except ValueError:
        ident = b""
    with ledger.write() as connection:
        if not connection.execute(update(hook).where(hook.c.id == ident).values(**values)).rowcount:
            raise HookError(f"{name}: no such webhook; `hazri-server webhook list` lists them")
    return ident
