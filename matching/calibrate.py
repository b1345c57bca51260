"""Measure what evidence between two fingers means, and make matching/fingerprint/fmr_table.py of it.

    python -m matching.calibrate DIR [--dpi NAME=DPI ...] [--write]

DIR holds sets as `hazri-edge bench fingerprint` takes them, best of several sensors. Impostors are tried as people
are identified: three views enrolled, one probes, the best counts; each set against itself and against the others. One
table is of first looks alone, the other of what ships: near misses, as the first table has them, are looked at again in
all the ways there are (`matching.decide`).

The best hundredth of the impostors' evidence falls off as a power of it, with the exponent of Hill (Annals of
Statistics 3, 1975). Comparisons of one finger hang together, so doubt is not in their number but in the fingers: the
whole is repeated with fingers drawn at random, with replacement, and of each rate the evidence is taken that 95 % of
the repetitions stay below.

What the table is worth shows on sensors it has not seen: each set is judged by a table made of the other sets.
"""

import argparse
import functools
import itertools
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.bench import Further, Trial, by_finger, extracted, find_sets, score_all, three_enrolled
from matching.errors import DataError, MatchingError
from matching.fingerprint.calibration import FEW, together
from matching.fingerprint.compare import Prepared, evidence
from matching.fingerprint.parameters import CLEAR_MISS_FMR, DPI
from matching.fingerprint.pipeline import Extractor
from matching.rates import Scores
from matching.second_look import Near, Seen, look_again

FMRS: Final = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
TAIL: Final = 1e-2  # from here on the rates are those of the fitted tail
REPETITIONS: Final = 200
SURE: Final = 0.95  # share of the repetitions that the table covers

Table = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Trials:
    """Evidence between the fingers of several sets; `set_of` says of which set each finger is.

    three[a, b]: trials with three views of finger a enrolled and one of b as probe. single[a]: finger a, one
    view against one. same: pairs of fingers from different sets that are one finger after all.
    """

    set_of: Sequence[str]
    three: Mapping[tuple[int, int], Scores]
    single: Sequence[Scores]
    same: frozenset[tuple[int, int]]

    def impostors(self, fingers: Sequence[int]) -> Scores:
        """The trials with three enrolled between different fingers of `fingers`, in which one may occur twice."""
        pairs = [pair for pair in itertools.permutations(fingers, 2) if pair[0] != pair[1] and pair not in self.same]
        return np.concatenate([self.three[pair] for pair in pairs])


def calibrate(
    data_dir: Path, dpi: Mapping[str, float] | None = None, extractor: Extractor | None = None
) -> dict[str, Any]:
    """The table made of all sets in `data_dir`, and how each set fares under a table made of the others.

    Returns a dict ready for JSON: table and looks_table (pairs of FMR and evidence), trials, fingers, same_finger
    (pairs of sets that share one), shipped.{NAME}, held_apart.{NAME} and, without a second look,
    held_apart_first.{NAME}, each with fmr_percent (three enrolled) and fnmr_percent.{single, three} at an FMR of
    0.01 %; pooled has them over all sets.
    Raises DataError naming the file or folder that cannot be used, ModelMissing without the network.
    """
    once, trials = _trials(data_dir, dpi or {}, extractor or Extractor(threads=1))
    names = sorted(set(trials.set_of))
    everyone = range(len(trials.set_of))
    both = table(trials, everyone)
    return {
        "table": table(once, everyone),
        "looks_table": both,
        "trials": len(trials.impostors(everyone)),
        "fingers": len(everyone),
        "same_finger": [[trials.set_of[a], trials.set_of[b]] for a, b in sorted(trials.same) if a < b],
        "shipped": _rates({name: _judge(trials, name, dict(both)[FEW]) for name in names}),
        "held_apart": _rates(_apart(trials, names)),
        "held_apart_first": _rates(_apart(once, names)),
    }


def _apart(trials: Trials, names: Sequence[str]) -> dict[str, "_Judged"]:
    """Each set under a table made of the others."""
    judged = {}
    for name in names if len(names) > 1 else []:
        others = [finger for finger, of in enumerate(trials.set_of) if of != name]
        judged[name] = _judge(trials, name, dict(table(trials, others))[FEW])
    return judged


def table(trials: Trials, fingers: Sequence[int]) -> list[tuple[float, float]]:
    """FMR and the evidence from which it holds, on the careful side; of `fingers` alone."""
    rng = np.random.default_rng(1)
    draws = [rng.choice(fingers, len(fingers)).tolist() for _ in range(REPETITIONS)]
    repeated = [_quantiles(trials.impostors(draw)) for draw in draws if len(set(draw)) > 1]
    return [(fmr, round(float(at), 5)) for fmr, at in zip(FMRS, np.quantile(repeated, SURE, axis=0), strict=True)]


def _quantiles(impostors: Scores) -> list[float]:
    start = float(np.quantile(impostors, 1 - TAIL))
    if start <= 0:
        raise DataError("too few fingers, or too poor ones, to tell from them what a score means")
    slope = float(np.log(impostors[impostors >= start] / start).mean())
    return [float(np.quantile(impostors, 1 - fmr)) if fmr >= TAIL else start * (TAIL / fmr) ** slope for fmr in FMRS]


@dataclass(frozen=True, eq=False)
class _Judged:
    """Which trials passed."""

    single: NDArray[np.bool_]
    three: NDArray[np.bool_]
    impostor: NDArray[np.bool_]


def _judge(trials: Trials, name: str, threshold: float) -> _Judged:
    own = [finger for finger, of in enumerate(trials.set_of) if of == name]
    single = np.concatenate([trials.single[finger] for finger in own])
    three = np.concatenate([trials.three[finger, finger] for finger in own])
    return _Judged(single >= threshold, three >= threshold, trials.impostors(own) >= threshold)


def _rates(judged: Mapping[str, _Judged]) -> dict[str, Any]:
    if not judged:
        return {}
    parts = judged.values()
    single, three, impostor = (
        np.concatenate([getattr(part, field) for part in parts]) for field in ("single", "three", "impostor")
    )
    return {name: _percent(part) for name, part in (*judged.items(), ("pooled", _Judged(single, three, impostor)))}


def _percent(judged: _Judged) -> dict[str, Any]:
    fmr, single, three = (
        round(100 * float(passed.mean()), 4) for passed in (judged.impostor, ~judged.single, ~judged.three)
    )
    return {"fmr_percent": fmr, "fnmr_percent": {"single": single, "three": three}}


def _trials(data_dir: Path, dpi: Mapping[str, float], engine: Extractor) -> tuple[Trials, Trials]:
    """Of first looks alone, and with the second look."""
    cv2.setNumThreads(1)
    ready: list[Prepared] = []
    groups: list[list[int]] = []
    set_of: list[str] = []
    furthers: list[Further] = []
    for name, views in find_sets(data_dir).items():
        groups += [[len(ready) + place for place in group] for group in by_finger(views)]
        furthers += [Further(views, dpi.get(name, DPI), engine, first=len(ready))] * len(views)
        ready += extracted(name, views, dpi.get(name, DPI), engine, _told)[0]
        set_of += [name] * (len(groups) - len(set_of))
    first = score_all("all sets", ready, evidence, _told)
    once = _tried(Seen(first, first[:0], Near(math.inf), together), groups, set_of)
    rates = dict(table(once, range(len(groups))))
    near = Near(rates[CLEAR_MISS_FMR], rates[FMRS[-1]])
    told = functools.partial(_told, "all sets: look again")
    seen = look_again(first, ready, groups, near, lambda place: furthers[place](place), evidence, together, told)
    return once, _tried(seen, groups, set_of)


def _tried(seen: Seen, groups: Sequence[list[int]], set_of: Sequence[str]) -> Trials:
    def scores(trials: Iterable[Trial]) -> Scores:
        return np.array([seen.score(probe, enrolled) for probe, enrolled in trials])

    pairs = list(itertools.product(range(len(groups)), repeat=2))
    three = {(a, b): scores(three_enrolled(groups[a], groups[b])) for a, b in pairs}
    single = [scores((probe, [other]) for probe, other in itertools.permutations(group, 2)) for group in groups]
    return Trials(set_of, three, single, _same(set_of, three))


def _same(set_of: Sequence[str], three: Mapping[tuple[int, int], Scores]) -> frozenset[tuple[int, int]]:
    """Competitions of different years can have had the same volunteer. Such a pair is seen by this: half of its
    trials reach more than any trial between two fingers of one set.
    """
    highest = max(float(seen.max()) for (a, b), seen in three.items() if a != b and set_of[a] == set_of[b])
    strange = {pair for pair, seen in three.items() if set_of[pair[0]] != set_of[pair[1]] and np.median(seen) > highest}
    return frozenset(strange | {(b, a) for a, b in strange})


def source(report: Mapping[str, Any]) -> str:
    """The module fmr_table.py for `report`."""
    sets = ", ".join(name for name in report["shipped"] if name != "pooled")
    one, looks = (
        "\n".join(f"    ({fmr:.0e}, {at})," for fmr, at in report[name]).replace("e-0", "e-")
        for name in ("table", "looks_table")
    )
    return f'''"""Made by `python -m matching.calibrate DIR --write`, which says how; do not edit.

From {report["trials"]:,} trials of {report["fingers"]} fingers ({sets}).
Measured down to 0.01 %, extrapolated from there.
"""

from typing import Final

TABLE: Final = (
{one}
)
"""FMR and the evidence of one look from which it holds, strictest last."""

LOOKS_TABLE: Final = (
{looks}
)
"""The same for the evidence of all looks together, near misses being looked at again."""
'''


def _told(what: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{what} {done}/{of}   ")


def _set_dpi(text: str) -> tuple[str, float]:
    name, _, dpi = text.rpartition("=")
    return name, float(dpi)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m matching.calibrate", description="What evidence means.")
    parser.add_argument("data", type=Path, metavar="DIR")
    parser.add_argument("--dpi", type=_set_dpi, action="append", default=[], metavar="NAME=DPI")
    parser.add_argument("--write", action="store_true", help="replace matching/fingerprint/fmr_table.py")
    args = parser.parse_args()
    try:
        report = calibrate(args.data, dict(args.dpi))
    except MatchingError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    if args.write:
        (Path(__file__).parent / "fingerprint" / "fmr_table.py").write_text(source(report))
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
