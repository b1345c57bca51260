"""Sealing: opened by whom it is meant for, about what it is meant for, and by nobody else."""

import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from sync import SealError, StorageError, WireError, keys, seal
from sync.admission import Admission, Request, lookup_binding, parse, to_json
from sync.request import check_request, make_request
from sync.wire import SealedTemplate

SERVER, TERMINAL, THIEF = (X25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))


@given(st.binary(max_size=400), st.integers(0, 10), st.integers(1, 9))
def test_a_template_goes_up_and_comes_down_unopened(plain: bytes, finger: int, version: int) -> None:
    up = seal.seal_template(SERVER.public_key(), "server", b"person-1", finger, version, plain)
    down = seal.rewrap(up, SERVER, "server", TERMINAL.public_key(), "t-1")
    assert down.body == up.body
    assert seal.open_template(down, TERMINAL, "t-1") == plain


def test_nobody_else_opens_it_and_it_cannot_be_moved() -> None:
    up = seal.seal_template(SERVER.public_key(), "server", b"person-1", 1, 1, b"ridges")
    down = seal.rewrap(up, SERVER, "server", TERMINAL.public_key(), "t-1")
    moved = SealedTemplate(b"person-2", 1, 1, down.body, down.wrapped)
    other_finger = SealedTemplate(b"person-1", 2, 1, down.body, down.wrapped)
    for template, key, reader in (
        (down, THIEF, "t-1"),
        (down, TERMINAL, "t-2"),
        (moved, TERMINAL, "t-1"),
        (other_finger, TERMINAL, "t-1"),
        (up, TERMINAL, "server"),
    ):
        with pytest.raises(SealError):
            seal.open_template(template, key, reader)


def test_a_seal_says_who_made_it_to_whoever_asks() -> None:
    """S8: both public keys are known to everybody, and neither makes such a seal."""
    by_server = seal.seal_to(TERMINAL.public_key(), b"card", b"about", SERVER)
    makers = THIEF.public_key(), SERVER.public_key()
    assert seal.open_sealed(TERMINAL, by_server, b"about", makers) == b"card"
    assert len(by_server) == len(b"card") + 60
    low = X25519PublicKey.from_public_bytes(bytes(32))
    for made, believed in (
        (by_server, None),
        (by_server, ()),
        (by_server, (low, THIEF.public_key())),
        (seal.seal_to(TERMINAL.public_key(), b"card", b"about"), makers),
        (seal.seal_to(TERMINAL.public_key(), b"card", b"about", THIEF), (SERVER.public_key(),)),
        (seal.seal_to(SERVER.public_key(), b"card", b"about", SERVER), makers),
    ):
        with pytest.raises(SealError):
            seal.open_sealed(TERMINAL, made, b"about", believed)


def test_a_template_is_handed_on_only_as_somebody_believed_sealed_it() -> None:
    kept = seal.seal_template(SERVER.public_key(), "server", b"person-1", 1, 1, b"ridges", SERVER)
    put_in = seal.seal_template(SERVER.public_key(), "server", b"person-1", 1, 1, b"ridges")
    own, reader = (SERVER.public_key(),), TERMINAL.public_key()
    down = seal.rewrap(kept, SERVER, "server", reader, "t-1", makers=own, maker=SERVER)
    assert seal.open_template(down, TERMINAL, "t-1", own) == b"ridges"
    with pytest.raises(SealError):
        seal.rewrap(put_in, SERVER, "server", reader, "t-1", makers=own, maker=SERVER)
    with pytest.raises(SealError):
        seal.open_template(down, TERMINAL, "t-1")


@given(st.binary(max_size=120))
def test_hostile_sealed_bytes(data: bytes) -> None:
    with pytest.raises(SealError):
        seal.open_sealed(TERMINAL, data, b"")


@given(st.data())
def test_any_flipped_bit_is_found(data: st.DataObject) -> None:
    sealed = seal.seal_to(TERMINAL.public_key(), b"card", b"about")
    at = data.draw(st.integers(0, len(sealed) - 1))
    bit = data.draw(st.sampled_from([1, 2, 4, 8, 16, 32, 64]))
    with pytest.raises(SealError):
        seal.open_sealed(TERMINAL, sealed[:at] + bytes([sealed[at] ^ bit]) + sealed[at + 1 :], b"about")


def test_lookup_is_keyed_and_leading_zeros_are_digits() -> None:
    """R1.2: the six digits are text; and without the key their lookup says nothing."""
    key = os.urandom(32)
    assert len(seal.lookup(key, "000123")) == seal.LOOKUP_BYTES
    assert seal.lookup(key, "000123") == seal.lookup(key, "000123")
    assert seal.lookup(key, "000123") != seal.lookup(key, "123")
    assert seal.lookup(key, "000123") != seal.lookup(os.urandom(32), "000123")


def test_keys_are_written_once_for_their_owner_alone(tmp_path: Path) -> None:
    made = {
        "ec": (keys.new_transport_key(), keys.load_ec),
        "ed": (Ed25519PrivateKey.generate(), keys.load_ed25519),
        "x": (X25519PrivateKey.generate(), keys.load_x25519),
    }
    for name, (key, load) in made.items():
        path = tmp_path / "keys" / name
        keys.write_key(path, key)
        assert path.stat().st_mode & 0o777 == 0o600
        again = load(path).public_key()
        assert again == key.public_key()
        with pytest.raises(StorageError, match="never overwritten"):
            keys.write_key(path, key)
    for name, wrong in (("ec", keys.load_x25519), ("ec", keys.load_ed25519), ("x", keys.load_ec)):
        with pytest.raises(SealError, match="expected an"):
            wrong(tmp_path / "keys" / name)


def test_key_files_that_are_missing_garbage_or_impossible(tmp_path: Path) -> None:
    with pytest.raises(SealError, match="No such file"):
        keys.load_ec(tmp_path / "none")
    (tmp_path / "garbage").write_bytes(b"not a key")
    with pytest.raises(SealError, match="not a PEM private key"):
        keys.load_ec(tmp_path / "garbage")
    with pytest.raises(StorageError, match=r"name too long|File name"):
        keys.write_secret(tmp_path / ("x" * 300), b"")


def request_of(terminal: str = "t-1") -> Request:
    return make_request(terminal, "CSR", Ed25519PrivateKey.generate(), TERMINAL.public_key().public_bytes_raw())


def test_a_request_is_bound_to_its_keys() -> None:
    request = request_of()
    check_request(parse(Request, to_json(request)))
    other = request_of()
    for change in (
        {"csr": "CSR2"},
        {"terminal": "t-2"},
        {"seal_key": "00" * 32},
        {"seal_key": "00"},
        {"record_key": other.record_key},
        {"proof": "zz"},
    ):
        fields = {name: getattr(request, name) for name in Request.__annotations__} | change
        with pytest.raises(WireError, match="do not agree"):
            check_request(Request(**fields))


def test_keys_of_low_order_are_refused_before_anything_is_sealed_to_them() -> None:
    """RFC 7748, section 6.1: such a key makes every shared secret the same."""
    zero = bytes(32)
    with pytest.raises(SealError, match="low order"):
        seal.seal_to(X25519PublicKey.from_public_bytes(zero), b"card", b"")
    with pytest.raises(WireError, match="do not agree"):
        check_request(make_request("t-1", "CSR", Ed25519PrivateKey.generate(), zero))


def test_a_seal_key_of_another_length_is_refused_even_when_signed() -> None:
    short = make_request("t-1", "CSR", Ed25519PrivateKey.generate(), b"short")
    with pytest.raises(WireError, match="do not agree"):
        check_request(short)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "not JSON"),
        ("[" * 30_000, "not JSON"),
        ("[]", "expected exactly the fields"),
        ("{}", "expected exactly the fields"),
        ('{"terminal": 1, "csr": "", "record_key": "", "seal_key": "", "proof": ""}', "terminal must be of type str"),
        ('{"terminal": "A", "csr": "x", "record_key": "x", "seal_key": "x", "proof": "x"}', "terminal id"),
        ("x" * 40_000, "more than"),
        (
            '{"terminal": "t-1", "csr": "\\ud800", "record_key": "0", "seal_key": "0", "proof": "0"}',
            "csr must be plain",
        ),
        ('{"terminal": "t-1", "csr": "", "record_key": "0", "seal_key": "0", "proof": "0"}', "not empty"),
    ],
)
def test_hostile_requests(data: str, why: str) -> None:
    with pytest.raises(WireError, match=why):
        parse(Request, data)


def test_an_admission_survives_its_file() -> None:
    admission = Admission("t-1", "PEM", "PEM", "00", "00", "00", "localhost", 8883, 0)
    assert parse(Admission, to_json(admission)) == admission
    with pytest.raises(WireError, match="broker_port must be of type int"):
        parse(Admission, to_json(admission).replace("8883", '"8883"'))
    with pytest.raises(WireError, match="charter must not be negative"):
        parse(Admission, to_json(admission).replace('"charter": 0', '"charter": -1'))
    for port in ("0", "-1", "999999"):
        with pytest.raises(WireError, match="1 to 65535"):
            parse(Admission, to_json(admission).replace("8883", port))
    for releases in ("", "0" * 63, "0" * 63 + "G"):
        with pytest.raises(WireError, match="releases"):
            parse(Admission, to_json(admission).replace('"releases": "nothing"', f'"releases": "{releases}"'))
    for offices in ("", "/", "hr", "/hr", "//", "/HR/", "/hr/" * 40):
        with pytest.raises(WireError, match="offices"):
            parse(Admission, to_json(admission).replace('"offices": "nothing"', f'"offices": "{offices}"'))
    with pytest.raises(WireError, match="broker_host must be plain text"):
        parse(Admission, to_json(admission).replace("localhost", "\\u0939"))


def test_an_admission_of_an_earlier_release_is_still_one() -> None:
    """A newer program must start on what an older one left."""
    admission = Admission("t-1", "PEM", "PEM", "00", "00", "00", "localhost", 8883, 0)
    told = json.loads(to_json(admission))
    for name in ("follows", "releases", "offices"):
        del told[name]
    assert parse(Admission, json.dumps(told)) == admission
    del told["charter"]
    with pytest.raises(WireError, match="expected exactly the fields"):
        parse(Admission, json.dumps(told))


def test_a_look_up_key_opens_only_on_the_terminal_it_was_made_for() -> None:
    sealed = seal.seal_to(TERMINAL.public_key(), b"k" * 32, lookup_binding("t-1"))
    assert seal.open_sealed(TERMINAL, sealed, lookup_binding("t-1")) == b"k" * 32
    with pytest.raises(SealError):
        seal.open_sealed(TERMINAL, sealed, lookup_binding("t-2"))
