"""A claim tells nobody but its server what is in it, and believes nobody but its server."""

import hashlib
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync import ChainError, WireError, seal
from sync.admission import Admission, to_json
from sync.claim import (
    MAX_BYTES,
    Claim,
    ClaimState,
    ServerWord,
    Token,
    Verdict,
    new_secret,
    open_claim,
    parse_token,
    parse_verdict,
    parse_word,
    seal_claim,
    verdict_json,
    word_json,
)
from sync.request import make_request

SERVER, RECORD = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
TEMPLATE, SEAL = (X25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (3, 4))
WORD = ServerWord(SERVER.public_key().public_bytes_raw(), TEMPLATE.public_key().public_bytes_raw())
TOKEN = Token(bytes(8), new_secret())
CLAIM = Claim(TOKEN, make_request("t-1", "CSR", RECORD, SEAL.public_key().public_bytes_raw()), "10000000abcdef01")
ADMITTED = to_json(Admission("t-1", "PEM", "PEM", "00", "00", "00", "localhost", 8883, 0))


def test_a_claim_reaches_its_server_and_no_other() -> None:
    data = seal_claim(WORD, CLAIM)
    assert open_claim(TEMPLATE, data) == CLAIM
    assert str(TOKEN).encode() not in data
    with pytest.raises(WireError, match="not sealed to this server"):
        open_claim(SEAL, data)
    with pytest.raises(WireError, match="more than"):
        open_claim(TEMPLATE, bytes(MAX_BYTES + 1))


def test_the_servers_keys_are_believed_by_their_fingerprint_alone() -> None:
    """S15: another server, a login page, or TLS of any date changes nothing."""
    assert parse_word(word_json(WORD), WORD.fingerprint) == WORD
    with pytest.raises(ChainError, match="another server"):
        parse_word(word_json(replace(WORD, template_key=bytes(32))), WORD.fingerprint)
    for page in (b"<html>log in</html>", b"[]", b'{"server_key": "zz", "template_key": "00"}'):
        with pytest.raises(WireError):
            parse_word(page, WORD.fingerprint)


@pytest.mark.parametrize("verdict", [Verdict(ClaimState.PENDING, "", ""), Verdict(ClaimState.ADMITTED, "", ADMITTED)])
def test_a_verdict_is_the_servers_to_this_very_claim(verdict: Verdict) -> None:
    asked = seal_claim(WORD, CLAIM)
    answer = verdict_json(SERVER, asked, verdict)
    assert parse_verdict(WORD, asked, answer) == verdict
    with pytest.raises(ChainError):
        parse_verdict(WORD, seal_claim(WORD, CLAIM), answer)
    with pytest.raises(ChainError):
        parse_verdict(WORD, asked, verdict_json(RECORD, asked, verdict))


def test_a_verdict_of_a_later_program_says_so() -> None:
    said = json.dumps({"state": "later", "why": "", "admission": ""})
    statement = b"hazri claim answer 1\0" + hashlib.sha256(b"asked").digest() + said.encode()
    data = json.dumps({"said": said, "signature": SERVER.sign(statement).hex()}).encode()
    with pytest.raises(WireError, match="does not know"):
        parse_verdict(WORD, b"asked", data)


@pytest.mark.parametrize(
    "text",
    ["", "x", "00.aa", f"{bytes(8).hex()}.{'a' * 31}", str(TOKEN).upper(), f"{bytes(7).hex()}.{'a' * 32}", "é.1"],
    ids=range(7),  # a token is made anew in each worker
)
def test_what_is_no_token_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(WireError, match=r"expected 16 hex digits, a dot, and 32 of a-z and 2-7$"):
        parse_token(text)


def test_a_token_survives_being_written_down() -> None:
    assert parse_token(str(TOKEN)) == TOKEN


def test_a_claim_with_a_serial_that_is_no_text_is_refused() -> None:
    for serial in ("x" * 65, "a\nb", "é"):
        with pytest.raises(WireError, match="serial"):
            open_claim(TEMPLATE, seal_claim(WORD, replace(CLAIM, serial=serial)))
    with pytest.raises(WireError, match="exactly the texts"):
        open_claim(TEMPLATE, seal.seal_to(TEMPLATE.public_key(), b'{"token": 1}', b"hazri claim 1"))
