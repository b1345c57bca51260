"""What a release is to both sides: the list of its wheels, and which terminals a ring has. No I/O.

What must stay true here: `parse_release(release_bytes(r)) == r`; `parse_release` raises WireError, and nothing else, on
any other bytes. A release is believed only as far as a signature over these bytes reaches (docs/updates.md).
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from sync import WireError
from sync.cbor import VERSION, array, encode, integer, message, octets, text

ARCHES = ("arm64", "amd64")
RINGS = (1, 10, 100)
"""Percent of a district's terminals that are offered a release, one after the other."""

ALL = "all"
"""The district that every terminal is in."""

MAX_WHEELS = 256
MAX_WHEEL_BYTES = 512 * 1024 * 1024
MAX_BLOCKS_BYTES = 1024 * 1024
MAX_RELEASE_BYTES = 256 * 1024
_PARTS = 10_000
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){1,3}")
_WHEEL = re.compile(r"[A-Za-z0-9_.]{1,64}-[A-Za-z0-9_.+!]{1,32}(-[A-Za-z0-9_.]{1,96}){3,4}\.whl")
_DISTRICT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_PYTHON = re.compile(r"3\.[0-9]{1,2}")
_OURS = "hazri"


@dataclass(frozen=True, slots=True)
class Wheel:
    """One file of a release. `blocks`: the SHA-256 of its block map, whose length is `blocks_length` (sync.blocks)."""

    name: str
    length: int
    sha256: bytes
    blocks: bytes
    blocks_length: int

    @property
    def distribution(self) -> str:
        """What it installs, without the version: two releases' wheels of one name are deltas of each other."""
        return self.name.split("-", 1)[0]

    @property
    def info(self) -> str:
        """The name of its .dist-info folder."""
        return "-".join(self.name.split("-")[:2]) + ".dist-info"


@dataclass(frozen=True, slots=True)
class Release:
    """Everything a terminal of this kind runs: `python` is the version its wheels were built for, as 3.11."""

    version: str
    arch: str
    python: str
    wheels: tuple[Wheel, ...]

    @property
    def length(self) -> int:
        return sum(wheel.length for wheel in self.wheels)


def number(version: str) -> tuple[int, ...]:
    """To compare by: 0.10.0 is later than 0.9.1. Raises WireError for what is no version of ours."""
    if not _NUMBER.fullmatch(version):
        raise WireError(f"version {version[:40]!r}: expected numbers with points, as 1.4.0")
    return tuple(int(part) for part in version.split("."))


def district(name: str) -> str:
    """Raises WireError."""
    if not _DISTRICT.fullmatch(name):
        raise WireError(f"district {name[:40]!r}: expected at most 32 of a-z, 0-9 and '-'")
    return name


def districts(offices: str) -> tuple[str, ...]:
    """Whose offer a terminal takes, by the path of its office: of "/hr/hr-12/hr-12-3/" that of hr-12-3, or where there
    is no such district, or it offers nothing, that of hr-12, of hr, or of all. Both sides know it without telling."""
    return (*(part for part in offices.split("/")[:0:-1] if _DISTRICT.fullmatch(part) and part != ALL), ALL)


def within(terminal: str, percent: int) -> bool:
    """Is it among the first `percent` of all? A larger ring has everybody that a smaller one has; who they are depends
    on the terminal's id alone, so that both sides know it without telling each other."""
    digest = hashlib.sha256(b"hazri ring\0" + terminal.encode()).digest()
    return int.from_bytes(digest[:8], "big") % _PARTS < percent * _PARTS // 100


def release_path(version: str, arch: str) -> str:
    """Where the makers' own signature has the release."""
    return f"releases/{version}-{arch}.cbor"


def offer_path(name: str, arch: str) -> str:
    """Where a district says which release it rolls out; it can only point at one that the makers signed."""
    return f"{name}/{arch}.cbor"


def wheel_path(wheel: Wheel) -> str:
    return f"wheels/{wheel.sha256.hex()}"


def blocks_path(wheel: Wheel) -> str:
    return f"wheels/{wheel.sha256.hex()}.blocks"


def release_bytes(release: Release) -> bytes:
    wheels = [[w.name, w.length, w.sha256, w.blocks, w.blocks_length] for w in release.wheels]
    return encode([VERSION, release.version, release.arch, release.python, wheels])


def parse_release(data: bytes) -> Release:
    """Read what is in a release. Raises WireError."""
    fields = message(data, "release", 5)
    version, arch = text(fields[1], "version", 32), text(fields[2], "architecture", 8)
    python = text(fields[3], "python", 8)
    number(version)
    if arch not in ARCHES or not _PYTHON.fullmatch(python):
        raise WireError("release: for no machine this program knows")
    wheels = tuple(_wheel(row) for row in array(fields[4], "wheels", range(1, MAX_WHEELS + 1)))
    if len({wheel.distribution for wheel in wheels}) < len(wheels):
        raise WireError("release: something is in it twice")
    if not any(wheel.info == f"{_OURS}-{version}.dist-info" for wheel in wheels):
        raise WireError(f"release: no wheel of {_OURS} {version}")
    return Release(version, arch, python, wheels)


def _wheel(value: Any) -> Wheel:
    fields = array(value, "wheel", range(5, 6))
    name = text(fields[0], "wheel name", 256)
    if not _WHEEL.fullmatch(name):
        raise WireError("wheel name: not the name of a wheel")
    return Wheel(
        name,
        integer(fields[1], "wheel length", 1, MAX_WHEEL_BYTES),
        octets(fields[2], "wheel sum", 32),
        octets(fields[3], "block map sum", 32),
        integer(fields[4], "block map length", 0, MAX_BLOCKS_BYTES),
    )
