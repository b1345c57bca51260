"""The recogniser's converter, and face models as the installer sees them: optional, known by hash, never fetched."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import ModelError, ModelMissing, ModelRefused, models
from matching.models import Model, OpenVino, State, store
from matching.models.openvino import to_onnx
from matching.models.protobuf import data, integer, varint

FACE = [model for model in models.manifest() if model.optional]
RECOGNISER = "face_reidentification_retail_0095_f16.onnx"


def layer(number: int, kind: str, attributes: str = "", output: str = "") -> str:
    dims = "".join(f"<dim>{side}</dim>" for side in output.split(",") if side)
    return (
        f'<layer id="{number}" name="l{number}" type="{kind}" version="opset1"><data {attributes}/>'
        f'<output><port id="9">{dims}</port></output></layer>'
    )


def conv(group: bool = False) -> tuple[str, str]:
    plain = 'strides="1, 1" dilations="1, 1" pads_begin="0, 0" pads_end="0, 0" auto_pad="explicit"'
    return ("GroupConvolution" if group else "Convolution", plain)


class Small:
    """A small network in the published form, built layer by layer, and what it must compute."""

    def __init__(self) -> None:
        self.layers = [layer(0, "Parameter", 'shape="1,3,4,4" element_type="f32"')]
        self.edges: list[tuple[int, int, int]] = []
        self.weights = b""
        self.rng = np.random.default_rng(3)

    def constant(self, shape: tuple[int, ...]) -> int:
        raw = self.rng.normal(0, 0.5, shape).astype("<f2").tobytes()
        number = len(self.layers)
        where = (
            f'element_type="f16" shape="{", ".join(map(str, shape))}" offset="{len(self.weights)}" size="{len(raw)}"'
        )
        self.layers += [layer(number, "Const", where), layer(number + 1, "Convert", 'destination_type="f32"')]
        self.edges.append((number, number + 1, 0))
        self.weights += raw
        return number + 1

    def add(self, kind: str, attributes: str, *inputs: int, output: str = "") -> int:
        number = len(self.layers)
        self.layers.append(layer(number, kind, attributes, output))
        self.edges += [(source, number, port) for port, source in enumerate(inputs)]
        return number

    def xml(self) -> bytes:
        edges = "".join(
            f'<edge from-layer="{a}" from-port="0" to-layer="{b}" to-port="{p}"/>' for a, b, p in self.edges
        )
        return f"<net version='11'><layers>{''.join(self.layers)}</layers><edges>{edges}</edges></net>".encode()


def small() -> Small:
    """Normalise, depthwise convolution, slope, gate by the picture's mean, and a last convolution to five numbers."""
    net = Small()
    scaled = net.add("Multiply", "", 0, net.constant((1, 3, 1, 1)))
    shifted = net.add("Add", "", scaled, net.constant((1, 3, 1, 1)))
    deep = net.add(*conv(group=True), shifted, net.constant((3, 1, 1, 1, 1)))
    biased = net.add("Add", "", deep, net.constant((1, 3, 1, 1)))
    bent = net.add("PReLU", "", biased, net.constant((1,)))
    pool = 'kernel="4, 4" strides="4, 4" pads_begin="0, 0" pads_end="0, 0"'
    mean = net.add("AvgPool", pool, bent, output="1,3,1,1")
    gated = net.add("Multiply", "", bent, net.add("Sigmoid", "", mean))
    last = net.add("AvgPool", pool, net.add("Add", "", gated, bent), output="1,3,1,1")
    out = net.add(*conv(), last, net.constant((5, 3, 1, 1)))
    net.add("Result", "", out)
    return net


def by_hand(net: Small, x: np.ndarray) -> np.ndarray:
    halves = np.frombuffer(net.weights, "<f2").astype(np.float64)
    scale, shift, kernel, bias = (halves[i : i + 3].reshape(3, 1, 1) for i in (0, 3, 6, 9))
    y = (x * scale + shift) * kernel + bias
    y = np.where(y > 0, y, y * halves[12])
    y = y / (1 + np.exp(-y.mean(axis=(1, 2), keepdims=True))) + y
    return np.asarray(halves[13:].reshape(5, 3) @ y.mean(axis=(1, 2)))


def test_a_converted_network_computes_what_its_layers_say() -> None:
    net = small()
    made = to_onnx(net.xml(), net.weights)
    assert made == to_onnx(net.xml(), net.weights)
    runner = cv2.dnn.readNetFromONNX(np.frombuffer(made, np.uint8))
    for seed in range(3):
        picture = np.random.default_rng(seed).normal(0, 1, (3, 4, 4))
        runner.setInput(picture[None].astype(np.float32))
        np.testing.assert_allclose(runner.forward().ravel(), by_hand(net, picture), rtol=1e-4, atol=1e-5)


def test_protobuf_fields_are_those_of_the_documented_examples() -> None:
    assert integer(1, 150) == bytes.fromhex("089601")
    assert data(2, "testing") == bytes.fromhex("120774657374696e67")
    with pytest.raises(ValueError, match="negative"):
        varint(-1)


Break = Callable[[bytes, bytes], tuple[bytes, bytes]]
BROKEN: dict[str, tuple[Break, str]] = {
    "another kind of layer": (lambda x, w: (x.replace(b"Sigmoid", b"Softmax"), w), "a kind this converter does not"),
    "weights cut short": (lambda x, w: (x, w[:-1]), "lies outside"),
    "an edge from nowhere": (lambda x, w: (x.replace(b'from-layer="0"', b'from-layer="99"'), w), "not there: 99"),
    "float weights": (lambda x, w: (x.replace(b'"f16"', b'"f32"'), w), "is not a half-precision"),
    "a shape of another size": (lambda x, w: (x.replace(b"5, 3, 1, 1", b"6, 3, 1, 1"), w), "is not a half-precision"),
    "a negative offset": (lambda x, w: (x.replace(b'offset="6"', b'offset="-6"'), w), "lies outside"),
    "a word for an offset": (lambda x, w: (x.replace(b'offset="6"', b'offset="x"'), w), "lacks"),
    "no padding rule": (lambda x, w: (x.replace(b"explicit", b"same"), w), "no explicit padding"),
    "no strides": (lambda x, w: (x.replace(b'strides="1, 1"', b""), w), "lacks 'strides'"),
    "a pool that is not global": (
        lambda x, w: (x.replace(b"<dim>1</dim></port>", b"<dim>2</dim></port>"), w),
        "AvgPool",
    ),
    "no result": (lambda x, w: (x.replace(b'"Result"', b'"Sigmoid"'), w), "0 layers of type Result"),
    "two inputs": (lambda x, w: (x.replace(b'"Sigmoid"', b'"Parameter"'), w), "2 layers of type Parameter"),
    "entities": (lambda x, w: (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + x, w), "declares entities"),
    "half a file": (lambda x, w: (x[: len(x) // 2], w), "cannot be read"),
    "an endless file": (lambda x, w: (x + b" " * 4_000_001, w), "too large"),
    "endless weights": (lambda x, w: (x, bytes(64_000_001)), "more than 64000000"),
    "a loop": (lambda x, w: (x.replace(b'from-layer="0"', b'from-layer="23"'), w), "not made before it"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_no_such_network_is_refused_in_words(how: str) -> None:
    net = small()
    change, words = BROKEN[how]
    with pytest.raises(ModelRefused, match=words):
        to_onnx(*change(net.xml(), net.weights))


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_mangled_network_crashes_the_converter(damage: list[tuple[float, int]]) -> None:
    net = small()
    xml = bytearray(net.xml())
    for where, byte in damage:
        xml[int(where * len(xml))] = byte
    with contextlib.suppress(ModelRefused):
        assert to_onnx(bytes(xml), net.weights)


# ── installing ──


def published(folder: Path) -> Model:
    """A published network in `folder`, and the manifest's entry for it."""
    net = small()
    (folder / "net.xml").write_bytes(net.xml())
    (folder / "net.bin").write_bytes(net.weights)
    made = to_onnx(net.xml(), net.weights)

    def hashed(content: bytes) -> str:
        return hashlib.sha256(content).hexdigest()

    source = OpenVino("net.xml", hashed(net.xml()), "net.bin", hashed(net.weights))
    return Model("net.onnx", "tests", len(made), hashed(made), "MIT", "nowhere", None, source, "test")


def use(monkeypatch: pytest.MonkeyPatch, *known: Model) -> None:
    monkeypatch.setattr(store, "manifest", lambda: known)
    monkeypatch.setattr(store, "find", lambda name: next(model for model in known if model.name == name))


def test_the_published_files_are_converted_at_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, published(tmp_path))
    assert models.install(tmp_path / "models", tmp_path) == [tmp_path / "models" / "net.onnx"]
    assert [status.state for status in models.verify(tmp_path / "models")] == [State.READY]
    assert models.load("net.onnx", tmp_path / "models") == to_onnx(small().xml(), small().weights)


@pytest.mark.parametrize("file", ["net.xml", "net.bin"])
def test_a_wrong_published_file_is_refused_before_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    use(monkeypatch, published(tmp_path))
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes() + b" ")
    with pytest.raises(ModelRefused, match=f"{file} is another file"):
        models.install(tmp_path / "models", tmp_path)
    assert not list((tmp_path / "models").glob("*"))


def test_an_optional_model_that_is_missing_is_told_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, published(tmp_path))
    told: list[str] = []
    (tmp_path / "net.bin").unlink()
    assert models.install(tmp_path / "models", tmp_path, told.append) == []
    assert models.install(tmp_path / "models", None, told.append) == []
    assert "net.bin cannot be read" in told[0]
    assert "models install --from DIR (until then there is no test)" in told[1]
    (status,) = models.verify(tmp_path / "models")
    assert (status.state, status.fine) == (State.MISSING, True)
    assert "without it there is no test: get it from nowhere" in status.words


def test_an_installed_model_is_read_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, published(tmp_path))
    models.install(tmp_path, tmp_path)
    at = tmp_path / "net.onnx"
    at.write_bytes(at.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelRefused, match="another file: expected SHA-256"):
        models.load("net.onnx", tmp_path)
    with pytest.raises(ModelRefused):
        models.verify(tmp_path)
    at.unlink()
    with pytest.raises(ModelMissing):
        models.load("net.onnx", tmp_path)


def test_one_failure_does_not_keep_the_others_from_being_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = Model("needed.onnx", "tests", 1, "0" * 64, "MIT", "nowhere")
    use(monkeypatch, needed, published(tmp_path))
    with pytest.raises(ModelError, match=r"neither needed\.onnx"):
        models.install(tmp_path / "models", tmp_path)
    assert (tmp_path / "models" / "net.onnx").is_file()


def test_faces_are_optional_and_everything_is_said_of_their_models() -> None:
    assert len(FACE) == 4
    for model in FACE:
        assert model.licence in ("MIT", "Apache-2.0")
        assert "https://github.com/" in model.source
        assert model.sdist is None


def test_the_official_files_become_the_known_recogniser(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = next(model.openvino for model in FACE if model.openvino)
    given_dir = os.environ.get("HAZRI_MODELS")
    if not given_dir or not Path(given_dir, source.xml).is_file():
        with capsys.disabled():
            print("\nHAZRI_MODELS has no official recogniser: its conversion was tried on a small network only")  # noqa: T201
        return
    for name in (source.xml, source.bin):
        shutil.copy(Path(given_dir, name), tmp_path)
    content = to_onnx(Path(given_dir, source.xml).read_bytes(), Path(given_dir, source.bin).read_bytes())
    known = next(model for model in FACE if model.name == RECOGNISER)
    assert hashlib.sha256(content).hexdigest() == known.sha256
    assert len(content) == known.bytes
    runner = cv2.dnn.readNetFromONNX(np.frombuffer(content, np.uint8))
    runner.setInput(np.random.default_rng(1).uniform(0, 255, (1, 3, 128, 128)).astype(np.float32))
    mine = runner.forward().ravel()
    assert mine.shape == (256,)
    other = cv2.dnn.readNetFromONNX(str(Path(given_dir, RECOGNISER)))
    other.setInput(np.random.default_rng(1).uniform(0, 255, (1, 3, 128, 128)).astype(np.float32))
    np.testing.assert_allclose(mine, other.forward().ravel(), rtol=2**-11)
