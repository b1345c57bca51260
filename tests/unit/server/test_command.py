"""hazri-server on the command line: exit codes, and messages instead of tracebacks."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from server.__main__ import command
from tests.unit.server.aggregator import Terminal, free_port
from tests.unit.server.process import ROOT


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(f'state_dir = "{tmp_path / "state"}"\n[broker]\nport = {free_port()}\n', encoding="utf-8")
    return path


def test_check_makes_nothing_and_init_does(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["check", "--config", str(config)]) == 0
    assert "sound" in capsys.readouterr().out
    assert list(config.parent.iterdir()) == [config]
    assert command(["init", "--config", str(config)]) == 0
    assert "state: keys, certificates and tables are there" in capsys.readouterr().out
    assert (config.parent / "state" / "ledger.db").exists()
    assert command(["check", "--config", str(config)]) == 0
    assert (config.parent / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("state_dirr = 1", "did you mean 'state_dir'"),
        ("[broker]\nport = 0", "port"),
        ("not toml", "not TOML"),
        ("[web]\nport = '8480'", "whole number"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_with_2(
    tmp_path: Path, text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    assert command(["check", "--config", str(tmp_path / "c.toml")]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("what", ["check", "init", "run"])
@pytest.mark.parametrize(
    "text",
    [
        "[broker]\npublic_host = 'हाज़िरी.भारत'",
        "[broker]\nhost = 'हाज़िरी.भारत'",
        '[web]\nhost = "127.0.0.1\\u0000"',
        'state_dir = "/tmp/a\\u0000b"',
        "database_url = 'nonsense'",
        "state_dir = '/dev/null/none'",
    ],
)
def test_settings_no_start_can_use_are_said_in_one_line(tmp_path: Path, what: str, text: str) -> None:
    if what == "init" and text.startswith("[web]"):
        what = "run"  # it does not look at that
    if "state_dir" not in text:
        text = f'state_dir = "{tmp_path / "state"}"\n{text}'
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    done = run(what, "--config", str(tmp_path / "c.toml"))
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("hazri-server: ")
    assert len(done.stderr.splitlines()) == 1


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server", *words], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )


def test_what_nobody_foresaw_is_one_line_and_a_trace_on_demand(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("server.opened.open_state", fail)
    assert command(["init", "--config", str(config)]) == 1
    assert capsys.readouterr().err == "hazri-server: RuntimeError: two lines (`--verbose` tells where)\n"
    with pytest.raises(RuntimeError):
        command(["init", "--verbose", "--config", str(config)])


def test_names_at_rest_are_read_by_their_owner_alone(config: Path) -> None:
    """Also in a folder that was there before, open to all."""
    state = config.parent / "state"
    state.mkdir()
    state.chmod(0o755)
    assert run("init", "--config", str(config)).returncode == 0
    assert {p.name: p.stat().st_mode & 0o077 for p in state.iterdir() if p.is_file()} == {
        p.name: 0 for p in state.iterdir() if p.is_file()
    }
    assert (state / "ledger.db").exists()
    assert (state / "keys" / "ca.crt").stat().st_mode & 0o777 == 0o644


def test_a_lone_surrogate_in_a_request_is_one_line(config: Path) -> None:
    request = config.parent / "request.json"
    fields = json.loads(Terminal("t-1").request()) | {"csr": "\ud800"}
    request.write_text(json.dumps(fields), encoding="utf-8")
    done = run("admit", str(request), "--out", str(config.parent / "out.json"), "--config", str(config))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "RuntimeError" not in done.stderr
    assert "UnicodeEncodeError" not in done.stderr


def test_a_missing_mosquitto_ends_with_1(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(config.read_text(encoding="utf-8") + 'mosquitto = "none"\n', encoding="utf-8")
    assert command(["check", "--config", str(config)]) == 1
    assert "apt-get install mosquitto" in capsys.readouterr().err


def test_admit_revoke_and_list(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request, out = config.parent / "request.json", config.parent / "admission.json"
    request.write_bytes(Terminal("t-1").request())
    common = ["--config", str(config)]
    assert command(["admit", str(request), "--out", str(out), *common]) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["terminal"] == "t-1"
    assert command(["revoke", "t-1", *common]) == 0
    capsys.readouterr()  # that the door is closed where it stands
    assert command(["terminals", "--json", *common]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "revoked"
    assert command(["admit", str(request), "--out", str(out), *common]) == 1
    assert "was revoked" in capsys.readouterr().err
    assert command(["admit", str(config), "--out", str(out), *common]) == 1
    assert command(["admit", str(config.parent / "none"), "--out", str(out), *common]) == 1
    assert "No such file" in capsys.readouterr().err


def test_a_state_directory_that_cannot_be_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "c.toml").write_text(f'state_dir = "{tmp_path / "file" / "x"}"', encoding="utf-8")
    assert command(["init", "--config", str(tmp_path / "c.toml")]) == 1
    assert "Not a directory" in capsys.readouterr().err


def test_a_dashboard_token_is_a_link_whose_secret_is_no_part_of_the_request(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["token", "new", "--scope", "dashboard", "--config", str(config)]) == 0
    link = capsys.readouterr().out.strip()
    assert link.startswith("http://127.0.0.1:8480/enter#hz_")
    assert command(["token", "new", "--scope", "pull", "--days", "0", "--config", str(config)]) == 1


def test_api_prints_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["api"]) == 0
    assert "/api/v1/punches" in json.loads(capsys.readouterr().out)["paths"]


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["token"], ["token", "new"], ["pull"], ["admit"]])
def test_a_wrong_call_ends_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command(argv)
    assert ended.value.code == 2


def test_people_are_registered_with_flags_and_get_others(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1, S16."""
    told = ["--config", str(config)]
    line = {"name": "Synthetic 1", "digits": "000001", "flags": ["supervisor"]}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(line).encode())))
    assert command(["people", "import", *told]) == 0
    ref = json.loads(capsys.readouterr().out)["person"]
    for flags in ("supervisor", "spoken, more_time", ""):
        assert command(["people", "set", ref, "--flags", flags, *told]) == 0
    assert capsys.readouterr().out.splitlines() == ["unchanged", "changed", "changed"]
    assert command(["people", "set", ref, "--flags", "spokn", *told]) == 1
    assert "did you mean spoken?" in capsys.readouterr().err
    for again, says in (
        (line, f"{ref} has this name"),
        ({**line, "name": "Synthetic 2"}, "line 2: the person of line 1"),
    ):
        twice = "\n".join([json.dumps(again)] * (1 + ("line" in says))).encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(twice)))
        assert command(["people", "import", *told]) == 1
        assert says in capsys.readouterr().err
