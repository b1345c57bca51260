"""Fingers and faces: pictures become templates, templates are compared, and candidates told apart."""

from matching.errors import (
    DataError,
    ImageError,
    MatchingError,
    ModelError,
    ModelMissing,
    ModelRefused,
    TemplateError,
    TemplateVersion,
)
from matching.identify import Candidate, Decision, Match, NoMatch, TooClose, decide, identify
from matching.scoring import Prepared, prepare, score, threshold
from matching.search import Gallery
from matching.template import Format, Modality, Template

__all__ = [
    "Candidate",
    "DataError",
    "Decision",
    "Format",
    "Gallery",
    "ImageError",
    "Match",
    "MatchingError",
    "Modality",
    "ModelError",
    "ModelMissing",
    "ModelRefused",
    "NoMatch",
    "Prepared",
    "Template",
    "TemplateError",
    "TemplateVersion",
    "TooClose",
    "decide",
    "identify",
    "prepare",
    "score",
    "threshold",
]
