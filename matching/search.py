"""Who of a whole office is it? A 1:N search in two stages, with the same scores as a comparison of two.

The first stage goes through everybody: each cylinder is a short code (its projection on fixed random directions, a
byte each), every cylinder of the probe finds its nearest code in every template, and those that agree on one turn and
one shift count. The second compares the likeliest people in full. Pure.

The shortlist is wide on purpose: a person who falls out of it cannot be found any more.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching.face.calibration import score as face_score
from matching.face.embed import Embedding
from matching.fingerprint.compare import Prepared as PreparedFinger
from matching.identify import MARGIN, THRESHOLD, Candidate, Decision, NoMatch, judge
from matching.scoring import Prepared, prepare, score
from matching.template import Modality, Template

# Round figures; the first two were chosen with synthetic fingers and the four FVC sets in view. They decide how
# fast a person is found, never what a score means.
CODE_BYTES: Final = 64
SHARPNESS: Final = 3.0  # a nearest code counts by its likeness to this power
PEOPLE_LEAST: Final = 20  # in the shortlist, and beside them
PEOPLE_SHARE: Final = 0.02  # of everybody
IN_FULL: Final = 3  # people whose every template is compared; of the others, the likeliest one
TURN_COSINE: Final = 0.6  # agreeing on the turn: within 53 degrees, the nearer the more
SHIFT_PX: Final = 20.0
CENTRES: Final = 3
PRIOR: Final = 5.0  # cylinders that did not agree, assumed beside those seen
KEPT: Final = 256  # prepared templates kept for the next probe, about 100 KB each
_BLOCK: Final = 128
_UNIT: Final = 127.0

Complex = NDArray[np.complex64]
Floats = NDArray[np.float32]
Kind = tuple[str, int, int]
"""Algorithm, version and length of a face's vector."""


@dataclass(frozen=True, eq=False)
class _Codes:
    """The cylinders of one finger: unit codes float32 (n, CODE_BYTES), at and heading complex64 (n,)."""

    codes: Floats
    at: Complex
    heading: Complex


@dataclass(frozen=True, eq=False)
class _Block:
    """Templates with about as many cylinders each, padded with zeros to m.

    where: their places in the gallery, (c,). codes: int8 (c, m, CODE_BYTES). at, heading: complex64 (c, m).
    count: their cylinders, float32 (c,).
    """

    where: NDArray[np.int64]
    codes: NDArray[np.int8]
    at: Complex
    heading: Complex
    count: Floats


class Gallery:
    """Everybody enrolled, ready to be searched; 3 to 4 KB a template beside the template itself.

    To take a new roster, make a new one: about 2 ms a template. `kept` prepared templates stay in memory from one
    probe to the next. Raises TemplateError when a payload is damaged.
    """

    def __init__(self, candidates: Iterable[Candidate], *, kept: int = KEPT) -> None:
        own: dict[bytes, list[Template | Prepared]] = {}
        for candidate in candidates:
            own.setdefault(candidate.person, []).extend(candidate.templates)
        self._candidates = [Candidate(person, templates) for person, templates in own.items()]
        flat = [(whose, template) for whose, one in enumerate(self._candidates) for template in one.templates]
        self._owner = np.array([whose for whose, _ in flat], np.int64)
        self._templates = [template for _, template in flat]
        self._ready = functools.lru_cache(maxsize=kept)(lambda place: prepare(self._templates[place]))
        coded = [(place, code) for place, template in enumerate(self._templates) if (code := _codes_of(template))]
        self._blocks = list(_blocks(coded))
        self._faces = _faces(self._templates)

    def __len__(self) -> int:
        return len(self._templates)

    def decide(self, probe: Template | Prepared, *, threshold: float = THRESHOLD, margin: float = MARGIN) -> Decision:
        """As `matching.decide` with everybody a candidate. Faces, whose comparison is one product, are all compared.

        Raises TemplateError when a payload is damaged.
        """
        ready = prepare(probe)
        match ready:
            case PreparedFinger():
                return judge(self.scores(ready), threshold=threshold, margin=margin)
            case Embedding():
                return judge(self.face_scores(ready), threshold=threshold, margin=margin)
            case _:
                return NoMatch(0.0)

    def face_scores(self, probe: Embedding) -> dict[bytes, float]:
        """The score of each person with a face that can be compared with this one."""
        found = self._faces.get(_kind(probe))
        if found is None:
            return {}
        places, vectors = found
        best = np.full(len(self._candidates), -1.0, np.float32)
        np.maximum.at(best, self._owner[places], np.clip(vectors @ probe.vector, -1, 1))
        return {self._candidates[whose].person: face_score(float(best[whose])) for whose in np.flatnonzero(best > -1)}

    def scores(self, probe: PreparedFinger) -> dict[bytes, float]:
        """The score of everybody on the shortlist: for the best of them that of their best template."""
        best: dict[bytes, float] = {}
        likeliest = self.shortlist(probe)
        for whose, place in likeliest:
            best[self._candidates[whose].person] = self._score(probe, place)
        in_order = sorted(likeliest, key=lambda one: -best[self._candidates[one[0]].person])
        for whose, compared in in_order[:IN_FULL]:
            person = self._candidates[whose].person
            others = [place for place in np.flatnonzero(self._owner == whose) if place != compared]
            best[person] = max([best[person], *(self._score(probe, int(place)) for place in others)])
        return best

    def shortlist(self, probe: PreparedFinger) -> list[tuple[int, int]]:
        """The likeliest people, likeliest first: which candidate, and which template of theirs."""
        likeness = self._likeness(probe)
        wanted = PEOPLE_LEAST + int(PEOPLE_SHARE * len(self._candidates))
        first: dict[int, int] = {}
        for place in np.argsort(-likeness, kind="stable"):
            if len(first) == wanted or likeness[place] <= 0:
                break
            first.setdefault(int(self._owner[place]), int(place))
        return list(first.items())

    def _likeness(self, probe: PreparedFinger) -> Floats:
        """The first stage's opinion of every template, 0 where there is nothing to be said."""
        likeness = np.zeros(len(self._templates), np.float32)
        code = _codes(probe)
        if len(code.codes):
            for block in self._blocks:
                likeness[block.where] = _agreement(code, block)
        return likeness

    def _score(self, probe: PreparedFinger, place: int) -> float:
        ready = self._ready(place)
        return score(probe, ready) if ready is not None else 0.0


def _kind(face: Embedding) -> Kind:
    """Only vectors of one kind can be compared."""
    return face.template.algorithm, face.template.version, len(face.vector)


def _faces(templates: Sequence[Template | Prepared]) -> dict[Kind, tuple[NDArray[np.int64], Floats]]:
    """All vectors of a kind as one matrix (n, length), and their places in the gallery."""
    found: dict[Kind, list[tuple[int, Floats]]] = {}
    for place, template in enumerate(templates):
        face = template.modality is Modality.FACE if isinstance(template, Template) else isinstance(template, Embedding)
        ready = prepare(template) if face else None
        if isinstance(ready, Embedding):
            found.setdefault(_kind(ready), []).append((place, ready.vector))
    return {
        kind: (np.array([place for place, _ in rows], np.int64), np.stack([vector for _, vector in rows]))
        for kind, rows in found.items()
    }


def _codes_of(template: Template | Prepared) -> _Codes | None:
    ready = prepare(template)
    return _codes(ready) if isinstance(ready, PreparedFinger) and len(ready.cylinders.index) else None


def _codes(finger: PreparedFinger) -> _Codes:
    values, index = finger.cylinders.values, finger.cylinders.index
    projected = values @ _directions(values.shape[1])
    length = np.linalg.norm(projected, axis=1, keepdims=True)
    m = finger.minutiae
    at = (m.x[index] - 1j * m.y[index]).astype(np.complex64)
    heading = np.exp(1j * m.direction[index]).astype(np.complex64)
    return _Codes(np.asarray(projected / np.maximum(length, 1e-6), np.float32), at, heading)


@functools.cache
def _directions(size: int) -> Floats:
    """Orthogonal random directions, the same in every run: float32 (size, CODE_BYTES)."""
    square, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(size, CODE_BYTES)))
    return np.asarray(square, np.float32)


def _blocks(coded: Sequence[tuple[int, _Codes]]) -> Iterable[_Block]:
    # Those with as many cylinders beside each other, so that little is padded.
    in_order = sorted(coded, key=lambda one: len(one[1].at))
    for start in range(0, len(in_order), _BLOCK):
        part = in_order[start : start + _BLOCK]
        most = len(part[-1][1].at)
        codes = np.zeros((len(part), most, CODE_BYTES), np.int8)
        at, heading = np.zeros((len(part), most), np.complex64), np.zeros((len(part), most), np.complex64)
        for row, (_, one) in enumerate(part):
            n = len(one.at)
            codes[row, :n] = np.rint(one.codes * _UNIT)
            at[row, :n], heading[row, :n] = one.at, one.heading
        count = np.array([len(one.at) for _, one in part], np.float32)
        yield _Block(np.array([place for place, _ in part], np.int64), codes, at, heading, count)


def _agreement(probe: _Codes, block: _Block) -> Floats:
    """How far the nearest codes agree on one turn and one shift, for each template of the block: (c,), 0 … 1."""
    c, m, _ = block.codes.shape
    flat = block.codes.reshape(c * m, CODE_BYTES).astype(np.float32)
    alike = (probe.codes @ flat.T).reshape(-1, c, m)
    nearest = alike.argmax(axis=2)
    likeness = np.take_along_axis(alike, nearest[:, :, None], axis=2)[:, :, 0] / np.float32(_UNIT)
    weight = np.maximum(likeness, 0) ** np.float32(SHARPNESS)
    row = np.arange(c)
    turn = block.heading[row, nearest] * np.conj(probe.heading[:, None])
    common = _unit((weight * turn).sum(axis=0))
    weight = weight * np.maximum(0, ((turn * np.conj(common)).real - np.float32(TURN_COSINE)) / (1 - TURN_COSINE))
    common = _unit((weight * turn).sum(axis=0))
    shift = block.at[row, nearest] - common * probe.at[:, None]
    best = np.zeros(c, np.float32)
    for centre in np.argsort(-weight, axis=0)[:CENTRES]:
        away = shift - shift[centre, row]
        near = np.exp((np.square(away.real) + np.square(away.imag)) / np.float32(-2 * SHIFT_PX**2))
        best = np.maximum(best, (weight * near).sum(axis=0))
    return np.asarray(best / np.sqrt((len(probe.at) + PRIOR) * (block.count + PRIOR)), np.float32)


def _unit(sums: Complex) -> Complex:
    return np.asarray(sums / np.maximum(np.abs(sums), 1e-9), np.complex64)
