"""The process whose disk is watched: the shipped Outbox, told what to append, saying what it was answered.

    python -m tests.faults.writer FOLDER SEED APPENDS BLOB_BYTES PRUNES

One line each on stdout, written at once: `open LOG`, then `ack SEQ HEAD`, as a green light would be, or `red`.
"""

import os
import random
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import StorageError
from sync.outbox import Outbox
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Kind, Means, Punch, Record, SourceClass

TERMINAL = "t-1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
MAX_BLOB_BYTES = 400_000


def record(n: int) -> Record:
    when = Instant(1, n * 1000, 1_798_000_000_000, ClockSource.NTP, 40)
    if n % 7 == 3:
        return Event(EventCode.ADMIN, {"what": "synthetic", "filler": "x" * (n * 37 % 500)}, when)
    return Punch(n.to_bytes(8, "big"), Kind.IN, Means.FINGER, 900, SourceClass.AADHAAR_TERMINAL, Flag.NONE, when)


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def append(outbox: Outbox, random: random.Random, blob_bytes: int) -> None:
    """One record with what may hang on it; the answer is said."""
    n = outbox.seq + 1
    blob = random.randbytes(random.randrange(1, blob_bytes)) if blob_bytes and random.random() < 0.4 else None
    taken = n.to_bytes(16, "big") if random.random() < 0.3 else None
    try:
        outbox.append(record(n), blob, taken=taken)
    except StorageError:
        say("red", n)
    else:
        say("ack", n, outbox.head.hex(), int(blob is not None), int(taken is not None))


def main(folder: str, seed: str, appends: str, blob_bytes: str, prunes: str) -> None:
    dice = random.Random(int(seed))
    outbox = Outbox(Path(folder) / "punches.db", TERMINAL, KEY)
    say("open", outbox.log.hex())
    for n in range(int(appends)):
        append(outbox, dice, int(blob_bytes))
        if int(prunes) and n % int(prunes) == int(prunes) - 1:
            outbox.prune(outbox.seq - 2, keep=3)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
