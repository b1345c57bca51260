"""The rewritten network finds the minutiae of the published one, and is made only of that very network."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matching import ModelMissing, ModelRefused, models
from matching.fingerprint import Extractor
from matching.models import Model, State, onnx_file, rewrite, store
from matching.models.leader_weights import Weights
from matching.models.onnx_file import Drawing, Network, Port
from matching.synthetic import OPTICAL, OPTICAL_SQUARE, Condition, Sensor, finger, impression

Picture = NDArray[np.uint8]
ORIGINAL, REWRITTEN = "LEADER.onnx", "LEADER.rewritten.onnx"
DATA = Path(os.environ["HAZRI_DATA"], "fingerprints") if "HAZRI_DATA" in os.environ else None


@pytest.fixture(scope="module")
def original() -> bytes:
    return models.load(ORIGINAL)


@pytest.fixture(scope="module")
def made(original: bytes) -> bytes:
    return rewrite.rewritten(original)


@pytest.fixture(scope="module")
def both(made: bytes, tmp_path_factory: pytest.TempPathFactory) -> tuple[Extractor, Extractor]:
    at = tmp_path_factory.mktemp("rewritten") / REWRITTEN
    at.write_bytes(made)
    return Extractor(models.path(ORIGINAL)), Extractor(at)


# ── the same minutiae ──


@pytest.mark.parametrize("condition", list(Condition))
@pytest.mark.parametrize("sensor", [OPTICAL, OPTICAL_SQUARE], ids=["256x288", "square"])
def test_synthetic_fingers_give_the_same_template(
    both: tuple[Extractor, Extractor], condition: Condition, sensor: Sensor
) -> None:
    picture = impression(finger(3000), 1, condition, sensor)
    before, after = (extractor.extract(picture) for extractor in both)
    assert before.to_bytes() == after.to_bytes()


@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (33, 64), (96, 224), (200, 130)])
def test_parts_of_a_finger_give_the_same_template(both: tuple[Extractor, Extractor], rows: int, columns: int) -> None:
    """Small pictures: what lies at the edge of the picture, and more room for minutiae than there are."""
    picture = impression(finger(3001), 1)
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    part = picture[top : top + rows, left : left + columns]
    before, after = (extractor.extract(part) for extractor in both)
    assert before.to_bytes() == after.to_bytes()


def test_real_fingers_give_the_same_minutiae(
    both: tuple[Extractor, Extractor], capsys: pytest.CaptureFixture[str]
) -> None:
    """The first finger of each set. Two neighbouring pixels can be equally good: then one of them may come or go."""
    if DATA is None:
        with capsys.disabled():
            print("HAZRI_DATA is not set: the rewritten network was tried on synthetic fingers only")  # noqa: T201
        pictures = [impression(finger(3002), nth) for nth in range(1, 5)]
    else:
        files = [sorted(folder.iterdir())[0] for folder in sorted(DATA.iterdir()) if folder.is_dir()]
        pictures = [np.asarray(cv2.imread(str(at), cv2.IMREAD_GRAYSCALE), np.uint8) for at in files]
    for picture in pictures:
        before, after = (extractor.extract(picture).minutiae for extractor in both)
        places = [set(zip(found.x.tolist(), found.y.tolist(), strict=True)) for found in (before, after)]
        assert len(places[0]) > 10
        assert len(places[0] ^ places[1]) <= 1


# ── the same bytes ──


def test_every_machine_writes_the_file_of_the_manifest(original: bytes, made: bytes) -> None:
    (model,) = [model for model in models.manifest() if model.name == REWRITTEN]
    assert rewrite.rewritten(original) == made
    assert len(made) == model.bytes
    assert hashlib.sha256(made).hexdigest() == model.sha256


def test_sums_have_one_order() -> None:
    """1e16 swallows 1, unless another order brings the large ones together first."""
    left, right = np.array([[1e16, 1.0, -1e16]]), np.ones((3, 1))
    assert rewrite.product(left, right) == np.array([[0.0]])
    values = np.random.default_rng(1).normal(size=(5, 7))
    assert np.allclose(rewrite.product(values, values.T), values @ values.T)


def test_a_kernel_behind_an_enlargement_is_four_before_it() -> None:
    rng = np.random.default_rng(2)
    small, kernel = rng.normal(size=(6, 5)), rng.normal(size=(1, 1, 5, 5))
    large = cv2.filter2D(np.kron(small, np.ones((2, 2))), -1, kernel[0, 0], borderType=cv2.BORDER_CONSTANT)
    for phase, part in enumerate(rewrite.enlarged(kernel)[:, 0, 0]):
        seen = cv2.filter2D(small, -1, part, borderType=cv2.BORDER_CONSTANT)
        assert np.allclose(seen, large[phase // 2 :: 2, phase % 2 :: 2])


# ── another network ──


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: b"no network", "not an ONNX file"),
        (lambda content: content[: len(content) // 2], "not an ONNX file"),
        (lambda content: b"", "not an ONNX file"),
        (lambda content: content.replace(b"enc1_2_conv_exp_1", b"enc1_9_conv_exp_1"), "enc1_2_conv_exp"),
        (lambda content: content.replace(b"head_0_ln_1/mul:0", b"head_0_ln_1/MUL:0"), "no Mul .*head_0_ln"),
        (lambda content: content.replace(np.float32(0.001).tobytes(), np.float32(0.01).tobytes()), "epsilon"),
    ],
    ids=["text", "half", "empty", "weights", "operation", "epsilon"],
)
def test_another_network_is_refused_in_words(original: bytes, change: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(ModelRefused, match=words):
        rewrite.rewritten(change(original))


def test_weights_of_another_shape_are_refused(original: bytes) -> None:
    network = onnx_file.read(original)
    with pytest.raises(ModelRefused, match=r"shape \(16, 1, 5, 5\), not \(16, 1, 7, 7\)"):
        Weights(network).depthwise("enc0_0_conv", 16, 7)
    name = "functional_1/stem1_conv_1/convolution/ReadVariableOp:0"
    broken = network.weights | {name: np.full_like(network.weights[name], np.nan)}
    with pytest.raises(ModelRefused, match="no numbers"):
        Weights(Network(network.nodes, broken)).conv("stem1_conv", 16, 1, 5)


def test_weights_nobody_asked_for_are_refused(original: bytes) -> None:
    with pytest.raises(ModelRefused, match="weights this program does not expect"):
        Weights(onnx_file.read(original)).expect_all_read()


# ── installing it ──


def test_installing_the_original_makes_the_rewritten(original: bytes, tmp_path: Path) -> None:
    source, target = tmp_path / "usb", tmp_path / "models"
    source.mkdir()
    (source / ORIGINAL).write_bytes(original)
    told: list[str] = []
    assert target / REWRITTEN in models.install(target, source, told.append)
    assert f"{REWRITTEN}: 2.8 MB from {ORIGINAL}" in told
    assert models.best(ORIGINAL, target) == target / REWRITTEN
    assert state(target) is State.READY


def test_a_stale_or_missing_rewritten_is_told_and_made_again(original: bytes, made: bytes, tmp_path: Path) -> None:
    (tmp_path / ORIGINAL).write_bytes(original)
    assert state(tmp_path) is State.MISSING
    with pytest.raises(ModelMissing, match=r"LEADER\.rewritten\.onnx .* models install \(LEADER\.onnx is used as it"):
        models.verify(tmp_path)
    assert models.best(ORIGINAL, tmp_path) == tmp_path / ORIGINAL
    (tmp_path / REWRITTEN).write_bytes(made[:-1] + bytes([made[-1] ^ 1]))
    assert state(tmp_path) is State.REFUSED
    models.install(tmp_path, tmp_path)
    assert (tmp_path / REWRITTEN).read_bytes() == made


def test_what_cannot_be_rewritten_is_used_as_it_is(
    original: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that would calculate differently: the file would not be the one of the manifest."""
    kept, changed = (model for model in models.manifest() if model.name in (ORIGINAL, REWRITTEN))
    other = Model(**vars(changed) | {"sha256": "0" * 64})
    monkeypatch.setattr(store, "manifest", lambda: (kept, other))
    monkeypatch.setattr(store, "find", lambda name: {ORIGINAL: kept, REWRITTEN: other}[name])
    (tmp_path / ORIGINAL).write_bytes(original)
    with pytest.raises(ModelRefused, match=r"LEADER\.onnx cannot be rewritten, it is used as it is: .* SHA-256 0000"):
        models.install(tmp_path, tmp_path)
    assert models.best(ORIGINAL, tmp_path) == tmp_path / ORIGINAL
    assert Extractor(models.best(ORIGINAL, tmp_path)).extract(impression(finger(3003), 1)).minutiae


def state(folder: Path) -> State:
    (found,) = [status.state for status in models.listing(folder) if status.model.name == REWRITTEN]
    return found


# ── the files themselves ──


def test_a_drawing_computes_what_was_drawn() -> None:
    import onnxruntime

    draw = Drawing()
    (doubled,) = draw.scan("x", lambda inner, part: [inner.op("Mul", part, np.array([2], np.float32))])
    low, high = draw.ops("Split", 2, doubled, np.array([1, 2], np.int64), axis=-1)
    draw.name(draw.op("Concat", high, draw.op("Transpose", low, perm=[0, 1]), axis=1), "y")
    content = draw.model([Port("x", np.float32, ("n", 3))], [Port("y", np.float32, ("n", 3))])
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": np.array([[1, 2, 3], [4, 5, 6]], np.float32)})
    assert y.tolist() == [[4, 6, 2], [10, 12, 8]]
    again = onnx_file.read(content)
    assert [node.kind for node in again.nodes] == ["Scan", "Split", "Transpose", "Concat", "Identity"]
    assert again.nodes[0].inputs == ("x",)


def test_weights_come_back_as_drawn() -> None:
    draw = Drawing()
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    draw.name(draw.op("Add", weights, weights), "y")
    network = onnx_file.read(draw.model([], [Port("y", np.float32, (2, 3))]))
    assert [array.tolist() for array in network.weights.values()] == [weights.tolist()]
    assert network.nodes[0].inputs == tuple(network.weights) * 2


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(ModelRefused):
        assert isinstance(onnx_file.read(content), Network)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_graph_is_read_or_refused(content: bytes) -> None:
    """As above, but within a graph, where nodes and weights are."""
    for number in (1, 5):
        inner = bytes([number << 3 | 2, len(content)]) + content
        with suppress(ModelRefused):
            assert isinstance(onnx_file.read(bytes([7 << 3 | 2, len(inner)]) + inner), Network)
