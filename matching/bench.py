"""How well and how fast fingers are told apart, on a folder of pictures.

A set is a folder of `<finger>_<impression>.png`. Protocols: *full* compares every two impressions of a finger
(genuine) and every impression with every one of every other finger (impostor); *std* is that of the Fingerprint
Verification Competitions, whose impostors are first impressions only. *three* always runs beside them: three
consecutive impressions, cyclic, are enrolled, the others probe every finger, and the best of three scores counts.

As at a terminal, a near miss is looked at again in other ways (`matching.decide`), the probe only: what is enrolled
stays as it is. Two pictures can therefore differ by which of them is the probe, and every pair is tried both ways, in
either protocol: rates are those of both together. Times are CPU times of one thread.
"""

import functools
import itertools
import re
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.errors import DataError, ImageError
from matching.fingerprint.calibration import score_at_fmr, score_of_looks
from matching.fingerprint.compare import Prepared, compare, prepare
from matching.fingerprint.fmr_table import TABLE
from matching.fingerprint.parameters import CLEAR_MISS_FMR, DPI
from matching.fingerprint.pipeline import Extractor
from matching.plot import det_points
from matching.rates import Scores, eer, fnmr_at
from matching.second_look import Near, look_again
from matching.template import Template

Protocol = Literal["full", "std"]
Groups = list[list[int]]
Trial = tuple[int, list[int]]
"""The place of the view that probes, and of those enrolled."""
Progress = Callable[[str, int, int], None]
"""Told what is done (the set's name and the step), how many of it, and how many there are."""

_FILE = re.compile(r"(\w+)_(\d+)\.(?:png|tif|tiff|bmp)")
_ENROLLED = 3


@dataclass(frozen=True)
class _View:
    """One impression: whose finger, which touch, and its picture."""

    finger: str
    impression: int
    file: Path


@dataclass(frozen=True)
class _Trials:
    """Scores of one set, by protocol, which of them needed a second look, and what they cost."""

    genuine: Scores
    impostor: Scores
    three_genuine: Scores
    three_impostor: Scores
    again: dict[str, list[bool]]
    extract_ms: list[float]
    again_ms: list[float]
    compare_ms: float
    comparisons: int


@dataclass(eq=False)
class Further:
    """The further looks at the views of one set, taken when asked for; `cost_ms` of CPU time, a view each.

    `first` is the place of the set's first view, where those of several sets are counted through.
    """

    views: list[_View]
    dpi: float
    engine: Extractor
    first: int = 0
    cost_ms: list[float] = field(default_factory=list)

    def __call__(self, place: int) -> list[Prepared]:
        """All further looks at one view."""
        image = read_picture(self.views[place - self.first].file)
        start = time.thread_time()
        ready = [as_stored(template) for template in self.engine.looks(image, self.dpi)]
        self.cost_ms.append((time.thread_time() - start) * 1e3)
        return ready


def bench_fingerprint(
    data_dir: Path,
    protocol: Protocol = "full",
    dpi: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    extractor: Extractor | None = None,
) -> dict[str, Any]:
    """Measure `data_dir`, one set or a folder of sets; `dpi` names the sets that are not 500 dpi.

    Returns a dict ready for JSON: sets.{NAME}.eer_percent, sets.{NAME}.fnmr_at_fmr_0_1_percent,
    mean_eer_percent, pooled.(the same two, one threshold for all sets), three.fnmr_at_fmr_0_1_percent and
    three.fnmr_at_fmr_0_percent (pooled), det.{NAME,pooled,three} (pairs of FMR and FNMR in percent),
    second_look_percent.{genuine,impostor,three_genuine,three_impostor} (trials that took one), near_miss_cpu_ms_median
    (all further looks at one picture), extract_cpu_ms_median (one look), compare_cpu_ms_mean, peak_rss_mb.
    Raises DataError naming the file or folder that cannot be used, ModelMissing without the network.
    """
    sets = find_sets(data_dir)
    if unknown := set(dpi or {}) - set(sets):
        raise DataError(f"no set is called {', '.join(sorted(unknown))}; there are {', '.join(sets)}")
    cv2.setNumThreads(1)
    engine = extractor or Extractor(threads=1)
    told = progress or (lambda *_: None)
    trials = {
        name: _measure(name, views, (dpi or {}).get(name, DPI), protocol, engine, told) for name, views in sets.items()
    }
    return _report(trials)


def find_sets(data_dir: Path) -> dict[str, list[_View]]:
    """The sets in `data_dir` by name: the folder itself when it holds pictures, else the folders in it."""
    try:
        folders = [data_dir, *sorted(entry for entry in data_dir.iterdir() if entry.is_dir())]
        found = {folder.resolve().name: _views(folder) for folder in folders}
    except OSError as cause:
        raise DataError(f"{data_dir} cannot be read: {cause.strerror}") from cause
    sets = {name: views for name, views in found.items() if views}
    if not sets:
        raise DataError(f"{data_dir} has no pictures named <finger>_<impression>.png, nor have the folders in it")
    for name, views in sets.items():
        if len({view.finger for view in views}) < 2:
            raise DataError(f"the set {name} has one finger only: nothing to tell apart")
        if max(sum(view.finger == other.finger for other in views) for view in views) <= _ENROLLED:
            raise DataError(f"the set {name} has no finger with more than {_ENROLLED} impressions")
    return sets


def _views(folder: Path) -> list[_View]:
    named = [(file, _FILE.fullmatch(file.name)) for file in folder.iterdir() if file.is_file()]
    views = [_View(hit[1], int(hit[2]), file) for file, hit in named if hit]
    return sorted(views, key=lambda view: (view.finger, view.impression))


def _measure(
    name: str, views: list[_View], dpi: float, protocol: Protocol, engine: Extractor, told: Progress
) -> _Trials:
    ready, extract_ms = extracted(name, views, dpi, engine, told)
    start = time.thread_time()
    first = score_all(name, ready, compare, told)
    compare_ms = (time.thread_time() - start) * 1e3
    further, groups = Further(views, dpi, engine), by_finger(views)
    near = Near(score_at_fmr(CLEAR_MISS_FMR), score_at_fmr(TABLE[-1][0]))
    told_again = functools.partial(told, f"{name}: look again")
    seen = look_again(first, ready, groups, near, further, compare, score_of_looks, told_again)
    trials = trials_of(groups, protocol)
    return _Trials(
        **{kind: np.array([seen.score(*trial) for trial in own]) for kind, own in trials.items()},
        again={kind: [seen.needed(*trial) for trial in own] for kind, own in trials.items()},
        extract_ms=extract_ms,
        again_ms=further.cost_ms,
        compare_ms=compare_ms,
        comparisons=len(views) * (len(views) - 1) // 2,
    )


def extracted(
    name: str, views: list[_View], dpi: float, engine: Extractor, told: Progress
) -> tuple[list[Prepared], list[float]]:
    """The views of the set `name`, ready to be compared, and the CPU time of each extraction, ms."""
    extract_ms: list[float] = []
    ready: list[Prepared] = []
    for done, view in enumerate(views, 1):
        image = read_picture(view.file)
        start = time.thread_time()
        try:
            template = engine.extract(image, dpi)
        except ImageError as cause:
            raise DataError(f"{view.file}: {cause}") from cause
        extract_ms.append((time.thread_time() - start) * 1e3)
        ready.append(as_stored(template))
        told(f"{name}: extract", done, len(views))
    return ready, extract_ms


def as_stored(template: Template) -> Prepared:
    """Through the stored form, which is what a terminal compares."""
    return prepare(Template.from_bytes(template.to_bytes()))


def read_picture(file: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataError(f"{file} is not a picture that can be read")
    return np.asarray(image, np.uint8)


def score_all(
    name: str, ready: list[Prepared], compared: Callable[[Prepared, Prepared], float], told: Progress
) -> Scores:
    """Every view as probe against every later one as reference: (n, n), the lower half mirrors the upper."""
    scores = np.zeros((len(ready), len(ready)))
    for i, probe in enumerate(ready):
        for j in range(i + 1, len(ready)):
            scores[i, j] = scores[j, i] = compared(probe, ready[j])
        told(f"{name}: compare", i + 1, len(ready))
    return scores


def trials_of(groups: Groups, protocol: Protocol) -> dict[str, list[Trial]]:
    """What is tried, by kind: genuine, impostor, and with three enrolled three_genuine, three_impostor."""
    return {
        "genuine": _genuine(groups),
        "impostor": _impostor(groups, protocol),
        "three_genuine": _three(groups, genuine=True),
        "three_impostor": _three(groups, genuine=False),
    }


def _genuine(groups: Groups) -> list[Trial]:
    return [(probe, [other]) for group in groups for probe, other in itertools.permutations(group, 2)]


def _impostor(groups: Groups, protocol: Protocol) -> list[Trial]:
    tried = [group[:1] for group in groups] if protocol == "std" else groups
    pairs = itertools.permutations(tried, 2)
    return [(probe, [other]) for one, another in pairs for probe, other in itertools.product(one, another)]


def _three(groups: Groups, *, genuine: bool) -> list[Trial]:
    pairs = ((group, group) for group in groups) if genuine else itertools.permutations(groups, 2)
    return [trial for enrolled, probes in pairs for trial in three_enrolled(enrolled, probes)]


def three_enrolled(references: list[int], probes: list[int]) -> list[Trial]:
    """Three consecutive, cyclic, of `references` are enrolled, and `probes` in other places try."""
    trials: list[Trial] = []
    for first in range(len(references)):
        places = [(first + step) % len(references) for step in range(_ENROLLED)]
        enrolled = [references[place] for place in places]
        trials += [(probe, enrolled) for place, probe in enumerate(probes) if place not in places]
    return trials


def by_finger(views: list[_View]) -> Groups:
    """The places in `views` of each finger's impressions, in their order."""
    return [[i for i, _ in group] for _, group in itertools.groupby(enumerate(views), key=lambda each: each[1].finger)]


def _report(trials: Mapping[str, _Trials]) -> dict[str, Any]:
    genuine, impostor, three_genuine, three_impostor = (
        np.concatenate([getattr(each, field) for each in trials.values()])
        for field in ("genuine", "impostor", "three_genuine", "three_impostor")
    )
    sets = {name: _figures(each.genuine, each.impostor) for name, each in trials.items()}
    comparisons = sum(each.comparisons for each in trials.values())
    return {
        "sets": sets,
        "mean_eer_percent": round(statistics.fmean(each["eer_percent"] for each in sets.values()), 4),
        "pooled": _figures(genuine, impostor),
        "three": {
            "fnmr_at_fmr_0_1_percent": _percent(fnmr_at(three_genuine, three_impostor, 0.001)),
            "fnmr_at_fmr_0_percent": _percent(fnmr_at(three_genuine, three_impostor, 0.0)),
        },
        "det": {
            **{name: det_points(each.genuine, each.impostor) for name, each in trials.items()},
            "pooled": det_points(genuine, impostor),
            "three": det_points(three_genuine, three_impostor),
        },
        "second_look_percent": {kind: _needed(trials, kind) for kind in next(iter(trials.values())).again},
        "near_miss_cpu_ms_median": _median([ms for each in trials.values() for ms in each.again_ms]),
        "extract_cpu_ms_median": _median([ms for each in trials.values() for ms in each.extract_ms]),
        "compare_cpu_ms_mean": round(sum(each.compare_ms for each in trials.values()) / comparisons, 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _figures(genuine: Scores, impostor: Scores) -> dict[str, float]:
    return {
        "eer_percent": _percent(eer(genuine, impostor)),
        "fnmr_at_fmr_0_1_percent": _percent(fnmr_at(genuine, impostor, 0.001)),
    }


def _needed(trials: Mapping[str, _Trials], kind: str) -> float:
    return round(100 * statistics.fmean(needed for each in trials.values() for needed in each.again[kind]), 2)


def _median(cost_ms: list[float]) -> float:
    return round(statistics.median(cost_ms), 1) if cost_ms else 0.0


def _percent(rate: float) -> float:
    return round(100 * rate, 4)
