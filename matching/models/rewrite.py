"""LEADER written anew: the same function of the picture in a third of the time and half of the memory. Pure.

The published file is a converter's output: activations and normalisations taken apart into a dozen passes over
memory each, pictures turned from one layout to the other and back, dilated convolutions by way of reshaping.
Here its weights go into a graph drawn for onnxruntime, by identities that hold for real numbers, so that
results differ by the rounding of float32 only:

* GELU and layer normalisation are one operation each; a normalisation's gain and offset, and every pair of
  linear layers without anything between them, are multiplied into one matrix beforehand.
* What works on each pixel by itself (the wide middle of a block) runs by a few rows at a time, so that memory does
  not grow with the picture; so do both stems, with the rows around them they need.
* Enlarging a picture by repeating pixels changes nothing for what works on pixels by themselves, so that comes
  first; a convolution of 5 × 5 behind the enlargement is four of 3 × 3 before it.
* Direction and type are asked for at minutiae only, so only there they are computed, from the 9 × 9 cells around.

Inputs: "picture" uint8 (rows, columns), both multiples of 32; "mask" bool, the same shape, where minutiae may be.
Outputs, best quality first: "row", "column" int64 (POINTS,); "quality" float32 (POINTS,), 0 where there are no
more; "direction" float32 (POINTS, 2), along x and against y; "ending" float32 (POINTS,), ≥ 0.5 for an ending.

Arithmetic is in float64 in a fixed order, so every machine writes the same bytes and the manifest holds their hash.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.models.leader_weights import NORM_EPSILON, Array, Weights
from matching.models.onnx_file import Drawing, Port, Value, read

POINTS = 100  # minutiae the network tells of, at most

_STEM_ROWS = 8  # of the picture, at a time
_STEM_REACH = 4  # rows around that a stem looks at
_BLOCK_ROWS = 4  # at a time
_WIDEN = 4  # how much wider a block is in its middle
_ENCODER0, _DECODER0 = (16, 16, 32, 64, 128), (128, 64, 32, 16)
_ENCODER1, _DECODER1 = (64, 32, 64, 128, 32), (27, 91, 42, 20)
_FEATURES = _DECODER1[-1] + _ENCODER1[1]
_HEAD, _ADJUSTED, _STEM0, _STEM1 = 4, 6, 8, 16
_SMALL = ("enc1_2", "enc1_3", "dec1_3", "dec1_2")  # blocks on pictures of a few rows, done at once
_PATCH, _CORE = 9, 3  # cells around a minutia that decide on it, and those of them whose head is computed


def rewritten(original: bytes) -> bytes:
    """The network in `original` (LEADER.onnx), drawn anew. Raises ModelRefused when it is another network."""
    weights, drawing = Weights(read(original)), Drawing()
    net = _Leader(weights, drawing)
    stem0, stem1 = net.stems("picture")
    ridges = net.ridges(stem0)
    features = net.features(net.attended(ridges, stem1))
    rows = net.by_rows(features)
    found = net.found(net.quality(net.position(features, rows)), "mask")
    at = _Points(net, rows, *found)
    for name, value in (("row", at.row), ("column", at.column), ("quality", at.quality)):
        drawing.name(value, name)
    drawing.name(at.head(1, "head_conv_dir", 2), "direction")
    drawing.name(drawing.op("Reshape", drawing.op("Sigmoid", at.head(2, "head_conv_typ", 1)), _whole(-1)), "ending")
    weights.expect_all_read()
    inputs = [Port("picture", np.uint8, ("rows", "columns")), Port("mask", np.bool_, ("rows", "columns"))]
    outputs = [Port("row", np.int64, (POINTS,)), Port("column", np.int64, (POINTS,))]
    outputs += [Port("quality", np.float32, (POINTS,)), Port("direction", np.float32, (POINTS, 2))]
    return drawing.model(inputs, [*outputs, Port("ending", np.float32, (POINTS,))])


class _Leader:
    """The network's parts. Values are (1, channels, rows, columns), "by rows" (1, rows, columns, channels)."""

    def __init__(self, weights: Weights, drawing: Drawing) -> None:
        self.weights, self.draw = weights, drawing

    def stems(self, picture: Value) -> tuple[Value, Value]:
        """Both looks at the picture itself, each at half its size."""
        draw = self.draw
        single = draw.op("Cast", draw.op("Unsqueeze", picture, _whole(0, 1)), to=1)
        around = draw.op("Pad", single, _whole(0, 0, _STEM_REACH, 0, 0, 0, _STEM_ROWS - _STEM_REACH, 0))
        own = draw.op("Slice", around, _whole(0), _whole(-_STEM_ROWS), _whole(2))
        following = draw.op("Slice", around, _whole(_STEM_ROWS), _whole(2**31), _whole(2))
        strips = [draw.op("Reshape", part, _whole(-1, 1, _STEM_ROWS, 0)) for part in (own, following)]
        strips[1] = draw.op("Slice", strips[1], _whole(0), _whole(2 * _STEM_REACH), _whole(2))
        overlapping = draw.op("Unsqueeze", draw.op("Concat", *strips, axis=2), _whole(1))
        halves = draw.scan(
            overlapping,
            lambda inner, strip: [
                _Leader(self.weights, inner).stem(strip, "stem0", _STEM0, "MaxPool"),
                _Leader(self.weights, inner).stem(strip, "stem1", _STEM1, "AveragePool"),
            ],
        )
        sides = (2 * _STEM0, 2 * _STEM1)
        stem0, stem1 = (self._joined(half, side) for half, side in zip(halves, sides, strict=True))
        return stem0, stem1

    def stem(self, strip: Value, name: str, channels: int, pool: str) -> Value:
        """One strip of a stem: a fine and a coarse look, side by side."""
        draw, weights = self.draw, self.weights
        inner = draw.op("Slice", strip, _whole(_STEM_REACH // 2), _whole(-(_STEM_REACH // 2)), _whole(2))
        looks = []
        for seen, layer, dilation in ((inner, "conv", 1), (strip, "dilated_conv", 2)):
            kernel, bias = weights.conv(f"{name}_{layer}", channels, 1, 5)
            sides = {"kernel_shape": [5, 5], "dilations": [dilation] * 2, "pads": [0, 2 * dilation, 0, 2 * dilation]}
            looks.append(draw.op("Conv", seen, _f32(kernel), _f32(bias), **sides))
        rows = self.by_rows(draw.op("Concat", *looks, axis=1))
        return self._halved(self._upright(self._gelu(self._norm(rows, f"{name}_ln", 2 * channels))), pool)

    def ridges(self, stem: Value) -> Value:
        """The first half of the network, which learned to see ridges: (1, 32, ·, ·) at half the picture's size."""
        skips, below = [], stem
        for level, (into, out) in enumerate(pairwise(_ENCODER0)):
            skips.append(self._separable(below, f"enc0_{level}", into, out))
            below = self._pooled(skips[-1], out)
        below = self._separable(below, "dec0_3", _ENCODER0[-1], _DECODER0[0])
        for level, (into, out) in zip((2, 1, 0), pairwise(_DECODER0), strict=True):
            below = self._joint(below, skips[level + 1])
            below = self._separable(below, f"dec0_{level}", into + _ENCODER0[level + 2], out)
        return self._joint(below, skips[0])

    def attended(self, ridges: Value, stem: Value) -> Value:
        """The ridges weighed by what three wider looks at them say, with the second stem."""
        draw, channels = self.draw, _DECODER0[-1] + _ENCODER0[1]
        looks = [
            self._gelu(self._conv(ridges, *self.weights.conv(f"attention_conv_d{dilation}", 16, channels, 3), dilation))
            for dilation in (1, 3, 6)
        ]
        kernel, bias = self.weights.conv("attention_s", channels, 48, 1)
        attention = draw.op("Sigmoid", self._conv(draw.op("Concat", *looks, axis=1), kernel, bias))
        return draw.op("Concat", draw.op("Mul", ridges, attention), stem, axis=1)

    def features(self, attended: Value) -> Value:
        """The second half of the network: what the three heads look at, at half the picture's size."""
        skips, below = [], attended
        for level, (into, out) in enumerate(pairwise(_ENCODER1)):
            skips.append(self._upright(self._block(below, f"enc1_{level}", into, out)))
            below = self._pooled(skips[-1], out)
        below = self._upright(self._block(below, "dec1_3", _ENCODER1[-1], _DECODER1[0]))
        for level, (into, out) in zip((2, 1, 0), pairwise(_DECODER1), strict=True):
            below = self._joint(below, skips[level + 1])
            below = self._upright(self._block(below, f"dec1_{level}", into + _ENCODER1[level + 2], out))
        return self._joint(below, skips[0])

    def position(self, features: Value, rows: Value) -> Value:
        """How likely a minutia is at each pixel of the picture."""
        draw = self.draw
        kernel = self.weights.depthwise("head_0_ibc_depthwise_conv", _FEATURES, 7)
        look = self.by_rows(self._conv(features, kernel, None, group=_FEATURES))
        head = self._upright(self.head_end(self.mixed(look, rows, 0), 0))
        kernel, bias = self.weights.conv("head_conv_pos", 1, _HEAD, 5)
        likely = draw.op("Sigmoid", self._conv(head, enlarged(kernel)[:, 0], np.repeat(bias, 4)))
        return draw.op("DepthToSpace", likely, blocksize=2)

    def quality(self, position: Value) -> tuple[Value, Value]:
        """The position blurred, and where it is the largest around (bool)."""
        blurred = self._conv(position, self.weights.blur("nms_Gaussian_blur", 5), None)
        largest = self.draw.op("MaxPool", blurred, kernel_shape=[7, 7], pads=[3] * 4, strides=[1, 1])
        return blurred, self.draw.op("Equal", blurred, largest)

    def found(self, quality: tuple[Value, Value], mask: Value) -> tuple[Value, Value]:
        """Quality and place (counted along the rows of the picture) of the best minutiae within the mask."""
        draw = self.draw
        kept = draw.op("Where", draw.op("And", quality[1], mask), quality[0], np.zeros(1, np.float32))
        best, place = draw.ops("TopK", 2, draw.op("Reshape", kept, _whole(-1)), _whole(POINTS))
        return best, place

    def mixed(self, look: Value, rows: Value, head: int) -> Value:
        """A head's block, all but its look around, by rows: (…, 4), its last two layers and the next in one."""
        block = f"head_{head}_ibc"
        matrix, bias = self.weights.pointwise(f"head_{head}_conv1", _HEAD, _ADJUSTED)
        wide, narrow, beside = self._matrices(block, _FEATURES, _ADJUSTED, matrix, bias)
        return self._middle(look, rows, wide, narrow, beside, scanned=head == 0)

    def head_end(self, rows: Value, head: int) -> Value:
        """The rest of a head that works on each pixel by itself."""
        matrix, bias = self.weights.pointwise(f"head_{head}_conv2", _HEAD, _HEAD)
        normal = self._norm(rows, f"head_{head}_ln", _HEAD)
        return self._gelu(self.draw.op("MatMul", normal, _f32(matrix.T)), bias)

    def by_rows(self, value: Value) -> Value:
        return self.draw.op("Transpose", value, perm=[0, 2, 3, 1])

    def _upright(self, rows: Value) -> Value:
        return self.draw.op("Transpose", rows, perm=[0, 3, 1, 2])

    def _block(self, value: Value, name: str, channels: int, out: int) -> Value:
        """Look around, normalise, widen, narrow, add what came in, adjust: (1, rows, columns, out)."""
        kernel = self.weights.depthwise(f"{name}_depthwise_conv", channels, 7)
        look = self.by_rows(self._conv(value, kernel, None, group=channels))
        wide, narrow, beside = self._matrices(name, channels, out)
        return self._middle(look, self.by_rows(value), wide, narrow, beside, scanned=name not in _SMALL)

    def _matrices(
        self, name: str, channels: int, out: int, then: Array | None = None, offset: Array | None = None
    ) -> tuple[tuple[Array, Array], Array, tuple[Array, Array]]:
        """A block's linear layers in as few as they can be: widen, narrow and adjust, adjust what came in."""
        gain, shift = self.weights.norm(f"{name}_ln", channels)
        widen, widen_bias = self.weights.pointwise(f"{name}_conv_exp", _WIDEN * channels, channels)
        narrow, narrow_bias = self.weights.pointwise(f"{name}_conv_red", channels, _WIDEN * channels)
        adjust, adjust_bias = self.weights.pointwise(f"{name}_conv_adj", out, channels)
        if then is not None and offset is not None:
            adjust, adjust_bias = product(then, adjust), product(then, adjust_bias) + offset
        wide = (widen * gain, product(widen, shift) + widen_bias)
        return wide, product(adjust, narrow), (adjust, product(adjust, narrow_bias) + adjust_bias)

    def _middle(
        self,
        look: Value,
        rows: Value,
        wide: tuple[Array, Array],
        narrow: Array,
        beside: tuple[Array, Array],
        *,
        scanned: bool,
    ) -> Value:
        channels = wide[0].shape[1]
        plain = np.ones(channels, np.float32)
        normal = self.draw.op("LayerNormalization", look, plain, axis=-1, epsilon=NORM_EPSILON)

        def through(draw: Drawing, part: Value) -> Value:
            full = _Leader(self.weights, draw)._gelu(draw.op("MatMul", part, _f32(wide[0].T)), wide[1])
            return draw.op("MatMul", full, _f32(narrow.T))

        if scanned:
            parts = self.draw.op("Reshape", normal, _whole(-1, _BLOCK_ROWS, 0, 0))
            (made,) = self.draw.scan(parts, lambda draw, part: [through(draw, part)])
            through_all = self.draw.op("Reshape", made, _whole(1, -1, 0, len(narrow)))
        else:
            through_all = through(self.draw, normal)
        past = self.draw.op("Add", self.draw.op("MatMul", rows, _f32(beside[0].T)), _f32(beside[1]))
        return self.draw.op("Add", through_all, past)

    def _separable(self, value: Value, name: str, into: int, out: int) -> Value:
        kernel = self.weights.depthwise(f"{name}_conv", into, 5)
        matrix, bias = self.weights.pointwise(f"{name}_conv", out, into)
        rows = self.by_rows(self._conv(value, kernel, None, group=into))
        mixed = self.draw.op("Add", self.draw.op("MatMul", rows, _f32(matrix.T)), _f32(bias))
        return self._upright(self._gelu(self._norm(mixed, f"{name}_ln", out)))

    def _pooled(self, value: Value, channels: int) -> Value:
        """At half the size: the largest of each four for one half of the channels, their mean for the other."""
        half = channels // 2
        first, second = self.draw.ops("Split", 2, value, _whole(half, half), axis=1)
        return self.draw.op("Concat", self._halved(first, "MaxPool"), self._halved(second, "AveragePool"), axis=1)

    def _halved(self, value: Value, pool: str) -> Value:
        return self.draw.op(pool, value, kernel_shape=[2, 2], strides=[2, 2])

    def _joint(self, below: Value, skip: Value) -> Value:
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        twice = self.draw.op("Resize", below, "", np.array([1, 1, 2, 2], np.float32), **how)
        return self.draw.op("Concat", twice, skip, axis=1)

    def _joined(self, strips: Value, channels: int) -> Value:
        """Strips (·, 1, channels, rows, columns) one below the other."""
        above = self.draw.op("Transpose", strips, perm=[1, 2, 0, 3, 4])
        columns = self.draw.op("Shape", above, start=4, end=5)
        return self.draw.op("Reshape", above, self.draw.op("Concat", _whole(1, channels, -1), columns, axis=0))

    def _conv(self, value: Value, kernel: Array, bias: Array | None, dilation: int = 1, group: int = 1) -> Value:
        side = kernel.shape[-1]
        attributes = {"kernel_shape": [side] * 2, "pads": [side // 2 * dilation] * 4, "dilations": [dilation] * 2}
        weights = [_f32(kernel)] if bias is None else [_f32(kernel), _f32(bias)]
        return self.draw.op("Conv", value, *weights, group=group, **attributes)

    def _norm(self, rows: Value, layer: str, channels: int) -> Value:
        gain, shift = self.weights.norm(layer, channels)
        return self.draw.op("LayerNormalization", rows, _f32(gain), _f32(shift), axis=-1, epsilon=NORM_EPSILON)

    def _gelu(self, value: Value, bias: Array | None = None) -> Value:
        return self.draw.op("FastGelu", value, *([] if bias is None else [_f32(bias)]))


class _Points:
    """The best minutiae, and what the heads say of each from the cells around it (a cell is 2 × 2 px)."""

    def __init__(self, net: _Leader, rows: Value, quality: Value, place: Value) -> None:
        self._net, self._draw = net, net.draw
        self.quality = quality
        draw, two, margin = net.draw, _whole(2), _PATCH // 2
        height, width = (draw.op("Shape", rows, start=side, end=side + 1) for side in (1, 2))
        pixels = draw.op("Mul", width, two)
        self.row, self.column = draw.op("Div", place, pixels), draw.op("Mod", place, pixels)
        stride = draw.op("Add", width, _whole(2 * margin))
        above, left = draw.op("Div", self.row, two), draw.op("Div", self.column, two)
        top_left = draw.op("Add", draw.op("Mul", above, stride), left)
        steps = np.arange(_PATCH, dtype=np.int64)
        offsets = draw.op("Add", draw.op("Mul", steps[:, None], stride), steps[None, :])
        offsets = draw.op("Reshape", offsets, _whole(1, _PATCH**2))
        around = draw.op("Add", draw.op("Unsqueeze", top_left, _whole(1)), offsets)
        padded = draw.op("Pad", rows, _whole(0, margin, margin, 0, 0, margin, margin, 0))
        cells = draw.op("Gather", draw.op("Reshape", padded, _whole(-1, _FEATURES)), around, axis=0)
        patches = draw.op("Reshape", cells, _whole(-1, _PATCH, _PATCH, _FEATURES))
        self._upright, self._cores = draw.op("Transpose", patches, perm=[0, 3, 1, 2]), self._core(patches)
        glass = draw.op("Expand", np.ones((1, 1), np.float32), draw.op("Concat", height, width, axis=0))
        glass = draw.op("Reshape", draw.op("Pad", glass, _whole(*[margin] * 4)), _whole(-1))
        within = draw.op("Reshape", draw.op("Gather", glass, around, axis=0), _whole(-1, _PATCH, _PATCH, 1))
        self._within = self._core(within)
        odd = draw.op("Add", draw.op("Mul", draw.op("Mod", self.row, two), two), draw.op("Mod", self.column, two))
        self._phase = draw.op("Unsqueeze", odd, _whole(1))

    def head(self, head: int, last: str, out: int) -> Value:
        """What a head says at each point: (POINTS, out). Cells beyond the picture's edge count as zero."""
        draw, net = self._draw, self._net
        kernel = net.weights.depthwise(f"head_{head}_ibc_depthwise_conv", _FEATURES, 7)
        look = net.by_rows(draw.op("Conv", self._upright, _f32(kernel), kernel_shape=[7, 7], group=_FEATURES))
        cells = draw.op("Mul", net.head_end(net.mixed(look, self._cores, head), head), self._within)
        kernel, bias = net.weights.conv(last, out, _HEAD, 5)
        matrix = enlarged(kernel).transpose(3, 4, 2, 0, 1).reshape(_CORE**2 * _HEAD, 4 * out)
        phases = draw.op("MatMul", draw.op("Reshape", cells, _whole(-1, _CORE**2 * _HEAD)), _f32(matrix))
        phases = draw.op("Reshape", phases, _whole(-1, 4, out))
        return draw.op("Add", draw.op("GatherND", phases, self._phase, batch_dims=1), _f32(bias))

    def _core(self, patches: Value) -> Value:
        first = (_PATCH - _CORE) // 2
        return self._draw.op("Slice", patches, _whole(first, first), _whole(first + _CORE, first + _CORE), _whole(1, 2))


def enlarged(kernel: Array) -> Array:
    """A kernel (out, into, 5, 5) on a picture enlarged twice, as (4, out, into, 3, 3) on the small picture.

    The four are the pixels a small one becomes: top left, top right, bottom left, bottom right.
    """
    out = np.zeros((4, *kernel.shape[:2], 3, 3))
    for phase in range(4):
        for row in range(5):
            for column in range(5):
                small = ((phase // 2 + row - 2) // 2 + 1, (phase % 2 + column - 2) // 2 + 1)
                out[(phase, slice(None), slice(None), *small)] += kernel[:, :, row, column]
    return out


def product(left: Array, right: Array) -> Array:
    """The matrix product `left` @ `right`, summed in one order on every machine."""
    total = np.zeros((left.shape[0], *right.shape[1:]))
    for term in range(left.shape[1]):
        total += np.multiply.outer(left[:, term], right[term])
    return total


def _whole(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)


def _f32(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, np.float32)
