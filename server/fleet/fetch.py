"""Somebody waits before a terminal that does not know their digits (S6, R1.12): find them within the state, and send
them as its guest.

Digits are found by a keyed name (HMAC under the vault key), so nothing here opens more than it must. A terminal that
asks often, or in vain, is answered no more for the hour, and the district hears of it: six digits are few enough to
be gone through, and whoever stole a terminal shall not read a state's people out of the server with it (S8).
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from server.fleet import reach, roster
from server.fleet.roster import RosterKeys, Urgency
from server.intake.judge import Reason, Refuse
from server.ledger.store import upsert
from server.ledger.tables import alarm, digits_name, fetch_hour, guest, person, record, terminal, terminal_state
from server.trust.vault import Vault
from sync import SealError
from sync.fetch import Wanted, Whereabouts, binding, found_bytes, sign_found

ASKED_AN_HOUR = 30
MISSED_AN_HOUR = 20
FISHING = "fishing"
GUESTS_MS = 30 * 86_400_000  # who did not punch for so long is no guest any more
_MOST = 5  # people with the same six digits in one state
_NAMED_AT_ONCE = 5000
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say; `version` of the roster that has who is coming, else 0."""

    whereabouts: Whereabouts
    version: int = 0


def take(connection: Connection, keys: RosterKeys, one: str, wanted: Wanted, now_ms: int) -> bytes | Refuse:
    """The signed answer to a question of terminal `one`. Refuse for a box that does not open."""
    answer = ask(connection, keys, one, wanted, now_ms)
    if isinstance(answer, Refuse):
        return answer
    return found_bytes(sign_found(keys.server, one, wanted.number, answer.whereabouts, answer.version))


def ask(connection: Connection, keys: RosterKeys, one: str, wanted: Wanted, now_ms: int) -> Answer | Refuse:
    """Who has the digits, within what this terminal may know."""
    try:
        digits = keys.open_sealed(wanted.sealed, binding(one, wanted.number)).decode("ascii", "replace")
    except SealError:
        return Refuse(Reason.GARBAGE, "wanted: the digits are not sealed to this server by this terminal")
    hour = now_ms // _HOUR_MS
    mine = fetch_hour.c.terminal == one, fetch_hour.c.hour == hour
    row = connection.execute(select(fetch_hour.c.asked, fetch_hour.c.missed).where(*mine)).one_or_none()
    asked, missed = (row.asked, row.missed) if row else (0, 0)
    if asked >= ASKED_AN_HOUR or missed >= MISSED_AN_HOUR:
        _alarm(connection, one, f"{asked} questions for people within an hour, {missed} of them in vain", now_ms)
        return Answer(Whereabouts.LATER)
    answer = _answer(connection, keys.vault, one, digits, now_ms)
    came = answer.whereabouts is Whereabouts.COMING
    values = {"terminal": one, "hour": hour, "asked": asked + 1, "missed": missed + (not came)}
    upsert(connection, fetch_hour, values, "asked", "missed")
    return answer


def name_new(connection: Connection, vault: Vault, digits: Mapping[bytes, str]) -> None:
    """Note by what digits new people are found; to be called by whoever writes them down."""
    if digits:
        connection.execute(insert(digits_name), [{"person": ref, "name": _name(vault, d)} for ref, d in digits.items()])


def rename(connection: Connection, vault: Vault, ref: bytes, digits: str) -> None:
    """This person is found by these digits from now on."""
    upsert(connection, digits_name, {"person": ref, "name": _name(vault, digits)}, "name")


def name_everybody(connection: Connection, vault: Vault) -> int:
    """Note the names of people's digits that have none yet; returns how many were noted. Looks at everybody."""
    unnamed = select(person.c.ref, person.c.digits).join_from(
        person, digits_name, digits_name.c.person == person.c.ref, isouter=True
    )
    unnamed = unnamed.where(digits_name.c.person.is_(None), person.c.digits != b"")
    total = 0
    while rows := connection.execute(unnamed.limit(_NAMED_AT_ONCE)).all():
        named = [{"person": row.ref, "name": _name(vault, _open(vault, row.ref, row.digits))} for row in rows]
        connection.execute(insert(digits_name), named)
        total += len(named)
    return total


def forget_name(connection: Connection, ref: bytes) -> None:
    """This person has no digits any more."""
    connection.execute(delete(digits_name).where(digits_name.c.person == ref))


def namesakes(connection: Connection, vault: Vault, digits: str) -> list[bytes]:
    """Everybody active who has these digits, in any state."""
    asked = select(person.c.ref).join_from(digits_name, person, digits_name.c.person == person.c.ref)
    asked = asked.where(digits_name.c.name == _name(vault, digits), person.c.active)
    return list(connection.scalars(asked.order_by(person.c.ref)))


def named(connection: Connection, vault: Vault, digits: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
    """Digits, name and reference of everybody active who has any of these digits, in any state."""
    name_everybody(connection, vault)
    known = {_name(vault, one): one for one in digits}
    marks = list(known)
    asked = select(digits_name.c.name, person.c.ref, person.c.name.label("called"))
    asked = asked.join_from(digits_name, person, digits_name.c.person == person.c.ref).where(person.c.active)
    for first in range(0, len(marks), _NAMED_AT_ONCE):
        some = asked.where(digits_name.c.name.in_(marks[first : first + _NAMED_AT_ONCE]))
        for row in connection.execute(some.order_by(person.c.ref)):
            yield known[row.name], row.called, row.ref


def expire(connection: Connection, now_ms: int) -> int:
    """Let guests go who have not been seen for long; returns how many."""
    seen = select(record.c.person).where(
        record.c.terminal == guest.c.terminal,
        record.c.person == guest.c.person,
        record.c.received_ms > now_ms - GUESTS_MS,
    )
    asked = select(guest.c.terminal, guest.c.person).where(guest.c.since_ms < now_ms - GUESTS_MS, ~seen.exists())
    gone = connection.execute(asked).all()
    for row in gone:
        connection.execute(delete(guest).where(guest.c.terminal == row.terminal, guest.c.person == row.person))
        roster.change(connection, [row.person], [row.terminal], Urgency.FORGET)
    connection.execute(delete(fetch_hour).where(fetch_hour.c.hour < now_ms // _HOUR_MS - 48))
    return len(gone)


def _answer(connection: Connection, vault: Vault, one: str, digits: str, now_ms: int) -> Answer:
    everywhere = namesakes(connection, vault, digits)
    if not everywhere:
        return Answer(Whereabouts.NOBODY)
    asked = select(person.c.ref).where(person.c.ref.in_(everywhere), reach.same_state(connection, one))
    here = list(connection.scalars(asked.order_by(person.c.ref)))[:_MOST]
    if not here:
        return Answer(Whereabouts.ELSEWHERE)
    for ref in here:
        upsert(connection, guest, {"terminal": one, "person": ref, "since_ms": now_ms, "brief": True}, "brief")
    roster.change(connection, here, [one], Urgency.JOINER)
    version = connection.scalars(select(terminal.c.roster_version).where(terminal.c.id == one)).one()
    return Answer(Whereabouts.COMING, version)


def _open(vault: Vault, ref: bytes, closed: bytes) -> str:
    try:
        return vault.open_digits(ref, closed)
    except SealError:
        return ""  # nobody types it; whoever writes a roster says what is wrong


def _name(vault: Vault, digits: str) -> bytes:
    return hmac.digest(vault.key, b"hazri digits name 1\0" + digits.encode(), hashlib.sha256)[:16]


def _alarm(connection: Connection, one: str, detail: str, now_ms: int) -> None:
    """Once an hour, by the log it speaks of."""
    log = connection.scalar(select(terminal_state.c.log).where(terminal_state.c.terminal == one)) or bytes(8)
    key = {"terminal": one, "log": log, "seq": now_ms // _HOUR_MS, "kind": FISHING}
    upsert(connection, alarm, key | {"known_ms": now_ms, "detail": detail})
