"""What the web part is given; it makes nothing of its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from server.feed import Feed
from server.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class Services:
    """`problems()` lists what keeps the aggregator from working, in words; `stopping` ends the live streams."""

    ledger: Ledger
    feed: Feed
    problems: Callable[[], list[str]]
    stopping: threading.Event = field(default_factory=threading.Event)
