"""Rosters: which change each terminal must hear of, and the signed messages that tell it.

What must stay true here: a terminal's newest change has the version `terminal.roster_version`; a person has at most
one row there, the newest; so the rows after version b, in order, are all a terminal at version b is missing, and a
message may end after any of them.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from sqlalchemy import Connection, delete, insert, select, update

from server import LedgerError
from server.ledger.store import upsert
from server.ledger.tables import person, roster_change, roster_order, template, terminal
from server.vault import Vault
from sync import SealError, chain, seal
from sync.wire import CardFlag, PersonCard, RosterDelta, RosterEntry, card_bytes, parse_template, roster_bytes

SERVER_READER = "server"
MAX_DELTA_BYTES = 180_000
_VERSIONS_KEPT = 4
_ORDERS_HELD = 4096


@dataclass(frozen=True, slots=True)
class RosterKeys:
    """What is needed to write a roster for any terminal."""

    server: Ed25519PrivateKey
    template: X25519PrivateKey
    vault: Vault


def change(connection: Connection, people: Sequence[bytes], terminals: Sequence[str] | None = None) -> None:
    """Note that `people` changed for `terminals` (None: every active one). Offices will narrow this by scope."""
    if not people:
        return
    if terminals is None:
        terminals = connection.scalars(select(terminal.c.id).where(terminal.c.state == "active").order_by("id")).all()
    for one in terminals:
        statement = update(terminal).where(terminal.c.id == one)
        statement = statement.values(roster_version=terminal.c.roster_version + len(people))
        last = connection.execute(statement.returning(terminal.c.roster_version)).scalar_one()
        first = last - len(people) + 1
        connection.execute(
            delete(roster_change).where(roster_change.c.terminal == one, roster_change.c.person.in_(people))
        )
        rows = [{"terminal": one, "version": first + i, "person": ref} for i, ref in enumerate(people)]
        connection.execute(insert(roster_change), rows)


def everybody(connection: Connection, one: str) -> None:
    """Note every active person as a change for one terminal: it is new, or has new keys."""
    people = connection.scalars(select(person.c.ref).where(person.c.active).order_by(person.c.since_ms, person.c.ref))
    change(connection, people.all(), [one])


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
    statement = statement.where(roster_change.c.terminal == one, person.c.active)
    return b"".join(sorted(connection.scalars(statement)))


def remember(connection: Connection, one: str, version: int, people: bytes) -> None:
    """Keep the order of a version that goes out, and of the few before it that records may still speak of."""
    upsert(connection, roster_order, {"terminal": one, "version": version, "people": people}, "people")
    columns = roster_order.c
    newest = select(columns.version).where(columns.terminal == one).order_by(columns.version.desc())
    kept = connection.scalars(newest.limit(_VERSIONS_KEPT)).all()
    connection.execute(delete(roster_order).where(columns.terminal == one, columns.version < kept[-1]))


def deltas(connection: Connection, keys: RosterKeys, one: str, base: int) -> Iterator[tuple[RosterDelta, bytes]]:
    """The messages that bring terminal `one` from version `base` to the newest, each under 200 KB, with their bytes.

    Base 0 replaces everything the terminal had.
    """
    row = connection.execute(select(terminal).where(terminal.c.id == one)).one()
    reader = X25519PublicKey.from_public_bytes(row.seal_key)
    lookup_key = keys.vault.open_lookup_key(one, row.lookup_key)
    statement = select(roster_change.c.version, person).join_from(roster_change, person)
    statement = statement.where(roster_change.c.terminal == one, roster_change.c.version > base)
    entries: list[RosterEntry] = []
    size, version = 0, base
    for change_row in connection.execute(statement.order_by(roster_change.c.version)):
        entry = _entry(connection, keys, one, reader, lookup_key, change_row.ref, change_row)
        entry_size = 64 + len(entry.sealed) + sum(64 + len(t.body) + len(t.wrapped) for t in entry.templates)
        if entries and size + entry_size > MAX_DELTA_BYTES:
            yield _sign(keys, one, version, base, entries)
            base, entries, size = version, [], 0
        entries.append(entry)
        size, version = size + entry_size, change_row.version
    if entries:
        yield _sign(keys, one, version, base, entries)


def _sign(keys: RosterKeys, one: str, version: int, base: int, entries: list[RosterEntry]) -> tuple[RosterDelta, bytes]:
    delta = chain.sign_roster(keys.server, one, version, base, tuple(entries))
    return delta, roster_bytes(delta)


def _entry(
    connection: Connection,
    keys: RosterKeys,
    one: str,
    reader: X25519PublicKey,
    lookup_key: bytes,
    ref: bytes,
    row: object,
) -> RosterEntry:
    active, name, digits, flags = (getattr(row, field) for field in ("active", "name", "digits", "flags"))
    if not active:
        return RosterEntry(ref, False, b"", ())
    try:
        card = PersonCard(seal.lookup(lookup_key, keys.vault.open_digits(ref, digits)), name, CardFlag(flags))
    except SealError:
        raise LedgerError(f"person {ref.hex()}: the digits do not open with vault.key; was it replaced?") from None
    sealed = seal.seal_to(reader, card_bytes(card), b"hazri card 1\0" + ref + one.encode())
    stored = connection.scalars(
        select(template.c.sealed).where(template.c.person == ref).order_by(template.c.finger, template.c.version)
    )
    rewrapped = tuple(seal.rewrap(parse_template(data), keys.template, SERVER_READER, reader, one) for data in stored)
    return RosterEntry(ref, True, sealed, rewrapped)
