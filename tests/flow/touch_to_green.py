"""From the touch to green in the terminal's own process: `python -m tests.flow.touch_to_green [PUNCHES]`.

Five people share their digits and have three templates each, of synthetic fingers of 256 × 288 pixels; the time is
from the picture's arrival to the punch on disk, as the terminal says it with each outcome. On a machine that does other
things besides, the second figure says more: the processor time of the terminal's one thread from the first key to the
outcome. Prints one line.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from drivers.base import Modality, Scan
from edge.people.look import FingerLook
from matching.synthetic import generate
from sync.seal import seal_template
from sync.wire import SealedTemplate
from tests.flow.terminal_site import TERMINAL, Site, person

PEOPLE, VIEWS, ROWS, COLUMNS = 5, 3, 288, 256
DIGITS = "654321"


def measure(folder: Path, punches: int) -> tuple[list[float], list[float]]:
    """Milliseconds from touch to green, and of processor time, of each punch that was accepted.

    The first, in which templates are opened and prepared, is among them.
    """
    generate(PEOPLE, 2 * VIEWS, 11, folder / "fingers")
    pictures = {(p, n): folder / "fingers" / f"{100 + p}_{n}.png" for p in range(1, PEOPLE + 1) for n in range(1, 7)}
    for path in pictures.values():
        cv2.imwrite(str(path), _middle(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)))
    site = Site(folder, policy="debounce_s = 0\ndone_s = 0.2\nlockout_failures = 50\n")
    look = FingerLook(None)
    site.people(*(site.authority.entry(person(p), DIGITS, _enrolled(site, look, p, pictures)) for p in _people()))
    site.start()
    waited_ms, spent_ms = [], []
    try:
        for p, n in (_turn(k) for k in range(punches)):
            before_ms = _spent_ms(site)
            seen = site.punch(DIGITS, pictures[p, n])
            if seen["outcome"] == "accepted":
                waited_ms.append(seen["touch_to_green_ms"])
                spent_ms.append(_spent_ms(site) - before_ms)
    finally:
        site.stop()
        site.roster.close()
    return waited_ms, spent_ms


def _spent_ms(site: Site) -> float:
    """Processor time of the terminal's first thread so far (Linux, Documentation/scheduler/sched-stats)."""
    assert site.process is not None
    pid = site.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e6


def _people() -> range:
    return range(1, PEOPLE + 1)


def _turn(k: int) -> tuple[int, int]:
    """Everybody in turn, with the impressions that were not enrolled."""
    return 1 + k % PEOPLE, VIEWS + 1 + k // PEOPLE % VIEWS


def _enrolled(site: Site, look: FingerLook, p: int, pictures: dict[tuple[int, int], Path]) -> list[SealedTemplate]:
    sealed = []
    for n in range(1, VIEWS + 1):
        image = np.asarray(cv2.imread(str(pictures[p, n]), cv2.IMREAD_GRAYSCALE), np.uint8)
        template, _ = look(Scan(image, 500, Modality.FINGER))
        by = site.authority.template
        sealed.append(seal_template(site.authority.seal, TERMINAL, person(p), 1, n, template.to_bytes(), by))
    return sealed


def _middle(image: np.ndarray | None) -> np.ndarray:
    """The middle of a picture on a sensor of 256 × 288; white where it does not reach."""
    assert image is not None
    out = np.full((ROWS, COLUMNS), 255, np.uint8)
    rows, columns = min(ROWS, image.shape[0]), min(COLUMNS, image.shape[1])
    top, left = (image.shape[0] - rows) // 2, (image.shape[1] - columns) // 2
    y, x = (ROWS - rows) // 2, (COLUMNS - columns) // 2
    out[y : y + rows, x : x + columns] = image[top : top + rows, left : left + columns]
    return out


def line(waited_ms: list[float], spent_ms: list[float], punches: int) -> str:
    return (
        f"touch to green, {PEOPLE} candidates × {VIEWS} templates, {COLUMNS} × {ROWS}: {_spread(waited_ms)}; "
        f"processor time {_spread(spent_ms)}; {len(waited_ms)} of {punches} punches accepted"
    )


def _spread(times_ms: list[float]) -> str:
    return f"p50 {statistics.median(times_ms):.0f} p95 {float(np.percentile(times_ms, 95)):.0f} ms"


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as name:
        sys.stdout.write(line(*measure(Path(name), wanted), wanted) + "\n")
