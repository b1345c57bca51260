"""Admission, rosters and enrolments: what a terminal is told, and what it may tell about people's templates."""

import contextlib
import functools
import hashlib
import itertools
import json
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.x509.oid import NameOID
from sqlalchemy import insert, update

from server import AdmissionError
from server.child import Child
from server.fleet import roster, templates
from server.fleet.admit import admit, revoke
from server.ledger.tables import person, template, terminal
from server.people.register import Registration, register, set_flags
from server.run import _problems
from server.sharing import delivery
from server.threads import Threads
from server.transparency.notary import Notary
from sync import SealError, admission, seal
from sync.agent import Agent, AgentSettings, AgentState
from sync.chain import verify_roster
from sync.ed25519 import PublicKey
from sync.link import LoopbackLink
from sync.outbox import Outbox
from sync.record import Event, EventCode
from sync.request import make_request
from sync.roster import RosterReader, RosterStore
from sync.topics import down_all
from sync.wire import (
    CardFlag,
    Chunk,
    RosterDelta,
    chunk_bytes,
    parse_card,
    parse_roster,
    parse_template,
    template_bytes,
)
from tests.unit.server.aggregator import Aggregator, Line, Terminal, broker_settings, instant, until

# ── admission ──


def test_an_admission_holds_what_the_terminal_needs(running: Aggregator) -> None:
    terminal = running.admit(Terminal("t-1"))
    assert terminal.admission
    certificate = x509.load_pem_x509_certificate(terminal.admission.certificate.encode())
    assert [a.value for a in certificate.subject] == ["t-1"]
    assert certificate.public_key() == terminal.transport.public_key()
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 91
    certificate.verify_directly_issued_by(running.keys.authority.certificate)
    assert len(terminal.lookup_key()) == 32
    assert (terminal.admission.broker_host, terminal.admission.broker_port) == ("127.0.0.1", 8883)


def test_admitting_again_renews_and_keeps_the_lookup_key(running: Aggregator) -> None:
    terminal = running.admit(Terminal("t-1"))
    before = terminal.lookup_key()
    assert running.admit(terminal).lookup_key() == before


def test_other_keys_need_a_word_and_change_the_lookup_key(running: Aggregator) -> None:
    """S7: a unit exchanged on purpose, against S8: a unit that pretends."""
    before = running.admit(Terminal("t-1")).lookup_key()
    other = Terminal("t-1")
    with pytest.raises(AdmissionError, match="known with other keys"):
        running.admit(other)
    other.admission = admit(running.ledger, running.keys, broker_settings(), other.request(), replace=True)
    assert other.lookup_key() != before
    revoke(running.ledger, "t-1")
    with pytest.raises(AdmissionError, match="was revoked"):
        running.admit(other)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: b"{}", "expected exactly the fields"),
        (lambda t: b"\xff", "not JSON"),
        (lambda t: b"[" * 20_000, "not JSON"),
        (lambda t: t.request(csr="nonsense"), "cannot be read"),
        (lambda t: t.request(csr=t.csr("t-2")), "not for t-1"),
        (lambda t: t.request(csr=t.csr(key=generate_private_key(SECP384R1()))), "not EC P-256"),
        (lambda t: _changed(t.request(), seal_key="00" * 32), "do not agree"),
        (lambda t: _changed(t.request(), terminal="t-2"), "do not agree"),
        (lambda t: _changed(t.request(), terminal="hazri-ingest"), "terminal id"),
    ],
)  # fmt: skip
def test_a_request_that_does_not_hold_together_is_refused(running: Aggregator, change: object, says: str) -> None:
    assert callable(change)
    with pytest.raises(AdmissionError, match=says):
        admit(running.ledger, running.keys, broker_settings(), change(Terminal("t-1")))
    assert running.sql("SELECT count(*) FROM terminal") == [(0,)]


@pytest.mark.parametrize("low", [bytes(32), bytes([1]) + bytes(31)], ids=["zero", "one"])
def test_a_seal_key_nothing_can_be_sealed_to_leaves_nothing_behind(running: Aggregator, low: bytes) -> None:
    """S8: a point of low order (RFC 7748, section 6.1), honestly signed."""
    terminal = Terminal("t-1")
    request = admission.to_json(make_request("t-1", terminal.csr(), terminal.key, low)).encode()
    running.people(2)
    with pytest.raises(AdmissionError, match=r"t-1.*key"):
        admit(running.ledger, running.keys, broker_settings(), request)
    assert running.sql("SELECT count(*) FROM terminal") == [(0,)]
    assert running.sql("SELECT count(*) FROM roster_change") == [(0,)]


def test_a_lone_surrogate_in_a_request_is_refused(running: Aggregator) -> None:
    request = _changed(Terminal("t-1").request(), csr="\ud800")
    with pytest.raises(AdmissionError):
        admit(running.ledger, running.keys, broker_settings(), request)


def _changed(request: bytes, **fields: str) -> bytes:
    return json.dumps(json.loads(request) | fields).encode()


def test_a_name_in_the_request_is_not_what_is_certified(running: Aggregator) -> None:
    """Whatever else the certificate request asks for is left out."""
    terminal = running.admit(Terminal("t-1"))
    assert terminal.admission
    certificate = x509.load_pem_x509_certificate(terminal.admission.certificate.encode())
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "t-1"
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not constraints.ca


# ── rosters ──


def everything(running: Aggregator, terminal: Terminal, base: int = 0) -> list[RosterDelta]:
    with running.ledger.read() as connection:
        found = [data for _, data in roster.deltas(connection, running.roster_keys, terminal.name, base)]
    assert all(len(data) < 200_000 for data in found)
    for data in found:
        verify_roster(PublicKey.of(running.keys.server), terminal.name, parse_roster(data))
    return [parse_roster(data) for data in found]


def test_a_roster_opens_on_its_terminal_only_and_holds_no_digits(running: Aggregator) -> None:
    one, other = running.admit(Terminal("t-1")), running.admit(Terminal("t-2"))
    refs = running.people(3)
    (delta,) = everything(running, one)
    assert (delta.base, delta.version, [e.person for e in delta.entries]) == (0, 3, refs)
    for n, entry in enumerate(delta.entries):
        bound = b"hazri card 1\0" + entry.person + b"t-1"
        card = parse_card(seal.open_sealed(one.seal, entry.sealed, bound, makers(running)))
        assert card.name == f"Synthetic Person {n:03}"
        assert card.lookup == seal.lookup(one.lookup_key(), f"{n:06}")
        with pytest.raises(SealError):
            seal.open_sealed(other.seal, entry.sealed, bound, makers(running))
        with pytest.raises(SealError):
            seal.open_sealed(one.seal, entry.sealed, bound)  # it says who made it


def test_flags_go_down_in_the_card_and_again_when_they_change(running: Aggregator) -> None:
    """S1, S16."""
    one = running.admit(Terminal("t-1"))
    chief = Registration("Synthetic Chief", "000001", CardFlag.SUPERVISOR | CardFlag.SPOKEN)
    ref, _ = register(running.ledger, running.vault, [chief, Registration("Synthetic Person", "000002")])

    def flags(base: int) -> list[CardFlag]:
        return [
            parse_card(
                seal.open_sealed(one.seal, entry.sealed, b"hazri card 1\0" + entry.person + b"t-1", makers(running))
            ).flags
            for delta in everything(running, one, base)
            for entry in delta.entries
        ]

    assert flags(0) == [chief.flags, CardFlag.NONE]
    assert not set_flags(running.ledger, ref.hex(), chief.flags)
    assert flags(2) == []
    assert set_flags(running.ledger, ref.hex(), CardFlag.MORE_TIME)
    assert flags(2) == [CardFlag.MORE_TIME]
    assert flags(0) == [CardFlag.NONE, CardFlag.MORE_TIME]


def test_digits_are_in_no_file_in_clear(running: Aggregator) -> None:
    register(running.ledger, running.vault, [Registration("Synthetic Person", "918273")])
    running.admit(Terminal("t-1"))
    for path in running.folder.rglob("*"):
        if path.is_file():
            assert b"918273" not in path.read_bytes(), path


def test_a_change_goes_down_as_a_delta(running: Aggregator) -> None:
    one = running.admit(Terminal("t-1"))
    refs = running.people(4)
    with running.ledger.write() as connection:
        connection.execute(person.update().where(person.c.ref == refs[1]).values(active=False))
        roster.change(connection, [refs[1], refs[0]])
    (delta,) = everything(running, one, 4)
    assert (delta.base, delta.version) == (4, 6)
    assert [(e.person, e.active) for e in delta.entries] == [(refs[1], False), (refs[0], True)]
    (whole,) = everything(running, one)
    assert [(e.person, e.active) for e in whole.entries] == [
        (refs[2], True), (refs[3], True), (refs[1], False), (refs[0], True)
    ]  # fmt: skip


def test_a_large_roster_comes_in_messages_that_follow_each_other(running: Aggregator, tmp_path: Path) -> None:
    refs = running.people(1500)
    one = running.admit(Terminal("t-1"))
    found = everything(running, one)
    assert len(found) > 1
    assert found[0].base == 0
    assert all(a.version == b.base for a, b in itertools.pairwise(found))
    assert found[-1].version == 1500
    store = RosterStore(tmp_path / "roster.db")
    for delta in found:
        store.apply(delta)
    assert {e.person for e in RosterReader(tmp_path / "roster.db").entries()} == set(refs)


# ── the way of a template: up sealed, down again for every terminal ──


class Unit:
    """A terminal's files with the real outbox, roster store and agent, driven step by step."""

    def __init__(self, running: Aggregator, name: str, folder: Path) -> None:
        self.terminal = running.admit(Terminal(name))
        folder.mkdir()
        self.outbox = Outbox(folder / "punches.db", name, self.terminal.key)
        self.store = RosterStore(folder / "roster.db")
        self.reader = RosterReader(folder / "roster.db")
        self.states: list[AgentState] = []
        link = LoopbackLink(running.hub, (down_all(name),))
        settings = AgentSettings(name, poll_s=0.01)
        public = PublicKey.of(running.keys.server)
        self.agent = Agent(settings, folder / "punches.db", self.store, link, public, self.states.append)
        link.open(self.agent._inbox.put, lambda up, why: self.agent._inbox.put((up, why)), self.agent._will)

    def step(self) -> bool:
        self.agent.step()
        return True

    def enrol(self, running: Aggregator, ref: bytes, plain: bytes, finger: int = 1, version: int = 1) -> bytes:
        public = running.keys.template.public_key()
        data = template_bytes(seal.seal_template(public, "server", ref, finger, version, plain))
        self.outbox.append(enrolment(ref, finger, version, data), data)
        return data


def enrolment(ref: bytes, finger: int, version: int, data: bytes) -> Event:
    digest = hashlib.sha256(data).digest()
    detail: dict[str, int | str | bytes] = {
        "person": ref, "finger": finger, "version": version, "hash": digest, "size": len(data)
    }  # fmt: skip
    return Event(EventCode.ENROLMENT, detail, instant(1))


def test_a_template_travels_up_sealed_and_down_to_every_terminal(running: Aggregator, tmp_path: Path) -> None:
    refs = running.people(2)
    one, two = Unit(running, "t-1", tmp_path / "one"), Unit(running, "t-2", tmp_path / "two")
    until(lambda: one.step() and two.step() and one.reader.version() == two.reader.version() == 2, "rosters arrive")
    plain = {(1, 1): os.urandom(300), (1, 2): os.urandom(2500), (6, 1): os.urandom(40)}
    for (finger, version), data in plain.items():
        one.enrol(running, refs[0], data, finger, version)
    until(lambda: one.step() and two.step() and two.reader.version() == 5, "templates arrive at the other")
    until(lambda: one.step() and one.agent.state.receipted == 3, "receipted")
    for unit in (one, two):
        entry = next(e for e in unit.reader.entries() if e.person == refs[0])
        opened = {
            (t.finger, t.version): seal.open_template(t, unit.terminal.seal, unit.terminal.name, makers(running))
            for t in entry.templates
        }
        assert opened == plain
    assert running.sql("SELECT count(*) FROM chunk") == [(0,)]


def makers(running: Aggregator) -> tuple[X25519PublicKey, ...]:
    return (running.keys.template.public_key(),)


def test_a_template_that_somebody_put_into_the_ledger_goes_to_no_terminal(
    running: Aggregator, caplog: pytest.LogCaptureFixture
) -> None:
    """S8: the administrator of the database knows every public key, and has no private one."""
    one, (ref,) = running.admit(Terminal("t-1")), running.people(1)
    row = {"person": ref, "finger": 1, "version": 1, "sealed": sealed(running, ref), "terminal": "t-1", "since_ms": 1}
    with running.ledger.write() as connection:
        connection.execute(insert(template).values(**row))
    (delta,) = everything(running, one)
    (entry,) = delta.entries
    assert entry.templates == ()
    assert "not sealed by this server" in caplog.text


def sealed(running: Aggregator, ref: bytes, size: int = 2000, finger: int = 1) -> bytes:
    public = running.keys.template.public_key()
    return template_bytes(seal.seal_template(public, "server", ref, finger, 1, os.urandom(size)))


def chunks(one: Line, data: bytes, seq: int = 1) -> list[bytes]:
    parts = [data[i : i + 512] for i in range(0, len(data), 512)]
    return [chunk_bytes(Chunk(one.terminal.log, seq, i, len(parts), part)) for i, part in enumerate(parts)]


@pytest.mark.parametrize("event_first", [True, False])
def test_chunks_before_or_after_the_event_twice_and_in_any_order(running: Aggregator, event_first: bool) -> None:
    (ref,) = running.people(1)
    one = Line(running.hub, running.admit(Terminal("t-1")))
    data = sealed(running, ref)
    one.terminal.add(enrolment(ref, 1, 1, data))
    parts = chunks(one, data)
    if event_first:
        one.send("batch", one.terminal.batch_bytes())
    for part in [parts[-1], *parts, parts[0]]:
        one.send("chunk", part)
    if not event_first:
        one.send("batch", one.terminal.batch_bytes())
    running.wait("templates")
    for part in parts:
        one.send("chunk", part)
    running.wait("chunks", 2 * len(parts) + 2)
    ((*named, kept),) = running.sql("SELECT person, finger, version, sealed FROM template")
    assert named == [ref, 1, 1]
    assert parse_template(kept).body == parse_template(data).body
    assert running.sql("SELECT count(*) FROM chunk") == [(0,)]


def small_talk(ref: bytes, data: bytes) -> Event:
    """An announcement that says less than will come."""
    honest = enrolment(ref, 1, 1, data)
    return Event(honest.code, {**honest.detail, "size": 100}, honest.instant)


def test_templates_that_are_not_what_was_announced_are_refused(running: Aggregator) -> None:
    (ref,) = running.people(1)
    one = Line(running.hub, running.admit(Terminal("t-1")))
    good, other = sealed(running, ref), sealed(running, ref, finger=2)
    foreign = template_bytes(
        seal.seal_template(X25519PrivateKey.generate().public_key(), "server", ref, 1, 1, os.urandom(99))
    )
    large = sealed(running, ref, size=templates.MAX_SEALED_BYTES)
    cases = [
        (enrolment(ref, 1, 1, good), other),  # other bytes than announced
        (enrolment(ref, 1, 1, other), other),  # another finger than announced
        (enrolment(b"stranger", 1, 1, sealed(running, b"stranger")), sealed(running, b"stranger")),
        (enrolment(ref, 1, 1, foreign), foreign),  # sealed to somebody else
        (enrolment(ref, 1, 1, b"garbage" * 9), b"garbage" * 9),
        (Event(EventCode.ENROLMENT, {"person": "name", "size": 10**9}, instant(1)), good),
        (small_talk(ref, large), large),  # more than announced, and more than a roster could carry
    ]
    one.terminal.add(*(event for event, _ in cases))
    one.send("batch", one.terminal.batch_bytes())
    for seq, (_, data) in enumerate(cases, 1):
        for part in chunks(one, data, seq):
            one.send("chunk", part)
    running.wait("refused_template", len(cases))
    assert running.sql("SELECT count(*) FROM template") == [(0,)]
    assert running.count("records") == len(cases)  # the log is kept whole all the same


def test_chunks_nobody_announced_are_bounded(running: Aggregator) -> None:
    one = Line(running.hub, running.admit(Terminal("t-1")))
    for n in range(1, templates.MAX_WAITING_BYTES // 4096 + 11):
        one.send("chunk", chunk_bytes(Chunk(one.terminal.log, n, 0, 2, bytes(4096))))
        if n % 16 == 0:  # no more at once than a terminal has under way
            taken = functools.partial(lambda sent: running.count("chunks") + running.count("refused_chunk") >= sent, n)
            until(taken, "what was sent is taken")
    one.send("chunk", chunk_bytes(Chunk(one.terminal.log, 1, 0, 1024, bytes(60_000))))
    running.wait("refused_chunk", 11)
    ((size,),) = running.sql("SELECT sum(length(data)) FROM chunk")
    assert int(str(size)) <= templates.MAX_WAITING_BYTES


def test_a_terminal_ahead_of_us_is_given_everything_anew(running: Aggregator) -> None:
    """The ledger came back from a backup and has forgotten versions it gave out."""
    refs = running.people(2)
    one = Line(running.hub, running.admit(Terminal("t-1")))
    one.send("beat", one.terminal.beat(roster_version=40))
    delta = parse_roster(one.next("roster"))
    assert (delta.base, delta.version, {e.person for e in delta.entries}) == (0, 42, set(refs))


def test_a_revoked_terminal_gets_no_roster(running: Aggregator) -> None:
    one, two = (Line(running.hub, running.admit(Terminal(name))) for name in ("t-1", "t-2"))
    for each in (one, two):
        each.send("beat", each.terminal.beat())
    running.wait("beats", 2)
    revoke(running.ledger, "t-1")
    running.people(1)
    parse_roster(two.next("roster"))
    assert one.inbox.empty()


def test_a_terminal_nothing_can_be_sealed_to_costs_only_itself(
    running: Aggregator, caplog: pytest.LogCaptureFixture
) -> None:
    """S8: its neighbours get their rosters, and its failure is said once."""
    bad, good = (Line(running.hub, running.admit(Terminal(name))) for name in ("t-1", "t-2"))
    with running.ledger.write() as connection:
        connection.execute(update(terminal).where(terminal.c.id == "t-1").values(seal_key=bytes(32)))
    for each in (bad, good):
        each.send("beat", each.terminal.beat())
    running.wait("beats", 2)
    running.people(1)
    assert parse_roster(good.next("roster")).version == 1
    running.pusher.push_due()
    running.people(1)
    assert parse_roster(good.next("roster")).version == 2
    assert running.pusher.alive
    assert bad.inbox.empty()
    assert len([r for r in caplog.records if "terminal=t-1 roster=failed" in r.getMessage()]) == 1


def test_a_thread_that_has_ended_is_a_problem(tmp_path: Path) -> None:
    """Each is named by what it does."""
    running = Aggregator(tmp_path)
    with contextlib.ExitStack() as stack:
        threads = Threads(stack)
        threads.keep("stores", running.ingest)
        threads.keep("sends rosters", running.pusher)
        notary = threads.keep("signs checkpoints", Notary(running.ledger, running.keys.server))
        delivery.start(threads, running.ledger, running.keys)
        until(lambda: running.ingest.up, "the link is up")
        assert _problems(None, running.ingest, threads, Child("background", ["true"])) == []
        for ended, says in ((running.pusher, "rosters"), (notary, "checkpoints"), (running.ingest, "stores")):
            ended.stop()
            assert [one for one in threads.problems() if says in one] != []
        assert len(threads.problems()) == 3
        background = Child("background", ["true"])
        assert "there is no link to the broker" in _problems(None, running.ingest, threads, background)
    assert {word for one in threads.problems() for word in one.split()} >= {"webhooks", "districts"}
    assert len(threads.problems()) == 5
    running.ledger.close()
