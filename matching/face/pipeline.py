"""From a frame to a face's template, one stage a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from matching import models
from matching.errors import ModelError
from matching.face import detect, embed, passive
from matching.face import quality as quality_rules
from matching.face.align import align
from matching.face.detect import Detector, Face
from matching.face.embed import Recogniser
from matching.face.passive import Passive
from matching.face.picture import Picture, checked
from matching.face.quality import Advice, Quality
from matching.template import Template
from matching.trace import Sink, silent


@dataclass(frozen=True)
class View:
    """One frame, taken in: the template of the face in it, where that is, how good, how alive it looks.

    alive: 0 … 1, advisory; None without its networks.
    """

    template: Template
    face: Face
    quality: Quality
    alive: float | None


@dataclass(frozen=True)
class Retry:
    """No template, and what the person should do. quality: None when there was no face."""

    advice: Advice
    quality: Quality | None = None


class Engine:
    """Recognition of faces with loaded networks. Not for several threads at once.

    `folder` holds the models (default: where they are installed); each is accepted only by its hash. Raises
    ModelMissing or ModelRefused, in words for a technician, when the detector or the recogniser cannot be used:
    then there are no faces, and everything else goes on. Passive liveness is advice:
    without its networks, or with others, `alive` is None.
    """

    def __init__(self, folder: Path | None = None, *, trace: Sink = silent) -> None:
        self._detector = Detector(models.load(detect.NAME, folder))
        self._recogniser = Recogniser(models.load(embed.NAME, folder))
        self._passive = _passive(folder)
        self._trace = trace

    def extract(self, image: NDArray[Any]) -> Template | Retry:
        """The template of the face in `image`: uint8 (rows, columns, 3) blue, green, red, or (rows, columns).

        Raises ImageError for what cannot be a frame.
        """
        seen = self.view(image)
        return seen.template if isinstance(seen, View) else seen

    def view(self, image: NDArray[Any], *, alive: bool = False) -> View | Retry:
        """As `extract`, with all there is to know; `alive` asks for the passive score too."""
        picture = checked(image)
        self._trace("frame", {"image": picture})
        faces = self._detector.detect(picture)
        if not faces:
            return Retry(Advice.NO_FACE)
        self._trace("faces", {"image": picture, "points": faces[0].points})
        aligned = align(picture, faces[0].points)
        if aligned is None:
            return Retry(Advice.NO_FACE)
        self._trace("aligned", {"image": aligned})
        quality = quality_rules.look(picture, faces, aligned)
        if quality.advice is not None:
            return Retry(quality.advice, quality)
        template = embed.to_template(self._recogniser.embed(aligned))
        return View(template, faces[0], quality, self._alive(picture, faces[0]) if alive else None)

    def faces(self, image: NDArray[Any]) -> list[Face]:
        """The faces in a frame, the largest first: what the challenge watches."""
        return self._detector.detect(checked(image))

    def template(self, image: NDArray[Any], face: Face) -> Template | None:
        """The template of that face whatever its quality, for benchmarks; None when its points are of no use."""
        aligned = align(checked(image), face.points)
        return None if aligned is None else embed.to_template(self._recogniser.embed(aligned))

    def _alive(self, picture: Picture, face: Face) -> float | None:
        return self._passive.score(picture, face) if self._passive else None


_shared: list[Engine] = []


def extract(image: NDArray[Any]) -> Template | Retry:
    """As `Engine.extract`, with the installed networks, loaded at the first call and kept."""
    if not _shared:
        _shared.append(Engine())
    return _shared[0].extract(image)


def _passive(folder: Path | None) -> Passive | None:
    try:
        near, far = (models.load(name, folder) for name in passive.NAMES)
        return Passive(near, far)
    except ModelError:
        return None
