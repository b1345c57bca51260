"""What a release is to both sides: its bytes, who is in which ring, and what no release is."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import WireError
from sync.admission import NOTHING
from sync.release import (
    RINGS,
    Release,
    Wheel,
    blocks_path,
    district,
    districts,
    number,
    offer_path,
    parse_release,
    release_bytes,
    release_path,
    wheel_path,
    within,
)

SUM = hashlib.sha256(b"x").digest()
OURS = Wheel("hazri-1.2.3-py3-none-any.whl", 1000, SUM, SUM, 24)
OTHER = Wheel("numpy-2.1.0-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", 2000, SUM, SUM, 36)
RELEASE = Release("1.2.3", "arm64", "3.11", (OURS, OTHER))


def test_it_reads_what_it_wrote() -> None:
    assert parse_release(release_bytes(RELEASE)) == RELEASE
    assert RELEASE.length == 3000
    assert (OTHER.distribution, OURS.info) == ("numpy", "hazri-1.2.3.dist-info")


def test_where_its_files_are() -> None:
    assert release_path("1.2.3", "arm64") == "releases/1.2.3-arm64.cbor"
    assert offer_path("hr-12", "arm64") == "hr-12/arm64.cbor"
    assert wheel_path(OURS) == f"wheels/{SUM.hex()}"
    assert blocks_path(OURS) == f"wheels/{SUM.hex()}.blocks"


@pytest.mark.parametrize(
    ("offices", "found"),
    [
        ("/hr/hr-12/hr-12-3/", ("hr-12-3", "hr-12", "hr", "all")),
        ("/all/hr/", ("hr", "all")),
        ("/HR/../" + "x" * 40 + "/", ("all",)),
        (NOTHING, ("all",)),
        ("", ("all",)),
    ],
)
def test_the_nearest_district_comes_first_and_all_is_last(offices: str, found: tuple[str, ...]) -> None:
    assert districts(offices) == found


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (replace(RELEASE, version="1.2.3-rc1"), "expected numbers with points"),
        (replace(RELEASE, version="01.2"), "expected numbers with points"),
        (replace(RELEASE, arch="mips"), "no machine"),
        (replace(RELEASE, python="2.7"), "no machine"),
        (replace(RELEASE, wheels=()), "wheels"),
        (replace(RELEASE, wheels=(OURS, OURS)), "twice"),
        (replace(RELEASE, wheels=(OTHER,)), "no wheel of hazri 1.2.3"),
        (replace(RELEASE, version="1.2.4"), "no wheel of hazri 1.2.4"),
        (replace(RELEASE, wheels=(replace(OURS, name="../../etc/passwd"),)), "not the name of a wheel"),
        (replace(RELEASE, wheels=(replace(OURS, name="a/b-1-py3-none-any.whl"),)), "not the name of a wheel"),
        (replace(RELEASE, wheels=(replace(OURS, length=0),)), "wheel length"),
        (replace(RELEASE, wheels=(replace(OURS, sha256=b"short"),)), "wheel sum"),
        (replace(RELEASE, wheels=(replace(OURS, blocks_length=1 << 40),)), "block map length"),
    ],
)
def test_what_is_no_release_is_refused_and_named(wrong: Release, words: str) -> None:
    with pytest.raises(WireError, match=words):
        parse_release(release_bytes(wrong))


@given(st.binary(max_size=200))
def test_other_bytes_raise_nothing_but_wire_errors(data: bytes) -> None:
    with pytest.raises(WireError):
        parse_release(data)


def test_versions_compare_as_numbers() -> None:
    assert number("0.10.0") > number("0.9.9")
    assert number("1.0") < number("1.0.1")


@pytest.mark.parametrize("name", ["", "HR-12", "hr/12", "-hr", "x" * 33, "../x"])
def test_what_is_no_district_is_refused(name: str) -> None:
    with pytest.raises(WireError, match="district"):
        district(name)
    assert district("hr-12") == "hr-12"


def test_each_ring_holds_the_one_before_and_about_so_many() -> None:
    terminals = [f"gate-{n}" for n in range(20_000)]
    rings = [{one for one in terminals if within(one, percent)} for percent in (0, *RINGS)]
    assert rings[0] == set()
    assert rings[1] < rings[2] < rings[3] == set(terminals)
    assert 140 < len(rings[1]) < 260
    assert 1850 < len(rings[2]) < 2150
