"""Third stage: 256 numbers that say whose face it is, and the template that keeps them.

The direction of the vector is what counts: two faces are as alike as the cosine between theirs. The network sees
the aligned face and its mirror image and the two answers are added, so that a picture and its reflection give the
same template (the usual practice for such networks, e.g. Deng et al., "ArcFace", CVPR 2019, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.errors import TemplateError
from matching.face.network import Network
from matching.face.picture import Picture
from matching.template import Format, Modality, Template
from matching.vector import Vector, pack, unit

ALGORITHM = "reid-0095"
VERSION = 1
NAME = "face_reidentification_retail_0095_f16.onnx"


class Recogniser:
    """The network from an aligned face to its vector. Raises ModelRefused when it cannot be loaded."""

    def __init__(self, weights: bytes) -> None:
        self._net = Network(weights, NAME)

    def embed(self, aligned: Picture) -> Vector:
        """Float32 (256,), unit length, of an aligned face, uint8 (128, 128, 3)."""
        straight = aligned.astype(np.float32).transpose(2, 0, 1)
        both = np.ascontiguousarray(np.stack([straight, straight[:, :, ::-1]]))
        return unit(unit(self._net.run(both)).sum(axis=0))


@dataclass(frozen=True, eq=False)
class Embedding:
    """A face template made ready for comparison: its vector, float32 (256,), unit length."""

    template: Template
    vector: Vector


def to_template(vector: Vector) -> Template:
    """The stored form: 256 half-precision numbers, 512 bytes. Raises TemplateError for a vector of zeros."""
    return Template(Format.VECTOR, ALGORITHM, VERSION, Modality.FACE, pack(vector))


def prepare(template: Template) -> Embedding:
    """Make a face template ready. Raises TemplateError when it holds no vector."""
    return Embedding(template, template.vector)


def cosine(one: Embedding, other: Embedding) -> float:
    """How alike two faces are, −1 … 1; strangers are near 0. 0 for templates that cannot be compared."""
    if not one.template.comparable(other.template) or one.vector.shape != other.vector.shape:
        return 0.0
    return float(np.clip(np.dot(one.vector, other.vector), -1, 1))


def fuse(templates: Sequence[Template]) -> Template:
    """One template for several views of one face: the mean of their vectors.

    Raises TemplateError when there is none, when one is damaged, or when they cannot be compared.
    """
    if not templates:
        raise TemplateError("no template to fuse")
    if not all(templates[0].comparable(other) for other in templates):
        raise TemplateError("templates of different kinds cannot be fused")
    vectors = [template.vector for template in templates]
    if len({len(vector) for vector in vectors}) > 1:
        raise TemplateError("vectors of different lengths cannot be fused")
    mean = np.asarray(np.stack(vectors).mean(axis=0), np.float32)
    first = templates[0]
    return Template(first.format, first.algorithm, first.version, first.modality, pack(mean))
