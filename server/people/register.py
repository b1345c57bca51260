"""Take people in from NDJSON lines {"name": …, "digits": …}: all of them, or none and the line that is wrong."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import insert

from server import PeopleError
from server.fleet import roster
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import person
from server.vault import Vault
from sync.record import PERSON_BYTES

MAX_NAME = 100
MAX_LINE = 4096


@dataclass(frozen=True, slots=True)
class Registration:
    """One person as told. The digits never appear in a message, a log line or the command line."""

    name: str
    digits: str = field(repr=False)


def register(ledger: Ledger, vault: Vault, people: list[Registration]) -> list[bytes]:
    """Store people and put them on every active terminal's roster; returns their references, in order."""
    refs = [os.urandom(PERSON_BYTES) for _ in people]
    rows = [
        {
            "ref": ref,
            "name": one.name,
            "digits": vault.close_digits(ref, one.digits),
            "active": True,
            "since_ms": now_ms(),
        }
        for ref, one in zip(refs, people, strict=True)
    ]
    with ledger.write() as connection:
        if rows:
            connection.execute(insert(person), rows)
        roster.change(connection, refs)
    return refs


def read(lines: Iterable[bytes]) -> list[Registration]:
    """Parse and check every line. Raises PeopleError naming the first line that is wrong."""
    return [_check(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _check(number: int, line: bytes) -> Registration:
    if len(line) > MAX_LINE:
        raise PeopleError(f"line {number}: longer than {MAX_LINE} bytes")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise PeopleError(f"line {number}: not a JSON object in UTF-8") from None
    if not isinstance(fields, dict) or set(fields) != {"name", "digits"}:
        raise PeopleError(f'line {number}: expected exactly {{"name": …, "digits": …}}')
    name, digits = fields["name"], fields["digits"]
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise PeopleError(f"line {number}: name must be 1 to {MAX_NAME} printable characters")
    if not isinstance(digits, str) or len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        raise PeopleError(f"line {number}: digits must be a text of exactly six digits; leading zeros are digits")
    return Registration(" ".join(name.split()), digits)
