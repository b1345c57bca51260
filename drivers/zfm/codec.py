"""Frames of the EF01 protocol both ways. No I/O.

    EF 01 | address 4 | kind 1 | length 2 | payload | sum 2          big-endian; length counts payload and sum

The sum is that of kind, length and payload; header and address are not in it. Whatever bytes come, the parser finds
the next whole frame: a frame that is damaged or never ends costs itself, not its neighbours.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from drivers import ProtocolError
from drivers.zfm.table import ANY_ADDRESS, INSTRUCTIONS, Code, Op

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEADER = b"\xef\x01"
MAX_PAYLOAD = 256
OVERHEAD = 11  # bytes of a frame that are not payload
PACKET_SIZES = (32, 64, 128, 256)
WAKE = b"\x55"  # what some modules say when they are ready


class Kind(IntEnum):
    COMMAND = 0x01
    DATA = 0x02
    ACK = 0x07
    END = 0x08


_KINDS, _OPS, _CODES = frozenset(Kind), frozenset(Op), frozenset(Code)


@dataclass(frozen=True, slots=True)
class Frame:
    kind: Kind
    payload: bytes
    address: int = ANY_ADDRESS


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something that began like a frame; `kind` as far as that is to be believed."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that belonged to no frame, in front of what comes next; a wake byte alone is none."""

    count: int


Event = Frame | Damaged | Noise


def pack(frame: Frame) -> bytes:
    """A frame's bytes. Raises ProtocolError when the payload is too long."""
    if len(frame.payload) > MAX_PAYLOAD:
        raise ProtocolError(f"a payload of {len(frame.payload)} bytes; at most {MAX_PAYLOAD}")
    body = struct.pack(">BH", frame.kind, len(frame.payload) + 2) + frame.payload
    return HEADER + struct.pack(">I", frame.address) + body + struct.pack(">H", sum(body) & 0xFFFF)


class Parser:
    """Bytes in, events out."""

    def __init__(self) -> None:
        self._rest, self._noise = b"", 0

    def reset(self) -> None:
        """Forget what came."""
        self._rest, self._noise = b"", 0

    def feed(self, data: bytes) -> list[Event]:
        """What is complete now."""
        self._rest += data
        return list(self._take())

    def give_up(self) -> list[Event]:
        """Nothing more comes: what waits for its end is no frame, but may have swallowed some."""
        found: list[Event] = []
        while self._rest:
            self._skip(1)
            found += self._take()
        return [*found, *self._skipped()]

    def _take(self) -> Iterator[Event]:
        while True:
            self._skip(_start(self._rest))
            if len(self._rest) < OVERHEAD - 2:
                return
            address, kind, length = struct.unpack_from(">IBH", self._rest, 2)
            if kind not in _KINDS or not 2 <= length <= MAX_PAYLOAD + 2:
                self._skip(1)
                continue
            end = OVERHEAD - 2 + length
            if len(self._rest) < end:
                return
            body, (check,) = self._rest[6 : end - 2], struct.unpack_from(">H", self._rest, end - 2)
            if sum(body) & 0xFFFF == check:
                yield from self._skipped()
                self._rest = self._rest[end:]
                yield Frame(Kind(kind), body[3:], address)
            else:
                # The length itself may be what is wrong, so what follows is looked at from the next byte on.
                yield from self._skipped()
                self._skip(1)
                yield Damaged(Kind(kind))

    def _skip(self, count: int) -> None:
        self._noise += count - self._rest.count(WAKE, 0, count)
        self._rest = self._rest[count:]

    def _skipped(self) -> Iterator[Noise]:
        if self._noise:
            yield Noise(self._noise)
        self._noise = 0


def _start(data: bytes) -> int:
    found = data.find(HEADER)
    if found >= 0:
        return found
    return len(data) - 1 if data.endswith(HEADER[:1]) else len(data)


def command(op: Op, *args: Any, address: int = ANY_ADDRESS) -> bytes:
    """An instruction's frame."""
    return pack(Frame(Kind.COMMAND, bytes([op]) + struct.pack(">" + INSTRUCTIONS[op].args, *args), address))


def asked(payload: bytes) -> tuple[Op, tuple[Any, ...]]:
    """What a command's payload asks for. Raises ProtocolError."""
    if not payload or payload[0] not in _OPS:
        raise ProtocolError(f"an unknown instruction {payload[:1].hex() or '(none)'}")
    op = Op(payload[0])
    return op, _fields(f"instruction {op.name}", INSTRUCTIONS[op].args, payload[1:])


def answer(op: Op, code: Code, *results: Any, address: int = ANY_ADDRESS) -> bytes:
    """The acknowledgement of an instruction; without results, they are zero."""
    layout = ">" + INSTRUCTIONS[op].results
    values = struct.pack(layout, *results) if results else bytes(struct.calcsize(layout))
    return pack(Frame(Kind.ACK, bytes([code]) + values, address))


def answered(op: Op, payload: bytes) -> tuple[Code, tuple[Any, ...]]:
    """What the module says to an instruction: its code, and the results when it is OK. Raises ProtocolError.

    Codes outside the table are UNKNOWN. A refusal may come with or without the room for results.
    """
    if not payload:
        raise ProtocolError(f"an empty answer to {op.name}")
    code = Code(payload[0]) if payload[0] in _CODES else Code.UNKNOWN
    if code is not Code.OK and code is not Code.ECHO:
        return code, ()
    return code, _fields(f"the answer to {op.name}", INSTRUCTIONS[op].results, payload[1:])


def _fields(what: str, layout: str, data: bytes) -> tuple[Any, ...]:
    if len(data) != struct.calcsize(">" + layout):
        raise ProtocolError(f"{what} has {len(data)} bytes; expected {struct.calcsize('>' + layout)}")
    return struct.unpack(">" + layout, data)


def data_frames(data: bytes, size: int, address: int = ANY_ADDRESS) -> Iterator[bytes]:
    """Data cut into packets of `size` bytes, the last of them marked as the end."""
    for start in range(0, max(len(data), 1), size):
        kind = Kind.END if start + size >= len(data) else Kind.DATA
        yield pack(Frame(kind, data[start : start + size], address))


def transfer_s(payload_bytes: int, packet_bytes: int, baud: int) -> float:
    """Seconds a stream of data takes on the wire (8N1: ten bits a byte), without the module's own pauses."""
    packets = -(-payload_bytes // packet_bytes)
    return (payload_bytes + packets * OVERHEAD) * 10 / baud


def picture(data: bytes, width_px: int) -> "NDArray[np.uint8]":
    """Four bits a pixel, the high ones left, to uint8 (rows, columns), ridges dark. Raises ProtocolError."""
    import numpy as np

    if not data or len(data) * 2 % width_px:
        raise ProtocolError(f"a picture of {len(data)} bytes, which are no whole rows of {width_px} px")
    pairs = np.frombuffer(data, np.uint8)
    return (np.stack([pairs >> 4, pairs & 0x0F], axis=1).reshape(-1, width_px) * 17).astype(np.uint8)


def picture_data(image: "NDArray[np.uint8]") -> bytes:
    """The reverse of `picture`; what does not fit in four bits is lost. The width is even."""
    nibbles = image >> 4
    return bytes((nibbles[:, 0::2] << 4 | nibbles[:, 1::2]).tobytes())
