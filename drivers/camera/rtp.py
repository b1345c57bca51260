"""A JPEG as RTP packets (RFC 2435 over RFC 3550), and what RTSP says of it (RFC 2326). No I/O.

RTP/JPEG carries the scan alone: the tables are the standard ones (Huffman) or go with the first packet (quantization),
and width and height count blocks of eight pixels. So only baseline JPEGs in YCbCr 4:2:0 of such a size will do.
"""

import struct
from collections.abc import Iterator

from drivers import ProtocolError

_PAYLOAD_JPEG, _CLOCK_HZ = 26, 90_000
_TYPE_420, _TABLES_INSIDE = 1, 255
_CHUNK = 1400


def describe(address: str) -> str:
    """The session description (RFC 8866) of one JPEG stream."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {address}", "s=pretended camera", f"c=IN IP4 {address}", "t=0 0"]
    return "\r\n".join([*lines, "m=video 0 RTP/AVP 26", "a=control:track1", ""])


def packets(jpeg: bytes, number: int, at_s: float, source: int) -> list[bytes]:
    """One picture's packets; `number` is the first one's. Raises ProtocolError for a JPEG that RTP cannot carry."""
    tables, rows, columns, scan = _parts(jpeg)
    stamp = int(at_s * _CLOCK_HZ) & 0xFFFFFFFF
    found: list[bytes] = []
    for offset in range(0, len(scan), _CHUNK):
        piece = scan[offset : offset + _CHUNK]
        last = offset + _CHUNK >= len(scan)
        head = struct.pack(
            ">BBHII", 0x80, last << 7 | _PAYLOAD_JPEG, (number + len(found)) & 0xFFFF, stamp, source & 0xFFFFFFFF
        )
        picture = struct.pack(">II", offset, _TYPE_420 << 24 | _TABLES_INSIDE << 16 | columns // 8 << 8 | rows // 8)
        more = b"" if offset else struct.pack(">BBH", 0, 0, len(tables)) + tables
        found.append(head + picture + more + piece)
    return found


def _parts(jpeg: bytes) -> tuple[bytes, int, int, bytes]:
    """Quantization tables in their order, rows, columns, and the scan without its end."""
    tables: dict[int, bytes] = {}
    rows = columns = 0
    for marker, segment, rest in _segments(jpeg):
        if marker == 0xDB:
            for at in range(0, len(segment), 65):
                tables[segment[at] & 15] = segment[at + 1 : at + 65]
        elif marker == 0xC0:
            rows, columns = struct.unpack_from(">HH", segment, 1)
            if segment[5] != 3 or segment[7] != 0x22:
                raise ProtocolError("RTP carries JPEGs of three colours in 4:2:0")
        elif marker == 0xDA:
            if not rows or rows % 8 or columns % 8 or max(rows, columns) > 2040:
                raise ProtocolError("RTP carries baseline JPEGs of up to 2040 px whose sides are multiples of 8")
            return b"".join(tables[n] for n in sorted(tables)), rows, columns, rest.removesuffix(b"\xff\xd9")
    raise ProtocolError("a JPEG without a scan")


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """(marker, what is in it, what follows it)."""
    at = 2
    while at + 4 <= len(jpeg):
        marker, length = struct.unpack_from(">xBH", jpeg, at)
        yield marker, jpeg[at + 4 : at + 2 + length], jpeg[at + 2 + length :]
        at += 2 + length
