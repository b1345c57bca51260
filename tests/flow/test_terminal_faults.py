"""What the terminal does when the disk is full, when it is killed, and when somebody talks nonsense to its sockets."""

import json
import random
import resource
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drivers import DeviceGone
from drivers.lines import MAX_CLIENTS, MAX_LINE, LineClient
from edge.trust.keys import load_keys
from matching.synthetic import generate
from sync.chain import genesis
from sync.ed25519 import PublicKey
from sync.outbox import OutboxReader
from sync.record import Event, EventCode
from sync.roster import RosterStore
from tests.flow.terminal_site import TERMINAL, Site, person
from tests.unit.sync.verifying import verify_batch

DIGITS = "024680"


@pytest.fixture(scope="module")
def fingers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic") / "fingers"
    generate(1, 6, 13, out)
    return out


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, fingers: Path) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    assert site.enrol(person(1), 1, [fingers / f"101_{i}.png" for i in (1, 2, 3, 4, 5)])["ok"]
    yield site
    assert site.stop() == 0


@pytest.fixture
def finger(fingers: Path) -> Path:
    return fingers / "101_6.png"


@contextmanager
def full_disk(site: Site) -> Iterator[None]:
    """The kernel refuses every write of the terminal to a file, as it does when there is no room left."""
    assert site.process is not None
    usual = resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (0, usual[1]))
    try:
        yield
    finally:
        if site.process is not None:
            resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, usual)


def test_a_full_disk_is_red_and_the_terminal_recovers(site: Site, finger: Path) -> None:
    """S13: not recorded, said so, nothing half-written; and green again when there is room."""
    before = site.status()["seq"]
    with full_disk(site):
        for _ in range(2):
            assert site.punch(DIGITS, finger)["outcome"] == "not_recorded"
        assert site.status()["not_recorded"] == 2
        assert site.status()["seq"] == before
    seen = site.punch(DIGITS, finger)
    assert (seen["outcome"], seen["seq"]) == ("accepted", before + 2)
    fault = dict(site.records())[before + 1]
    assert isinstance(fault, Event)
    assert (fault.code, fault.detail) == (EventCode.STORAGE, {"refused": 2})


def test_the_next_start_after_a_full_disk_recovers(site: Site, finger: Path) -> None:
    """S13: killed while the disk was full; what was green is there, and punching goes on."""
    green = site.punch(DIGITS, finger)["seq"]
    with full_disk(site):
        assert site.punch(DIGITS, finger)["outcome"] == "not_recorded"
        site.stop(signal.SIGKILL)
    assert max(site.punches()) == green
    site.start()
    assert site.punch(DIGITS, finger)["seq"] == green + 1


def test_it_starts_with_a_full_disk_and_recovers_by_itself(site: Site, finger: Path) -> None:
    """S2, S13: never refuse to start. Somebody goes on reading, so the log cannot be written from its beginning."""
    green = site.punch(DIGITS, finger)["seq"]
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    with reading(site):
        site.stop()
        site.start(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1])))
        assert site.punch(DIGITS, finger)["outcome"] == "not_recorded"
    assert max(site.punches()) == green
    assert site.process is not None
    resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, usual)
    assert site.punch(DIGITS, finger)["outcome"] == "accepted"
    assert chain_holds(site)


@contextmanager
def reading(site: Site) -> Iterator[None]:
    """Somebody is in the middle of reading punches.db."""
    with closing(sqlite3.connect(f"{(site.state / 'punches.db').as_uri()}?mode=ro", uri=True)) as db:
        db.execute("BEGIN")
        db.execute("PRAGMA user_version").fetchone()
        yield


def test_an_enrolment_that_the_disk_refuses_is_refused(site: Site, fingers: Path) -> None:
    before = site.status()
    with full_disk(site):
        answer = site.enrol(person(1), 1, [fingers / f"101_{i}.png" for i in (1, 2, 3, 4, 5)])
    assert not answer["ok"]
    assert "not recorded" in answer["error"]
    assert site.status()["seq"] == before["seq"]


def test_an_unreadable_roster_refuses_an_enrolment_and_is_over_when_mended(
    site: Site, fingers: Path, finger: Path
) -> None:
    """Who is known stays known; only enrolling waits for the roster."""
    site.stop()
    roster = site.state / "roster.db"
    site.roster.close()
    whole = {path: path.read_bytes() for path in site.state.glob("roster.db*")}
    for path in whole:
        path.unlink()
    roster.write_bytes(b"this is no database" * 500)
    site.start()
    answer = site.enrol(person(1), 1, [fingers / f"101_{i}.png" for i in (1, 2, 3)])
    assert not answer["ok"]
    assert "roster cannot be read" in answer["error"]
    assert site.status()["serving"]
    for path, data in whole.items():
        path.write_bytes(data)
    site.wait(lambda: {"event": "trouble", "what": "roster", "over": True} in site.events)
    assert [e.get("over") for e in site.events if e.get("what") == "roster"] == [None, True]
    site.roster = RosterStore(roster)
    assert site.punch(DIGITS, finger)["outcome"] == "accepted"


def test_whatever_was_green_survives_kill_9(site: Site, finger: Path) -> None:
    """S2: killed at any moment; the log holds every green punch, unbroken, signed by the record key."""
    green: dict[int, str] = {}
    dice = random.Random(1)
    for _ in range(3):
        gone = threading.Timer(dice.uniform(0.3, 1.2), lambda: site.process and site.process.kill())
        gone.start()
        try:
            while True:
                seen = site.punch(DIGITS, finger)
                green[seen["seq"]] = seen["person"]
        except DeviceGone:
            pass
        site.stop(signal.SIGKILL)
        green |= {e["seq"]: e["person"] for e in site.events if e.get("outcome") == "accepted"}
        site.start()
    assert green
    kept = site.punches()
    assert {seq: kept[seq].person.hex() for seq in green} == green
    assert chain_holds(site)


def chain_holds(site: Site) -> bool:
    reader = OutboxReader(site.state / "punches.db")
    batch = reader.batch(1, 1000)
    assert batch is not None
    record_key: Ed25519PrivateKey = load_keys(site.state).record
    verify_batch(PublicKey.of(record_key), batch, genesis(TERMINAL, reader.log))
    reader.close()
    return True


def test_a_finger_enrolled_here_is_known_after_a_restart_without_the_roster(site: Site, finger: Path) -> None:
    """The enrolled template is read back from punches.db: the roster never brought it."""
    site.stop()
    site.start()
    assert site.status()["templates"] == 3
    assert site.punch(DIGITS, finger)["outcome"] == "accepted"


nonsense = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    ).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"do": st.sampled_from(["place", "press", "lift", "advise", "enrol", "fly"])},
        optional={
            "picture": st.sampled_from(["/dev/zero", "/proc/self/mem", "/", "", "x\0y", "/nowhere"]) | st.integers(),
            "keys": st.lists(st.integers() | st.just("\n") | st.text(min_size=9), min_size=1, max_size=40),
            "dpi": st.integers() | st.text(max_size=3) | st.floats(),
            "advice": st.text(max_size=5),
            "person": st.text(max_size=20),
            "finger": st.integers() | st.none() | st.booleans() | st.floats(),
        },
    ).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {
            "do": st.just("enrol"),
            "person": st.just(person(1).hex()),  # on the roster: only the finger is nonsense
            "finger": st.booleans() | st.none() | st.integers(max_value=0) | st.integers(11) | st.floats() | st.text(),
        }
    ).map(lambda value: json.dumps(value).encode()),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(lines=[json.dumps({"do": "enrol", "person": person(1).hex(), "finger": True}).encode()])
@given(lines=st.lists(nonsense.map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=5))
@pytest.mark.parametrize("socket", ["control.sock", "virtual.sock"])
def test_nonsense_is_answered_line_by_line(site: Site, socket: str, lines: list[bytes]) -> None:
    """Every line that is not empty gets an answer, and then an honest question still does."""
    asked = [line for line in lines if line.strip()]
    with LineClient(site.folder / "run" / socket) as client:
        client.send_raw(b"\n".join([*asked, b""]))
        answers = [client.next() for _ in asked]
        for answer in answers:
            assert answer["ok"] is True or isinstance(answer["error"], str)
        assert client.ask({"do": "status" if socket == "control.sock" else "state"})["ok"]


@pytest.mark.parametrize("socket", ["control.sock", "virtual.sock"])
def test_a_line_without_end_is_refused_in_bounded_memory(site: Site, socket: str) -> None:
    with LineClient(site.folder / "run" / socket) as client:
        for _ in range(64):
            client.send_raw(b"[" * 65536)
        client.send_raw(b"\n")
        assert str(MAX_LINE) in client.next()["error"]


def test_a_crowd_is_turned_away_and_the_terminal_goes_on(site: Site, finger: Path) -> None:
    crowd = [site.control() for _ in range(MAX_CLIENTS)]
    try:
        for client in crowd:
            assert client.ask({"do": "status"})["ok"]
        with site.control() as late:
            assert "connected already" in late.next()["error"]
    finally:
        for client in crowd:
            client.close()
    site.wait(lambda: _answers(site))
    assert site.punch(DIGITS, finger)["outcome"] == "accepted"


def _answers(site: Site) -> bool:
    try:
        return bool(site.status().get("serving"))
    except DeviceGone:
        return False


@pytest.mark.parametrize("keys", [["1", "2"], [*DIGITS, "enter"]], ids=["typing", "finger"])
def test_told_to_stop_it_stops_although_somebody_is_waited_for(tmp_path: Path, fingers: Path, keys: list[str]) -> None:
    """SIGTERM ends a wait of minutes at once, with code 0."""
    site = Site(tmp_path, patience_s=600)
    site.people(site.authority.entry(person(1), DIGITS))
    site.start()
    assert site.enrol(person(1), 1, [fingers / f"101_{i}.png" for i in (1, 2, 3, 4, 5)])["ok"]
    with site.hands() as hands, site.control() as eyes:
        eyes.ask({"do": "watch"})
        hands.ask({"do": "press", "keys": keys})
        while eyes.next().get("state") != ("typing" if len(keys) == 2 else "place"):
            pass
        assert site.stop() == 0
