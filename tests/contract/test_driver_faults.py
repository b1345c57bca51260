"""Every driver whose rig has a `wire` (tests/contract/rigs/wire.py), with that wire spoilt at every kind of byte.

A session is recorded once: open, a touch, a reading, the finger gone; and the same by the device's own matching where
it has that. Then, at sampled bytes of it each way, the wire is cut in silence, flips a bit, or comes out. With
HAZRI_FAULTS=full that is at every byte of what it opens with, and at every 31st of the long streams, which meets every
place in a packet; with HAZRI_FAULTS=every at every byte, which takes days. Whatever the driver does about it, it

* ends, in bounded time, with a reading, a Retry, None, DeviceGone or ProtocolError and nothing else;
* hands over no reading that nobody gave: at most the one that belongs to the touch, as it was without the fault (S11);
* works again when the wire is whole: reopened if it said DeviceGone, else just read again. Almost always within a
  second of the device's return; a machine that is busy with other things may take longer now and then.

To join, see tests/contract/rigs/wire.py. A rig whose readings differ from touch to touch defines
`genuine(reading) -> bool`; else a reading must equal that of the whole wire. One whose device keeps a log, of which
entries come until they are taken, has a `log`: what was ever touched.
"""

import contextlib
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from drivers import DeviceGone, DriverError, ProtocolError, registry
from drivers.base import DeviceTemplate, Driver, Feature, Keypad, Matched, Matcher, Reading, Recognition, Retry, Scan
from drivers.registry import DRIVERS
from tests.contract.rigs import RIGS, Rig
from tests.contract.rigs.wire import Fault, Way, Wire

SAMPLES = {Fault.CUT: 1, Fault.FLIP: 6, Fault.PULL: 4}  # of a session, each way
RECOVERY_S = 1.0
OPENING = 512  # bytes each way in which every one matters
BOUND_S = 20.0  # what no session may outlast, however it is spoilt

WIRED = sorted(name for name, rig in RIGS.items() if hasattr(rig, "wire"))


def _faults(name: str) -> Iterable[Fault]:
    return getattr(RIGS[name], "faults", Fault)


class Wired(Rig, Protocol):
    @property
    def wire(self) -> Wire: ...


Outcome = Reading | Matched | DeviceTemplate | str | None
Session = Callable[[Driver, Rig], Iterator[Outcome]]


@pytest.fixture(params=WIRED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def rig(name: str, tmp_path: Path) -> Iterator[Wired]:
    with closing(RIGS[name](tmp_path)) as rig:
        yield rig


@pytest.mark.parametrize(
    ("name", "fault"),
    [pytest.param(name, fault, id=f"{name}-{fault.value}") for name in WIRED for fault in _faults(name)],
)
def test_a_spoilt_wire_invents_no_reading_and_is_got_over(name: str, rig: Wired, fault: Fault) -> None:
    took_s = []
    with closing(registry.make(name, rig.options)) as driver:
        for session in _sessions(name):
            rig.wire.arm(None)
            whole = list(session(driver, rig))
            assert isinstance(whole[0], Scan | Recognition | DeviceTemplate | str)
            for way, at in _points(f"{name} {session.__name__}", fault, rig.wire.passed):
                where = f"{fault.value} at byte {at} {way.value} of{session.__name__.replace('_', ' ')}"
                rig.wire.arm(fault, way, at)
                start = time.monotonic()
                _check(_spoilt(session, driver, rig), whole, rig, where)
                assert time.monotonic() - start < BOUND_S, f"{where}: it hung"
                rig.lift()
                rig.wire.mend()
                took_s.append(_recovery_s(driver, rig, where))
    assert took_s
    slow = sum(took > RECOVERY_S for took in took_s)
    assert slow <= len(took_s) // 10, f"{slow} of {len(took_s)} times it took more than {RECOVERY_S} s to recover"


def test_a_driver_that_says_it_matches_is_a_matcher(name: str, rig: Wired) -> None:
    assert isinstance(registry.make(name, rig.options), Matcher) is (Feature.MATCH in DRIVERS[name].features)


def _sessions(name: str) -> list[Session]:
    if Feature.KEYPAD in DRIVERS[name].features:
        return [_pressing]
    return [_reading, *([_matching] if Feature.MATCH in DRIVERS[name].features else [])]


def _reading(driver: Driver, rig: Rig) -> Iterator[Outcome]:
    """One touch read, and nothing after it."""
    driver.open()
    rig.touch()
    yield driver.read(2)
    rig.lift()
    yield driver.read(0.05)
    driver.close()


def _matching(driver: Driver, rig: Rig) -> Iterator[Outcome]:
    """One touch taken as a template, nothing after it, and the next touch compared with it on the device."""
    assert isinstance(driver, Matcher)
    driver.open()
    rig.touch()
    taken = driver.take(2)
    yield taken
    rig.lift()
    yield driver.take(0.05)
    rig.touch()
    if isinstance(taken, DeviceTemplate):
        yield driver.match([taken], 2)
    rig.lift()
    driver.close()


def _pressing(driver: Driver, rig: Rig) -> Iterator[Outcome]:
    """Two keys, and none after them."""
    assert isinstance(driver, Keypad)
    driver.open()
    rig.press("1", "2")
    for wait_s in (2.0, 2.0, 0.05):
        yield driver.read_key(wait_s)
    driver.close()


def _spoilt(session: Session, driver: Driver, rig: Rig) -> list[Outcome]:
    """What the session handed over before the fault ended it, if it did."""
    found: list[Outcome] = []
    try:
        for outcome in session(driver, rig):
            found.append(outcome)  # one by one: what came before the fault is kept
    except DeviceGone:
        driver.close()
    except ProtocolError:
        pass  # the next reading is tried, without opening again
    return found


def _check(found: list[Outcome], whole: list[Outcome], rig: Rig, where: str) -> None:
    for number, (outcome, true) in enumerate(zip(found, whole, strict=False)):
        if isinstance(outcome, Matched) and isinstance(true, Matched):
            assert outcome.scores in (true.scores, (None,)), f"{where}: another score"
        elif outcome is not None and not isinstance(outcome, Retry):
            # A device that keeps a log hands an entry over again until it is taken: that is no phantom.
            assert true is not None or hasattr(rig, "log"), f"{where}: a phantom, reading {number}"
            assert _genuine(outcome, true, rig), f"{where}: reading {number} is not what lay on the glass"


def _genuine(outcome: Outcome, true: Outcome, rig: Rig) -> bool:
    if hasattr(rig, "genuine"):
        return bool(rig.genuine(outcome))
    if isinstance(outcome, Scan) and isinstance(true, Scan):
        return np.array_equal(outcome.image, true.image)
    if isinstance(outcome, Recognition) and isinstance(true, Recognition):
        return outcome.badge == true.badge
    return outcome == true


def _points(seed: str, fault: Fault, passed: dict[Way, int]) -> list[tuple[Way, int]]:
    """Bytes to strike. Half of the samples are among the first hundred, where a session says the most."""
    thorough = os.environ.get("HAZRI_FAULTS")
    if thorough in ("full", "every"):
        step = 31 if thorough == "full" else 1
        return [(way, at) for way in Way for at in range(passed[way]) if at < OPENING or at % step == 0]
    choice = random.Random(f"{seed} {fault.value}")
    reach = {way: (min(100, passed[way]), passed[way]) for way in Way if passed[way]}
    return [(way, choice.randrange(spans[n % 2])) for way, spans in reach.items() for n in range(SAMPLES[fault])]


def _works(driver: Driver, rig: Rig) -> bool:
    """A fresh touch, or a fresh key, comes through whole."""
    if Feature.KEYPAD in driver.features and isinstance(driver, Keypad):
        rig.press("7")
        return driver.read_key(0.5) == "7"
    rig.touch()
    return isinstance(driver.read(0.5), Scan | Recognition)


def _recovery_s(driver: Driver, rig: Rig, where: str) -> float:
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
    raise AssertionError(f"{where}: no reading since the device came back")
