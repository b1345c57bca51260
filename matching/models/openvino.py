"""From Intel's face recogniser as it is published (OpenVINO IR: .xml and .bin, FP16) to one ONNX file. Pure.

Only what that network is made of is understood: a chain of layers with constant weights (Convolution,
GroupConvolution, Add, Multiply, PReLU, Sigmoid and global AvgPool); anything else is refused by name. A bias
added after a convolution becomes the convolution's own. Weights stay in half precision, each with a Cast behind
it, because OpenCV computes in float32. The output is the same, byte for byte, on every machine, so the manifest
can hold its hash.

Layouts: IR version 11 as documented by OpenVINO ("IR format", opset1); ONNX IR 8, opset 13 (onnx.proto).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from matching.errors import ModelRefused
from matching.models.protobuf import data, integer

MAX_XML_BYTES = 4_000_000
MAX_BIN_BYTES = 64_000_000
_IR_VERSION, _OPSET = 8, 13
_FLOAT, _HALF = 1, 10  # onnx.TensorProto.DataType
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7  # onnx.AttributeProto.AttributeType
_INPUT, _OUTPUT = "input", "embedding"


@dataclass(frozen=True)
class _Constant:
    """A half-precision tensor: name of the value it becomes, shape, little-endian bytes."""

    name: str
    shape: tuple[int, ...]
    raw: bytes


@dataclass(frozen=True)
class _Layer:
    """One layer of the IR: id, type, attributes, its inputs' ids in the order of their ports, the output's shape."""

    id: str
    type: str
    data: Mapping[str, str]
    inputs: tuple[str, ...]
    shape: tuple[int, ...]


@dataclass
class _Graph:
    """What has been written so far; `values` says under which name a layer's output goes."""

    casts: list[bytes] = field(default_factory=list)
    nodes: list[bytes] = field(default_factory=list)
    tensors: list[bytes] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


def to_onnx(xml: bytes, weights: bytes) -> bytes:
    """The network in `xml` and `weights` as an ONNX model: "input" (1, 3, h, w) to "embedding" (1, n, 1, 1).

    Raises ModelRefused, saying which layer, when this is not such a network.
    """
    layers = _read(xml)
    result = _only(layers, "Result")
    sides = _sides(_only(layers, "Parameter"))
    constants = _constants(layers, weights)
    width = _width(layers, constants, result)
    biases = _biases(layers, constants)
    absorbed = set(biases.values())
    graph = _Graph()
    for layer in layers.values():
        if layer.type in ("Const", "Convert", "Result") or layer.id in absorbed:
            continue
        if layer.type == "Parameter":
            graph.values[layer.id] = _INPUT
            continue
        ends = biases.get(layer.id, layer.id)
        name = _OUTPUT if ends == result.inputs[0] else f"t{ends}"
        graph.nodes.append(_node(layer, layers, constants, graph, ends, name))
        graph.values[layer.id] = graph.values[ends] = name
    return _model(graph, sides, width)


# ── reading ──


def _read(xml: bytes) -> dict[str, _Layer]:
    if len(xml) > MAX_XML_BYTES or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise ModelRefused("the network's .xml is too large or declares entities: not an OpenVINO file")
    try:
        root = ElementTree.fromstring(xml)  # noqa: S314 - without entities, bounded, and its hash is known
    except ElementTree.ParseError as cause:
        raise ModelRefused(f"the network's .xml cannot be read: {cause}") from cause
    inputs: dict[str, dict[int, str]] = {}
    try:
        for edge in root.iterfind("edges/edge"):
            inputs.setdefault(edge.attrib["to-layer"], {})[int(edge.attrib["to-port"])] = edge.attrib["from-layer"]
        found = root.findall("layers/layer")
        layers = {entry.attrib["id"]: _layer(entry, inputs.get(entry.attrib["id"], {})) for entry in found}
    except (KeyError, ValueError) as cause:
        raise ModelRefused(f"the network's .xml lacks {cause}") from cause
    unknown = {source for layer in layers.values() for source in layer.inputs} - layers.keys()
    if unknown:
        raise ModelRefused(f"the network's .xml connects layers that are not there: {', '.join(sorted(unknown))}")
    return layers


def _layer(entry: ElementTree.Element, inputs: Mapping[int, str]) -> _Layer:
    attributes = entry.find("data")
    ports = tuple(inputs[port] for port in sorted(inputs))
    shape = tuple(int(side.text or "") for side in entry.iterfind("output/port/dim"))
    known = {} if attributes is None else attributes.attrib
    return _Layer(entry.attrib["id"], entry.attrib["type"], known, ports, shape)


def _constants(layers: Mapping[str, _Layer], weights: bytes) -> dict[str, _Constant]:
    """By id, also under the id of the Convert that widens it to float32: that is what other layers see."""
    if len(weights) > MAX_BIN_BYTES:
        raise ModelRefused(f"the network's .bin has {len(weights)} bytes, more than {MAX_BIN_BYTES}")
    found: dict[str, _Constant] = {}
    for layer in layers.values():
        if layer.type == "Convert":
            source = layers[layer.inputs[0]] if layer.inputs else layer
            if source.type != "Const":
                raise _refused(layer, "converts something that is no constant")
            found[layer.id] = _constant(layer, source, weights)
    return found


def _constant(layer: _Layer, source: _Layer, weights: bytes) -> _Constant:
    try:
        shape, start, size = _shape(source.data["shape"]), int(source.data["offset"]), int(source.data["size"])
    except (KeyError, ValueError) as cause:
        raise _refused(source, f"lacks {cause}") from cause
    if source.data.get("element_type") != "f16" or size != 2 * _count(shape):
        raise _refused(source, "is not a half-precision tensor")
    if not 0 <= start <= start + size <= len(weights):
        raise _refused(source, "lies outside the .bin")
    return _Constant(f"c{layer.id}", shape, weights[start : start + size])


def _biases(layers: Mapping[str, _Layer], constants: Mapping[str, _Constant]) -> dict[str, str]:
    """Convolution's id → id of the Add right behind it, where nothing but that Add uses the convolution."""
    users: dict[str, list[_Layer]] = {}
    for layer in layers.values():
        for source in layer.inputs:
            users.setdefault(source, []).append(layer)
    return {
        layer.id: users[layer.id][0].id
        for layer in layers.values()
        if layer.type in ("Convolution", "GroupConvolution")
        and [user.type for user in users.get(layer.id, [])] == ["Add"]
        and users[layer.id][0].inputs[-1] in constants
    }


# ── writing ──


def _node(
    layer: _Layer,
    layers: Mapping[str, _Layer],
    constants: Mapping[str, _Constant],
    graph: _Graph,
    ends: str,
    name: str,
) -> bytes:
    kind, attributes = _operation(layer, constants)
    inputs = [_input(layer, source, constants, graph) for source in layer.inputs]
    if ends != layer.id:
        bias = constants[layers[ends].inputs[-1]]
        inputs.append(_weights(_Constant(bias.name, (_count(bias.shape),), bias.raw), graph))
    return _encode_node(kind, inputs, name, attributes)


def _operation(layer: _Layer, constants: Mapping[str, _Constant]) -> tuple[str, dict[str, int | list[int]]]:
    match layer.type:
        case "Convolution" | "GroupConvolution":
            return "Conv", _convolution(layer, constants)
        case "AvgPool" if layer.shape[-2:] == (1, 1) and layer.data.get("pads_begin") == "0, 0":
            return "GlobalAveragePool", {}
        case "PReLU" | "Sigmoid" | "Add" | "Multiply":
            return {"PReLU": "PRelu", "Multiply": "Mul"}.get(layer.type, layer.type), {}
        case _:
            raise _refused(layer, "is of a kind this converter does not know")


def _convolution(layer: _Layer, constants: Mapping[str, _Constant]) -> dict[str, int | list[int]]:
    kernel = constants.get(layer.inputs[-1]) if len(layer.inputs) == 2 else None
    sides = 5 if layer.type == "GroupConvolution" else 4
    if kernel is None or len(kernel.shape) != sides or layer.data.get("auto_pad") != "explicit":
        raise _refused(layer, "has no constant kernel or no explicit padding")
    try:
        begin, end = _shape(layer.data["pads_begin"]), _shape(layer.data["pads_end"])
        return {
            "dilations": list(_shape(layer.data["dilations"])),
            "group": kernel.shape[0] if layer.type == "GroupConvolution" else 1,
            "kernel_shape": list(kernel.shape[-2:]),
            "pads": [*begin, *end],
            "strides": list(_shape(layer.data["strides"])),
        }
    except (KeyError, ValueError) as cause:
        raise _refused(layer, f"lacks {cause}") from cause


def _input(layer: _Layer, source: str, constants: Mapping[str, _Constant], graph: _Graph) -> str:
    if source not in constants:
        if source not in graph.values:
            raise _refused(layer, f"uses layer {source}, which was not made before it")
        return graph.values[source]
    constant = constants[source]
    if layer.type == "GroupConvolution":  # IR says (groups, out, in, y, x), ONNX (groups × out, in, y, x)
        groups, out, *rest = constant.shape
        constant = _Constant(constant.name, (groups * out, *rest), constant.raw)
    return _slope(constant, graph) if layer.type == "PReLU" else _weights(constant, graph)


def _weights(constant: _Constant, graph: _Graph) -> str:
    half = f"{constant.name}_h"
    graph.tensors.append(_tensor(half, _HALF, constant.shape, constant.raw))
    graph.casts.append(_encode_node("Cast", [half], constant.name, {"to": _FLOAT}))
    return constant.name


def _slope(constant: _Constant, graph: _Graph) -> str:
    """OpenCV wants a PReLU's slope as it is, without a Cast."""
    wide = struct.pack(f"<{_count(constant.shape)}f", *struct.unpack(f"<{_count(constant.shape)}e", constant.raw))
    graph.tensors.append(_tensor(constant.name, _FLOAT, constant.shape, wide))
    return constant.name


def _encode_node(kind: str, inputs: list[str], output: str, attributes: Mapping[str, int | list[int]]) -> bytes:
    parts = [*(data(1, name) for name in inputs), data(2, output), data(4, kind)]
    for name, value in attributes.items():
        if isinstance(value, int):
            body = integer(3, value) + integer(20, _ATTRIBUTE_INT)
        else:
            body = b"".join(integer(8, each) for each in value) + integer(20, _ATTRIBUTE_INTS)
        parts.append(data(5, data(1, name) + body))
    return b"".join(parts)


def _tensor(name: str, kind: int, shape: tuple[int, ...], raw: bytes) -> bytes:
    return b"".join(integer(1, side) for side in shape) + integer(2, kind) + data(8, name) + data(9, raw)


def _model(graph: _Graph, shape: tuple[int, ...], width: int) -> bytes:
    batch = data(1, data(2, "N"))
    sides = batch + b"".join(data(1, integer(1, side)) for side in shape[1:])
    out = batch + b"".join(data(1, integer(1, side)) for side in (width, 1, 1))
    body = [
        *(data(1, node) for node in [*graph.casts, *graph.nodes]),
        data(2, "m"),
        *(data(5, tensor) for tensor in graph.tensors),
        data(11, _value(_INPUT, sides)),
        data(12, _value(_OUTPUT, out)),
    ]
    opset = data(1, "") + integer(2, _OPSET)
    return integer(1, _IR_VERSION) + data(7, b"".join(body)) + data(8, opset)


def _value(name: str, dimensions: bytes) -> bytes:
    tensor = integer(1, _FLOAT) + data(2, dimensions)
    return data(1, name) + data(2, data(1, tensor))


# ── small ──


def _sides(parameter: _Layer) -> tuple[int, ...]:
    try:
        return _shape(parameter.data["shape"])
    except (KeyError, ValueError) as cause:
        raise _refused(parameter, f"lacks {cause}") from cause


def _width(layers: Mapping[str, _Layer], constants: Mapping[str, _Constant], result: _Layer) -> int:
    last = layers[result.inputs[0]] if result.inputs else result
    kernel = constants.get(last.inputs[-1]) if last.type == "Convolution" and last.inputs else None
    if kernel is None or len(kernel.shape) != 4:
        raise _refused(result, "does not follow a convolution")
    return kernel.shape[0]


def _only(layers: Mapping[str, _Layer], kind: str) -> _Layer:
    found = [layer for layer in layers.values() if layer.type == kind]
    if len(found) != 1:
        raise ModelRefused(f"the network has {len(found)} layers of type {kind}, one is expected")
    return found[0]


def _shape(text: str) -> tuple[int, ...]:
    sides = tuple(int(side) for side in text.split(","))
    if any(side < 0 for side in sides):
        raise ValueError(f"a shape without negative sides, not {text!r}")
    return sides


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for side in shape:
        total *= side
    return total


def _refused(layer: _Layer, why: str) -> ModelRefused:
    return ModelRefused(f"the network's layer {layer.id} ({layer.type}) {why}")
