"""What the free constants of the comparison are worth on a sensor that had no say in choosing them.

    python -m matching.leave_out DIR [--dpi NAME=DPI ...]

DIR holds sets of several sensors, as `hazri-edge bench fingerprint` takes them. For each set in turn, the constants of
`FREE` are chosen on the *other* sets alone and the set is judged with what they chose; everything else is published
or physical. Of ten fingers one pair decides, so every picture is taken in several times, each time a little
differently (`LOOKS`): a choice has to be better over all of them, and how far one look's figure is from another's
says how much of a difference between two versions of a matcher means nothing.

A constant is chosen with the others at the first of their values, and the first stays unless another is better.
"""

import argparse
import contextlib
import itertools
import json
import math
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.bench import by_finger, find_sets, read_picture, score_all
from matching.errors import DataError, ImageError, MatchingError
from matching.fingerprint import parameters
from matching.fingerprint.compare import evidence, prepare
from matching.fingerprint.parameters import DPI
from matching.fingerprint.pipeline import Extractor
from matching.rates import Scores, eer
from matching.template import Template

FREE: Final[Mapping[str, Sequence[float]]] = {
    "ROTATION_MAX": [math.radians(degrees) for degrees in (70, 60, 80, 50)],
    "SIGMA_DISTANCE_PX": [28 / 3, 7.5, 11.0, 6.0],
    "OVERLAP_PRIOR": [4.0, 2.0, 8.0],
}
"""What is chosen, and what it may be, the first before any choice: how far a finger may be turned, how exactly a
descriptor takes a place (the published value first), and how little few minutiae prove."""

LOOKS: Final = ((0, 1.0), (3, 1.0), (0, 0.98))
"""Rows and columns cut off the picture's corner, and by how much its resolution is mistaken; the first is the truth."""

Choice = tuple[tuple[str, float], ...]
"""Constants and their values; those not named are as shipped."""


class Known(Protocol):
    """What a choice is made by."""

    def eer_percent(self, name: str, choice: Choice) -> list[float]:
        """The full EER of one set under `choice`, a figure a look."""


class Sets:
    """The sets of a folder, extracted once a look, and the error rates of each under any choice."""

    def __init__(self, data_dir: Path, dpi: Mapping[str, float], extractor: Extractor) -> None:
        cv2.setNumThreads(1)
        sets = find_sets(data_dir)
        if len(sets) < 2:
            raise DataError(f"{data_dir} holds one set: with none left to choose on, none can be left out")
        self.names = list(sets)
        self._groups = {name: by_finger(views) for name, views in sets.items()}
        self._looks: dict[str, list[list[Template]]] = {name: [[] for _ in LOOKS] for name in self.names}
        for name, views in sets.items():
            for done, view in enumerate(views, 1):
                picture = read_picture(view.file)
                for look, (cut, mistaken) in enumerate(LOOKS):
                    try:
                        template = extractor.extract(picture[cut:, cut:], dpi.get(name, DPI) * mistaken)
                    except ImageError as cause:
                        raise DataError(f"{view.file}: {cause}") from cause
                    self._looks[name][look].append(template)
                _told(f"{name}: extract", done, len(views))
        self._known: dict[tuple[str, Choice], list[float]] = {}

    def eer_percent(self, name: str, choice: Choice) -> list[float]:
        """The full EER of one set under `choice`, a figure a look."""
        key = name, choice
        if key not in self._known:
            with _set(choice):
                self._known[key] = [self._one_look(name, look, seen) for look, seen in enumerate(self._looks[name])]
        return self._known[key]

    def _one_look(self, name: str, look: int, templates: list[Template]) -> float:
        ready = [prepare(Template.from_bytes(template.to_bytes())) for template in templates]
        scores = score_all(f"{name}, look {look + 1}", ready, evidence, _told)
        same = np.zeros(scores.shape, np.bool_)
        for group in self._groups[name]:
            same[np.ix_(group, group)] = True
        genuine, impostor = _upper(scores, same)
        return 100 * eer(genuine, impostor)


def leave_out(
    data_dir: Path, dpi: Mapping[str, float] | None = None, extractor: Extractor | None = None
) -> dict[str, Any]:
    """Each set of `data_dir` judged with constants chosen on the others.

    Returns a dict ready for JSON: left_out.{NAME} and shipped.{NAME}, each with eer_percent (the pictures as they
    are) and eer_percent_of_looks; left_out.{NAME}.chosen (the constants); of both
    mean_eer_percent (the pictures as they are) and mean_eer_percent_of_looks, one figure a look.
    Raises DataError naming the file or folder that cannot be used, ModelMissing without the network.
    """
    sets = Sets(data_dir, dpi or {}, extractor or Extractor(threads=1))
    chosen = {name: choose(sets, [other for other in sets.names if other != name]) for name in sets.names}
    left_out = {name: sets.eer_percent(name, chosen[name]) for name in sets.names}
    shipped = {name: sets.eer_percent(name, ()) for name in sets.names}
    report = {"left_out": _report(left_out), "shipped": _report(shipped)}
    for name in sets.names:
        report["left_out"][name]["chosen"] = {constant: round(value, 4) for constant, value in chosen[name]}
    return report


def choose(sets: Known, names: Sequence[str]) -> Choice:
    """What is best on the sets `names`, over all looks; of equals the first."""
    start = {constant: values[0] for constant, values in FREE.items()}

    def error(constant: str, value: float) -> float:
        choice = tuple({**start, constant: value}.items())
        rates = itertools.chain.from_iterable(sets.eer_percent(name, choice) for name in names)
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


def _upper(scores: Scores, same: NDArray[np.bool_]) -> tuple[Scores, Scores]:
    """Genuine and impostor scores, each pair once."""
    once = np.triu(np.ones(scores.shape, np.bool_), 1)
    return scores[once & same], scores[once & ~same]


def _report(rates: Mapping[str, list[float]]) -> dict[str, Any]:
    own = {
        name: {"eer_percent": round(looks[0], 4), "eer_percent_of_looks": [round(rate, 4) for rate in looks]}
        for name, looks in rates.items()
    }
    means = [round(statistics.fmean(look), 4) for look in zip(*rates.values(), strict=True)]
    return {**own, "mean_eer_percent": means[0], "mean_eer_percent_of_looks": means}


def _told(what: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{what} {done}/{of}   ")


def _set_dpi(text: str) -> tuple[str, float]:
    name, _, dpi = text.rpartition("=")
    return name, float(dpi)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m matching.leave_out", description="Constants chosen elsewhere.")
    parser.add_argument("data", type=Path, metavar="DIR")
    parser.add_argument("--dpi", type=_set_dpi, action="append", default=[], metavar="NAME=DPI")
    args = parser.parse_args()
    try:
        report = leave_out(args.data, dict(args.dpi))
    except MatchingError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
