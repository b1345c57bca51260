"""A pretended ZK machine, sans I/O: what it holds, and what it answers to each packet.

Written from the protocol's description, not from the driver beside it; independent client software reads it as a real
one. It does what it is told, locking and clearing too, and counts that, so that a test can see who did.
"""

import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from drivers import ProtocolError
from drivers.zk import codec
from drivers.zk.codec import Command, Entry, Packet

SERIAL, NAME, FIRMWARE = "SIM0001000200", "SIMULATED", "Ver 6.60 simulated"
_DIRECT = 1000  # a table this short comes without chunks; a datagram of 1024 bytes must hold it
Reply = Callable[..., bytes]  # the packet that answers the one at hand: a command, and data
_ZONE = ZoneInfo("Asia/Kolkata")


@dataclass(frozen=True, slots=True)
class Firmware:
    """How one family behaves. `miscount` is added to what it says it holds."""

    layout: str = "40"
    user_bytes: int = 72
    key: int = 0
    capacity: int = 100_000
    entries: int = 0
    miscount: int = 0
    events: bool = True
    gap_s: float = 0.0
    drops: bool = False


FIRMWARES = {
    "tcp40": Firmware(),
    "udp8": Firmware("8", 28),
    "udp16": Firmware("16", 28),
    "ma300": Firmware("8-ma300", 28),
    "commkey": Firmware(key=2718),
    "big": Firmware(entries=5000),
    "wrapped": Firmware(capacity=20, entries=20),
    "miscount": Firmware(miscount=3),
    "quiet": Firmware(events=False),
    "slow": Firmware(gap_s=0.1),
    "drops": Firmware(drops=True),
}


@dataclass(eq=False)
class Line:
    """One client: its session, whether it gave the key, whether it wants events, and the table it is reading."""

    udp: bool
    session: int = 0
    open: bool = False
    events: bool = False
    table: bytes = b""


class Machine:
    """Used by several threads. `answer` gives the packets to send back, in order; a None among them hangs up."""

    def __init__(self, firmware: Firmware, clock: Callable[[], datetime] | None = None) -> None:
        """`clock`: the time of day in India, unless it is to be something else."""
        self._clock = clock or (lambda: datetime.now(_ZONE).replace(tzinfo=None))
        self.firmware = firmware
        self.entries: list[Entry] = []
        self.users: dict[int, str] = {}
        self.skew_s = 0.0
        self.seen: Counter[int] = Counter()  # commands, by number
        self.garble = 0  # so many tables are cut short
        self.drop = 0  # so many tables end in the middle of a hung-up connection
        self._next_session = 0x1F2E
        self._tables = 0
        self._lock = threading.RLock()
        begin = datetime(2026, 4, 1, 9, 0, 0)  # noqa: DTZ001 - wall time, as the machine has it
        for n in range(firmware.entries):
            self.punch(str(1 + n % 40), when=begin + timedelta(minutes=n))

    def now(self) -> datetime:
        return self._clock() + timedelta(seconds=self.skew_s)

    def punch(self, badge: str, state: int = 0, verify: int = 1, when: datetime | None = None) -> Entry:
        """Somebody punches: an entry is written; the oldest makes way in a full log."""
        with self._lock:
            uid = next((uid for uid, known in self.users.items() if known == badge), 0)
            if not uid:
                uid = max(self.users, default=0) + 1
                self.users[uid] = badge
            entry = Entry(uid, badge, codec.pack_time(when or self.now()), verify, state)
            self.entries.append(entry)
            del self.entries[: -self.firmware.capacity]
            return entry

    def clear(self) -> None:
        with self._lock:
            self.entries = []

    def event(self, line: Line, entry: Entry) -> bytes:
        """What a listening client is told of a punch."""
        when = codec.unpack_time(entry.when)
        clock = bytes((when.year - 2000, when.month, when.day, when.hour, when.minute, when.second))
        data = entry.badge.encode().ljust(24, b"\0") + bytes((entry.verify, entry.state)) + clock
        return codec.encode(Packet(Command.EVENT, line.session, 0, data))

    def answer(self, raw: bytes, line: Line) -> list[bytes | None]:
        try:
            asked, whole = codec.decode(raw)
        except ProtocolError:
            return []
        if not whole:
            return []
        with self._lock:
            self.seen[asked.command] += 1
            return self._answer(asked, line)

    def _answer(self, asked: Packet, line: Line) -> list[bytes | None]:
        def reply(command: int, data: bytes = b"") -> bytes:
            return codec.encode(Packet(command, line.session, asked.reply, data))

        match asked.command:
            case Command.CONNECT:
                self._next_session = line.session = self._next_session % 0xFFFF + 1
                line.open = not self.firmware.key
                return [reply(Command.OK if line.open else Command.LOCKED)]
            case Command.AUTH:
                line.open = asked.data == codec.comm_key(self.firmware.key, line.session)
                return [reply(Command.OK if line.open else Command.LOCKED)]
            case _ if not line.open or asked.session != line.session:
                return [reply(Command.LOCKED)]
            case Command.OK:
                return []
            case Command.EXIT:
                line.open = line.events = False
                return [reply(Command.OK), None]
            case Command.EVENT:
                line.events = self.firmware.events and any(asked.data)
                return [reply(Command.OK if self.firmware.events else Command.ERROR)]
            case Command.TABLE:
                return [self._table(asked, line, reply)]
            case Command.CHUNK:
                return self._chunk(asked, line, reply)
        return [reply(*self._plain(asked))]

    def _plain(self, asked: Packet) -> tuple[int, bytes]:
        match asked.command:
            case Command.OPTION:
                name = codec.text(asked.data)
                value = {"~SerialNumber": SERIAL, "~DeviceName": NAME, "~Platform": "SIM"}.get(name)
                return (Command.OK, f"{name}={value}\0".encode()) if value else (Command.ERROR, b"")
            case Command.VERSION:
                return Command.OK, FIRMWARE.encode() + b"\0"
            case Command.GET_TIME:
                return Command.OK, struct.pack("<I", codec.pack_time(self.now()))
            case Command.SET_TIME if len(asked.data) == 4:
                wanted = codec.unpack_time(int.from_bytes(asked.data, "little"))
                self.skew_s += (wanted - self.now()).total_seconds()
                return Command.OK, b""
            case Command.SIZES:
                return Command.OK, self._sizes()
            case Command.CLEAR_ATTENDANCE:
                self.clear()
                return Command.OK, b""
            case Command.ENABLE | Command.DISABLE | Command.FREE | 60 | 62:  # also: verify, cancel a capture
                return Command.OK, b""
        return Command.ERROR, b""

    def _sizes(self) -> bytes:
        fields = [0] * 20
        fields[4], fields[8] = len(self.users), len(self.entries) + self.firmware.miscount
        fields[14], fields[15], fields[16] = 3000, 3000, self.firmware.capacity
        return struct.pack("<20i", *fields)

    def _table(self, asked: Packet, line: Line, reply: Reply) -> bytes:
        if len(asked.data) < 11:
            return reply(Command.ERROR)
        which = int.from_bytes(asked.data[1:3], "little")
        if which == codec.ATTENDANCE:
            rows = [codec.pack_entry(self.firmware.layout, entry) for entry in self.entries]
            self._tables += 1
        elif which == codec.USERS:
            rows = [codec.pack_user(self.firmware.user_bytes, uid, badge) for uid, badge in self.users.items()]
        else:
            return reply(Command.ERROR)
        body = b"".join(rows)
        line.table = struct.pack("<I", len(body)) + body
        if which == codec.ATTENDANCE and self.garble:
            self.garble -= 1
            line.table = line.table[:-3]
        if len(line.table) <= _DIRECT and not (self.drop or self.firmware.drops):
            return reply(Command.DATA, line.table)
        return reply(Command.OK, b"\0" + struct.pack("<I", len(line.table)) + bytes(4))

    def _chunk(self, asked: Packet, line: Line, reply: Reply) -> list[bytes | None]:
        if len(asked.data) != 8:
            return [reply(Command.ERROR)]
        start, size = struct.unpack("<II", asked.data)
        piece = line.table[start : start + size]
        step = codec.UDP_DATA if line.udp else max(len(piece), 1)
        data = [reply(Command.DATA, piece[at : at + step]) for at in range(0, len(piece), step)]
        answer: list[bytes | None] = [reply(Command.PREPARE, struct.pack("<II", len(piece), 0)), *data]
        if self.drop or (self.firmware.drops and self._tables % 2):
            self.drop = max(0, self.drop - 1)
            return [answer[0], data[0][: len(data[0]) // 2], None]
        return [*answer, reply(Command.OK)]
