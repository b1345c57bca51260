"""S8, S9: somebody opens the housing, sits on the sensor's wire with a recorder, and plays yesterday's finger again.

The terminal is the real process, the sensors are the pretended ones; fingers are synthetic. What a bare module on a
serial line is asked and answers carries no nonce and no signature, so the wire itself refuses nothing: the terminal
knows the picture again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drivers.entry import Stage
from drivers.uru4000.sim import UruSimulation
from drivers.zfm.sim import ZfmSim
from matching.synthetic import generate
from sync.record import Event, EventCode
from tests.attacks.tape import Tap
from tests.flow.terminal_site import Site, person

HIS, ANOTHERS = "012345", "654321"
TAPE = Path("tape")
REFUSED = ("poor_image", "no_match", "abandoned")
_BARE_S = 0.4  # a sensor must see that the last finger went
FRAME_BYTES = 1000  # of the USB reader, what is longer is part of a picture


class Line:
    """The glass of a sensor on a line; what is laid on it comes as it is, every time. For TAPE nobody lays anything:
    `recorder` plays what it has."""

    def __init__(self, say: Callable[[str], str], recorder: "Tap | Replay") -> None:
        self._say, self._recorder = say, recorder

    def lay(self, picture: Path) -> None:
        if picture == TAPE:
            self._recorder.stop()
        self.lift()
        time.sleep(_BARE_S)
        if picture == TAPE:
            self._recorder.play()
        else:
            self._say(f"place {picture}")

    play = lay

    def lift(self) -> None:
        self._say("lift")


@pytest.fixture(scope="module")
def fingers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("played") / "fingers"
    generate(2, 8, 31, folder)
    return folder


def terminal(folder: Path, fingers: Path, sensor: str = "") -> Site:
    """Two people, one of them enrolled, on a terminal with this sensor beside its own."""
    site = Site(folder, patience_s=4)
    if sensor:
        site.config.write_text(site.config.read_text().replace("[policy]", f"[[sensors]]\n{sensor}\n[policy]"))
    site.people(site.authority.entry(person(1), HIS), site.authority.entry(person(2), ANOTHERS))
    site.start()
    answer = site.enrol(person(1), 1, [fingers / f"101_{n}.png" for n in (1, 2, 3)], played=True)
    assert answer["ok"], answer
    return site


def told(site: Site) -> list[tuple[object, object]]:
    events = [r for _, r in site.records() if isinstance(r, Event) and r.code is EventCode.IDENTICAL_PROBE]
    return [(one.detail["what"], one.detail.get("person")) for one in events]


# ── a module on a serial line ──


@pytest.fixture(scope="module")
def tapped(tmp_path_factory: pytest.TempPathFactory, fingers: Path) -> Iterator[tuple[Site, Tap]]:
    stage = Stage(tcp="127.0.0.1:0", variant="as608", library=fingers, pacing=False)
    with closing(ZfmSim(stage)) as sim, closing(Tap(sim.where)) as tap:
        sensor = f'driver = "zfm"\noptions = {{ port = "{tap.where}", baud = 57600, mode = "image" }}'
        site = terminal(tmp_path_factory.mktemp("serial"), fingers, sensor)
        site.glass = Line(sim.do, tap)  # type: ignore[assignment]
        site.wait(lambda: site.status()["devices"].get("zfm", {}).get("here", False))
        yield site, tap
        assert site.stop() == 0


def test_the_bytes_of_a_serial_sensor_played_again_get_nobody_in(tapped: tuple[Site, Tap], fingers: Path) -> None:
    site, tap = tapped
    tap.record()
    honest = site.punch(HIS, fingers / "101_4.png")
    assert honest["outcome"] == "accepted"
    assert tap.stop() > 30_000  # a picture is on the tape
    assert told(site) == []
    punched = len(site.punches())

    seen = site.punch(HIS, TAPE)
    assert seen["outcome"] in REFUSED, seen
    assert ("finger", person(1)) in told(site)
    seen = site.punch(ANOTHERS, TAPE)
    assert seen["outcome"] in REFUSED, seen
    assert ("finger", None) in told(site)
    assert len(site.punches()) == punched

    tap.stop()
    assert site.punch(HIS, fingers / "101_5.png")["outcome"] == "accepted"  # and who is alive is served as ever


# ── a reader on USB ──


class Replay:
    """Somebody on the cable of a USB reader: pictures that came once come instead of those that come now."""

    def __init__(self, sim: UruSimulation, anything: Path) -> None:
        """`anything`: a picture that makes the reader say that somebody is there."""
        self._sim, self._anything = sim, anything
        self._tape: list[bytes] = []
        self._left: list[bytes] = []

    def record(self) -> None:
        self._sim.port.record = []

    def stop(self) -> int:
        record, self._sim.port.record = self._sim.port.record or [], None
        self._sim.port.twist = None
        self._tape = [one.came for one in record if len(one.came) >= FRAME_BYTES] or self._tape
        return sum(map(len, self._tape))

    def play(self) -> None:
        self._left = []
        self._sim.port.twist = self._twist
        self._sim.do("lift")
        self._sim.do(f"touch {self._anything}")

    def _twist(self, _number: int, came: bytes) -> bytes:
        if len(came) < FRAME_BYTES:
            return came
        self._left = self._left or list(self._tape)
        return self._left.pop(0)


@pytest.mark.parametrize("variant", ["4500-plain", "4500"])
def test_the_bytes_of_a_usb_reader_played_again_get_nobody_in(tmp_path: Path, fingers: Path, variant: str) -> None:
    """That one of them scrambles is no help: the reader's keys are the same for every picture."""
    with closing(UruSimulation(Stage(tcp="127.0.0.1:0", variant=variant, pacing=False))) as sim:
        site = terminal(tmp_path, fingers, f'driver = "uru4000"\noptions = {{ bus = "{sim.where}" }}')
        replay = Replay(sim, fingers / "102_1.png")
        site.glass = Line(lambda text: sim.do(text.replace("place", "touch")), replay)  # type: ignore[assignment]
        site.wait(lambda: site.status()["devices"].get("uru4000", {}).get("here", False))
        replay.record()
        assert site.punch(HIS, fingers / "101_4.png")["outcome"] == "accepted"
        assert replay.stop() > 50_000
        punched = len(site.punches())
        for digits, whose in ((HIS, person(1)), (ANOTHERS, None)):
            seen = site.punch(digits, TAPE)
            assert seen["outcome"] in REFUSED, seen
            assert ("finger", whose) in told(site)
        assert len(site.punches()) == punched
        replay.stop()
        assert site.punch(HIS, fingers / "101_5.png")["outcome"] == "accepted"
        assert site.stop() == 0


def test_a_picture_is_known_again_after_the_terminal_was_started_anew(tmp_path: Path, fingers: Path) -> None:
    """And after an enrolment: what was enrolled with is no finger either."""
    site = terminal(tmp_path, fingers)
    assert site.punch(HIS, fingers / "101_1.png", played=True)["outcome"] in REFUSED
    assert site.punch(HIS, fingers / "101_4.png", played=True)["outcome"] == "accepted"
    assert site.stop() == 0
    site.start()
    assert site.punch(HIS, fingers / "101_4.png", played=True)["outcome"] in REFUSED
    assert told(site) == [("finger", person(1))] * 2
    assert site.punch(HIS, fingers / "101_4.png")["outcome"] == "accepted"  # one shade of one pixel is another picture
    assert site.stop() == 0
