"""The server's word on the time, from where sync left it to the log: checked here once more, because the sync process
is not believed in what only the server can say (S10)."""

from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.record.journal import Journal
from sync import ChainError
from sync.anchor import Anchor, check
from sync.asker import since_boot_ms
from sync.word import Verifier


class Anchoring:
    """Used by the terminal's one thread."""

    def __init__(
        self, journal: Journal, terminal: str, server_key: Verifier, report: Report, troubles: Troubles
    ) -> None:
        self._journal, self._report, self._troubles = journal, report, troubles
        self._terminal, self._key = terminal, server_key
        self._refused: Anchor | None = None

    def look(self, anchor: Anchor | None) -> None:
        """Record what is in roster.db where it is of this boot and news. Raises StorageError."""
        if anchor is None or anchor.question.boot_id != self._journal.boot or anchor == self._refused:
            return
        known = self._journal.history.anchor
        if known is not None and anchor.question.asked_ms <= known.question.asked_ms:
            return
        try:
            check(self._key, self._terminal, anchor, since_boot_ms())
        except ChainError as error:
            self._refused = anchor
            self._troubles.found("anchor", str(error))
            return
        off_ms = self._journal.clock.wall_offset_ms() - anchor.offset_ms
        self._journal.anchor(anchor)
        self._troubles.mended("anchor")
        self._report.say("anchor", bound_ms=anchor.bound_ms, own_clock_off_ms=off_ms)
