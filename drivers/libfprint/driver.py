"""A reader behind libfprint's helper, as a Driver: one that hands over pictures, and one that matches by itself.

libfprint ends a capture when the finger has gone, so a Reading comes then. What was asked for goes on when nobody came
in time: the reader stays lit, as long as it is asked again soon.
"""

import base64
import threading
import time
from collections.abc import Collection, Sequence

import numpy as np

from drivers import DeviceGone, ProtocolError
from drivers.base import Advice, DeviceTemplate, Feature, Info, Matched, Modality, Reading, Retry, Scan
from drivers.libfprint import codec
from drivers.libfprint.codec import Event
from drivers.libfprint.process import Process

_OPEN_S = 15.0  # an interpreter starts, libfprint looks at every USB device
_ANSWER_S = 5.0
_SLICE_S = 0.2
_LINGER_S = 3.0  # how long a reader stays lit for the next who asks


class _Helped:
    """What both have in common: the helper, opened and closed from any thread."""

    matches = False

    def __init__(self, python: str, device: str, patience: float) -> None:
        self._python, self._device = python, device
        self._open_s, self._answer_s = _OPEN_S * patience, _ANSWER_S * patience
        self._process: Process | None = None
        self._about = Event("open", {})
        self._using = threading.RLock()
        self._closing = threading.Event()

    def open(self) -> None:
        with self._using:
            if self._process is not None:
                return
            self._closing.clear()
            process = Process(self._python)
            try:
                process.say("open", device=self._device, match=self.matches)
                self._about = process.answer("open", self._open_s)
            except (DeviceGone, ProtocolError) as error:
                process.end()
                raise DeviceGone(str(error)) from None
            self._process = process

    def close(self) -> None:
        self._closing.set()
        with self._using:
            self._drop()

    def info(self) -> Info:
        with self._using:
            self._opened()
            details = {"driver": self._about.text("driver"), "by": "libfprint"}
            return Info(self._about.text("name"), details=details)

    def _ask(self, do: str, timeout_s: float, late: Collection[str] = (), **fields: object) -> Event | None:
        """What comes of it, None when nothing in time. It is then still being done, for a while.

        `late`: kinds of events that count although they came before we asked again.
        """
        until = time.monotonic() + timeout_s
        try:
            process = self._opened()
            process.say(do, for_s=timeout_s + _LINGER_S, **fields)
            early = self._until_waiting(process, late)
            if early is not None:
                return early
            while True:
                left = until - time.monotonic()
                event = process.next(max(0.0, min(left, _SLICE_S)))
                self._check_open()
                if event is not None and event.kind != "idle":
                    return self._checked(event)
                if event is None and left <= 0:
                    return None
        except DeviceGone:
            self._drop()
            raise

    def _until_waiting(self, process: Process, late: Collection[str]) -> Event | None:
        """Hear that the helper waits; the last of what it said before that and that counts, if anything."""
        came = None
        until = time.monotonic() + self._answer_s
        while (event := process.next(max(0.0, until - time.monotonic()))) is not None:
            if event.kind == "waiting":
                return came
            if self._checked(event).kind in late:
                came = event
        raise DeviceGone("the helper does not answer")

    def _checked(self, event: Event) -> Event:
        if event.kind == "failed":
            raise codec.failure(event)
        return event

    def _stop(self) -> None:
        """Nothing is being done any more, and what came of it is forgotten."""
        process = self._opened()
        process.say("cancel")
        until = time.monotonic() + self._answer_s
        while (event := process.next(max(0.0, until - time.monotonic()))) is not None:
            if event.kind == "idle":
                return
        raise DeviceGone("the helper does not answer")

    def _opened(self) -> Process:
        if self._process is None:
            raise DeviceGone("the reader is closed")
        return self._process

    def _check_open(self) -> None:
        if self._closing.is_set():
            raise DeviceGone("the reader was closed")

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()


class Capturing(_Helped):
    """See drivers.base.Driver. `dpi`: 0 for what is known of the reader."""

    features = Feature.IMAGE

    def __init__(self, python: str, device: str = "any", dpi: int = 0, patience: float = 1.0) -> None:
        super().__init__(python, device, patience)
        self._dpi = dpi

    def read(self, timeout_s: float) -> Reading | None:
        with self._using:
            event = self._ask("capture", timeout_s, ("image", "retry"))
            if event is None:
                return None
            if event.kind == "retry":
                return Retry(codec.advice(event))
            if event.kind != "image":
                raise ProtocolError(f"the helper: {event.kind} where an image was expected")
            rows, columns = codec.size(event)
            image = np.frombuffer(event.raw, np.uint8).reshape(rows, columns).copy()
            return Scan(image, codec.dpi(event, self._about.text("driver"), self._dpi), Modality.FINGER)


class Matching(_Helped):
    """See drivers.base.Driver and Matcher. A score is 1 (the reader says it is the same finger) or 0.

    A finger is enrolled in several touches: `take` answers Retry after each but the last. Readers that keep their
    templates themselves hand over what finds them again: such a template is of use to that one reader.
    """

    features = Feature.MATCH
    matches = True
    threshold = 1

    def __init__(self, python: str, device: str = "any", patience: float = 1.0) -> None:
        super().__init__(python, device, patience)

    @property
    def family(self) -> str:
        return f"libfprint:{self._about.text('driver')}:{self._about.text('id')}"

    def read(self, timeout_s: float) -> Reading | None:
        """Nothing, after `timeout_s`: who was there is asked by `match`. Raises DeviceGone when the reader goes."""
        with self._using:
            until = time.monotonic() + timeout_s
            while (left := until - time.monotonic()) > 0:
                try:
                    event = self._opened().next(min(left, _SLICE_S))
                    self._check_open()
                    if event is not None:
                        self._checked(event)
                except DeviceGone:
                    self._drop()
                    raise
            self._opened()
            return None

    def take(self, timeout_s: float) -> DeviceTemplate | Retry | None:
        with self._using:
            event = self._ask("enrol", timeout_s, ("stage", "print", "retry"))
            match event:
                case None:
                    return None
                case Event(kind="retry"):
                    return Retry(codec.advice(event))
                case Event(kind="stage"):
                    return Retry(Advice.PLACE_AGAIN)
                case Event(kind="print"):
                    return DeviceTemplate(self.family, codec.pack(event.raw))
            raise ProtocolError(f"the helper: {event.kind} where a template was expected")

    def match(self, candidates: Sequence[DeviceTemplate], timeout_s: float) -> Matched | Retry | None:
        with self._using:
            usable = [at for at, one in enumerate(candidates) if one.family == self.family]
            scores: list[int | None] = [None] * len(candidates)
            if not usable:
                return Matched(tuple(scores), None)
            prints = [base64.b64encode(codec.unpack(candidates[at].data)).decode() for at in usable]
            event = self._ask("match", timeout_s, prints=prints)
            if event is None:
                self._stop()
                return None
            if event.kind == "retry":
                return Retry(codec.advice(event))
            if event.kind != "matched":
                raise ProtocolError(f"the helper: {event.kind} where a match was expected")
            for at in usable[: int(event.number("tried", len(usable)))]:
                scores[at] = 0
            if event.fields.get("at") is not None:
                scores[usable[int(event.number("at", len(usable) - 1))]] = 1
            return Matched(tuple(scores), None)
