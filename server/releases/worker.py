"""Keeps the releases going without anybody: says daily that they are the newest, and looks at the rings hourly.

Where no repository was made there is nothing to do, and The Update Framework is not even loaded.
"""

import datetime as dt
import logging
from pathlib import Path

from server.ledger.store import Ledger, now_ms
from server.releases.files import METADATA, turn
from server.releases.reports import reports
from server.releases.rollout import Report, Rollouts
from server.threads import Rounds

log = logging.getLogger("hazri.releases")

_HOUR_S = 3600.0
_SOON = dt.timedelta(days=60)
"""So long before what holders signed ends the log says so, daily: people have to meet for it."""


class Releases(Rounds):
    """`folder`: see server.releases."""

    def __init__(self, ledger: Ledger, folder: Path, rest_s: float = _HOUR_S) -> None:
        super().__init__("releases", rest_s)
        self._ledger, self._folder = ledger, folder

    def round(self) -> None:
        """Raises ReleaseError, LedgerError. The time is signed first: it matters to those who update nothing, too."""
        if not (self._folder / METADATA).exists():
            return
        from server.releases.repository import Repository

        told = self._told()
        with turn(self._folder):
            repository = Repository(self._folder)
            if repository.keep_fresh():
                log.info("releases=fresh")
                _warn(repository.ends())
            rollouts = Rollouts(repository)
            before = rollouts.all()
            for name, (one, _) in rollouts.advance(lambda: told, now_ms()).items():
                if (one.state, one.percent) != (before[name].state, before[name].percent):
                    log.info("district=%s release=%s rollout=%s percent=%d", name, one.version, one.state, one.percent)

    def _told(self) -> list[Report]:
        with self._ledger.read() as connection:
            return list(reports(connection))


def _warn(ends: dict[str, dt.datetime]) -> None:
    for role, end in ends.items():
        left = end - dt.datetime.now(dt.UTC)
        if left < _SOON:
            log.warning("releases=%s days_left=%d mend=release_keys_--renew", role, left.days)
