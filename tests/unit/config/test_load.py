"""Settings: what a technician gets wrong is named, with the file, the key and what is allowed."""

import errno
import os
from pathlib import Path

import pytest

from config import ConfigError
from config.load import load, there
from config.model import Edge, Sensor, Server


def given(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load(Edge, given(tmp_path, "")) == Edge()
    assert load(Server, given(tmp_path, "")) == Server()


def test_what_is_given_is_taken(tmp_path: Path) -> None:
    edge = load(
        Edge,
        given(
            tmp_path,
            """
            state_dir = "/srv/hazri"
            [policy]
            debounce_s = 90
            [sync]
            receipt_timeout_s = 5
            [[sensors]]
            driver = "virtual"
            options = { socket = "/run/v.sock", dpi = 500 }
            """,
        ),
    )
    assert edge.state_dir == Path("/srv/hazri")
    assert (edge.policy.debounce_s, edge.sync.receipt_timeout_s) == (90, 5.0)
    assert edge.sensors == (Sensor("virtual", {"socket": "/run/v.sock", "dpi": 500}),)


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (Edge, "stat_dir = 'x'", r"unknown key 'stat_dir'; did you mean 'state_dir'\?"),
        (Edge, "[policy]\ndebounce = 5", r"policy: unknown key 'debounce'; did you mean 'debounce_s'\?"),
        (Edge, "zzz = 1", "known here: state_dir"),
        (Edge, "state_dir = 5", "state_dir: expected a path in quotes, found 5"),
        (Edge, "state_dir = ''", "state_dir: expected a path, found nothing"),
        (Edge, "models_dir = 5", "models_dir: expected a path in quotes, found 5"),
        (Edge, "policy = 5", "policy: expected a table"),
        (Edge, "[policy]\ndebounce_s = true", "expected a whole number, found True"),
        (Edge, "[policy]\ndebounce_s = 1.5", "expected a whole number"),
        (Edge, "[policy]\ndebounce_s = -1", "debounce_s = -1: expected 0 to 3600"),
        (Edge, "[sync]\nbatch = 0", "batch = 0: expected 1 to 1000"),
        (Edge, "[sync]\nheartbeat_s = 'x'", "expected a number"),
        (Edge, "[sync]\nbroker_host = 'a b'", "expected a host name"),
        (Edge, "sensors = 5", "sensors: expected an array"),
        (Edge, "[[sensors]]\noptions = {}", r"sensors\[0\]: missing key 'driver'"),
        (Edge, "[[sensors]]\ndriver = 'x'\noptions = { a = true }", "wrong type"),
        (Server, "[broker]\nembedded = 1", "expected true or false"),
        (Server, "[broker]\npublic_host = 'हा'", "expected a host name"),
        (Server, '[web]\nhost = "a\\u0000b"', "NUL character"),
        (Server, '[web]\nmap_tiles = "https://tiles.example/{z}/{x}.png"', "expected an address such as"),
        (Server, '[web]\nmap_tiles = "https://x/{z}/{x}/{y}; script-src *"', "expected an address such as"),
        (Server, 'state_dir = "/x\\u0000"', "NUL character"),
        (Server, "x = " + "[" * 20_000, "without end"),
        (Server, "= nonsense", "not TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, kind: type[Edge] | type[Server], text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        load(kind, given(tmp_path, text))
    assert "settings.toml" in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(Edge, tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(Edge, tmp_path)
    (tmp_path / "settings.bin").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8 text: invalid start byte at byte 0"):
        load(Edge, tmp_path / "settings.bin")
    for name in (".", "none.toml", "settings.bin", "settings.bin/more"):
        with pytest.raises(ConfigError) as caught:
            load(Edge, tmp_path / name)
        assert str(caught.value).count(str(tmp_path)) == 1, "it is named once"


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
    state_dir = "state"
    runtime_dir = "/run/hazri"
    models_dir = ""
    [signals]
    voice_dir = "../voices"
    """
    file = given(tmp_path, text)
    for path in (file, Path(file.name)):
        monkeypatch.chdir(file.parent if path.parent == Path() else "/")
        edge = load(Edge, path)
        assert (edge.state_dir, edge.runtime_dir) == (tmp_path / "state", Path("/run/hazri"))
        assert (edge.models_dir, edge.signals.voice_dir) == (None, tmp_path / "../voices")
    server = load(Server, given(tmp_path, "state_dir = 'state'\nmessages.outbox = 'out'"))
    assert (server.state_dir, server.messages.outbox) == (tmp_path / "state", tmp_path / "out")


def test_settings_that_nobody_may_look_for_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not there(tmp_path / "none.toml")
    assert there(given(tmp_path, ""))

    def denied(self: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "exists", denied)  # root may look everywhere
    assert there(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[policy]\nout_from = "25:00"', "out_from"),
        ("[policy]\nlockout_most_s = 1", "lockout_most_s"),
        ("[policy]\nmore_time = 0.5", "more_time"),
        ("[policy]\ndone_s = 0", "done_s"),
        ('[terminal]\nsilent_by = "9:45"', "silent_by"),
        ("[terminal]\nsilent_days = [0]", "silent_days"),
        ('[terminal]\nkind_keys = { f1 = "away" }', "kind_keys"),
        ('[terminal]\nkind_keys = { 5 = "in" }', "cannot have another meaning"),
        ('[terminal]\nmenu_keys = ["enter"]', "cannot have another meaning"),
        ('[terminal]\nmenu_keys = ["in"]', "menu_keys"),
        ("[terminal]\nhang_s = 0", "hang_s"),
        ("[matching]\nface_fmr = 1", "face_fmr"),
    ],
)
def test_the_terminals_settings_are_checked(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load(Edge, file)
