"""From two templates to one score: descriptors, relaxation, alignment, overlap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.fingerprint import alignment, calibration, cylinders, relaxation
from matching.fingerprint import parameters as p
from matching.fingerprint.alignment import Overlay, Points
from matching.fingerprint.cylinders import Cylinders
from matching.fingerprint.relaxation import Pairs
from matching.minutiae import Minutiae
from matching.template import Template


@dataclass(frozen=True, eq=False)
class Prepared:
    """A template made ready for many comparisons: about 2 ms of work done once, about 100 KB."""

    template: Template
    minutiae: Minutiae
    points: Points
    cylinders: Cylinders


def prepare(template: Template) -> Prepared:
    """Make a fingerprint template ready. Raises TemplateError when it holds no minutiae."""
    minutiae = template.minutiae
    return Prepared(template, minutiae, alignment.points(minutiae), cylinders.build(minutiae))


def compare(probe: Prepared, reference: Prepared) -> float:
    """How sure it is that two fingers are one, 0 … 1; see `matching.score`. The order does not matter."""
    return calibration.score(evidence(probe, reference))


def evidence(probe: Prepared, reference: Prepared) -> float:
    """What speaks for one finger, before it is known what that is worth: 0 … about 0.5, mostly below 0.002 for two."""
    if not probe.template.comparable(reference.template):
        return 0.0
    return examine(*in_order(probe, reference)).evidence


def in_order(one: Prepared, other: Prepared) -> tuple[Prepared, Prepared]:
    """Two fingers as `examine` is to have them, so that who probes makes no difference."""
    return (one, other) if one.template.payload <= other.template.payload else (other, one)


@dataclass(frozen=True, eq=False)
class Examined:
    """What was found between fingers a and b: the pairs after relaxation, what fell together when a was laid over b
    (None when nothing held), and the evidence of it all.
    """

    pairs: Pairs
    laid: Overlay | None
    evidence: float


def examine(a: Prepared, b: Prepared) -> Examined:
    """Compare two fingers, stage by stage; `evidence` for those who want to see how."""
    alike = cylinders.similarity(a.cylinders, b.cylinders)
    rows, columns = relaxation.assign(alike)
    ia, ib = a.cylinders.index[rows], b.cylinders.index[columns]
    pairs = relaxation.relax(a.minutiae, b.minutiae, ia, ib, alike[rows, columns])
    everywhere = _for_all(alike, a, b)
    laid = alignment.overlay(a.points, b.points, pairs, everywhere) if len(rows) > 1 else None
    if laid is None:
        return Examined(pairs, None, 0.0)
    support = float(pairs.after[: relaxation.pairs_wanted(*alike.shape)].mean())
    return Examined(pairs, laid, support * _agreement(laid, everywhere, a.minutiae, b.minutiae))


def _for_all(alike: NDArray[np.float32], a: Prepared, b: Prepared) -> NDArray[np.float32]:
    """The similarities by minutia instead of by cylinder: 0 for those that have none."""
    whole = np.zeros((len(a.minutiae), len(b.minutiae)), np.float32)
    whole[np.ix_(a.cylinders.index, b.cylinders.index)] = alike
    return whole


def _agreement(laid: Overlay, alike: NDArray[np.float32], a: Minutiae, b: Minutiae) -> float:
    """The share of the overlap that agrees, by look and by place, 0 … 1."""
    look = alike[laid.a, laid.b] * np.where(a.ending[laid.a] == b.ending[laid.b], 1, p.OTHER_TYPE)
    by_look, by_place = float(look.sum()), float((look * laid.closeness).sum())
    shared = (laid.shared_a + p.OVERLAP_PRIOR) * (laid.shared_b + p.OVERLAP_PRIOR)
    return float(np.sqrt(by_look * by_place / shared))
