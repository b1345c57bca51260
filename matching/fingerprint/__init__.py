"""Fingerprints: `extract` a template from a picture, `compare` two templates."""

from matching.fingerprint.pipeline import Extractor, extract

__all__ = ["Extractor", "extract"]
