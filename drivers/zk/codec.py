"""The bytes of ZK machines on port 4370, both ways. No I/O.

    TCP   50 50 82 7D | length u32 | packet            UDP   packet
    packet, little-endian: command u16 | checksum u16 | session u16 | reply u16 | data

The checksum is the complement of the ones' complement sum of all words with the checksum itself at 0. Facts from the
open descriptions of the protocol that the client libraries share; what they only claim is said to be claimed here.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from drivers import ProtocolError
from drivers.base import Means

PORT = 4370
TOP = b"\x50\x50\x82\x7d"
TOP_BYTES = 8
HEAD_BYTES = 8
TCP_CHUNK, UDP_CHUNK, UDP_DATA = 0xFFC0, 16 * 1024, 1024
MAX_PACKET = 0x1_0400  # a whole chunk and its head
MAX_TABLE = 16 * 1024 * 1024  # 400 000 of the longest records; machines hold 100 000 to 200 000
ATTENDANCE, USERS, USERS_PART = 13, 9, 5
EVENTS_OF_ATTENDANCE = 1


class Command(IntEnum):
    ATTENDANCE = 13
    CLEAR_ATTENDANCE = 15
    OPTION = 11
    SIZES = 50
    GET_TIME = 201
    SET_TIME = 202
    EVENT = 500
    CONNECT = 1000
    EXIT = 1001
    ENABLE = 1002
    DISABLE = 1003
    VERSION = 1100
    AUTH = 1102
    PREPARE = 1500
    DATA = 1501
    FREE = 1502
    TABLE = 1503
    CHUNK = 1504
    OK = 2000
    ERROR = 2001
    LOCKED = 2005


@dataclass(frozen=True, slots=True)
class Packet:
    command: int
    session: int
    reply: int
    data: bytes = b""


def encode(packet: Packet) -> bytes:
    head = struct.pack("<4H", packet.command, 0, packet.session, packet.reply)
    return head[:2] + struct.pack("<H", checksum(head + packet.data)) + head[4:] + packet.data


def decode(data: bytes) -> tuple[Packet, bool]:
    """The packet, and whether its checksum holds. Raises ProtocolError for what is too short to be one."""
    if len(data) < HEAD_BYTES:
        raise ProtocolError(f"a packet of {len(data)} bytes; the shortest has {HEAD_BYTES}")
    command, given, session, reply = struct.unpack_from("<4H", data)
    true = checksum(data[:2] + b"\0\0" + data[4:])
    return Packet(command, session, reply, data[HEAD_BYTES:]), given % 0xFFFF == true % 0xFFFF


def checksum(data: bytes) -> int:
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"<{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def framed(packet: bytes) -> bytes:
    """As TCP carries it."""
    return TOP + struct.pack("<I", len(packet)) + packet


def length(top: bytes) -> int:
    """How many bytes follow the eight that open a packet on TCP. Raises ProtocolError."""
    size: int = int.from_bytes(top[4:TOP_BYTES], "little")
    if top[:4] != TOP or not HEAD_BYTES <= size <= MAX_PACKET:
        raise ProtocolError("bytes that do not open a packet: out of step, or not a ZK machine")
    return size


def comm_key(key: int, session: int, ticks: int = 50) -> bytes:
    """What AUTH sends: the key's bits reversed, the session added, scrambled with the clock's ticks."""
    mixed = (int(f"{key & 0xFFFFFFFF:032b}"[::-1], 2) + session) & 0xFFFFFFFF
    b = bytes(x ^ y for x, y in zip(mixed.to_bytes(4, "little"), b"ZKSO", strict=True))
    return bytes((b[2] ^ ticks, b[3] ^ ticks, ticks, b[1] ^ ticks))


def pack_time(when: datetime) -> int:
    days = (when.year % 100 * 12 + when.month - 1) * 31 + when.day - 1
    return days * 86_400 + when.hour * 3600 + when.minute * 60 + when.second


def unpack_time(packed: int) -> datetime:
    """Local wall time without a zone; every month has 31 days here. Raises ProtocolError for a day there is none of."""
    days, second = divmod(packed, 86_400)
    months, day = divmod(days, 31)
    try:
        return datetime(  # noqa: DTZ001 - the machine knows no zone; its settings do
            2000 + months // 12, months % 12 + 1, day + 1, second // 3600, second // 60 % 60, second % 60
        )
    except ValueError:
        raise ProtocolError(f"the time {packed:#010x} is on a day that does not exist") from None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the machine's attendance log. `when` is packed; `uid` is a slot that may get another owner."""

    uid: int
    badge: str
    when: int
    verify: int
    state: int

    @property
    def cursor(self) -> str:
        """Names the entry by what it says, so that neither clearing the log nor its wrapping changes it."""
        rest = zlib.crc32(f"{self.badge}\0{self.verify}\0{self.state}".encode())
        return f"{self.when:08x}{rest:08x}"


@dataclass(frozen=True, slots=True)
class Layout:
    """How one record lies in the log. Of two that make the same sense the first is taken, so the longest come first."""

    form: struct.Struct
    fields: tuple[str, ...]


LAYOUTS: Mapping[str, Layout] = {
    "40": Layout(struct.Struct("<H24sBIB8s"), ("uid", "badge", "verify", "when", "state", "")),
    "16": Layout(struct.Struct("<IIBB2sI"), ("number", "when", "verify", "state", "", "work")),
    "8": Layout(struct.Struct("<HBIB"), ("uid", "verify", "when", "state")),
    "8-ma300": Layout(struct.Struct("<HBBI"), ("uid", "verify", "state", "when")),
}
_SAMPLE_BYTES = 80 * 50  # every record size divides it
_SOME_SENSE, _NEARLY_ALL = 0.5, 0.9
_MAX_NUMBER, _MAX_WORK = 10**9, 10**8
_BATTERY_DEAD = 2000  # the year in which these clocks begin
STATES = {0: "in", 1: "out", 2: "movement_out", 3: "movement_in", 4: "in", 5: "out"}
_NO_STATE = 255
# Claimed: the old firmwares' 0, 1, 2 and the later ones' 3, 4, 15; whatever else, the finger it was bought for.
MEANS = {0: Means.PASSWORD, 1: Means.FINGER, 2: Means.CARD, 3: Means.PASSWORD, 4: Means.CARD, 15: Means.FACE}


def entries(table: bytes, count: int, badges: Mapping[int, str]) -> list[Entry]:
    """The log as the machine sent it: u32 size, then records. `count` is how many it says there are.

    The count may be stale or wrong: a layout that it does not agree with is taken when nearly every entry makes sense
    in it. Raises ProtocolError for a log that is cut, or makes sense in no layout.
    """
    body = _body(table, "attendance log")
    if not body:
        return []
    return [entry for entry, _ in _read(body, _layout(body, count, badges), badges)]


def _layout(body: bytes, count: int, badges: Mapping[int, str]) -> Layout:
    """The layout of the log, judged by its newest part. Raises ProtocolError."""
    fitting = [n for n, layout in LAYOUTS.items() if len(body) % layout.form.size == 0]
    told = [n for n in fitting if LAYOUTS[n].form.size * count == len(body)]
    sense: dict[str, float] = {}
    for name in fitting:
        sensible = [ok for _, ok in _read(body[-_SAMPLE_BYTES:], LAYOUTS[name], badges)]
        sense[name] = sum(sensible) / len(sensible)
    best_told, best = (max(names, key=sense.__getitem__, default="") for names in (told, fitting))
    if best_told and sense[best_told] >= _SOME_SENSE:
        return LAYOUTS[best_told]
    if best and sense[best] >= _NEARLY_ALL:
        return LAYOUTS[best]
    if best_told:
        return LAYOUTS[best_told]  # a machine whose clock was never right
    raise ProtocolError(f"an attendance log of {len(body)} bytes, said to be {count} records: no known ones")


def _read(body: bytes, layout: Layout, badges: Mapping[int, str]) -> Iterator[tuple[Entry, bool]]:
    """The body in this layout, and of each entry whether it makes sense so."""
    at = {name: index for index, name in enumerate(layout.fields)}
    uid_at, when_at, verify_at, state_at = (at.get(name, -1) for name in ("uid", "when", "verify", "state"))
    badge_at, number_at, work_at = (at.get(name, -1) for name in ("badge", "number", "work"))
    for f in layout.form.iter_unpack(body):
        uid = f[uid_at] if uid_at >= 0 else 0
        badge = text(f[badge_at]) if badge_at >= 0 else str(f[number_at]) if number_at >= 0 else ""
        entry = Entry(uid, badge or badges.get(uid, str(uid or "")), f[when_at], f[verify_at], f[state_at])
        # Two records of 8 bytes fill one of 16, with numbers longer than any of a badge or a work code.
        short = number_at < 0 or (f[number_at] < _MAX_NUMBER and f[work_at] < _MAX_WORK)
        yield entry, short and _makes_sense(entry)


def is_badge(text: str) -> bool:
    """Is this a number, or a name, that somebody may have been given? U+FFFD stands for bytes that are no text."""
    return bool(text) and text.isprintable() and "\ufffd" not in text


def _makes_sense(entry: Entry) -> bool:
    if not is_badge(entry.badge) or (entry.state not in STATES and entry.state != _NO_STATE):
        return False
    try:
        return unpack_time(entry.when).year > _BATTERY_DEAD
    except ProtocolError:
        return False


def pack_entry(name: str, entry: Entry) -> bytes:
    """One record in the layout of this name; of `badge` and `uid` only what it has room for."""
    number = int(entry.badge) if entry.badge.isdecimal() else 0
    have = {"uid": entry.uid, "badge": entry.badge.encode(), "number": number, "when": entry.when}
    have |= {"verify": entry.verify, "state": entry.state}
    layout = LAYOUTS[name]
    return layout.form.pack(*(have.get(f, 0 if f else b"") for f in layout.fields))


_USER = {28: struct.Struct("<HB5s8sIxBhI"), 72: struct.Struct("<HB8s24sIx7sx24s")}


def users(table: bytes, count: int) -> dict[int, str]:
    """Badge number by slot. Names, passwords and cards are not looked at. Raises ProtocolError."""
    body = _body(table, "user table")
    fitting = [size for size in _USER if len(body) % size == 0]
    told = [size for size in fitting if size * count == len(body)]
    if body and not fitting:
        raise ProtocolError(f"a user table of {len(body)} bytes, which no known record divides")
    rows = _USER[(told or fitting)[0]].iter_unpack(body) if body else ()
    return {row[0]: str(row[-1]) if isinstance(row[-1], int) else text(row[-1]) for row in rows}


def pack_user(size: int, uid: int, badge: str) -> bytes:
    if size == 28:
        return _USER[28].pack(uid, 0, b"", b"", 0, 1, 0, int(badge) if badge.isdecimal() else uid)
    return _USER[72].pack(uid, 0, b"", b"", 0, b"1", badge.encode())


def text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "replace").strip()


def _body(table: bytes, what: str) -> bytes:
    if len(table) < 4:
        return b""
    size = int.from_bytes(table[:4], "little")
    if size != len(table) - 4:
        raise ProtocolError(f"the {what} is cut: {len(table) - 4} of {size} bytes")
    return table[4:]
