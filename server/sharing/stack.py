"""A state above its districts: pull every record of another aggregator, believe its terminals and not the aggregator.

What must stay true here: a district's cursor moves in the transaction that stores the records before it, so a kill at
any moment neither loses nor doubles one; every record is judged as if its terminal had sent it here (chain, signature,
fork), by keys that the district's own key vouches for; and what was pulled stays what the district shows: before each
pull its newest checkpoint must contain, by a proof of RFC 6962, the very tree of the records that are here.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import Connection, insert, select, update

from server import ProofError, PullError, StackError
from server.fleet import vouch
from server.fleet.roster import RosterKeys
from server.intake.group import Intake
from server.intake.incoming import Incoming, read
from server.ledger import records
from server.ledger.raw import ApiKeys, ApiRecord, ApiRecords
from server.ledger.records import Log, RecordWriter
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import district, district_terminal, terminal
from server.sharing.pull import base_url, bearer, fetch
from server.transparency import checkpoint
from server.transparency.leaf import leaf_hashes
from server.transparency.shapes import ApiCheckpoints, ApiConsistency
from server.transparency.tree import HASH_BYTES, Frontier
from server.trust.vault import Vault
from sync import SignatureError, WireError, chain
from sync.batch import Batch, batch_bytes
from sync.ed25519 import PublicKey
from sync.link import Delivery
from sync.record import parse_record
from sync.topics import up
from sync.verify import verify_consistency

log = logging.getLogger("hazri.stack")

PAGE = 4000
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class District:
    """A district as the ledger knows it; `token` is in the open."""

    name: str
    url: str
    key: PublicKey
    token: str
    frontier: Frontier
    state: str


def add(ledger: Ledger, vault: Vault, name: str, url: str, server_key: str, token: str) -> None:
    """Remember a district; `server_key` (hexadecimal) came by another way than the network. Raises PullError."""
    try:
        key = bytes.fromhex(server_key.strip())
        PublicKey(key)
    except (ValueError, WireError):
        raise PullError("--server-key: expected 64 hexadecimal digits, as the district's `init` prints them") from None
    if not name.isascii() or not name.isalnum() or len(name) > 32:
        raise PullError("name: expected 1 to 32 letters and digits")
    closed = vault.close("district token", name.encode(), bearer(token).encode())
    row = {"name": name, "url": base_url(url), "server_key": key, "token": closed, "reason": "", "state": "active"}
    with ledger.write() as connection:
        old = connection.execute(select(district.c.server_key).where(district.c.name == name)).one_or_none()
        if old is not None and old.server_key != key:
            raise PullError(f"{name}: is known with another key; a district that lost its key is a new one")
        upsert(connection, district, {**row, "after": 0, "edge": b""}, "url", "token", "state", "reason")


def districts(ledger: Ledger) -> Sequence[Any]:
    """Every row of `district`, by name."""
    with ledger.read() as connection:
        return connection.execute(select(district).order_by(district.c.name)).all()


def remove(ledger: Ledger, name: str) -> None:
    """Pull it no more; what was pulled stays. Raises PullError."""
    with ledger.write() as connection:
        if not connection.execute(update(district).where(district.c.name == name).values(state="removed")).rowcount:
            raise PullError(f"{name}: no such district; `hazri-server stack list` lists them")


def pull(ledger: Ledger, keys: RosterKeys, name: str) -> Iterator[int]:
    """Take what is new, page by page; yields how many records each brought. Raises PullError, and StackError for what
    cannot be believed: then the district is marked, and is pulled no more until somebody has added it again."""
    one = _load(ledger, keys.vault, name)
    if one.state != "active":
        raise PullError(f"{name}: is {one.state}; `hazri-server stack add` takes it up again")
    headers = {"authorization": f"Bearer {one.token}"}
    try:
        with httpx.Client(base_url=one.url, headers=headers, timeout=_TIMEOUT_S) as client:
            _still_the_same(client, one)
            for page in _pages(client, one.frontier):
                vouched = _vouched(client, one, {row.terminal for row in page})
                _take(ledger, keys, one, page, vouched)
                yield len(page)
    except StackError as error:
        with ledger.write() as connection:
            marked = update(district).where(district.c.name == name)
            connection.execute(marked.values(state="forked", reason=str(error)))
        log.warning("district=%s state=forked reason=%s", name, error)
        raise


def _load(ledger: Ledger, vault: Vault, name: str) -> District:
    with ledger.read() as connection:
        row = connection.execute(select(district).where(district.c.name == name)).one_or_none()
    if row is None:
        raise PullError(f"{name}: no such district; `hazri-server stack list` lists them")
    token = vault.open("district token", name.encode(), row.token).decode()
    edge = [row.edge[at : at + HASH_BYTES] for at in range(0, len(row.edge), HASH_BYTES)]
    return District(name, row.url, PublicKey(row.server_key), token,
                    Frontier(row.after, edge), row.state)  # fmt: skip


def _still_the_same(client: httpx.Client, one: District) -> None:
    """Does the district's newest statement begin with what is here?"""
    size = one.frontier.size
    found = fetch(client, "/api/v1/checkpoints", {"after": max(0, size - 1), "limit": 500}, ApiCheckpoints).checkpoints
    if not found or size == 0:
        return
    try:
        newest = checkpoint.verify(found[-1].note, one.key)
    except ProofError as error:
        raise StackError(f"{one.name}: {error}") from None
    proof = fetch(client, "/api/v1/checkpoints/consistency", {"old": size, "new": newest.size}, ApiConsistency)
    path = [bytes.fromhex(text) for text in proof.path]
    if not verify_consistency(size, newest.size, one.frontier.root(), newest.root, path):
        raise StackError(
            f"{one.name}: its checkpoint of {newest.size} records contradicts the {size} that were pulled: "
            "a record was changed there, or its ledger was put back"
        )


def _pages(client: httpx.Client, frontier: Frontier) -> Iterator[list[ApiRecord]]:
    """Records behind what is here, each page cut after a signature."""
    more = True
    while more:
        got = fetch(client, "/api/v1/records", {"after": frontier.size, "limit": PAGE}, ApiRecords)
        signed = [at for at, row in enumerate(got.records) if row.signature is not None]
        if not got.records:
            return
        if [row.server_seq for row in got.records] != [*range(frontier.size + 1, frontier.size + 1 + len(got.records))]:
            raise StackError(f"records behind {frontier.size} are not there, or in another order")
        if not signed:
            raise StackError(f"records behind {frontier.size} bear no signature")
        more = got.more or signed[-1] + 1 < len(got.records)
        yield got.records[: signed[-1] + 1]


def _vouched(client: httpx.Client, one: District, terminals: set[str]) -> dict[str, list[bytes]]:
    """The record keys of these terminals, oldest first, each by the word of the district's own key."""
    found: dict[str, list[bytes]] = {}
    for key in fetch(client, "/api/v1/keys", {}, ApiKeys).keys:
        if key.terminal in terminals:
            record_key = bytes.fromhex(key.record_key)
            try:
                vouch.check(one.key, key.terminal, record_key, bytes.fromhex(key.vouched))
            except SignatureError:
                raise StackError(f"{one.name}: does not vouch for a key of {key.terminal}") from None
            found.setdefault(key.terminal, []).append(record_key)
    if missing := terminals - set(found):
        raise StackError(f"{one.name}: vouches for no key of {min(missing)}")
    return found


def _take(
    ledger: Ledger, keys: RosterKeys, one: District, page: list[ApiRecord], vouched: dict[str, list[bytes]]
) -> None:
    """Judge and store one page, and move the cursor, in one transaction."""
    intake = Intake(RecordWriter(ledger.engine.dialect), keys.server, keys, carried=True, authority=one.key)
    frontier = Frontier(one.frontier.size, one.frontier.edge)
    with ledger.write() as connection:
        for name, record_keys in vouched.items():
            _belongs(connection, keys, one.name, name, record_keys)
        _grow(connection, frontier, page)
        outcome = intake.take(connection, list(_messages(one.name, page)))
        if outcome.counts["records"] != len(page):
            raise StackError(f"{one.name}: {'; '.join(outcome.notes) or 'records come again under other numbers'}")
        moved = {"after": frontier.size, "edge": b"".join(frontier.edge), "pulled_ms": now_ms()}
        connection.execute(update(district).where(district.c.name == one.name).values(**moved))
    one.frontier.size, one.frontier.edge = frontier.size, frontier.edge


def _belongs(connection: Connection, keys: RosterKeys, of: str, name: str, record_keys: list[bytes]) -> None:
    """This terminal is that district's, and these are its keys."""
    d = district_terminal.c
    owner = connection.scalar(select(d.district).where(d.terminal == name))
    known = connection.scalar(select(terminal.c.id).where(terminal.c.id == name)) is not None
    if known and owner != of:
        raise StackError(f"{of}: {name} is a terminal of {owner or 'this server'}; names must differ in a state")
    if known:
        connection.execute(update(terminal).where(terminal.c.id == name).values(record_key=record_keys[-1]))
    else:
        secrets = {"record_key": record_keys[-1], "seal_key": bytes(32), "lookup_key": b""}
        row = {"id": name, "state": "active", "roster_version": 0, "admitted_ms": now_ms(), **secrets}
        connection.execute(insert(terminal).values(**row))
        connection.execute(insert(district_terminal).values(terminal=name, district=of))
    for record_key in record_keys:
        vouch.put(connection, keys.server, name, record_key)


def _grow(connection: Connection, frontier: Frontier, page: Iterable[ApiRecord]) -> None:
    """Add the district's own leaves: what its checkpoints are over."""
    heads: dict[Log, bytes] = {}
    known = records.known(connection, {(row.terminal, bytes.fromhex(row.log)) for row in page})
    for row in page:
        key = row.terminal, bytes.fromhex(row.log)
        head = heads.get(key) or (known[key].head if key in known else chain.genesis(*key))
        heads[key] = head = chain.next_head(head, row.body)
        frontier.append(leaf_hashes(*key, row.seq, [head], row.received_ms)[0])


def _messages(name: str, page: Iterable[ApiRecord]) -> Iterator[Incoming]:
    """The batches as the terminals sent them, but with everybody named in full."""
    waiting: dict[Log, list[ApiRecord]] = {}
    for row in page:
        key = row.terminal, bytes.fromhex(row.log)
        rows = waiting.setdefault(key, [])
        rows.append(row)
        if row.signature is not None:
            try:
                parsed = tuple(parse_record(one.body) for one in rows)
                data = batch_bytes(Batch(key[1], rows[0].seq, parsed, row.signature))
            except WireError as error:
                raise StackError(f"{name}: {row.terminal} up to {row.seq}: {error}") from None
            yield read(Delivery(up(row.terminal, "batch"), data, _nothing))
            del waiting[key]
    if waiting:
        raise StackError(f"{name}: records of {min(waiting)[0]} bear no signature")


def _nothing() -> None:
    """Nobody waits for an acknowledgement."""
