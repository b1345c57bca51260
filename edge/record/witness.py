"""`python -m edge.record.witness FILE`: what the kernel says of the clock, for a process that may not ask it.

adjtimex(2) reads with the same call that sets, so a unit that may not set the clock may not read its error either. This
one may call it, without the capability to set anything, and does nothing else: it keeps one line in FILE, by renaming.

    source bound_ms boottime_ms offset_ms      as trust() and offset_ms() of edge.record.clock, and when that was
"""

import os
import sys
import threading
from pathlib import Path

from edge.record.clock import Word, asked, offset_ms, write_word
from sync.asker import since_boot_ms
from sync.pulse import Pulse
from sync.stopping import on_signal

_LOOK_S = 0.5
_AGAIN_MS = 20_000  # the kernel lets its bound grow meanwhile, as the reader does
_NEWS_MS = 100


def main(file: Path) -> None:
    """Until SIGTERM. Raises OSError when the file cannot be written."""
    stop = threading.Event()
    on_signal(stop)
    pulse, told = Pulse(), None
    while not stop.is_set():
        source, bound_ms = asked()
        word = Word(source, bound_ms, since_boot_ms(), offset_ms())
        if told is None or _news(told, word):
            write_word(file, word)
            told = word
            pulse.ready()
        pulse.beat()
        stop.wait(_LOOK_S)


def _news(told: Word, word: Word) -> bool:
    return (
        told.source is not word.source
        or abs(told.offset_ms - word.offset_ms) > _NEWS_MS
        or word.at_ms - told.at_ms > _AGAIN_MS
    )


if __name__ == "__main__":
    os.umask(0o022)  # everybody may know
    main(Path(sys.argv[1]))
