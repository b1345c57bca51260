"""Releases on the server: who must sign, what terminals are shown, and how a district goes through its rings."""

import contextlib
import dataclasses
import datetime as dt
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from tuf.api.metadata import Metadata

from edge.update.purse import MeteredPurse
from edge.update.source import Web
from server import ReleaseError
from server.__main__ import command
from server.feed import Feed
from server.fleet.standing import State as Standing
from server.ledger.store import Ledger
from server.ledger.tables import terminal as terminal_table
from server.releases import contents, gate, keys, repository
from server.releases.gate import HOUR_MS, Gate, Seen, Verdict, judge
from server.releases.reports import reports
from server.releases.repository import Repository
from server.releases.rollout import Report, Rollouts, State
from server.run import start_web
from server.web.services import Services
from sync.budget import Budget
from sync.health import Serving
from sync.release import wheel_path, within
from tests.unit.edge.update_site import ARCH, DISTRICT, PYTHON, Makers, Terminal, make_wheel, make_wheels
from tests.unit.server.fleet_site import WELL, admitted, offices, says

NEW, NEWER = "0.2.0", "0.3.0"
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    return Makers(tmp_path / "makers")


# ── signing ──


def test_a_release_counts_when_enough_holders_have_signed(makers: Makers, tmp_path: Path) -> None:
    repo = makers.repository
    release = contents.take(make_wheels(tmp_path / "wheels", NEW), NEW, ARCH, PYTHON, repo.targets_dir)
    repo.add(release)
    assert (repo.staged(), repo.lacks().counts) == ([f"{NEW} for {ARCH}"], (2, 0, 0))
    assert repo.sign([makers.holder(3)]) == "to be signed by 1 more of holders 1, 2"
    assert repo.sign([makers.holder(3)]) == "to be signed by 1 more of holders 1, 2"  # twice the same is one
    with pytest.raises(ReleaseError, match="to be signed by 1 more of holders 1, 2"):
        repo.publish()
    assert repo.releases() == []
    assert repo.sign([makers.holder(1)]) == "enough have signed; publish it"
    repo.publish()
    assert (repo.releases(), repo.staged(), repo.lacks().counts) == ([(NEW, ARCH)], [], (0, 0, 0))


def test_a_change_after_a_signature_needs_new_ones(makers: Makers, tmp_path: Path) -> None:
    """Nobody signed what was added afterwards."""
    repo = makers.repository
    for version in (NEW, NEWER):
        wheels = make_wheels(tmp_path / version, version)
        repo.add(contents.take(wheels, version, ARCH, PYTHON, repo.targets_dir))
        if version == NEW:
            repo.sign([makers.holder(1), makers.holder(2)])
    assert repo.lacks().counts == (2, 0, 0)


def test_keys_of_others_do_not_sign(makers: Makers, tmp_path: Path) -> None:
    repo = makers.repository
    with pytest.raises(ReleaseError, match="nothing waits"):
        repo.sign([makers.holder(1)])
    repo.add_district("hr-14")
    with pytest.raises(ReleaseError, match="none of these keys"):
        repo.sign([keys.make(tmp_path / "stranger.pem"), keys.load(repo.folder / "online" / "timestamp.pem")])
    repo.sign([makers.holder(1), makers.holder(2)])
    repo.publish()
    assert "hr-14" in repo.districts()


def test_releases_go_forward_only(makers: Makers, tmp_path: Path) -> None:
    makers.release(NEWER)
    old = contents.take(make_wheels(tmp_path / "old", NEW), NEW, ARCH, PYTHON, makers.repository.targets_dir)
    with pytest.raises(ReleaseError, match="not newer"):
        makers.repository.add(old)


def test_the_newest_state_is_said_last_and_renewed_in_time(makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet day costs terminals one small file; long before anything is out of date it is signed anew."""
    repo = makers.repository
    before = sorted(path.name for path in (makers.public / "metadata").iterdir())
    repo.publish()
    assert sorted(path.name for path in (makers.public / "metadata").iterdir()) == before
    timestamp = Metadata.from_file(str(makers.public / "metadata" / "timestamp.json"))
    assert timestamp.signed.version == 2
    assert timestamp.signed.expires - dt.datetime.now(dt.UTC) < dt.timedelta(days=8)
    monkeypatch.setattr(repository, "DISTRICT_DAYS", 90)  # as if half of their time had passed
    monkeypatch.setitem(repository.DAYS, "snapshot", 90)
    repo.publish()
    after = {path.name for path in (makers.public / "metadata").iterdir()} - set(before)
    assert after == {f"2.{DISTRICT}.json", "2.hr-13.json", "2.snapshot.json"}


def test_keys_lie_under_a_passphrase_and_are_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    made = keys.make(path, b"several words")
    assert path.stat().st_mode & 0o077 == 0
    assert keys.load(path, b"several words").public_key == made.public_key
    for wrong in (b"other words", None):
        with pytest.raises(ReleaseError, match="passphrase"):
            keys.load(path, wrong)
    with pytest.raises(ReleaseError, match="a key already"):
        keys.make(path)
    with pytest.raises(ReleaseError, match="no keys"):
        keys.load_all(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["targets", "wheels", "HR", "../x", "root"])
def test_names_that_mean_something_else_are_no_districts(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReleaseError, match="district"):
        Repository(tmp_path / "r").init(tmp_path / "k", [name], count=1, threshold=1, passphrase=None)
    assert not (tmp_path / "k").exists()


def test_wheels_of_another_machine_or_python_are_refused(makers: Makers, tmp_path: Path) -> None:
    for name, words in (
        ("numpy-2.0-cp311-cp311-manylinux_2_17_aarch64.whl", "not for amd64"),
        ("numpy-2.0-cp312-cp312-manylinux_2_17_x86_64.whl", "not for Python 3.11"),
    ):
        wheels = make_wheels(tmp_path / name, NEW)
        make_wheel(wheels, "x", "1", {}).rename(wheels / name)
        with pytest.raises(ReleaseError, match=words):
            contents.take(wheels, NEW, ARCH, "3.11", makers.repository.targets_dir)
    (wheels / name).rename(wheels / "numpy-2.0-cp39-abi3-manylinux_2_17_x86_64.whl")
    assert len(contents.take(wheels, NEW, ARCH, "3.11", makers.repository.targets_dir).wheels) == 3
    with pytest.raises(ReleaseError, match="wheels"):
        contents.take(tmp_path / "nothing", NEW, ARCH, "3.11", makers.repository.targets_dir)


# ── rings ──


@pytest.mark.parametrize(
    ("seen", "hours", "verdict"),
    [
        (Seen(10, 10, 10, 0, 90, 2), 1, Verdict.WAIT),
        (Seen(10, 10, 10, 0, 90, 2), 25, Verdict.ADVANCE),
        (Seen(10, 10, 8, 0, 90, 2), 25, Verdict.WAIT),
        (Seen(10, 0, 0, 0, 0, 0), 200, Verdict.WAIT),
        (Seen(0, 0, 0, 0, 90, 2), 1, Verdict.ADVANCE),
        (Seen(10, 10, 10, 1, 90, 2), 1, Verdict.HALT),
        (Seen(100, 100, 95, 10, 900, 90), 25, Verdict.ADVANCE),  # ill as often as those without it
        (Seen(10, 10, 4, 0, 90, 2), 97, Verdict.HALT),
        (Seen(10, 10, 6, 0, 90, 2), 97, Verdict.WAIT),
    ],
)
def test_the_gate(seen: Seen, hours: int, verdict: Verdict) -> None:
    found, why = judge(seen, Gate(), hours * HOUR_MS)
    assert found is verdict
    assert why


def fleet(software: str, serving: bool, at_ms: int, percent: int = 100) -> Iterator[Report]:
    """300 terminals of the district, of which those in the ring say this; and a stranger that is ill."""
    for n in range(300):
        name = f"gate-{n}"
        ours = within(name, percent)
        districts = (DISTRICT, "hr", "all")
        yield Report(name, districts, software if ours else "0.1.0", serving or not ours, at_ms)
    yield Report("far-1", ("hr-99", "hr", "all"), software, False, at_ms)


def test_a_healthy_release_goes_through_the_rings_by_itself(makers: Makers) -> None:
    makers.release(NEW)
    rollouts = Rollouts(makers.repository)
    rollouts.begin(DISTRICT, NEW, 0)
    seen, now_ms = [], 0
    for _ in range(5):
        now_ms += DAY_MS + 1
        percent = rollouts.all()[DISTRICT].percent
        one, _why = rollouts.advance(lambda p=percent, n=now_ms: fleet(NEW, True, n, p), now_ms).get(
            DISTRICT, (rollouts.all()[DISTRICT], "")
        )
        seen.append((one.percent, one.state))
    assert seen == [(10, "rolling"), (100, "rolling"), (100, "done"), (100, "done"), (100, "done")]
    assert offered(makers) == (NEW, 100)


def test_an_ill_release_is_halted_by_itself_and_offered_to_nobody_else(makers: Makers) -> None:
    makers.release(NEW)
    rollouts = Rollouts(makers.repository)
    rollouts.begin(DISTRICT, NEW, 0)
    one, why = rollouts.advance(lambda: fleet(NEW, False, HOUR_MS, 1), HOUR_MS)[DISTRICT]
    assert (one.state, one.percent) == (State.HALTED, 0)
    assert why.startswith("halt: ")
    assert offered(makers) == (NEW, 0)
    with pytest.raises(ReleaseError, match="only a later version follows"):
        rollouts.begin(DISTRICT, NEW, 0)
    makers.release(NEWER)
    assert rollouts.begin(DISTRICT, NEWER, 0).percent == 1


def test_a_release_that_terminals_go_back_from_is_halted(makers: Makers) -> None:
    """They report the old version, and are well."""
    makers.release(NEW)
    rollouts = Rollouts(makers.repository)
    rollouts.begin(DISTRICT, NEW, 0)
    one, why = rollouts.advance(lambda: fleet("0.1.0", True, 5 * DAY_MS), 5 * DAY_MS)[DISTRICT]
    assert one.state is State.HALTED
    assert "only 0 of" in why


def test_a_terminal_counts_where_it_takes_its_releases_from(tmp_path: Path) -> None:
    """Those of a district that rolls out for itself neither run what is for all, nor are they blamed for it."""
    makers = Makers(tmp_path / "makers", ("all", DISTRICT, "hr"))
    makers.release(NEW)
    rollouts = Rollouts(makers.repository)
    rollouts.begin("all", NEW, 0)
    told = [Report(f"t-{n}", (DISTRICT, "hr", "all"), "0.1.0", False, HOUR_MS) for n in range(3)]
    told += [Report("u-1", ("all",), "0.1.0", True, HOUR_MS)]
    assert counted(rollouts, told) == {"all": 4}
    rollouts.begin(DISTRICT, NEW, 0)
    assert counted(rollouts, told) == {"all": 1, DISTRICT: 3}


def counted(rollouts: Rollouts, told: list[Report]) -> dict[str, int]:
    rollouts.advance(lambda: told, HOUR_MS)
    return {name: one.seen.others for name, one in rollouts.all().items() if one.seen}


def test_who_is_cut_off_between_file_and_signature_signs_again(makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    makers.release(NEW)
    rollouts = Rollouts(makers.repository)
    with monkeypatch.context() as broken:
        broken.setattr(Repository, "offer", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rollouts.begin(DISTRICT, NEW, 0)
    assert not rollouts.all()[DISTRICT].signed
    rollouts.advance(list, 1)
    assert offered(makers)[0] == NEW


@pytest.mark.parametrize(
    ("name", "version", "words"), [("hr-77", NEW, "no such district"), (DISTRICT, "7.0", "no such release"),
                                   (DISTRICT, "new", "no such release")]
)  # fmt: skip
def test_what_is_not_there_is_not_rolled_out(makers: Makers, name: str, version: str, words: str) -> None:
    makers.release(NEW)
    with pytest.raises(ReleaseError, match=words):
        Rollouts(makers.repository).begin(name, version, 0)
    with pytest.raises(ReleaseError, match="nothing is rolled out"):
        Rollouts(makers.repository).halt(DISTRICT, "why", 0)


def offered(makers: Makers) -> tuple[str, int]:
    """What the district's newest role says."""
    found = sorted((makers.public / "metadata").glob(f"*.{DISTRICT}.json"), key=lambda p: int(p.name.split(".")[0]))
    (target,) = Metadata.from_file(str(found[-1])).signed.targets.values()
    return target.custom["version"], target.custom["percent"]


def test_a_gate_has_sound_limits() -> None:
    assert gate.Gate().patience_h > gate.Gate().soak_h


# ── what terminals are shown ──


@contextlib.contextmanager
def serving(ledger: Ledger, releases: Path | None) -> Iterator[str]:
    """The pages on a port of their own."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start_web(stack, Services(ledger, Feed(), list, releases=releases), listening)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_files_are_given_out_in_ranges_and_nothing_beside_them(makers: Makers, ledger: Ledger) -> None:
    release = makers.release(NEW)
    wheel = release.wheels[0]
    path = f"/releases/targets/{wheel_path(wheel)}"
    with serving(ledger, makers.repository.folder) as url, httpx.Client(base_url=url) as client:
        whole = client.get(path)
        assert (whole.status_code, len(whole.content)) == (200, wheel.length)
        assert "immutable" in whole.headers["cache-control"]
        part = client.get(path, headers={"range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{wheel.length}"
        newest = client.get("/releases/metadata/timestamp.json")
        assert (newest.status_code, newest.headers["cache-control"]) == (200, "no-cache")
        for other in ("rollouts.json", "online/timestamp.pem", "%2e%2e/online/timestamp.pem", "metadata/",
                      "metadata/%2e%2e%2f%2e%2e%2fonline/timestamp.pem", "metadata/9.root.json", ""):  # fmt: skip
            assert client.get(f"/releases/{other}").status_code == 404, other
        assert client.post("/releases/metadata/timestamp.json").status_code == 405


def test_a_server_without_releases_says_so(ledger: Ledger) -> None:
    with serving(ledger, None) as url:
        assert httpx.get(f"{url}/releases/metadata/timestamp.json").status_code == 404


def test_a_terminal_updates_from_the_servers_pages(makers: Makers, ledger: Ledger, tmp_path: Path) -> None:
    """In ranges, over one connection; what it cost is counted."""
    makers.release(NEW)
    makers.offer(NEW)
    terminal = Terminal(tmp_path / "opt", make_wheels(tmp_path / "old", "0.1.0"), "0.1.0")
    now = dt.datetime(2026, 4, 1, 23, tzinfo=dt.UTC)
    purse = MeteredPurse(Budget(tmp_path / "spent", 10**6), 10**6, lambda: True, lambda: True, lambda: now)
    with serving(ledger, makers.repository.folder) as url:
        source = Web(url, purse)
        assert terminal.update(source, makers.root) == f"{NEW} is what runs"
        first = purse.fetched
        assert terminal.update(source, makers.root) == f"{NEW} is what runs"
        source.close()
    assert terminal.state() == (NEW, NEW, NEW)
    assert purse.fetched - first < 2500  # a look that finds nothing new


# ── what terminals say ──


def test_what_terminals_say_of_themselves_is_what_rings_are_judged_by(ledger: Ledger) -> None:
    first, _ = offices(ledger)
    for name in ("t-1", "t-2", "t-3", "t-4"):
        admitted(ledger, name, state=Standing.QUARANTINED if name == "t-4" else Standing.ACTIVE)
    with ledger.write() as connection:
        connection.execute(update(terminal_table).where(terminal_table.c.id == "t-1").values(office=first))
    says(ledger, "t-1", WELL, 1000)
    says(ledger, "t-2", dataclasses.replace(WELL, serving=Serving.UNABLE, software="1.1.0"), 2000)
    says(ledger, "t-4", WELL, 1000)
    with ledger.read() as connection:
        told = sorted(reports(connection), key=lambda one: one.terminal)
    assert told == [
        Report("t-1", ("o0", "hr", "all"), "1.2.0", True, 1000),
        Report("t-2", ("all",), "1.1.0", False, 2000),
    ]


# ── the commands ──


def test_the_commands_from_wheels_to_a_district(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "server.toml"
    config.write_text(f'state_dir = "{tmp_path / "state"}"\n')
    wheels = make_wheels(tmp_path / "wheels", NEW)
    (tmp_path / "words").write_text("several words\n")
    secret = ("--keys", str(tmp_path / "keys"), "--passphrase-file", str(tmp_path / "words"))

    def release(*words: str, code: int = 0) -> str:
        assert command(["release", *words, "--config", str(config)]) == code
        said = capsys.readouterr()
        return (said.out + said.err).strip()

    assert "no repository" in release("status", code=1)
    assert "1.root.json" in release("init", *secret)
    assert "repository already" in release("init", *secret, code=1)
    assert "2 wheels" in release("add", NEW, "--arch", ARCH, "--wheels", str(wheels))
    assert release("status").splitlines()[:2] == [
        f"waits: {NEW} for {ARCH}",
        "to be signed by 2 more of holders 1, 2, 3",
    ]
    assert release("sign", *secret) == "enough have signed; publish it"
    assert release("publish") == "published as state 2"
    assert release("rollout", NEW) == f"all: {NEW} for 1 % of the terminals"
    assert "wait: " in release("rollout") or "no terminal is in this ring" in release("rollout")
    assert release("halt", "--why", "a fault was found") == f"all: {NEW} halted"
    assert f"district all: {NEW} halted at 0 % a fault was found" in release("status")
    assert "waits for signatures" in release("add", "--district", "hr-12")
    assert "waits: a change of districts" in release("status")
