"""How the long-running commands end: on the first SIGTERM or SIGINT, in order."""

import signal
import threading

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def on_signal(stop: threading.Event) -> None:
    """Set `stop` on the first signal. Later ones are ignored: one inside Event.set would wait for itself for ever."""

    def end(*_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        stop.set()

    for number in _SIGNALS:
        signal.signal(number, end)
