"""`hazri-edge selftest`: each device found, named, tried and judged, in Hindi and in English (S11)."""

import json
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from drivers import DeviceGone, DriverError, ProtocolError
from drivers.base import Advice, Driver, Feature, Info, Means, Modality, Reading, Recognition, Retry, Scan
from drivers.camera import LOCAL_VARIANTS
from drivers.camera.sim import CameraSimulation
from drivers.entry import Stage
from drivers.http_capture.sim import CaptureSimulation
from drivers.lines import LineClient, LineServer, Message, Peer
from drivers.rdservice.sim import RdSimulation
from edge import SetupError
from edge.devices import selftest
from edge.devices.selftest import Finding, Quality, Verdict
from edge.screen.words import ADVICE, Words
from edge.settings import Device
from tests.flow.terminal_site import run


def quiet(_words: Words) -> None: ...


def good(_scan: Scan) -> Quality:
    return Quality(90, {"minutiae": 44.0})


FINGER = Scan(np.zeros((40, 30), np.uint8), 500, Modality.FINGER)


class Scripted:
    """A device that reads what the test says."""

    features = Feature.IMAGE

    def __init__(self, *readings: Reading | DriverError | None) -> None:
        self.readings = list(readings)

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self, timeout_s: float) -> Reading | None:
        found = self.readings.pop(0)
        if isinstance(found, DriverError):
            raise found
        return found


def examined(*readings: Reading | DriverError | None, look: selftest.Look = good) -> Finding:
    finding = Finding("a", "a")
    selftest.examine(Scripted(*readings), finding, look, 5, quiet)
    return finding


def test_a_finger_that_is_read_well_is_fine() -> None:
    finding = examined(FINGER)
    assert (finding.verdict, finding.passed, finding.took_s is not None) == (Verdict.FINE, True, True)
    assert finding.picture == {"rows": 40, "columns": 30, "dpi": 500, "bytes": 1200}


def test_a_camera_is_not_said_to_have_dots_per_inch() -> None:
    face = Scan(np.zeros((40, 30, 3), np.uint8), 0, Modality.FACE)
    assert "30 × 40 px;" in selftest.line(examined(face).json()) + ";"
    assert "dpi" not in selftest.line(examined(face).json())
    assert "500 dpi" in selftest.line(examined(FINGER).json())


def test_advice_is_by_what_the_picture_was_measured_to_take() -> None:
    class Module(Scripted):
        def info(self) -> Info:
            return Info("m", "1", "s", {"advice": "set 115200 baud"} if self.readings else {"image_s": 3.48})

    finding = Finding("a", "a")
    selftest.examine(Module(FINGER), finding, good, 5, quiet)
    assert "advice" not in finding.about, "asked again after the picture"
    assert "; 3.48 seconds a picture;" in selftest.line(finding.json())


def test_a_finger_that_is_read_badly_is_poor_and_says_what_to_do() -> None:
    finding = examined(FINGER, look=lambda _: Quality(12, {}, ADVICE[Advice.WIPE]))
    assert (finding.verdict, finding.passed) == (Verdict.POOR, False)
    assert ADVICE[Advice.WIPE].hi in selftest.line(finding.json())


def test_the_person_may_try_again() -> None:
    assert examined(Retry(Advice.LIFT), FINGER).verdict is Verdict.FINE


def test_what_stays_wrong_is_said_once_and_is_not_called_nobody() -> None:
    told: list[Words] = []
    finding = Finding("a", "a")
    selftest.examine(Scripted(Retry(Advice.LIFT), Retry(Advice.LIFT), None), finding, good, 0.2, told.append)
    assert told[1:] == [ADVICE[Advice.LIFT]]
    assert (finding.verdict, finding.passed) == (Verdict.UNREAD, False)
    assert ADVICE[Advice.LIFT].both in selftest.line(finding.json())


def test_nobody_came() -> None:
    assert examined(None).verdict is Verdict.UNTOUCHED


def test_a_device_that_recognises_by_itself_is_fine() -> None:
    assert examined(Recognition("7", Means.FINGER)).verdict is Verdict.FINE


def test_every_verdict_has_words_in_both_languages() -> None:
    for verdict in Verdict:
        words = selftest.VERDICTS[verdict]
        assert words.hi != words.en
        assert any("\u0900" <= c <= "\u097f" for c in words.hi)


# ── the devices opened here ──


@dataclass
class Site:
    """Four pretended devices, the one that nobody plugged in, and the settings that name them."""

    devices: tuple[Device, ...]
    config: Path
    touch: Callable[[], str]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        camera = stack.enter_context(closing(CameraSimulation(Stage(), LOCAL_VARIANTS)))
        capture = stack.enter_context(closing(CaptureSimulation(Stage(tcp="127.0.0.1:0", pacing=False))))
        sealed = stack.enter_context(closing(RdSimulation(Stage(tcp="127.0.0.1:0", variant="morpho"))))
        devices = (
            Device("camera", {"source": camera.where}),
            Device("http_capture", {"shape": "mantra", "url": capture.url}),
            Device("rdservice", {"port": sealed.port}),
            Device("camera", {"source": str(tmp_path / "nowhere")}),
            Device("camera", {"source": camera.where, "rotate": 7}),
        )
        config = tmp_path / "edge.toml"
        blocks = [f'state_dir = "{tmp_path}/state"', f'runtime_dir = "{tmp_path}/run"']
        for device in devices:
            options = ", ".join(f"{name} = {json.dumps(value)}" for name, value in device.options.items())
            blocks.append(f'[[sensors]]\ndriver = "{device.driver}"\noptions = {{ {options} }}')
        config.write_text("\n".join(blocks))
        yield Site(devices, config, lambda: capture.do("touch"))


def test_each_device_is_opened_tried_and_judged(site: Site, tmp_path: Path) -> None:
    told: list[str] = []

    def tell(words: Words) -> None:
        told.append(words.en)
        if words.en.startswith("http_capture"):
            site.touch()

    found = selftest.run(site.devices, good, timeout_s=5, out=tmp_path / "out", tell=tell)
    wanted = [Verdict.FINE, Verdict.FINE, Verdict.SEALED, Verdict.GONE, Verdict.WRONG]
    assert [finding.verdict for finding in found] == wanted
    assert [finding.passed for finding in found] == [True, True, True, False, False]
    assert told == ["camera: look at the camera", "http_capture: place a finger on the sensor"]
    assert found[0].rate["pictures_a_second"] > 1
    assert found[2].about["model"] == "SIM-L1"
    assert "nowhere" in found[3].reason
    assert "rotate" in found[4].reason
    for finding in found[:2]:
        file = Path(finding.file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, "a test picture is somebody's finger or face"
        image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        assert image is not None
        assert image.shape[:2] == (finding.picture["rows"], finding.picture["columns"])


def test_the_command_ends_with_1_when_a_device_failed(site: Site, tmp_path: Path) -> None:
    done = run("selftest", "--config", site.config, "--timeout", "0.3", "--json", "--out", tmp_path / "out")
    assert done.returncode == 1
    findings = json.loads(done.stdout)
    assert [f["verdict"] for f in findings][1:] == ["untouched", "sealed", "gone", "wrong"]
    assert all(f["hi"] and f["en"] for f in findings)
    words = run("selftest", "--config", site.config, "--timeout", "0.3")
    assert "नहीं मिला" in words.stdout
    assert "Traceback" not in words.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="file"):
        selftest._save(tmp_path / "file" / "a.png", FINGER)


@pytest.mark.parametrize("seconds", ["0", "16", "nan"])
def test_a_time_that_a_terminal_would_take_for_a_hang_is_refused(seconds: str) -> None:
    assert run("selftest", "--timeout", seconds).returncode == 2


# ── through a running terminal ──


@dataclass
class Slot:
    name: str


class Busy:
    """A device of a running terminal: does jobs on a thread of its own, as edge.devices.supervisor.Worker does."""

    def __init__(self, name: str, driver: Driver | None) -> None:
        self.slot = Slot(name)
        self.driver = driver

    def ask(self, job: Callable[[Driver], Any]) -> "Future[Any]":
        future: Future[Any] = Future()

        def work() -> None:
            try:
                if self.driver is None:
                    raise DeviceGone("not there")
                future.set_result(job(self.driver))
            except DriverError as error:
                future.set_exception(error)

        threading.Thread(target=work).start()
        return future


def test_a_running_terminal_tries_its_devices_and_lets_no_picture_out(tmp_path: Path) -> None:
    fine, garbled = Scripted(Retry(Advice.LIFT), FINGER), Scripted(ProtocolError("noise"))
    workers = [Busy("one", fine), Busy("two", garbled), Busy("three", None)]
    sent: list[bytes] = []

    def answer(message: Message, peer: Peer) -> None:
        assert message == {"do": "selftest", "timeout_s": 3}

        def send(found: Message) -> None:
            sent.append(json.dumps(found).encode())
            peer.send(found)

        selftest.serve(send, workers, good, 3)

    with closing(LineServer(tmp_path / "control.sock", answer)) as server:
        server.start()
        told: list[str] = []
        shown: list[Mapping[str, Any]] = []
        with LineClient(tmp_path / "control.sock") as client:
            found = selftest.follow(client, 3, told.append, shown.append)
    assert [f["verdict"] for f in found] == ["fine", "garbled", "gone"]
    assert [f["passed"] for f in found] == [True, False, False]
    assert told[1] == f"{ADVICE[Advice.LIFT].hi} / {ADVICE[Advice.LIFT].en}"
    assert shown == found, "each finding as it comes"
    assert all(len(line) < 4096 for line in sent), "each message fits a line of the socket"
    assert not any("image" in json.loads(line) for line in sent)


class Keys:
    """A keypad on which nobody presses a key while it is asked."""

    features = Feature.KEYPAD

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self, timeout_s: float) -> Reading | None:
        return None

    def read_key(self, timeout_s: float) -> str | None:
        return None


def test_a_key_that_is_pressed_while_another_device_is_tried_is_the_keypads() -> None:
    sent: list[Message] = []
    meanwhile = [set[str](), {"keys"}, set[str](), set[str]()]
    workers = [Busy("finger", Scripted(FINGER)), Busy("keys", Keys()), Busy("others", Keys())]
    selftest.serve(sent.append, workers, good, 1, lambda: meanwhile.pop(0))
    found = {m["device"]: m["verdict"] for m in sent if m.get("event") == "finding"}
    assert found == {"finger": "fine", "keys": "fine", "others": "untouched"}
    assert not any("keys:" in m.get("en", "") for m in sent), "none was asked for any more"
    assert meanwhile == [], "what was pressed until the end begins no session"


def test_a_device_that_does_not_come_round_in_time_asks_nobody_later(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(Busy):
        def ask(self, job: Callable[[Driver], Any]) -> "Future[Any]":
            self.asked: Future[Any] = Future()
            return self.asked

    monkeypatch.setattr(selftest, "_SLACK_S", 0.01)
    stuck, sent = Stuck("stuck", None), list[Message]()
    selftest.serve(sent.append, [stuck], good, 0.01)
    assert stuck.asked.cancelled()
    assert [(m["verdict"], m["reason"]) for m in sent if "verdict" in m] == [("gone", "it hangs")]


def test_a_terminal_that_will_not_is_said(tmp_path: Path) -> None:
    def answer(_message: Message, _peer: Peer) -> Message:
        raise ProtocolError("not now")

    with closing(LineServer(tmp_path / "run" / "control.sock", answer)) as server:
        server.start()
        config = tmp_path / "edge.toml"
        config.write_text(f'state_dir = "{tmp_path}/state"\nruntime_dir = "{tmp_path}/run"\n')
        done = run("selftest", "--config", config)
        assert (done.returncode, "stop it and try again" in done.stderr) == (1, True)
        kept = run("selftest", "--config", config, "--out", tmp_path / "out")
        assert (kept.returncode, "no picture leaves a running terminal" in kept.stderr) == (1, True)


def test_settings_without_a_device_are_said(tmp_path: Path) -> None:
    config = tmp_path / "edge.toml"
    config.write_text(f'state_dir = "{tmp_path}"\nruntime_dir = "{tmp_path}"\n')
    done = run("selftest", "--config", config)
    assert done.returncode == 1
    assert "name no device" in done.stderr


def test_a_folder_for_pictures_that_is_none_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "pictures"
    file.write_text("")
    asked: list[Words] = []
    for out, words in ((file, "a file; name a folder"), (file / "deep", "Not a directory")):
        with pytest.raises(SetupError, match=words):
            selftest.run([Device("virtual", {})], good, timeout_s=1, out=out, tell=asked.append)
    assert not asked
