"""How well and how fast faces are told apart, on a folder of photographs: one folder a person.

Protocol. Three pictures of each person are enrolled and fused into one template, the person's others are probes;
this for every choice of three, the same places for all people, and the rates are the means over all choices. The
threshold is one for all choices: the lowest at which the false positive identification rate is within its limit.

* 1:5. Every gallery of five that can be formed: a probe of an enrolled person meets that person and every four of
  the others, a stranger's probe every five of the others. They are counted, not drawn: of the m others that score
  below t, C(m, 5) of C(M, 5) galleries have nobody at t or above.
* 1:many. The same with galleries of 79, or of all but one where there are fewer people.

A probe is a false negative when the own score is below the threshold or somebody else in the gallery scores as
high; a false positive when any stranger reaches the threshold. (FNIR and FPIR of ISO/IEC 19795-1, rank one.)
Nothing is refused for its quality: a picture in which no face is found matches nobody and counts as missed.
Of several faces in a picture the one nearest to the middle counts. Times are CPU times of one thread.
"""

import itertools
import math
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.errors import DataError, ImageError
from matching.face.embed import fuse, prepare
from matching.face.pipeline import Engine
from matching.plot import det_points
from matching.rates import eer, fnmr_at
from matching.template import Template

Progress = Callable[[str, int, int], None]
Scores = NDArray[np.float64]

ENROLLED = 3
FEW, MANY = 5, 79
FEW_FPIR, MANY_FPIR = 1e-3, 1e-2
DET_FPIRS = (0.1, 0.03, 0.01, 0.003, 0.001)
DRAWN_FPIRS = tuple(10.0 ** (-step / 4) for step in range(1, 17))
FRAME = (480, 640)  # rows, columns: what a terminal's camera gives
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")


def bench_face(data_dir: Path, progress: Progress | None = None, engine: Engine | None = None) -> dict[str, Any]:
    """Measure the people in `data_dir`, a folder of folders with at least four pictures each.

    Returns a dict ready for JSON: one_to_5_fnir_percent (at FPIR 0.1 %), one_to_79_fnir_percent (at FPIR 1 %),
    frame_ms (find, align, embed, in frames of 640 × 480), one_to_5 and one_to_79 (people in the gallery, threshold
    as a cosine, det: a list of fpir_percent, fnir_percent, threshold), one_to_one (single pictures: eer_percent,
    fnmr_at_fmr_0_1_percent), det (curves to be drawn: "1:1" of FMR and FNMR, "1:5" and "1:79" of FPIR and FNIR, in
    percent), people, pictures, faces_not_found, peak_rss_mb. Raises DataError naming the folder or
    file that cannot be used, ModelMissing or ModelRefused without the networks.
    """
    people = _people(data_dir)
    cv2.setNumThreads(1)
    machine = engine or Engine()
    told = progress or (lambda *_: None)
    templates: list[list[Template | None]] = []
    for done, pictures in enumerate(people, 1):
        templates.append([_template(machine, file) for file in pictures])
        told("faces: extract", done, len(people))
    frame_ms = _frame_ms(machine, people, told)
    return {
        **figures(templates),
        "frame_ms": frame_ms,
        "people": len(people),
        "pictures": sum(map(len, people)),
        "faces_not_found": sum(template is None for own in templates for template in own),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def figures(templates: Sequence[Sequence[Template | None]]) -> dict[str, Any]:
    """The rates for people with the same number of templates each; None: no face was found."""
    own, others = _trials(templates)
    few, many = (_identification(own, others, size) for size in (FEW, MANY))
    return {
        "one_to_5_fnir_percent": _at(own, others, FEW, FEW_FPIR)["fnir_percent"],
        "one_to_79_fnir_percent": _at(own, others, MANY, MANY_FPIR)["fnir_percent"],
        "one_to_5": few,
        "one_to_79": many,
        "one_to_one": _verification(templates),
        "det": {
            "1:1": det_points(*_pairs(templates)),
            **{f"1:{size}": _drawn(own, others, size) for size in (FEW, MANY)},
        },
    }


def _people(data_dir: Path) -> list[list[Path]]:
    """The same number of pictures of each person, by name."""
    try:
        folders = sorted(entry for entry in data_dir.iterdir() if entry.is_dir())
        found = [sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES) for folder in folders]
    except OSError as cause:
        raise DataError(f"{data_dir} cannot be read: {cause.strerror}") from cause
    people = [pictures for pictures in found if pictures]
    if len(people) <= FEW:
        raise DataError(f"{data_dir} has {len(people)} folders with pictures; more than {FEW} people are needed")
    least = min(people, key=len)
    if len(least) <= ENROLLED:
        raise DataError(f"{least[0].parent} has {len(least)} pictures; {ENROLLED} to enrol and one to probe are needed")
    return [pictures[: len(least)] for pictures in people]


def _template(engine: Engine, file: Path) -> Template | None:
    image = _read(file)
    rows, columns = image.shape[:2]
    try:
        faces = engine.faces(image)
        if not faces:
            return None
        nearest = min(faces, key=lambda face: math.dist(face.middle, (columns / 2, rows / 2)))
        template = engine.template(image, nearest)
    except ImageError as cause:
        raise DataError(f"{file}: {cause}") from cause
    # Through the stored form, which is what a terminal compares.
    return None if template is None else Template.from_bytes(template.to_bytes())


def _read(file: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{file} is not a picture that can be read")
    return np.asarray(image, np.uint8)


def _frame_ms(engine: Engine, people: Sequence[Sequence[Path]], told: Progress) -> float:
    """The median over one picture a person, enlarged to a frame's height and put in its middle."""
    rows, columns = FRAME
    spent: list[float] = []
    for done, pictures in enumerate(people, 1):
        image = _read(pictures[0])
        width = min(columns, max(1, round(image.shape[1] * rows / image.shape[0])))
        left = (columns - width) // 2
        enlarged = cv2.resize(image, (width, rows), interpolation=cv2.INTER_CUBIC)
        border = (0, 0, left, columns - width - left)
        frame = np.asarray(cv2.copyMakeBorder(enlarged, *border, cv2.BORDER_REPLICATE), np.uint8)
        start = time.thread_time()
        faces = engine.faces(frame)
        if faces:
            engine.template(frame, faces[0])
            spent.append((time.thread_time() - start) * 1e3)
        told("faces: time", done, len(people))
    return round(statistics.median(spent), 1) if spent else math.nan


def _vectors(templates: Sequence[Template | None], length: int) -> NDArray[np.float32]:
    """(n, length); a face that was not found has no direction and is like nobody."""
    nothing = np.zeros(length, np.float32)
    return np.stack([nothing if template is None else prepare(template).vector for template in templates])


def _trials(templates: Sequence[Sequence[Template | None]]) -> tuple[Scores, Scores]:
    """Every probe of every choice: its cosine with its own person (p,), and with all others (p, people − 1)."""
    pictures = len(templates[0])
    length = next((len(each.vector) for own in templates for each in own if each is not None), 1)
    everybody = np.stack([_vectors(own, length) for own in templates])
    mine, theirs = [], []
    for chosen in itertools.combinations(range(pictures), ENROLLED):
        enrolled = [_enrolled([own[place] for place in chosen]) for own in templates]
        gallery = _vectors(enrolled, length)
        for place in sorted(set(range(pictures)) - set(chosen)):
            scores = (everybody[:, place] @ gallery.T).astype(np.float64)
            mine.append(np.diag(scores))
            theirs.append(scores[~np.eye(len(scores), dtype=bool)].reshape(len(scores), -1))
    return np.concatenate(mine), np.concatenate(theirs)


def _enrolled(views: Sequence[Template | None]) -> Template | None:
    found = [view for view in views if view is not None]
    return fuse(found) if found else None


def _identification(own: Scores, others: Scores, size: int) -> dict[str, Any]:
    return {
        "gallery": min(size, others.shape[1]),
        "threshold": _at(own, others, size, FEW_FPIR if size == FEW else MANY_FPIR)["threshold"],
        "det": [_at(own, others, size, fpir) for fpir in DET_FPIRS],
    }


def _at(own: Scores, others: Scores, size: int, fpir_limit: float) -> dict[str, float]:
    """FNIR at the lowest threshold whose FPIR is within the limit; thresholds lie just above a stranger's score."""
    size = min(size, others.shape[1])
    candidates = np.nextafter(np.unique(others), np.inf)
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        if fpir(others, size, candidates[middle]) <= fpir_limit:
            high = middle
        else:
            low = middle + 1
    threshold = float(candidates[low])
    return {
        "fpir_percent": round(100 * fpir(others, size, threshold), 4),
        "fnir_percent": round(100 * fnir(own, others, size, threshold), 4),
        "threshold": round(threshold, 4),
    }


def _drawn(own: Scores, others: Scores, size: int) -> list[list[float]]:
    """The curve of FPIR and FNIR in percent, at the limits that the number of trials still tells apart."""
    limits = [limit for limit in DRAWN_FPIRS if limit * len(others) >= 1]
    points = [_at(own, others, size, limit) for limit in limits]
    return [[point["fpir_percent"], point["fnir_percent"]] for point in points]


def fpir(others: Scores, size: int, threshold: float) -> float:
    """The share of all galleries of `size` strangers in which somebody reaches the threshold, mean over probes."""
    below = (others < threshold).sum(axis=1)
    return 1 - float(np.mean(_share(others.shape[1], size)[below]))


def fnir(own: Scores, others: Scores, size: int, threshold: float) -> float:
    """The share of galleries of the own person and `size` − 1 others where the own is not found, mean over probes."""
    below = (others < own[:, None]).sum(axis=1)
    found = (own >= threshold) * _share(others.shape[1], size - 1)[below]
    return 1 - float(np.mean(found))


def _share(others: int, size: int) -> Scores:
    """By m = 0 … others: the share of the choices of `size` from `others` that lie within m of them."""
    every = math.comb(others, size)
    return np.array([math.comb(m, size) / every for m in range(others + 1)])


def _verification(templates: Sequence[Sequence[Template | None]]) -> dict[str, float]:
    """Single pictures, all pairs of different people as impostors."""
    same, different = _pairs(templates)
    return {
        "eer_percent": round(100 * eer(same, different), 4),
        "fnmr_at_fmr_0_1_percent": round(100 * fnmr_at(same, different, 0.001), 4),
    }


def _pairs(templates: Sequence[Sequence[Template | None]]) -> tuple[Scores, Scores]:
    """The cosines of all pairs of pictures: of one person, and of two."""
    length = next((len(each.vector) for own in templates for each in own if each is not None), 1)
    vectors = np.concatenate([_vectors(own, length) for own in templates])
    whose = np.repeat(np.arange(len(templates)), len(templates[0]))
    one, other = np.triu_indices(len(vectors), 1)
    scores = (vectors @ vectors.T).astype(np.float64)[one, other]
    same = whose[one] == whose[other]
    return scores[same], scores[~same]
