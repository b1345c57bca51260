"""A driver of the registry, played by lines on the standard input, for tests that need it in a process of its own.

    python -m tests.flow.play_driver NAME        open · read SECONDS · close · held

Each line is answered by one: ok, none, scan DIGEST DPI, retry ADVICE, gone WORDS, garbled WORDS, or how many threads
and files are open.
"""

import hashlib
import sys
import threading
from pathlib import Path

from drivers import DeviceGone, ProtocolError, registry
from drivers.base import Driver, Retry, Scan


def main() -> None:
    driver = registry.make(sys.argv[1], {})
    for line in sys.stdin:
        try:
            print(_do(driver, *line.split()), flush=True)  # noqa: T201 - it is the answer
        except DeviceGone as error:
            print("gone", error, flush=True)  # noqa: T201
        except ProtocolError as error:
            print("garbled", error, flush=True)  # noqa: T201
    driver.close()


def _do(driver: Driver, word: str, seconds: str = "0") -> str:
    if word == "open":
        driver.open()
    elif word == "close":
        driver.close()
    elif word == "held":
        return f"{threading.active_count()} threads, {sum(1 for _ in Path('/proc/self/fd').iterdir())} files"
    else:
        match driver.read(float(seconds)):
            case None:
                return "none"
            case Scan(image, dpi):
                return f"scan {hashlib.sha256(image.tobytes()).hexdigest()} {dpi:g}"
            case Retry(advice):
                return f"retry {advice}"
    return "ok"


if __name__ == "__main__":
    main()
