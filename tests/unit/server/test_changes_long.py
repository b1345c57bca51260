"""A month without a network: one anchor dates all of its punches anew, in one entry. It is written while it is read,
the same in every way it can be asked for. The terminal and the person are made up."""

import asyncio
import gzip
import hashlib
import hmac
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy import insert, update

from server.intake.dating import Kind
from server.ledger import entries, partitions, records
from server.ledger.punch_rows import EVERYTHING
from server.ledger.store import Ledger
from server.ledger.tables import dating, hook, record
from server.sharing import changes, webhooks
from server.sharing.changes import Cursor
from server.trust.vault import Vault
from server.web import answers
from sync.record import ClockSource, Means, RecordType, SourceClass
from sync.record import Kind as PunchKind
from tests.databases import DATABASES, fresh_url
from tests.unit.server.aggregator import WALL_MS
from tests.unit.server.test_webhooks import Receiver, receiver

__all__ = ["receiver"]

N = 25_000  # an office of 250 people, four punches a day, 25 days
CAME_MS = WALL_MS + 40 * 86_400_000
LOG = "t-1", b"long-log"
HELD_BYTES = 3_000_000


@pytest.fixture(scope="module", params=DATABASES)
def month(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """N punches that came at once, and twice a word of what time it was."""
    folder = tmp_path_factory.mktemp("month")
    ledger = Ledger(fresh_url(request.param) or f"sqlite:///{folder / 'l.db'}")
    same = {"terminal": LOG[0], "log": LOG[1], "boot_no": 1}
    punch = {"type": int(RecordType.PUNCH), "body": b"", "head": bytes(32), "person": b"person-1", "score": 800}
    punch |= {"kind": int(PunchKind.IN), "means": int(Means.FINGER), "source_class": int(SourceClass.AADHAAR_TERMINAL)}
    punch |= {"flags": 0, "clock_source": int(ClockSource.NTP), "received_ms": CAME_MS, **same}
    rows = [
        {"seq": n, "server_seq": n, "since_boot_ms": 1000 * n, "wall_ms": WALL_MS + 1000 * n, **punch}
        for n in range(1, N + 1)
    ]
    with ledger.write() as connection:
        partitions.ensure(connection, CAME_MS)
        connection.execute(insert(record), rows)
        records.count(connection, records.RECORDS, N)
        for no, slack_ms in enumerate((9_000_000, 5_000), 1):
            at = {"seq": N + no, "kind": int(Kind.ANCHOR), "known_ms": CAME_MS + 1000 * no, **same}
            low = {"low_at_ms": 1000 * N, "low_ms": WALL_MS + 1000 * N - slack_ms}
            high = {"high_at_ms": 1000 * N, "high_ms": WALL_MS + 1000 * N + slack_ms}
            connection.execute(insert(dating).values(**at, **low, **high))
            changes.note(connection, "dating", LOG, N + no, "anchor", CAME_MS + 1000 * no, boot_no=1)
    yield ledger
    ledger.close()


def answer(ledger: Ledger, accept_encoding: str = "") -> StreamingResponse:
    """Of everything behind the last punch."""
    asked = Request({"type": "http", "headers": [(b"accept-encoding", accept_encoding.encode())]})
    page = entries.page(ledger, EVERYTHING, Cursor(N, 0), Cursor(N, 2), 5000)
    found = answers.page_of(asked, entries.joined(page.entries, ",\n"), '"tag"')
    assert isinstance(found, StreamingResponse), "it is too long to be held"
    return found


async def parts(found: StreamingResponse) -> list[bytes]:
    """As they are sent."""
    return [part async for part in found.body_iterator if isinstance(part, bytes)]


def test_what_is_held_of_it_is_little(month: Ledger) -> None:
    async def taken() -> int:
        return sum([len(part) async for part in answer(month).body_iterator])

    tracemalloc.start()
    try:
        size = asyncio.run(taken())
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 2.5 * HELD_BYTES
    assert held < HELD_BYTES, f"of {size} bytes {held} were held at once"


def test_it_is_the_same_packed_and_plain_and_every_punch_is_in_it(month: Ledger) -> None:
    plain = b"".join(asyncio.run(parts(answer(month))))
    found = answer(month, "gzip")
    assert (found.headers["content-encoding"], found.headers["etag"]) == ("gzip", '"tag"')
    assert gzip.decompress(b"".join(asyncio.run(parts(found)))) == plain
    first, second = [json.loads(line) for line in plain.split(b",\n")]
    assert [one["seq"] for one in first["punches"]] == list(range(1, N + 1))
    assert [one["server_seq"] for one in second["punches"]] == list(range(1, N + 1))
    assert {one["dated_by"] for one in first["punches"]} == {"anchored"}
    assert all(a["earliest"] < b["earliest"] for a, b in zip(first["punches"], second["punches"], strict=True))


def test_a_page_of_it_is_cut_where_it_is_asked(month: Ledger) -> None:
    page = entries.page(month, EVERYTHING, Cursor(N - 1, 0), Cursor(N, 2), 2)
    assert [cursor for cursor, _ in page.entries] == [Cursor(N, 0), Cursor(N, 1)]
    assert (page.next, page.more) == (Cursor(N, 1), True)


def test_a_webhook_takes_it_in_deliveries_of_its_own(month: Ledger, receiver: Receiver) -> None:
    vault = Vault(bytes(32))
    made = webhooks.add(month, vault, receiver.url, private=True, all_of_it=True)
    with month.write() as connection:
        connection.execute(update(hook).values(after=f"{N - 1}.0"))
    sender = webhooks.Sender(month, vault)
    while sender.look():
        pass
    webhooks.remove(month, made.id.hex())
    assert [headers["hazri-delivery"] for headers, _ in receiver.got] == [f"{N - 1}.0-{N}.1", f"{N}.1-{N}.2"]
    for headers, body in receiver.got:
        stamp, told = (part.partition("=")[2] for part in headers["hazri-signature"].split(","))
        expected = hmac.new(made.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(expected, told)
    plain = b"".join(asyncio.run(parts(answer(month)))).decode()
    sent = [json.dumps(one, separators=(",", ":")) for one in receiver.entries() if one["type"] == "dating"]
    assert sent == plain.split(",\n")
