"""Compare two templates of any modality. Pure.

Templates that cannot be compared (another modality, algorithm or version) score 0, so an old template in a
roster never stops a terminal; it just never matches.
"""

from typing import assert_never

from matching.face import calibration as face_calibration
from matching.face.embed import Embedding, cosine
from matching.face.embed import prepare as prepare_face
from matching.fingerprint import calibration as finger_calibration
from matching.fingerprint.compare import Prepared as PreparedFinger
from matching.fingerprint.compare import compare as compare_fingers
from matching.fingerprint.compare import prepare as prepare_finger
from matching.template import Format, Modality, Template

Prepared = PreparedFinger | Embedding


def prepare(template: Template | Prepared) -> Prepared | None:
    """`template` ready for many comparisons, or None when this program cannot compare its kind.

    Raises TemplateError when the payload is damaged.
    """
    if isinstance(template, PreparedFinger | Embedding):
        return template
    if (template.modality, template.format) == (Modality.FINGER, Format.MINUTIAE):
        return prepare_finger(template)
    if (template.modality, template.format) == (Modality.FACE, Format.VECTOR):
        return prepare_face(template)
    return None


def score(probe: Template | Prepared, reference: Template | Prepared) -> float:
    """How sure it is that `probe` and `reference` show the same finger or face, 0 … 1; the same in either order.

    From 0.5 on it counts as the same: there one stranger in 10,000 passes, per candidate with three views enrolled;
    `threshold` has other rates. Where they come from is in `fingerprint.calibration` and `face.calibration`. The
    score is no probability that the two are the same.

    Raises TemplateError when a payload is damaged.
    """
    ready_probe, ready_reference = prepare(probe), prepare(reference)
    match ready_probe, ready_reference:
        case PreparedFinger(), PreparedFinger():
            return compare_fingers(ready_probe, ready_reference)
        case Embedding(), Embedding():
            return face_calibration.score(cosine(ready_probe, ready_reference))
        case _:
            return 0.0


def threshold(modality: Modality, fmr: float) -> float:
    """The score from which at most the share `fmr` of strangers passes for one candidate; 0.5 for 1e-4.

    Raises CalibrationError for a rate that is not known: 1e-6 … 1e-1 are.
    """
    match modality:
        case Modality.FINGER:
            return finger_calibration.score_at_fmr(fmr)
        case Modality.FACE:
            return face_calibration.score_at_fmr(fmr)
        case _:
            assert_never(modality)
