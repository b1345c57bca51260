"""Anchors and who asks for them: what is believed, what is refused, and how often anybody is asked (S2, S10)."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sync import ChainError, LinkError, WireError
from sync.agent import Agent, AgentSettings
from sync.anchor import (
    PATIENCE_MS,
    Anchor,
    Answer,
    Question,
    anchor_detail,
    answer_bytes,
    check,
    detailed_anchor,
    drift_ms,
    parse_question,
    question_bytes,
    sign_answer,
)
from sync.asker import EVERY_MS, Asker, since_boot_ms
from sync.ed25519 import PublicKey
from sync.link import Hub, LoopbackLink
from sync.outbox import Outbox
from sync.record import Event, EventCode, parse_record, record_body
from sync.roster import RosterReader, RosterStore
from sync.topics import UP_ALL, down, leaf
from tests.unit.sync import strategies as make
from tests.unit.sync.test_outbox import punch

SERVER = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
BOOT, OTHER_BOOT = b"boot-one-16bytes", b"boot-two-16bytes"
NINE = 1_767_238_200_000
S, H = 1000, 3_600_000

moments = st.integers(0, 2**45)
questions = st.builds(Question, boot_id=make.octets(16), asked_ms=moments, nonce=make.octets(8))


def given_anchor(asked_ms: int = 5 * S, came_ms: int = 6 * S, server_ms: int = NINE) -> Anchor:
    question = Question(BOOT, asked_ms, b"12345678")
    return Anchor(question, came_ms, sign_answer(SERVER, "t-1", question.tag, server_ms))


def test_the_servers_answer_is_believed() -> None:
    anchor = given_anchor()
    check(PublicKey.of(SERVER), "t-1", anchor, 6 * S)
    assert anchor.offset_ms == NINE - 5500
    assert anchor.bound_ms == 501
    assert anchor.bound_at_ms(5500) == 501
    assert anchor.bound_at_ms(5500 + H) == 501 + drift_ms(H)


SPOILT: dict[str, Callable[[Anchor], Anchor]] = {
    "nonce": lambda a: replace(a, question=replace(a.question, nonce=b"87654321")),
    "boot": lambda a: replace(a, question=replace(a.question, boot_id=OTHER_BOOT)),
    "asked": lambda a: replace(a, question=replace(a.question, asked_ms=5001)),
    "time": lambda a: replace(a, answer=replace(a.answer, server_ms=NINE - H)),
    "signature": lambda a: replace(a, answer=replace(a.answer, signature=bytes(64))),
    "before it was asked for": lambda a: replace(a, came_ms=4999),
    "not yet": lambda a: replace(a, came_ms=20 * S),
}


@pytest.mark.parametrize("what", SPOILT)
def test_whatever_is_changed_is_refused(what: str) -> None:
    """S10"""
    with pytest.raises(ChainError, match="anchor"):
        check(PublicKey.of(SERVER), "t-1", SPOILT[what](given_anchor()), 10 * S)


def test_an_answer_for_another_terminal_or_by_another_key_is_refused() -> None:
    anchor = given_anchor()
    for key, terminal in ((SERVER, "t-2"), (Ed25519PrivateKey.generate(), "t-1")):
        with pytest.raises(ChainError):
            check(PublicKey.of(key), terminal, anchor, 10 * S)


def test_an_answer_that_was_kept_back_is_refused() -> None:
    check(PublicKey.of(SERVER), "t-1", given_anchor(0, PATIENCE_MS), 10 * PATIENCE_MS)
    with pytest.raises(ChainError, match="took"):
        check(PublicKey.of(SERVER), "t-1", given_anchor(0, PATIENCE_MS + 1), 10 * PATIENCE_MS)


@given(questions, moments, st.integers(0, 2**50), st.integers(-(2**45), 2**45), make.instants)
def test_an_anchor_survives_the_log(question: Question, came: int, server: int, wall: int, instant: object) -> None:
    anchor = Anchor(question, came, Answer(server, bytes(64)))
    event = Event(EventCode.TIME_ANCHOR, anchor_detail(anchor, wall), instant)  # type: ignore[arg-type]
    read = parse_record(record_body(event))
    assert isinstance(read, Event)
    assert detailed_anchor(question.boot_id, read.detail) == anchor
    assert read.detail["wall_ms"] == wall


@given(make.details)
def test_any_detail_is_an_anchor_or_refused(detail: dict[str, int | str | bytes]) -> None:
    good = anchor_detail(given_anchor(), 0)
    for hostile in (detail, good | detail, {k: v for k, v in good.items() if k not in detail}):
        try:
            detailed_anchor(BOOT, hostile)
        except WireError:
            continue


class Count:
    """CLOCK_BOOTTIME, as it is told."""

    def __init__(self, now_ms: int = 5 * S) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


def asker(count: Count, held: Anchor | None = None) -> Asker:
    return Asker("t-1", PublicKey.of(SERVER), BOOT, held, count)


def answer_to(question: bytes, server_ms: int = NINE) -> bytes:
    return answer_bytes(sign_answer(SERVER, "t-1", parse_question(question), server_ms))


def test_it_asks_at_once_and_then_every_three_hours() -> None:
    count = Count()
    one = asker(count)
    assert one.due()
    question = one.ask()
    assert not one.due()
    count.now_ms += 700
    anchor = one.take(answer_to(question))
    assert (anchor.question.asked_ms, anchor.came_ms) == (5000, 5700)
    assert one.true_s() == (NINE + 350) / 1000
    count.now_ms += EVERY_MS - 1
    assert not one.due()
    count.now_ms += 1
    assert one.due()


def test_what_is_on_disk_counts_in_its_own_boot_alone() -> None:
    """S2"""
    count = Count(7 * S)
    assert not asker(count, given_anchor()).due()
    assert asker(count, given_anchor()).true_s() == (NINE + 1500) / 1000
    other = Asker("t-1", PublicKey.of(SERVER), OTHER_BOOT, given_anchor(), count)
    assert other.due()
    assert other.true_s() is None


def test_who_never_answers_is_asked_less_and_less() -> None:
    count = Count()
    one = asker(count)
    asked = []
    for _ in range(8):
        while not one.due():
            count.now_ms += S
        asked.append(count.now_ms)
        one.ask()
    assert [b - a for a, b in pairwise(asked)] == [
        60 * S, 120 * S, 240 * S, 480 * S, 960 * S, 1920 * S, 3600 * S,
    ]  # fmt: skip


def test_an_answer_fits_only_the_question_that_is_out() -> None:
    """S10: replayed, or to a question of a link that is no more."""
    count = Count()
    one = asker(count)
    first = answer_to(one.ask())
    with pytest.raises(WireError):
        one.take(b"garbage")
    one.take(first)
    with pytest.raises(ChainError, match="no question is out"):
        one.take(first)
    second = one.ask()
    with pytest.raises(ChainError):
        one.take(first)
    one.new_link()
    assert not one.due()  # it knows the time
    with pytest.raises(ChainError, match="no question is out"):
        one.take(answer_to(second))


def test_a_new_link_asks_at_once_where_the_time_is_not_known() -> None:
    one = asker(Count())
    one.ask()
    assert not one.due()
    one.new_link()
    assert one.due()


def test_the_count_is_the_kernels() -> None:
    assert 0 < since_boot_ms() <= since_boot_ms()


# ── the agent ──


class Site:
    """An agent with a terminal's files, and a server that only tells the time, if it likes."""

    def __init__(self, folder: Path) -> None:
        self.hub, self.count = Hub(), Count()
        self.questions: list[bytes] = []
        self.outbox = Outbox(folder / "punches.db", "t-1", Ed25519PrivateKey.generate())
        self.outbox.append(punch(0))
        self.store = RosterStore(folder / "roster.db")
        self.reader = RosterReader(folder / "roster.db")
        self.server = LoopbackLink(self.hub, (UP_ALL,))
        self.server.open(self._heard, lambda _up, _why: None)
        self.link = LoopbackLink(self.hub, ("hz1/t-1/d/#",))
        settings = AgentSettings("t-1", poll_s=0)
        self.agent = Agent(
            settings,
            folder / "punches.db",
            self.store,
            self.link,
            PublicKey.of(SERVER),
            lambda _: None,
            asker(self.count),
        )
        self.agent.open()
        self.steps()

    def _heard(self, delivery: object) -> None:
        if leaf(delivery.topic) == "question":  # type: ignore[attr-defined]
            self.questions.append(delivery.payload)  # type: ignore[attr-defined]

    def steps(self) -> None:
        for _ in range(5):
            self.agent.step()

    def say(self, payload: bytes) -> None:
        self.server.publish(down("t-1", "answer"), payload)
        self.steps()


def test_the_agent_asks_after_connecting_and_keeps_the_answer(tmp_path: Path) -> None:
    """S2"""
    site = Site(tmp_path)
    assert len(site.questions) == 1
    assert site.reader.anchor() is None
    site.count.now_ms += 400
    site.say(answer_to(site.questions[0]))
    anchor = site.reader.anchor()
    assert anchor is not None
    check(PublicKey.of(SERVER), "t-1", anchor, site.count.now_ms)
    assert (site.agent.state.anchored_ms, site.agent.state.anchor_bound_ms) == (5400, 201)
    assert site.store.anchor() == anchor

    site.count.now_ms += EVERY_MS
    site.steps()
    site.say(answer_to(site.questions[1], NINE + EVERY_MS))
    newest = site.reader.anchor()
    assert newest is not None
    assert newest.answer.server_ms == NINE + EVERY_MS


def test_the_agent_refuses_what_it_did_not_ask_for_and_counts_it(tmp_path: Path) -> None:
    """S10"""
    site = Site(tmp_path)
    old = site.questions[0]
    site.link.cut()
    site.link.mend()
    site.steps()
    assert len(site.questions) == 2
    for hostile in (answer_to(old), b"garbage", answer_bytes(Answer(NINE, bytes(64)))):
        site.say(hostile)
    assert site.agent.state.refused == 3
    assert site.reader.anchor() is None
    site.say(answer_to(site.questions[1]))
    assert site.reader.anchor() is not None


def test_an_agent_that_asks_nobody_ignores_answers(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.agent._asker = None
    site.link.cut()
    site.link.mend()
    site.say(answer_to(site.questions[0]))
    assert site.agent.state.refused == 0
    assert site.reader.anchor() is None


def test_a_question_that_does_not_go_out_waits_for_the_next_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    site.count.now_ms += 2 * PATIENCE_MS

    def broken(*_: object, **__: object) -> None:
        raise LinkError("no link")

    with monkeypatch.context() as patch:
        patch.setattr(site.link, "publish", broken)
        site.steps()
    assert not site.agent.state.up
    site.link.cut()
    site.link.mend()
    site.steps()
    assert len(site.questions) == 2


def test_questions_are_told_apart_by_boot_moment_and_nonce() -> None:
    base = Question(BOOT, 5, b"12345678")
    others = (replace(base, boot_id=OTHER_BOOT), replace(base, asked_ms=6), replace(base, nonce=b"1234567x"))
    assert len({base.tag, *(q.tag for q in others)}) == 4
    assert len(question_bytes(base)) == 19
    assert len(answer_bytes(Answer(NINE, bytes(64)))) == 77
