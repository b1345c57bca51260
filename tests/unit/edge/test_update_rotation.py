"""A terminal follows its makers from root to root, and nobody else: the chain, and keys that were stolen (S8, S9)."""

import shutil
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, MetaFile, Root, Timestamp

from edge.update import TrustError
from edge.update.root import pinned
from edge.update.run import FOLDER
from edge.update.source import Folder
from server.releases import keys
from server.releases.files import root_mark
from server.releases.holders import Change
from server.releases.repository import Repository
from tests.unit.edge.test_update_attacks import forge, installs_nothing, latest, online, read
from tests.unit.edge.update_site import DISTRICT, Makers, Terminal, installed, offering, stick

OLD, NEW, NEWER = "0.1.0", "0.2.0", "0.3.0"
FAR = 2**31


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    return offering(tmp_path / "makers", NEW)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return installed(tmp_path, OLD)


def three_changes(makers: Makers) -> None:
    """In the end not one of the first three holders is left, and no key that this server had."""
    makers.change(Change(add=(makers.keys,), remove=frozenset({1})), 2, 3)
    makers.change(Change(add=(makers.keys,), remove=frozenset({2}), server=True), 3, 4)
    makers.change(Change(add=(makers.keys,), remove=frozenset({3}), threshold=3), 4, 5, 6, 3)


def test_who_was_away_for_three_changes_walks_the_chain(terminal: Terminal, makers: Makers) -> None:
    """The last look was with the first holders; the release is of three others."""
    terminal.look(stick(makers), makers.root)
    three_changes(makers)
    makers.release(NEWER, signers=(4, 5, 6))
    makers.offer(NEWER)
    assert terminal.update(stick(makers), makers.root) == f"{NEWER} is what runs"
    kept = sorted(path.name for path in (terminal.root / FOLDER / "metadata" / "root_history").iterdir())
    assert kept == [f"{n}.root.json" for n in range(1, 5)]


def test_a_terminal_of_today_begins_with_the_root_of_its_admission(
    terminal: Terminal, makers: Makers, tmp_path: Path
) -> None:
    """It is the fourth: those before it are fetched and not believed, the one after it is believed."""
    three_changes(makers)
    kept, mark = tmp_path / "root.json", root_mark(makers.repository.folder)
    first = pinned(kept, mark, stick(makers))
    assert Metadata[Root].from_bytes(first).signed.version == 4
    makers.change(Change(), 4, 5, 6)
    assert terminal.update(stick(makers), pinned(kept, root_mark(makers.repository.folder), stick(makers))) == (
        f"{NEW} is what runs"
    )


def test_a_stick_older_than_the_admission_is_not_taken(makers: Makers, tmp_path: Path) -> None:
    before = Folder(shutil.copytree(makers.public, tmp_path / "stick"))
    three_changes(makers)
    with pytest.raises(TrustError, match="or an older one"):
        pinned(tmp_path / "root.json", root_mark(makers.repository.folder), before)
    assert not (tmp_path / "root.json").exists()


# ── who may not change it ──


@pytest.mark.parametrize("signers", ["the new ones", "one of the old ones", "all of the old ones"])
def test_a_root_without_enough_of_both(terminal: Terminal, makers: Makers, tmp_path: Path, signers: str) -> None:
    """New holders alone appoint themselves; old ones alone appoint those who never agreed, and can sign nothing."""
    thieves = Makers(tmp_path / "thieves")
    mirror = shutil.copytree(makers.public.parent, tmp_path / "mirror")
    root = read(mirror, "1.root")
    for role in ("root", "targets"):
        for keyid in list(root.signed.roles[role].keyids):
            root.signed.revoke_key(keyid, role)
        for n in (1, 2, 3):
            root.signed.add_key(keys.load(thieves.keys / f"{role}-{n}.pem").public_key, role)
    root.signed.version = 2
    root.signatures.clear()
    who = {
        "the new ones": [thieves.root_key(n) for n in (1, 2, 3)],
        "one of the old ones": [makers.root_key(1), *(thieves.root_key(n) for n in (1, 2, 3))],
        "all of the old ones": [makers.root_key(n) for n in (1, 2, 3)],
    }
    for signer in who[signers]:
        root.sign(signer, append=True)
    root.to_file(str(mirror / "public" / "metadata" / "2.root.json"))
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not signed as it must be")


def test_a_root_that_leaves_one_out(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    """Truly signed, but the third where the second belongs: nobody says who is between them."""
    three_changes(makers)
    mirror = shutil.copytree(makers.public.parent, tmp_path / "mirror")
    metadata = mirror / "public" / "metadata"
    shutil.copy(metadata / "3.root.json", metadata / "2.root.json")
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not signed as it must|not of one")


def test_the_chain_that_was_seen_is_not_seen_otherwise(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    """Two holders were bribed after they had gone: the second root they sign comes too late."""
    three_changes(makers)
    terminal.look(stick(makers), makers.root)
    mirror = shutil.copytree(makers.public.parent, tmp_path / "mirror")
    root = read(mirror, "1.root")
    root.signed.version = 2
    root.signatures.clear()
    for n in (1, 2):
        root.sign(makers.root_key(n), append=True)
    root.to_file(str(mirror / "public" / "metadata" / "2.root.json"))
    assert terminal.update(Folder(mirror / "public"), makers.root) == f"{NEW} is what runs"
    held = terminal.root / FOLDER / "metadata" / "root_history" / "2.root.json"
    assert held.read_bytes() == (makers.public / "metadata" / "2.root.json").read_bytes()


def test_who_went_signs_no_release(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    makers.change(Change(remove=frozenset({3})), 1, 2)
    mirror = shutil.copytree(makers.repository.folder, tmp_path / "mirror")
    forge(mirror, latest(mirror, "targets"), lambda _: None, makers.holder(1), makers.holder(3))
    Repository(mirror).publish()  # the server's own keys were his, too
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not signed as it must be")


# ── the server's keys were stolen ──


@pytest.mark.parametrize("role", ["timestamp", "snapshot", DISTRICT])
def test_what_stolen_keys_sign_afterwards_installs_nothing(
    terminal: Terminal, makers: Makers, tmp_path: Path, role: str
) -> None:
    """The thief shows the newest root, as he must; and below it he signs, where all else is true, one role."""
    stolen = shutil.copytree(makers.repository.folder, tmp_path / "stolen")
    makers.change(Change(server=True), 1, 2)
    mirror = shutil.copytree(makers.repository.folder, tmp_path / "mirror")
    name = role if role == "timestamp" else latest(mirror, role)
    forge(mirror, name, lambda _: None, online(stolen, f"district-{role}" if role == DISTRICT else role))
    if role == "snapshot":
        data = (mirror / "public" / "metadata" / f"{name}.json").read_bytes()

        def names(found: Metadata[Timestamp]) -> None:
            found.signed.snapshot_meta = MetaFile.from_data(found.signed.snapshot_meta.version, data, ["sha256"])

        forge(mirror, "timestamp", names, online(mirror, "timestamp.2"))
    installs_nothing(terminal, Folder(mirror / "public"), makers.root, TrustError, "not signed as it must be")


def test_with_new_keys_of_the_server_releases_come_as_before(terminal: Terminal, makers: Makers) -> None:
    """Or the test above would prove nothing."""
    makers.change(Change(server=True), 1, 2)
    terminal.update(stick(makers), makers.root)
    assert terminal.state() == (NEW, NEW, NEW)


def test_a_terminal_that_the_thief_led_far_ahead_comes_back(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    """He signed times and states of a distant number, so that everything true looks old: new keys forget his numbers
    (TUF 1.0, 5.3.11)."""
    mirror = shutil.copytree(makers.repository.folder, tmp_path / "mirror")
    before = latest(mirror, "snapshot")

    def far(found: Metadata) -> None:
        found.signed.version = FAR

    forge(mirror, before, far, online(mirror, "snapshot"))
    data = (mirror / "public" / "metadata" / f"{before}.json").read_bytes()
    (mirror / "public" / "metadata" / f"{FAR}.snapshot.json").write_bytes(data)

    def names(found: Metadata[Timestamp]) -> None:
        far(found)
        found.signed.snapshot_meta = MetaFile.from_data(FAR, data, ["sha256"])

    forge(mirror, "timestamp", names, online(mirror, "timestamp"))
    assert terminal.look(Folder(mirror / "public"), makers.root).release
    installs_nothing(terminal, stick(makers), makers.root, TrustError, "older than what was seen before")
    makers.change(Change(server=True), 1, 3)
    assert terminal.update(stick(makers), makers.root) == f"{NEW} is what runs"


def test_a_server_from_an_old_backup_is_followed_again(terminal: Terminal, makers: Makers, tmp_path: Path) -> None:
    """S2: from before the holders changed; the roots since then were on a stick."""
    repository = makers.repository.folder
    backup = shutil.copytree(repository, tmp_path / "backup")
    makers.change(Change(add=(makers.keys,), remove=frozenset({1})), 2, 3)
    roots = shutil.copytree(makers.public / "metadata", tmp_path / "stick")
    for _ in range(3):
        makers.repository.publish()
    terminal.look(stick(makers), makers.root)
    shutil.rmtree(repository)
    shutil.copytree(backup, repository)
    installs_nothing(terminal, stick(makers), makers.root, TrustError, "older than what was seen before")
    shutil.copy(roots / "2.root.json", makers.public / "metadata")
    makers.change(Change(server=True), 3, 4)
    assert terminal.update(stick(makers), makers.root) == f"{NEW} is what runs"
