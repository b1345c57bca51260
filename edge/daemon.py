"""`hazri-edge terminal`: puts the terminal process together and runs it until it is told to stop.

The process ends by os._exit and never closes punches.db: closing would delete the -wal and -shm files that the sync
process, another user, reads and could not make again.
"""

import functools
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO, assert_never

from drivers import registry
from drivers.base import Driver, Feature
from edge import SetupError
from edge.control import Control, Examine, as_told
from edge.devices import selftest
from edge.devices.checkup import Checkup
from edge.devices.remote import Door, Remote, brought
from edge.devices.supervisor import Bench, Slot
from edge.health.connection import noted
from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.health.vitals import Clock, Vitals
from edge.people import enrolment
from edge.people.ageing import Ageing
from edge.people.comparing import Comparer, Limits
from edge.people.fetching import Fetching
from edge.people.gallery import People, Secrets
from edge.people.identifying import Preparing
from edge.people.look import FaceLook, FingerLook
from edge.people.probes import Probes
from edge.record.adopting import adopt
from edge.record.anchoring import Anchoring
from edge.record.badges import Badges
from edge.record.errands import Doers, Errands
from edge.record.journal import Journal
from edge.record.legacy import Legacy
from edge.screen import shows
from edge.screen.scene import Corner
from edge.screen.sinks.text import TextSink
from edge.session import outcome, policy
from edge.session.states import Located, Page, State, Technician
from edge.settings import Device, Settings
from edge.terminal import Terminal
from edge.trust.keys import load_keys
from edge.trust.pin import Pins
from matching import Modality, ModelError
from sync import StorageError
from sync.outbox import Outbox
from sync.pulse import Pulse
from sync.record import ClockSource, EventCode, Instant
from sync.stopping import on_signal

_KEY_WAIT_S, _HOUSEKEEPING_S, _PRUNE_S = 0.1, 0.5, 3600.0


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
        self._aloud = shows.aloud(settings, self._troubles)
        self._rules, self._models_dir = settings.rules, settings.models_dir
        self._door = _door(settings)
        self._pulse = Pulse()
        self._bench = Bench(_slots(settings, self._door), settings.hang_s, self._pulse.beat)
        self._faces = "no camera"
        self._connection_file, self._connection = settings.connection, noted(settings.connection)
        self._journal = Journal(Outbox(settings.punches, keys.terminal, keys.record), follows=keys.follows)
        secrets = Secrets(keys.terminal, keys.seal, keys.lookup_key, keys.makers)
        own = self._journal.own_templates()
        self._people = People(settings.roster, secrets, self._journal.log, own, self._spoilt)
        self._anchoring = Anchoring(self._journal, keys.terminal, keys.server_key, report, self._troubles)
        self._sealer = enrolment.Sealer(keys.terminal, keys.seal, keys.template_key)
        self._search = self._preparing(settings.rules, secrets)
        self._control = Control(settings.control, self.status, lambda: not self._terminal.at_rest)
        badges = Badges(settings.badges, lambda reason: self._troubles.found("badges", reason))
        self._legacy = Legacy(settings.bridge, badges, self._journal, self._people.knows, settings.rules, report)
        self._started_s = time.monotonic()
        self._serving = self._tried = False
        self._pruned_s = self._kept_s = 0.0
        self._silent_day = -1
        self._checkup = Checkup(self._bench, settings.rules, settings.selftest_min, self._report)
        self._vitals = Vitals(settings.condition, settings.state_dir, self._bench, self._checkup, self._legacy.devices)
        comparer, days = self._comparer(settings), settings.ageing_days
        self._ageing = Ageing(self._people, self._journal, self._sealer, comparer.limits.threshold, days)
        self._terminal = Terminal(
            self._bench,
            comparer,
            self._people,
            self._journal,
            settings.rules,
            self._show,
            self._troubles,
            Pins(settings.state_dir),
            self._facts,
            self._aloud,
            self._ageing.notice,
            Fetching(keys, self._journal, self._people, lambda: bool(self._connection and self._connection.up)),
            Probes(settings.state_dir / "probes", keys.lookup_key),
        )
        self._stop = threading.Event()
        locate, wanted = (lambda s: self._terminal.show(Located(s))), functools.partial(adopt, settings)
        doers = Doers(self._checkup.passed, locate, self._end, wanted)
        self._errands = Errands(keys, settings.state_dir, self._journal, self._people, report, self._troubles, doers)

    def _comparer(self, settings: Settings) -> Comparer:
        """Fingers must be comparable, or there is no terminal; without the networks of faces there are no faces."""
        limits = Limits.at(settings.fmr, settings.face_fmr, settings.margin)
        face = None
        if any(worker.stream for worker in self._bench.workers):
            try:
                face = FaceLook(settings.models_dir)
                self._faces = "ready"
            except ModelError as error:
                self._faces = f"off: {error}"
                self._troubles.found("faces", str(error))
        return Comparer(FingerLook(settings.models_dir), limits, face, self._search)

    def _preparing(self, rules: policy.Rules, secrets: Secrets) -> Preparing | None:
        """Everybody, where people are known without digits."""
        if not (rules.identify or rules.identify_face):
            return None
        modality = Modality.FINGER if rules.identify else Modality.FACE
        return Preparing(modality, secrets, lambda reason: self._troubles.found("search", reason))

    def run(self, stop: threading.Event) -> None:
        """The terminal's one thread. Raises DeviceGone when the control socket is taken."""
        if not self._journal.open():
            self._report.say("storage", recording=False, reason="the boot could not be recorded: disk full or worn")
        self._stop = stop
        self._refresh()
        self._control.open()
        self._legacy.open()
        self._door.open()
        threading.Thread(target=self._end_a_wait, args=(stop,), name="stop", daemon=True).start()
        self._bench.open()
        self._pulse.ready()
        try:
            while not stop.is_set():
                self._serve()
        finally:
            self._door.close()
            self._legacy.close()
            self._control.close()
            self._bench.close()
            for show in (*self._shows, self._aloud):
                show.close()
        self._report.say("stopped", seq=self._journal.seq)

    def _end(self) -> None:
        self._stop.set()

    def status(self) -> dict[str, Any]:
        """For the control socket: figures, no people."""
        gallery, counters = self._people.gallery, self._terminal.counters
        now = self._journal.now()
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
            "bad_readings": self._terminal.bad_readings,
            "faces": self._faces,
            "identify": self._identify(),
            "clock": now.source.name.lower(),
            "clock_bound_ms": now.error_bound_ms,
            "silent": self._silent_day == policy.work_day(self._rules, now),
            "devices": self._bench.health(),
            "selftest": self._checkup.last,
            "connection": self._connection.facts() if self._connection else {},
            **self._legacy.status(),
        }

    def _identify(self) -> str:
        if self._search is None:
            return "off"
        ready = self._search.ready
        return f"{ready.people} people" if ready else "being prepared"

    def _serve(self) -> None:
        """One round: what happens before the terminal, then the devices, then what waits for a quiet moment."""
        ended = self._terminal.serve(_KEY_WAIT_S)
        if ended is not None:
            self._announce(ended)
        self._devices()
        self._vitals.look(self._clock, serving=self._serving and self._terminal.disk)
        self._legacy.serve()
        if self._terminal.at_rest:
            self._housekeeping()
            self._obey()

    def _devices(self) -> None:
        """What went and what came back; the terminal serves with what is left."""
        for news in self._bench.watch():
            reason = {} if news.here else {"reason": news.reason}
            self._report.say("device", device=news.device, here=news.here, **reason)
            if not self._tried:  # what is shown first is what the devices turned out to be
                self._tried = True
                self._terminal.rest()
        self._terminal.changed()
        able = self._terminal.session.able
        serving = (able.finger or able.face) and (able.keypad or self._search is not None)
        if serving and not self._serving:
            self._report.say("ready", log=self._journal.log.hex(), seq=self._journal.seq, **self._roster())
        self._serving = serving

    def _obey(self) -> None:
        """What somebody at the control socket asked for."""
        order = self._control.order()
        if isinstance(order, Examine):
            self._terminal.show(Technician(Page.SELFTEST))
            looks = selftest.looks(self._models_dir)
            selftest.serve(order.answer, self._bench.workers, looks, order.timeout_s, self._bench.pressed)
            self._terminal.rest()
        elif order and (done := order.run(lambda request: enrolment.enrol(self._terminal, self._sealer, request))):
            fingers = ",".join(map(str, done.fingers))
            self._report.say("enrolled", person=order.request.person.hex(), fingers=fingers, seq=self._journal.seq)

    def _end_a_wait(self, stop: threading.Event) -> None:
        """Told to stop while somebody is being enrolled: without its devices that ends at once."""
        stop.wait()
        self._bench.close()

    def _housekeeping(self) -> None:
        """Between two people: the roster, the clock, what the server has receipted, and whether anybody comes."""
        now_s = time.monotonic()
        if now_s - self._kept_s < _HOUSEKEEPING_S:
            return
        self._kept_s = now_s
        self._connection = noted(self._connection_file)
        self._refresh()
        try:
            self._journal.tick()
            self._anchoring.look(self._people.anchor)
            self._errands.look()
            self._troubles.mended("storage")
            self._terminal.disk = True
        except StorageError as error:
            self._troubles.found("storage", str(error))
            self._terminal.disk = False
        now = self._journal.now()
        self._ageing.settle()
        self._listen_to_silence(now)
        self._checkup.daily(now)
        self._terminal.dirty = self._checkup.dirty
        if now_s - self._pruned_s > _PRUNE_S:
            self._pruned_s = now_s
            self._prune()

    def _listen_to_silence(self, now: Instant) -> None:
        """Online, and nobody punches: said once a day, and over with the next punch (S1)."""
        if self._rules.silence.by_min is None:
            return
        latest = max(
            (last.instant for last in self._journal.history.last.values()), key=lambda at: at.wall_ms, default=None
        )
        people, today = len(self._people.gallery.people), policy.work_day(self._rules, now)
        if not policy.silent(self._rules, now, latest, people):
            self._troubles.mended("silence")
        elif self._silent_day != today:
            self._silent_day = today
            self._troubles.found("silence", f"no punch today of {people} people expected")
            try:
                self._journal.remark(EventCode.FITNESS, what="silent", people=people)
            except StorageError as error:
                self._troubles.found("storage", str(error))

    def _facts(self, page: Page) -> dict[str, Any]:
        """For the technician before the terminal."""
        match page:
            case Page.STATUS:
                shown = ("seq", "receipted", "people", "templates", "damaged", "bad_readings", "faces")
                return {name: value for name, value in self.status().items() if name in shown}
            case Page.SELFTEST:
                self._checkup.run()
                return {device: verdict.name.lower() for device, verdict in self._checkup.verdicts.items()}
            case Page.NETWORK:
                corner = self._corner()
                facts = self._connection.facts() if self._connection else {"link": "unknown"}
                here = {"unreceipted": corner.unreceipted, "clock": corner.clock, "trusted": corner.clock_trusted}
                return {**here, **facts}
        assert_never(page)

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
        if self._search:
            self._search.follow(self._people.gallery)

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
        self._checkup.served()
        fields = outcome.event(ended)
        if isinstance(ended, outcome.LockedOut | outcome.SensorGone):  # shown as a state of its own, not as Done
            self._control.tell(fields)
        fields.pop("event")
        self._report.say("outcome", **fields)

    def _clock(self) -> Clock:
        anchor, now = self._journal.history.anchor, self._journal.now()
        return Clock(now, self._journal.clock.wall_offset_ms() - anchor.offset_ms if anchor else None)

    def _corner(self) -> Corner:
        now = self._journal.now()
        trusted = now.source is not ClockSource.UNKNOWN
        waiting = max(0, self._journal.seq - self._people.receipted)
        found = self._connection
        link, bars = (found.link, found.bars) if found else (None, None)
        return Corner(link, bars, waiting, _clock_face(now), trusted)

    def _show(self, state: State) -> None:
        for show in self._shows:
            show(state)
        self._control.tell(as_told(state))


def _clock_face(now: Instant) -> str:
    return time.strftime("%H:%M", time.localtime(now.wall_ms / 1000))


def _slots(settings: Settings, door: Door) -> list[Slot]:
    """The terminal's own devices, and those whose pictures the bridge brings. Raises SetupError, OptionError."""
    entries = [(name, device, registry.find(device.driver)) for name, device in settings.named]
    own = [(name, device, entry) for name, device, entry in entries if brought(entry) or not entry.network]
    features = [entry.features for _, _, entry in own]
    if not any((Feature.IMAGE | Feature.MATCH) & f for f in features):
        raise SetupError("the settings name no sensor with a picture or a matching of its own: add a [[sensors]] block")
    known = settings.rules.identify or settings.rules.identify_face
    if not (any(Feature.KEYPAD in f for f in features) or known):
        raise SetupError('the settings name no keypad: add a [[sensors]] block, or set identify to "finger" or "face"')
    return [
        Slot(name, functools.partial(Remote, door, name, entry.features) if entry.network else _maker(device))
        for name, device, entry in own
    ]


def _maker(device: Device) -> Callable[[], Driver]:
    return functools.partial(registry.make, device.driver, device.options)


def _door(settings: Settings) -> Door:
    """Where the bridge brings pictures to; nobody comes when the settings name no sensor on the network."""
    return Door(settings.pictures, (name for name, device in settings.named if brought(registry.find(device.driver))))
