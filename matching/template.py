"""A template: what is kept of a finger or a face instead of its picture. Pure.

Envelope, big endian, at most 2 KiB:

    "HT"  u8 envelope version (1)  u8 format  u8 modality  u8 algorithm version
    u8 length of the algorithm's name, the name in lower-case ASCII
    u16 length of the payload, the payload
    u32 CRC-32 of everything before it

The checksum is there for bad storage, not for enemies: templates travel and rest sealed.
"""

import enum
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Self

from matching import minutiae as minutiae_codec
from matching import vector as vector_codec
from matching.errors import TemplateError, TemplateVersion
from matching.minutiae import Minutiae
from matching.vector import Vector

ENVELOPE_VERSION = 1
MAX_BYTES = 2048
_MAGIC = b"HT"
_HEAD = struct.Struct(">2sBBBBB")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,15}")


class Modality(enum.IntEnum):
    """What part of a person a template is of."""

    FINGER = 1
    FACE = 2


class Format(enum.IntEnum):
    """How the payload is to be read."""

    MINUTIAE = 1
    VECTOR = 2


@dataclass(frozen=True)
class Template:
    """One view of one finger or face.

    `algorithm` and `version` name what made it: only templates of one algorithm and one version can be
    compared, any other pair scores 0. Raises TemplateError when a field is out of range.
    """

    format: Format
    algorithm: str
    version: int
    modality: Modality
    payload: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.algorithm):
            raise TemplateError(f"{self.algorithm!r} is not an algorithm's name (1 to 16 of a-z 0-9 . -)")
        if not 0 <= self.version <= 255:
            raise TemplateError(f"algorithm version {self.version} is not within 0 … 255")
        if len(self.payload) > MAX_BYTES - 64:
            raise TemplateError(f"a payload of {len(self.payload)} bytes is larger than {MAX_BYTES - 64}")

    @property
    def minutiae(self) -> Minutiae:
        """The minutiae in the payload. Raises TemplateError when it holds none."""
        if self.format is not Format.MINUTIAE:
            raise TemplateError(f"a {self.format.name.lower()} template has no minutiae")
        return minutiae_codec.unpack(self.payload)

    @property
    def vector(self) -> Vector:
        """The vector in the payload, float32 (n,), unit length. Raises TemplateError when it holds none."""
        if self.format is not Format.VECTOR:
            raise TemplateError(f"a template of {self.format.name.lower()} has no vector")
        return vector_codec.unpack(self.payload)

    def comparable(self, other: "Template") -> bool:
        """Whether a comparison of the two means anything."""
        return (self.format, self.modality, self.algorithm, self.version) == (
            other.format,
            other.modality,
            other.algorithm,
            other.version,
        )

    def to_bytes(self) -> bytes:
        """The stored form, about 25 + 5 n bytes for n minutiae, 534 for a face."""
        name = self.algorithm.encode("ascii")
        head = _HEAD.pack(_MAGIC, ENVELOPE_VERSION, self.format, self.modality, self.version, len(name))
        body = head + name + struct.pack(">H", len(self.payload)) + self.payload
        return body + struct.pack(">I", zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The template in `data`.

        Raises TemplateVersion when newer software wrote it, TemplateError for anything else that
        `to_bytes` could not have written.
        """
        if len(data) > MAX_BYTES:
            raise TemplateError(f"a template of {len(data)} bytes is larger than {MAX_BYTES}")
        if len(data) < _HEAD.size + 6 or data[:2] != _MAGIC:
            raise TemplateError("these bytes are not a template, or only the beginning of one")
        _, envelope, form, modality, version, name_length = _HEAD.unpack_from(data)
        # Before the checksum: a newer envelope may keep it elsewhere, and "newer" is the useful answer.
        if envelope != ENVELOPE_VERSION:
            raise TemplateVersion(
                f"template envelope version {envelope} is unknown (this program reads {ENVELOPE_VERSION}): update it"
            )
        if struct.unpack(">I", data[-4:])[0] != zlib.crc32(data[:-4]):
            raise TemplateError("a template is damaged: its checksum does not agree")
        try:
            kind, part = Format(form), Modality(modality)
        except ValueError as unknown:
            raise TemplateVersion(f"template of an unknown kind ({unknown}): update this program") from None
        start = _HEAD.size + name_length + 2
        if len(data) < start + 4:
            raise TemplateError("a template is cut short within its head")
        (length,) = struct.unpack_from(">H", data, start - 2)
        if len(data) != start + length + 4:
            raise TemplateError(f"a payload of {length} bytes is announced and {len(data) - start - 4} are there")
        try:
            name = data[_HEAD.size : start - 2].decode("ascii")
        except UnicodeDecodeError:
            raise TemplateError("an algorithm's name is not ASCII") from None
        template = cls(kind, name, version, part, data[start:-4])
        if template.format is Format.MINUTIAE:
            minutiae_codec.unpack(template.payload)
        if template.format is Format.VECTOR:
            vector_codec.unpack(template.payload)
        return template
