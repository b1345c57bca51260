"""What a process says about itself: key=value lines on stderr, and JSON lines on stdout if asked."""

import contextlib
import json
import sys
from typing import Any, TextIO


class Report:
    """`who` opens each line. With `events` the same news also go to `out` as JSON, for programs."""

    def __init__(self, who: str, *, events: bool, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._who = who
        self._events = events
        self._out = out or sys.stdout
        self._err = err or sys.stderr

    def say(self, event: str, **fields: Any) -> None:
        words = " ".join(f"{key}={_value(value)}" for key, value in fields.items())
        line(f"{self._who} event={event} {words}".rstrip(), self._err)
        if self._events:
            line(json.dumps({"event": event, **fields}), self._out)


def line(text: str, out: TextIO | None = None) -> None:
    """One line, out at once; to stdout unless told otherwise. Somebody who stopped listening is no reason to end."""
    with contextlib.suppress(BrokenPipeError):
        out = out or sys.stdout
        out.write(text + "\n")
        out.flush()


def _value(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text
