"""Drivers whose wire is spoilt: cut in silence, a bit flipped, or pulled out, at any byte of a recorded session.

A session is recorded once: open, a touch, a reading, the finger gone; and the same by the device's own matching where
it has that. Then it is played again, and one byte of it each way is struck. Whatever the driver does about it, it

* ends, in bounded time, with a reading, a Retry, None, DeviceGone or ProtocolError and nothing else;
* hands over no reading that nobody gave: at most the one that belongs to the touch, as it was without the fault (S11);
* works again when the wire is whole: reopened if it said DeviceGone, else just read again.

A strike is mostly waiting, so several devices of a kind are struck side by side (`LANES`), each with a driver of its
own that is told to be `hasty`: to wait for answers as long as on a quick line, by its options alone.
"""

import contextlib
import queue
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from drivers import DeviceGone, DriverError, ProtocolError, registry
from drivers.base import DeviceTemplate, Driver, Feature, Keypad, Matched, Matcher, Reading, Recognition, Retry, Scan
from drivers.rdservice import SealedPid
from drivers.rdservice.driver import RdService
from drivers.registry import DRIVERS
from tests.contract.rigs import RIGS, Rig
from tests.contract.rigs.wire import Fault, Way, Wire
from tests.faults.table import Result, Step, quiet

LANES = 16
RECOVERY_S = 1.0
_AS_LONG = 1.5  # as a reading where nothing is spoilt, on a machine that is busy
BOUND_S = 20.0  # what no session may outlast, however it is spoilt
OPENING, STEP = 512, 127  # bytes each way in which every one is struck; after that each so manyth, a prime number
WHOLE_S, STRUCK_S = 10.0, 0.4  # what a touch may take to be read: to record it, and when the wire is spoilt
_TRIES = 5  # to record a session
_TOUCHES = 8  # more than any reader wants for one template
_THOROUGH = 20  # so many times what a rig calls enough (`few`), where a strike is dear
FULL = 40_000  # somewhat more than there are: see `everywhere`

WIRED = sorted(name for name, rig in RIGS.items() if hasattr(rig, "wire"))


class Wired(Rig, Protocol):
    @property
    def wire(self) -> Wire: ...


Outcome = Reading | Matched | DeviceTemplate | SealedPid | str | None
Session = Callable[[Driver, Rig, float], Iterator[Outcome]]


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault, at byte `at` that way, of the session number `session` of a driver."""

    name: str
    session: int
    fault: Fault
    way: Way
    at: int

    def __str__(self) -> str:
        session = sessions(self.name)[self.session].__name__.replace("_", " ").strip()
        return f"{self.name}: {self.fault.value} at byte {self.at} {self.way.value} of {session}"


@dataclass(slots=True)
class Struck:
    """What came of many: seconds to recover of each, what went wrong, in words, and seconds from opening to a reading
    where nothing was spoilt, of each lane."""

    recovery_s: list[float] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    plain_s: list[float] = field(default_factory=list)

    def limit_s(self, name: str) -> float:
        """What a driver of this name may take; on a machine so busy that a reading takes long by itself, more."""
        return max(allowed_s(name), _AS_LONG * statistics.median(self.plain_s or [0.0]))

    def slow(self, name: str) -> int:
        """How many took longer."""
        limit_s = self.limit_s(name)
        return sum(took > limit_s for took in self.recovery_s)


def faults(name: str) -> tuple[Fault, ...]:
    """Those that this driver's wire can suffer: where a checksum stands below it, no bit flips."""
    return tuple(getattr(RIGS[name], "faults", Fault))


def allowed_s(name: str) -> float:
    """Seconds: more where a process must start, which a busy machine does when it comes to it."""
    return float(getattr(RIGS[name], "recovery_s", RECOVERY_S))


def sessions(name: str) -> Sequence[Session]:
    """What is done with a device by what it can."""
    does = (
        (Feature.KEYPAD, _pressing),
        (Feature.IMAGE | Feature.RECOGNITION, _reading),
        (Feature.MATCH, _matching),
        (Feature.SEALED, _sealing),
    )
    return [session for what, session in does if DRIVERS[name].features & what]


def everywhere(name: str) -> list[Strike]:
    """Every strike of a driver: at each byte of the first `OPENING` each way, and at every `STEP`th of long streams."""
    found = []
    with tempfile.TemporaryDirectory() as folder, _Lane(name, Path(folder)) as lane:
        for number in range(len(sessions(name))):
            lane.record(number)
            passed = lane.rig.wire.passed
            found += [
                Strike(name, number, fault, way, at)
                for fault in faults(name)
                for way in Way
                for at in range(passed[way])
                if at < OPENING or at % STEP == 0
            ]
    return found


def strike(strikes: Sequence[Strike], step: Step = quiet) -> Struck:
    """All of them, of one driver, shared by several devices of its kind."""
    left: queue.SimpleQueue[Strike] = queue.SimpleQueue()
    for one in strikes:
        left.put(one)
    found, total = Struck(), len(strikes)
    lanes = min(total, *(getattr(RIGS[one.name], "lanes", LANES) for one in strikes[:1]))
    threads = [threading.Thread(target=_work, args=(left, found, total, step)) for _ in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def run(n: int, seed: int, step: Step = quiet) -> Result:
    """So many strikes drawn from all of all drivers; when there are no more, all of them but the dearest."""
    result, took = Result("strikes at drivers' wires"), []
    every = {name: everywhere(name) for name in WIRED}
    share = min(1.0, n / sum(map(len, every.values())))
    slow = 0
    for name, strikes in every.items():
        wanted = min(len(strikes), _THOROUGH * getattr(RIGS[name], "few", FULL))
        chosen = random.Random(f"{seed} {name}").sample(strikes, max(1, round(share * wanted)))
        began, before = time.monotonic(), result.tried
        struck = strike(chosen, step=lambda done, before=before: step(before + done))  # type: ignore[misc]
        result.tried += len(chosen)
        slow += struck.slow(name)
        for violation in struck.violations:
            result.wrong(violation)
        took.append(f"{name} {len(chosen)} in {time.monotonic() - began:.0f} s")
    result.remark = f"{', '.join(took)}; {slow} took more than they may to recover"
    return result


def _work(left: "queue.SimpleQueue[Strike]", found: Struck, total: int, step: Step) -> None:
    """One lane: takes the next strike until there are none. A lane that is broken says so and ends."""
    with ExitStack() as stack:
        lane: _Lane | None = None
        with contextlib.suppress(queue.Empty):
            while True:
                one = left.get_nowait()
                try:
                    if lane is None:
                        folder = stack.enter_context(tempfile.TemporaryDirectory())
                        lane = stack.enter_context(_Lane(one.name, Path(folder)))
                        found.plain_s.append(lane.plain_s(one.session))
                    found.recovery_s.append(lane.strike(one))
                except Exception as error:  # noqa: BLE001 - whatever a driver raises that it may not is a violation
                    found.violations.append(f"{one}: {str(error) or type(error).__name__}")
                    if len(found.violations) > 50:
                        return
                step(total - left.qsize())


class _Lane:
    """One pretended device, one driver, and what its sessions are like when nothing is spoilt."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.rig: Wired = RIGS[name](folder)  # type: ignore[assignment]
        self.driver = registry.make(name, {**self.rig.options, **getattr(self.rig, "hasty", {})})
        self._whole: dict[int, list[Outcome]] = {}

    def __enter__(self) -> "_Lane":
        return self

    def __exit__(self, *_: object) -> None:
        with closing(self.rig):
            self.driver.close()

    def record(self, number: int) -> list[Outcome]:
        """What the session hands over to a patient driver when nothing is spoilt; a busy machine may take a few."""
        self.driver.close()
        patient = registry.make(self.name, self.rig.options)
        for _ in range(_TRIES):
            self.rig.lift()
            patient.close()
            self.rig.wire.arm(None)
            with contextlib.suppress(DriverError):
                whole = list(sessions(self.name)[number](patient, self.rig, WHOLE_S))
                if any(isinstance(outcome, Scan | Recognition | DeviceTemplate | SealedPid | str) for outcome in whole):
                    self._whole[number] = whole
                    return whole
        raise AssertionError(f"{self.name}: no reading to spoil")

    def plain_s(self, number: int) -> float:
        """Seconds from opening to a reading, nothing spoilt. Raises AssertionError."""
        self.record(number)
        self.rig.lift()
        self.rig.wire.arm(None)
        return _recovery_s(self.driver, self.rig)

    def strike(self, one: Strike) -> float:
        """Seconds it took to recover. Raises AssertionError."""
        whole = self._whole.get(one.session) or self.record(one.session)
        self.rig.wire.arm(one.fault, one.way, one.at)
        start = time.monotonic()
        _check(_spoilt(sessions(self.name)[one.session], self.driver, self.rig), whole, self.rig)
        assert time.monotonic() - start < BOUND_S, "it hung"
        self.rig.lift()
        self.rig.wire.mend()
        return _recovery_s(self.driver, self.rig)


def _reading(driver: Driver, rig: Rig, wait_s: float) -> Iterator[Outcome]:
    """One touch read, and nothing after it."""
    driver.open()
    yield from _touching(rig, driver.read, wait_s)
    driver.close()


def _matching(driver: Driver, rig: Rig, wait_s: float) -> Iterator[Outcome]:
    """As many touches as a template wants, nothing after them, and the next touch compared with it on the device.

    Before that touch it is compared with nobody, which also ends a template that the device had begun to take.
    """
    assert isinstance(driver, Matcher)
    driver.open()
    taken: DeviceTemplate | Retry | None = None
    for _ in range(_TOUCHES):
        rig.touch()
        taken = driver.take(wait_s)
        yield taken
        rig.lift()
        if not isinstance(taken, Retry):
            break
    yield driver.take(0.05)
    if isinstance(taken, DeviceTemplate):
        yield driver.match([taken], 0.05)
        rig.touch()
        yield driver.match([taken], wait_s)
    rig.lift()
    driver.close()


def _sealing(driver: Driver, rig: Rig, wait_s: float) -> Iterator[Outcome]:
    """The device is named, one touch is sealed, and nothing after it."""
    assert isinstance(driver, RdService)
    driver.open()
    driver.info()
    yield from _touching(rig, driver.capture, wait_s)
    driver.close()


def _touching(rig: Rig, read: Callable[[float], Outcome], wait_s: float) -> Iterator[Outcome]:
    rig.touch()
    yield read(wait_s)
    rig.lift()
    yield read(0.05)


def _pressing(driver: Driver, rig: Rig, wait_s: float) -> Iterator[Outcome]:
    """Two keys, and none after them."""
    assert isinstance(driver, Keypad)
    driver.open()
    rig.press("1", "2")
    for longest_s in (wait_s, wait_s, 0.05):
        yield driver.read_key(longest_s)
    driver.close()


def _spoilt(session: Session, driver: Driver, rig: Rig) -> list[Outcome]:
    """What the session handed over before the fault ended it, if it did."""
    found: list[Outcome] = []
    try:
        for outcome in session(driver, rig, STRUCK_S):
            found.append(outcome)  # one by one: what came before the fault is kept
    except DeviceGone:
        driver.close()
    except ProtocolError:
        pass  # the next reading is tried, without opening again
    return found


def _check(found: list[Outcome], whole: list[Outcome], rig: Rig) -> None:
    for number, (outcome, true) in enumerate(zip(found, whole, strict=False)):
        if isinstance(outcome, Matched) and isinstance(true, Matched):
            assert outcome.scores in (true.scores, (None,)), "another score"
        elif outcome is not None and not isinstance(outcome, Retry):
            # A device that keeps a log hands an entry over again until it is taken: that is no phantom.
            assert true is not None or hasattr(rig, "log"), f"a phantom, reading {number}"
            odd = f"{_brief(outcome)}, not {_brief(true)}"
            assert _genuine(outcome, true, rig), f"reading {number} is not what lay on the glass: {odd}"


def _brief(outcome: Outcome) -> str:
    """What it is, without the picture or the template."""
    if isinstance(outcome, DeviceTemplate):
        return f"{len(outcome.data)} bytes of {outcome.family}"
    return str(outcome.image.shape) if isinstance(outcome, Scan) else str(outcome)


def _genuine(outcome: Outcome, true: Outcome, rig: Rig) -> bool:
    if hasattr(rig, "genuine"):
        return bool(rig.genuine(outcome))
    if isinstance(outcome, Scan) and isinstance(true, Scan):
        return np.array_equal(outcome.image, true.image)
    if isinstance(outcome, Recognition) and isinstance(true, Recognition):
        return outcome.badge == true.badge
    return outcome == true


def _works(driver: Driver, rig: Rig) -> bool:
    """A fresh touch, or a fresh key, comes through whole."""
    rig.touch()
    if isinstance(driver, RdService):
        return isinstance(driver.capture(0.5), SealedPid)
    if driver.features == Feature.MATCH and isinstance(driver, Matcher):
        return isinstance(driver.take(0.5), DeviceTemplate | Retry)  # the first of the touches it wants
    if Feature.KEYPAD in driver.features and isinstance(driver, Keypad):
        rig.press("7")
        return driver.read_key(0.5) == "7"
    return isinstance(driver.read(0.5), Scan | Recognition)


def _recovery_s(driver: Driver, rig: Rig) -> float:
    """Seconds from the device's return to the next whole reading of a fresh touch."""
    start = time.monotonic()
    while time.monotonic() - start < BOUND_S:
        try:
            driver.open()
            if _works(driver, rig):
                took_s = time.monotonic() - start
                rig.lift()
                driver.close()
                return took_s
        except DriverError:
            driver.close()
            time.sleep(0.05)
        rig.lift()
        with contextlib.suppress(DriverError):
            driver.read(0.02)  # whoever waits for a finger also sees it go
    raise AssertionError("no reading since the device came back")
