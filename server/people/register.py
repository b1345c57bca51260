"""Take people in from NDJSON lines {"name": …, "digits": …, "flags": […]}: all of them, or none and the line that is
wrong. Flags may be left out; they may be set anew later.
"""

import difflib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select, update

from server import PeopleError
from server.fleet import fetch, roster
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import person
from server.trust.vault import Vault
from sync.record import PERSON_BYTES
from sync.wire import CardFlag

MAX_NAME = 100
MAX_LINE = 4096
FLAGS = {flag.name.lower(): flag for flag in CardFlag if flag.name}


@dataclass(frozen=True, slots=True)
class Registration:
    """One person as told. The digits never appear in a message, a log line or the command line."""

    name: str
    digits: str = field(repr=False)
    flags: CardFlag = CardFlag.NONE


def register(ledger: Ledger, vault: Vault, people: list[Registration]) -> list[bytes]:
    """Store people and put them on every active terminal's roster; returns their references, in order."""
    refs = [os.urandom(PERSON_BYTES) for _ in people]
    rows = [
        {
            "ref": ref,
            "name": one.name,
            "digits": vault.close_digits(ref, one.digits),
            "flags": int(one.flags),
            "active": True,
            "since_ms": now_ms(),
        }
        for ref, one in zip(refs, people, strict=True)
    ]
    with ledger.write() as connection:
        if rows:
            connection.execute(insert(person), rows)
            fetch.name_new(connection, vault, {ref: one.digits for ref, one in zip(refs, people, strict=True)})
        roster.change(connection, refs, urgency=roster.Urgency.JOINER)
    return refs


def set_flags(ledger: Ledger, reference: str, flags: CardFlag) -> bool:
    """Give a person these flags and no others; every active terminal hears of it. False: they had just these.

    Raises PeopleError for a reference (hexadecimal, as `register` gave it) that is nobody's.
    """
    ref = parse_ref(reference)
    with ledger.write() as connection:
        had = connection.scalar(select(person.c.flags).where(person.c.ref == ref))
        if had is None:
            raise PeopleError(f"{ref.hex()}: nobody is registered under this reference")
        if had == flags:
            return False
        connection.execute(update(person).where(person.c.ref == ref).values(flags=int(flags)))
        roster.change(connection, [ref])
    return True


def parse_flags(names: Iterable[object]) -> CardFlag:
    """Flags by their names in lower case. Raises PeopleError with the nearest name, and never quotes what was told."""
    flags = CardFlag.NONE
    for place, name in enumerate(names, 1):
        if not isinstance(name, str) or name not in FLAGS:
            nearest = difflib.get_close_matches(str(name).lower()[:MAX_NAME], FLAGS, 1)
            meant = f"; did you mean {nearest[0]}?" if nearest else ""
            raise PeopleError(f"flag {place} is none of {', '.join(FLAGS)}{meant}")
        flags |= FLAGS[name]
    return flags


def read(lines: Iterable[bytes]) -> list[Registration]:
    """Parse and check every line. Raises PeopleError naming the first line that is wrong, or says another again."""
    first: dict[tuple[str, str], int] = {}
    people = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            one = _check(number, line)
            if (before := first.setdefault((one.name, one.digits), number)) != number:
                raise PeopleError(f"line {number}: the person of line {before} again; tell two people apart by name")
            people.append(one)
    return people


def check_new(connection: Connection, vault: Vault, people: Iterable[Registration]) -> None:
    """Raises PeopleError when one of `people` is registered already, name and digits: a file was told twice."""
    wanted = {(one.digits, one.name) for one in people}
    for digits, name, ref in fetch.named(connection, vault, {one for one, _ in wanted}):
        if (digits, name) in wanted:
            raise PeopleError(f"{ref.hex()} has this name and these digits already; nobody was registered")


def _check(number: int, line: bytes) -> Registration:
    if len(line) > MAX_LINE:
        raise PeopleError(f"line {number}: longer than {MAX_LINE} bytes")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise PeopleError(f"line {number}: not a JSON object in UTF-8") from None
    if not isinstance(fields, dict) or set(fields) - {"flags"} != {"name", "digits"}:
        raise PeopleError(f'line {number}: expected exactly {{"name": …, "digits": …}}, and "flags": […] where any')
    name, digits = fields["name"], fields["digits"]
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise PeopleError(f"line {number}: name must be 1 to {MAX_NAME} printable characters")
    if not isinstance(digits, str) or len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        raise PeopleError(f"line {number}: digits must be a text of exactly six digits; leading zeros are digits")
    return Registration(" ".join(name.split()), digits, _flags(number, fields.get("flags", [])))


def _flags(number: int, names: object) -> CardFlag:
    if not isinstance(names, list):
        raise PeopleError(f'line {number}: flags must be a list, as ["supervisor"]')
    try:
        return parse_flags(names)
    except PeopleError as error:
        raise PeopleError(f"line {number}: {error}") from None


def parse_ref(reference: str) -> bytes:
    """A person's reference from its hexadecimal digits. Raises PeopleError."""
    try:
        ref = bytes.fromhex(reference)
    except ValueError:
        ref = b""
    if len(ref) != PERSON_BYTES:
        raise PeopleError(f"a reference is {2 * PERSON_BYTES} hexadecimal digits, as `people import` printed it")
    return ref
