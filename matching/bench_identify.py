"""How fast one finger is found among a whole office, and whether it is found at all.

The gallery: three impressions of every finger of the sets in a folder, and synthetic people to the size that is
asked for. The probes: the sets' other impressions, and another touch of the first synthetic people. What exhaustive
search finds is a probe whose own person scores above the threshold; recall is the share of these that the search
brings up with the same score. Times are CPU times, everything included from the probe's template to the decision.
"""

import functools
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from matching.bench import find_sets, read_picture
from matching.bench_gallery import Person, people, spliced
from matching.errors import DataError, ImageError
from matching.fingerprint.compare import prepare as prepare_finger
from matching.fingerprint.parameters import DPI
from matching.fingerprint.pipeline import Extractor
from matching.identify import THRESHOLD, Candidate
from matching.scoring import prepare, score
from matching.search import Gallery
from matching.template import Template

SIZES = (1_000, 10_000)
ENROLLED = 3
PEOPLE = 3_334  # grown at most: 10,000 templates
Progress = Callable[[str, int, int], None]
"""Told what is done, how many of it, and how many there are."""


@dataclass(frozen=True)
class _Probe:
    """A touch, and whose it is."""

    person: bytes
    template: Template


def bench_identify(
    data_dir: Path | None,
    cache: Path,
    *,
    sizes: Sequence[int] = SIZES,
    grown: int = PEOPLE,
    dpi: Mapping[str, float] | None = None,
    processes: int = 2,
    progress: Progress | None = None,
    extractor: Extractor | None = None,
) -> dict[str, Any]:
    """Measure galleries of `sizes` templates: the sets in `data_dir` (None: none) and synthetic people.

    At most `grown` synthetic fingers are grown, once, and kept as templates in `cache`; what is missing beyond them is
    spliced together of their minutiae. `dpi` names the sets that are not 500 dpi. Nothing of `data_dir` is kept.

    Returns a dict ready for JSON, with a figure for each size: recall_percent, templates_per_s, probe_cpu_ms, probes,
    found (of them, by exhaustive search), strangers (probes to which somebody else scored above the threshold),
    prepare_gallery_s, and of what the gallery is made: real, grown, spliced (templates); and peak_rss_mb.
    Raises DataError naming what cannot be used, ModelMissing without the network.
    """
    cv2.setNumThreads(1)
    told = progress or (lambda *_: None)
    enrolled, probes = _real(data_dir, dpi or {}, extractor, told) if data_dir else ({}, [])
    wanted = -(-max(sizes) // ENROLLED)
    synthetic = people(max(1, min(grown, wanted)), cache, processes=processes, progress=told)
    probes += [_Probe(_name(n), person.probe) for n, person in enumerate(synthetic) if person.probe]
    filled = [*synthetic, *spliced(synthetic, max(0, wanted - len(synthetic)))]
    report: dict[str, Any] = {}
    for size in sizes:
        candidates = _candidates(enrolled, filled, size)
        figures = _measure(candidates, probes, functools.partial(told, f"{size} templates: identify"))
        for name, value in (figures | _made_of(candidates, enrolled, len(synthetic))).items():
            report.setdefault(name, {})[str(size)] = value
    return report | {"peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)}


def _real(
    data_dir: Path, dpi: Mapping[str, float], extractor: Extractor | None, told: Progress
) -> tuple[dict[bytes, tuple[Template, ...]], list[_Probe]]:
    """The first impressions of every finger to enrol, the others to probe with."""
    engine = extractor or Extractor(threads=1)
    sets = find_sets(data_dir)
    if unknown := set(dpi) - set(sets):
        raise DataError(f"no set is called {', '.join(sorted(unknown))}; there are {', '.join(sets)}")
    taken: dict[bytes, list[Template]] = {}
    for name, views in sets.items():
        for done, view in enumerate(views, 1):
            try:
                template = engine.extract(read_picture(view.file), dpi.get(name, DPI))
            except ImageError as cause:
                raise DataError(f"{view.file}: {cause}") from cause
            taken.setdefault(f"{name}/{view.finger}".encode(), []).append(template)
            told(f"{name}: extract", done, len(views))
    enrolled = {person: tuple(own[:ENROLLED]) for person, own in taken.items()}
    return enrolled, [_Probe(person, template) for person, own in taken.items() for template in own[ENROLLED:]]


def _candidates(enrolled: Mapping[bytes, Sequence[Template]], filled: Sequence[Person], size: int) -> list[Candidate]:
    """The enrolled, then synthetic people, `size` templates in all."""
    everybody = [Candidate(person, own) for person, own in enrolled.items()]
    everybody += [Candidate(_name(n), person.templates) for n, person in enumerate(filled)]
    taken: list[Candidate] = []
    left = size
    for candidate in everybody:
        if left <= 0:
            break
        taken.append(Candidate(candidate.person, candidate.templates[:left]))
        left -= len(candidate.templates)
    return taken


def _measure(
    candidates: Sequence[Candidate], probes: Sequence[_Probe], told: Callable[[int, int], None]
) -> dict[str, float]:
    start = time.process_time()
    gallery = Gallery(candidates)
    prepare_s = time.process_time() - start
    probed = {probe.person for probe in probes}
    own = {one.person: [prepare(t) for t in one.templates] for one in candidates if one.person in probed}
    cpu_s: list[float] = []
    found = recalled = strangers = 0
    for done, probe in enumerate(probes, 1):
        start = time.process_time()
        gallery.decide(probe.template)
        cpu_s.append(time.process_time() - start)
        ready = prepare_finger(probe.template)
        scores = gallery.scores(ready)
        mates = own.get(probe.person, [])
        exhaustive = max((score(ready, mate) for mate in mates if mate), default=0.0)
        if exhaustive >= THRESHOLD:
            found += 1
            recalled += scores.get(probe.person, 0.0) == exhaustive
        strangers += any(value >= THRESHOLD for person, value in scores.items() if person != probe.person)
        told(done, len(probes))
    if not found:
        raise DataError(f"none of {len(probes)} probes scores {THRESHOLD} with its own person: nothing to recall")
    mean_s = statistics.fmean(cpu_s)
    return {
        "recall_percent": round(100 * recalled / found, 2),
        "templates_per_s": round(len(gallery) / mean_s),
        "probe_cpu_ms": round(1e3 * mean_s, 1),
        "strangers": strangers,
        "probes": len(probes),
        "found": found,
        "prepare_gallery_s": round(prepare_s, 1),
    }


def _made_of(
    candidates: Sequence[Candidate], enrolled: Mapping[bytes, Sequence[Template]], grown: int
) -> dict[str, int]:
    names = {_name(n) for n in range(grown)}
    kinds = ["real" if one.person in enrolled else "grown" if one.person in names else "spliced" for one in candidates]
    sizes = [len(one.templates) for one in candidates]
    return {
        kind: sum(size for size, is_a in zip(sizes, kinds, strict=True) if is_a == kind)
        for kind in ("real", "grown", "spliced")
    }


def _name(place: int) -> bytes:
    return f"synthetic/{place}".encode()
