"""From a Scan to a template, and to the few numbers by which a person can be advised."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drivers.base import Advice, Modality, Scan
from edge.session.policy import View
from matching import ImageError, Template, models
from matching.face import Engine
from matching.face import View as FaceSeen
from matching.fingerprint import Advice as Found
from matching.fingerprint import Extractor

AGAIN_S = 3.0
"""How long a near miss may be looked at again; about as long as a person takes to lay the finger on once more."""

_WEIGHTS = "LEADER.onnx"
_WORDS = {
    Found.NO_FINGER: Advice.PLACE_FLAT,
    Found.PARTIAL: Advice.PLACE_FLAT,
    Found.OFF_CENTRE: Advice.MOVE_TO_MIDDLE,
    Found.TOO_DRY: Advice.PRESS_HARDER,
    Found.TOO_WET: Advice.WIPE,
    Found.UNCLEAR: Advice.OTHER_FINGER,
}


@dataclass(frozen=True, slots=True)
class FaceView:
    """What a frame shows: where the first face is, where it looks, its template when it is good enough to compare."""

    template: Template | None
    box: tuple[float, float, float, float] | None
    yaw_deg: float
    advice: Advice | None


class FaceLook:
    """Faces with the networks loaded once. Raises ModelMissing or ModelRefused: then there are no faces."""

    def __init__(self, models_dir: Path | None) -> None:
        self._engine = Engine(models_dir)

    def __call__(self, scan: Scan) -> FaceView:
        """Raises MatchingError for what cannot be a frame."""
        if scan.modality is not Modality.FACE:
            raise ImageError(f"a picture of a {scan.modality} where a face was expected")
        seen = self._engine.view(scan.image)
        if isinstance(seen, FaceSeen):
            turned = seen.quality.pose
            return FaceView(seen.template, seen.face.box, turned.yaw_deg if turned else 0.0, None)
        advice = Advice(seen.advice.value)
        if seen.quality is None:
            return FaceView(None, None, 0.0, advice)
        # A turned head gives no template; where it is and where it looks is what the challenge asks.
        faces = self._engine.faces(scan.image)
        turned = seen.quality.pose
        return FaceView(None, faces[0].box if faces else None, turned.yaw_deg if turned else 0.0, advice)


class FingerLook:
    """Extraction with the network loaded once; see edge.terminal.Look."""

    def __init__(self, models_dir: Path | None) -> None:
        """Raises ModelMissing or ModelRefused."""
        self._extractor = Extractor(models.best(_WEIGHTS, models_dir))

    def __call__(self, scan: Scan) -> tuple[Template, View]:
        if scan.modality is not Modality.FINGER:
            raise ImageError(f"a picture of a {scan.modality} where a finger was expected")
        seen = self._extractor.view(scan.image, scan.dpi)
        quality = seen.quality
        advice = _WORDS[quality.advice] if quality.advice else None
        return seen.template, View(advice, quality.minutiae or 0, quality.area_mm2)

    def again(self, scan: Scan) -> Iterator[Template]:
        """The same finger in other ways, each when it is asked for, until time is up; see matching.decide.

        On a machine too slow for all of them the first look stands.
        """
        until_s = time.monotonic() + AGAIN_S
        for template in self._extractor.looks(scan.image, scan.dpi):
            yield template
            if time.monotonic() >= until_s:
                return
