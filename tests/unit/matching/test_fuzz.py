"""Whatever comes, matching answers or raises an error of its own, in bounded memory."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import matching
from matching import Candidate, ImageError, MatchingError, Template, TemplateError
from matching.fingerprint import Extractor
from matching.fingerprint.pipeline import ALGORITHM, VERSION
from matching.iso import card_of, record_of, template_of_card, templates_of
from matching.minutiae import Minutiae, cells, pack
from matching.search import Gallery
from matching.template import MAX_BYTES, Format, Modality

Make = Callable[..., Minutiae]
AsTemplate = Callable[[Minutiae], Template]
FIXED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

KINDS = ["black", "white", "grey", "noise", "stripes", "checks", "ramp", "ridges", "dot", "halves"]


SIDES = st.one_of(st.integers(32, 420), st.integers(32, 420), st.integers(1, 40))


def picture(kind: str, rows: int, columns: int, seed: int) -> NDArray[np.uint8]:
    """A picture of any content that is not a finger."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:rows, :columns]
    match kind:
        case "black" | "white" | "grey":
            plain = np.full((rows, columns), {"black": 0, "white": 255, "grey": 128}[kind])
        case "noise":
            plain = rng.integers(0, 256, (rows, columns))
        case "stripes":
            plain = 255 * (x // rng.integers(1, 12) % 2)
        case "checks":
            plain = 255 * ((x // rng.integers(1, 12) + y // rng.integers(1, 12)) % 2)
        case "ramp":
            plain = 255 * x // max(1, columns - 1)
        case "ridges":
            plain = 128 + 120 * np.cos(2 * np.pi * np.hypot(x - columns / 2, y - rows / 3) / rng.uniform(4, 14))
        case "dot":
            plain = np.full((rows, columns), 255)
            plain[rows // 2, columns // 2] = 0
        case _:
            plain = np.where(y < rows / 2, rng.integers(0, 256, (rows, columns)), 0)
    return plain.astype(np.uint8)


# ── pictures ──


@settings(FIXED, max_examples=80)
@given(
    st.sampled_from(KINDS),
    SIDES,
    SIDES,
    st.integers(0, 2**32),
    st.one_of(st.just(500.0), st.just(500.0), st.floats(140, 2100), st.floats()),
)
def test_any_picture_gives_a_template_and_advice_or_an_image_error(
    extractor: Extractor, kind: str, rows: int, columns: int, seed: int, dpi: float
) -> None:
    try:
        view = extractor.view(picture(kind, rows, columns, seed), dpi)
    except ImageError:
        return
    assert Template.from_bytes(view.template.to_bytes()) == view.template
    assert 0 <= matching.score(view.template, view.template) <= 1
    assert view.quality.minutiae is not None
    assert 0 <= view.quality.minutiae <= len(view.template.minutiae)


@settings(FIXED, max_examples=60)
@given(
    st.sampled_from(["u1", "i1", "u2", "i4", "f2", "f4", "f8", "c8", "?", "U3", "O", "M8[s]"]),
    st.lists(st.integers(0, 70), max_size=4).map(tuple),
)
def test_another_depth_or_shape_is_an_image_error(extractor: Extractor, kind: str, shape: tuple[int, ...]) -> None:
    image = np.zeros(shape, kind)
    if kind == "u1" and len(shape) == 2 and min(shape) >= 32:
        assert len(extractor.extract(image).minutiae) == 0
        return
    with pytest.raises(ImageError):
        extractor.extract(image)


@pytest.mark.parametrize("dpi", [float("nan"), float("inf"), float("-inf"), 0.0, -500.0, 1e-300, 1e300])
def test_no_resolution_is_an_image_error(extractor: Extractor, dpi: float) -> None:
    with pytest.raises(ImageError, match="dpi"):
        extractor.extract(np.zeros((300, 300), np.uint8), dpi)


def test_a_picture_seen_through_a_window_or_a_mirror_is_a_picture(extractor: Extractor) -> None:
    """Slices and flips of a larger array are not contiguous; OpenCV dislikes some of them."""
    whole = picture("ridges", 700, 700, 5)
    for view in (
        whole[::2, ::2],
        whole[::-1, ::-1][:320, :320],
        whole.T[:320, :320],
        np.asfortranarray(whole)[:320, :320],
    ):
        assert extractor.extract(view) == extractor.extract(np.ascontiguousarray(view))
    locked = whole[:320, :320].copy()
    locked.flags.writeable = False
    extractor.extract(locked)


LARGE = """
import resource, numpy as np
from matching import ImageError
from matching.fingerprint import Extractor
from matching.fingerprint.parameters import MAX_PIXELS
def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
engine = Extractor(threads=1)
block = np.random.default_rng(1).integers(0, 256, (640, 512), np.uint8)
engine.extract(block)
usual = peak_bytes()
for shape, dpi in [((10_000, 10_000), 500.0), ((10_000, 10_000), 2000.0), ((1, 10**9), 500.0)]:
    try:
        engine.extract(np.broadcast_to(np.uint8(7), shape), dpi)
        raise SystemExit("taken")
    except ImageError:
        pass
refused = peak_bytes()
side = int(MAX_PIXELS**0.5)
image = np.tile(block, (side // 640 + 1, side // 512 + 1))[:side, :side]
engine.extract(image)
print((refused - usual) // 2**20, (peak_bytes() - usual) / MAX_PIXELS)
"""


def test_the_largest_picture_is_bounded_in_memory() -> None:
    """What is too large is refused before anything is computed; the largest that is taken costs bytes a pixel."""
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refused_mb, bytes_a_pixel = map(float, done.stdout.split())
    assert refused_mb < 20
    assert bytes_a_pixel < 40


# ── templates ──


@st.composite
def wild(draw: st.DrawFn) -> Minutiae:
    """Minutiae as no finger has them: all in one place, in a line, without contact, on a tiny or huge view."""
    width, height = draw(st.sampled_from([1, 2, 31, 32, 33, 320, 2047])), draw(st.sampled_from([1, 32, 300, 2047]))
    n = draw(st.sampled_from([0, 1, 2, 3, 4, 5, 12, 50, 255]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    how = draw(st.sampled_from(["strewn", "one place", "column", "pairs"]))
    x, y = rng.integers(0, width, n), rng.integers(0, height, n)
    if how == "one place":
        x, y = x * 0, y * 0
    elif how == "column":
        x = x * 0 + width - 1
    elif how == "pairs":
        x, y = x // 7 * 7, y // 7 * 7
    turn = rng.uniform(0, 2 * np.pi, n) * draw(st.sampled_from([0, 1]))
    contact = draw(st.sampled_from([0.0, 0.5, 1.0]))
    return Minutiae(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        direction=turn.astype(np.float32),
        ending=rng.random(n) < 0.5,
        quality=rng.random(n).astype(np.float32),
        contact=rng.random((cells(height), cells(width))) < contact,
        width=width,
        height=height,
    )


def fingerprint(minutiae: Minutiae) -> Template:
    return Template(Format.MINUTIAE, ALGORITHM, VERSION, Modality.FINGER, pack(minutiae))


@settings(FIXED, max_examples=80)
@given(wild(), wild())
def test_any_two_templates_have_a_score_whichever_comes_first(one: Minutiae, other: Minutiae) -> None:
    a, b = fingerprint(one), fingerprint(other)
    forth, back = matching.score(a, b), matching.score(b, a)
    assert 0 <= forth <= 1
    assert forth == back
    assert 0 <= matching.score(a, a) <= 1


@settings(FIXED, max_examples=30)
@given(st.lists(wild(), max_size=6), wild())
def test_any_gallery_is_searched(enrolled: list[Minutiae], probe: Minutiae) -> None:
    candidates = [Candidate(bytes([n]), [fingerprint(m)]) for n, m in enumerate(enrolled)]
    decision = Gallery(candidates).decide(fingerprint(probe))
    assert 0 <= decision.score <= 1
    plain = matching.decide(fingerprint(probe), candidates)
    assert type(decision) is type(plain)


@settings(FIXED, max_examples=60)
@given(wild())
def test_any_template_goes_out_and_comes_in(m: Minutiae) -> None:
    ours = fingerprint(m)
    (back,) = templates_of(record_of([ours]))
    assert len(back.minutiae) == len(m)
    assert len(template_of_card(card_of(ours)).minutiae) <= min(60, len(m))


@settings(FIXED, max_examples=300)
@given(st.binary(max_size=MAX_BYTES + 50), st.sampled_from(Format), st.sampled_from(Modality), st.data())
def test_any_payload_in_an_envelope_is_read_or_refused(
    payload: bytes, form: Format, modality: Modality, data: st.DataObject
) -> None:
    """Also whole envelopes with an honest checksum: what is inside is believed no more for that."""
    try:
        template = Template(form, "leader", data.draw(st.integers(0, 255)), modality, payload)
        read = Template.from_bytes(template.to_bytes())
        prepared = matching.prepare(read)
    except TemplateError:
        return
    if prepared is not None:
        assert 0 <= matching.score(prepared, prepared) <= 1


def test_a_damaged_template_among_candidates_is_an_error_of_this_room(make: Make, template: AsTemplate) -> None:
    good = template(make(1))
    bad = replace(good, payload=good.payload[:40])
    for attempt in (
        lambda: matching.score(good, bad),
        lambda: matching.decide(good, [Candidate(b"x", [bad])]),
        lambda: Gallery([Candidate(b"x", [bad])]),
        lambda: record_of([bad]),
        lambda: card_of(bad),
    ):
        with pytest.raises(MatchingError):
            attempt()


def test_the_largest_templates_are_compared_in_bounded_memory() -> None:
    """255 minutiae on 10 cm each: what the stored form can hold, and no extractor of this room makes."""
    rng = np.random.default_rng(4)
    largest = [
        Minutiae(
            x=rng.integers(0, 500, 255).astype(np.float32),
            y=rng.integers(0, 500, 255).astype(np.float32),
            direction=rng.uniform(0, 6.28, 255).astype(np.float32),
            ending=rng.random(255) < 0.5,
            quality=rng.random(255).astype(np.float32),
            contact=np.ones((64, 64), np.bool_),
            width=2047,
            height=2047,
        )
        for _ in range(2)
    ]
    tracemalloc.start()
    matching.score(*map(fingerprint, largest))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6
