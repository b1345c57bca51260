"""The transparency log in the ledger: tiles, checkpoints, the daily one, and what everybody may read of it."""

import contextlib
import datetime as dt
import socket
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import ProofError, TilesError
from server.intake.judge import Reason
from server.ledger.store import Ledger
from server.run import start_web
from server.transparency import checkpoint, notary, tiles, tree
from server.transparency.notary import Notary
from server.transparency.tiles import StoredTree
from server.trust import tokens
from server.trust.tokens import Scope
from server.web.services import Services
from server.web.words import LANGUAGES
from sync.ed25519 import PublicKey
from sync.verify import verify_consistency
from tests.unit.server.aggregator import Aggregator, Terminal, until
from tests.unit.server.test_forks import incoming, take

SIZES = [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_000]


def leaf(n: int) -> bytes:
    return tree.leaf_hash(n.to_bytes(8, "big"))


def test_tiles_hold_the_tree_however_it_grew(running: Aggregator) -> None:
    """Against a tree grown leaf by leaf, over two levels of tiles, with `grow` at every size, in slices and at once."""
    grown = tree.Frontier()
    at = 0
    for size in SIZES:
        while at < size:
            n = min(size - at, 1 + at % 700)
            with running.ledger.write() as connection:
                tiles.append(connection, at, [leaf(i) for i in range(at, at + n)])
            at += n
        while grown.size < size:
            grown.append(leaf(grown.size))
        done = False
        while not done:
            with running.ledger.write() as connection:
                done = tiles.grow(connection, size, limit=40)
        with running.ledger.read() as connection:
            stored = StoredTree(connection)
            assert stored.root(size) == grown.root()
            for old in (s for s in SIZES if s <= size):
                path = tree.consistency(old, size, stored.fetch)
                assert verify_consistency(old, size, stored.root(old), grown.root(), path)
            assert len(list(tiles.leaves(connection, size - 1))) == 1
            with pytest.raises(TilesError):
                stored.root(size + 1)
    assert running.sql("SELECT level, count(*), sum(length(hashes)) / 32 FROM tile GROUP BY level ORDER BY 1") == [
        (0, 258, 66_000),
        (1, 2, 257),
        (2, 1, 1),
    ]


def test_a_cut_tile_stops_what_would_be_built_on_it_and_nothing_is_lost(running: Aggregator) -> None:
    """Nothing is receipted on top of a tree somebody cut; when it is whole again, everything is taken."""
    one = running.admit(Terminal("t-1"))
    one.punches(20)
    take(running, incoming(one, "batch", one.batch_bytes(1, 10)))
    whole = running.sql("SELECT hashes FROM tile")[0][0]
    running.edit("UPDATE tile SET hashes = :cut", cut=b"")
    with pytest.raises(TilesError, match="0 hashes, expected 10"):
        take(running, incoming(one, "batch", one.batch_bytes(11)))
    assert running.sql("SELECT count(*) FROM record") == [(10,)]
    running.edit("UPDATE tile SET hashes = :whole", whole=whole)
    assert take(running, incoming(one, "batch", one.batch_bytes(11))).counts["records"] == 10


def test_a_checkpoint_is_the_format_of_c2sp_and_reads_back() -> None:
    """https://c2sp.org/signed-note gives the key's id: the first 4 bytes of SHA-256(name, newline, 1, key)."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    made = dt.datetime(2026, 1, 1, 18, 30, tzinfo=dt.UTC)
    note = checkpoint.sign(key, 7, bytes(32), made)
    lines = note.split("\n")
    assert lines[:5] == ["hazri/56475aa75463474c", "7", "A" * 43 + "=", "time 2026-01-01T18:30:00Z", ""]
    assert lines[5].startswith("— hazri/56475aa75463474c ")
    assert lines[6:] == [""]
    found = checkpoint.verify(note + "— another/witness AAAAAAAA\n", PublicKey.of(key))
    assert (found.size, found.root, found.made) == (7, bytes(32), made)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("7\nA", "8\nA"),
        ("7\nA", "07\nA"),
        ("7\nA", "x\nA"),
        ("7\nA", "٧\nA"),
        ("AAAA", "AAAB"),
        ("AAA=", "AA=="),
        ("time 2026", "time 2027"),
        ("time", "when"),
        ("18:30:00Z", "18:30:00Z\nmore"),
        ("hazri/56", "hazri/57"),
        ("— hazri", "- hazri"),
        ("\n\n", "\n"),
        ("\n— ", "x" * 10_000),
        ("475c ", "475c !"),
    ],
)
def test_a_changed_checkpoint_is_not_one(old: str, new: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    note = checkpoint.sign(key, 7, bytes(32), dt.datetime(2026, 1, 1, 18, 30, tzinfo=dt.UTC))
    changed = note.replace(old, new, 1)
    if changed == note:  # the signature's own bytes
        changed = note[:-10] + "AAAAAAAA=\n"
    with pytest.raises(ProofError):
        checkpoint.verify(changed, PublicKey.of(key))


def test_one_a_day_is_made_and_one_size_is_signed_once(running: Aggregator, monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(dt.datetime(2026, 1, 1, 18, 0, tzinfo=dt.UTC).timestamp() * 1000)  # 23:30 in India
    monkeypatch.setattr(notary, "now_ms", lambda: now)
    key = running.keys.server
    assert notary.make(running.ledger, key) is None
    one = running.admit(Terminal("t-1"))
    one.punches(30)
    look = Notary(running.ledger, key).look
    sizes = []
    for first, hours in ((1, 0), (11, 0.25), (21, 0.5)):
        now += int(hours * 3_600_000)
        take(running, incoming(one, "batch", one.batch_bytes(first, first + 9)))
        look()
        with running.ledger.read() as connection:
            kept = notary.latest(connection)
        assert kept
        sizes.append(kept.size)
    assert sizes == [10, 10, 30]
    assert notary.make(running.ledger, key) == kept


def test_the_thread_makes_it_and_survives_a_ledger_that_cannot(running: Aggregator) -> None:
    one = running.admit(Terminal("t-1"))
    one.punches(10)
    broken = Notary(_Closed(running.ledger), running.keys.server, 0.01)
    broken.start()
    take(running, incoming(one, "batch", one.batch_bytes()))
    working = Notary(running.ledger, running.keys.server, 0.01)
    working.start()
    until(lambda: running.sql("SELECT size FROM checkpoint") == [(10,)], "a checkpoint")
    assert broken.alive
    assert working.alive
    broken.stop()
    working.stop()


class _Closed(Ledger):
    """A ledger whose database refuses everything."""

    def __init__(self, inner: Ledger) -> None:
        self.engine = inner.engine

    def write(self) -> contextlib.AbstractContextManager[object]:  # type: ignore[override]
        raise TilesError("refused")


@pytest.fixture
def client(running: Aggregator) -> Iterator[httpx.Client]:
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start_web(stack, Services(running.ledger, running.feed, list), listening)
        yield stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}"))


def test_everybody_may_read_the_checkpoints_and_follow_them(running: Aggregator, client: httpx.Client) -> None:
    assert client.get("/api/v1/checkpoints").json() == {"checkpoints": [], "more": False}
    assert client.get("/api/v1/checkpoints/latest").status_code == 404
    one = running.admit(Terminal("t-1"))
    one.punches(300)
    for first in (1, 101, 201):
        take(running, incoming(one, "batch", one.batch_bytes(first, first + 99)))
        notary.make(running.ledger, running.keys.server)
    page = client.get("/api/v1/checkpoints", params={"limit": 2}).json()
    assert ([c["size"] for c in page["checkpoints"]], page["more"]) == ([100, 200], True)
    rest = client.get("/api/v1/checkpoints", params={"after": 200}).json()
    assert ([c["size"] for c in rest["checkpoints"]], rest["more"]) == ([300], False)
    note = client.get("/api/v1/checkpoints/latest").text
    last = checkpoint.verify(note, PublicKey.of(running.keys.server))
    first = page["checkpoints"][0]
    proof = client.get("/api/v1/checkpoints/consistency", params={"old": 100, "new": 300}).json()
    path = [bytes.fromhex(one) for one in proof["path"]]
    assert verify_consistency(100, 300, bytes.fromhex(first["root"]), last.root, path)
    for old, new, status in ((1, 301, 404), (300, 100, 422), (0, 100, 422), (100, 2**60, 422)):
        answer = client.get("/api/v1/checkpoints/consistency", params={"old": old, "new": new})
        assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_what_was_refused_is_shown_with_its_reason(running: Aggregator, client: httpx.Client) -> None:
    """S8, S9: on the page in both languages, and over the API with a token."""
    one = running.admit(Terminal("t-1"))
    one.punches(3)
    twin = one.fork()
    one.punches(2, b"person-a")
    twin.punches(2, b"person-b")
    take(running, incoming(one, "batch", one.batch_bytes()))
    take(running, incoming(twin, "batch", twin.batch_bytes()), incoming(one, "batch", b"<b>"))
    assert client.get("/api/v1/refused").status_code == 401
    pull = {"authorization": f"Bearer {tokens.make(running.ledger, 'test', Scope.PULL, 1)}"}
    both = client.get("/api/v1/refused", headers=pull).json()["refused"]
    assert {row["reason"] for row in both} == {"fork", "garbage"}
    forks = client.get("/api/v1/refused", headers=pull, params={"reason": "fork", "terminal": "t-1"}).json()["refused"]
    assert [(row["times"], row["leaf"], row["size"]) for row in forks] == [(1, "batch", len(twin.batch_bytes()))]
    assert client.get("/api/v1/refused", headers=pull, params={"terminal": "t-2"}).json() == {"refused": []}
    assert client.get("/refused").headers["location"] == "/enter"
    token = tokens.make(running.ledger, "test", Scope.DASHBOARD, 1)
    assert client.post("/enter", data={"token": token}).status_code == 303
    for code, words in LANGUAGES.items():
        html = client.get("/refused", params={"lang": code}).text
        assert f'<html lang="{code}">' in html
        assert words.reasons["fork"] in html
        assert words.reasons["garbage"] in html
        assert words.no_refused not in html
    assert 'href="/refused"' in client.get("/").text


def test_every_reason_has_words() -> None:
    for words in LANGUAGES.values():
        assert set(words.reasons) == {reason.value for reason in Reason}
