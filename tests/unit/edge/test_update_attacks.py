"""The attacks on updates that The Update Framework names: each installs nothing, and the terminal says why (S8, S9).

The attacker owns what lies between the terminal and the makers, a mirror or a line, and where a test says so the keys
of the server itself.
"""

import hashlib
import http.server
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, MetaFile, TargetFile

from edge.update import SlotError, SourceError, TrustError, UpdateError
from edge.update.run import FOLDER, INCOMING
from edge.update.source import Folder, Patience, Source, Web
from server.releases import contents, keys, repository
from sync.release import Release, offer_path, release_bytes, release_path, wheel_path
from tests.unit.edge.update_site import (
    ARCH,
    DISTRICT,
    PYTHON,
    Makers,
    Terminal,
    installed,
    make_wheel,
    make_wheels,
    offering,
)

OLD, NEW, NEWER = "0.1.0", "0.2.0", "0.3.0"


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    """They have made and offered a release, and the terminal will be told of it."""
    return offering(tmp_path / "makers", NEW)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return installed(tmp_path, OLD)


@pytest.fixture
def mirror(tmp_path: Path, makers: Makers) -> Path:
    """The attacker's copy of what the server shows, keys included: a test that must not have them takes none."""
    return shutil.copytree(makers.repository.folder, tmp_path / "mirror")


def installs_nothing(terminal: Terminal, source: Source, root: bytes, why: type[UpdateError], words: str) -> None:
    """Not a file of a slot, not a link, not what is served; and the reason in words."""
    before = _slots(terminal)
    with pytest.raises(why, match=words):
        terminal.update(source, root)
    assert _slots(terminal) == before
    assert terminal.state() == (OLD, OLD, OLD)


def _slots(terminal: Terminal) -> dict[str, str]:
    folders = (terminal.root / "slots", terminal.root / "venv")
    links = {name: os.readlink(terminal.root / name) for name in ("current", "good")}  # noqa: PTH115 - as text
    files = {str(path): str(path.stat().st_mtime_ns) for folder in folders for path in folder.rglob("*")}
    return {name: one for name, one in (links | files).items() if "__pycache__" not in name}


def read(folder: Path, name: str) -> Metadata:
    return Metadata.from_file(str(folder / "public" / "metadata" / f"{name}.json"))


def forge(folder: Path, name: str, change: Callable[[Metadata], None], *signers: object) -> None:
    """Change a role and sign it with what the attacker has; with nothing, its old signatures stay."""
    found = read(folder, name)
    change(found)
    if signers:
        found.signatures.clear()
        for signer in signers:
            found.sign(signer, append=True)
    found.to_file(str(folder / "public" / "metadata" / f"{name}.json"))


def online(folder: Path, name: str) -> object:
    return keys.load(folder / "online" / f"{name}.pem")


def latest(folder: Path, role: str) -> str:
    """The name of a role's newest file."""
    found = [path.name for path in (folder / "public" / "metadata").glob(f"*.{role}.json")]
    return max(found, key=lambda name: int(name.split(".")[0])).removesuffix(".json")


def test_nothing_is_wrong_with_the_mirror_itself(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    """Or the attacks below would prove nothing."""
    terminal.update(Folder(mirror / "public"), makers.root)
    assert terminal.state() == (NEW, NEW, NEW)


# ── 1: arbitrary software ──


def test_arbitrary_software_in_place_of_a_wheel(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    wheel = next(one for one in terminal.look(Folder(mirror / "public"), makers.root).release.wheels)
    data = make_wheel(
        mirror / "evil", "hazri", NEW, {"hazri_small.py": b"def main():\n    print('evil')\n"}
    ).read_bytes()
    (mirror / "public" / "targets" / wheel_path(wheel)).write_bytes(data + bytes(max(0, wheel.length - len(data))))
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not the bytes that were signed")


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets", DISTRICT])
def test_arbitrary_metadata_signed_by_nobody(terminal: Terminal, mirror: Path, makers: Makers, role: str) -> None:
    stranger = keys.make(mirror / "stranger.pem")
    name = role if role == "timestamp" else latest(mirror, role)

    def change(found: Metadata) -> None:
        found.signed.expires = found.signed.expires.replace(year=found.signed.expires.year + 1)

    forge(mirror, name, change, stranger)
    words = "not signed as it must be|not the bytes that were signed"
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, words)


def test_a_release_signed_by_one_holder_alone(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    """One of three is bribed: two are needed."""
    wheels = make_wheels(mirror / "evil", NEWER)
    release = contents.take(wheels, NEWER, ARCH, PYTHON, mirror / "public" / "targets")
    _slip_in(mirror, release, makers.holder(1))
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not signed as it must be")


def test_a_root_that_the_last_root_did_not_sign(
    terminal: Terminal, mirror: Path, makers: Makers, tmp_path: Path
) -> None:
    """A whole repository of the attacker's own, as the next root of this one."""
    other = Makers(tmp_path / "other")
    root = Metadata.from_bytes(other.root)
    root.signed.version = 2
    for n in (1, 2, 3):
        root.sign(keys.load(other.keys / f"root-{n}.pem"), append=n > 1)
    root.to_file(str(mirror / "public" / "metadata" / "2.root.json"))
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not signed as it must be")


# ── 2: rollback ──


def test_an_older_state_than_was_seen(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    makers.repository.publish()
    terminal.look(Folder(makers.public), makers.root)
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "older than what was seen")


def test_an_older_release_though_everything_is_signed(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    """The terminal runs 0.2.0 and is offered 0.1.5, truly signed by the makers once."""
    older = Makers(tmp_path / "older")
    older.release("0.1.5")
    older.offer("0.1.5")
    terminal.update(Folder(makers.public), makers.root)
    shutil.rmtree(terminal.root / FOLDER / "metadata")
    assert terminal.update(Folder(older.public), older.root) == "0.1.5 is older than 0.2.0, which runs"
    assert terminal.state() == (NEW, NEW, NEW)


# ── 3: indefinite freeze ──


def test_a_state_that_is_out_of_date(terminal: Terminal, makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror that shows last month for ever: newer releases may be held back."""
    monkeypatch.setitem(repository.DAYS, "timestamp", -1)
    makers.repository.publish()
    installs_nothing(
        terminal, Folder(makers.public), makers.root, TrustError, "out of date: newer releases may be held"
    )


def test_a_clock_that_was_turned_back(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    """Or what is out of date would be in date again."""
    ahead = int(time.time()) + 40 * 24 * 3600
    (terminal.root / FOLDER / "seen_at").write_text(str(ahead))
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "the clock is behind")


# ── 4: mix and match ──


def test_roles_of_two_states(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    """The newest snapshot with a district's role from before it: each truly signed, but not together."""
    metadata = mirror / "public" / "metadata"
    name = latest(mirror, DISTRICT)
    shutil.copy(metadata / f"1.{DISTRICT}.json", metadata / f"{name}.json")
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not of one state")


def test_a_snapshot_that_its_timestamp_does_not_name(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    metadata = mirror / "public" / "metadata"
    shutil.copy(metadata / "1.snapshot.json", metadata / f"{latest(mirror, 'snapshot')}.json")
    words = "not the bytes that were signed"
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, words)


# ── 5: endless data ──


class Endless(Folder):
    """A mirror that never stops sending one file."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder)
        self._name = name
        self.sent = 0

    def read(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        while self._name in path:
            self.sent += 4096
            yield bytes(4096)
        yield from super().read(path, start, length)


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json", f"{DISTRICT}.json", "root.json"])
def test_metadata_without_an_end(terminal: Terminal, mirror: Path, makers: Makers, name: str) -> None:
    source = Endless(mirror / "public", name)
    installs_nothing(terminal, source, makers.root, SourceError, "more was sent than there may be")
    assert source.sent < 600 * 1024


@pytest.mark.parametrize("lies", ["no range", "too much"])
def test_a_file_without_an_end(terminal: Terminal, mirror: Path, makers: Makers, lies: str) -> None:
    """Over HTTP: a server that ignores the range it is asked for, or sends more than the part."""
    with Server(mirror / "public", lies) as server:
        source = Web(server.url, Free(), Patience(2.0, 1.0, 10))
        words = "the server answers 200" if lies == "no range" else "not the bytes that were signed|not the one"
        installs_nothing(terminal, source, makers.root, UpdateError, words)
        source.close()


# ── 6: slow retrieval ──


@pytest.mark.parametrize(("pause_s", "words"), [(0.02, "too slow"), (30.0, "not reached, or broke off")])
def test_a_server_that_sends_next_to_nothing(
    terminal: Terminal, mirror: Path, makers: Makers, pause_s: float, words: str
) -> None:
    with Server(mirror / "public", "slow", pause_s) as server:
        source = Web(server.url, Free(), Patience(silence_s=0.5, window_s=0.4, least=1000))
        installs_nothing(terminal, source, makers.root, SourceError, words)


# ── 7: extraneous dependencies ──


def test_a_wheel_more_than_was_signed(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    """The mirror adds a dependency to the list: it is another list then."""
    release = terminal.look(Folder(mirror / "public"), makers.root).release
    assert release
    listed = replace(release, wheels=(*release.wheels, replace(release.wheels[0], name="extra-6.6-py3-none-any.whl")))
    path = next((mirror / "public" / "targets" / "releases").glob(f"*.{NEW}-*"))
    path.write_bytes(release_bytes(listed))
    shutil.rmtree(terminal.root / FOLDER / "targets")
    words = "not the bytes that were signed|more was sent than there may be"
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, UpdateError, words)


def test_a_wheel_that_lies_about_is_not_taken_up(terminal: Terminal, makers: Makers) -> None:
    """Whatever else is among the fetched files: a slot has what was signed, and no file more."""
    release = terminal.look(Folder(makers.public), makers.root).release
    assert release
    extra = make_wheel(terminal.root / FOLDER / INCOMING, "extra", "6.6", {"extra.py": b"print('extra')\n"})
    terminal.update(Folder(makers.public), makers.root)
    slot = (terminal.root / "current").resolve()
    assert not extra.exists()
    assert {path.name for path in (slot / "wheels").iterdir()} == {wheel.name for wheel in release.wheels}
    assert list(slot.rglob("extra*")) == []


# ── 8: wrong software: another district's, another machine's ──


def test_another_district_speaks_for_this_one(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    """hr-13's key signs what hr-12's terminals are to get: nobody looks there for it."""
    terminal.look(Folder(mirror / "public"), makers.root)

    def change(found: Metadata) -> None:
        found.signed.expires = found.signed.expires.replace(year=found.signed.expires.year + 1)

    forge(mirror, latest(mirror, DISTRICT), change, online(mirror, "district-hr-13"))
    shutil.rmtree(terminal.root / FOLDER / "metadata")
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not signed as it must be")


def test_another_districts_offer_under_our_name(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    """hr-13 puts a target of hr-12's into its own role: outside of its paths, so it is not found."""
    makers.release(NEWER)
    folder = makers.repository.folder
    made = read(folder, latest(folder, "targets")).signed.targets[release_path(NEWER, ARCH)]

    def change(found: Metadata) -> None:
        path = offer_path(DISTRICT, ARCH)
        told = {"custom": {"version": NEWER, "percent": 100}}
        found.signed.targets[path] = TargetFile(made.length, dict(made.hashes), path, told)

    forge(folder, latest(folder, "hr-13"), change, online(folder, "district-hr-13"))
    terminal.update(Folder(makers.public), makers.root)
    assert terminal.state() == (NEW, NEW, NEW)


def test_software_for_another_machine(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    """The district offers this terminal what was signed for the other kind."""
    wheels = make_wheels(tmp_path / "arm", NEWER)
    repo = makers.repository
    release = contents.take(wheels, NEWER, "arm64", PYTHON, repo.targets_dir)
    repo.add(release)
    repo.sign([makers.holder(1), makers.holder(3)])
    repo.publish()
    repo.offer(DISTRICT, NEWER, 100)
    folder = repo.folder

    def change(found: Metadata) -> None:
        other = found.signed.targets[offer_path(DISTRICT, "arm64")]
        ours = offer_path(DISTRICT, ARCH)
        found.signed.targets[ours] = TargetFile(other.length, dict(other.hashes), ours, other.unrecognized_fields)

    forge(folder, latest(folder, DISTRICT), change, online(folder, f"district-{DISTRICT}"))
    installs_nothing(terminal, Folder(makers.public), makers.root, TrustError, "that the makers did not sign")


def test_software_for_another_python(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    """Fetched in vain it would be, on the slowest line: it is refused before."""
    wheels = make_wheels(tmp_path / "other", NEWER)
    release = contents.take(wheels, NEWER, ARCH, "3.99", makers.repository.targets_dir)
    makers.repository.add(release)
    makers.repository.sign([makers.holder(1), makers.holder(3)])
    makers.repository.publish()
    makers.offer(NEWER)
    installs_nothing(terminal, Folder(makers.public), makers.root, SlotError, "is for Python 3.99")
    assert not list((terminal.root / FOLDER).glob(f"{INCOMING}/*"))


# ── 9: a stolen key ──


def test_all_keys_of_the_server_offer_software_of_the_thiefs(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    """Timestamp, snapshot and district are the thief's: what they point at must still be the makers'."""
    data = release_bytes(Release("9.9.9", ARCH, PYTHON, _wheels_of(mirror)))

    def change(found: Metadata) -> None:
        path = offer_path(DISTRICT, ARCH)
        target = TargetFile.from_data(path, data)
        told = {"custom": {"version": "9.9.9", "percent": 100}}
        found.signed.targets[path] = TargetFile(target.length, dict(target.hashes), path, told)

    forge(mirror, latest(mirror, DISTRICT), change, online(mirror, f"district-{DISTRICT}"))
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "that the makers did not sign")


def test_all_keys_of_the_server_sign_a_release(terminal: Terminal, mirror: Path, makers: Makers) -> None:
    wheels = make_wheels(mirror / "evil", NEWER)
    release = contents.take(wheels, NEWER, ARCH, PYTHON, mirror / "public" / "targets")
    thieves = [online(mirror, name) for name in ("timestamp", "snapshot", f"district-{DISTRICT}")]
    _slip_in(mirror, release, *thieves)
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not signed as it must be")


def test_all_keys_of_the_server_cannot_bring_an_old_release_back(
    terminal: Terminal, makers: Makers, tmp_path: Path
) -> None:
    """0.2.0 had a hole, 0.3.0 mends it: the thief offers 0.2.0 again."""
    terminal.update(Folder(makers.public), makers.root)
    makers.release(NEWER)
    makers.offer(NEWER)
    terminal.update(Folder(makers.public), makers.root)
    makers.offer(NEW)
    assert terminal.update(Folder(makers.public), makers.root) == f"{NEW} is older than {NEWER}, which runs"
    assert terminal.state() == (NEWER, NEWER, NEWER)


def _wheels_of(mirror: Path) -> tuple:
    return contents.take(
        make_wheels(mirror / "thief", "9.9.9"), "9.9.9", ARCH, PYTHON, mirror / "public" / "targets"
    ).wheels


def _slip_in(folder: Path, release: Release, *signers: object) -> None:
    """A release of the attacker's in the makers' role, and all above it signed with the server's own keys."""
    before = latest(folder, "targets")
    data = release_bytes(release)
    path = release_path(release.version, release.arch)
    target = TargetFile.from_data(path, data)
    found = read(folder, before)
    found.signed.targets[path] = target
    found.signed.version += 1
    found.signatures.clear()
    for signer in signers:
        found.sign(signer, append=True)
    found.to_file(str(folder / "public" / "metadata" / f"{found.signed.version}.targets.json"))
    name = f"{hashlib.sha256(data).hexdigest()}.{path.rpartition('/')[2]}"
    (folder / "public" / "targets" / "releases" / name).write_bytes(data)
    snapshot = read(folder, latest(folder, "snapshot"))
    snapshot.signed.meta["targets.json"] = MetaFile(found.signed.version)
    snapshot.signed.version += 1
    snapshot.sign(online(folder, "snapshot"))
    file = folder / "public" / "metadata" / f"{snapshot.signed.version}.snapshot.json"
    snapshot.to_file(str(file))
    timestamp = read(folder, "timestamp")
    timestamp.signed.snapshot_meta = MetaFile.from_data(snapshot.signed.version, file.read_bytes(), ["sha256"])
    timestamp.signed.version += 1
    timestamp.sign(online(folder, "timestamp"))
    timestamp.to_file(str(folder / "public" / "metadata" / "timestamp.json"))


# ── a line with an attacker on it ──


class Free:
    def ask(self) -> None:
        return

    def pay(self, count: int) -> None:
        return


class Server:
    """The mirror over HTTP; `lies` says how it misbehaves."""

    def __init__(self, folder: Path, lies: str, pause_s: float = 0.0) -> None:
        outer = self
        self._stop = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._answer(self, folder / self.path.removeprefix("/releases/"), lies, pause_s)

            def log_message(self, *_: object) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, to: http.server.BaseHTTPRequestHandler, path: Path, lies: str, pause_s: float) -> None:
        data = path.read_bytes() if path.is_file() else b""
        ranged = to.headers.get("Range", "")
        if not path.is_file():
            to.send_error(404)
            return
        start, _, end = ranged.removeprefix("bytes=").partition("-")
        part = data[int(start) : int(end) + 1] if ranged else data
        wrong = lies == "no range" and ranged
        to.send_response(206 if ranged and not wrong else 200)
        if ranged:
            to.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        sent = b"\0" * 100_000 + data if lies == "too much" and ranged else part
        to.send_header("Content-Length", str(len(sent)))
        to.end_headers()
        try:
            if lies != "slow":
                to.wfile.write(sent)
                return
            for byte in sent:
                if self._stop.wait(pause_s):
                    return
                to.wfile.write(bytes([byte]))
        except OSError:
            return

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def test_a_line_that_leads_nowhere(terminal: Terminal, makers: Makers) -> None:
    """No attack, but as common: nothing is installed, and the reason is said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        installs_nothing(terminal, Web(url, Free()), makers.root, SourceError, "not reached, or broke off")
