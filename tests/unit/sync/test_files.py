"""A file that is replaced is the old one or the new one, and never what a stranger left beside it."""

import os
import stat
from pathlib import Path

import pytest

from sync.files import replace_file


@pytest.mark.parametrize(("mode", "expected"), [(0o640, 0o640), (0o600, 0o600), (None, 0o644)])
def test_the_mode_holds_whatever_the_umask_and_none_follows_it(mode: int | None, expected: int, tmp_path: Path) -> None:
    before = os.umask(0o022 if mode is None else 0o077)
    try:
        replace_file(tmp_path / "one", b"first", mode)
        replace_file(tmp_path / "one", b"second", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "one").read_bytes() == b"second"
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_nothing_is_written_through_what_stands_under_the_new_name(tmp_path: Path) -> None:
    """S8: the folder is another user's, who put a link there."""
    (tmp_path / "theirs").write_bytes(b"untouched")
    (tmp_path / "one.new").symlink_to(tmp_path / "theirs")
    replace_file(tmp_path / "one", b"ours")
    assert (tmp_path / "theirs").read_bytes() == b"untouched"
    assert (tmp_path / "one").read_bytes() == b"ours"
    assert not (tmp_path / "one").is_symlink()


def test_where_it_cannot_be_written_the_old_one_stands(tmp_path: Path) -> None:
    replace_file(tmp_path / "one", b"old")
    (tmp_path / "one.new").mkdir()
    with pytest.raises(OSError, match=r"one\.new"):
        replace_file(tmp_path / "one", b"new")
    assert (tmp_path / "one").read_bytes() == b"old"


def test_what_need_not_last_waits_for_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    replace_file(tmp_path / "one", b"first", lasting=False)
    assert waited == []
    replace_file(tmp_path / "one", b"second")
    assert len(waited) == 2
    assert (tmp_path / "one").read_bytes() == b"second"
