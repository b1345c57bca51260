"""Settings that the server wants: taken whole or not at all, gone by from the next start, and never in the way."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from config.load import load
from config.model import Edge
from edge import SetupError
from edge.__main__ import _adjusted
from edge.record.adopting import adopt
from edge.settings import Settings
from sync import StorageError

WANTED = b"[policy]\ndebounce_s = 90\n"


def settings(folder: Path) -> Settings:
    """As the terminal's process reads them at its start."""
    file = folder / "edge.toml"
    if not file.exists():
        file.write_text('state_dir = "state"\n[policy]\ndebounce_s = 30\ncaptures = 2\n')
        (folder / "state").mkdir()
    return _adjusted(load(Edge, file))


def test_what_was_adopted_is_gone_by_from_the_next_start(tmp_path: Path) -> None:
    own = settings(tmp_path)
    assert (own.rules.debounce_s, own.rules.captures) == (30, 2)
    assert adopt(own, WANTED) == ""
    now = settings(tmp_path)
    assert (now.rules.debounce_s, now.rules.captures) == (90, 2)
    assert adopt(now, b"[policy]\ncaptures = 5\n") == ""
    last = settings(tmp_path)  # the newest wanted over the machine's own, not over what was wanted before
    assert (last.rules.debounce_s, last.rules.captures) == (30, 5)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff", "not UTF-8 text"),
        (b"[policy]\ndebounce_s = -1", "settings: policy: debounce_s = -1: expected 0 to 3600"),
        (b"[matching]\nfmr = 0.01", "settings: matching: unknown key 'fmr'; known here: ageing_days"),
    ],
)
def test_what_is_refused_leaves_what_was_adopted(tmp_path: Path, body: bytes, why: str) -> None:
    own = settings(tmp_path)
    adopt(own, WANTED)
    assert adopt(own, body) == why
    assert own.adopted.read_bytes() == WANTED


@pytest.mark.parametrize("spoilt", [b"\xff\xfe", b"[policy", b"[policy]\nnewer_than_this = 1\n"])
def test_what_cannot_be_gone_by_any_more_keeps_nobody_waiting(
    tmp_path: Path, spoilt: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged file, or one of a later version, costs what was wanted and one line in the log."""
    settings(tmp_path).adopted.write_bytes(spoilt)
    assert settings(tmp_path).rules.debounce_s == 30
    assert "the machine's own settings alone" in capsys.readouterr().err


def test_a_disk_that_refuses_is_a_disk_that_refuses(tmp_path: Path) -> None:
    own = settings(tmp_path)
    own.adopted.mkdir()
    with pytest.raises(StorageError, match=r"adopted\.toml"):
        adopt(own, WANTED)


def test_other_programs_adopt_nothing(tmp_path: Path) -> None:
    acceptable = next(one for one in fields(Settings) if one.name == "acceptable").default
    plain = replace(settings(tmp_path), acceptable=acceptable)
    assert adopt(plain, WANTED) == "only the terminal itself adopts settings"
    with pytest.raises(SetupError):
        plain.acceptable("")
    assert not plain.adopted.exists()
