"""The packets of GT-511C1R, GT-511C3, GT-521F32 and GT-521F52 both ways. No I/O.

    command, answer   55 AA | 01 00 | parameter 4 | code 2 | sum 2          little-endian
    data              5A A5 | 01 00 | data, as long as both sides know | sum 2

The sum is that of all bytes before it. An answer's code says ack or nack and not what it answers, so one question is
asked at a time and a late answer is waited out. Source: GT-511C3 and GT-521F datasheets (ADH-Tech).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from drivers import ProtocolError
from drivers.base import Advice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Cmd(IntEnum):
    OPEN = 0x01  # parameter 1: data of 24 bytes follow
    CLOSE = 0x02
    USB_INTERNAL_CHECK = 0x03
    CHANGE_BAUD = 0x04
    MODULE_INFO = 0x06  # GT-521F alone; data of 38 bytes follow
    LED = 0x12
    ENROLL_COUNT = 0x20
    CHECK_ENROLLED = 0x21
    ENROLL_START = 0x22
    ENROLL1 = 0x23
    ENROLL2 = 0x24
    ENROLL3 = 0x25
    IS_PRESS_FINGER = 0x26  # answers 0: a finger is there
    DELETE_ID = 0x40
    DELETE_ALL = 0x41
    VERIFY = 0x50  # the captured finger against an id
    IDENTIFY = 0x51
    CAPTURE = 0x60  # 0 fast, 1 best
    MAKE_TEMPLATE = 0x61  # of the captured finger; data follow
    GET_IMAGE = 0x62
    GET_RAW_IMAGE = 0x63
    GET_TEMPLATE = 0x70
    SET_TEMPLATE = 0x71  # id; data go down, and a second answer comes
    SET_SECURITY = 0xF0
    GET_SECURITY = 0xF1


ACK, NACK = 0x30, 0x31


class Nack(IntEnum):
    TIMEOUT = 0x1001
    BAD_BAUD = 0x1002
    BAD_ID = 0x1003
    NOT_USED = 0x1004
    ALREADY_USED = 0x1005
    COMM_ERROR = 0x1006
    VERIFY_FAILED = 0x1007
    IDENTIFY_FAILED = 0x1008
    FULL = 0x1009
    EMPTY = 0x100A
    TURN_ERROR = 0x100B
    BAD_FINGER = 0x100C
    ENROLL_FAILED = 0x100D
    NOT_SUPPORTED = 0x100E
    DEVICE_ERROR = 0x100F
    CAPTURE_CANCELLED = 0x1010
    BAD_PARAMETER = 0x1011
    NO_FINGER = 0x1012
    UNKNOWN = 0xFFFF


ADVICE = {
    Nack.BAD_FINGER: Advice.PRESS_HARDER,
    Nack.ENROLL_FAILED: Advice.PLACE_AGAIN,
    Nack.NO_FINGER: Advice.PLACE_AGAIN,
    Nack.TIMEOUT: Advice.PLACE_AGAIN,
    Nack.IDENTIFY_FAILED: Advice.PLACE_AGAIN,
}
"""What the person can do about a refusal; all others are the machine's trouble."""

BAUDS = (9600, 115200, 57600, 38400, 19200)
"""In the order to try them: it wakes up at the first, and stays at the second until then."""

PACKET_BYTES = 12
FRAME_BYTES = 6  # of a data packet, beside the data
OPEN_BYTES, INFO_BYTES = 24, 38
MAX_DATA = 1 << 17
_PACKET, _DATA, _DEVICE = b"\x55\xaa", b"\x5a\xa5", b"\x01\x00"


@dataclass(frozen=True, slots=True)
class Packet:
    """A command, or an answer to one."""

    code: int
    parameter: int


@dataclass(frozen=True, slots=True)
class Data:
    data: bytes


@dataclass(frozen=True, slots=True)
class Damaged:
    """What began like a packet, with a sum that is wrong."""


Event = Packet | Data | Damaged


def pack(packet: Packet) -> bytes:
    return _summed(_PACKET + _DEVICE + struct.pack("<IH", packet.parameter, packet.code))


def pack_data(data: bytes) -> bytes:
    return _summed(_DATA + _DEVICE + data)


def nack(parameter: int) -> Nack:
    return Nack(parameter) if parameter in frozenset(Nack) else Nack.UNKNOWN


class Parser:
    """Bytes in, events out. `data_bytes`: how long the data packet is that may come next; 0: none may."""

    def __init__(self) -> None:
        self._rest = b""
        self.data_bytes = 0

    def reset(self) -> None:
        """Forget what came."""
        self._rest, self.data_bytes = b"", 0

    def feed(self, data: bytes) -> list[Event]:
        """What is complete now."""
        self._rest += data
        return list(self._take())

    def give_up(self) -> list[Event]:
        """Nothing more comes: what waits for its end is no packet, but may have swallowed some."""
        found: list[Event] = []
        while self._rest:
            self._rest = self._rest[1:]
            found += self._take()
        return found

    def _take(self) -> Iterator[Event]:
        while (start := self._start()) is not None:
            at, size = start
            self._rest = self._rest[at:]
            if len(self._rest) < size:
                return
            packet = self._rest[:size]
            if struct.unpack("<H", packet[-2:])[0] != sum(packet[:-2]) & 0xFFFF:
                self._rest = self._rest[1:]
                yield Damaged()
                continue
            self._rest = self._rest[size:]
            if packet.startswith(_DATA):
                self.data_bytes = 0
                yield Data(packet[4:-2])
            else:
                parameter, code = struct.unpack_from("<IH", packet, 4)
                yield Packet(code, parameter)

    def _start(self) -> tuple[int, int] | None:
        """Where the next packet begins and how long it is; what cannot begin one is dropped."""
        kinds = [(_PACKET + _DEVICE, PACKET_BYTES)]
        if self.data_bytes:
            kinds.append((_DATA + _DEVICE, self.data_bytes + FRAME_BYTES))
        starts = [(at, size) for head, size in kinds if (at := self._rest.find(head)) >= 0]
        if starts:
            return min(starts)
        tails = (n for n in (3, 2, 1) if any(self._rest.endswith(head[:n]) for head, _ in kinds))
        keep = next(tails, 0)
        self._rest = self._rest[len(self._rest) - keep :]
        return None


def picture(data: bytes, width_px: int) -> "NDArray[np.uint8]":
    """A byte a pixel to uint8 (rows, columns). Raises ProtocolError."""
    import numpy as np

    if not data or len(data) % width_px:
        raise ProtocolError(f"a picture of {len(data)} bytes, which are no whole rows of {width_px} px")
    return np.frombuffer(data, np.uint8).reshape(-1, width_px).copy()


def transfer_s(payload_bytes: int, baud: int) -> float:
    """Seconds a data packet takes on the wire (8N1: ten bits a byte)."""
    return (payload_bytes + FRAME_BYTES) * 10 / baud


def _summed(data: bytes) -> bytes:
    return data + struct.pack("<H", sum(data) & 0xFFFF)
