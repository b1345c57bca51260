"""When a certificate ends, read from its bytes: the library that knows all of X.509 costs 6 MB of memory, and sync has
32 in all.

    Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { [0] version, serialNumber, signature, issuer,
                               validity SEQUENCE { notBefore, notAfter }, … } … }         (RFC 5280, section 4.1)
"""

import datetime as dt
import ssl
from pathlib import Path

_SEQUENCE, _VERSION, _UTC, _GENERALIZED = 0x30, 0xA0, 0x17, 0x18
_BEFORE_VALIDITY = 3  # serial number, signature, issuer
_MAX_BYTES = 65536


def days_left(file: Path, now: dt.datetime) -> int | None:
    """Whole days from `now` until the first certificate of a PEM file ends, negative afterwards; None: not known."""
    try:
        with file.open(encoding="ascii") as opened:
            pem = opened.read(_MAX_BYTES)
        return (_ends(ssl.PEM_cert_to_DER_cert(pem)) - now).days
    except (OSError, ValueError, IndexError):
        return None


def _ends(der: bytes) -> dt.datetime:
    """Raises ValueError, IndexError."""
    certificate = _value(der, _SEQUENCE)
    rest = _value(certificate, _SEQUENCE)
    if rest[0] == _VERSION:
        rest = _after(rest)
    for _ in range(_BEFORE_VALIDITY):
        rest = _after(rest)
    ends = _after(_value(rest, _SEQUENCE))
    tag, text = ends[0], _value(ends, ends[0]).decode("ascii")
    if tag not in (_UTC, _GENERALIZED):
        raise ValueError("no time where a time belongs")
    if tag == _UTC:  # years of two digits are 1950 to 2049
        text = ("19" if text[:2] >= "50" else "20") + text
    return dt.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)


def _value(data: bytes, tag: int) -> bytes:
    if data[0] != tag:
        raise ValueError("another kind of value than expected")
    start, end = _span(data)
    return data[start:end]


def _after(data: bytes) -> bytes:
    return data[_span(data)[1] :]


def _span(data: bytes) -> tuple[int, int]:
    """Where the content of the first value begins and ends (X.690, section 8.1.3)."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("cut off")
    return start, start + length
