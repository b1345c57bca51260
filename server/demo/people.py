"""The demo's people: invented names and digits, fingers from pictures, and the plans by which they enrol and punch."""

import random
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server import DemoError

ENROL_IMPRESSIONS = (1, 2, 3)
RIGHT_THUMB = 1
_PICTURE = re.compile(r"(\d+)_(\d+)\.png")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist; the name says so."""

    name: str
    digits: str


@dataclass(frozen=True, slots=True)
class Picture:
    impression: int
    path: Path


def invent(n: int, seed: int) -> list[Person]:
    """n people; the first four are two pairs that share their six digits (S5), the last begins with zeros (R1.2)."""
    rng = random.Random(seed)  # noqa: S311 - nobody's digits
    digits = [f"{number:06d}" for number in rng.sample(range(100_000, 1_000_000), n)]
    for one, other in ((0, 1), (2, 3)):
        if n > other:
            digits[other] = digits[one]
    if n > 4:
        digits[-1] = f"{rng.randrange(1, 1000):06d}"
    return [Person(f"Sample {i:02d} नमूना", d) for i, d in enumerate(digits, 1)]


def synthesise(out: Path, people: int, impressions: int, seed: int) -> Path:
    """Grow synthetic fingers with the terminal's own generator. Raises DemoError."""
    command = [sys.executable, "-m", "edge", "synth", "--people", str(people), "--impressions", str(impressions)]
    done = subprocess.run([*command, "--seed", str(seed), "--out", str(out)], stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise DemoError("the synthetic fingers could not be made; the reason is above")
    return out


def fingers(folder: Path) -> dict[int, list[Picture]]:
    """The pictures of each finger, <finger>_<impression>.png as in FVC2002_DB1_B. Raises DemoError."""
    found: dict[int, list[Picture]] = {}
    try:
        for path in sorted(folder.iterdir()):
            if match := _PICTURE.fullmatch(path.name):
                found.setdefault(int(match[1]), []).append(Picture(int(match[2]), path.resolve()))
    except OSError as error:
        raise DemoError(f"{folder}: {error.strerror}") from None
    for finger, pictures in found.items():
        pictures.sort(key=lambda p: p.impression)
        missing = set(ENROL_IMPRESSIONS) - {p.impression for p in pictures}
        if missing:
            names = ", ".join(f"{finger}_{n}.png" for n in sorted(missing))
            raise DemoError(f"{folder}: {names} not there; impressions 1 to 3 of every finger enrol")
        if len(pictures) <= len(ENROL_IMPRESSIONS):
            raise DemoError(f"{folder}: finger {finger} has {len(pictures)} pictures; three enrol, more punch")
    if len(found) < 2:
        raise DemoError(f"{folder}: expected pictures named <finger>_<impression>.png of two fingers or more")
    return dict(enumerate(found.values()))


def enrolments(refs: list[str], pictures: dict[int, list[Picture]]) -> list[dict[str, Any]]:
    """The first three impressions of everybody."""
    return [
        {
            "person": ref,
            "finger": RIGHT_THUMB,
            "pictures": [str(p.path) for p in pictures[i] if p.impression in ENROL_IMPRESSIONS],
        }
        for i, ref in enumerate(refs)
    ]


def punches(people: list[Person], pictures: dict[int, list[Picture]], part: int, parts: int) -> list[dict[str, Any]]:
    """One terminal's share of the punches: every other impression as oneself, and every finger as somebody else too."""
    rng = random.Random(part)  # noqa: S311 - nobody's secrets
    steps = []
    for i, person in enumerate(people):
        others = [p for p in people if p.digits != person.digits]
        for n, picture in enumerate(p for p in pictures[i] if p.impression not in ENROL_IMPRESSIONS):
            steps.append(_step(person.digits, picture, "genuine", rng))
            if n % 2 == 0:
                steps.append(_step(others[(i + n) % len(others)].digits, picture, "impostor", rng))
    random.Random(parts).shuffle(steps)  # noqa: S311 - the same order for every terminal, so that shares do not overlap
    return steps[part::parts]


def owners(plan: list[dict[str, Any]], refs: list[str], pictures: dict[int, list[Picture]]) -> list[str]:
    """Whose finger each punch of a plan is. Kept here and never in the plan: whoever plays it must not know."""
    whose = {str(picture.path): refs[i] for i, found in pictures.items() for picture in found}
    return [whose[step["picture"]] for step in plan]


def _step(digits: str, picture: Picture, expect: str, rng: random.Random) -> dict[str, Any]:
    return {"digits": digits, "picture": str(picture.path), "expect": expect, "pause_ms": rng.randrange(400, 1200)}
