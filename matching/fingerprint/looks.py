"""The same picture, seen in other ways: what the network finds depends a little on how it is shown the ridges.

A grid of pixels can be laid on itself in eight ways: turned by quarters, and mirrored besides. No pixel changes its
value and nothing is interpolated, so each way shows the network exactly the finger that was touched, and none is
better than another. There is nothing to choose but how many, and every power of two of them is whole in itself: as
it is; and upside down; and on either side; and all of that in the mirror.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from matching.fingerprint.leader import Detections


@dataclass(frozen=True)
class Way:
    """Mirrored left to right, then turned anticlockwise by quarters, 0 … 3."""

    quarters: int = 0
    mirrored: bool = False

    def show(self, picture: NDArray[Any]) -> NDArray[Any]:
        """`picture` (rows, columns) in this way."""
        return np.ascontiguousarray(np.rot90(picture[:, ::-1] if self.mirrored else picture, self.quarters))

    def back(self, found: Detections, rows: int, columns: int) -> Detections:
        """What was found in the picture as shown, as it lies in the picture of `rows` × `columns` px itself."""
        x, y = found.x, found.y
        # Undo one quarter after the other: what is now `x` from the left was `x` from the top.
        across = [columns, rows]
        for quarter in range(self.quarters):
            x, y = across[(self.quarters - 1 - quarter) % 2] - 1 - y, x
        direction = found.direction - self.quarters * np.float32(np.pi / 2)
        if self.mirrored:
            x, direction = columns - 1 - x, np.float32(np.pi) - direction
        return replace(found, x=x, y=y, direction=direction)


WAYS: Final = tuple(Way(quarters, mirrored) for mirrored in (False, True) for quarters in (0, 2, 1, 3))
"""The first is the picture as it is."""
