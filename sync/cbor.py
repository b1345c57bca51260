"""Deterministic CBOR (RFC 8949, section 4.2) with hostile input in mind.

One value has exactly one encoding, so that a hash or a signature over bytes is a hash over their meaning.
Cost: about 3 µs to decode and 10 µs to encode a batch of fifty punches on an x86 core.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

import cbor2

from sync import VersionError, WireError

VERSION = 1
MAX_INT = 2**53
MAX_MESSAGE_BYTES = 256 * 1024
MAX_DEPTH = 6


class _NoTags(dict[int, Any]):
    """Answers every look-up of a semantic tag with a refusal: dates, regular expressions, shared references and
    big numbers have no business in our messages, and some of their decoders can be made slow."""

    def __getitem__(self, tag: int) -> NoReturn:
        raise ValueError(f"tag {tag} is not allowed")


_NO_TAGS: Mapping[int, Any] = _NoTags()


def encode(value: object) -> bytes:
    """Encode ints, bytes, text, lists, maps with text keys and None; the same value always gives the same bytes."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, *, what: str = "message") -> Any:
    """Decode one deterministic CBOR value.

    `what` names the message in the error's text. Raises WireError for anything else: oversized, truncated, trailing
    bytes, nested deeper than 6, indefinite lengths, tags, or an encoding that is not the deterministic one. What the
    value may be is for the checks below to say.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise WireError(f"{what}: {len(data)} bytes, more than the {MAX_MESSAGE_BYTES} a message may have")
    try:
        value = cbor2.loads(
            data, max_depth=MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False, semantic_decoders=_NO_TAGS
        )
        same = cbor2.dumps(value, canonical=True) == data
    except Exception as error:  # noqa: BLE001 - the library lets several kinds of error through; all mean "not ours"
        raise WireError(f"{what}: not CBOR ({error})") from None
    if not same:
        raise WireError(f"{what}: trailing bytes, or not in deterministic encoding")
    return value


# ── checks: each returns the value, typed, or raises WireError saying what was expected ──

E = TypeVar("E", bound=IntEnum)


def message(data: bytes, what: str, n: int) -> list[Any]:
    """An array of n fields that begins with our VERSION."""
    fields = array(decode(data, what=what), what, range(1, 64))
    version = integer(fields[0], f"{what} version", 1)
    if version > VERSION:
        raise VersionError(f"{what}: protocol version {version}, this program speaks {VERSION}: update this side")
    return array(fields, what, range(n, n + 1))


def array(value: object, what: str, lengths: range) -> list[Any]:
    if not isinstance(value, list) or len(value) not in lengths:
        found = f"{len(value)} fields" if isinstance(value, list) else type(value).__name__
        raise WireError(f"{what}: expected an array of {lengths.start} to {lengths.stop - 1} fields, found {found}")
    return value


def integer(value: object, what: str, low: int, high: int = MAX_INT) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise WireError(f"{what}: expected a whole number from {low} to {high}")
    return value


def octets(value: object, what: str, length: int | range) -> bytes:
    lengths = range(length, length + 1) if isinstance(length, int) else length
    if not isinstance(value, bytes) or len(value) not in lengths:
        raise WireError(f"{what}: expected {lengths.start} to {lengths.stop - 1} bytes")
    return value


def text(value: object, what: str, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise WireError(f"{what}: expected a text of at most {limit} characters")
    return value


def enum(kind: type[E], value: object, what: str) -> E:
    try:
        return kind(integer(value, what, 0, 255))
    except ValueError:
        raise WireError(f"{what}: {value} is not one this program knows") from None
