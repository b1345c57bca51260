"""Keys, request, admission: only what was made for this terminal is accepted."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge import SetupError
from edge.trust import identity, provision
from edge.trust.keys import load_keys
from sync.admission import Request, parse
from sync.request import check_request
from tests.flow.terminal_site import TERMINAL, Authority


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def admission(tmp_path: Path, authority: Authority) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(authority.admit(provision.make(tmp_path, TERMINAL)))
    return table


def test_a_request_is_signed_and_no_key_leaves(tmp_path: Path) -> None:
    text = provision.make(tmp_path, TERMINAL)
    check_request(parse(Request, text))
    assert "PRIVATE" not in text
    for key in (tmp_path / "keys").glob("*.key"):
        assert key.stat().st_mode & 0o777 == 0o600


def test_keys_are_made_once(tmp_path: Path) -> None:
    provision.make(tmp_path, TERMINAL)
    before = {path: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    with pytest.raises(SetupError, match=r"'gate-1' are there already"):
        provision.make(tmp_path, "gate-2")
    assert {path: path.read_bytes() for path in (tmp_path / "keys").iterdir()} == before


def test_the_request_is_made_again_from_the_same_keys(tmp_path: Path) -> None:
    first, again = (parse(Request, provision.make(tmp_path, TERMINAL)) for _ in range(2))
    check_request(again)
    assert (first.record_key, first.seal_key) == (again.record_key, again.seal_key)


@pytest.mark.parametrize("lost", [["transport.key"], ["seal.key"], ["record.key", "seal.key"]])
def test_keys_that_a_crash_left_unmade_are_made_and_the_others_kept(tmp_path: Path, lost: list[str]) -> None:
    provision.make(tmp_path, TERMINAL)
    for name in lost:
        (tmp_path / "keys" / name).unlink()
    before = {path: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    check_request(parse(Request, provision.make(tmp_path, TERMINAL)))
    after = {path: path.read_bytes() for path in (tmp_path / "keys").iterdir()}
    assert len(after) == 4
    assert before.items() <= after.items()


def test_a_key_that_went_after_the_admission_is_not_made_anew(tmp_path: Path, admission: dict[str, Any]) -> None:
    """It may be a credential by now, and no other would be known to the aggregator."""
    provision.accept(tmp_path, json.dumps(admission).encode())
    (tmp_path / "keys" / "record.key").unlink()
    with pytest.raises(SetupError, match=r"record\.key"):
        provision.make(tmp_path, TERMINAL)
    assert not (tmp_path / "keys" / "record.key").exists()


def test_keys_of_nobody_known_are_left_alone(tmp_path: Path) -> None:
    provision.make(tmp_path, TERMINAL)
    (tmp_path / "keys" / "terminal.id").unlink()
    with pytest.raises(SetupError, match="does not say whose"):
        provision.make(tmp_path, TERMINAL)


@pytest.mark.parametrize("name", ["", "Gate", "hazri-x", "a/b", "a" * 33])
def test_a_name_that_cannot_be_a_terminals_makes_no_keys(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match="terminal id"):
        provision.make(tmp_path, name)
    assert not (tmp_path / "keys").exists()


def test_an_admission_opens_both_processes(tmp_path: Path, admission: dict[str, Any], authority: Authority) -> None:
    provision.accept(tmp_path, json.dumps(admission).encode())
    keys, transport = load_keys(tmp_path), identity.load_transport(tmp_path)
    assert (keys.terminal, keys.lookup_key) == (TERMINAL, authority.lookup_key)
    assert (transport.broker_host, transport.broker_port) == ("127.0.0.1", 8883)
    for word in (transport.server_key, keys.server_key):
        word.verify(authority.server.sign(b"said"), b"said")


def test_it_may_be_accepted_again_as_after_a_renewal(tmp_path: Path, admission: dict[str, Any]) -> None:
    for _ in range(2):
        provision.accept(tmp_path, json.dumps(admission).encode())


def test_an_admission_of_another_terminal_is_refused(tmp_path: Path, authority: Authority) -> None:
    provision.make(tmp_path / "ours", TERMINAL)
    theirs = authority.admit(provision.make(tmp_path / "theirs", TERMINAL))
    with pytest.raises(SetupError, match="not for this terminal"):
        provision.accept(tmp_path / "ours", theirs.encode())
    assert not (tmp_path / "ours" / "keys" / "admission.json").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("terminal", "gate-2"),
        ("certificate", "nonsense"),
        ("ca", "nonsense"),
        ("server_key", "zz"),
        ("server_key", "00"),
        ("template_key", "00"),
        ("template_key", "00" * 32),
        ("template_key", "01" + "00" * 31),
        ("lookup_key", "00" * 92),
        ("lookup_key", "zz"),
        ("broker_port", "8883"),
    ],
)
def test_an_altered_admission_is_refused_and_nothing_kept(
    tmp_path: Path, admission: dict[str, Any], field: str, value: object
) -> None:
    with pytest.raises(SetupError):
        provision.accept(tmp_path, json.dumps({**admission, field: value}).encode())
    assert not (tmp_path / "keys" / "admission.json").exists()


def test_a_certificate_of_another_authority_is_refused(
    tmp_path: Path, admission: dict[str, Any], authority: Authority
) -> None:
    from tests.flow.terminal_site import _pem

    with pytest.raises(SetupError, match="certificate"):
        provision.accept(tmp_path, json.dumps({**admission, "ca": _pem(Authority().certificate)}).encode())


def test_without_an_admission_the_way_to_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="hazri-edge keys"):
        identity.load_transport(tmp_path)


def test_a_credential_is_preferred_to_the_file(
    tmp_path: Path, admission: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    provision.accept(tmp_path, json.dumps(admission).encode())
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (tmp_path / "keys" / "transport.key").rename(credentials / "transport.key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert identity.load_transport(tmp_path).key == credentials / "transport.key"
    assert identity.load_transport(tmp_path).ca == tmp_path / "keys" / "ca.crt"
