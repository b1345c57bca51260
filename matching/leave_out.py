"""What the free constants of the comparison are worth on a sensor that had no say in choosing them.

    hazri-edge bench fingerprint --data DIR [--dpi NAME=DPI ...] --leave-one-out

DIR holds sets of several sensors. For each set in turn, the constants of `FREE` are chosen on the *other* sets alone
and the set is judged with what they chose, near misses looked at again as a terminal does; where a near miss begins is
the others' word too. Everything else is published or physical.

Of ten fingers one pair decides, so every picture is taken in several times, in the ways of `fingerprint.looks`: a
choice has to be better over all of them, and how far the figure of one take is from another's says how much of a
difference between two versions of a matcher means nothing. The first take is the pictures as they are.

A constant is chosen with the others at the first of their values, and the first stays unless another is better.
"""

import contextlib
import functools
import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np

from matching.bench import Progress, as_stored, by_finger, find_sets, read_picture, score_all, trials_of
from matching.errors import DataError, ImageError
from matching.fingerprint import parameters
from matching.fingerprint.calibration import together
from matching.fingerprint.compare import evidence, prepare
from matching.fingerprint.looks import WAYS
from matching.fingerprint.parameters import CLEAR_MISS_FMR, DPI
from matching.fingerprint.pipeline import Extractor
from matching.rates import Scores, eer
from matching.second_look import Near, Seen, maybe_near
from matching.template import Template

FREE: Final[Mapping[str, Sequence[float]]] = {
    "ROTATION_MAX": [math.radians(degrees) for degrees in (70, 60, 80, 50)],
    "SIGMA_DISTANCE_PX": [28 / 3, 7.5, 11.0, 6.0],
    "OVERLAP_PRIOR": [4.0, 2.0, 8.0],
    "LOOKS": [1, 2, 4, 8],
}
"""What is chosen, and what it may be, the first before any choice: how far a finger may be turned, how exactly a
descriptor takes a place (the published value first), how little few minutiae prove, and how often a near miss is
looked at."""

TAKES: Final = len(WAYS)
"""As many as there are: with three of them the choice hangs on chance, with all of them the sensors agree."""

Choice = tuple[tuple[str, float], ...]
"""Constants and their values; those not named are as shipped."""


class Known(Protocol):
    """What a choice is made by."""

    def eer_percent(self, name: str, choice: Choice, others: Sequence[str]) -> list[float]:
        """The full EER of one set under `choice`, a figure a take; `others` say where a near miss begins."""


class Sets:
    """The sets of a folder, taken in in all ways, and the error rates of each under any choice."""

    def __init__(self, data_dir: Path, dpi: Mapping[str, float], extractor: Extractor, told: Progress) -> None:
        cv2.setNumThreads(1)
        sets = find_sets(data_dir)
        if len(sets) < 2:
            raise DataError(f"{data_dir} holds one set: with none left to choose on, none can be left out")
        self.names = list(sets)
        self._told = told
        self._groups = {name: by_finger(views) for name, views in sets.items()}
        self._templates: dict[str, list[list[Template]]] = {name: [] for name in sets}
        for name, views in sets.items():
            for done, view in enumerate(views, 1):
                picture, at = read_picture(view.file), dpi.get(name, DPI)
                try:
                    looks = [extractor.extract(picture, at), *extractor.looks(picture, at)]
                except ImageError as cause:
                    raise DataError(f"{view.file}: {cause}") from cause
                self._templates[name].append(looks)
                told(f"{name}: extract", done, len(views))
        # The same comparisons serve many choices.
        self._first = functools.cache(self._compare_first)
        self._again = functools.cache(self._compare_again)
        self._near = functools.cache(self._clear_miss)

    def eer_percent(self, name: str, choice: Choice, others: Sequence[str]) -> list[float]:
        """The full EER of one set under `choice`, a figure a take; `others` say where a near miss begins."""
        looks = int(dict(choice).get("LOOKS", parameters.LOOKS))
        constants = tuple(one for one in choice if one[0] != "LOOKS")
        return [self._eer(name, constants, looks, take, tuple(others)) for take in range(TAKES)]

    def _eer(self, name: str, constants: Choice, looks: int, take: int, others: tuple[str, ...]) -> float:
        first = self._first(name, constants, take)
        again = first[:0]
        if looks > 1:
            # The ways that make a whole of so many with this one.
            start = take // looks * looks
            whole = [way for way in range(start, start + looks) if way != take]
            again = self._again(name, constants, take)[whole]
        near = Near(statistics.fmean(self._near(other, constants, take) for other in others))
        seen = Seen(first, again, near, together)
        trials = trials_of(self._groups[name], "full")
        genuine, impostor = (np.array([seen.score(*one) for one in trials[kind]]) for kind in ("genuine", "impostor"))
        return 100 * eer(genuine, impostor)

    def _clear_miss(self, name: str, constants: Choice, take: int) -> float:
        """What one stranger in ten of a set reaches, three views enrolled."""
        first = self._first(name, constants, take)
        strangers = trials_of(self._groups[name], "full")["three_impostor"]
        best = [first[probe, enrolled].max() for probe, enrolled in strangers]
        return float(np.quantile(best, 1 - CLEAR_MISS_FMR))

    def _compare_first(self, name: str, constants: Choice, take: int) -> Scores:
        with _set(constants):
            ready = [as_stored(looks[take]) for looks in self._templates[name]]
            return score_all(f"{name}, take {take + 1}", ready, evidence, self._told)

    def _compare_again(self, name: str, constants: Choice, take: int) -> Scores:
        """Evidence of each way of each view as probe against the others as taken in, where it may be a near miss:
        (ways, n, n).
        """
        first = self._first(name, constants, take)
        near = Near(min(self._near(other, constants, take) for other in self.names))
        again = np.zeros((len(WAYS), *first.shape))
        with _set(constants):
            ready = [as_stored(looks[take]) for looks in self._templates[name]]
            for probe, looks in enumerate(self._templates[name]):
                ways = [prepare(look) for look in looks]
                for group in self._groups[name]:
                    if maybe_near(first[probe, group], near):
                        for place in group:
                            again[:, probe, place] = [evidence(way, ready[place]) for way in ways]
                self._told(f"{name}, take {take + 1}: look again", probe + 1, len(ready))
        return again


def leave_out(
    data_dir: Path,
    dpi: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    extractor: Extractor | None = None,
) -> dict[str, Any]:
    """Each set of `data_dir` judged with constants chosen on the others.

    Returns a dict ready for JSON: left_out.{NAME} and shipped.{NAME}, each with eer_percent (the pictures as they
    are) and eer_percent_of_takes; left_out.{NAME}.chosen (the constants); of both
    mean_eer_percent (the pictures as they are) and mean_eer_percent_of_takes, one figure a take.
    Raises DataError naming the file or folder that cannot be used, ModelMissing without the network.
    """
    sets = Sets(data_dir, dpi or {}, extractor or Extractor(threads=1), progress or (lambda *_: None))
    others = {name: [other for other in sets.names if other != name] for name in sets.names}
    chosen = {name: choose(sets, others[name]) for name in sets.names}
    left_out = {name: sets.eer_percent(name, chosen[name], others[name]) for name in sets.names}
    shipped = {name: sets.eer_percent(name, (), others[name]) for name in sets.names}
    report = {"left_out": _report(left_out), "shipped": _report(shipped)}
    for name in sets.names:
        report["left_out"][name]["chosen"] = {constant: round(value, 4) for constant, value in chosen[name]}
    return report


def choose(sets: Known, names: Sequence[str]) -> Choice:
    """What is best on the sets `names`, over all takes; of equals the first."""
    start = {constant: values[0] for constant, values in FREE.items()}

    def error(constant: str, value: float) -> float:
        choice = tuple({**start, constant: value}.items())
        rates = itertools.chain.from_iterable(sets.eer_percent(name, choice, names) for name in names)
        return round(statistics.fmean(rates), 6)

    return tuple((constant, min(values, key=partial(error, constant))) for constant, values in FREE.items())


@contextlib.contextmanager
def _set(choice: Choice) -> Iterator[None]:
    """For a while, the constants are as chosen; the stages look them up at every comparison."""
    before = {name: getattr(parameters, name) for name, _ in choice}
    try:
        for name, value in choice:
            setattr(parameters, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(parameters, name, value)


def _report(rates: Mapping[str, list[float]]) -> dict[str, Any]:
    own = {
        name: {"eer_percent": round(takes[0], 4), "eer_percent_of_takes": [round(rate, 4) for rate in takes]}
        for name, takes in rates.items()
    }
    means = [round(statistics.fmean(take), 4) for take in zip(*rates.values(), strict=True)]
    return {**own, "mean_eer_percent": means[0], "mean_eer_percent_of_takes": means}
