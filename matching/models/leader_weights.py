"""The weights of LEADER by the names of its layers, each looked at before it is used. Pure."""

import numpy as np
from numpy.typing import NDArray

from matching.errors import ModelRefused
from matching.models.onnx_file import Network, Node

Array = NDArray[np.float64]

NORM_EPSILON = 0.001
_SCOPE = "functional_1"


class Weights:
    """Reads a `Network` by layer. Every method raises ModelRefused when it is not as this program expects."""

    def __init__(self, network: Network) -> None:
        self._weights = network.weights
        self._makers = {output: node for node in network.nodes for output in node.outputs}
        self._users = {node.inputs[1]: node for node in network.nodes if node.kind == "Conv" and len(node.inputs) > 1}
        self._read: set[str] = set()

    def conv(self, layer: str, out: int, into: int, side: int) -> tuple[Array, Array]:
        """Kernel (out, into, side, side) and bias (out,) of a convolution."""
        kernel = self._kernel(layer)
        user = self._users.get(kernel)
        if user is not None and len(user.inputs) == 3:
            bias = user.inputs[2]
        else:
            bias = self._input(f"{_SCOPE}/{layer}_1/BiasAdd:0", "Add")
        return self._take(kernel, (out, into, side, side)), self._take(bias, (out,))

    def pointwise(self, layer: str, out: int, into: int) -> tuple[Array, Array]:
        """Matrix (out, into) and bias (out,) of a convolution one pixel wide."""
        kernel, bias = self.conv(layer, out, into, 1)
        return kernel[:, :, 0, 0], bias

    def blur(self, layer: str, side: int) -> Array:
        """Kernel (1, 1, side, side) of a convolution without bias."""
        return self._take(self._kernel(layer), (1, 1, side, side))

    def depthwise(self, layer: str, channels: int, side: int) -> Array:
        """Kernel (channels, 1, side, side) of a convolution of each channel by itself."""
        names = [f"{_SCOPE}/{layer}_1/{inner}depthwise:0" for inner in ("", "separable_conv2d/")]
        made = next((name for name in names if name in self._makers), names[0])
        return self._take(self._input(made, "Conv"), (channels, 1, side, side))

    def norm(self, layer: str, channels: int) -> tuple[Array, Array]:
        """Gain and offset (channels,) of a layer normalisation."""
        scope = f"{_SCOPE}/{layer}_1"
        epsilon = self._take(self._input(f"{scope}/add:0", "Add"), (1,))
        if not np.isclose(epsilon, NORM_EPSILON).all():
            raise ModelRefused(f"the network's layer {layer} has an epsilon of {epsilon[0]}, not {NORM_EPSILON}")
        gain, offset = self._input(f"{scope}/mul:0", "Mul"), self._input(f"{scope}/add_1:0", "Add")
        return self._take(gain, (channels,)), self._take(offset, (channels,))

    def expect_all_read(self) -> None:
        """Raises ModelRefused when some weights have not been asked for: then this is another network."""
        left = sorted(name for name, array in self._weights.items() if array.size > 1 and name not in self._read)
        if left:
            raise ModelRefused(f"the network has {len(left)} weights this program does not expect, such as {left[0]}")

    def _kernel(self, layer: str) -> str:
        names = [f"{_SCOPE}/{layer}_1/{end}:0" for end in _KERNELS]
        return next((name for name in names if name in self._weights), names[0])

    def _input(self, made: str, kind: str) -> str:
        """The name of the weights that go into the operation which makes the value `made`."""
        node = self._makers.get(made, Node("", (), ()))
        found = [name for name in node.inputs if name in self._weights]
        if node.kind != kind or len(found) != 1:
            raise ModelRefused(f"the network has no {kind} with weights that makes {made}")
        return found[0]

    def _take(self, name: str, shape: tuple[int, ...]) -> Array:
        array = self._weights.get(name)
        if array is None:
            raise ModelRefused(f"the network has no weights {name}")
        flat = [side for side in array.shape if side > 1]
        if flat != [side for side in shape if side > 1] or not np.isfinite(array).all():
            raise ModelRefused(f"the network's weights {name} have the shape {array.shape}, not {shape}, or no numbers")
        self._read.add(name)
        return array.reshape(shape).astype(np.float64)


_KERNELS = ("convolution/ReadVariableOp", "separable_conv2d/ReadVariableOp_1")
