"""ONNX files, as much of the format as it takes to write a network anew: `read` one, draw another. Pure.

Reading keeps what a rewrite looks at: which node makes which value from which, and the float32 weights. A
`Drawing` is a graph in the making: every operation gives back the names of the values it makes, arrays become
constants. The same drawing gives the same bytes on every machine.

Layout: ONNX IR 8 (onnx.proto), operators of opset 17 and onnxruntime's own ("com.microsoft").
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.errors import ModelRefused
from matching.models.protobuf import data, integer, varint

Value = str  # the name of a tensor that an operation makes
Operand = Value | NDArray[Any]
Attribute = int | float | str | bytes | Sequence[int]  # bytes: an encoded graph

_IR_VERSION, _OPSET = 8, 17
_OWN = "com.microsoft"
_OWN_OPERATORS = ("FastGelu",)
# onnx.TensorProto.DataType
_FLOAT = 1
_CODES = {np.dtype(np.float32): _FLOAT, np.dtype(np.uint8): 2, np.dtype(np.int64): 7, np.dtype(np.bool_): 9}


@dataclass(frozen=True)
class Node:
    """One operation: its kind, and the names of the values it takes and makes."""

    kind: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


@dataclass(frozen=True)
class Network:
    """What was read: the nodes in their order, and the float32 weights by name."""

    nodes: tuple[Node, ...]
    weights: dict[Value, NDArray[np.float32]]


@dataclass(frozen=True)
class Port:
    """An input or output of the whole network: name, element type, sides (a name where the side varies)."""

    name: Value
    dtype: type[np.generic]
    sides: tuple[int | str, ...] = ()


def read(content: bytes) -> Network:
    """The network in `content`. Raises ModelRefused when it cannot be followed."""
    nodes: list[Node] = []
    weights: dict[Value, NDArray[np.float32]] = {}
    try:
        graphs = [body for number, body in _fields(memoryview(content)) if number == 7]
        for number, body in _fields(graphs[0]):
            if number == 1:
                nodes.append(_node(body))
            elif number == 5:
                name, array = _tensor(body)
                if array is not None:
                    weights[name] = array
    except (IndexError, TypeError, ValueError) as cause:
        raise ModelRefused(f"not an ONNX file that can be read: {cause}") from cause
    return Network(tuple(nodes), weights)


class Drawing:
    """A graph in the making. Names are numbers in the order of drawing, unique with those of inner graphs."""

    def __init__(self, numbers: Iterator[int] | None = None) -> None:
        self._numbers = numbers or count()
        self._nodes: list[bytes] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}

    def op(self, kind: str, *inputs: Operand, **attributes: Attribute) -> Value:
        """Draw an operation with one output, and return that."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, outputs: int, *inputs: Operand, **attributes: Attribute) -> list[Value]:
        """Draw an operation, and return its `outputs`. An input "" is one left out."""
        made = [self._name() for _ in range(outputs)]
        self._draw(kind, inputs, made, attributes)
        return made

    def name(self, value: Value, output: Value) -> None:
        """Let `value` be known outside as `output`."""
        self._draw("Identity", (value,), [output], {})

    def scan(self, value: Value, body: Callable[["Drawing", Value], Sequence[Value]]) -> list[Value]:
        """Apply `body` to one slice of `value` along its first axis after the other, and stack what it makes.

        Memory then grows with a slice, not with the whole, and a slice stays in the processor's cache.
        """
        inner, part = Drawing(self._numbers), self._name()
        made = body(inner, part)
        graph = inner.graph([Port(part, np.float32)], [Port(each, np.float32) for each in made])
        return self.ops("Scan", len(made), value, body=graph, num_scan_inputs=1)

    def graph(self, inputs: Sequence[Port], outputs: Sequence[Port]) -> bytes:
        """The encoded GraphProto."""
        tensors = (_encode_tensor(name, *key) for key, name in self._constants.items())
        return b"".join(
            [
                *(data(1, node) for node in self._nodes),
                data(2, "network"),
                *(data(5, tensor) for tensor in tensors),
                *(data(11, _encode_port(port)) for port in inputs),
                *(data(12, _encode_port(port)) for port in outputs),
            ]
        )

    def model(self, inputs: Sequence[Port], outputs: Sequence[Port]) -> bytes:
        """The encoded ModelProto: what an .onnx file holds."""
        opsets = data(8, data(1, "") + integer(2, _OPSET)) + data(8, data(1, _OWN) + integer(2, 1))
        return integer(1, _IR_VERSION) + data(7, self.graph(inputs, outputs)) + opsets

    def _name(self) -> Value:
        return f"v{next(self._numbers)}"

    def _constant(self, array: NDArray[Any]) -> Value:
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        key = (str(array.dtype), array.shape, little.tobytes())
        if key not in self._constants:
            self._constants[key] = self._name()
        return self._constants[key]

    def _draw(self, kind: str, inputs: Sequence[Operand], made: list[Value], attributes: dict[str, Attribute]) -> None:
        taken = [each if isinstance(each, str) else self._constant(each) for each in inputs]
        parts = [*(data(1, name) for name in taken), *(data(2, name) for name in made), data(4, kind)]
        parts += [data(5, _encode_attribute(name, value)) for name, value in sorted(attributes.items())]
        parts += [data(7, _OWN)] if kind in _OWN_OPERATORS else []
        self._nodes.append(b"".join(parts))


# ── reading ──


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and content of every field: an int, or a memoryview of bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        match key & 7:
            case 0:
                number, at = _varint(message, at)
                yield key >> 3, number
            case 2:
                size, at = _varint(message, at)
                if at + size > len(message):
                    raise ValueError("it ends too early")
                yield key >> 3, message[at : at + size]
                at += size
            case 1 | 5 as wire:
                size = 8 if wire == 1 else 4
                yield key >> 3, message[at : at + size]
                at += size
            case wire:
                raise ValueError(f"a field of the unknown kind {wire}")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        group = message[at]
        at += 1
        number |= (group & 127) << shift
        shift += 7
        if group < 128:
            return number, at
        if shift > 63:
            raise ValueError("a number without end")


def _node(message: memoryview) -> Node:
    inputs, outputs, kind = [], [], ""
    for number, body in _fields(message):
        if number == 1:
            inputs.append(str(body, "utf-8"))
        elif number == 2:
            outputs.append(str(body, "utf-8"))
        elif number == 4:
            kind = str(body, "utf-8")
    return Node(kind, tuple(inputs), tuple(outputs))


def _tensor(message: memoryview) -> tuple[Value, NDArray[np.float32] | None]:
    """Name and content; None for another type than float32, and for one stored in another way than raw."""
    sides: list[int] = []
    kind, name, raw = 0, "", None
    for number, body in _fields(message):
        if number == 1:
            sides += [body] if isinstance(body, int) else _packed(body)
        elif number == 2:
            kind = body
        elif number == 8:
            name = str(body, "utf-8")
        elif number == 9:
            raw = body
    if kind != _FLOAT or raw is None:
        return name, None
    return name, np.frombuffer(raw, "<f4").astype(np.float32).reshape(sides)


def _packed(body: memoryview) -> list[int]:
    numbers, at = [], 0
    while at < len(body):
        number, at = _varint(body, at)
        numbers.append(number)
    return numbers


# ── writing ──


def _encode_attribute(name: str, value: Attribute) -> bytes:
    match value:
        case bytes():
            body = data(6, value) + integer(20, 5)
        case float():
            body = varint(2 << 3 | 5) + struct.pack("<f", value) + integer(20, 1)
        case int():
            body = integer(3, _signed(value)) + integer(20, 2)
        case str():
            body = data(4, value) + integer(20, 3)
        case _:
            body = b"".join(integer(8, _signed(each)) for each in value) + integer(20, 7)
    return data(1, name) + body


def _encode_tensor(name: Value, dtype: str, shape: tuple[int, ...], raw: bytes) -> bytes:
    sides = b"".join(integer(1, side) for side in shape)
    return sides + integer(2, _CODES[np.dtype(dtype)]) + data(8, name) + data(9, raw)


def _encode_port(port: Port) -> bytes:
    sides = (data(1, integer(1, side) if isinstance(side, int) else data(2, side)) for side in port.sides)
    shape = data(2, b"".join(sides)) if port.sides else b""
    tensor = integer(1, _CODES[np.dtype(port.dtype)]) + shape
    return data(1, port.name) + data(2, data(1, tensor))


def _signed(number: int) -> int:
    return number & (1 << 64) - 1
