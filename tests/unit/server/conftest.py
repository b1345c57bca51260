from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.server.aggregator import Aggregator, aggregator


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Aggregator]:
    """An aggregator that ingests over a loopback link."""
    with aggregator(tmp_path) as one:
        yield one
