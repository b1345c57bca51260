"""The demo's books: every green light written down when it is seen, and held against the ledger at the end."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from server.demo.stage import Terminal

Key = tuple[str, str, int, str]  # terminal, log, seq, person
REJECTED = frozenset({"no_match", "too_close"})  # the finger itself was refused


@dataclass
class Green:
    """One green light: when it was seen, and when the receipt that covers it was."""

    key: Key
    at_s: float
    touch_to_green_ms: float
    link_up: bool
    receipted_s: float | None = None


@dataclass
class Tally:
    """What the terminals and the people before them reported. Written by listening threads."""

    greens: list[Green] = field(default_factory=list)
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # terminal, expected, outcome
    owners: dict[str, list[str]] = field(default_factory=dict)  # terminal: whose finger each punch of its plan is
    lock: threading.Lock = field(default_factory=threading.Lock)

    def green(self, terminal: Terminal, said: dict[str, Any]) -> None:
        key = (terminal.name, terminal.log, said["seq"], said["person"])
        with self.lock:
            self.greens.append(Green(key, time.monotonic(), said["touch_to_green_ms"], terminal.up))

    def session(self, terminal: str, result: dict[str, Any]) -> None:
        """One session's result. Somebody else accepted with a genuine finger counts as an impostor let in."""
        expect, outcome = result["expect"], result["outcome"]
        owners = self.owners.get(terminal)
        if outcome == "accepted" and owners and result["person"] != owners[(result["session"] - 1) % len(owners)]:
            expect = "impostor"
        with self.lock:
            self.outcomes[terminal, expect, outcome] += 1

    def receipts(self, terminals: Iterable[Terminal]) -> None:
        """Note which green lights are receipted by now."""
        seqs = {t.name: t.receipted for t in terminals}
        now_s = time.monotonic()
        with self.lock:
            for green in reversed(self.greens):
                if green.receipted_s is None and green.key[2] <= seqs[green.key[0]]:
                    green.receipted_s = now_s

    def waiting_s(self, terminal: str) -> float:
        """How long the terminal's oldest green light without a receipt has waited; 0 when there is none."""
        with self.lock:
            since = [g.at_s for g in self.greens if g.receipted_s is None and g.key[0] == terminal]
        return time.monotonic() - min(since) if since else 0.0

    def accepted(self, expect: str, terminal: str | None = None) -> int:
        return self._count(lambda outcome: outcome == "accepted", expect, terminal)

    def rejected(self, expect: str, terminal: str | None = None) -> int:
        """The finger was compared, and refused."""
        return self._count(REJECTED.__contains__, expect, terminal)

    def unclear(self) -> int:
        """Sessions that say nothing of a finger: the terminal went, the person left, the picture was poor …"""
        return sum(
            self._count(lambda outcome: outcome != "accepted" and outcome not in REJECTED, expect, None)
            for expect in ("genuine", "impostor")
        )

    def _count(self, wanted: Callable[[str], bool], expect: str, terminal: str | None) -> int:
        with self.lock:
            return sum(
                n
                for (where, expected, outcome), n in self.outcomes.items()
                if expected == expect and wanted(outcome) and terminal in (None, where)
            )


@dataclass(frozen=True, slots=True)
class Result:
    """The demo's figures. `lost`: green but not in the ledger. `duplicated`: in the ledger twice, or never green.

    Refused and rejected are fingers that were compared; `unclear` are all other sessions without a green light.
    """

    punched: int
    receipted: int
    genuine_refused: int
    rejected_impostors: int
    accepted_impostors: int
    unclear: int
    lost: int
    duplicated: int
    p50_touch_to_green_ms: float | None
    p95_touch_to_green_ms: float | None
    p95_green_to_receipt_ms: float | None
    max_green_to_receipt_ms: float | None

    def clean(self) -> bool:
        return self.punched > 0 and not (self.lost or self.duplicated or self.accepted_impostors)

    def numbers(self) -> dict[str, int | float | None]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def table(self) -> Table:
        table = Table(title="Green lights and the ledger", show_header=False)
        for name, value in self.numbers().items():
            table.add_row(name.replace("_", " "), "–" if value is None else f"{value:,.0f}")
        return table


def settle(tally: Tally, ledger: list[dict[str, Any]]) -> Result:
    """Hold the green lights against the ledger's punches.

    green_to_receipt counts punches made while their terminal had a link; the longest of all, those of the cut network
    among them, is given apart.
    """
    stored = Counter((row["terminal"], row["log"], row["seq"], row["person"]) for row in ledger)
    green = Counter(g.key for g in tally.greens)
    touch = [g.touch_to_green_ms for g in tally.greens]
    waits = [(1000 * (g.receipted_s - g.at_s), g.link_up) for g in tally.greens if g.receipted_s is not None]
    return Result(
        punched=green.total(),
        receipted=len(waits),
        genuine_refused=tally.rejected("genuine"),
        rejected_impostors=tally.rejected("impostor"),
        accepted_impostors=tally.accepted("impostor"),
        unclear=tally.unclear(),
        lost=(green - stored).total(),
        duplicated=(stored - green).total(),
        p50_touch_to_green_ms=quantile(touch, 0.50),
        p95_touch_to_green_ms=quantile(touch, 0.95),
        p95_green_to_receipt_ms=quantile([wait for wait, linked in waits if linked], 0.95),
        max_green_to_receipt_ms=quantile([wait for wait, _ in waits], 1.0),
    )


def quantile(values: list[float], q: float) -> float | None:
    """The smallest value that at least a share `q` of all do not exceed (nearest rank), to a tenth; None of nothing."""
    if not values:
        return None
    rank = max(0, -(-int(q * 1000) * len(values) // 1000) - 1)
    return round(sorted(values)[rank], 1)
