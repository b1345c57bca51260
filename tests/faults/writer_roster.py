"""The process whose disk is watched: the shipped RosterStore, told what came down, saying what it holds then.

    python -m tests.faults.writer_roster FOLDER SEED STEPS FIRST

One line each on stdout, written at once: `open roster`, then `ack N DIGEST`, where what is held is known by its digest.
"""

import hashlib
import os
import random
import sys
from pathlib import Path

from sync.anchor import Anchor, Answer, Question
from sync.fetch import Found, Whereabouts
from sync.orders import Order
from sync.roster import RosterStore
from sync.wire import Receipt, RosterDelta, RosterEntry, SealedTemplate
from tests.faults.writer import say

_TABLES = ("person", "template", "next_person", "next_template", "receipt", "anchor", "command", "found")
_PHOTO_BYTES = 6000  # of a card with a picture in it: more than a page holds


def digest(store: RosterStore) -> str:
    """Of every row of every table."""
    total = hashlib.sha256()
    for table in (*_TABLES, "meta"):
        for row in store._db.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):  # noqa: S608 - our own names
            total.update(repr((table, tuple(row))).encode())
    return total.hexdigest()


def entry(dice: random.Random) -> RosterEntry:
    person = dice.randrange(12).to_bytes(8, "big")
    active = dice.random() < 0.8
    templates = tuple(
        SealedTemplate(person, finger, 1, dice.randbytes(dice.randrange(1, 1500)), dice.randbytes(60))
        for finger in range(1, dice.randrange(1, 4))
    )
    return RosterEntry(person, active, dice.randbytes(dice.choice((90, _PHOTO_BYTES))), templates if active else ())


def delta(store: RosterStore, dice: random.Random) -> RosterDelta:
    """What follows from where the store stands: the next change, or, while one comes in pieces, its next piece."""
    version = store.received + 1
    goal = (
        max(version, store.version) if store.staged is None or dice.random() < 0.4 else max(version, store.version) + 1
    )
    entries = {one.person: one for one in (entry(dice) for _ in range(dice.randrange(1, 4)))}
    return RosterDelta(version, store.received, tuple(entries.values()), bytes(64), goal=goal)


def step(store: RosterStore, dice: random.Random, n: int) -> None:
    """One thing that comes down, of every kind there is."""
    match dice.choice(("roster",) * 4 + ("anew", "receipt", "anchor", "order", "ready", "found", "window", "wipe")):
        case "roster":
            store.apply(delta(store, dice))
        case "anew":
            store.begin_anew()
        case "receipt":
            store.put_receipt(Receipt(dice.randrange(3).to_bytes(8, "big"), n + 1, dice.randbytes(32), bytes(64)))
        case "anchor":
            store.put_anchor(Anchor(Question(bytes(16), n, dice.randbytes(8)), n + 1, Answer(n, bytes(64))))
        case "order":
            store.put_order(Order(n + 1, 1, {"blob": dice.randbytes(400)}, bytes(8), bytes(64)), ready=False)
        case "ready":
            if waiting := store.unready():
                store.set_ready(waiting[0].number, "gone")
        case "found":
            store.put_found(Found(n + 1, Whereabouts(1), n, bytes(64)))
        case "window":
            store.put_window(n)
        case "wipe":
            store.wipe(everybody=dice.random() < 0.3)


def main(folder: str, seed: str, steps: str, first: str) -> None:
    dice = random.Random(int(seed))
    store = RosterStore(Path(folder) / "roster.db")
    say("open", "roster")
    say("ack", int(first), digest(store))
    for n in range(int(first), int(first) + int(steps)):
        step(store, dice, n)
        say("ack", n + 1, digest(store))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
