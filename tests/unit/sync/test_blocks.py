"""Block maps: any new file is made of the old one and what is fetched, and little is fetched where little changed."""

import io
import random
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import WireError
from sync.blocks import BLOCK_BYTES, Copy, Get, Piece, blocks, map_bytes, parse_map, pieces


def made(wanted: list[Piece], old: bytes, new: bytes) -> bytes:
    """As a terminal makes it."""
    return b"".join((old if isinstance(one, Copy) else new)[one.at : one.at + one.length] for one in wanted)


def planned(old: bytes, new: bytes) -> list[Piece]:
    told = map_bytes(blocks(io.BytesIO(new)))
    return pieces(parse_map(told, len(new)), blocks(io.BytesIO(old)))


def wheel(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def noise(seed: int, length: int) -> bytes:
    return random.Random(seed).randbytes(length)


@given(st.lists(st.binary(max_size=3000), max_size=6), st.lists(st.binary(max_size=3000), max_size=6))
def test_every_file_is_made_again(old: list[bytes], new: list[bytes]) -> None:
    before = wheel({f"{n}": one for n, one in enumerate(old)})
    after = wheel({f"{n}": one for n, one in enumerate(new)})
    assert made(planned(before, after), before, after) == after


def test_of_a_wheel_with_one_changed_member_little_is_fetched() -> None:
    members = {f"part{n}.py": noise(n, 20_000) for n in range(50)}
    before = wheel(members)
    after = wheel({"new.py": noise(99, 3000), **members, "part7.py": noise(100, 20_000)})
    fetched = sum(one.length for one in planned(before, after) if isinstance(one, Get))
    assert 23_000 < fetched < 30_000  # both, and the directory at the end
    assert made(planned(before, after), before, after) == after


def test_what_is_no_zip_file_has_blocks_too() -> None:
    before = noise(1, 3 * BLOCK_BYTES)
    after = before[: 2 * BLOCK_BYTES] + noise(2, BLOCK_BYTES) + b"tail"
    assert planned(before, after) == [Copy(0, 2 * BLOCK_BYTES), Get(2 * BLOCK_BYTES, BLOCK_BYTES + 4)]
    assert list(blocks(io.BytesIO(b""))) == []


def test_small_copies_between_two_gaps_are_fetched_with_them() -> None:
    mark = [bytes([n]) * 8 for n in range(5)]
    have = [(100, mark[1]), (5000, mark[3])]
    wanted = [(1000, mark[0]), (100, mark[1]), (1000, mark[2]), (5000, mark[3]), (1000, mark[4])]
    assert pieces(wanted, have) == [Get(0, 2100), Copy(100, 5000), Get(7100, 1000)]


def test_a_map_of_another_file_is_refused() -> None:
    told = map_bytes(blocks(io.BytesIO(noise(1, 100_000))))
    for data, length in ((told[:-1], 100_000), (told, 99_999), (map_bytes([(0, bytes(8)), (5, bytes(8))]), 5)):
        with pytest.raises(WireError, match="block map"):
            parse_map(data, length)
    with pytest.raises(WireError, match="block map"):
        parse_map(map_bytes([(BLOCK_BYTES + 1, bytes(8))]), BLOCK_BYTES + 1)
