"""`hazri-edge terminal`: puts the terminal process together and runs it until it is told to stop.

The process ends by os._exit and never closes punches.db: closing would delete the -wal and -shm files that the sync
process, another user, reads and could not make again.
"""

import threading
import time
from typing import Any, TextIO

from drivers import DeviceGone, registry
from drivers.base import Driver, Feature, Keypad
from edge import SetupError, enrolment, outcome, shows
from edge.badges import Badges
from edge.clock import trust
from edge.control import Control
from edge.gallery import People, Secrets
from edge.identity import load_keys
from edge.journal import Journal
from edge.legacy import Legacy
from edge.look import FingerLook
from edge.report import Report
from edge.screen import Corner
from edge.settings import Settings
from edge.sinks.text import TextSink
from edge.states import Done, EnrolPlace, Idle, OutOfService, Place, State, Typing
from edge.stopping import on_signal
from edge.terminal import Limits, Terminal
from edge.trouble import Troubles
from matching import Modality, threshold
from sync import StorageError
from sync.outbox import Outbox
from sync.record import ClockSource

_KEY_WAIT_S = 0.1
_HOUSEKEEPING_S = 0.5
_PRUNE_S = 3600.0
_REOPEN_FIRST_S, _REOPEN_MAX_S = 0.5, 10.0


def run(settings: Settings, *, events: bool, screen: TextIO | None, stop: threading.Event | None = None) -> int:
    """Serve people until SIGTERM or SIGINT. Returns the exit code; raises SetupError, StorageError, MatchingError."""
    stop = stop or threading.Event()
    on_signal(stop)
    Daemon(settings, Report("terminal", events=events), screen).run(stop)
    return 0


class Daemon:
    def __init__(self, settings: Settings, report: Report, screen: TextIO | None) -> None:
        keys = load_keys(settings.state_dir)
        self._report = report
        self._troubles = Troubles(report)
        self._shows = shows.fitted(settings, self._corner, self._troubles)
        if screen:
            self._shows.append(TextSink(screen))
        self._sensor, self._keypad = _devices(settings)
        look = FingerLook(settings.models_dir)
        self._journal = Journal(Outbox(settings.punches, keys.terminal, keys.record))
        secrets = Secrets(keys.terminal, keys.seal, keys.lookup_key)
        own = self._journal.own_templates()
        self._people = People(settings.roster, secrets, self._journal.log, own, self._spoilt)
        self._sealer = enrolment.Sealer(keys.terminal, keys.seal, keys.template_key)
        self._control = Control(settings.control, self.status)
        badges = Badges(settings.badges, lambda reason: self._troubles.found("badges", reason))
        self._legacy = Legacy(settings.bridge, badges, self._journal, self._people.knows, settings.rules, report)
        self._started_s = time.monotonic()
        self._state: State = Idle()
        self._serving = False
        self._pruned_s = self._kept_s = 0.0
        limits = Limits(threshold(Modality.FINGER, settings.fmr), settings.margin)
        self._terminal = Terminal(
            self._sensor,
            self._keypad,
            look,
            self._people,
            self._journal,
            settings.rules,
            limits,
            self._show,
            self._troubles,
        )

    def run(self, stop: threading.Event) -> None:
        """The terminal's one thread. Raises DeviceGone when the control socket is taken."""
        if not self._journal.open():
            self._report.say("storage", recording=False, reason="the boot could not be recorded: disk full or worn")
        self._refresh()
        self._control.open()
        self._legacy.open()
        threading.Thread(target=self._end_a_read, args=(stop,), name="stop", daemon=True).start()
        try:
            while not stop.is_set():
                if self._open(stop):
                    self._serve(stop)
        finally:
            self._legacy.close()
            self._control.close()
            self._sensor.close()
            for show in self._shows:
                show.close()
        self._report.say("stopped", seq=self._journal.seq)

    def status(self) -> dict[str, Any]:
        """For the control socket: figures, no people."""
        gallery, counters = self._people.gallery, self._terminal.counters
        return {
            "serving": self._serving,
            "uptime_s": round(time.monotonic() - self._started_s),
            "log": self._journal.log.hex(),
            "seq": self._journal.seq,
            "receipted": self._people.receipted,
            "roster_version": gallery.version,
            "people": len(gallery.people),
            "templates": gallery.templates,
            "damaged": self._people.damaged,
            "sessions": counters.sessions,
            "accepted": counters.accepted,
            "not_recorded": counters.not_recorded,
            "bad_readings": counters.bad_readings,
            **self._legacy.status(),
        }

    def _serve(self, stop: threading.Event) -> None:
        """Session after session until told to stop, or until the device goes."""
        try:
            while not stop.is_set():
                ended = self._terminal.serve(_KEY_WAIT_S)
                if ended is not None:
                    self._announce(ended)
                self._housekeeping()
                order = self._control.order()
                if order and order.run(lambda request: enrolment.enrol(self._terminal, self._sealer, request)):
                    person, finger = order.request.person.hex(), order.request.finger
                    self._report.say("enrolled", person=person, finger=finger, seq=self._journal.seq)
                if order:
                    self._terminal.hold()
        except DeviceGone as gone:
            self._serving = False
            if not stop.is_set():
                self._report.say("device", here=False, reason=str(gone))
                self._show(OutOfService())
            self._sensor.close()

    def _end_a_read(self, stop: threading.Event) -> None:
        """Told to stop while somebody is being waited for: closing the sensor ends the wait at once."""
        stop.wait()
        self._sensor.close()

    def _open(self, stop: threading.Event) -> bool:
        """Open the sensor, again and again with growing pauses; False when told to stop meanwhile."""
        pause_s = _REOPEN_FIRST_S
        while not stop.is_set():
            try:
                self._sensor.open()
            except DeviceGone as gone:
                if pause_s == _REOPEN_FIRST_S:
                    self._report.say("device", here=False, reason=str(gone))
                self._wait(stop, pause_s)
                pause_s = min(2 * pause_s, _REOPEN_MAX_S)
                continue
            self._serving = True
            self._report.say("ready", log=self._journal.log.hex(), seq=self._journal.seq, **self._roster())
            self._terminal.rest()
            return True
        return False

    def _wait(self, stop: threading.Event, seconds: float) -> None:
        """People still punch on the old machines while the sensor is away."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not stop.wait(_KEY_WAIT_S):
            self._legacy.serve()

    def _housekeeping(self) -> None:
        """Between two people: the old machines, the roster, the clock, and what the server has receipted."""
        self._legacy.serve()
        now_s = time.monotonic()
        if now_s - self._kept_s < _HOUSEKEEPING_S:
            return
        self._kept_s = now_s
        self._refresh()
        try:
            self._journal.tick()
            self._troubles.mended("storage")
        except StorageError as error:
            self._troubles.found("storage", str(error))
        if now_s - self._pruned_s > _PRUNE_S:
            self._pruned_s = now_s
            self._prune()

    def _prune(self) -> None:
        try:
            self._journal.prune(self._people.receipted)
            self._troubles.mended("prune")
        except StorageError as error:
            self._troubles.found("prune", str(error))

    def _refresh(self) -> None:
        try:
            changed = self._people.refresh()
        except StorageError as error:
            self._troubles.found("roster", str(error))
            return
        self._troubles.mended("roster")
        if changed:
            self._report.say("roster", **self._roster())

    def _spoilt(self, reason: str) -> None:
        self._report.say("trouble", what="template", reason=reason)

    def _roster(self) -> dict[str, int]:
        gallery = self._people.gallery
        return {
            "roster_version": gallery.version,
            "people": len(gallery.people),
            "templates": gallery.templates,
            "damaged": self._people.damaged,
        }

    def _announce(self, ended: outcome.Outcome) -> None:
        fields = outcome.event(ended)
        fields.pop("event")
        self._report.say("outcome", **fields)

    def _corner(self) -> Corner:
        trusted = trust()[0] is not ClockSource.UNKNOWN
        waiting = max(0, self._journal.seq - self._people.receipted)
        return Corner(unreceipted=waiting, clock=time.strftime("%H:%M"), clock_trusted=trusted)

    def _show(self, state: State) -> None:
        for show in self._shows:
            show(state)
        self._control.tell(_event(state))


def _event(state: State) -> dict[str, object]:
    """A state for those who watch; nothing personal but the opaque reference of who was accepted."""
    match state:
        case Done(ended):
            return outcome.event(ended)
        case Typing(keys):
            return {"event": "state", "state": "typing", "keys": keys}
        case Place(attempt, advice):
            return {"event": "state", "state": "place", "attempt": attempt, "advice": advice}
        case EnrolPlace(view, views, advice):
            return {"event": "state", "state": "enrol_place", "view": view, "views": views, "advice": advice}
    return {"event": "state", "state": type(state).__name__.lower()}


def _devices(settings: Settings) -> tuple[Driver, Keypad]:
    """The sensor and the keypad of the settings. Raises SetupError, OptionError."""
    own = [device for device in settings.sensors if not registry.find(device.driver).network]
    drivers = [registry.make(device.driver, device.options) for device in own]
    keypads = [driver for driver in drivers if isinstance(driver, Keypad)]
    sensors = [driver for driver in drivers if Feature.IMAGE in driver.features]
    if not sensors or not keypads:
        raise SetupError("the settings name no sensor with a picture and no keypad: add a [[sensors]] block")
    if len(drivers) > 1:
        raise SetupError("one [[sensors]] block for now: the sensor that is also the keypad")
    return sensors[0], keypads[0]
