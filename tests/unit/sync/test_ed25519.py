"""A signature counts if RFC 8032 says so and its key is one that somebody alone can hold."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from sync import ChainError, SignatureError, WireError
from sync.ed25519 import PublicKey

KEY = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
PUBLIC = PublicKey.of(KEY)
SAID = b"hazri"
SIGNATURE = KEY.sign(SAID)
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group (RFC 8032, section 5.1)

# RFC 8032, section 7.1: secret key, public key, message, and the signature's R and S.
VECTORS = {
    "TEST 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        b"",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155",
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        b"\xaf\x82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").digest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589",
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}

# Every point whose order divides 8, and how zero, one and minus one may be written besides.
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def refused(key: PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data)
    except SignatureError:
        return True
    return False


def refused_by_openssl(key: bytes, signature: bytes, data: bytes) -> bool:
    """What sync.verify, and so an auditor, would say."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except InvalidSignature:
        return True
    return False


@pytest.mark.parametrize("name", VECTORS)
def test_what_the_standard_calls_valid_is(name: str) -> None:
    secret, public, data, r, s = VECTORS[name]
    assert PublicKey.of(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))).raw.hex() == public
    PublicKey(bytes.fromhex(public)).verify(bytes.fromhex(r + s), data)
    assert refused(PublicKey(bytes.fromhex(public)), bytes.fromhex(r + s), data + b"\0")


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=5000))
def test_whatever_a_key_signs_is_its_own_and_no_others(seed: bytes, data: bytes) -> None:
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    PublicKey.of(signer).verify(signer.sign(data), data)
    assert refused(PUBLIC, signer.sign(data), data) or PublicKey.of(signer) == PUBLIC


def test_every_flipped_bit_is_found() -> None:
    for at in range(8 * len(SIGNATURE)):
        flipped = bytearray(SIGNATURE)
        flipped[at // 8] ^= 1 << at % 8
        assert refused(PUBLIC, bytes(flipped), SAID)


def test_no_signature_is_made_of_another() -> None:
    """S and S + the group's order, or any other number that stands for the same."""
    r, s = SIGNATURE[:32], int.from_bytes(SIGNATURE[32:], "little")
    for times in range(1, 15):
        again = r + (s + times * ORDER).to_bytes(32, "little")
        assert refused(PUBLIC, again, SAID)
    zero = r + bytes(32), bytes(64), b"\xff" * 64
    assert all(refused(PUBLIC, one, SAID) for one in zero)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 96])
def test_a_signature_of_another_length_is_refused_before_libsodium_cuts_it_elsewhere(length: int) -> None:
    assert refused(PUBLIC, (SIGNATURE + SAID * 10)[:length], SAID)
    assert refused(PUBLIC, SIGNATURE[:-1], SIGNATURE[-1:] + SAID)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_of_another_length_is_none(length: int) -> None:
    with pytest.raises(WireError, match=f"{length} bytes, expected 32"):
        PublicKey(bytes(length))


@pytest.mark.parametrize("key", SMALL)
def test_a_key_under_which_anybody_can_sign_verifies_nothing(key: str) -> None:
    """S8. The forgery: R is the base point and S is 1, which fits wherever the key falls out of the equation. Of 64
    messages OpenSSL believes some, under each of these keys."""
    raw, forged = bytes.fromhex(key), bytes([0x58]) + bytes([0x66]) * 31 + bytes([1]) + bytes(31)
    messages = [b"punch %d" % n for n in range(64)]
    assert not all(refused_by_openssl(raw, forged, data) for data in messages)
    assert all(refused(PublicKey(raw), forged, data) for data in messages)


def test_what_only_the_key_itself_can_bend_the_server_and_an_auditor_judge_alike() -> None:
    """R plus a point of order 8: who multiplies the equation by 8 believes it (RFC 8032 leaves that open), and then a
    record would be receipted that sync.verify does not believe."""
    bent = bytes.fromhex(
        "b15bf26424d1b69dd33b7a9e57db5de4a2aadea4a2a051efd9bfd6af74165d2b"
        "c48b095a0ec4401c6dc2710b97bdc3c52f04a8f99dd1cc7ab669d72b6c64b701"
    )
    assert refused(PUBLIC, bent, SAID)
    assert refused_by_openssl(PUBLIC.raw, bent, SAID)


def test_a_refusal_is_of_this_rooms_own_kind() -> None:
    with pytest.raises(ChainError, match="not this key's") as error:
        PUBLIC.verify(SIGNATURE, SAID + b"!")
    assert error.value.__cause__ is None
