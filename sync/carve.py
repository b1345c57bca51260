"""Rows read straight from the pages of a damaged SQLite file and its WAL, without following what leads to them.

SQLite stops where a page it needs is spoilt; most rows still lie on sound pages. Whoever reads them here must know each
row by itself: nothing says that it is the newest, or that it was not deleted. The layout is that of "B-tree Pages"
and "Record Format" in SQLite's file format document (sqlite.org/fileformat2.html).
"""

from collections.abc import Iterator
from pathlib import Path

Value = int | bytes | str | None
Row = tuple[int | None, list[Value]]  # the rowid (None in a table without), and the columns

PAGE = 4096  # SQLite's default, with which all our files are made
_TABLE_LEAF, _INDEX_LEAF = 0x0D, 0x0A
_MOST = 1 << 20  # longer than any row of ours
_INTS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_FRAME_HEAD, _WAL_HEAD = 24, 32


def carve(path: Path) -> Iterator[Row]:
    """Every row on every leaf page of `path` and its -wal; garbage among them. Raises OSError."""
    pages = list(_pages(path))
    newest = dict(pages)
    for number, page in pages:
        yield from _cells(page, 100 if number == 1 else 0, newest)


def _pages(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number, content), those of the WAL after those of the file."""
    data = path.read_bytes() if path.exists() else b""
    for at in range(0, len(data), PAGE):
        yield at // PAGE + 1, data[at : at + PAGE]
    wal = path.with_name(path.name + "-wal")
    data = wal.read_bytes() if wal.exists() else b""
    for at in range(_WAL_HEAD, len(data), _FRAME_HEAD + PAGE):
        start = at + _FRAME_HEAD
        yield int.from_bytes(data[at : at + 4], "big"), data[start : start + PAGE]


def _cells(page: bytes, head: int, newest: dict[int, bytes]) -> Iterator[Row]:
    kind = page[head] if len(page) > head else 0
    if kind not in (_TABLE_LEAF, _INDEX_LEAF):
        return
    for n in range(int.from_bytes(page[head + 3 : head + 5], "big")):
        at = head + 8 + 2 * n
        if at + 2 > len(page):
            return
        try:
            yield _cell(page, int.from_bytes(page[at : at + 2], "big"), kind == _TABLE_LEAF, newest)
        except (IndexError, ValueError):
            continue


def _cell(page: bytes, at: int, table: bool, newest: dict[int, bytes]) -> Row:
    size, at = _varint(page, at)
    rowid: int | None = None
    if table:
        rowid, at = _varint(page, at)
    if size > _MOST:
        raise ValueError("too long")
    most = PAGE - 35 if table else (PAGE - 12) * 64 // 255 - 23
    if size <= most:
        return rowid, _record(page[at : at + size])
    least = (PAGE - 12) * 32 // 255 - 23
    local = least + (size - least) % (PAGE - 4)
    local = local if local <= most else least
    payload, follow = page[at : at + local], page[at + local : at + local + 4]
    while len(payload) < size:
        more = newest.get(int.from_bytes(follow, "big"), b"")
        if len(more) < PAGE:
            raise ValueError("cut short")
        follow, payload = more[:4], payload + more[4 : 4 + size - len(payload)]
    return rowid, _record(payload)


def _record(data: bytes) -> list[Value]:
    end, at = _varint(data, 0)
    kinds = []
    while at < end:
        kind, at = _varint(data, at)
        kinds.append(kind)
    values: list[Value] = []
    for kind in kinds:
        size = _INTS.get(kind, 0) if kind < 12 else (kind - 12) // 2
        part = data[at : at + size]
        if len(part) < size:
            raise ValueError("cut short")
        at += size
        values.append(_value(kind, part))
    return values


def _value(kind: int, part: bytes) -> Value:
    if kind in _INTS:
        return int.from_bytes(part, "big", signed=True)
    if kind in (8, 9):
        return kind - 8
    if kind >= 12:
        return part.decode("utf-8", "replace") if kind % 2 else part
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for n in range(8):
        byte = data[at + n]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + n + 1
    return value << 8 | data[at + 8], at + 9
