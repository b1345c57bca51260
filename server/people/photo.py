"""A person's photograph: what is accepted as one (R1.4), and the small one that terminals show after a match.

The file as it was given is not kept: the thumbnail, made anew from its pixels, carries no place, no camera and no
comment with it, and is kept sealed like a template.
"""

import io
import warnings
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from PIL import Image, ImageOps
from sqlalchemy import delete, func, select

from server import PeopleError
from server.fleet import roster
from server.fleet.roster import SERVER_READER
from server.ledger.store import Ledger, now_ms, upsert
from server.ledger.tables import person, template
from server.people.register import parse_ref
from sync.photo import MAX_PHOTO_BYTES, PHOTO, seal_photo
from sync.wire import template_bytes

MAX_FILE_BYTES = 100 * 1024
SIZE = (96, 120)  # pixels, wide and high
_MAX_PIXELS = 25_000_000
_QUALITIES = (85, 75, 65, 55, 45, 35, 25, 15)


def read_photo(path: Path) -> bytes:
    """The file, as far as one byte more than it may have. Raises PeopleError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PeopleError(f"{path}: {error.strerror}") from None


def set_photo(ledger: Ledger, key: X25519PrivateKey, reference: str, file: bytes) -> int:
    """Give a person this photograph instead of any before; every active terminal hears of it. `key`: for templates.

    Returns the size of what terminals get, in bytes. Raises PeopleError for a file that is no photograph, and for a
    reference (hexadecimal) that is nobody's.
    """
    ref, small = parse_ref(reference), thumbnail(file)
    with ledger.write() as connection:
        if not connection.scalar(select(person.c.active).where(person.c.ref == ref)):
            raise PeopleError(f"{ref.hex()}: nobody is registered under this reference")
        mine = template.c.person == ref, template.c.finger == PHOTO
        version = (connection.scalar(select(func.max(template.c.version)).where(*mine)) or 0) + 1
        connection.execute(delete(template).where(*mine))
        sealed = seal_photo(key, SERVER_READER, ref, version, small)
        row = {"person": ref, "finger": PHOTO, "version": version, "sealed": template_bytes(sealed)}
        upsert(connection, template, {**row, "terminal": "", "since_ms": now_ms()})
        roster.change(connection, [ref])
    return len(small)


def thumbnail(file: bytes) -> bytes:
    """A JPEG of 96 × 120 pixels and at most 4,096 bytes, of one of at most 102,400. Raises PeopleError."""
    if len(file) > MAX_FILE_BYTES:
        raise PeopleError(f"photograph: more than the {MAX_FILE_BYTES} bytes that one may have")
    picture = _opened(file)
    for quality in _QUALITIES:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True)
        if len(out.getvalue()) <= MAX_PHOTO_BYTES:
            return out.getvalue()
    raise PeopleError("photograph: too restless a picture to be made small")


_END, _SCAN = b"\xff\xd9", b"\xff\xda"  # the end comes after the last scan (ITU-T T.81, B.1.1.3)


def _opened(file: bytes) -> Image.Image:
    """Upright, in colour, cut to the shape that terminals show. A JPEG by its content, whatever its name ends in."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(file), formats=("JPEG",)) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if image.width * image.height > _MAX_PIXELS:
                raise PeopleError(f"photograph: {image.width} × {image.height} pixels are more than are opened")
            if image.width < SIZE[0] or image.height < SIZE[1]:
                raise PeopleError(f"photograph: {image.width} × {image.height} pixels; {SIZE[0]} × {SIZE[1]} at least")
            # Whether Pillow minds is a switch for the whole process, and what prints the returns turns it off.
            if file.rfind(_END) <= file.rfind(_SCAN):
                raise ValueError("cut off before its end")
            image.draft("RGB", (4 * SIZE[0], 4 * SIZE[1]))
            upright = ImageOps.exif_transpose(image)
            return ImageOps.fit(upright.convert("RGB"), SIZE, centering=(0.5, 0.4))
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PeopleError("photograph: not a JPEG that can be read; save it as .jpg again") from None
