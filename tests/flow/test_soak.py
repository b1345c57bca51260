"""The short form of `make soak`: one terminal with every device, everybody one after the other, nothing grows."""

import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.flow.test_terminal_faces import NETWORKS, NOT_TRIED
from tests.soak.measure import Sample, growth
from tests.soak.run import Plan, Soak

SHORT = Plan(sessions=60, a_minute=0, warm_up=20, kb_per_1000=0, kb=24_000)
TOGETHER = ("virtual", "zfm", "gt521f", "uru4000", "libfprint", "http_capture", "camera", "camera_net", "zk", "adms")
BY_THEMSELVES = ("libfprint_match",)  # readers that compare: with them, everybody would be enrolled on each


@pytest.mark.parametrize("names", [TOGETHER, BY_THEMSELVES], ids=["together", "by themselves"])
def test_a_terminal_with_every_device_serves_everybody_and_nothing_grows(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    """S9: what runs for months must hold what it held on its first day; R6.2: old machines beside it."""
    if not NETWORKS:
        print(NOT_TRIED, file=sys.stderr)  # noqa: T201
    with closing(Soak(tmp_path, names)) as soak:
        soak.open()
        result = soak.run(SHORT, lambda _what, _done, _of: None)
    assert not result.trouble, f"{result.trouble}; {dict(result.outcomes)}"


def samples(*held: tuple[int, int, int]) -> list[Sample]:
    return [Sample(at, 0.0, kb, threads, files) for at, (kb, threads, files) in enumerate(held)]


@pytest.mark.parametrize(
    ("held", "grows"),
    [
        (samples(*[(50_000, 9, 30)] * 30), ""),
        (samples(*[(50_000 + 100 * n, 9, 30) for n in range(60)]), "memory"),
        (samples(*[(50_000, 9 + n // 10, 30) for n in range(60)]), "threads"),
        (samples(*[(50_000, 9, 30 + n // 10) for n in range(60)]), "files"),
        (samples(*[(50_000, 9 + n % 2, 30 + n % 3) for n in range(60)]), ""),
    ],
)
def test_what_grows_is_seen_to_grow(held: list[Sample], grows: str) -> None:
    assert grows in growth(held, 5).trouble(1024, 1024)
    assert bool(growth(held, 5).trouble(1024, 1024)) is bool(grows)
