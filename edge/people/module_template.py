"""A module's own template as it is kept and sealed, beside those of our own matching. Pure.

    "HM"  u8 envelope version (1)  u8 length of the family, the family in UTF-8, then the module's bytes

`version` numbers the views of one finger, and those of modules have numbers of their own from FIRST_VERSION on, so
that a terminal with pictures and one with a module enrol the same finger without overwriting each other.
"""

import zlib

from drivers.base import DeviceTemplate
from edge import EdgeError

FIRST_VERSION = 1 << 20
MOST_BYTES = 3500  # sealed it must fit into the 4,096 bytes the aggregator takes
_MAGIC = b"HM\x01"
_VIEWS_BITS = 4


class ModuleTemplateError(EdgeError):
    """Bytes that hold no module's template, or one that cannot be kept."""


def is_module(plain: bytes) -> bool:
    """Whether these plain bytes say that they are a module's template."""
    return plain.startswith(_MAGIC[:2])


def pack(template: DeviceTemplate) -> bytes:
    """Raises ModuleTemplateError for one too large to be kept."""
    family = template.family.encode()
    packed = _MAGIC + bytes([min(len(family), 255)]) + family + template.data
    if not 0 < len(family) < 256 or not template.data or len(packed) > MOST_BYTES:
        raise ModuleTemplateError(f"a module's template of {len(packed)} bytes: 1 to {MOST_BYTES} can be kept")
    return packed


def unpack(plain: bytes) -> DeviceTemplate:
    """Raises ModuleTemplateError."""
    if not plain.startswith(_MAGIC) or len(plain) < 6 or len(plain) > MOST_BYTES:
        raise ModuleTemplateError("not a module's template that this program can read")
    end = 4 + plain[3]
    try:
        family = plain[4:end].decode()
    except UnicodeDecodeError:
        family = ""
    if not family or end >= len(plain):
        raise ModuleTemplateError("a module's template is damaged")
    return DeviceTemplate(family, plain[end:])


def version(family: str, view: int) -> int:
    """The number of view 1, 2, … (at most 15) of a family, the same on every terminal."""
    return FIRST_VERSION + ((zlib.crc32(family.encode()) & 0xFFFF) << _VIEWS_BITS) + view
