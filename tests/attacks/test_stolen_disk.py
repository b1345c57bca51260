"""S8: a terminal and a server are used, killed and taken away. What lies on their disks, in logs, in journals of the
databases and among temporary files names nobody, knows no digits, no template and no key.

The programs are the real ones. People are synthetic; their digits and names are the canaries.
"""

import base64
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.people.gallery import People, Secrets
from edge.trust.identity import RECORD, SEAL, TRANSPORT, load_admission
from edge.trust.keys import destroy, load_keys, open_lookup_key
from server.demo.count import Tally
from server.demo.people import Person, enrolments, fingers, invent, punches, synthesise
from server.demo.stage import Aggregator, Terminal
from sync import SealError
from sync.keys import load_ec, load_ed25519, load_x25519
from sync.seal import open_template
from tests.attacks.canaries import Hunt
from tests.flow.test_one_punch import wait

PEOPLE = 3


class Raid:
    """One terminal and its server: admitted, enrolled, punched at; then killed all at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        people = [Person(f"Zzyx {number} कैनरी", one.digits) for number, one in enumerate(invent(PEOPLE, seed=23), 1)]
        pictures = fingers(synthesise(folder / "fingers", PEOPLE, 4, 5))
        self.aggregator = Aggregator(folder, web_port=0)
        self.aggregator.wait_until_ready()
        refs = self.aggregator.register(people)
        tally = Tally()
        terminal = Terminal(folder, "t-1", self.aggregator, self.aggregator.broker_port, tally.green)
        wait(lambda: terminal.people == PEOPLE)
        answers = terminal.enrol(enrolments(refs, pictures), lambda n: None)
        assert all(answer["ok"] for answer in answers)
        playing = terminal.play({"punches": punches(people, pictures, 0, 1), "loop": False}, lambda said: None)
        assert playing.wait() == 0
        terminal.stop_playing()
        wait(terminal.drained)
        wait(lambda: terminal.templates >= PEOPLE)
        assert tally.greens
        self.terminal = terminal.folder
        self._kill(terminal)
        # What the harness itself wrote down, to play people and to ask for the ledger, is on nobody's disk.
        (terminal.folder / "plan.json").unlink()
        self.secrets = {f"digits {n}": one.encode() for n, one in enumerate(sorted({p.digits for p in people}))}
        self.secrets |= {f"name {n}": one.name.encode() for n, one in enumerate(people)}
        self.names = [name for name in self.secrets if name.startswith("name")]
        self.secrets |= self._opened()

    def _kill(self, terminal: Terminal) -> None:
        """As a thief pulls the plug, and in the way that would leave a core."""
        programs = terminal._serving, terminal._syncing, self.aggregator._program
        for program in programs:
            assert program is not None
            program._child.send_signal(signal.SIGSEGV if program is not self.aggregator._program else signal.SIGKILL)
        for program in programs:
            assert program is not None
            assert program.wait() in (-signal.SIGSEGV, -signal.SIGKILL)
            program.stop()

    def _opened(self) -> dict[str, bytes]:
        """With the keys: every template as it is in memory, and the keys as they are."""
        keys = load_keys(self.terminal)
        secrets = Secrets("t-1", keys.seal, keys.lookup_key, keys.makers)
        people = People(self.terminal / "roster.db", secrets, bytes(8), [])
        people.refresh()
        found = {"look-up key": keys.lookup_key}
        for n, person in enumerate(people.gallery.people.values()):
            for m, template in enumerate(person.templates):
                plain = secrets.template(template)
                assert len(plain) > 100
                found[f"template {n}.{m}"] = plain
        assert len(found) > PEOPLE
        for name in (RECORD, SEAL):
            found[name] = (self.terminal / "keys" / name).read_bytes().split(b"\n")[1]
            load = load_ed25519 if name == RECORD else load_x25519
            found[f"{name}, bare"] = load(self.terminal / "keys" / name).private_bytes_raw()
        numbers = load_ec(self.terminal / "keys" / TRANSPORT).private_numbers()
        found[TRANSPORT] = numbers.private_value.to_bytes(32, "big")  # its public half is in the certificate
        return found


@pytest.fixture(scope="module")
def raid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raid]:
    folder = tmp_path_factory.mktemp("raid")
    (folder / "tmp").mkdir()
    before = resource.getrlimit(resource.RLIMIT_CORE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder / "tmp"))
        patch.chdir(folder / "tmp")  # where the kernel would put a core
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        yield Raid(folder)
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_the_terminals_disk_tells_nothing(raid: Raid) -> None:
    """Databases, their journals, notes, logs and what was temporary. The keys lie where they are kept, and nowhere
    else: what holds them there is said in SECURITY.md."""
    assert len([*raid.terminal.glob("*.log")]) >= 2
    assert Hunt(raid.secrets).among(raid.terminal, raid.folder / "tmp", leave_out=(raid.terminal / "keys",)) == []


def test_keys_are_read_by_their_owner_alone(raid: Raid) -> None:
    for name in (RECORD, SEAL, TRANSPORT):
        assert (raid.terminal / "keys" / name).stat().st_mode & 0o077 == 0


def test_no_core_was_left(raid: Raid) -> None:
    assert [path for path in raid.folder.rglob("core*") if path.is_file()] == []


def test_the_servers_disk_tells_nothing_but_names_in_its_ledger(raid: Raid) -> None:
    """Digits are in the vault, templates are sealed; names are in the ledger, which is what it is for."""
    server = raid.aggregator.folder
    ledger = tuple(server / f"ledger.db{tail}" for tail in ("", "-wal", "-shm"))
    assert ledger[0].exists()
    assert (server / "aggregator.log").exists()
    assert Hunt(raid.secrets).among(server, leave_out=ledger) == []
    unnamed = {name: secret for name, secret in raid.secrets.items() if name not in raid.names}
    assert Hunt(unnamed).among(*(path for path in ledger if path.exists())) == []


def test_the_hunt_finds_what_is_there(raid: Raid, tmp_path: Path) -> None:
    """Each secret in each spelling, so that nothing found above means something."""
    hunt = Hunt(raid.secrets)
    for name, secret in raid.secrets.items():
        spelled = [secret, secret.hex().encode(), secret.hex().upper().encode()]
        spelled += [base64.b64encode(b"x" * shift + secret + b"y") for shift in range(3)]
        for spelling in spelled:
            (tmp_path / "file").write_bytes(os.urandom(100) + b"\0" + spelling + b"\0" + os.urandom(100))
            assert name in hunt.within(tmp_path / "file")
    assert hunt.among(raid.terminal / "keys") != []


def test_what_was_wiped_opens_no_more(raid: Raid) -> None:
    """Erasure destroys the key: its bytes are nowhere on the disk, and nothing it sealed opens with what is there."""
    before, admission = load_keys(raid.terminal), load_admission(raid.terminal)
    secrets = Secrets("t-1", before.seal, before.lookup_key, before.makers)
    people = People(raid.terminal / "roster.db", secrets, bytes(8), [])
    people.refresh()
    destroy(raid.terminal)
    gone = {name: secret for name, secret in raid.secrets.items() if name.startswith(SEAL)}
    assert len(gone) == 2
    assert Hunt(gone).among(raid.folder) == []
    after = load_keys(raid.terminal)
    for person in people.gallery.people.values():
        for template in person.templates:
            with pytest.raises(SealError):
                open_template(template, after.seal, "t-1", before.makers())
    with pytest.raises(SealError):
        open_lookup_key(admission, after.seal)
