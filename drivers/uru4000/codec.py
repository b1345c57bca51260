"""What U.are.U readers say and are told: registers, interrupts, and the frame a picture comes in. No I/O.

A register is read or written by a vendor control request (bRequest 0x04, wValue the register). Frames: 64 bytes of
header (little-endian) and up to 289 lines of 384 bytes, dark where the glass is bare.

Facts: libfprint's uru4000 driver, and descriptors of a 4500. Microsoft's second reader wants a challenge answered by
AES-128 (FIPS 197) under a constant that the same driver publishes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from drivers import ProtocolError
from drivers.uru4000.scramble import stream, unscramble

if TYPE_CHECKING:
    from numpy.typing import NDArray

REQUEST = 0x04
READ, WRITE = 0xC0, 0x40
INTERRUPT_EP, BULK_EP = 0x81, 0x82
INTERRUPT_BYTES = 64

WIDTH, HEIGHT = 384, 290
HEADER_BYTES = 64
FRAME_BYTES = HEADER_BYTES + WIDTH * HEIGHT
DPI = 512.0
_BLOCKS = 15
_NOISY = 5000  # mean square deviation of the sum of two lines, from which on they may be scrambled
_CHALLENGE_KEY = bytes.fromhex("79ac91795ca1478e98e00f3c598f5f4b")
_BLANK = 2.0  # mean step between neighbours of a picture that shows bare glass: noise alone


class Register(IntEnum):
    STATUS = 0x07
    SCRAMBLE_INDEX = 0x33  # 5 bytes: number of the key, seed
    SCRAMBLE_KEY = 0x34  # 4 bytes: that key xor the seed
    MODE = 0x4E
    INFO = 0xF0  # 16 bytes
    RESPONSE = 0x2000  # 16 bytes
    CHALLENGE = 0x2010  # 16 bytes


class Status(IntFlag):
    AWAKE = 0x01
    INTERRUPTING = 0x02
    CONFUSED = 0x04
    LOW_POWER = 0x80


class Mode(IntEnum):
    INIT = 0x00
    AWAIT_FINGER = 0x10
    AWAIT_LIFT = 0x12
    CAPTURE = 0x20
    OFF = 0x70


class Interrupt(IntEnum):
    SCAN_POWER = 0x56AA
    FINGER = 0x0101
    LIFT = 0x0200
    DEATH = 0x0800  # the next capture is likely to fail


class Flag(IntFlag):
    CHANGE_KEY = 0x80
    KEEP_KEY = 0x04
    SCRAMBLED = 0x02
    ABSENT = 0x01  # these lines are not in the data


@dataclass(frozen=True, slots=True)
class Kind:
    """One USB id of the family. `upside_down`: its pictures are turned by 180 degrees. `asks`: it sends a challenge."""

    model: str
    upside_down: bool = False
    asks: bool = False


KINDS: Mapping[tuple[int, int], Kind] = {
    (0x05BA, 0x0007): Kind("U.are.U 4000"),
    (0x05BA, 0x0008): Kind("U.are.U 4000 in a keyboard"),
    (0x05BA, 0x000A): Kind("U.are.U 4000B or 4500", upside_down=True),
    (0x045E, 0x00BB): Kind("Microsoft Keyboard with Fingerprint Reader"),
    (0x045E, 0x00BC): Kind("Microsoft IntelliMouse with Fingerprint Reader"),
    (0x045E, 0x00BD): Kind("Microsoft Fingerprint Reader"),
    (0x045E, 0x00CA): Kind("Microsoft Fingerprint Reader v2", asks=True),
}


@dataclass(frozen=True, slots=True)
class Block:
    flags: Flag
    lines: int


@dataclass(frozen=True, slots=True)
class Header:
    """`lines` are in the data, the first of them scrambled under the key `key_number`."""

    lines: int
    key_number: int
    blocks: tuple[Block, ...]


def interrupt(data: bytes) -> Interrupt | None:
    """What an interrupt tells, None when it is none we know, or a stump."""
    kind = int.from_bytes(data[:2], "big")
    return Interrupt(kind) if kind in set(Interrupt) else None


def response(challenge: bytes) -> bytes:
    """The answer, 16 bytes, to a challenge of as many. Raises ProtocolError."""
    if len(challenge) != 16:
        raise ProtocolError(f"a challenge of {len(challenge)} bytes instead of 16")
    # One block and no secret: what the reader asks for is this mode and this constant.
    cipher = Cipher(algorithms.AES128(_CHALLENGE_KEY), modes.ECB()).encryptor()  # noqa: S305
    return cipher.update(challenge) + cipher.finalize()


def versions(info: bytes) -> tuple[str, str]:
    """Hardware and firmware, as the reader's information register gives them. Raises ProtocolError."""
    if len(info) != 16:
        raise ProtocolError(f"information of {len(info)} bytes instead of 16")
    return info[10:12].hex(), info[4:6].hex()


def index(number: int, seed: int) -> bytes:
    """What is written to ask for the key of this number, hidden under a seed of 32 bits."""
    return bytes([number & 0xFF]) + seed.to_bytes(4, "little")


def key(data: bytes, seed: int) -> int:
    """The key in the reader's answer. Raises ProtocolError."""
    if len(data) != 4:
        raise ProtocolError(f"a key of {len(data)} bytes instead of 4")
    return int.from_bytes(data, "little") ^ seed


def header(frame: bytes) -> Header:
    """The head of a frame whose lines are all there. Raises ProtocolError."""
    if len(frame) < HEADER_BYTES:
        raise ProtocolError(f"a frame of {len(frame)} bytes, shorter than its head")
    lines = int.from_bytes(frame[4:6], "little")
    if not 0 < lines < HEIGHT or len(frame) < HEADER_BYTES + lines * WIDTH:
        raise ProtocolError(f"a frame of {lines} lines in {len(frame)} bytes")
    pairs = [Block(Flag(flags), count) for flags, count in zip(frame[16:46:2], frame[17:46:2], strict=True)]
    counts = [block.lines for block in pairs]
    return Header(lines, frame[6], tuple(pairs[: counts.index(0) if 0 in counts else _BLOCKS]))


def key_numbers(head: Header) -> tuple[int, ...]:
    """The keys a scrambled frame takes, in order of use: the first, and one more at each change."""
    changes = sum(Flag.CHANGE_KEY in block.flags for block in head.blocks)
    return tuple((head.key_number + n) % 256 for n in range(changes + 1))


def is_scrambled(frame: bytes, head: Header) -> bool:
    """Whether the lines are noise: no block says so reliably, so the first two lines are looked at.

    Scrambled neighbours differ by as much as strangers; those of a picture, however strong its contrast, do not.
    """
    if head.lines < 2 or not any(Flag.SCRAMBLED in block.flags for block in head.blocks):
        return False
    lines = np.frombuffer(frame, np.uint8, 2 * WIDTH, HEADER_BYTES).reshape(2, WIDTH).astype(np.int64).sum(axis=0)
    deviation = float(lines.var())
    return deviation >= _NOISY and float(np.square(np.diff(lines)).mean()) > deviation


def picture(frame: bytes, head: Header, keys: Sequence[int], kind: Kind) -> "NDArray[np.uint8]":
    """The finger, uint8 (290, 384), ridges dark, as laid on the glass. No keys: the frame is not scrambled.

    Lines that the reader did not send are white. Takes any header; clips what exceeds the picture.
    """
    image = np.zeros((HEIGHT, WIDTH), np.uint8)
    data = np.frombuffer(frame, np.uint8, head.lines * WIDTH, HEADER_BYTES)
    waiting = list(keys)
    now = waiting.pop(0) if waiting else None
    came, row = 0, 0
    for block in head.blocks:
        if Flag.CHANGE_KEY in block.flags and waiting:
            now = waiting.pop(0)
        here = data[came * WIDTH : (came + block.lines) * WIDTH]
        if now is not None:
            here, now = _open(here, block, now)
        if Flag.ABSENT not in block.flags:
            lines = min(here.size // WIDTH, HEIGHT - row)
            image[row : row + lines] = here[: lines * WIDTH].reshape(lines, WIDTH)
            came += block.lines
        row = min(row + block.lines, HEIGHT)
    image = 255 - image
    return np.ascontiguousarray(image[::-1, ::-1]) if kind.upside_down else image


def is_blank(image: "NDArray[np.uint8]") -> bool:
    """Whether a picture shows bare glass: the finger was gone before it was taken."""
    return float(np.abs(np.diff(image[2:-2].astype(np.int16), axis=1)).mean()) < _BLANK


def _open(data: "NDArray[np.uint8]", block: Block, now: int) -> "tuple[NDArray[np.uint8], int]":
    """A block's pixels and the key after it."""
    match block.flags & (Flag.SCRAMBLED | Flag.KEEP_KEY):
        case Flag.SCRAMBLED:
            return unscramble(data, now)
        case 0:
            return data, stream(now, block.lines * WIDTH)[1]
    return data, now
