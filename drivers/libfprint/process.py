"""The helper process: started, spoken to with time limits, and ended; its death is the device's."""

import contextlib
import os
import select
import subprocess
import time
from pathlib import Path
from typing import IO, cast

from drivers import DeviceGone, ProtocolError
from drivers.libfprint import codec
from drivers.libfprint.codec import Event

HELPER = Path(__file__).with_name("helper.py")
_END_S = 3.0  # for the helper to let go of its reader


class Process:
    """Every method raises DeviceGone when the helper ended or fell silent, ProtocolError for what it should not say."""

    def __init__(self, python: str) -> None:
        self._parser = codec.Parser()
        self._events: list[Event] = []
        try:
            self._process = subprocess.Popen(
                [python, "-I", str(HELPER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
        except OSError as error:
            raise DeviceGone(f"{python}: {error.strerror}; libfprint needs Debian's own interpreter") from None
        self._in, self._out = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)

    def say(self, do: str, **fields: object) -> None:
        try:
            self._in.write(codec.command(do, **fields))
        except OSError:
            raise DeviceGone("the helper ended") from None

    def next(self, timeout_s: float) -> Event | None:
        """What it says next, None when nothing in time."""
        until = time.monotonic() + timeout_s
        while not self._events:
            data = self._read(max(0.0, until - time.monotonic()))
            if data is None:
                return None
            self._events = self._parser.feed(data)
        return self._events.pop(0)

    def answer(self, kind: str, timeout_s: float) -> Event:
        """The next event, which has to be of this kind; a failure is raised as what it means."""
        event = self.next(timeout_s)
        if event is None:
            raise DeviceGone(f"the helper is silent for {timeout_s:g} s")
        if event.kind == "failed":
            raise codec.failure(event)
        if event.kind != kind:
            raise ProtocolError(f"the helper: {event.kind} where {kind} was expected")
        return event

    def end(self) -> None:
        """Never raises."""
        with contextlib.suppress(OSError):
            self._in.close()
        self._out.close()  # or it would wait for ever to hand over a picture that nobody asked for
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self, timeout_s: float) -> bytes | None:
        out = self._out.fileno()
        if not select.select([out], [], [], timeout_s)[0]:
            return None
        data = os.read(out, 1 << 16)
        if not data:
            raise DeviceGone("the helper ended")
        return data
