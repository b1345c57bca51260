"""ISO/IEC 19794-2:2005: golden records byte by byte, round trips, and every hostile record refused."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matching
from matching import TemplateError, TemplateVersion
from matching.fingerprint import Extractor
from matching.fingerprint.pipeline import ALGORITHM, VERSION
from matching.iso import FOREIGN, card, card_of, record, record_of, template_of_card, templates_of
from matching.iso.card import CardMinutia
from matching.iso.record import IsoMinutia, IsoRecord, IsoView, Kind
from matching.minutiae import Minutiae, cells
from matching.template import Template

CAPTURES = Path(__file__).parents[2] / "captures" / "iso"
Make = Callable[..., Minutiae]
AsTemplate = Callable[[Minutiae], Template]


def golden(name: str) -> bytes:
    """The bytes of a capture: hex, with the derivation of each field behind `#`."""
    return bytes.fromhex(re.sub(r"#.*", "", (CAPTURES / f"{name}.hex").read_text()))


ONE_VIEW = IsoRecord(
    width=320,
    height=360,
    x_per_cm=197,
    y_per_cm=197,
    views=(
        IsoView(
            1, 0, 0, 90, (IsoMinutia(Kind.ENDING, 100, 200, 64, 80), IsoMinutia(Kind.BIFURCATION, 160, 120, 192, 0))
        ),
    ),
)
TWO_VIEWS = IsoRecord(
    width=800,
    height=750,
    x_per_cm=394,
    y_per_cm=394,
    views=(
        IsoView(7, 0, 0, 70, (IsoMinutia(Kind.OTHER, 400, 500, 128, 100),)),
        IsoView(7, 1, 8, 0, (), ((2, bytes.fromhex("01 4190 01F4 20 00")), (0x0101, b"\xbe\xef"))),
    ),
    device=0x123,
    certified=8,
)


# ── golden ──


@pytest.mark.parametrize(("name", "meaning"), [("one-view", ONE_VIEW), ("two-views-extended", TWO_VIEWS)])
def test_a_golden_record_is_read_and_written(name: str, meaning: IsoRecord) -> None:
    assert record.decode(golden(name)) == meaning
    assert record.encode(meaning) == golden(name)


def test_a_golden_card_is_read_and_written() -> None:
    meaning = (CardMinutia(Kind.ENDING, 51, 102, 16), CardMinutia(Kind.BIFURCATION, 81, 61, 48))
    assert card.decode(golden("card")) == meaning
    assert card.encode(meaning) == golden("card")


def test_a_record_becomes_a_template_at_500_dpi() -> None:
    (template,) = templates_of(golden("one-view"))
    m = template.minutiae
    assert (m.width, m.height) == (320, 360)
    assert list(zip(m.x, m.y, m.ending, strict=True)) == [(100, 200, True), (160, 120, False)]
    assert np.allclose(m.direction, [np.pi / 2, 3 * np.pi / 2])
    assert np.allclose(m.quality, [0.8, 0.5], atol=0.01), "not reported counts as middling"
    first, second = templates_of(golden("two-views-extended"))
    assert (first.minutiae.width, first.minutiae.height) == (400, 375)
    assert (first.minutiae.x[0], first.minutiae.y[0]) == (200, 250)
    assert len(second.minutiae) == 0


def test_a_template_becomes_the_golden_card() -> None:
    (template,) = templates_of(golden("one-view"))
    assert card_of(template) == golden("card")
    assert card_of(template, most=1) == golden("card")[:3]


# ── what the numbers mean ──


@pytest.mark.parametrize("degrees", [0, 90, 200, 315])
@pytest.mark.parametrize("crest", [0.0, np.pi], ids=["bifurcation", "ending"])
def test_a_direction_points_up_the_ridge_as_the_standard_wants(
    extractor: Extractor, degrees: float, crest: float
) -> None:
    """Straight ridges 9 px apart and one dislocation: one ridge more on the side towards `degrees`."""
    y, x = np.mgrid[:320, :320] - 160.0
    turn = np.deg2rad(degrees)
    along, across = np.cos(turn) * x - np.sin(turn) * y, -np.sin(turn) * x - np.cos(turn) * y
    ridges = 130 + 90 * np.cos(2 * np.pi * across / 9 + np.arctan2(across, along) + crest)
    picture = np.where(np.hypot(x, y) < 140, ridges, 235).astype(np.uint8)
    (view,) = record.decode(record_of([extractor.extract(picture)])).views
    (minutia,) = view.minutiae
    assert minutia.kind is (Kind.ENDING if crest else Kind.BIFURCATION)
    away = (minutia.angle * 360 / 256 - degrees + 180) % 360 - 180
    assert abs(away) <= 6


def test_a_template_of_one_view_takes_30_and_6_a_minutia(make: Make, template: AsTemplate) -> None:
    made = template(make(1, count=37))
    assert len(record_of([made])) == 30 + 6 * 37
    assert len(card_of(made)) == 3 * 37


def test_what_comes_from_elsewhere_is_not_compared_with_ours(make: Make, template: AsTemplate) -> None:
    ours = template(make(2))
    (foreign,) = templates_of(record_of([ours]))
    assert (foreign.algorithm, foreign.version) == (FOREIGN, 1)
    assert matching.score(ours, foreign) == 0
    assert matching.score(foreign, foreign) > 0.5
    assert matching.score(foreign, template_of_card(card_of(ours))) > 0.5


def test_our_own_record_still_is_the_same_finger(make: Make, template: AsTemplate) -> None:
    ours = template(make(3))
    (back,) = templates_of(record_of([ours]), algorithm=ALGORITHM, version=VERSION)
    carded = template_of_card(card_of(ours), algorithm=ALGORITHM, version=VERSION)
    other = template(make(4))
    assert matching.score(ours, back) > 0.9
    assert matching.score(ours, carded) > 0.8
    assert matching.score(other, back) < 0.5


def test_views_are_numbered_finger_by_finger(make: Make, template: AsTemplate) -> None:
    views = record.decode(record_of([template(make(n)) for n in range(4)], [1, 2, 1, 1])).views
    assert [(view.finger, view.number) for view in views] == [(1, 0), (2, 0), (1, 1), (1, 2)]
    with pytest.raises(TemplateError, match="view number 16"):
        record_of([template(make(5))] * 17)
    with pytest.raises(TemplateError, match="2 templates and 1 fingers"):
        record_of([template(make(5))] * 2, [1])
    with pytest.raises(TemplateError, match="finger 11"):
        record_of([template(make(5))], [11])


def test_a_finger_wider_than_a_card_keeps_its_fullest_part(template: AsTemplate, make: Make) -> None:
    wide = make(6, count=30, width=1200)
    kept = card_of(template(wide))
    places = np.array([m.x for m in card.decode(kept)])
    most = max(((wide.x >= left) & (wide.x <= left + 500)).sum() for left in wide.x)
    assert abs(len(places) - most) <= 1
    assert places.max() - places.min() <= 255


# ── round trips ──


@st.composite
def records(draw: st.DrawFn) -> IsoRecord:
    width, height = draw(st.integers(1, record.MAX_SIDE_PX)), draw(st.integers(1, record.MAX_SIDE_PX))
    minutia = st.builds(
        IsoMinutia,
        st.sampled_from(Kind),
        st.integers(0, width - 1),
        st.integers(0, height - 1),
        st.integers(0, 255),
        st.integers(0, 100),
    )
    area = st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40))
    view = st.builds(
        IsoView,
        st.integers(0, 10),
        st.integers(0, 15),
        st.integers(0, 15),
        st.integers(0, 100),
        st.lists(minutia, max_size=20).map(tuple),
        st.lists(area, max_size=3).map(tuple),
    )
    per_cm = st.integers(record.MIN_PX_PER_CM, 0xFFFF)
    views = draw(st.lists(view, max_size=4))
    equipment = draw(st.integers(0, 0xFFF)), draw(st.integers(0, 15))
    return IsoRecord(width, height, draw(per_cm), draw(per_cm), tuple(views), *equipment)


@settings(max_examples=150)
@given(records())
def test_any_record_comes_back(meaning: IsoRecord) -> None:
    data = record.encode(meaning)
    assert record.decode(data) == meaning
    assert struct.unpack_from(">I", data, 8)[0] == len(data)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 200), st.integers(1, 2047), st.integers(1, 2047))
def test_any_template_comes_back_within_the_formats_step(seed: int, count: int, width: int, height: int) -> None:
    rng = np.random.default_rng(seed)
    given_minutiae = Minutiae(
        x=rng.integers(0, width, count).astype(np.float32),
        y=rng.integers(0, height, count).astype(np.float32),
        direction=(rng.integers(0, 1024, count) * (2 * np.pi / 1024)).astype(np.float32),
        ending=rng.random(count) < 0.5,
        quality=np.sort(rng.integers(1, 128, count) / 127)[::-1].astype(np.float32),
        contact=rng.random((cells(height), cells(width))) < 0.5,
        width=width,
        height=height,
    )
    ours = Template(
        matching.Format.MINUTIAE, ALGORITHM, VERSION, matching.Modality.FINGER, matching.minutiae.pack(given_minutiae)
    )
    (template,) = templates_of(record_of([ours]))
    back = template.minutiae
    # Two qualities of the 127 may become one of the 100, and the order among equals is kept: nothing moves.
    assert np.array_equal(back.x, given_minutiae.x)
    assert np.array_equal(back.y, given_minutiae.y)
    assert np.array_equal(back.ending, given_minutiae.ending)
    assert (back.width, back.height) == (width, height)
    apart = np.angle(np.exp(1j * (back.direction - given_minutiae.direction)))
    assert np.abs(apart).max(initial=0) <= np.pi / 256 + np.pi / 1024 + 1e-5
    assert np.abs(back.quality - given_minutiae.quality).max(initial=0) <= 0.01 + 1e-6
    assert record_of([template]) == record_of([ours])


@settings(max_examples=100)
@given(
    st.lists(st.builds(CardMinutia, st.sampled_from(Kind), *[st.integers(0, 255)] * 2, st.integers(0, 63)), max_size=90)
)
def test_any_card_comes_back(minutiae: list[CardMinutia]) -> None:
    data = card.encode(minutiae)
    assert card.decode(data) == tuple(minutiae)
    back = template_of_card(data)
    assert len(back.minutiae) == len(minutiae)
    if all(m.kind is not Kind.OTHER for m in minutiae):
        assert card_of(back, most=255) == data


# ── hostile ──


@pytest.mark.parametrize("name", ["one-view", "two-views-extended"])
def test_a_record_cut_at_any_byte_is_refused(name: str) -> None:
    whole = golden(name)
    for length in range(len(whole)):
        with pytest.raises(TemplateError):
            record.decode(whole[:length])
        patched = whole[:8] + struct.pack(">I", length) + whole[12:]
        with pytest.raises(TemplateError):
            record.decode(patched[:length])  # even when the length field agrees with the cut


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (0, b"FIR\0", "no finger minutiae record"),
        (8, b"\0\0\0\x2b", "announces 43 bytes and has 42"),
        (8, b"\xff\xff\xff\xff", "announces 4294967295"),
        (8, b"\0\x2a\0\0", "or ANSI 378"),
        (14, b"\0\0", "width 0 px"),
        (16, b"\xff\xff", "height 65535 px"),
        (18, b"\0\0", "x resolution 0"),
        (20, b"\0\x62", "y resolution 98"),
        (22, b"\2", "ends within a view's head"),
        (22, b"\0", "18 bytes follow the last of 0 views"),
        (24, b"\x0b", "finger 11"),
        (26, b"\x65", "quality 101"),
        (27, b"\3", "ends within"),
        (27, b"\xff", "ends within a minutia"),
        (27, b"\1", "extended data"),
        (28, b"\xc0\x64", "reserved type 3"),
        (28, b"\x41\x40", "minutia 0 at 320, 200 lies outside 320 × 360"),
        (30, b"\x01\x68", "minutia 0 at 100, 360 lies outside"),
        (33, b"\x65", "quality 101"),
        (40, b"\0\1", "within a view's extended data"),
    ],
)
def test_a_field_out_of_range_is_named(at: int, value: bytes, words: str) -> None:
    whole = golden("one-view")
    with pytest.raises(TemplateError, match=re.escape(words)):
        record.decode(whole[:at] + value + whole[at + len(value) :])


@pytest.mark.parametrize(("at", "words"), [(45, "announces 0 bytes"), (56, "announces 0 bytes")])
def test_extended_data_that_contradicts_itself_is_refused(at: int, words: str) -> None:
    whole = golden("two-views-extended")
    with pytest.raises(TemplateError, match=words):
        record.decode(whole[: at - 1] + b"\0\0" + whole[at + 1 :])


def test_another_edition_is_named_as_such() -> None:
    with pytest.raises(TemplateVersion, match="2005"):
        record.decode(golden("one-view").replace(b" 20\0", b"030\0"))


def test_reserved_bits_are_tolerated() -> None:
    whole = bytearray(golden("one-view"))
    whole[23] = 0xFF
    whole[30] |= 0xC0
    assert record.decode(bytes(whole)) == ONE_VIEW


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 58), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_forged_record_is_refused_or_gives_templates(forgeries: list[tuple[int, int]]) -> None:
    forged = bytearray(golden("two-views-extended"))
    for at, value in forgeries:
        forged[at] = value
    try:
        templates = templates_of(bytes(forged))
    except TemplateError:
        return
    for template in templates:
        assert Template.from_bytes(template.to_bytes()) == template


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_garbage_is_no_record_and_seldom_a_card(data: bytes) -> None:
    with pytest.raises(TemplateError):
        record.decode(data)
    try:
        template_of_card(data)
    except TemplateError:
        assert len(data) % 3 or any(data[2::3][n] >> 6 == 3 for n in range(len(data) // 3))


def test_a_picture_too_large_for_a_finger_is_refused() -> None:
    data = record.encode(IsoRecord(16000, 100, 197, 197, (IsoView(0, 0, 0, 0, ()),)))
    with pytest.raises(TemplateError, match="too large"):
        templates_of(data)
    with pytest.raises(TemplateError, match="larger than"):
        record.decode(bytes(record.MAX_BYTES + 1))


@pytest.mark.parametrize(
    "change",
    [
        {"device": 4096},
        {"certified": -1},
        {"views": (IsoView(0, 0, 0, 0, ()),) * 256},
        {"views": (IsoView(0, 0, 0, 0, (), ((0x10000, b""),)),)},
        {"views": (IsoView(0, 0, 0, 0, (), ((1, bytes(65532)),)),)},
        {"views": (IsoView(0, 0, 0, 0, (), ((1, bytes(40000)),) * 2),)},
        {"views": (IsoView(0, 0, 16, 0, ()),)},
        {"views": (IsoView(0, 0, 0, 0, (IsoMinutia(Kind.OTHER, 0, 0, 256, 0),)),)},
        {"views": (IsoView(0, 0, 0, 0, (IsoMinutia(Kind.OTHER, 0, 0, 0, 0),) * 256),)},
    ],
)
def test_what_does_not_fit_a_record_is_not_written(change: dict[str, object]) -> None:
    fields = {"width": 320, "height": 360, "x_per_cm": 197, "y_per_cm": 197, "views": ()} | change
    with pytest.raises(TemplateError):
        record.encode(IsoRecord(**fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"1", b"12", b"1234", bytes(3 * 256), b"\0\0\xc0"])
def test_what_is_no_card_is_refused(data: bytes) -> None:
    with pytest.raises(TemplateError):
        card.decode(data)


@pytest.mark.parametrize("minutia", [(Kind.ENDING, 256, 0, 0), (Kind.ENDING, 0, -1, 0), (Kind.ENDING, 0, 0, 64)])
def test_what_does_not_fit_a_card_is_not_written(minutia: tuple[Kind, int, int, int]) -> None:
    with pytest.raises(TemplateError):
        card.encode([CardMinutia(*minutia)])
    with pytest.raises(TemplateError, match="at most 255"):
        card.encode([CardMinutia(Kind.ENDING, 0, 0, 0)] * 256)
