"""Ten thousand templates of fingers that nobody has, made once and kept as templates.

A finger takes a third of a second to grow and each touch of it about as long to take in: a gallery of 10,000
is an hour of one core. It is made in blocks of people, each block one file of the cache, so that a stopped run
goes on where it was. Only synthetic fingers ever come here.
"""

import multiprocessing
import struct
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from matching.errors import DataError, TemplateError
from matching.fingerprint.pipeline import ALGORITHM, VERSION, Extractor
from matching.minutiae import Minutiae, cells, pack
from matching.synthetic import finger, impression
from matching.synthetic.generate import finger_seeds
from matching.template import Format, Modality, Template

BLOCK = 20  # people a file
ENROLLED = 3  # touches of each that make up the gallery
PROBED_BLOCKS = 5  # the people of these first blocks touch once more
SEED = 20

Progress = Callable[[str, int, int], None]
"""Told what is done, how many of it, and how many there are."""


@dataclass(frozen=True)
class Person:
    """One synthetic finger: the enrolled templates, and one of another touch for the first hundred people."""

    templates: tuple[Template, ...]
    probe: Template | None


def people(count: int, cache: Path, *, processes: int = 2, progress: Progress | None = None) -> list[Person]:
    """The first `count` synthetic people, from the files in `cache`; those that are missing are made and kept there.

    Person n is the same however many are asked for. Raises DataError when `cache` cannot be written,
    ModelMissing without the network.
    """
    blocks = range(-(-count // BLOCK))
    missing = [block for block in blocks if not _file(cache, block).exists()]
    if missing:
        _make(missing, len(blocks), cache, processes, progress or (lambda *_: None))
    return [person for block in blocks for person in _read(_file(cache, block), block)][:count]


def spliced(grown: Sequence[Person], count: int) -> Iterator[Person]:
    """`count` people put together of the upper half of one grown finger and the lower half of another, mirrored or not.

    For filling a gallery in no time: about as hard to tell from a probe as other fingers, and never probed themselves,
    nor, where there is a choice, made of a finger that probes.
    """
    grown = [person for person in grown if person.probe is None] or grown
    n = len(grown)
    for place in range(count):
        upper, step = place % n, 1 + place // n
        lower = grown[(upper + step) % n]
        pairs = zip(grown[upper].templates, lower.templates, strict=True)
        yield Person(tuple(_splice(a, b, mirrored=step % 2 == 0) for a, b in pairs), None)


def make_block(block: int, cache: Path, size: int) -> None:
    """Make the `size` people of one block and write their file, whole or not at all."""
    cv2.setNumThreads(1)
    engine = Extractor(threads=1)
    seeds = finger_seeds(SEED, (block + 1) * size)[block * size :]
    templates = [
        engine.extract(impression(master, touch))
        for master in map(finger, seeds)
        for touch in range(1, ENROLLED + _probes(block) + 1)
    ]
    whole = _file(cache, block)
    part = whole.with_suffix(".part")
    part.write_bytes(b"".join(struct.pack(">H", len(data)) + data for data in (t.to_bytes() for t in templates)))
    part.replace(whole)


def _splice(upper: Template, lower: Template, *, mirrored: bool) -> Template:
    a, b = upper.minutiae, lower.minutiae
    width, height = max(a.width, b.width), max(a.height, b.height)
    top, bottom = np.flatnonzero(a.y < height / 2), np.flatnonzero(b.y >= height / 2)
    b_x, b_direction = (b.width - 1 - b.x, (3 * np.pi - b.direction) % (2 * np.pi)) if mirrored else (b.x, b.direction)
    contact = np.zeros((cells(height), cells(width)), np.bool_)
    for mask in (a.contact, b.contact[:, ::-1] if mirrored else b.contact):
        contact[: mask.shape[0], : mask.shape[1]] |= mask
    whole = Minutiae(
        x=np.concatenate([a.x[top], b_x[bottom]]),
        y=np.concatenate([a.y[top], b.y[bottom]]),
        direction=np.concatenate([a.direction[top], b_direction[bottom]]).astype(np.float32),
        ending=np.concatenate([a.ending[top], b.ending[bottom]]),
        quality=np.concatenate([a.quality[top], b.quality[bottom]]),
        contact=contact,
        width=width,
        height=height,
    )
    return Template(Format.MINUTIAE, upper.algorithm, upper.version, Modality.FINGER, pack(whole))


def _make(missing: list[int], of: int, cache: Path, processes: int, told: Progress) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
            jobs = [pool.submit(make_block, block, cache, BLOCK) for block in missing]
            for done, job in enumerate(as_completed(jobs), of - len(missing) + 1):
                job.result()
                told("synthetic gallery", done * BLOCK, of * BLOCK)
    except OSError as cause:
        raise DataError(f"{cache} cannot be written: {cause.strerror or cause}") from cause


def _read(file: Path, block: int) -> Iterator[Person]:
    touches = ENROLLED + _probes(block)
    try:
        templates = [Template.from_bytes(part) for part in _parts(file.read_bytes())]
    except OSError as cause:
        raise DataError(f"{file} cannot be read: {cause.strerror}") from cause
    except (TemplateError, struct.error) as cause:
        raise DataError(f"{file} is damaged ({cause}): delete it, it will be made anew") from cause
    if len(templates) != BLOCK * touches:
        raise DataError(f"{file} has {len(templates)} templates, not {BLOCK * touches}: delete it")
    for start in range(0, len(templates), touches):
        own = templates[start : start + touches]
        yield Person(tuple(own[:ENROLLED]), own[ENROLLED] if touches > ENROLLED else None)


def _parts(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


def _probes(block: int) -> int:
    return 1 if block < PROBED_BLOCKS else 0


def _file(cache: Path, block: int) -> Path:
    return cache / f"{ALGORITHM}-{VERSION}-seed-{SEED}-{block:04d}.bin"
