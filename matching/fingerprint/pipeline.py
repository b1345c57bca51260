"""From a picture of a finger to its template, one stage a file."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching import models
from matching.fingerprint import foreground
from matching.fingerprint.foreground import Foreground
from matching.fingerprint.leader import Detections, Leader
from matching.fingerprint.normalise import normalise
from matching.minutiae import Minutiae, pack
from matching.template import Format, Modality, Template
from matching.trace import Sink, silent

ALGORITHM = "leader"
VERSION = 1


class Extractor:
    """Extraction with one loaded network, for a process that takes many fingers.

    `weights` is the network's file (default: the installed one), `threads` what one extraction may use.
    Raises ModelMissing when the network is not installed, ModelRefused when it cannot be loaded.
    """

    def __init__(self, weights: Path | None = None, *, threads: int = 1, trace: Sink = silent) -> None:
        self._leader = Leader(weights or models.path("LEADER.onnx"), threads=threads)
        self._trace = trace

    def extract(self, image: NDArray[Any], dpi: float = 500) -> Template:
        """The template of the finger in `image`: uint8 (rows, columns), ridges dark, `dpi` pixels an inch.

        A picture without a finger gives a template without minutiae, which matches nothing. Raises
        ImageError for what cannot be a fingerprint picture.
        """
        picture = normalise(image, dpi)
        self._trace("normalise", {"image": picture})
        finger = foreground.find(picture)
        self._trace("foreground", {"image": finger.image, "mask": finger.mask})
        found = self._leader.detect(finger.image, finger.mask)
        self._trace("minutiae", {"image": finger.image, "x": found.x, "y": found.y, "direction": found.direction})
        return _template(found, finger)


_shared: list[Extractor] = []


def extract(image: NDArray[Any], dpi: float = 500) -> Template:
    """As `Extractor.extract`, with the installed network, loaded at the first call and kept."""
    if not _shared:
        _shared.append(Extractor())
    return _shared[0].extract(image, dpi)


def _template(found: Detections, finger: Foreground) -> Template:
    minutiae = Minutiae(
        x=found.x.astype(np.float32),
        y=found.y.astype(np.float32),
        direction=found.direction,
        ending=found.ending,
        quality=found.quality,
        contact=finger.contact,
        width=finger.image.shape[1],
        height=finger.image.shape[0],
    )
    return Template(Format.MINUTIAE, ALGORITHM, VERSION, Modality.FINGER, pack(minutiae))
