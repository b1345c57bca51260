"""Fingerprints: `extract` a template from a picture, know its `quality`."""

from matching.fingerprint.pipeline import Extractor, View, extract, quality
from matching.fingerprint.quality import Advice, Quality

__all__ = ["Advice", "Extractor", "Quality", "View", "extract", "quality"]
