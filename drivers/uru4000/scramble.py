"""How these readers scramble a picture: a byte-wise stream of a 32-bit linear feedback shift register.

In time n the register holds bits s[n] to s[n+31] of one endless sequence with s[n+32] = parity of the tapped bits of
the register. Squaring the recurrence (over GF(2), P(x)² = P(x²)) spreads its taps: with a stride m, a power of two,
s[n+32m] is the xor of the bits s[n+tm]. So m bits come at once, and a whole frame in a few hundred vector steps.

Facts (taps, places of the eight bits, the shift by one byte): libfprint's uru4000 driver, by observation of devices.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY_BITS = 32
_TAPPED = 0x9248144D
_TAPS = tuple(bit for bit in range(KEY_BITS) if _TAPPED >> bit & 1)
_PLACES = (4, 8, 11, 14, 18, 21, 24, 29)  # of the register's bits that make the stream's byte, least first
_SLOW = 1024  # bits taken one by one, before vectors are worth it


def stream(key: int, length: int) -> "tuple[NDArray[np.uint8], int]":
    """The bytes of the stream that starts at `key`, uint8 (length,), and the key after them."""
    bits = _sequence(key, length + KEY_BITS)
    found = np.zeros(length, np.uint8)
    for bit, place in enumerate(_PLACES):
        found |= bits[place : place + length] << bit
    return found, int.from_bytes(np.packbits(bits[length:], bitorder="little").tobytes(), "little")


def unscramble(data: "NDArray[np.uint8]", key: int) -> "tuple[NDArray[np.uint8], int]":
    """A block's pixels and the key after it. The last pixel is not sent and comes out as 0."""
    if not data.size:
        return data.copy(), key
    mask, after = stream(key, data.size)
    plain = np.zeros_like(data)
    plain[:-1] = data[1:] ^ mask[:-1]
    return plain, after


def scramble(plain: "NDArray[np.uint8]", key: int) -> "tuple[NDArray[np.uint8], int]":
    """What a device sends for a block of pixels: the reverse of `unscramble`, but for the last pixel."""
    if not plain.size:
        return plain.copy(), key
    mask, after = stream(key, plain.size)
    data = np.empty_like(plain)
    data[0] = mask[-1]
    data[1:] = plain[:-1] ^ mask[:-1]
    return data, after


def _sequence(key: int, count: int) -> "NDArray[np.uint8]":
    """s[0] to s[count-1], each 0 or 1, uint8; s[0] to s[31] are the key's bits, least first."""
    whole = max(count, KEY_BITS)
    bits = np.empty(whole, np.uint8)
    done = min(whole, _SLOW)
    bits[:done] = np.fromiter(_one_by_one(key, done), np.uint8, done)
    while done < whole:
        stride = 1 << (done // KEY_BITS).bit_length() - 1
        taps = [tap * stride for tap in _TAPS]
        end = min(whole, 2 * done)
        for at in range(done, end, stride):
            size = min(stride, end - at)
            first = at - KEY_BITS * stride
            part = bits[at : at + size]
            part[:] = bits[first + taps[0] : first + taps[0] + size]
            for tap in taps[1:]:
                part ^= bits[first + tap : first + tap + size]
        done = end
    return bits[:count]


def _one_by_one(key: int, count: int) -> Iterator[int]:
    for _ in range(count):
        yield key & 1
        key = (key & _TAPPED).bit_count() % 2 << 31 | key >> 1
