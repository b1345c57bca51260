"""A person's photograph on its way to the terminals where they may punch (R1.4).

It is a small JPEG, and it travels as a sealed template does, in the place of a finger that nobody has: encrypted once,
its key wrapped for each terminal, gone with its person. No I/O.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync import SealError
from sync.seal import seal_template
from sync.wire import SealedTemplate

PHOTO = 255  # the last of all places: whatever is sent in their order brings it last
MAX_PHOTO_BYTES = 4096
_JPEG = b"\xff\xd8\xff"


def seal_photo(key: X25519PrivateKey, reader_id: str, person: bytes, version: int, jpeg: bytes) -> SealedTemplate:
    """By the aggregator for itself, with its template key; `version` counts a person's photographs from 1.

    Raises SealError for what is no JPEG, or larger than MAX_PHOTO_BYTES.
    """
    if len(jpeg) > MAX_PHOTO_BYTES or not jpeg.startswith(_JPEG):
        raise SealError(f"photograph: expected a JPEG of at most {MAX_PHOTO_BYTES} bytes")
    return seal_template(key.public_key(), reader_id, person, PHOTO, version, jpeg, key)


def is_photo(template: SealedTemplate) -> bool:
    return template.finger == PHOTO
