"""What the web part is given; it makes nothing of its own."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from server.access.employees import OneTimePasswords
from server.carried import Hatch
from server.feed import Feed
from server.fleet.claims import Desk
from server.ledger.store import Ledger
from server.people.registration import Vaults
from server.web.tiles import Tiles


@dataclass(frozen=True, slots=True)
class Registry:
    """What people are taken in with: the vaults, and the key their photographs are wrapped for."""

    vaults: Vaults
    template: X25519PrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Services:
    """`problems()` lists what keeps the aggregator from working, in words; `stopping` ends the live streams.

    `vault` is the vault key: second factors are sealed under it. Without one a key of this process alone is taken, and
    what was sealed cannot be opened after it.
    """

    ledger: Ledger
    feed: Feed
    problems: Callable[[], list[str]]
    vault: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    codes: OneTimePasswords | None = None  # none: employees cannot log in
    desk: Desk | None = None  # none: no machine is let in here
    hatch: Hatch | None = None  # none: nothing is handed in here
    registry: Registry | None = None  # none: nobody is registered here
    releases: Path | None = None  # none: no software is given out here
    tiles: Tiles | None = None  # none: the map has nothing behind it
    stopping: threading.Event = field(default_factory=threading.Event)
