"""The bridge without its process: what it hands over when either end misbehaves."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from drivers import DeviceGone, ProtocolError
from drivers.base import Feature, Means, Recognition, Stamp
from drivers.lines import LineServer, Message, Peer
from edge import SetupError
from edge.devices import handover
from edge.devices.bridge import Carrier, Link, run
from edge.health.report import Report
from edge.session.policy import Rules
from edge.settings import Settings

Step = Recognition | Exception


class Scripted:
    """A device that does what the script says, and remembers what was taken off it."""

    features = Feature.RECOGNITION

    def __init__(self, *script: Step) -> None:
        self.script = list(script)
        self.taken_: list[Recognition] = []
        self.opened = 0

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None: ...

    def read(self, timeout_s: float) -> Recognition | None:
        if not self.script:
            time.sleep(min(timeout_s, 0.02))
            return None
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def taken(self, reading: Recognition) -> None:
        self.taken_.append(reading)


def entry(n: int) -> Recognition:
    return Recognition(str(n), Means.FINGER, stamp=Stamp(n, 0, "M1", str(n)))


def carried(
    folder: Path, device: Scripted, answer: Callable[[list[Recognition]], Message], until: Callable[[], bool]
) -> None:
    """Run a carrier against a terminal that answers so, until something is so."""

    def handle(message: Message, _peer: Peer) -> Message:
        return answer(handover.readings(message))

    with closing(LineServer(folder / "b.sock", handle)) as server:
        server.start()
        link = Link(folder / "b.sock")
        carrier = Carrier("zk-1", device, link, Report("bridge", events=False))
        carrier.start()
        limit = time.monotonic() + 20
        while not until() and time.monotonic() < limit:
            time.sleep(0.02)
        carrier.end()
        carrier.join(5)
        link.close()
        assert not carrier.is_alive()
        assert until()


def test_what_the_terminal_has_is_taken_off_the_device_and_nothing_else(tmp_path: Path) -> None:
    """A disk that refuses after the first: the rest is handed over again, until it has it."""
    device, heard = Scripted(*map(entry, range(4))), list[list[str]]()

    def answer(readings: list[Recognition]) -> Message:
        heard.append([r.badge for r in readings])
        if len(heard) == 1:
            assert device.taken_ == []
            return {"ok": False, "error": "full", "taken": 1}
        return {"ok": True, "taken": len(readings)}

    carried(tmp_path, device, answer, lambda: len(device.taken_) == 4)
    assert heard == [["0", "1", "2", "3"], ["1", "2", "3"]]
    assert [r.badge for r in device.taken_] == ["0", "1", "2", "3"]


def test_what_the_terminal_does_not_understand_stays_on_the_device(tmp_path: Path) -> None:
    device, asked = Scripted(entry(1)), list[int]()

    def answer(readings: list[Recognition]) -> Message:
        asked.append(len(readings))
        raise ProtocolError("no")

    carried(tmp_path, device, answer, lambda: bool(asked))
    assert device.taken_ == []


@pytest.mark.parametrize("fault", [ProtocolError("odd"), DeviceGone("away")])
def test_what_was_read_before_something_went_wrong_is_handed_over(tmp_path: Path, fault: Exception) -> None:
    device = Scripted(entry(1), fault, entry(2))
    carried(tmp_path, device, lambda r: {"ok": True, "taken": len(r)}, lambda: len(device.taken_) == 2)
    assert device.opened == (2 if isinstance(fault, DeviceGone) else 1)


def test_an_answer_that_claims_more_than_was_asked_takes_nothing() -> None:
    assert handover.taken({"ok": False, "taken": 9, "error": "x"}, 3) == (0, "x", False)
    assert handover.taken({"ok": "yes"}, 3)[0] == 0


def test_a_bridge_with_nothing_to_carry_says_so(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, None, 1e-5, 0.1, Rules(), ())
    stop = threading.Event()
    stop.set()
    with pytest.raises(SetupError, match="nothing to do"):
        run(settings, events=False, stop=stop)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
