"""What is wrong just now, said when it begins, when it changes and when it is over, and not in between."""

from edge.health.report import Report


class Troubles:
    """One reason for each thing that can be wrong; each change is one `trouble` event."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._reasons: dict[str, str] = {}

    def found(self, what: str, reason: str) -> None:
        if self._reasons.get(what) != reason:
            self._reasons[what] = reason
            self._report.say("trouble", what=what, reason=reason)

    def mended(self, what: str) -> None:
        if self._reasons.pop(what, None) is not None:
            self._report.say("trouble", what=what, over=True)
