"""The modem's AT port spoilt at every kind of byte of a recorded conversation: no made-up fact, no hang, and over it.

Facts are no Readings, so the modem has a test of its own beside that of the drivers; the strikes are the same. AT has
no checksum: a flipped bit may be another value, but one that a modem can have.
"""

import contextlib
import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drivers import DeviceGone, ProtocolError
from drivers.entry import Stage
from drivers.modem import VARIANTS, Kind, Uplink
from drivers.modem.modem import Modem
from drivers.modem.sim import ModemSimulation
from drivers.ports import SerialPort
from tests.contract.rigs.wire import Fault, PtyWire, Way

SAMPLE, SEED = 40, 4  # strikes a modem; with HAZRI_FAULTS=full all of them
ANSWER_S = 0.15
CLOCK = "26/11/22,05:45:12+22"


class Site:
    """A modem, its wire, and whoever asks it."""

    def __init__(self, variant: str, folder: Path) -> None:
        self.sim = ModemSimulation(Stage(variant=variant, pacing=False))
        self.sim.do(f"time {CLOCK}")
        self.wire = PtyWire(self.sim.where, folder / "modem")

    def ask(self, answer_s: float = ANSWER_S) -> Uplink:
        """Raises DeviceGone, ProtocolError."""
        line = SerialPort(self.wire.where, 115200)
        line.open()
        try:
            return Modem(line, answer_s).look()
        finally:
            line.close()

    def ask_again(self) -> Uplink:
        """Now that it is whole. What was said before may still be on the line."""
        for _ in range(3):
            try:
                return self.ask(2.0)
            except (DeviceGone, ProtocolError):
                continue
        return self.ask(2.0)

    def close(self) -> None:
        self.wire.close()
        self.sim.close()


@pytest.fixture(params=VARIANTS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with closing(Site(request.param, tmp_path)) as site:
        yield site


def test_a_spoilt_at_port_invents_nothing_and_is_got_over(site: Site) -> None:
    site.wire.arm(None)
    whole = site.ask(2.0)
    assert (whole.kind, whole.operator) == (Kind.GPRS, "airtel")
    passed = site.wire.passed
    every = [(fault, way, at) for fault in Fault for way in Way for at in range(passed[way])]
    full = os.environ.get("HAZRI_FAULTS") == "full"
    for fault, way, at in every if full else random.Random(SEED).sample(every, SAMPLE):
        site.wire.arm(fault, way, at)
        what = f"{fault.value} at byte {at} {way.value}"
        with contextlib.suppress(DeviceGone, ProtocolError):  # it said so
            check(site.ask(), whole, flipped=fault is Fault.FLIP, what=what)
        site.wire.mend()
        assert site.ask_again() == whole, what


def check(found: Uplink, whole: Uplink, *, flipped: bool, what: str) -> None:
    """Each fact is the true one or none; or, where a bit may have changed, one that can be."""
    assert found.signal_percent is None or 0 <= found.signal_percent <= 100, what
    assert found.operator.isprintable(), what
    assert found.at is None or found.at.tzinfo is not None, what
    if not flipped:
        assert found.kind in (whole.kind, Kind.NONE), what
        assert found.signal_percent in (whole.signal_percent, None), what
        assert found.operator in (whole.operator, ""), what
        assert found.at in (whole.at, None), what
