"""Rosters: which change each terminal must hear of, and the signed messages that tell it.

What must stay true here: a terminal's newest change has the version `terminal.roster_version`; a person has at most
one row there, the newest; so the rows after version b, in order, are all a terminal at version b is missing, and a
message may end after any of them.
"""

import contextlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from sqlalchemy import Connection, and_, case, delete, insert, not_, or_, select, update

from server import LedgerError
from server.fleet import reach
from server.ledger.store import upsert
from server.ledger.tables import guest, person, roster_change, roster_order, template, terminal, terminal_state
from server.people import scope
from server.trust.keys import ServerKeys
from server.trust.vault import Vault
from sync import SealError, chain, seal
from sync.photo import PHOTO
from sync.wire import (
    ROOM,
    CardFlag,
    PersonCard,
    RosterDelta,
    RosterEntry,
    SealedTemplate,
    card_bytes,
    parse_template,
    roster_bytes,
)

log = logging.getLogger("hazri.roster")

SERVER_READER = "server"
BRIEF_BYTES = 1900  # of a guest's entry: under two seconds on a poor 2G line
_URGENT_BYTES = 4096
_TODAY_MS = 24 * 3_600_000
_VERSIONS_KEPT = 4
_ORDERS_HELD = 4096
_REFS_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class RosterKeys:
    """What is needed to write a roster for any terminal."""

    server: Ed25519PrivateKey
    template: X25519PrivateKey
    vault: Vault
    former: tuple[X25519PrivateKey, ...] = ()  # what is sealed for them comes in still, and is wrapped anew

    def open_sealed(self, sealed: bytes, bound_to: bytes) -> bytes:
        """What a terminal sealed for this server, by whichever of its keys. Raises SealError."""
        for key in self.former:
            with contextlib.suppress(SealError):
                return seal.open_sealed(key, sealed, bound_to)
        return seal.open_sealed(self.template, sealed, bound_to)


def keys_of(keys: ServerKeys) -> RosterKeys:
    """Of all the server's keys those that are needed here."""
    return RosterKeys(keys.server, keys.template, Vault(keys.vault), keys.other_templates)


class Urgency(IntEnum):
    """In this order what waits goes down; what is LAST waits until a line that costs nothing, or little, has time.
    Only what is LAST carries a photograph, which weighs more than all templates: it follows what was urgent."""

    JOINER = 0  # joined today, or is waited for before the terminal (S6)
    FORGET = 1
    TEMPLATE = 2
    LAST = 3


def change(
    connection: Connection,
    people: Sequence[bytes],
    terminals: Sequence[str] | None = None,
    urgency: Urgency = Urgency.LAST,
) -> None:
    """Note that `people` changed, for `terminals` (None: those they belong on, and those that were told of them).

    Who waits with more urgency goes on waiting with that: nobody is passed over because their photograph came as well.
    """
    if not people:
        return
    columns = roster_change.c
    hears = scope.targets(connection, people) if terminals is None else dict.fromkeys(terminals, people)
    for one, refs in hears.items():
        urgencies = dict.fromkeys(refs, int(urgency))
        for some in range(0, len(refs), _REFS_A_STATEMENT):
            theirs = columns.terminal == one, columns.person.in_(refs[some : some + _REFS_A_STATEMENT])
            gone = delete(roster_change).where(*theirs)
            rows = connection.execute(gone.returning(columns.person, columns.version, columns.urgency))
            before = [row for row in rows if row.urgency is not None and row.urgency < urgency]
            has = _has(connection, one) if before else 0
            urgencies |= {row.person: row.urgency for row in before if row.version > has}
        _put(connection, one, list(urgencies.items()))


def _has(connection: Connection, one: str) -> int:
    """The version that terminal `one` last said it has."""
    asked = select(terminal_state.c.roster_version).where(terminal_state.c.terminal == one)
    return connection.scalar(asked) or 0


def complete(connection: Connection, one: str, has: int) -> None:
    """Terminal `one` says that it has its roster up to version `has`: what urgent entries left out follows, a guest's
    other templates and the photographs."""
    columns = roster_change.c
    brief = select(guest.c.person).where(guest.c.terminal == one, guest.c.brief)
    pictured = select(template.c.person).where(template.c.person == columns.person, template.c.finger == PHOTO)
    came = columns.version <= has, columns.urgency < int(Urgency.LAST)
    asked = select(columns.person).join_from(roster_change, person)
    asked = asked.where(columns.terminal == one, *came, reach.on_roster(connection, one))
    refs = connection.scalars(asked.where(or_(columns.person.in_(brief), pictured.exists()))).all()
    if refs:
        here = guest.c.terminal == one, guest.c.person.in_(refs)
        connection.execute(update(guest).where(*here).values(brief=False))
        change(connection, refs, [one])


def _put(connection: Connection, one: str, changes: Sequence[tuple[bytes, int]]) -> None:
    """Give changes (person, urgency) of one terminal the next versions, in order."""
    statement = update(terminal).where(terminal.c.id == one)
    statement = statement.values(roster_version=terminal.c.roster_version + len(changes))
    last: int = connection.execute(statement.returning(terminal.c.roster_version)).scalar_one()
    first = last - len(changes) + 1
    rows = [
        {"terminal": one, "version": first + i, "person": ref, "urgency": urgency}
        for i, (ref, urgency) in enumerate(changes)
    ]
    connection.execute(insert(roster_change), rows)


def everybody(connection: Connection, one: str) -> None:
    """Note everybody who belongs on one terminal as a change for it: it is new, or has new keys."""
    belong = select(person.c.ref).where(scope.here(connection, one)).order_by(person.c.since_ms, person.c.ref)
    change(connection, connection.scalars(belong).all(), [one])


def moved(connection: Connection, terminals: Sequence[str]) -> None:
    """Note what these terminals must hear of, now that their office or its region is another."""
    for one, refs in scope.moved(connection, terminals).items():
        change(connection, refs, [one])


def in_order(connection: Connection, one: str, has: int, now_ms: int) -> bool:
    """Is what a terminal at version `has` is missing in the order in which it should go down?"""
    waiting = [urgency for _, urgency in _waiting(connection, one, has, now_ms)]
    return waiting == sorted(waiting)


def arrange(connection: Connection, one: str, has: int, now_ms: int) -> None:
    """Bring what a terminal at version `has` is missing into the order in which it should go down.

    By new versions: a message that is under way with old ones then says less than it might, and nothing wrong.
    """
    waiting = _waiting(connection, one, has, now_ms)
    mine = roster_change.c.terminal == one, roster_change.c.version > has
    connection.execute(delete(roster_change).where(*mine))
    if waiting:
        _put(connection, one, sorted(waiting, key=lambda change: change[1]))


def _waiting(connection: Connection, one: str, has: int, now_ms: int) -> list[tuple[bytes, int]]:
    """(person, urgency) of what is missing, by version; who joined some other day is not urgent any more."""
    columns = roster_change.c
    waited_for = select(guest.c.person).where(guest.c.terminal == one, guest.c.brief)
    recent = or_(person.c.since_ms > now_ms - _TODAY_MS, person.c.ref.in_(waited_for))
    urgency = case(
        (columns.urgency.is_(None), int(Urgency.LAST)),
        (and_(columns.urgency == int(Urgency.JOINER), not_(recent)), int(Urgency.LAST)),
        else_=columns.urgency,
    )
    asked = select(columns.person, urgency.label("urgency")).join_from(roster_change, person)
    asked = asked.where(columns.terminal == one, columns.version > has).order_by(columns.version)
    return [(row.person, row.urgency) for row in connection.execute(asked)]


def overtake(connection: Connection, one: str, version: int) -> None:
    """Go past a version we never gave out: the ledger was restored from a backup, the terminal saw later ones."""
    behind = update(terminal).where(terminal.c.id == one, terminal.c.roster_version < version)
    if connection.execute(behind.values(roster_version=version)).rowcount:
        everybody(connection, one)


class Orders:
    """The people of a terminal's roster, in the order of their references, at the versions it was brought to."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def get(self, connection: Connection, one: str, version: int) -> bytes:
        """References of 8 bytes, joined; empty where this version is not remembered."""
        key = one, version
        if key not in self._held:
            columns = roster_order.c
            asked = select(columns.people).where(columns.terminal == one, columns.version == version)
            found: bytes | None = connection.scalar(asked)
            if found is None:
                return b""
            self._held[key] = found
            if len(self._held) > _ORDERS_HELD:
                self._held.popitem(last=False)
        return self._held[key]


def order(connection: Connection, one: str) -> bytes:
    """What the roster of `one` will be when it has everything: the active people of its changes, sorted, joined."""
    statement = select(person.c.ref).join_from(roster_change, person)
    here = reach.on_roster(connection, one)
    statement = statement.where(roster_change.c.terminal == one, here)
    return b"".join(sorted(connection.scalars(statement)))


def remember(connection: Connection, one: str, version: int, people: bytes) -> None:
    """Keep the order of a version that goes out, and of the few before it that records may still speak of."""
    upsert(connection, roster_order, {"terminal": one, "version": version, "people": people}, "people")
    columns = roster_order.c
    newest = select(columns.version).where(columns.terminal == one).order_by(columns.version.desc())
    kept = connection.scalars(newest.limit(_VERSIONS_KEPT)).all()
    connection.execute(delete(roster_order).where(columns.terminal == one, columns.version < kept[-1]))


def deltas(
    connection: Connection, keys: RosterKeys, one: str, base: int, room: int = ROOM
) -> Iterator[tuple[RosterDelta, bytes]]:
    """The messages that bring terminal `one` from version `base` to the newest, with their bytes.

    Base 0 replaces everything the terminal had. A message has `room` bytes, unless one entry alone needs more; with no
    room at all only what is urgent and stands in front is sent.
    """
    row = connection.execute(select(terminal).where(terminal.c.id == one)).one()
    writer = _Writer(
        connection,
        keys,
        one,
        X25519PublicKey.from_public_bytes(row.seal_key),
        keys.vault.open_lookup_key(one, row.lookup_key),
    )
    here = reach.on_roster(connection, one).label("here")
    brief = person.c.ref.in_(select(guest.c.person).where(guest.c.terminal == one, guest.c.brief)).label("brief")
    statement = select(roster_change.c.version, roster_change.c.urgency, person, here, brief)
    statement = statement.join_from(roster_change, person)
    statement = statement.where(roster_change.c.terminal == one, roster_change.c.version > base)
    limit = room or _URGENT_BYTES
    entries: list[RosterEntry] = []
    size, version = 0, base
    for change_row in connection.execute(statement.order_by(roster_change.c.version)):
        urgency = Urgency.LAST if change_row.urgency is None else change_row.urgency
        if not room and urgency > Urgency.FORGET:
            break
        entry = writer.entry(change_row)
        entry_size = _size(entry)
        if entries and size + entry_size > limit:
            yield _sign(keys, one, version, base, entries, row.roster_version)
            base, entries, size = version, [], 0
        entries.append(entry)
        size, version = size + entry_size, change_row.version
    if entries:
        yield _sign(keys, one, version, base, entries, row.roster_version)


def _size(entry: RosterEntry) -> int:
    return 64 + len(entry.sealed) + sum(64 + len(t.body) + len(t.wrapped) for t in entry.templates)


def _sign(
    keys: RosterKeys, one: str, version: int, base: int, entries: list[RosterEntry], goal: int
) -> tuple[RosterDelta, bytes]:
    delta = chain.sign_roster(keys.server, one, version, base, tuple(entries), goal)
    return delta, roster_bytes(delta)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes entries for one terminal."""

    connection: Connection
    keys: RosterKeys
    terminal: str
    reader: X25519PublicKey
    lookup_key: bytes

    def entry(self, row: Any) -> RosterEntry:
        """Of a row of `person` with `here` (does the roster have them?) and `brief` (only what fits; see `guest`)."""
        ref: bytes = row.ref
        if not row.here:
            return RosterEntry(ref, False, b"", ())
        try:
            digits = self.keys.vault.open_digits(ref, row.digits)
        except SealError:
            raise LedgerError(f"person {ref.hex()}: the digits do not open with vault.key; was it replaced?") from None
        card = PersonCard(seal.lookup(self.lookup_key, digits), row.name, CardFlag(row.flags))
        about = b"hazri card 1\0" + ref + self.terminal.encode()
        sealed = seal.seal_to(self.reader, card_bytes(card), about, self.keys.template)
        stored = [parse_template(data) for data in self._stored(ref, row.urgency)]
        if row.brief:
            stored = _first(stored, BRIEF_BYTES - 64 - len(sealed))
        return RosterEntry(ref, True, sealed, tuple(self._handed_on(stored)))

    def _handed_on(self, stored: list[SealedTemplate]) -> Iterator[SealedTemplate]:
        """Only what this server sealed for itself when it came in: a row that somebody else put into the ledger opens
        here as little as it would at a terminal, and is left out."""
        own = self.keys.template
        for one in stored:
            try:
                yield seal.rewrap(
                    one, own, SERVER_READER, self.reader, self.terminal, makers=(own.public_key(),), maker=own
                )
            except SealError:
                log.warning(
                    "roster terminal=%s state=left-out reason=template not sealed by this server", self.terminal
                )

    def _stored(self, ref: bytes, urgency: int | None) -> Iterator[bytes]:
        asked = select(template.c.sealed).where(template.c.person == ref)
        if urgency is not None and urgency < Urgency.LAST:
            asked = asked.where(template.c.finger != PHOTO)  # see `complete`
        return iter(self.connection.scalars(asked.order_by(template.c.finger, template.c.version)))


def _first(templates: list[SealedTemplate], room: int) -> list[SealedTemplate]:
    """As many as fit: a first view of each finger before a second of any."""
    chosen: list[SealedTemplate] = []
    seen: Counter[int] = Counter()
    ranked = []
    for one in templates:
        ranked.append((seen[one.finger], one))
        seen[one.finger] += 1
    for _, one in sorted(ranked, key=lambda pair: pair[0]):
        size = 64 + len(one.body) + len(one.wrapped)
        if size <= room:
            chosen.append(one)
            room -= size
    return chosen
