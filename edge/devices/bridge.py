"""`hazri-edge bridge`: devices that live on the local network, carried to the terminal, which has no network.

No database, no keys. One thread a device, of two kinds: a Carrier hands over what a device wrote into its own log, and
acknowledges it to the device only when the terminal has it on disk; a Courier (edge.devices.courier) lends the terminal
a sensor that takes pictures. When either end is away, the other waits.
"""

import contextlib
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from drivers import DeviceGone, DriverError, ProtocolError, registry
from drivers.base import Acknowledged, Driver, Feature, Recognition, Stamp
from drivers.lines import LineClient, Message
from edge import SetupError
from edge.devices import handover
from edge.devices.courier import Courier
from edge.devices.remote import brought
from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.screen.preview import Preview
from edge.settings import Settings
from sync.health import MAX_NAME, Counters, Sensor, SensorKind, SensorState
from sync.pulse import Pulse
from sync.stopping import on_signal

_READ_S = 1.0
_ANSWER_S = 60.0  # somebody may be at the terminal: it answers between two people
_TELL_S = 60.0
_BATCH = handover.MAX_READINGS
_PAUSE_FIRST_S, _PAUSE_MAX_S = 0.5, 10.0


def run(settings: Settings, *, events: bool, stop: threading.Event | None = None) -> int:
    """Carry until SIGTERM or SIGINT. Returns the exit code; raises SetupError, OptionError."""
    stop = stop or threading.Event()
    on_signal(stop)
    report = Report("bridge", events=events)
    preview = Preview(settings.preview_png, settings.preview_port) if settings.preview_png else None
    link = Link(settings.bridge)
    carriers = _carriers(settings, link, report)
    if not carriers and preview is None:
        raise SetupError("the settings name no device on the network and no preview: nothing to do for the bridge")
    if preview is not None:
        preview.open()
    for carrier in carriers:
        carrier.start()
    report.say("ready", devices=len(carriers), preview=preview is not None)
    machines = [carrier for carrier in carriers if isinstance(carrier, Carrier)]
    pulse = Pulse()
    pulse.ready()
    while not stop.wait(_TELL_S):
        if all(carrier.is_alive() for carrier in carriers):
            pulse.beat()
        with contextlib.suppress(DriverError):  # the terminal is away: each carrier finds that out by itself
            if machines:
                link.ask(handover.devices([machine.condition() for machine in machines]))
    for carrier in carriers:
        carrier.end()
    for carrier in carriers:
        carrier.join(_READ_S)
    link.close()
    if preview is not None:
        preview.close()
    report.say("stopped")
    return 0


class Link:
    """To the terminal, for all devices: one question at a time. Raises DeviceGone while the terminal is away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._client: LineClient | None = None
        self._lock = threading.Lock()

    def ask(self, message: Message) -> Message:
        with self._lock:
            try:
                if self._client is None:
                    self._client = LineClient(self._path, _ANSWER_S)
                return self._client.ask(message)
            except DriverError:
                self.close()  # an answer that comes late must not be taken for that to the next question
                raise

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


class Carrier(threading.Thread):
    """One device, from its log to the terminal's."""

    def __init__(self, name: str, driver: Driver, link: Link, report: Report) -> None:
        super().__init__(name=name, daemon=True)
        self._driver, self._link = driver, link
        self._troubles = Troubles(report)
        self._fault: DriverError | None = None
        self._over = threading.Event()
        self._counts = Counters()
        self._here = False

    def condition(self) -> Sensor:
        """From any thread: how the device is, for the health message."""
        state = SensorState.HERE if self._here else SensorState.GONE
        return Sensor(self.name[:MAX_NAME], SensorKind.MACHINE, state, counters=self._counts)

    def end(self) -> None:
        """From any thread: stop reading, and let the device go."""
        self._over.set()
        self._driver.close()

    def run(self) -> None:
        """Open, carry, and again when the device was away."""
        pause_s = _PAUSE_FIRST_S
        while not self._over.is_set():
            try:
                self._driver.open()
                self._troubles.mended(self.name)
                self._here, pause_s = True, _PAUSE_FIRST_S
                self._carry()
            except DeviceGone as gone:
                self._count(gone=int(self._here))
                self._here = False
                if not self._over.is_set():
                    self._troubles.found(self.name, str(gone))
            self._driver.close()
            self._over.wait(pause_s)
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)

    def _carry(self) -> None:
        """Raises DeviceGone."""
        odd = f"reading {self.name}"
        while not self._over.is_set():
            try:
                batch = self._read()
                for part in handover.batches(batch):
                    self._hand_over(part)
            except ProtocolError as error:
                self._troubles.found(odd, str(error))
                self._count(garbled=1)
                continue
            self._count(readings=len(batch))
            if batch:
                self._troubles.mended(odd)

    def _count(self, readings: int = 0, garbled: int = 0, gone: int = 0) -> None:
        c = self._counts
        self._counts = replace(c, readings=c.readings + readings, garbled=c.garbled + garbled, gone=c.gone + gone)

    def _read(self) -> list[Recognition]:
        """What is there now, in order; the first may take a moment to come. What goes wrong after it is kept."""
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
        batch: list[Recognition] = []
        try:
            while len(batch) < _BATCH and (reading := self._driver.read(0 if batch else _READ_S)) is not None:
                if isinstance(reading, Recognition):
                    batch.append(_stamped(reading, self.name))
        except DriverError as error:
            if not batch:
                raise
            self._fault = error
        return batch

    def _hand_over(self, batch: Sequence[Recognition]) -> None:
        """Until the terminal has it, or will not have it: that stays with the device, which hands it over again."""
        pause_s = _PAUSE_FIRST_S
        while not self._over.is_set():
            taken, reason, again = self._ask(batch)
            for reading in batch[:taken]:
                if isinstance(self._driver, Acknowledged):
                    self._driver.taken(reading)
            batch = batch[taken:]
            if reason is None:
                self._troubles.mended("terminal")
            else:
                self._troubles.found("terminal", reason)
            if not batch or not again:
                return
            self._over.wait(pause_s)
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)

    def _ask(self, batch: Sequence[Recognition]) -> tuple[int, str | None, bool]:
        """How many are on disk; why not all; whether it is worth asking again."""
        try:
            answer = self._link.ask(handover.take(batch))
        except DriverError as error:
            return 0, str(error), True
        return handover.taken(answer, len(batch))


def _carriers(settings: Settings, link: "Link", report: Report) -> "list[Carrier | Courier]":
    """One for each device on the network. Raises OptionError."""
    carriers: list[Carrier | Courier] = []
    for name, device in settings.named:
        entry = registry.find(device.driver)
        if entry.network and Feature.RECOGNITION in entry.features:
            carriers.append(Carrier(name, registry.make(device.driver, device.options), link, report))
        elif brought(entry):
            driver = registry.make(device.driver, device.options)
            carriers.append(Courier(name, driver, settings.pictures, Troubles(report)))
        elif entry.network:
            report.say("trouble", what=name, reason="what it takes is sealed for somebody else: not for the terminal")
    return carriers


def _stamped(reading: Recognition, name: str) -> Recognition:
    """Somebody was there just now: our own clock says when, and the entry gets a name, so that it is taken once."""
    if reading.stamp is not None:
        return reading
    return replace(reading, stamp=Stamp(time.time_ns() // 1_000_000, 0, name, uuid.uuid4().hex))
