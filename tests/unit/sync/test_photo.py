"""A photograph travels as a sealed template does; what is none, or too large, is not sent at all."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync import SealError
from sync.photo import MAX_PHOTO_BYTES, PHOTO, is_photo, seal_photo
from sync.seal import open_template

KEY = X25519PrivateKey.from_private_bytes(bytes([2]) * 32)
JPEG = b"\xff\xd8\xff"


def test_a_photograph_of_the_largest_size_is_sealed_in_the_place_of_a_finger() -> None:
    """R1.4"""
    jpeg = JPEG.ljust(MAX_PHOTO_BYTES, b"\0")
    sealed = seal_photo(KEY, "t-1", b"person-1", 3, jpeg)
    assert (sealed.person, sealed.finger, sealed.version) == (b"person-1", PHOTO, 3)
    assert is_photo(sealed)
    assert open_template(sealed, KEY, "t-1", (KEY.public_key(),)) == jpeg


@pytest.mark.parametrize("file", [JPEG.ljust(MAX_PHOTO_BYTES + 1, b"\0"), b"\x89PNG\r\n\x1a\n", b""])
def test_what_is_no_jpeg_or_too_large_is_refused(file: bytes) -> None:
    with pytest.raises(SealError, match="expected a JPEG of at most 4096 bytes"):
        seal_photo(KEY, "t-1", b"person-1", 1, file)
