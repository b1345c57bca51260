"""The root a terminal begins with: by the sum in its admission, and by nothing else that comes along the way."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.update import SourceError, TrustError
from edge.update.root import pin, pinned
from edge.update.source import Folder, MissingError
from server.releases.files import root_mark
from sync.admission import NOTHING
from tests.unit.edge.update_site import WHOSE, Makers, Terminal, make_wheels, stick


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    return Makers(tmp_path / "makers")


class Sends:
    """A server that sends something else."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks, self.asked = chunks, list[str]()

    def read(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.asked.append(path)
        yield from self.chunks


def test_it_is_fetched_once_and_is_that_of_the_admission(makers: Makers, tmp_path: Path) -> None:
    kept, mark = tmp_path / "root.json", root_mark(makers.repository.folder)
    assert pinned(kept, mark, stick(makers)) == makers.root
    silent = Sends()
    assert pinned(kept, mark, silent) == makers.root
    assert silent.asked == []


def test_a_terminal_updates_with_the_root_it_fetched(makers: Makers, tmp_path: Path) -> None:
    makers.release("0.2.0")
    makers.offer("0.2.0")
    terminal = Terminal(tmp_path / "opt", make_wheels(tmp_path / "old", "0.1.0"), "0.1.0")
    root = pinned(tmp_path / "opt" / "root.json", root_mark(makers.repository.folder), stick(makers))
    assert terminal.update(stick(makers), root, WHOSE) == "0.2.0 is what runs"


def test_another_root_is_not_kept(makers: Makers, tmp_path: Path) -> None:
    """S8: a stick, or a server in between, with holders of its own."""
    thief = Makers(tmp_path / "thief")
    thief.release("9.0.0")
    kept, mark = tmp_path / "root.json", root_mark(makers.repository.folder)
    for source in (stick(thief), Sends(), Sends(makers.root, b" ")):
        with pytest.raises(TrustError, match="another root"):
            pinned(kept, mark, source)
        assert not kept.exists()


def test_a_root_without_an_end_is_broken_off(makers: Makers, tmp_path: Path) -> None:
    class Endless(Sends):
        def read(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
            while True:
                self.asked.append(path)
                yield bytes(16 * 1024)

    source = Endless()
    with pytest.raises(SourceError, match="more was sent"):
        pinned(tmp_path / "root.json", root_mark(makers.repository.folder), source)
    assert len(source.asked) <= 5


def test_a_place_without_releases_says_so(makers: Makers, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="not on the stick"):
        pinned(tmp_path / "root.json", root_mark(makers.repository.folder), Folder(tmp_path))


def test_what_the_image_brought_stays(makers: Makers, tmp_path: Path) -> None:
    """A server that was in wrong hands on the day of an admission cannot put its own in that place."""
    thief = Makers(tmp_path / "thief")
    kept, given = tmp_path / "root.json", tmp_path / "1.root.json"
    given.write_bytes(makers.root)
    pin(kept, given)
    assert pinned(kept, root_mark(thief.repository.folder), stick(thief)) == makers.root


def test_without_a_sum_nothing_is_believed(makers: Makers, tmp_path: Path) -> None:
    source = Sends(makers.root)
    with pytest.raises(TrustError, match="no root to believe"):
        pinned(tmp_path / "root.json", NOTHING, source)
    assert source.asked == []


def test_the_sum_of_a_repository(makers: Makers, tmp_path: Path) -> None:
    assert root_mark(makers.repository.folder) == hashlib.sha256(makers.root).hexdigest()
    assert root_mark(tmp_path) == NOTHING
