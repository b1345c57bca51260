"""Faces: `extract` a template from a frame, `fuse` those of an enrolment, know the `fmr` a threshold stands for.

Comparison and identification are those of the whole room: `matching.score`, `matching.identify`. The three-frame
rule is in `matching.face.frames`.
"""

from matching.face.calibration import score_at_fmr, threshold_few, threshold_many
from matching.face.detect import Face
from matching.face.embed import Embedding, fuse
from matching.face.liveness import Action, Challenge, Observation, Verdict
from matching.face.pipeline import Engine, Retry, View, extract
from matching.face.quality import Advice, Quality

__all__ = [
    "Action",
    "Advice",
    "Challenge",
    "Embedding",
    "Engine",
    "Face",
    "Observation",
    "Quality",
    "Retry",
    "Verdict",
    "View",
    "extract",
    "fuse",
    "score_at_fmr",
    "threshold_few",
    "threshold_many",
]
