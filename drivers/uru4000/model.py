"""A U.are.U reader as its host sees it: control, interrupt and bulk transfers in, bytes out. No I/O, no clock.

Who carries the transfers (drivers.uru4000.port) holds the lock and does the waiting: a pipe with nothing to say
answers None, as a device that keeps the host waiting does.
"""

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drivers.uru4000 import codec
from drivers.uru4000.codec import Block, Flag, Interrupt, Mode, Register, Status
from drivers.uru4000.scramble import scramble, stream

LINES = 289
PLAIN = (Block(Flag(0), 255), Block(Flag(0), LINES - 255))
SCRAMBLED = (
    Block(Flag.SCRAMBLED, 100),
    Block(Flag(0), 3),  # plain, the key runs on
    Block(Flag.SCRAMBLED, 40),
    Block(Flag.KEEP_KEY, 2),  # plain, the key does not
    Block(Flag.SCRAMBLED, 144),
)
NEW_KEY = (Block(Flag.SCRAMBLED | Flag.CHANGE_KEY, 200), Block(Flag.SCRAMBLED, 89))
# libfprint 1.94 takes a new key at a frame's first block alone; later ones it leaves scrambled.
NEW_KEY_MIDWAY = (Block(Flag.SCRAMBLED, 100), Block(Flag.SCRAMBLED | Flag.CHANGE_KEY, 189))


class Stall(Exception):  # noqa: N818 - the bus's word
    """The device refuses this request."""


@dataclass(frozen=True, slots=True)
class Make:
    """What a model is made as. `blocks` are those of its frames."""

    vendor: int
    product: int
    release: int
    name: str
    blocks: tuple[Block, ...]

    @property
    def kind(self) -> codec.Kind:
        return codec.KINDS[self.vendor, self.product]


VARIANTS = {
    "4500": Make(0x05BA, 0x000A, 0x0103, "U.are.U 4500 Fingerprint Reader", SCRAMBLED),
    "4500-plain": Make(0x05BA, 0x000A, 0x0103, "U.are.U 4500 Fingerprint Reader", PLAIN),
    "4000b": Make(0x05BA, 0x000A, 0x0102, "U.are.U 4000B Fingerprint Reader", NEW_KEY),
    "4000": Make(0x05BA, 0x0007, 0x0001, "U.are.U 4000 Fingerprint Reader", PLAIN),
    "4000-scrambled": Make(0x05BA, 0x0007, 0x0001, "U.are.U 4000 Fingerprint Reader", SCRAMBLED),
    "msv2": Make(0x045E, 0x00CA, 0x0100, "Microsoft Fingerprint Reader v2", SCRAMBLED),
}


@dataclass(slots=True)
class Quirks:
    """How the device misbehaves, as real ones are seen to; each is used up as it happens."""

    confused: int = 0  # status reads for which a plugged-in reader stays in 0x84
    sleepy: int = 0  # power-ups it ignores
    silent_power: int = 0  # power-ups it does not announce
    early_power: bool = False  # announces its power before it is up
    repeats: int = 1  # how often each interrupt comes
    empty_reads: int = 0  # bulk reads that give nothing at first
    deaths: int = 0  # captures announced by 0800 that give nothing
    cut_to: int | None = None  # every frame ends after so many bytes
    lines: int | None = None  # what every frame's head says instead of 289
    strays: list[bytes] = field(default_factory=list)  # interrupts before each of its own


class UruModel:
    """One reader, just plugged in. Not thread-safe: the port it is in holds the lock."""

    def __init__(self, make: Make, serial: str = "SIMULATED", random: Callable[[], int] | None = None) -> None:
        self.make, self.serial, self.quirks = make, serial, Quirks()
        self.finger: NDArray[np.uint8] | None = None  # what lies on the glass: (290, 384), ridges dark
        self.frames = 0
        self._random = random or _counter()
        self._status = Status.LOW_POWER
        self._mode = Mode.INIT
        self._configuration = 0
        self._interrupts: deque[bytes] = deque()
        self._rest: bytes | None = None  # of the frame that is being sent
        self._index = (0, 0)
        self._challenge = self._some(16)
        self._answered = not make.kind.asks

    @property
    def lit(self) -> bool:
        return self._mode in (Mode.AWAIT_FINGER, Mode.AWAIT_LIFT, Mode.CAPTURE) and Status.LOW_POWER not in self._status

    def touch(self, picture: NDArray[np.uint8]) -> None:
        """A finger, uint8 (290, 384), ridges dark, is laid on the glass and stays."""
        self.finger = picture
        self._notice()

    def lift(self) -> None:
        self.finger = None
        self._notice()

    def control(self, setup: bytes, data: bytes = b"") -> bytes:
        """One control transfer: what the host reads. Raises Stall."""
        kind, request, value, index, length = struct.unpack("<BBHHH", setup)
        if (kind & 0x7F, request, index) == (0x40, codec.REQUEST, 0):
            if kind & 0x80:
                return self._read(value, length)[:length]
            self._write(value, data)
            return b""
        return self._standard(kind, request, value, data)[:length]

    def interrupt(self) -> bytes | None:
        """The next interrupt, 64 bytes; None: nothing to tell."""
        return self._interrupts.popleft() if self._interrupts else None

    def bulk(self, length: int) -> bytes | None:
        """Up to `length` bytes of the frame; less than that ends it. None: no picture is being taken."""
        if self._rest is None:
            if self._mode is not Mode.CAPTURE or Status.LOW_POWER in self._status:
                return None
            if self.quirks.deaths or self.quirks.empty_reads:
                self.quirks.empty_reads = max(0, self.quirks.empty_reads - 1)
                return b""
            self._rest = self._frame()[: self.quirks.cut_to]
        part, rest = self._rest[:length], self._rest[length:]
        self._rest = rest if len(part) == length else None
        return part

    def _read(self, register: int, count: int) -> bytes:
        match register:
            case Register.STATUS:
                if Status.CONFUSED in self._status and Status.LOW_POWER not in self._status:
                    self.quirks.confused -= 1
                    if self.quirks.confused <= 0:
                        self._status = Status.AWAKE
                pending = Status.INTERRUPTING if self._interrupts else Status(0)
                return bytes([self._status | pending])
            case Register.SCRAMBLE_KEY:
                number, seed = self._index
                return (self._key(number) ^ seed).to_bytes(4, "little")
            case Register.INFO:
                return bytes.fromhex("0000000001030000000001020000") + bytes(2)
            case Register.CHALLENGE if self.make.kind.asks:
                return self._challenge
            case Register.MODE:
                return bytes([self._mode])
        raise Stall

    def _write(self, register: int, data: bytes) -> None:
        match register:
            case Register.STATUS if len(data) == 1:
                self._power(Status(data[0]))
            case Register.MODE if len(data) == 1 and data[0] in set(Mode):
                self._mode, self._rest = Mode(data[0]), None
                self._notice()
            case Register.SCRAMBLE_INDEX if len(data) == 5:
                self._index = (data[0], int.from_bytes(data[1:], "little"))
            case Register.RESPONSE if self.make.kind.asks and len(data) == 16:
                self._answered = data == codec.response(self._challenge)
                self._challenge = self._some(16)
            case _:
                raise Stall

    def _power(self, wanted: Status) -> None:
        if Status.LOW_POWER in wanted:
            self._status, self._mode, self._answered = Status.LOW_POWER, Mode.INIT, not self.make.kind.asks
            if self.quirks.early_power:
                self._tell(Interrupt.SCAN_POWER)
            return
        if Status.CONFUSED in self._status:
            self._status = Status.CONFUSED
            return
        if Status.LOW_POWER not in self._status:
            return
        if self.quirks.sleepy or not self._answered:
            self.quirks.sleepy = max(0, self.quirks.sleepy - 1)
            return
        self._status = Status.AWAKE
        if self.quirks.silent_power:
            self.quirks.silent_power -= 1
        elif not self.quirks.early_power:
            self._tell(Interrupt.SCAN_POWER)

    def confuse(self, reads: int) -> None:
        """As found after a host that went away: 0x84, and so for as many more reads of the status."""
        self._status, self.quirks.confused = Status.LOW_POWER | Status.CONFUSED, reads

    def _notice(self) -> None:
        """The sensor compares what lies on the glass with what it was told to wait for."""
        if self._mode is Mode.AWAIT_FINGER and self.finger is not None:
            self._tell(Interrupt.FINGER)
        if self._mode is Mode.AWAIT_LIFT and self.finger is None:
            self._tell(Interrupt.LIFT)
        if self._mode is Mode.CAPTURE and self.quirks.deaths and self._rest is None:
            self._tell(Interrupt.DEATH)

    def _tell(self, what: Interrupt) -> None:
        own = [what.to_bytes(2, "big").ljust(codec.INTERRUPT_BYTES, b"\0")] * self.quirks.repeats
        self._interrupts.extend([*self.quirks.strays, *own])

    def _frame(self) -> bytes:
        self.frames += 1
        finger = self.finger if self.finger is not None else np.full((codec.HEIGHT, codec.WIDTH), 255, np.uint8)
        upright = finger[::-1, ::-1] if self.make.kind.upside_down else finger
        glass = 255 - upright
        number = self._random() % 256
        head = bytearray(codec.HEADER_BYTES)
        head[4:6] = (self.quirks.lines if self.quirks.lines is not None else LINES).to_bytes(2, "little")
        head[6] = number
        for at, block in enumerate(self.make.blocks):
            head[16 + 2 * at : 18 + 2 * at] = bytes([block.flags, block.lines])
        return bytes(head) + self._lines(np.ascontiguousarray(glass), number)

    def _lines(self, glass: NDArray[np.uint8], number: int) -> bytes:
        sent, row, now = b"", 0, self._key(number)
        for block in self.make.blocks:
            pixels = glass[row : row + block.lines].reshape(-1)
            row += block.lines
            if Flag.CHANGE_KEY in block.flags:
                number = (number + 1) % 256
                now = self._key(number)
            if block.flags & (Flag.SCRAMBLED | Flag.KEEP_KEY) == Flag.SCRAMBLED:
                pixels, now = scramble(pixels, now)
            elif Flag.KEEP_KEY not in block.flags:
                now = stream(now, pixels.size)[1]
            if Flag.ABSENT not in block.flags:
                sent += pixels.tobytes()
        return sent

    def _key(self, number: int) -> int:
        return (number + 1) * 0x9E3779B1 & 0xFFFFFFFF

    def _some(self, count: int) -> bytes:
        return bytes(self._random() % 256 for _ in range(count))

    def _standard(self, kind: int, request: int, value: int, data: bytes) -> bytes:
        match kind, request:
            case 0x80, 6:
                return self._descriptor(value >> 8, value & 0xFF)
            case 0x80, 8:
                return bytes([self._configuration])
            case 0x00, 9:
                self._configuration = value & 0xFF
                return b""
            case ((0x80 | 0x81 | 0x82), 0):
                return bytes(2)
            case ((0x00 | 0x01 | 0x02), (1 | 3 | 11)):
                return b""
        raise Stall

    def _descriptor(self, kind: int, number: int) -> bytes:
        make = self.make
        match kind:
            case 1:
                head = struct.pack("<BBHBBBB", 18, 1, 0x0200, 0xFF, 0xFF, 0xFF, 8)
                return head + struct.pack("<HHHBBBB", make.vendor, make.product, make.release, 1, 2, 3, 1)
            case 2:
                interface = bytes([9, 4, 0, 0, 2, 0xFF, 0xFF, 0xFF, 0])
                pipes = bytes([7, 5, 0x81, 3, 64, 0, 1]) + bytes([7, 5, 0x82, 2, 64, 0, 0])
                body = interface + pipes
                return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, 1, 0, 0xA0, 50) + body
            case 3 if number == 0:
                return bytes([4, 3, 0x09, 0x04])
            case 3 if number in (1, 2, 3):
                text = ("Hazri simulator", make.name, self.serial)[number - 1].encode("utf-16-le")
                return bytes([2 + len(text), 3]) + text
        raise Stall


def descriptors(model: UruModel) -> bytes:
    """Device and configuration descriptor, as sysfs shows them."""
    return b"".join(model.control(struct.pack("<BBHHH", 0x80, 6, kind << 8, 0, 255)) for kind in (1, 2))


def _counter() -> Callable[[], int]:
    """Different each time and the same each run."""
    state = 1

    def step() -> int:
        nonlocal state
        state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        return state >> 33

    return step
