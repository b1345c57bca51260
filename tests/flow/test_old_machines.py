"""Old machines → bridge → terminal → log: nothing lost, nothing doubled, whatever is killed (R6.2)."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from drivers.adms import sim as adms
from drivers.adms.sim import AdmsSim
from drivers.base import Means as ReadBy
from drivers.base import Recognition, Stamp
from drivers.lines import LineClient
from drivers.zk.codec import Command
from drivers.zk.machine import FIRMWARES, SERIAL, Machine
from drivers.zk.sim import ZkSim
from edge.devices import handover
from sync.record import ClockSource, Event, EventCode, Kind, Means, Punch, SourceClass
from tests.contract.rigs.adms import free_port
from tests.flow.terminal_site import ROOT, Site, person

INDIA = ZoneInfo("Asia/Kolkata")
MORNING = datetime(2026, 4, 1, 9, 0, 0)  # noqa: DTZ001 - wall time of a machine


class Bridge:
    """The bridge's own process."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self.log: list[str] = []
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "edge", "bridge", "--config", str(self._config)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
        err = self.process.stderr
        assert err is not None
        self._listen = threading.Thread(target=lambda: self.log.extend(err), daemon=True)
        self._listen.start()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._listen.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


class OldSite:
    """A terminal, two old machines, the bridge between them, and a roster of people with badges 1 to 9."""

    def __init__(self, folder: Path) -> None:
        self.zk = ZkSim(Machine(FIRMWARES["tcp40"]))
        port = free_port()
        self.site = Site(folder)
        with self.site.config.open("a") as file:
            file.write(
                f'[[sensors]]\ndriver = "zk"\noptions = {{ host = "127.0.0.1", port = {self.zk.port}, poll_s = 1 }}\n'
                f'[[sensors]]\ndriver = "adms"\n[sensors.options]\nhost = "127.0.0.1"\nport = {port}\n'
                f'machines = "{adms.SERIAL}=Asia/Kolkata"\n'
            )
        badges = "".join(f'{n} = "{person(n).hex()}"\n' for n in range(1, 10))
        (self.site.state / "badges.toml").write_text(f"[any]\n{badges}")
        self.site.people(*(self.site.authority.entry(person(n), f"00000{n}") for n in range(1, 10)))
        self.adms = AdmsSim("127.0.0.1", port, pause_s=0.1)
        self.bridge: Bridge | None = None

    def close(self) -> None:
        self.adms.close()
        self.zk.close()
        if self.bridge is not None and self.bridge.process.poll() is None:
            self.bridge.end(signal.SIGKILL)
        if self.site.process is not None:
            self.site.stop(signal.SIGKILL)

    def punches(self) -> list[Punch]:
        return list(self.site.punches().values())


@pytest.fixture
def old(tmp_path: Path) -> Iterator[OldSite]:
    with closing(OldSite(tmp_path)) as old:
        yield old


def wall_ms(when: datetime) -> int:
    return round(when.replace(tzinfo=INDIA).timestamp() * 1000)


def test_what_people_punch_on_old_machines_is_in_the_log(old: OldSite) -> None:
    """R6.2: contractual staff on the old machine, as legacy_terminal, dated by that machine's clock."""
    old.zk.punch("1", when=MORNING)
    old.zk.punch("1", verify=15, when=MORNING + timedelta(hours=8))
    old.site.start()
    old.bridge = Bridge(old.site.config)
    old.adms.punch("2", how=1, when=MORNING)
    old.adms.punch("77", when=MORNING)  # nobody's
    old.site.wait(lambda: len(old.punches()) == 3 and old.adms.waiting == 0)
    found = {(p.person, p.kind): p for p in old.punches()}
    assert set(found) == {(person(1), Kind.IN), (person(1), Kind.OUT), (person(2), Kind.IN)}
    assert {p.source_class for p in found.values()} == {SourceClass.LEGACY_TERMINAL}
    assert {p.instant.source for p in found.values()} == {ClockSource.UNKNOWN}
    first, last = found[person(1), Kind.IN], found[person(1), Kind.OUT]
    assert (first.means, last.means) == (Means.FINGER, Means.FACE)
    assert (first.instant.wall_ms, last.instant.wall_ms) == (wall_ms(MORNING), wall_ms(MORNING) + 8 * 3_600_000)
    events = [r for _, r in old.site.records() if isinstance(r, Event) and r.code is EventCode.UNKNOWN_BADGE]
    assert [(e.detail["badge"], e.detail["device"], e.detail["wall_ms"]) for e in events] == [
        ("77", adms.SERIAL, wall_ms(MORNING))
    ]
    status = old.site.status()
    assert (status["bridged"], status["unknown_badges"]) == (3, 1)
    assert not {Command.CLEAR_ATTENDANCE, Command.DISABLE, Command.SET_TIME} & set(old.zk.machine.seen)
    assert old.bridge.end() == 0
    assert not any("77" in line for line in [*old.bridge.log, *old.site.log])


def test_the_bridge_waits_for_the_terminal_and_the_machines_wait_for_both(old: OldSite) -> None:
    old.bridge = Bridge(old.site.config)
    old.zk.punch("3", when=MORNING)
    old.adms.punch("4", when=MORNING)
    until = time.monotonic() + 30
    while not any("what=terminal" in line for line in old.bridge.log) and time.monotonic() < until:
        time.sleep(0.05)
    assert old.adms.waiting == 1  # not acknowledged: it is on nobody's disk
    old.site.start()
    old.site.wait(lambda: len(old.punches()) == 2 and old.adms.waiting == 0)


def test_killed_between_commit_and_answer_nothing_is_lost_or_doubled(old: OldSite) -> None:
    """The bridge dies before it hears the answer; then the terminal dies before it can give one (S2)."""
    entries = [
        Recognition("5", ReadBy.FINGER, "", Stamp(wall_ms(MORNING) + n, 0, SERIAL, f"{n:016x}")) for n in range(40)
    ]
    old.site.start()
    half = entries[:20]
    for batch in handover.batches(half):
        deaf = LineClient(old.site.folder / "run" / "bridge.sock")
        deaf.send_raw(json.dumps(handover.take(batch)).encode() + b"\n")
        deaf.close()  # killed
    old.site.wait(lambda: len(old.punches()) == 20)
    listener = LineClient(old.site.folder / "run" / "bridge.sock")
    for batch in handover.batches(entries[20:]):
        listener.send_raw(json.dumps(handover.take(batch)).encode() + b"\n")
    old.site.wait(lambda: len(old.punches()) > 20)
    old.site.stop(signal.SIGKILL)
    listener.close()
    old.site.start()
    with LineClient(old.site.folder / "run" / "bridge.sock") as client:
        for batch in handover.batches(entries):
            assert client.ask(handover.take(batch)) == {"ok": True, "taken": len(batch)}
    assert sorted(p.instant.wall_ms for p in old.punches()) == [wall_ms(MORNING) + n for n in range(40)]


def test_kill_nine_of_either_process_at_any_moment_loses_and_doubles_nothing(old: OldSite) -> None:
    """S2, S9: people punch on both machines while processes die; in the end each punch is in the log once."""
    chance = random.Random(4)
    old.site.start()
    old.bridge = Bridge(old.site.config)
    made: Counter[tuple[bytes, int]] = Counter()
    for round_ in range(6):
        for n in range(12):
            badge, when = chance.randint(1, 9), MORNING + timedelta(minutes=20 * round_ + n)
            (old.zk if n % 2 else old.adms).punch(str(badge), when=when)
            made[person(badge), wall_ms(when)] += 1
            time.sleep(chance.random() * 0.05)
        if round_ % 2:
            old.site.stop(signal.SIGKILL)
            old.site.start()
        else:
            old.bridge.end(signal.SIGKILL)
            old.bridge.start()
    old.site.wait(lambda: len(old.punches()) >= sum(made.values()) and old.adms.waiting == 0)
    assert Counter((p.person, p.instant.wall_ms) for p in old.punches()) == made
