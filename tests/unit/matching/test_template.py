"""Templates keep what they are given, stay small, and refuse every byte that was not theirs."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import matching
from matching.minutiae import CELL_PX, MAX_COUNT, Minutiae, cells, pack, unpack
from matching.template import MAX_BYTES, Format, Modality, Template, TemplateError, TemplateVersion

Make = Callable[..., Minutiae]
AsTemplate = Callable[[Minutiae], Template]


@st.composite
def minutiae(draw: st.DrawFn) -> Minutiae:
    width, height = draw(st.integers(1, 2047)), draw(st.integers(1, 2047))
    count = draw(st.integers(0, MAX_COUNT))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Minutiae(
        x=rng.integers(0, width, count).astype(np.float32),
        y=rng.integers(0, height, count).astype(np.float32),
        direction=rng.uniform(0, 2 * np.pi, count).astype(np.float32),
        ending=rng.random(count) < 0.5,
        quality=rng.random(count).astype(np.float32),
        contact=rng.random((cells(height), cells(width))) < 0.5,
        width=width,
        height=height,
    )


@settings(max_examples=60)
@given(minutiae())
def test_what_is_packed_comes_back_within_its_step(given_minutiae: Minutiae) -> None:
    back = unpack(pack(given_minutiae))
    order = np.argsort(-given_minutiae.quality, kind="stable")
    assert np.array_equal(back.x, given_minutiae.x[order])
    assert np.array_equal(back.y, given_minutiae.y[order])
    assert np.array_equal(back.ending, given_minutiae.ending[order])
    assert np.array_equal(back.contact, given_minutiae.contact)
    apart = np.angle(np.exp(1j * (back.direction - given_minutiae.direction[order])))
    assert np.abs(apart).max(initial=0) <= np.pi / 1024 + 1e-5
    assert np.abs(back.quality - given_minutiae.quality[order]).max(initial=0) <= 0.5 / 127 + 1e-6
    assert pack(back) == pack(given_minutiae)


@settings(max_examples=60)
@given(
    st.binary(max_size=400),
    st.sampled_from(Modality),
    st.integers(0, 255),
    st.from_regex(r"[a-z0-9][a-z0-9.-]{0,15}", fullmatch=True),
)
def test_an_envelope_comes_back_or_is_refused(payload: bytes, modality: Modality, version: int, name: str) -> None:
    template = Template(Format.MINUTIAE, name, version, modality, payload)
    try:
        unpack(payload)
    except TemplateError:
        with pytest.raises(TemplateError):
            Template.from_bytes(template.to_bytes())
    else:
        assert Template.from_bytes(template.to_bytes()) == template


def test_a_view_of_fifty_minutiae_takes_less_than_300_bytes(make: Make, template: AsTemplate) -> None:
    assert len(template(make(1, count=50)).to_bytes()) <= 300


def test_every_cut_and_every_flipped_bit_is_refused(make: Make, template: AsTemplate) -> None:
    whole = template(make(2)).to_bytes()
    for length in range(len(whole)):
        with pytest.raises(TemplateError):
            Template.from_bytes(whole[:length])
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TemplateError):
            Template.from_bytes(bytes(flipped))


@settings(max_examples=200)
@given(st.binary(max_size=MAX_BYTES + 10))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(TemplateError):
        Template.from_bytes(data)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_forged_payload_with_a_right_checksum_gives_a_template_or_a_refusal(
    make: Make, template: AsTemplate, data: st.DataObject
) -> None:
    forged = bytearray(template(make(3, count=12)).to_bytes()[:-4])
    for _ in range(data.draw(st.integers(1, 6))):
        forged[data.draw(st.integers(2, len(forged) - 1))] = data.draw(st.integers(0, 255))
    whole = bytes(forged) + struct.pack(">I", zlib.crc32(bytes(forged)))
    try:
        read = Template.from_bytes(whole)
    except TemplateError:
        return
    assert 0 <= matching.score(read, template(make(3, count=12))) <= 1


def test_a_newer_envelope_is_named_as_such(make: Make, template: AsTemplate) -> None:
    newer = bytearray(template(make(4)).to_bytes())
    newer[2] = 2
    with pytest.raises(TemplateVersion, match=r"version 2 is unknown.*update"):
        Template.from_bytes(bytes(newer))


def test_an_unknown_format_is_named_as_such(make: Make, template: AsTemplate) -> None:
    body = bytearray(template(make(4)).to_bytes()[:-4])
    body[3] = 99
    with pytest.raises(TemplateVersion, match="99 is not a valid Format"):
        Template.from_bytes(bytes(body) + struct.pack(">I", zlib.crc32(bytes(body))))


def test_another_algorithm_version_or_modality_scores_nothing(make: Make, template: AsTemplate) -> None:
    ours = template(make(5))
    assert matching.score(ours, ours) > 0.5
    for other in (
        replace(ours, algorithm="another"),
        replace(ours, version=ours.version + 1),
        replace(ours, modality=Modality.FACE),
    ):
        assert matching.score(ours, other) == 0
        assert matching.score(other, ours) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 0}, "cannot be stored"),
        ({"width": 2048}, "cannot be stored"),
        ({"contact": np.ones((1, 1), np.bool_)}, "contact mask"),
        ({"x": np.full(40, 400, np.float32)}, "outside its picture"),
        ({"x": np.full(40, np.nan, np.float32)}, "not a finite number"),
        ({"x": np.zeros(39, np.float32)}, "differ in length"),
    ],
)
def test_what_does_not_fit_the_stored_form_is_refused(make: Make, change: dict[str, object], words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        pack(replace(make(6), **change))  # type: ignore[arg-type]


def test_too_many_minutiae_are_refused() -> None:
    n = MAX_COUNT + 1
    line = np.zeros(n, np.float32)
    flags = np.zeros(n, np.bool_)
    with pytest.raises(TemplateError, match=f"{n} minutiae"):
        pack(Minutiae(line, line, line, flags, line, np.zeros((1, 1), np.bool_), CELL_PX, CELL_PX))


def test_a_template_without_minutiae_is_a_template() -> None:
    none, no = np.zeros(0, np.float32), np.zeros(0, np.bool_)
    empty = Template(
        Format.MINUTIAE,
        "leader",
        1,
        Modality.FINGER,
        pack(Minutiae(none, none, none, no, none, np.zeros((1, 1), np.bool_), 32, 32)),
    )
    assert Template.from_bytes(empty.to_bytes()) == empty
    assert matching.score(empty, empty) == 0


@pytest.mark.parametrize("name", ["", "Leader", "a" * 17, "läder", "a b"])
def test_an_algorithms_name_is_plain(name: str) -> None:
    with pytest.raises(TemplateError, match="algorithm's name"):
        Template(Format.MINUTIAE, name, 1, Modality.FINGER, b"")
