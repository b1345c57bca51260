"""A log rewritten by somebody who may write the whole file but holds no key (S8, S9): edited, removed, inserted,
swapped, forked or cut, with heads made to fit or not. Always noticed, and the first bad seq is the one named."""

import random
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.audit import BadRecordError, Row, audit
from sync.chain import genesis, next_head, sign_head
from sync.ed25519 import PublicKey
from sync.record import record_body
from tests.faults.table import Result, Step, quiet
from tests.faults.writer import KEY, TERMINAL, record

RECORDS = 8
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)


def honest(log: bytes, start: int = 0) -> list[Row]:
    head, rows = genesis(TERMINAL, log), []
    for seq in range(1, RECORDS + 1):
        body = record_body(record(start + seq))
        head = next_head(head, body)
        rows.append((seq, body, head, sign_head(KEY, seq, head)))
    return rows


Attack = Callable[[list[Row], random.Random], list[Row]]


def edit(rows: list[Row], dice: random.Random) -> list[Row]:
    k = dice.randrange(len(rows))
    seq, body, head, signature = rows[k]
    part = dice.randrange(3)
    if part == 0:
        body = record_body(record(dice.randrange(1000, 2000)))
    elif part == 1:
        head = dice.randbytes(32)
    else:
        signature = dice.choice((dice.randbytes(64), rows[k - 1][3], STRANGER.sign(head)))
    return [*rows[:k], (seq, body, head, signature), *rows[k + 1 :]]


def remove(rows: list[Row], dice: random.Random) -> list[Row]:
    k = dice.randrange(len(rows) - 1)  # of the tail, see cut
    left = [*rows[:k], *rows[k + dice.randrange(1, len(rows) - k) :]]
    return _renumbered(left) if dice.random() < 0.5 else left


def insert(rows: list[Row], dice: random.Random) -> list[Row]:
    k = dice.randrange(len(rows) + 1)
    body = record_body(record(dice.randrange(1000, 2000)))
    new = (0, body, dice.randbytes(32), dice.choice(rows)[3])
    return _renumbered([*rows[:k], new, *rows[k:]])


def swap(rows: list[Row], dice: random.Random) -> list[Row]:
    a, b = dice.sample(range(len(rows)), 2)
    rows = list(rows)
    rows[a], rows[b] = rows[b], rows[a]
    return _renumbered(rows)


def fork(rows: list[Row], dice: random.Random) -> list[Row]:
    """From a record on, another history: of another log of this very terminal, or made up and signed by a stranger."""
    k = dice.randrange(len(rows))
    if dice.random() < 0.5:
        return [*rows[:k], *honest(dice.randbytes(8), start=dice.randrange(3))[k:]]
    other, head = [], rows[k - 1][2] if k else genesis(TERMINAL, b"log-one!")
    for seq in range(k + 1, len(rows) + 1):
        body = record_body(record(1000 + seq))
        head = next_head(head, body)
        other.append((seq, body, head, sign_head(STRANGER, seq, head)))
    return [*rows[:k], *other]


def cut(rows: list[Row], dice: random.Random) -> list[Row]:
    return rows[: dice.randrange(len(rows))]


ATTACKS: tuple[Attack, ...] = (edit, remove, insert, swap, fork, cut)


def _renumbered(rows: list[Row]) -> list[Row]:
    return [(n, *row[1:]) for n, row in enumerate(rows, 1)]


def _made_to_fit(rows: list[Row], log: bytes, dice: random.Random) -> list[Row]:
    """Heads computed anew, which needs no key; signatures left, or a stranger's."""
    head, fitted = genesis(TERMINAL, log), []
    for seq, body, old, signature in rows:
        head = next_head(head, body)
        fitted.append((seq, body, head, signature if head == old or dice.random() < 0.5 else STRANGER.sign(head)))
    return fitted


def run(n: int, seed: int = 0, step: Step = quiet) -> Result:
    result = Result("log rewritten without the key, unnoticed or with the wrong seq named")
    log = b"log-one!"
    rows = honest(log)
    witness = (RECORDS, rows[-1][2])  # as a receipt or a heartbeat names it
    number = seed * 10_000_000
    while result.tried < n:
        number += 1
        dice = random.Random(number)
        attack = dice.choice(ATTACKS)
        forged = attack(rows, dice)
        if dice.random() < 0.5:
            forged = _made_to_fit(forged, log, dice)
        if forged == rows:
            continue
        bad = next((k for k, pair in enumerate(zip(forged, rows, strict=False)) if pair[0] != pair[1]), None)
        expected = 1 + (min(len(forged), len(rows)) if bad is None else bad)
        try:
            audit(forged, PublicKey.of(KEY), TERMINAL, log, witness=witness, forgotten=0)
            result.wrong(f"{number} ({attack.__name__}): unnoticed")
        except BadRecordError as error:
            if error.seq != expected:
                result.wrong(f"{number} ({attack.__name__}): {error.seq} named, {expected} was first")
        result.tried += 1
        step(result.tried)
    return result
