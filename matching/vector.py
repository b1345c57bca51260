"""The payload of a face template: a vector of unit length in half precision, 2 bytes a number, little endian. Pure."""

import numpy as np
from numpy.typing import NDArray

from matching.errors import TemplateError

Vector = NDArray[np.float32]
LEAST, MOST = 32, 992  # how many numbers; the most is what fits into a template


def unit(vectors: Vector) -> Vector:
    """Each vector, along the last axis, at length one; a vector of zeros stays."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1), np.float32)


def pack(vector: Vector) -> bytes:
    """The stored form of `vector`, float (n,), any length but zero. Raises TemplateError."""
    if not np.isfinite(vector).all() or not np.any(vector):
        raise TemplateError("a face's vector without direction")
    return unit(vector).astype("<f2").tobytes()


def unpack(payload: bytes) -> Vector:
    """Float32 (n,) of unit length. Raises TemplateError when these bytes are no vector."""
    if len(payload) % 2 or not LEAST <= len(payload) // 2 <= MOST:
        raise TemplateError(f"a vector of {len(payload)} bytes: {2 * LEAST} to {2 * MOST}, and even, are possible")
    vector = np.frombuffer(payload, "<f2").astype(np.float32)
    if not np.isfinite(vector).all() or not 0.9 < float(np.linalg.norm(vector)) < 1.1:
        raise TemplateError("a face's vector is damaged: it is not of unit length")
    return unit(vector)
