"""The guiding hand of an enrolment: what is shown, what the clerk is told, and the one reading that answers it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.base import Advice, DeviceTemplate, Matched, Recognition, Retry, Scan
from edge import EnrolmentRefused
from edge.people import refusals
from edge.people.onmodule import Job
from edge.session.states import Ask, EnrolFace, EnrolPlace, LookAtCamera, State
from edge.terminal import Terminal

Tell = Callable[[dict[str, object]], None]
Taken = Scan | Recognition | Retry | Matched | DeviceTemplate


class FingerRefused(EnrolmentRefused):
    """This finger will not do; another may."""


@dataclass(frozen=True, slots=True)
class Guide:
    """`tell` hears of each step; `gone` says that nobody listens any more."""

    terminal: Terminal
    tell: Tell
    gone: Callable[[], bool]

    def finger(self, finger: int, view: int, views: int, advice: Advice | None, job: Job | None = None) -> Taken:
        """One touch. Raises EnrolmentRefused when nobody came, or it is given up."""
        until_s = time.monotonic() + 2 * self.terminal.rules.finger_timeout_s
        self._advise(advice)
        self.tell({"event": "place", "view": view, "views": views, "finger": finger})
        lying = False
        while True:
            self.terminal.show(EnrolPlace(view, views, advice, finger), job)
            reading = self.terminal.read(until_s - time.monotonic(), self.gone)
            if reading is None:
                raise EnrolmentRefused(refusals.NO_FINGER_CAME)
            if reading != Retry(Advice.LIFT):
                return reading
            advice = Advice.LIFT  # of the finger before: it is no further try
            if not lying:
                self._advise(advice)
            lying = True

    def _advise(self, advice: Advice | None) -> None:
        if advice:
            self.tell({"event": "advice", "advice": str(advice)})

    def frame(self, view: int, views: int, advice: Advice | None, until_s: float) -> Scan | Retry:
        """One frame of the face. Raises EnrolmentRefused after `until_s`, or when it is given up."""
        return self._frame(EnrolFace(view, views, advice), {"event": "look", "view": view, "views": views}, until_s)

    def moving(self, ask: Ask | None, until_s: float) -> Scan | Retry:
        """One frame of a face that is asked to move; raises as above."""
        return self._frame(LookAtCamera(None, ask), {"event": "ask", "ask": str(ask or "")}, until_s)

    def _frame(self, state: State, said: dict[str, object], until_s: float) -> Scan | Retry:
        if self.terminal.session.state == state:
            self.terminal.again()
        else:
            self.terminal.show(state)
            self.tell({**said, "advice": str(getattr(state, "advice", None) or "")})
        reading = self.terminal.read(max(0.0, until_s - time.monotonic()), self.gone)
        if reading is None:
            raise EnrolmentRefused(refusals.NO_FACE_CAME)
        return reading if isinstance(reading, Scan | Retry) else Retry(Advice.HOLD_STILL)
