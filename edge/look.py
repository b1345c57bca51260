"""From a Scan to a template, and to the few numbers by which a person can be advised."""

from pathlib import Path

from drivers.base import Advice, Modality, Scan
from edge.policy import View
from matching import ImageError, Template, models
from matching.fingerprint import Advice as Found
from matching.fingerprint import Extractor

_WEIGHTS = "LEADER.onnx"
_WORDS = {
    Found.NO_FINGER: Advice.PLACE_FLAT,
    Found.PARTIAL: Advice.PLACE_FLAT,
    Found.OFF_CENTRE: Advice.MOVE_TO_MIDDLE,
    Found.TOO_DRY: Advice.PRESS_HARDER,
    Found.TOO_WET: Advice.WIPE,
    Found.UNCLEAR: Advice.OTHER_FINGER,
}


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
