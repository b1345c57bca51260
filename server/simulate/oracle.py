"""Knows what really happened, and holds the ledger to it.

What must be true when everybody has been heard:
    none lost      every punch whose light was green is in the ledger, byte for byte; on a card that was copied, whose
                   history lost against the other, it is still on the card
    none doubled   nothing is in the ledger that no terminal made, and nothing twice
    forks named    each log that went on in two ways has its alarm; no honest one has, nor anything in quarantine
    dates right    the true moment of every punch is in the interval that the aggregator gives, and within the bound
                   that the terminal showed
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from server.intake import timekeeping
from server.intake.dating import Boot
from server.ledger.tables import alarm, quarantine, record
from server.simulate.world import World
from sync.record import Punch, RecordType, record_body

_FORKS = ("fork", "rollback", "signature")
_HONEST = ("clock-back",)  # somebody did turn the clock
_SHOWN = 20  # violations that are kept in words


@dataclass(frozen=True, slots=True)
class Green:
    """A punch somebody saw the green light for. `card`: which of several copies of the log it was made on."""

    name: str
    card: str
    log: bytes
    seq: int
    body: bytes
    true_ms: int


@dataclass
class Oracle:
    """Of one fleet, or of a part of it that lives at the same time."""

    world: World
    counts: Counter[str]
    violations: list[str] = field(default_factory=list)
    greens: dict[str, list[Green]] = field(default_factory=dict)  # by terminal
    copied: set[tuple[str, bytes]] = field(default_factory=set)
    _may: set[tuple[str, bytes, int, bytes]] = field(default_factory=set)
    _gone: set[tuple[str, bytes, int]] = field(default_factory=set)
    _told: Any = field(default_factory=hashlib.sha256)

    # ── while it happens ──

    def green(self, name: str, card: str, log: bytes, seq: int, punch: Punch) -> None:
        body = record_body(punch)
        self.greens.setdefault(name, []).append(Green(name, card, log, seq, body, self.world.now_ms))
        self._may.add((name, log, seq, body))
        self.counts["punches"] += 1
        self._told.update(f"{self.world.now_ms} {card} {seq} ".encode() + body)
        instant = punch.instant
        if instant.error_bound_ms is not None and abs(instant.wall_ms - self.world.now_ms) > instant.error_bound_ms:
            self.violate(f"{card}: punch {seq} shows a time that is wrong by more than its bound")

    def perhaps(self, name: str, log: bytes, seq: int, punch: Punch) -> None:
        """The power went while it was written, and no light was green: it may be there, or not."""
        self._may.add((name, log, seq, record_body(punch)))
        self.counts["cut_midway"] += 1

    def opened(self, name: str, set_aside: Path | None) -> None:
        """A card was read after its terminal had come on."""
        self.counts["boots"] += 1
        if set_aside is not None:
            self.violate(f"{name}: an honest card was taken for a damaged one")

    def copied_card(self, name: str, log: bytes) -> None:
        """From here on this log may go on in two ways."""
        self.copied.add((name, log))
        self.counts["cards_copied"] += 1

    def overwritten(self, name: str, card: str, log: bytes, after_seq: int) -> None:
        """Somebody put an old image over this card: what came after is on no card any more."""
        self._gone |= {
            (card, log, one.seq) for one in self.greens.get(name, ()) if one.card == card and one.seq > after_seq
        }

    def violate(self, what: str) -> None:
        self.counts["violations"] += 1
        if len(self.violations) < _SHOWN:
            self.violations.append(what)

    @property
    def digest(self) -> bytes:
        """Of every green light in order: the same for the same seed."""
        digest: bytes = self._told.digest()
        return digest

    # ── when everybody has been heard ──

    def judge(self, connection: Connection, names: Iterable[str], kept: dict[str, set[tuple[bytes, int]]]) -> None:
        """`kept`: what is still on each card."""
        for name in names:
            self._judge_one(connection, name, kept)

    def _judge_one(self, connection: Connection, name: str, kept: dict[str, set[tuple[bytes, int]]]) -> None:
        held = {(row.log, row.seq): row for row in _punches(connection, name)}
        self._none_doubled(name, held)
        boots = lru_cache(lambda log, boot_no: timekeeping.of_boot(connection, (name, log), boot_no))
        bodies: dict[tuple[bytes, int], set[bytes]] = {}
        for one in self.greens.get(name, ()):
            bodies.setdefault((one.log, one.seq), set()).add(one.body)
            row = held.get((one.log, one.seq))
            if row is not None and row.body == one.body:
                self._date_right(boots, one, row)
            elif (name, one.log) not in self.copied:
                self.violate(f"{one.card}: punch {one.seq} was green and is lost")
            elif (one.card, one.log, one.seq) in self._gone:
                self.counts["overwritten_by_hand"] += 1
            elif (one.log, one.seq) in kept.get(one.card, ()):
                self.counts["kept_on_a_copied_card"] += 1
            else:
                self.violate(f"{one.card}: punch {one.seq} was green on a copied card and is lost")
        forked = {log for (log, _), found in bodies.items() if len(found) > 1}
        self._forks_named(connection, name, forked)

    def _none_doubled(self, name: str, held: dict[tuple[bytes, int], Any]) -> None:
        for (log, seq), row in held.items():
            if (name, log, seq, row.body) not in self._may:
                self.violate(f"{name}: the ledger has a punch {seq} that this terminal did not make")

    def _date_right(self, boots: Callable[[bytes, int], Boot], one: Green, row: Any) -> None:
        interval = boots(one.log, row.boot_no).date(row.since_boot_ms, row.received_ms)
        low_ms, high_ms = interval.earliest_ms, interval.latest_ms
        if (low_ms is not None and one.true_ms < low_ms) or (high_ms is not None and one.true_ms > high_ms):
            self.violate(f"{one.card}: punch {one.seq} is dated to where it was not ({interval.reason})")
        self.counts[f"dated_{interval.reason.value}"] += 1

    def _forks_named(self, connection: Connection, name: str, forked: set[bytes]) -> None:
        alarms = list(connection.execute(select(alarm.c.log, alarm.c.kind).where(alarm.c.terminal == name)))
        for log in forked:
            if any(row.log == log and row.kind in _FORKS for row in alarms):
                self.counts["forks_named"] += 1
            else:
                self.violate(f"{name}: its log went on in two ways, and nobody was told")
        for row in alarms:
            if row.kind not in _HONEST and (name, row.log) not in self.copied:
                self.violate(f"{name}: an honest log raised the alarm {row.kind!r}")
        if not any(copied == name for copied, _ in self.copied):
            refused = connection.execute(select(quarantine.c.reason).where(quarantine.c.terminal == name)).first()
            if refused is not None:
                self.violate(f"{name}: something honest is in quarantine ({refused.reason})")


def _punches(connection: Connection, name: str) -> Iterator[Any]:
    columns = record.c.log, record.c.seq, record.c.body, record.c.boot_no, record.c.since_boot_ms, record.c.received_ms
    found = select(*columns).where(record.c.terminal == name, record.c.type == int(RecordType.PUNCH))
    return iter(connection.execute(found))
