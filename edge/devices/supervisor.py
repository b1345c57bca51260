"""One thread a driver: opens it, reads it when it is wanted, opens it again when it went, and notices when it hangs.

A driver is used by its own thread alone, but for close. What it hands over goes into one queue, in the order in which
it happened; what it lost or got back is news, told once each. A call that overruns its time by a grace is ended by
closing the device; if even that does not free the thread, it is left behind and a new device is made on a new one.
"""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from drivers import DeviceGone, DriverError, ProtocolError
from drivers.base import DeviceTemplate, Driver, Feature, Keypad, Matched, Matcher, Reading, Retry, Watchful
from edge.people.onmodule import Job, Module, module_of
from edge.session.messages import Want

T = TypeVar("T")
SLICE_S = 0.5  # how long a read lasts at most before somebody who left is noticed
_KEY_S = 0.05  # as often a device that is both keypad and sensor looks whether it is wanted
_IDLE_S = 1.0
_OPEN_S = 20.0  # what a device may take to be found: serial probing of every baud rate
_REOPEN_FIRST_S, _REOPEN_MAX_S = 0.5, 10.0
_FREE_S = 5.0
_MOST_ABANDONED = 8  # each costs a thread; then the device stays gone until the process is started anew
_QUEUE = 256


@dataclass(frozen=True, slots=True)
class Slot:
    """One device of the settings: a name for the log, and how to make its driver anew."""

    name: str
    make: Callable[[], Driver]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key, pressed at `at_s` of the steady clock."""

    key: str
    at_s: float
    device: str = ""


@dataclass(frozen=True, slots=True)
class Got:
    """What a sensor read for want number `turn`, and when; None with the reason why it was garbled.

    `module` with its job when a module compared by itself.
    """

    reading: Reading | Matched | DeviceTemplate | None
    at_s: float
    turn: int
    stream: bool
    garbled: str = ""
    module: Module | None = None
    job: Job | None = None


@dataclass(frozen=True, slots=True)
class News:
    """A device went, came back, or was left behind."""

    device: str
    here: bool
    reason: str = ""


Input = Pressed | Got


@dataclass(slots=True)
class Counts:
    """What one device did since the process started; for health."""

    readings: int = 0
    again: int = 0  # asked of the person
    garbled: int = 0
    gone: int = 0
    resets: int = 0
    abandoned: int = 0


class Worker:
    """One device and the thread that serves it."""

    def __init__(self, slot: Slot, inbox: "queue.Queue[Input]", grace_s: float) -> None:
        self.slot = slot
        self.counts = Counts()
        self.here = False
        self.news: deque[News] = deque(maxlen=64)
        self.crash: BaseException | None = None
        self._inbox = inbox
        self._grace_s = grace_s
        self._changed = threading.Condition()
        self._turn: int | None = None  # of the reading that is wanted
        self._job: Job | None = None
        self.module: Module | None = None  # while it is open and compares by itself
        self._jobs: deque[tuple[Callable[[Driver], Any], Future[Any]]] = deque()
        self._life = 0  # lives that ended keep their hands off
        self._due_s: float | None = None  # when the call under way should be back
        self._freeing_s: float | None = None
        self._told: bool | None = None
        self._driver = slot.make()
        self.features = self._driver.features
        self.keypad = isinstance(self._driver, Keypad)
        self.stream = Feature.STREAM in self.features
        self.sensor = bool((Feature.IMAGE | Feature.MATCH) & self.features)

    def start(self) -> None:
        self._life += 1
        run = threading.Thread(target=self._live, args=(self._driver, self._life), name=self.slot.name, daemon=True)
        run.start()

    @property
    def pictures(self) -> bool:
        """It hands over pictures of fingers, as things stand."""
        return self.here and Feature.IMAGE in self.features and not self.stream and self.module is None

    @property
    def given_up(self) -> bool:
        """It hung so often that it is left alone."""
        return self.counts.abandoned >= _MOST_ABANDONED

    def light(self, turn: int | None, job: Job | None = None) -> None:
        """Want one reading, number `turn`; None: want none any more. A module without a job has nothing to do."""
        with self._changed:
            self._turn, self._job = turn, job
            self._changed.notify_all()

    def ask(self, job: Callable[[Driver], T]) -> "Future[T]":
        """Have the open device do something between two readings, on its own thread. DeviceGone when it is away."""
        future: Future[T] = Future()
        if not self.here:
            future.set_exception(DeviceGone(f"{self.slot.name} is not there"))
            return future
        with self._changed:
            self._jobs.append((job, future))
            self._changed.notify_all()
        return future

    def watch(self, now_s: float) -> None:
        """End a call that hangs; leave a thread behind that even closing does not free."""
        due_s = self._due_s
        if due_s is None or now_s < due_s + self._grace_s:
            self._freeing_s = None
        elif self._freeing_s is None:
            self._freeing_s = now_s
            self.counts.resets += 1
            self._tell(News(self.slot.name, False, "it hangs; it is closed and opened again"))
            threading.Thread(target=self._driver.close, name=f"{self.slot.name} close", daemon=True).start()
        elif now_s > self._freeing_s + _FREE_S:
            self._abandon()

    def close(self) -> None:
        with self._changed:
            self._life += 1
            self.here = False
            self._changed.notify_all()
        self._driver.close()

    def _abandon(self) -> None:
        self.counts.abandoned += 1
        self._freeing_s = self._due_s = None
        self._life += 1
        left = _MOST_ABANDONED - self.counts.abandoned
        self.news.append(
            News(self.slot.name, False, f"closing did not free it; its thread is left behind ({left} left)")
        )
        if left > 0:
            self._driver = self.slot.make()
            self.start()

    def _live(self, driver: Driver, life: int) -> None:
        pause_s = _REOPEN_FIRST_S
        try:
            while self._life == life:
                try:
                    self._call(life, _OPEN_S, driver.open)
                    self.module = self._call(life, _OPEN_S, lambda: module_of(driver))
                    self._tell_if(life, News(self.slot.name, True))
                    pause_s = _REOPEN_FIRST_S
                    while self._life == life:
                        self._serve(driver, life)
                except (DeviceGone, ProtocolError) as gone:  # the latter while it is opened, or by a keypad
                    self._tell_if(life, News(self.slot.name, False, str(gone)))
                self._call(life, _IDLE_S, driver.close)
                with self._changed:
                    self._changed.wait_for(lambda: self._life != life, pause_s)
                pause_s = min(2 * pause_s, _REOPEN_MAX_S)
        except BaseException as bug:  # noqa: BLE001 - it ends the process, from the terminal's thread
            if self._life == life:
                self.crash = bug

    def _serve(self, driver: Driver, life: int) -> None:
        """One round: a job, a reading if one is wanted, a key. Raises DeviceGone."""
        self._do_jobs(driver, life)
        wanted = self._wanted()
        if wanted:
            self._read(driver, life)
        if isinstance(driver, Keypad):
            wait_s = _IDLE_S if not self.sensor else 0.0 if wanted else _KEY_S
            key = self._call(life, wait_s, lambda: driver.read_key(wait_s))
            if key is not None and self._life == life:
                self._put(Pressed(key, time.monotonic(), self.slot.name))
        elif not wanted:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted() or self._jobs or self._life != life, _IDLE_S)
            if isinstance(driver, Watchful) and self._life == life:
                self._call(life, _IDLE_S, driver.check)

    def _wanted(self) -> bool:
        return self.sensor and self._turn is not None and (self.module is None or self._job is not None)

    def _read(self, driver: Driver, life: int) -> None:
        """One slice of a wait. What comes is for whoever waits when it comes."""
        garbled, job = "", self._job
        reading: Reading | Matched | DeviceTemplate | None
        try:
            reading = self._call(life, SLICE_S, lambda: self._once(driver, job))
        except ProtocolError as error:
            reading, garbled = None, str(error) or "garbled"
            self.counts.garbled += 1
        if (reading is None and not garbled) or self._life != life:
            return
        self.counts.again += isinstance(reading, Retry)
        self.counts.readings += not isinstance(reading, Retry | None)
        with self._changed:
            if self.module and job is not self._job:
                return  # compared with those of somebody who has left
            turn, self._turn = self._turn, None
        if turn is None:
            return  # nobody waits for it any more
        self._put(Got(reading, time.monotonic(), turn, self.stream, garbled, self.module, job))

    def _once(self, driver: Driver, job: Job | None) -> Reading | Matched | DeviceTemplate | None:
        if self.module is None or job is None or not isinstance(driver, Matcher):
            return driver.read(SLICE_S)
        return driver.take(SLICE_S) if job.take else driver.match(job.candidates, SLICE_S)

    def _do_jobs(self, driver: Driver, life: int) -> None:
        while self._jobs and self._life == life:
            job, future = self._jobs.popleft()
            if not future.set_running_or_notify_cancel():
                continue  # whoever asked waits no more
            try:
                future.set_result(self._call(life, _OPEN_S, lambda job=job: job(driver)))  # type: ignore[misc]
            except DeviceGone as gone:
                future.set_exception(gone)
                raise
            except DriverError as error:
                future.set_exception(error)

    def _call(self, life: int, limit_s: float, call: Callable[[], T]) -> T:
        """A call of the driver, watched."""
        if self._life == life:
            self._due_s = time.monotonic() + limit_s
        try:
            return call()
        finally:
            if self._life == life:
                self._due_s = None

    def _put(self, what: Input) -> None:
        try:
            self._inbox.put_nowait(what)
        except queue.Full:
            self.counts.garbled += 1  # a keypad that floods is a broken keypad

    def _tell_if(self, life: int, news: News) -> None:
        if self._life == life:
            self._tell(news)

    def _tell(self, news: News) -> None:
        """Once when it goes and once when it is back, however often it is tried in between."""
        self.here = news.here
        if self._told is not news.here:
            self._told = news.here
            self.counts.gone += not news.here
            self.news.append(news)


class Bench:
    """All devices of one terminal. Used by the terminal's thread, each device by its own."""

    def __init__(self, slots: Iterable[Slot], grace_s: float = 15.0, heard: Callable[[], None] = lambda: None) -> None:
        """`heard` is called whenever somebody listens. Raises OptionError when a driver cannot be made."""
        self._heard = heard
        self._inbox: queue.Queue[Input] = queue.Queue(_QUEUE)
        self.workers = [Worker(slot, self._inbox, grace_s) for slot in slots]
        self._wanted = Want.NOTHING
        self._turn = 0

    def open(self) -> None:
        for worker in self.workers:
            worker.start()

    def close(self, limit_s: float = 2.0) -> None:
        """Let all devices go; one that hangs is not waited for."""
        closing = [threading.Thread(target=worker.close, daemon=True) for worker in self.workers]
        for thread in closing:
            thread.start()
        until_s = time.monotonic() + limit_s
        for thread in closing:
            thread.join(max(0.0, until_s - time.monotonic()))

    def next(self, timeout_s: float) -> Input | None:
        """What happens next; readings that nobody waits for any more are left out."""
        self._heard()
        try:
            seen = self._inbox.get(timeout=max(0.0, timeout_s)) if timeout_s > 0 else self._inbox.get_nowait()
        except queue.Empty:
            return None
        return None if isinstance(seen, Got) and seen.turn != self._turn else seen

    def pressed(self) -> set[str]:
        """Forget all that has happened; the devices on which a key was pressed meanwhile."""
        devices = set()
        with contextlib.suppress(queue.Empty):
            while True:
                seen = self._inbox.get_nowait()
                devices |= {seen.device} if isinstance(seen, Pressed) else set()
        return devices

    def want(self, wanted: Want, *, afresh: bool = False, job: Job | None = None) -> None:
        """Listen to fingers, to faces or to neither; `afresh`: for one more reading, forgetting those on their way.

        `job` is what modules do; without one they stay dark.
        """
        if wanted is self._wanted and not afresh:
            return
        self._wanted, self._turn = wanted, self._turn + 1
        for worker in self.workers:
            lit = worker.sensor and wanted is (Want.FACE if worker.stream else Want.FINGER)
            worker.light(self._turn if lit else None, job)

    def watch(self) -> list[News]:
        """What went and what came back since this was last asked. Raises whatever a driver's bug is."""
        now_s, news = time.monotonic(), []
        for worker in self.workers:
            worker.watch(now_s)
            if worker.crash:
                raise worker.crash
            while worker.news:
                news.append(worker.news.popleft())
        return news

    @property
    def finger(self) -> bool:
        return any(w.here and w.sensor and not w.stream for w in self.workers)

    @property
    def pictures(self) -> bool:
        """Some finger sensor here gives pictures, as things stand."""
        return any(w.pictures for w in self.workers)

    @property
    def modules(self) -> list[Module]:
        """Those here that compare by themselves."""
        return [w.module for w in self.workers if w.here and w.module]

    @property
    def camera(self) -> bool:
        return any(w.here and w.stream for w in self.workers)

    @property
    def keypad(self) -> bool:
        return any(w.here and w.keypad for w in self.workers)

    def health(self) -> dict[str, dict[str, int | bool]]:
        """Counters by device."""
        return {
            w.slot.name: {
                "here": w.here,
                "readings": w.counts.readings,
                "again": w.counts.again,
                "garbled": w.counts.garbled,
                "gone": w.counts.gone,
                "resets": w.counts.resets,
                "abandoned": w.counts.abandoned,
            }
            for w in self.workers
        }

    def ask(self, job: Callable[[Driver], T]) -> "dict[str, Future[T]]":
        """The same job for every device, each on its own thread: the door for self-tests."""
        return {worker.slot.name: worker.ask(job) for worker in self.workers}
