"""Is true time ever outside the stated bound? Simulated terminals, each with a crystal, an NTP client, a wall clock
that people turn, power cuts, a poor network and now and then the server's word; and what
server.intake.dating makes of them.

    python -m tests.faults.time_bounds --punches 100000 --seed 1

prints what was simulated and ends with 1 where one bound was wrong. A run is the same for the same seed.
"""

import argparse
import random
import statistics
import sys
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.intake import dating
from server.intake.dating import Boot, Dating, Evidence, Interval, Reason
from sync.anchor import DRIFT_PPM, SLEW_MS, SLEW_PPM, Anchor, Question, check, sign_answer
from sync.ed25519 import PublicKey
from tests.faults.table import Result, Step, quiet

MEDIAN_LIMIT_MS = 2000
_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000
_EPOCH_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_WAYS_S = (0.03, 0.2, 0.5, 0.5, 1.0, 1.5, 3.0, 20.0)  # one way at most: a LAN, 4G, 2G, and 2G that loses segments
_KEY = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)


class Counter64:
    """CLOCK_BOOTTIME of one boot: a crystal within its tolerance that wanders, turned once by an NTP client."""

    def __init__(self, dice: random.Random, boot_ms: float, until_ms: float) -> None:
        self._knots = [(boot_ms, 0.0)]
        sign = dice.choice((-1, 0, 0, 1))
        left_ms, at, count = float(SLEW_MS), boot_ms, 0.0
        while at < until_ms:
            lasts = dice.choice((10 * _MINUTE, _HOUR, 6 * _HOUR)) * dice.random() + _SECOND
            rate = dice.choice((-DRIFT_PPM, DRIFT_PPM, dice.uniform(-DRIFT_PPM, DRIFT_PPM))) / 1e6
            slew = 0.0
            if sign and left_ms > 0 and dice.random() < 0.5:
                slew = sign * SLEW_PPM / 1e6
                lasts = min(lasts, left_ms / abs(slew))
                left_ms -= lasts * abs(slew)
            at, count = at + lasts, count + lasts * (1 + rate + slew)
            self._knots.append((at, count))

    def read(self, true_ms: float) -> int:
        for (a, x), (b, y) in pairwise(self._knots):
            if true_ms <= b:
                return int(x + (y - x) * (true_ms - a) / (b - a))
        raise AssertionError("a moment after the end of the boot")


@dataclass
class Entry:
    """One record: what is true, and what the aggregator gets to see."""

    true_ms: float
    boot_no: int
    at_ms: int
    anchor: Anchor | None = None
    punch: bool = False
    shown_ms: int = 0
    received_ms: int = 0


@dataclass
class Log:
    """A terminal's records in order."""

    entries: list[Entry] = field(default_factory=list)
    steps: int = 0


def simulate(dice: random.Random, punches: int) -> Log:
    """A terminal's life of so many punches, from its first boot on."""
    log = Log()
    now, boot_no, made = _EPOCH_MS + dice.uniform(0, 365) * _DAY, 0, 0
    while made < punches:
        boot_no += 1
        lasts = dice.choice(
            (dice.uniform(20, 600) * _SECOND, dice.uniform(0.2, 10) * _HOUR, dice.uniform(0.2, 3) * _DAY)
        )
        if dice.random() < 0.03:
            lasts = dice.uniform(3, 30) * _DAY
        made += _boot(dice, log, boot_no, now, lasts, min(punches - made, dice.randrange(0, 40)))
        now += lasts + dice.choice((dice.uniform(1, 60) * _SECOND, dice.uniform(0, 2) * _DAY))
    _deliver(dice, log)
    return log


def _boot(dice: random.Random, log: Log, boot_no: int, boot_ms: float, lasts: float, punches: int) -> int:
    counter = Counter64(dice, boot_ms, boot_ms + lasts + _MINUTE)
    moments = [(boot_ms + min(lasts, dice.uniform(1, 40) * _SECOND), "boot")]
    first = moments[0][0]
    moments += [(dice.uniform(first, boot_ms + lasts), "punch") for _ in range(punches)]
    moments += [(dice.uniform(first, boot_ms + lasts), "anchor") for _ in range(dice.choice((0, 0, 1, 1, 1, 3)))]
    moments += [(dice.uniform(first, boot_ms + lasts), "step") for _ in range(dice.choice((0, 0, 0, 1, 2)))]
    wall = dice.choice((0.0, boot_ms - dice.uniform(0, 9) * _DAY, boot_ms))  # 1970, where it stopped, or an RTC
    for true_ms, what in sorted(moments):
        at_ms = counter.read(true_ms)
        if what == "step":
            log.steps += 1
            wall += dice.choice((-1, 1)) * dice.uniform(2, 7200) * _SECOND
        anchor = _anchor(dice, counter, true_ms, boot_ms) if what == "anchor" else None
        shown = int(wall + at_ms)
        log.entries.append(Entry(true_ms, boot_no, at_ms, anchor, what == "punch", shown))
    return punches


def _anchor(dice: random.Random, counter: Counter64, true_ms: float, boot_ms: float) -> Anchor:
    """Both ways there take their time, one perhaps much longer; it is recorded some time after it came."""
    came = true_ms - dice.uniform(0, min(5 * _SECOND, (true_ms - boot_ms) / 4))
    way = dice.choice(_WAYS_S) * _SECOND
    answered = max(boot_ms, came - dice.uniform(0, way))
    asked = max(boot_ms, answered - dice.uniform(0, way))
    question = Question(dice.randbytes(16), counter.read(asked), dice.randbytes(8))
    anchor = Anchor(question, counter.read(came), sign_answer(_KEY, "t-1", question.tag, int(answered)))
    check(PublicKey.of(_KEY), "t-1", anchor, counter.read(true_ms))
    return anchor


def _deliver(dice: random.Random, log: Log) -> None:
    """Records arrive in order, at once or after days without a network."""
    arrival = 0.0
    outage = 0.0
    for entry in log.entries:
        if dice.random() < 0.01:
            outage = entry.true_ms + dice.uniform(0, 6) * _DAY
        arrival = max(arrival, outage, entry.true_ms + dice.uniform(0.01, 30) * _SECOND)
        entry.received_ms = int(arrival)


class Book:
    """Evidence of one log as the aggregator gathers it, in memory."""

    def __init__(self, log: Log) -> None:
        self.evidence: dict[int, list[Evidence]] = {}
        self._last: dict[int, Entry] = {}
        previous = None
        for entry in log.entries:
            if previous is not None and previous.boot_no != entry.boot_no:
                end = self.boot(previous.boot_no).date(previous.at_ms, previous.received_ms)
                self._add(entry.boot_no, dating.of_end_before(end, entry.received_ms))
            if entry.anchor is not None:
                first = not self.boot(entry.boot_no).anchored
                self._add(entry.boot_no, dating.of_anchor(entry.anchor, entry.received_ms))
                if first:
                    self._lead_back(entry)
            self._last[entry.boot_no] = previous = entry

    def boot(self, boot_no: int) -> Boot:
        return Boot(self.evidence.get(boot_no, ()))

    def _lead_back(self, entry: Entry) -> None:
        for boot_no in range(entry.boot_no, 1, -1):
            begin, last = self.boot(boot_no).date(0), self._last[boot_no - 1]
            self._add(boot_no - 1, dating.of_begin_after(begin, last.at_ms, entry.received_ms))
            if self.boot(boot_no - 1).anchored:
                return

    def _add(self, boot_no: int, evidence: Evidence | None) -> None:
        if evidence is not None:
            self.evidence.setdefault(boot_no, []).append(evidence)


@dataclass
class Tally:
    """What came out."""

    punches: int = 0
    outside: int = 0
    steps: int = 0
    redated: int = 0
    disputed: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
    one_anchor_ms: list[int] = field(default_factory=list)
    no_anchor_ms: list[int] = field(default_factory=list)
    first_wrong: str = ""

    def take(self, log: Log, seed: str) -> None:
        book = Book(log)
        self.steps += log.steps
        for entry in log.entries:
            if entry.punch:
                self._punch(entry, book, seed)

    def _punch(self, entry: Entry, book: Book, seed: str) -> None:
        evidence = book.evidence.get(entry.boot_no, [])
        datings = Boot(evidence).history(entry.at_ms, entry.received_ms)
        interval = datings[-1].interval
        anchors = sum(one.kind is dating.Kind.ANCHOR for one in evidence)
        self.punches += 1
        self.redated += len(datings) > 1
        self.reasons[interval.reason] += 1
        self.disputed += interval.disputes(entry.shown_ms)
        wrong = [d for d in datings if not holds(d.interval, entry.true_ms)] or not nested(datings)
        if wrong:
            self.outside += 1
            self.first_wrong = self.first_wrong or f"seed {seed}: boot {entry.boot_no} at {entry.at_ms}"
        if interval.bound_ms is not None and anchors < 2:
            (self.one_anchor_ms if anchors else self.no_anchor_ms).append(interval.bound_ms)

    @property
    def good(self) -> bool:
        return self.outside == 0 and statistics.median(self.one_anchor_ms) <= MEDIAN_LIMIT_MS


def holds(interval: Interval, true_ms: float) -> bool:
    """Is the truth in it? A contradiction would be false, too: nothing that was simulated contradicts itself."""
    early, late = interval.earliest_ms, interval.latest_ms
    if interval.reason is Reason.CONTRADICTED:
        return False
    return (early is None or early <= true_ms) and (late is None or true_ms <= late)


def nested(datings: list[Dating]) -> bool:
    """Does each dating only narrow the one before?"""
    pairs = list(pairwise(one.interval for one in datings))
    return all(
        (a.earliest_ms is None or (b.earliest_ms is not None and b.earliest_ms >= a.earliest_ms))
        and (a.latest_ms is None or (b.latest_ms is not None and b.latest_ms <= a.latest_ms))
        for a, b in pairs
    )


def run(punches: int, seed: int, a_log: int = 1000) -> Tally:
    """Simulate so many punches, `a_log` a terminal."""
    tally = Tally()
    for number in range(-(-punches // a_log)):
        name = f"{seed}/{number}"
        tally.take(simulate(random.Random(name), min(a_log, punches - tally.punches)), name)
    return tally


def faults(n: int, seed: int = 0, step: Step = quiet) -> Result:
    """As a line of the faults' table."""
    result = Result("true time outside the stated bound, now or before it was dated again")
    medians = []
    while result.tried < n:
        tally = run(min(1000, n - result.tried), seed * 1_000_000 + result.tried)
        if tally.outside:
            result.wrong(f"{tally.outside} punches, first {tally.first_wrong}")
        medians.append(statistics.median(tally.one_anchor_ms or [0]))
        result.tried += tally.punches
        step(result.tried)
    result.remark = f"median bound with one anchor in the boot {statistics.median(medians) / 1000:.2f} s"
    if statistics.median(medians) > MEDIAN_LIMIT_MS:
        result.wrong(result.remark)
    return result


def table(tally: Tally) -> str:
    one, none = sorted(tally.one_anchor_ms), sorted(tally.no_anchor_ms)
    rows = [
        ("punches simulated", f"{tally.punches:,}"),
        ("steps of the wall clock", f"{tally.steps:,}"),
        ("true time outside a stated bound, now or before", f"{tally.outside:,}"),
        ("bound with one anchor in the boot, median · 95 %", f"{one[len(one) // 2] / 1000:.2f} s · {_late(one):.2f} s"),
        ("bound without one, median · 95 %", f"{none[len(none) // 2] / 3.6e6:.2f} h · {_late(none) / 3600:.2f} h"),
        ("dated again when more was known", f"{tally.redated:,}"),
        ("shown time disputed", f"{tally.disputed:,}"),
        *((f"  {reason}", f"{n:,}") for reason, n in tally.reasons.most_common()),
    ]
    return "\n".join(f"{name:<52}{value:>20}" for name, value in rows)


def _late(bounds_ms: list[int]) -> float:
    return bounds_ms[len(bounds_ms) * 95 // 100] / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description="True time against stated bounds, simulated.")
    parser.add_argument("--punches", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tally = run(args.punches, args.seed)
    sys.stdout.write(table(tally) + "\n")
    if tally.first_wrong:
        sys.stdout.write(f"first wrong one: {tally.first_wrong}\n")
    return 0 if tally.good else 1


if __name__ == "__main__":
    sys.exit(main())
