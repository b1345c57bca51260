"""One terminal: what is shipped of sync, around a finger, a crystal and a memory card that are played.

The part with the sensors appends what happens to its outbox; the part with the network is sync's own agent over it.
Its card is a folder. A power cut is what a disk makes of one: what was committed is there, what was being written is
there in part, and both parts of the program begin anew from the files.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.simulate.network import Exchange, UnitLink
from server.simulate.oracle import Oracle
from server.simulate.world import HOUR_MS, SECOND_MS, World
from sync.agent import Agent, AgentSettings
from sync.anchor import DRIFT_PPM, Anchor, anchor_detail
from sync.asker import Asker
from sync.ed25519 import PublicKey
from sync.outbox import Outbox
from sync.record import (
    ClockSource,
    Event,
    EventCode,
    Flag,
    Instant,
    Kind,
    Means,
    Punch,
    SourceClass,
)
from sync.roster import RosterStore

_BATCH, _IN_FLIGHT, _RECEIPT_S, _BEAT_S = 50, 4, 20.0, 7200.0
_LOOK_MS = 2 * HOUR_MS  # at least so often the agent is asked what it has to do
_KEPT = 60  # records that stay on the card when they are receipted
_PUNCHES, _AHEAD = "punches.db", "punches.db-wal"


@dataclass(frozen=True, slots=True)
class Place:
    """What all terminals share."""

    world: World
    exchange: Exchange
    oracle: Oracle
    server_key: PublicKey
    people: list[bytes]
    read_card: Callable[[Path], None]  # on the bench


class Unit:
    """A terminal of this `name` and `key`, with its card in `folder`; off until `boot`."""

    def __init__(
        self, place: Place, name: str, key: Ed25519PrivateKey, folder: Path, dice: Random, copy: str = ""
    ) -> None:
        """`copy`: what kind of copy of another one's card this is, if it is one."""
        self.place, self.name, self.key, self.folder, self.dice = place, name, key, folder, dice
        self.card = f"{name} {copy}".strip()
        self.wall_ms = place.world.now_ms - dice.randrange(HOUR_MS)  # what its own clock shows, when `_wall_at_ms` is
        self._wall_at_ms = place.world.now_ms
        self._boot_no = 0
        self._boot_at_ms = 0
        self._rate = 1.0
        self._anchor: Anchor | None = None
        self._lives = 0  # so that what was arranged before a power cut does not happen after it
        self._cards = 0
        self._roused = False
        self.last_log, self.last_seq = b"", 0
        self.network = True
        self.on = self.dead = False

    # ── power ──

    def boot(self) -> None:
        if self.on or self.dead:
            return
        world = self.place.world
        self.folder.mkdir(exist_ok=True, parents=True)
        self.outbox = Outbox(self.folder / _PUNCHES, self.name, self.key)
        self.store = RosterStore(self.folder / "roster.db")
        self.place.oracle.opened(self.card, self.outbox.set_aside)
        self._lives += 1
        self._boot_at_ms, self._boot_id = world.now_ms, self.dice.randbytes(16)
        self._boot_no = 1 + max((record.instant.boot_no for _, record in self.outbox.records()), default=self._boot_no)
        self._rate = 1 + self.dice.uniform(-DRIFT_PPM, DRIFT_PPM) / 1e6
        self._anchor = None
        self._offset_ms = self._wall_now_ms() - self._count_ms()
        self.on = True
        self.outbox.append(self._event(EventCode.BOOT, boot_id=self._boot_id, software="simulated"))
        asker = Asker(self.name, self.place.server_key, self._boot_id, self.store.anchor(), self._count_ms)
        self.link = UnitLink(self.place.exchange, self.name, self.dice, self._rouse, network=self.network)
        settings = AgentSettings(
            self.name, _BATCH, _IN_FLIGHT, _RECEIPT_S, _BEAT_S, poll_s=0.0, now_s=lambda: world.now_ms / 1000
        )
        path = self.folder / _PUNCHES
        self.agent = Agent(settings, path, self.store, self.link, self.place.server_key, lambda _: None, asker)
        self.agent.open()
        self._look(self._lives)

    def lose_power(self, back_in_ms: int | None = None, *, midway: bool = False) -> None:
        """Everything is off. `midway`: while a punch is being written, whose light has not turned green.
        `back_in_ms`: when there is power again; None: not by itself."""
        if not self.on:
            return
        files = self.image()
        if midway:
            punch = self._punch()
            seq = self.outbox.append(punch)
            self.place.oracle.perhaps(self.name, self.outbox.log, seq, punch)
            files = self._torn(files, self.image())
        self.last_log, self.last_seq = self.outbox.log, self.outbox.seq
        self.on = False
        self._lives += 1
        self.link.close()
        self.insert(files)
        if back_in_ms is not None:
            life = self._lives
            self.place.world.later(back_in_ms, lambda: self.boot() if self._lives == life else None)

    def image(self) -> dict[str, bytes]:
        """The card, byte for byte; -shm is memory, and not on it."""
        files = [one for one in self.folder.iterdir() if one.is_file() and not one.name.endswith("-shm")]
        return {one.name: one.read_bytes() for one in files}

    def insert(self, files: dict[str, bytes]) -> None:
        """Another card, or this one as a power cut left it: SQLite, ending, tidies up, which a power cut does not."""
        self._cards += 1
        old, self.folder = self.folder, self.folder.with_name(f"{self.folder.name.partition('+')[0]}+{self._cards}")
        self.folder.mkdir()
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
        shutil.rmtree(old, ignore_errors=True)

    def _torn(self, old: dict[str, bytes], new: dict[str, bytes]) -> dict[str, bytes]:
        """Of what the last append wrote ahead, only the beginning reached the disk; or all of it, or nothing."""
        before, after = old.get(_AHEAD, b""), new[_AHEAD]
        if new[_PUNCHES] != old[_PUNCHES]:
            return new  # a checkpoint came with it, which only begins when everything is on the disk
        first = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
        cut = self.dice.randint(min(first, len(after)), len(after))
        return {**new, _AHEAD: after[:cut] + before[cut:]}

    # ── what happens at it ──

    def touch(self) -> None:
        """Somebody puts a finger on it: green means that it may never be lost."""
        if self.on:
            punch = self._punch()
            seq = self.outbox.append(punch)
            self.place.oracle.green(self.name, self.card, self.outbox.log, seq, punch)
            self._rouse()

    def lose_network(self) -> None:
        self.network = False
        self.place.oracle.counts["lines_lost"] += 1
        if self.on:
            self.link.lose_network()

    def find_network(self) -> None:
        self.network = True
        if self.on:
            self.link.find_network()

    def set_clock(self, by_ms: int) -> None:
        """Somebody turns its clock (S10)."""
        self.wall_ms = self._wall_now_ms() + by_ms
        self._wall_at_ms = self.place.world.now_ms
        if self.on:
            self.place.oracle.counts["clocks_turned"] += 1
            old_ms, self._offset_ms = self._offset_ms, self._wall_now_ms() - self._count_ms()
            self.outbox.append(self._event(EventCode.CLOCK_STEP, old_ms=old_ms, new_ms=self._offset_ms, reason="set"))

    def rest(self) -> None:
        """From now on nothing fails; who is off comes on."""
        self.boot()
        self.find_network()

    def tidy(self) -> None:
        """Forget what the server has receipted."""
        if self.on:
            self.outbox.prune(self.agent.state.receipted, _KEPT)

    def kept(self) -> set[tuple[bytes, int]]:
        """(log, seq) of what the card still has."""
        return {(self.outbox.log, seq) for seq, _ in self.outbox.records()} if self.on else set()

    # ── inside ──

    def _punch(self) -> Punch:
        flags = Flag.NONE if self._anchor else Flag.CLOCK_UNTRUSTED
        kind = Kind.IN if self.dice.random() < 0.5 else Kind.OUT
        who, score = self.dice.choice(self.place.people), self.dice.randrange(400, 1000)
        return Punch(who, kind, Means.FINGER, score, SourceClass.AADHAAR_TERMINAL, flags, self._now())

    def _event(self, code: EventCode, **detail: int | str | bytes) -> Event:
        return Event(code, detail, self._now())

    def _now(self) -> Instant:
        at_ms, anchor = self._count_ms(), self._anchor
        if anchor is None:
            return Instant(self._boot_no, at_ms, self._offset_ms, ClockSource.UNKNOWN, None)
        return Instant(self._boot_no, at_ms, anchor.offset_ms, ClockSource.SERVER, anchor.bound_at_ms(at_ms))

    def _count_ms(self) -> int:
        """CLOCK_BOOTTIME."""
        return int((self.place.world.now_ms - self._boot_at_ms) * self._rate) + 1

    def _wall_now_ms(self) -> int:
        return self.wall_ms + self.place.world.now_ms - self._wall_at_ms

    def _rouse(self) -> None:
        if not self._roused and self.on:
            self._roused = True
            life = self._lives
            self.place.world.later(0, lambda: self._work(life))

    def _look(self, life: int) -> None:
        """Now and then, whatever happens; sooner while something waits for a receipt."""
        if life == self._lives and self.on:
            self._rouse()
            state = self.agent.state
            waiting = state.up and not state.trouble and state.receipted < state.made
            self.place.world.later(25 * SECOND_MS if waiting else _LOOK_MS, lambda: self._look(life))

    def _work(self, life: int) -> None:
        self._roused = False
        if life != self._lives or not self.on:
            return
        self.agent.step()
        self._take_anchor()

    def _take_anchor(self) -> None:
        """As the terminal does with the server's word: shows it from now on, and writes it into its log."""
        came_ms = self._anchor.came_ms if self._anchor else 0
        if self.agent.state.anchored_ms <= came_ms:
            return
        anchor = self.store.anchor()
        if anchor is not None and anchor.question.boot_id == self._boot_id:
            self._anchor = anchor
            detail = anchor_detail(anchor, self._offset_ms)
            self.outbox.append(Event(EventCode.TIME_ANCHOR, detail, self._now()))
            self._rouse()
