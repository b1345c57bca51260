"""Time-based one-time passwords (RFC 6238 over RFC 4226): HMAC-SHA-1, 30 seconds, six digits, which is what every
authenticator takes. Twenty lines of our own: a package would bring no more, and would know nothing of taken codes.
"""

import base64
import hashlib
import hmac
import secrets
import struct
from urllib.parse import quote

STEP_S = 30
DIGITS = 6
_SKEW = 1  # steps a phone's clock may be off, to either side


def new_secret() -> bytes:
    """160 bits, as RFC 4226 recommends."""
    return secrets.token_bytes(20)


def code(secret: bytes, step: int) -> str:
    """The six digits of one step of 30 seconds since 1970."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number: int = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def accept(secret: bytes, told: str, now_s: float, last_step: int) -> int | None:
    """The step whose code was told, or None. A step up to `last_step` was taken before and is not taken again."""
    now = int(now_s) // STEP_S
    for step in range(now - _SKEW, now + _SKEW + 1):
        if step > last_step and hmac.compare_digest(code(secret, step).encode(), told.encode("utf-8", "replace")):
            return step
    return None


def uri(secret: bytes, login: str, issuer: str = "Hazri") -> str:
    """What an authenticator reads from a QR code."""
    return f"otpauth://totp/{quote(issuer)}:{quote(login)}?secret={text(secret)}&issuer={quote(issuer)}"


def text(secret: bytes) -> str:
    """For typing it in: base32 (RFC 4648)."""
    return base64.b32encode(secret).decode()


def read(base32: str) -> bytes:
    """The secret of such a text. Raises ValueError."""
    return base64.b32decode(base32)
