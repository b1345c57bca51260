"""The agent against a server in miniature: everything arrives, whatever is lost, late, repeated, forged or cut."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync import LinkError, StorageError, seal
from sync.agent import Agent, AgentSettings, AgentState
from sync.batch import parse_batch
from sync.budget import Thrift
from sync.chain import genesis, sign_receipt, sign_roster
from sync.columns import Indexes, parse_columns
from sync.ed25519 import PublicKey
from sync.fetch import Wanted, Whereabouts, found_bytes, parse_wanted, sign_found
from sync.link import Delivery, Hub, LoopbackLink
from sync.orders import OrderKind, order_bytes, sign_order
from sync.outbox import Outbox
from sync.reasons import Reason, Why
from sync.roster import RosterReader, RosterStore
from sync.topics import UP_ALL, down, parse_up
from sync.upload import AGAIN_S, AT_ONCE, PER_S, Uploader
from sync.wire import (
    Beat,
    Chunk,
    RosterEntry,
    chunk_bytes,
    parse_beat,
    parse_chunk,
    receipt_bytes,
    roster_bytes,
    template_bytes,
)
from tests.unit.sync.test_outbox import punch, spoil
from tests.unit.sync.verifying import verify_batch

RECORD = Ed25519PrivateKey.from_private_bytes(bytes(32))
SERVER = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
TEMPLATE = X25519PrivateKey.from_private_bytes(bytes([2]) * 32)


class Aggregator:
    """Verifies, keeps and receipts; `mood` may lose a batch before it is read, or keep the receipt back."""

    def __init__(self, hub: Hub) -> None:
        self.link = LoopbackLink(hub, (UP_ALL,))
        self.rows: dict[int, bytes] = {}
        self.heads: list[bytes] = []
        self.log = b""
        self.batches = self.lost = 0
        self.lose: Callable[[int], bool] = lambda n: False
        self.silent = False
        self.beats: list[Beat] = []
        self.chunks: list[Chunk] = []
        self.wanted: list[Wanted] = []
        self.link.open(self.take, lambda up, why: None)

    def take(self, delivery: Delivery) -> None:
        _, leaf = parse_up(delivery.topic)
        if leaf == "beat":
            self.beats.append(parse_beat(delivery.payload))
        elif leaf == "chunk":
            self.chunks.append(parse_chunk(delivery.payload))
        elif leaf == "wanted":
            self.wanted.append(parse_wanted(delivery.payload))
        else:
            self.batches += 1
            if self.lose(self.batches):
                self.lost += 1
                return
            self.store(delivery.payload)

    def store(self, payload: bytes) -> None:
        batch = parse_batch(payload)
        self.log = batch.log
        self.heads = self.heads or [genesis("t-1", batch.log)]
        if batch.first_seq <= len(self.heads):
            rows = verify_batch(PublicKey.of(RECORD), batch, self.heads[batch.first_seq - 1])
            for n, (body, head) in enumerate(rows):
                if batch.first_seq + n == len(self.heads):
                    self.rows[len(self.heads)] = body
                    self.heads.append(head)
        if not self.silent:
            self.receipt()

    def receipt(self, seq: int | None = None, head: bytes | None = None, key: Ed25519PrivateKey = SERVER) -> None:
        seq = len(self.heads) - 1 if seq is None else seq
        word = sign_receipt(key, "t-1", self.log, seq, head or self.heads[seq])
        self.link.publish(down("t-1", "receipt"), receipt_bytes(word), retain=True)

    def roster(self, version: int, base: int, *entries: RosterEntry, key: Ed25519PrivateKey = SERVER) -> None:
        delta = sign_roster(key, "t-1", version, base, entries)
        self.link.publish(down("t-1", "roster"), roster_bytes(delta))


class Site:
    """A terminal's files, its agent and the aggregator, over one hub."""

    def __init__(self, folder: Path, terminal_first: bool = True, **settings: float) -> None:
        self.folder = folder
        self.hub = Hub()
        self.server = Aggregator(self.hub)
        self.settings = AgentSettings("t-1", poll_s=0, **settings)  # type: ignore[arg-type]
        self.states: list[AgentState] = []
        if terminal_first:
            self.outbox = Outbox(folder / "punches.db", "t-1", RECORD)
        self.start_agent()

    def start_agent(self) -> None:
        self.link = LoopbackLink(self.hub, ("hz1/t-1/d/#",))
        self.store = RosterStore(self.folder / "roster.db")
        self.agent = Agent(
            self.settings, self.folder / "punches.db", self.store, self.link, PublicKey.of(SERVER), self.states.append
        )
        self.link.open(self.agent._inbox.put, lambda up, why: self.agent._inbox.put((up, why)), self.agent._will)

    def punch(self, n: int) -> None:
        for _ in range(n):
            self.outbox.append(punch(self.outbox.seq))

    def steps(self, n: int = 20) -> AgentState:
        for _ in range(n):
            self.agent.step()
        return self.agent.state


def test_everything_is_delivered_and_receipted(tmp_path: Path) -> None:
    site = Site(tmp_path, batch=7, in_flight=2)
    site.punch(50)
    state = site.steps()
    assert (state.made, state.sent, state.receipted) == (50, 50, 50)
    assert sorted(site.server.rows) == list(range(1, 51))
    assert site.server.batches == 8
    assert site.states[-1] == state


def test_an_agent_may_come_before_its_terminal(tmp_path: Path) -> None:
    site = Site(tmp_path, terminal_first=False)
    state = site.steps(2)
    assert (state.waiting, state.trouble) == (True, "")
    site.outbox = Outbox(tmp_path / "punches.db", "t-1", RECORD)
    site.punch(3)
    state = site.steps()
    assert (state.receipted, state.trouble, state.reason, state.waiting) == (3, "", "connected", False)


def test_lost_batches_are_sent_again_after_a_while(tmp_path: Path) -> None:
    """A broker that acknowledged and forgot: only the server's receipt counts."""
    site = Site(tmp_path, batch=5, receipt_timeout_s=0)
    site.server.lose = lambda n: n % 3 == 1
    site.punch(40)
    assert site.steps(60).receipted == 40
    assert site.server.lost > 0
    assert sorted(site.server.rows) == list(range(1, 41))


def test_at_most_so_many_batches_wait_for_their_receipt(tmp_path: Path) -> None:
    site = Site(tmp_path, batch=1, in_flight=3)
    site.server.silent = True
    site.punch(10)
    assert site.steps().sent == 3
    assert site.server.batches == 3


def test_a_cut_link_resumes_behind_the_last_receipt(tmp_path: Path) -> None:
    site = Site(tmp_path, batch=5)
    site.punch(10)
    site.steps()
    site.link.cut("no network")
    site.punch(10)
    state = site.steps()
    assert (state.up, state.why, state.made, state.receipted) == (False, Reason.LOST, 20, 10)
    assert "no network" in state.reason
    site.link.mend()
    state = site.steps()
    assert (state.up, state.receipted) == (True, 20)


def test_a_new_agent_resumes_from_its_file(tmp_path: Path) -> None:
    site = Site(tmp_path, batch=5)
    site.punch(10)
    site.steps()
    site.hub.retained.clear()
    site.link.close()
    batches = site.server.batches
    site.start_agent()
    assert site.steps().receipted == 10
    assert site.server.batches == batches


def test_a_link_that_breaks_while_sending(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.steps(2)
    site.link._up = False  # broken, and nobody has noticed yet
    site.punch(1)
    state = site.steps(2)
    assert (state.up, state.receipted) == (False, 0)
    assert "no link" in state.reason
    site.link.mend()
    assert site.steps().receipted == 1


def test_a_server_that_lost_its_tail_gets_it_again(tmp_path: Path) -> None:
    """A ledger restored from a backup receipts less than it once did."""
    site = Site(tmp_path, batch=5)
    site.punch(20)
    site.steps()
    del site.server.heads[11:]
    for seq in range(11, 21):
        del site.server.rows[seq]
    site.server.receipt()
    assert site.steps().receipted == 20
    assert sorted(site.server.rows) == list(range(1, 21))


def test_a_receipt_for_another_history_is_a_fork(tmp_path: Path) -> None:
    """S8: a cloned card. Nothing more is sent, and the state says why."""
    site = Site(tmp_path)
    site.punch(3)
    site.steps()
    site.server.receipt(seq=2, head=b"?" * 32)
    site.punch(1)
    state = site.steps()
    assert "fork" in state.trouble
    assert (state.up, state.made, state.sent) == (True, 4, 3)


def test_a_log_that_was_put_back_is_a_fork(tmp_path: Path) -> None:
    """S8: an older image of the card. The server has records that this log has not made yet."""
    site = Site(tmp_path)
    site.punch(3)
    site.steps()
    site.server.receipt(seq=9, head=b"h" * 32)
    site.punch(1)
    state = site.steps()
    assert "put back" in state.trouble
    assert (state.receipted, state.sent) == (3, 3)


def test_receipts_of_an_older_log_or_an_unknown_seq_change_nothing_wrongly(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.punch(2)
    site.steps()
    word = sign_receipt(SERVER, "t-1", b"old-log!", 99, b"h" * 32)
    site.server.link.publish(down("t-1", "receipt"), receipt_bytes(word))
    assert site.steps().receipted == 2


def test_a_receipt_before_the_first_record_is_known(tmp_path: Path) -> None:
    site = Site(tmp_path, terminal_first=False)
    site.server.log = b"the-log!"
    site.server.heads = [b"h" * 32]
    site.server.receipt()
    assert site.steps(2).receipted == 0


@pytest.mark.parametrize("leaf", ["receipt", "roster"])
def test_what_the_server_did_not_sign_is_refused(tmp_path: Path, leaf: str) -> None:
    """S9: forged, truncated and garbage messages are counted and dropped, and the work goes on."""
    site = Site(tmp_path)
    site.punch(1)
    site.steps()
    if leaf == "receipt":
        site.server.receipt(seq=1, key=RECORD)
    else:
        site.server.roster(1, 0, key=RECORD)
    site.server.link.publish(down("t-1", leaf), b"garbage")
    state = site.steps()
    assert state.refused == 2
    assert f"refused a {leaf}" in state.trouble
    site.punch(1)
    assert site.steps().receipted == 2


def test_topics_it_does_not_know_are_ignored(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.server.link.publish("hz1/t-1/d/weather", b"sunny")
    assert site.steps().refused == 0


def test_rosters_are_applied_and_answered_with_a_beat(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.steps(2)
    site.server.roster(1, 0, RosterEntry(b"person-1", True, b"card", ()))
    site.server.roster(2, 1, RosterEntry(b"person-2", True, b"card", ()))
    assert site.steps().roster_version == 2
    assert [b.roster_version for b in site.server.beats] == [0, 1, 2]
    site.server.roster(9, 7, RosterEntry(b"person-3", True, b"card", ()))  # 3 to 7 are missing
    site.server.roster(2, 1)  # a repeat
    assert site.steps().roster_version == 2
    assert site.server.beats[-1].roster_version == 2


def test_an_order_that_comes_twice_is_taken_once(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.punch(1)
    site.steps()
    order = order_bytes(sign_order(SERVER, "t-1", site.agent._session, 1, OrderKind.LOCATE, {"seconds": 5}))
    beats = []
    for _ in range(2):
        site.server.link.publish(down("t-1", "order"), order)
        site.steps()
        beats.append(len(site.server.beats))
    assert beats[1] == beats[0], "the second brings nothing that is to be answered"
    assert (site.agent.state.refused, len(RosterReader(tmp_path / "roster.db").orders())) == (0, 1)


def test_a_question_of_the_terminal_goes_up_once_and_its_verdict_is_kept(tmp_path: Path) -> None:
    """S6, R1.12."""
    site = Site(tmp_path)
    wanted = Wanted(7, bytes(66))
    site.outbox.want(wanted)
    site.steps()
    assert site.server.wanted == [wanted]
    verdict = found_bytes(sign_found(SERVER, "t-1", 7, Whereabouts.ELSEWHERE))
    site.server.link.publish(down("t-1", "found"), verdict)
    site.outbox.want(None)
    site.steps()
    assert site.server.wanted == [wanted]
    reader = RosterReader(tmp_path / "roster.db")
    assert reader.found(7) == (Whereabouts.ELSEWHERE, 0)
    reader.close()


def test_beats_say_how_far_and_carry_the_session_of_the_will(tmp_path: Path) -> None:
    """S4: a will of an older session is seen to be stale."""
    site = Site(tmp_path, heartbeat_s=0)
    site.server.silent = True
    site.punch(3)
    site.steps(3)
    last = site.server.beats[-1]
    assert (last.online, last.log, last.seq, last.backlog) == (True, site.outbox.log, 3, 3)
    site.link.cut()
    will = site.server.beats[-1]
    assert (will.online, will.session) == (False, last.session)
    site.link.mend()
    site.steps(2)
    assert site.server.beats[-1].session != last.session


def test_sealed_templates_go_up_in_chunks_until_they_come_down(tmp_path: Path) -> None:
    site = Site(tmp_path)
    sealed = seal.seal_template(TEMPLATE.public_key(), "server", b"person-1", 1, 1, b"r" * 2500)
    data = template_bytes(sealed)
    site.outbox.append(punch(0), blob=data)
    site.steps()
    assert b"".join(c.data for c in site.server.chunks) == data
    assert {(c.seq, c.total) for c in site.server.chunks} == {(1, 3)}
    site.steps()
    assert len(site.server.chunks) == 3  # once a link
    site.link.cut()
    site.link.mend()
    site.steps()
    assert len(site.server.chunks) == 6  # not come down yet: again
    site.server.roster(1, 0, RosterEntry(b"person-1", True, b"card", (sealed,)))
    site.steps()
    site.link.cut()
    site.link.mend()
    site.steps()
    assert len(site.server.chunks) == 6


def test_many_templates_go_up_no_faster_than_the_server_takes_them(tmp_path: Path) -> None:
    """A day of enrolling without a line must not arrive as a flood; what did not come back goes again in an hour."""
    site = Site(tmp_path, terminal_first=True)
    now = [0.0]
    site.agent._uploader = Uploader("t-1", site.link, site.store, lambda: now[0])
    sealed = [seal.seal_template(TEMPLATE.public_key(), "server", b"person-1", n, 1, b"r" * 900) for n in range(1, 41)]
    for one in sealed:
        site.outbox.append(punch(site.outbox.seq), blob=template_bytes(one))
    site.steps()
    assert len(site.server.chunks) == AT_ONCE
    now[0] += 1
    site.steps()
    assert len(site.server.chunks) == AT_ONCE + PER_S
    for _ in range(100):
        now[0] += 1
        site.steps(2)
    assert len(site.server.chunks) == len({chunk_bytes(one) for one in site.server.chunks})
    first = len(site.server.chunks)
    assert {one.seq for one in site.server.chunks} == set(range(1, 41))
    site.server.roster(1, 0, RosterEntry(b"person-1", True, b"card", tuple(sealed[:39])))
    site.steps()
    now[0] += AGAIN_S
    site.steps()
    assert {one.seq for one in site.server.chunks[first:]} == {40}
    now[0] += AGAIN_S
    site.agent._thrift = lambda: Thrift(metered=True)
    again = len(site.server.chunks)
    site.steps()
    assert len(site.server.chunks) == again  # where every byte costs, another link is waited for


def test_a_link_that_breaks_at_the_very_first_beat(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.steps(1)
    site.agent._inbox.put((False, Why(Reason.LOST)))
    site.agent._inbox.put((True, Why(Reason.CONNECTED)))
    site.link._up = False
    state = site.steps(1)
    assert not state.up


def test_records_that_vanish_under_the_agent(tmp_path: Path) -> None:
    """punches.db replaced or pruned below the cursor by hand: no crash, no busy loop, the state stays honest."""
    site = Site(tmp_path)
    site.steps(2)
    site.punch(2)
    reader = site.agent._reader
    assert reader is not None
    reader.last_seq = lambda: 5  # type: ignore[method-assign]
    site.server.silent = True
    state = site.steps(3)
    assert (state.made, state.sent) == (5, 2)


def test_a_terminal_that_begins_a_new_log_is_followed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.punch(2)
    site.steps()
    site.outbox._db.close()
    spoil(tmp_path / "punches.db")
    site.outbox = Outbox(tmp_path / "punches.db", "t-1", RECORD)
    site.server.heads = []
    site.server.rows = {}
    site.punch(3)
    state = site.steps()
    assert (state.receipted, state.trouble) == (3, "")
    assert site.server.log == site.outbox.log


def test_a_spoilt_record_is_named_and_the_agent_stays(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.punch(4)
    with site.outbox._db:
        site.outbox._db.execute("UPDATE record SET body = x'ff00' WHERE seq = 3")
    state = site.steps()
    assert (state.up, state.receipted) == (True, 2)
    assert "record 3 is damaged" in state.trouble


def test_run_ends_when_asked_and_closes_the_link(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.link.close()
    stop = threading.Event()
    thread = threading.Thread(target=site.agent.run, args=(stop,))
    thread.start()
    site.punch(2)
    while site.agent.state.receipted < 2:
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert not site.server.beats[-1].online
    with pytest.raises(LinkError):
        site.link.publish("x", b"")


def test_an_agent_that_ends_without_a_link_says_nothing_more(tmp_path: Path) -> None:
    site = Site(tmp_path)
    stop = threading.Event()
    stop.set()
    site.link.close()
    beats = len(site.server.beats)
    site.agent.run(stop)
    assert len(site.server.beats) == beats


def test_a_roster_file_that_cannot_be_written_ends_the_agent(tmp_path: Path) -> None:
    """Without a place for receipts nothing can be promised: the process ends and is started again."""
    site = Site(tmp_path)
    site.steps(2)
    site.store._db.execute("PRAGMA query_only=ON")
    site.server.roster(1, 0, RosterEntry(b"person-1", True, b"card", ()))
    with pytest.raises(StorageError, match=r"roster\.db"):
        site.steps()


def test_people_go_as_places_until_the_server_asks_for_names(tmp_path: Path) -> None:
    """The server that cannot tell the places gets the references; a new roster is worth another try."""
    site = Site(tmp_path)
    people = [RosterEntry(bytes([n]) * 8, True, b"card", ()) for n in range(3)]
    site.server.roster(1, 0, *people)
    site.steps(3)
    sent: list[bool] = []

    def take(payload: bytes) -> None:
        places = isinstance(parse_columns(payload).people, Indexes)
        sent.append(places)
        site.server.log = site.outbox.log
        site.server.heads = site.server.heads or [genesis("t-1", site.outbox.log)]
        if places:
            word = sign_receipt(SERVER, "t-1", site.outbox.log, 0, site.server.heads[0], plain=True)
            site.server.link.publish(down("t-1", "receipt"), receipt_bytes(word), retain=True)
        else:
            original(payload)

    original, site.server.store = site.server.store, take  # type: ignore[method-assign]
    site.outbox.append(replace(punch(0), person=people[1].person))
    assert site.steps().receipted == 1
    assert sent == [True, False]
    site.outbox.append(replace(punch(1), person=people[2].person))
    assert site.steps().receipted == 2
    assert sent == [True, False, False]
    site.server.roster(2, 1, people[0])
    site.steps(3)
    site.outbox.append(replace(punch(2), person=people[2].person))
    site.steps(3)
    assert sent[3] is True
    assert site.store.order() is site.store.order()


def test_a_record_waits_for_others_to_share_its_batch(tmp_path: Path) -> None:
    """On a metered line a batch of few costs nearly what a full one costs."""
    site = Site(tmp_path, batch=5, linger_s=3600.0)
    site.punch(4)
    assert site.steps().sent == 0
    site.punch(1)
    assert site.steps().receipted == 5
    site.punch(1)
    assert site.steps().sent == 5
    site.agent._settings = replace(site.settings, linger_s=0.0)
    assert site.steps().receipted == 6


def test_on_a_metered_line_punches_share_a_message_and_go_before_templates(tmp_path: Path) -> None:
    """S3: and a SIM that is nearly spent carries no template at all."""
    site = Site(tmp_path, metered_linger_s=3600.0, batch=5)
    thrift = Thrift(metered=True)
    site.agent._thrift = lambda: thrift
    data = template_bytes(seal.seal_template(TEMPLATE.public_key(), "server", b"person-1", 1, 1, b"r" * 2500))
    site.outbox.append(punch(0), blob=data)
    assert (site.steps().sent, site.server.chunks) == (0, [])
    thrift = Thrift(metered=True, essential_only=True)
    site.punch(4)
    assert (site.steps().receipted, site.server.chunks) == (5, [])
    thrift = Thrift(metered=True)
    site.steps()
    assert len(site.server.chunks) == 3
