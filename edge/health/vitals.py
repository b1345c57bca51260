"""The terminal process's part of the health message: its devices, its clock, its machine; noted for sync
(edge.health.condition)."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from edge import SOFTWARE
from edge.devices.checkup import Checkup
from edge.devices.supervisor import Bench, Worker
from edge.health import machine
from edge.health.condition import note, noted
from sync.health import (
    MAX_NAME,
    MAX_SENSORS,
    Counters,
    Health,
    LinkKind,
    Sensor,
    SensorKind,
    SensorState,
    Serving,
    Verdict,
)
from sync.record import Instant

EVERY_S = 60.0
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Clock:
    """What the terminal shows as the time, and how far the machine's own clock is from the server's word."""

    now: Instant
    own_off_ms: int | None


class Vitals:
    """Used by the terminal's one thread. `bridged`: the devices of the bridge."""

    def __init__(
        self, file: Path, state_dir: Path, bench: Bench, checkup: Checkup, bridged: Callable[[], Iterable[Sensor]]
    ) -> None:
        self._file, self._state_dir, self._bench, self._checkup, self._bridged = (
            file,
            state_dir,
            bench,
            checkup,
            bridged,
        )
        before = noted(file, within_ms=None)
        self._restarts = before.machine.restarts + 1 if before else 0  # a boot empties the runtime directory
        self._looked_s = self._noted_s = 0.0
        self._faults: frozenset[str] | None = None

    def look(self, clock: Callable[[], Clock], *, serving: bool) -> None:
        """Between two rounds: note what changed, or that a minute has passed."""
        now_s = time.monotonic()
        if self._noted_s and now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = now_s
        quick = Health(
            SOFTWARE, Serving.SERVING if serving else Serving.UNABLE, LinkKind.OTHER, sensors=self._sensors()
        )
        if quick.faults == self._faults and now_s - self._noted_s < EVERY_S:
            return
        self._noted_s, self._faults = now_s, quick.faults
        seen = clock()
        note(
            self._file,
            replace(
                quick,
                clock=seen.now.source,
                clock_offset_ms=seen.own_off_ms,
                clock_bound_ms=seen.now.error_bound_ms,
                machine=machine.look(self._state_dir, self._restarts),
            ),
        )

    def _sensors(self) -> tuple[Sensor, ...]:
        return (*(self._sensor(worker) for worker in self._bench.workers), *self._bridged())[:MAX_SENSORS]

    def _sensor(self, worker: Worker) -> Sensor:
        name, counts = worker.slot.name, worker.counts
        state = SensorState.HERE if worker.here else SensorState.LEFT if worker.given_up else SensorState.GONE
        return Sensor(
            name[:MAX_NAME],
            _kind(worker),
            state,
            self._checkup.verdicts.get(name, Verdict.UNTRIED),
            self._checkup.score(name),
            self._checkup.glass.get(name),
            Counters(counts.readings, counts.again, counts.garbled, counts.gone, counts.resets, counts.abandoned),
        )


def _kind(worker: Worker) -> SensorKind:
    if worker.sensor:
        return SensorKind.FACE if worker.stream else SensorKind.FINGER
    return SensorKind.KEYPAD if worker.keypad else SensorKind.OTHER
