"""One run: the fleet in parts that live at the same time, all against one ledger, then the judgement.

A part is as many terminals as their files may be open at once; the parts meet in the ledger only. Simulated time
begins anew with each, and what the aggregator's machine suffers is drawn anew, too.
"""

import hashlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from server import carried
from server.feed import Feed
from server.fleet import vouch
from server.fleet.push import RosterPusher
from server.fleet.roster import RosterKeys
from server.ingest import Ingest
from server.intake.group import Intake
from server.ledger.records import RecordWriter
from server.ledger.store import Ledger
from server.ledger.tables import terminal
from server.settings import IngestSettings
from server.simulate import PUNCHES_A_DAY
from server.simulate.life import Fate, Life, fate_of
from server.simulate.network import Exchange
from server.simulate.oracle import Oracle
from server.simulate.unit import Place, Unit
from server.simulate.world import DAY_MS, EPOCH_MS, HOUR_MS, MINUTE_MS, World
from server.transparency import notary
from server.transparency.audit import Auditor, State
from server.trust.keys import ServerKeys, open_keys
from server.trust.vault import Vault
from sync.ed25519 import PublicKey

_TOGETHER = 100
_AFTER_DAYS = 3  # in which everything works, so that everybody can be heard
_PEOPLE = 10
_COMMIT_MS = 5000  # a group of a quiet fleet is small: longer, so that a run is shorter
_SERVER_FAILS, _WIPED = 0.3, 0.3  # chances a day, and of a failure
_MEMORY, _MEMORY_FREE = Path("/dev/shm"), 2 * 2**30  # noqa: S108 - a folder of our own is made in it


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be simulated."""

    terminals: int
    days: int
    seed: int
    punches_a_day: int = PUNCHES_A_DAY


@dataclass(frozen=True, slots=True)
class Found:
    """What came of it: counts by name, violations in words (the first of them), and a digest of every green light."""

    asked: Asked
    counts: dict[str, int]
    violations: list[str]
    digest: str
    took_s: float
    cpu_s: float

    @property
    def sound(self) -> bool:
        return not self.counts.get("violations")

    @property
    def us_per_punch(self) -> float:
        """Of CPU."""
        return self.cpu_s * 1e6 / max(1, self.counts.get("punches", 0))


def run(asked: Asked, on_days: Callable[[int], None] = lambda _: None) -> Found:
    """Simulate, and judge. `on_days(n)`: so many terminal-days more have passed. Raises ServerError."""
    began_s, spent_s = time.monotonic(), time.process_time()
    counts: Counter[str] = Counter()
    violations: list[str] = []
    digest = hashlib.sha256()
    folder = Path(tempfile.mkdtemp(prefix="hazri-simulate-", dir=_roomy()))
    try:
        ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
        try:
            keys = open_keys(folder / "server", ("localhost",))
            for first in range(0, asked.terminals, _TOGETHER):
                part = Part(asked, range(first, min(first + _TOGETHER, asked.terminals)), folder, ledger, keys, counts)
                part.live(on_days)
                violations += part.judge()
                digest.update(part.oracle.digest)
            violations += _audited(ledger, keys, counts)
        finally:
            ledger.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Found(
        asked,
        dict(sorted(counts.items())),
        violations,
        digest.hexdigest()[:16],
        time.monotonic() - began_s,
        time.process_time() - spent_s,
    )


def _roomy() -> Path | None:
    """In memory where there is room: simulated power cuts need no disk that survives real ones."""
    try:
        return _MEMORY if shutil.disk_usage(_MEMORY).free > _MEMORY_FREE else None
    except OSError:
        return None


def _audited(ledger: Ledger, keys: ServerKeys, counts: Counter[str]) -> list[str]:
    """The whole ledger against signatures and checkpoint, as `hazri-server audit` does."""
    notary.make(ledger, keys.server)
    auditor = Auditor(ledger, PublicKey.of(keys.server), [], State())
    for _ in auditor.steps():
        pass
    report = auditor.report()
    counts["records_audited"] = report.records
    counts["violations"] += len(report.findings)
    return [f"audit: {one.fault}: {one.terminal} record {one.seq}: {one.detail}" for one in report.findings]


class Part:
    """Terminals that live at the same time, and their aggregator."""

    def __init__(
        self, asked: Asked, indexes: range, folder: Path, ledger: Ledger, keys: ServerKeys, counts: Counter[str]
    ) -> None:
        self._asked, self._folder, self.ledger, self._keys, self._counts = asked, folder, ledger, keys, counts
        dice = Random(f"{asked.seed} part {indexes.start}")  # noqa: S311 - a simulation, not a secret
        self.world = World()
        self.oracle = Oracle(self.world, counts)
        self._exchange = Exchange(self.world, dice, counts)
        self._awaited = False
        self._ingest = self._new_ingest()
        people = [dice.randbytes(8) for _ in range(_PEOPLE)]
        server_key = PublicKey.of(keys.server)
        self._place = Place(self.world, self._exchange, self.oracle, server_key, people, self._read_card)
        self.units: list[Unit] = []
        for index in indexes:
            self._add(index)
        for day in range(asked.days):
            if dice.random() < _SERVER_FAILS:
                at_ms, for_ms = EPOCH_MS + day * DAY_MS + dice.randrange(DAY_MS), dice.randrange(MINUTE_MS, HOUR_MS)
                wiped = dice.random() < _WIPED
                self.world.at(at_ms, partial(self._fail, for_ms, wiped=wiped))

    def live(self, on_days: Callable[[int], None]) -> None:
        """Through all days, and those after in which everybody is heard."""
        for day in range(1, self._asked.days + 1):
            self.world.run(EPOCH_MS + day * DAY_MS)
            on_days(len(self.names))
        for unit in self.units:
            unit.rest()
        self.world.run(EPOCH_MS + (self._asked.days + _AFTER_DAYS) * DAY_MS)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(unit.name for unit in self.units))

    def judge(self) -> list[str]:
        """The violations in words."""
        kept = {unit.card: unit.kept() for unit in self.units}
        for unit in self.units:
            self._heard(unit)
        with self.ledger.read() as connection:
            self.oracle.judge(connection, self.names, kept)
        for unit in self.units:
            unit.lose_power()
        return self.oracle.violations

    def _heard(self, unit: Unit) -> None:
        """At the end every honest terminal has a receipt for everything."""
        if unit.on and not unit.agent.state.trouble.startswith("fork"):
            missing = unit.outbox.seq - unit.agent.state.receipted
            if missing and (unit.name, unit.outbox.log) not in self.oracle.copied:
                self.oracle.violate(f"{unit.card}: {missing} records have no receipt in the end")

    # ── the terminals ──

    def _add(self, index: int) -> None:
        asked = self._asked
        name = f"t-{index:05}"
        dice = Random(f"{asked.seed} terminal {index}")  # noqa: S311
        key = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        self._admit(name, key)
        fate = fate_of(index, asked.terminals, dice)
        life = self._life(name, key, dice, "")
        life.begin()
        if fate is not Fate.NONE:
            self._counts[f"cards_{fate.value}"] += 1
        copy = {Fate.CLONED: "clone", Fate.REPLACED: "new card"}.get(fate)
        life.fated(fate, self._life(name, key, dice, copy) if copy else None)

    def _life(self, name: str, key: Ed25519PrivateKey, dice: Random, copy: str) -> Life:
        own = Random(dice.randbytes(16))  # noqa: S311
        folder = self._folder / f"{name}{'-' + copy.replace(' ', '-') if copy else ''}"
        unit = Unit(self._place, name, key, folder, own, copy)
        self.units.append(unit)
        return Life(unit, own, self._asked.days, self._asked.punches_a_day)

    def _admit(self, name: str, key: Ed25519PrivateKey) -> None:
        public = key.public_key().public_bytes_raw()
        values = {"state": "active", "roster_version": 0, "admitted_ms": EPOCH_MS}
        with self.ledger.write() as connection:
            connection.execute(
                insert(terminal).values(id=name, **values, record_key=public, seal_key=bytes(32), lookup_key=b"")
            )
            vouch.put(connection, self._keys.server, name, public)

    # ── the aggregator ──

    def _intake(self, *, carried: bool = False) -> Intake:
        writer = RecordWriter(self.ledger.engine.dialect)
        return Intake(
            writer, self._keys.server, self._roster_keys(), carried=carried, clock_ms=lambda: self.world.now_ms
        )

    def _roster_keys(self) -> RosterKeys:
        return RosterKeys(self._keys.server, self._keys.template, Vault(self._keys.vault))

    def _new_ingest(self) -> Ingest:
        pusher = RosterPusher(self.ledger, self._roster_keys(), self._exchange)  # never started: there are no rosters
        ingest = Ingest(
            IngestSettings(2000, _COMMIT_MS),
            self.ledger,
            self._intake(),
            _Woken(self._exchange, self._rouse),
            pusher,
            Feed(),
            now_s=lambda: self.world.now_ms / 1000,
        )
        ingest.open()
        return ingest

    def _rouse(self) -> None:
        if not self._awaited:
            self._awaited = True
            self.world.later(_COMMIT_MS, self._work)

    def _work(self) -> None:
        self._awaited = False
        self._ingest.work_off()

    def _fail(self, for_ms: int, *, wiped: bool) -> None:
        """Whatever waits in it is gone; a new one begins with what is in the ledger."""
        self._exchange.fail(for_ms, wiped=wiped)
        self._ingest = self._new_ingest()

    def _read_card(self, folder: Path) -> None:
        taken = carried.take_card(self.ledger, self._intake(carried=True), folder)
        self._counts["carried_punches"] += taken.counts["punches"]


class _Woken:
    """The aggregator's end of the exchange: whoever brings something rouses it."""

    def __init__(self, exchange: Exchange, rouse: Callable[[], None]) -> None:
        self._exchange, self._rouse = exchange, rouse
        self.publish = exchange.publish
        self.close = exchange.close

    def open(self, on_delivery: Any, on_state: Any, will: Any = None) -> None:
        def take(delivery: Any) -> None:
            on_delivery(delivery)
            self._rouse()

        self._exchange.open(take, on_state, will)
