from collections.abc import Iterator
from pathlib import Path

import pytest

from server.ledger.store import Ledger
from tests.databases import DATABASES, fresh_url
from tests.unit.server.aggregator import Aggregator, aggregator


@pytest.fixture(scope="module", params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Whoever asks for it runs once on each."""
    kind: str = request.param
    return kind


@pytest.fixture
def running(tmp_path: Path, database: str) -> Iterator[Aggregator]:
    """An aggregator that ingests over a loopback link."""
    with aggregator(tmp_path, fresh_url(database)) as one:
        yield one


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = Ledger(fresh_url(database) or f"sqlite:///{tmp_path / 'ledger.db'}")
    yield one
    one.close()
