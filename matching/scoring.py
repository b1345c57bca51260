"""Compare two templates of any modality. Pure.

Templates that cannot be compared (another modality, algorithm or version) score 0, so an old template in a
roster never stops a terminal; it just never matches.
"""

from matching.fingerprint.compare import Prepared
from matching.fingerprint.compare import compare as compare_fingers
from matching.fingerprint.compare import prepare as prepare_finger
from matching.template import Format, Modality, Template


def prepare(template: Template | Prepared) -> Prepared | None:
    """`template` ready for many comparisons, or None when this program cannot compare its kind.

    Raises TemplateError when the payload is damaged.
    """
    if isinstance(template, Prepared):
        return template
    if (template.modality, template.format) == (Modality.FINGER, Format.MINUTIAE):
        return prepare_finger(template)
    return None


def score(probe: Template | Prepared, reference: Template | Prepared) -> float:
    """How sure it is that `probe` and `reference` show the same finger, 0 … 1; symmetric within rounding.

    Raises TemplateError when a payload is damaged.
    """
    ready_probe, ready_reference = prepare(probe), prepare(reference)
    if ready_probe is None or ready_reference is None:
        return 0.0
    return compare_fingers(ready_probe, ready_reference)
