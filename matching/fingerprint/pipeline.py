"""From a picture of a finger to its template, one stage a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching import models
from matching.fingerprint import foreground
from matching.fingerprint import quality as quality_rules
from matching.fingerprint.foreground import Foreground
from matching.fingerprint.leader import Detections, Leader
from matching.fingerprint.looks import WAYS
from matching.fingerprint.normalise import normalise
from matching.fingerprint.parameters import LOOKS
from matching.fingerprint.quality import Quality
from matching.minutiae import Minutiae, pack
from matching.template import Format, Modality, Template
from matching.trace import Sink, silent

ALGORITHM = "leader"
VERSION = 1


@dataclass(frozen=True)
class View:
    """One picture, taken in: its template and how good it is."""

    template: Template
    quality: Quality


class Extractor:
    """Extraction with one loaded network, for a process that takes many fingers.

    `weights` is the network's file (default: the installed one, in its rewritten form when there is one),
    `threads` what one extraction may use.
    Raises ModelMissing when the network is not installed, ModelRefused when it cannot be loaded.
    """

    def __init__(self, weights: Path | None = None, *, threads: int = 1, trace: Sink = silent) -> None:
        self._leader = Leader(weights or models.best("LEADER.onnx"), threads=threads)
        self._trace = trace

    def extract(self, image: NDArray[Any], dpi: float = 500) -> Template:
        """The template of the finger in `image`: uint8 (rows, columns), ridges dark, `dpi` pixels an inch.

        A picture without a finger gives a template without minutiae, which matches nothing. Raises
        ImageError for what cannot be a fingerprint picture.
        """
        return self.view(image, dpi).template

    def view(self, image: NDArray[Any], dpi: float = 500) -> View:
        """As `extract`, with the quality: what a terminal asks for, to have advice when there is no match."""
        picture = normalise(image, dpi)
        self._trace("normalise", {"image": picture})
        finger = foreground.find(picture)
        self._trace("foreground", {"image": finger.image, "mask": finger.mask})
        found = self._leader.detect(finger.image, finger.mask)
        self._trace("minutiae", {"image": finger.image, "x": found.x, "y": found.y, "direction": found.direction})
        minutiae = _minutiae(found, finger)
        return View(_template(minutiae), quality_rules.of_view(finger, minutiae))

    def looks(self, image: NDArray[Any], dpi: float = 500) -> Iterator[Template]:
        """The same picture in the further ways of `fingerprint.looks`; each is extracted when it is asked for.

        What `matching.decide` takes for a near miss. Raises ImageError as `extract`, with the first.
        """
        finger = foreground.find(normalise(image, dpi))
        rows, columns = finger.image.shape
        for way in WAYS[1:LOOKS]:
            found = self._leader.detect(way.show(finger.image), way.show(finger.mask))
            yield _template(_minutiae(way.back(found, rows, columns), finger))


_shared: list[Extractor] = []


def extract(image: NDArray[Any], dpi: float = 500) -> Template:
    """As `Extractor.extract`, with the installed network, loaded at the first call and kept."""
    if not _shared:
        _shared.append(Extractor())
    return _shared[0].extract(image, dpi)


def quality(source: Template | NDArray[Any], dpi: float = 500) -> Quality:
    """The quality of a stored view, or of a picture at first look (about 3 ms, without the network).

    Raises ImageError for what cannot be a fingerprint picture, TemplateError for a template without minutiae.
    """
    if isinstance(source, Template):
        return quality_rules.of_minutiae(source.minutiae)
    return quality_rules.of_picture(foreground.find(normalise(source, dpi)))


def _template(minutiae: Minutiae) -> Template:
    return Template(Format.MINUTIAE, ALGORITHM, VERSION, Modality.FINGER, pack(minutiae))


def _minutiae(found: Detections, finger: Foreground) -> Minutiae:
    return Minutiae(
        x=found.x.astype(np.float32),
        y=found.y.astype(np.float32),
        direction=found.direction,
        ending=found.ending,
        quality=found.quality,
        contact=finger.contact,
        width=finger.image.shape[1],
        height=finger.image.shape[0],
    )
