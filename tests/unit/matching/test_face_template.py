"""Face templates: stored, compared, fused, told apart, and what a threshold means."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import Candidate, Match, NoMatch, TemplateError, TooClose, decide, prepare, score
from matching.bench_face import figures, fnir, fpir
from matching.errors import CalibrationError
from matching.face import Embedding, fuse, score_at_fmr, threshold_few, threshold_many
from matching.face.calibration import TABLE, cosine_at_fmr
from matching.face.embed import ALGORITHM, VERSION, cosine, to_template
from matching.identify import THRESHOLD
from matching.template import Format, Modality, Template
from matching.vector import pack, unpack


def direction(seed: int, length: int = 256) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, length).astype(np.float32)


def face(seed: int) -> Template:
    return to_template(direction(seed))


def near(seed: int, wanted: float) -> Template:
    """A face whose cosine with face(seed) is `wanted`."""
    base = direction(seed) / np.linalg.norm(direction(seed))
    other = direction(seed + 1000)
    other -= base * float(base @ other)
    return to_template(wanted * base + math.sqrt(1 - wanted**2) * other / np.linalg.norm(other))


def test_a_template_is_small_and_comes_back_as_it_went() -> None:
    template = face(1)
    assert len(template.payload) == 512
    assert len(template.to_bytes()) < 560
    again = Template.from_bytes(template.to_bytes())
    assert again == template
    assert (again.modality, again.algorithm, again.version) == (Modality.FACE, ALGORITHM, VERSION)
    np.testing.assert_allclose(again.vector, direction(1) / np.linalg.norm(direction(1)), atol=2**-11)
    assert score(again, template) == pytest.approx(1, abs=1e-3)


def test_half_precision_moves_a_cosine_by_less_than_a_thousandth() -> None:
    for seed in range(200):
        one, other = (direction(seed + k) / np.linalg.norm(direction(seed + k)) for k in (0, 500))
        kept = cosine(prepare(to_template(one)), prepare(to_template(other)))  # type: ignore[arg-type]
        assert kept == pytest.approx(float(one @ other), abs=1e-3)


@given(st.binary(max_size=1200))
@settings(max_examples=300)
def test_any_bytes_are_a_face_or_a_typed_error(payload: bytes) -> None:
    try:
        vector = unpack(payload)
    except TemplateError:
        return
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


@given(st.integers(0, 548), st.integers(1, 255))
def test_a_flipped_byte_is_seen(place: int, change: int) -> None:
    data = bytearray(face(1).to_bytes())
    data[place % len(data)] ^= change
    with pytest.raises(TemplateError):
        Template.from_bytes(bytes(data))


@given(st.integers(0, 533))
def test_half_a_template_is_refused(length: int) -> None:
    with pytest.raises(TemplateError):
        Template.from_bytes(face(1).to_bytes()[:length])


@pytest.mark.parametrize(
    "payload",
    [b"", b"\0" * 512, b"\xff" * 512, face(1).payload[:-1], face(1).payload * 4, pack(direction(1))[:40]],
    ids=["nothing", "zeros", "not numbers", "odd", "too long", "too short"],
)
def test_a_payload_that_is_no_direction_is_refused(payload: bytes) -> None:
    template = None
    try:
        template = Template(Format.VECTOR, ALGORITHM, VERSION, Modality.FACE, payload)
    except TemplateError:
        assert len(payload) > 1984
    if template is not None:
        for use in (lambda: template.vector, lambda: prepare(template), lambda: fuse([template]),
                    lambda: Template.from_bytes(template.to_bytes())):  # fmt: skip
            with pytest.raises(TemplateError):
                use()


@pytest.mark.parametrize("vector", [np.zeros(256, np.float32), np.full(256, np.nan, np.float32)])
def test_a_vector_without_direction_is_no_template(vector: np.ndarray) -> None:
    with pytest.raises(TemplateError, match="without direction"):
        to_template(vector)


def test_what_cannot_be_compared_scores_nothing() -> None:
    mine = face(1)
    finger = Template(Format.MINUTIAE, "leader", 1, Modality.FINGER, b"")
    newer = Template(Format.VECTOR, ALGORITHM, VERSION + 1, Modality.FACE, mine.payload)
    other = Template(Format.VECTOR, "other-net", VERSION, Modality.FACE, mine.payload)
    shorter = Template(Format.VECTOR, ALGORITHM, VERSION, Modality.FACE, pack(direction(1, 128)))
    palm = Template(Format.VECTOR, ALGORITHM, VERSION, Modality.FINGER, mine.payload)
    for stranger in (newer, other, shorter, palm):
        assert score(mine, stranger) == score(stranger, mine) == 0
    assert prepare(palm) is None
    with pytest.raises(TemplateError):
        _ = finger.vector
    with pytest.raises(TemplateError):
        _ = mine.minutiae
    assert isinstance(prepare(mine), Embedding)
    assert prepare(prepare(mine)) is not None  # type: ignore[arg-type]


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_the_score_rises_with_the_cosine(low: float, high: float) -> None:
    low, high = sorted((low, high))
    one, other = score(face(7), near(7, low)), score(face(7), near(7, high))
    assert 0 <= one <= other + 1e-3 <= 1.002


def test_three_views_are_fused_into_one_that_is_nearer_to_a_fourth() -> None:
    base = direction(3)
    views = [to_template(base + 1.2 * direction(50 + k)) for k in range(4)]
    fused = fuse(views[:3])
    assert fused.comparable(views[3])
    assert score(fused, views[3]) > max(score(view, views[3]) for view in views[:3])
    assert fuse(views[:1]) == views[0]
    assert fuse(views[2::-1]) == fused


@pytest.mark.parametrize(
    "templates",
    [
        [],
        [face(1), Template(Format.VECTOR, ALGORITHM, VERSION + 1, Modality.FACE, face(1).payload)],
        [face(1), Template(Format.VECTOR, ALGORITHM, VERSION, Modality.FACE, pack(direction(1, 128)))],
        [face(1), to_template(-direction(1))],
        [Template(Format.MINUTIAE, "leader", 1, Modality.FINGER, b"")],
    ],
    ids=["none", "two versions", "two lengths", "opposites", "a finger"],
)
def test_what_cannot_be_fused_is_refused(templates: list[Template]) -> None:
    with pytest.raises(TemplateError):
        fuse(templates)


def test_faces_are_identified_like_fingers() -> None:
    """S5: two people with the same digits are told apart, or nobody is accepted."""
    anna, bert = Candidate(b"a", [near(1, 0.8)]), Candidate(b"b", [face(2)])
    assert isinstance(decide(face(1), [anna, bert]), Match)
    assert isinstance(decide(face(3), [anna, bert]), NoMatch)
    twin = Candidate(b"t", [near(1, 0.78)])
    assert isinstance(decide(face(1), [anna, twin]), TooClose)


# ── what a threshold means ──


def test_the_default_threshold_is_one_stranger_in_ten_thousand() -> None:
    assert threshold_few() == score_at_fmr(1e-4) == pytest.approx(THRESHOLD)
    assert threshold_few(1e-3) < THRESHOLD < threshold_few(1e-5)


def test_the_table_is_kept_between_its_rows_and_monotone() -> None:
    for fmr, wanted in TABLE:
        assert cosine_at_fmr(fmr) == pytest.approx(wanted)
    rates = np.geomspace(1e-6, 1e-1, 200)
    cosines = [cosine_at_fmr(float(rate)) for rate in np.clip(rates, 1e-6, 1e-1)]
    assert all(b <= a for a, b in itertools.pairwise(cosines))


@pytest.mark.parametrize("fmr", [0, 1e-7, 0.2, -1, math.nan, math.inf])
def test_a_rate_that_nobody_measured_is_refused(fmr: float) -> None:
    with pytest.raises(CalibrationError, match="is known"):
        score_at_fmr(fmr)


def test_a_whole_office_needs_a_stricter_threshold() -> None:
    """One stranger in a hundred may be taken for one of n people: each comparison has its share of that."""
    assert threshold_many(1) == pytest.approx(score_at_fmr(1e-2))
    assert threshold_many(100) == pytest.approx(score_at_fmr(1e-4), abs=1e-3)
    assert threshold_many(1000) == pytest.approx(score_at_fmr(1e-5), abs=1e-3)
    assert threshold_many(1, 0.9) == score_at_fmr(0.1)
    for people, rate in [(0, 0.01), (-1, 0.01), (5, 0.0), (5, 1.0), (5, math.nan), (10**6, 0.01)]:
        with pytest.raises(CalibrationError):
            threshold_many(people, rate)


# ── the benchmark's arithmetic ──


@given(st.integers(0, 10**6), st.integers(1, 4), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_counted_galleries_are_those_one_could_form(seed: int, size: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    own, others = np.round(rng.random(3), 1), np.round(rng.random((3, 6)), 1)
    alarms = [max(four) >= threshold for row in others for four in itertools.combinations(row, size)]
    assert fpir(others, size, threshold) == pytest.approx(np.mean(alarms))
    misses = [
        not (mine >= threshold and all(mine > other for other in rest))
        for mine, row in zip(own, others, strict=True)
        for rest in itertools.combinations(row, size - 1)
    ]
    assert fnir(own, others, size, threshold) == pytest.approx(np.mean(misses))


def test_people_who_are_unlike_one_another_make_no_errors() -> None:
    people = [[to_template(direction(k) + 0.3 * direction(100 + 10 * k + v)) for v in range(5)] for k in range(8)]
    told = figures(people)
    assert told["one_to_5_fnir_percent"] == told["one_to_79_fnir_percent"] == 0
    assert told["one_to_79"]["gallery"] == 7
    assert told["one_to_one"]["eer_percent"] == 0


def test_a_face_that_was_not_found_is_missed_and_somebody_else_is_not_found_for_it() -> None:
    people: list[list[Template | None]] = [[face(k)] * 5 for k in range(8)]
    people[3] = [None] * 5
    told = figures(people)
    assert told["one_to_5_fnir_percent"] == told["one_to_79_fnir_percent"] == pytest.approx(12.5)
    assert figures([[None] * 4] * 8)["one_to_5_fnir_percent"] == 100


def test_people_drawn_at_random_are_not_told_apart() -> None:
    people = [[face(100 * k + v) for v in range(5)] for k in range(8)]
    assert figures(people)["one_to_5_fnir_percent"] > 90
