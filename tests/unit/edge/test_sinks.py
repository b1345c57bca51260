"""Pictures reach their panels: a framebuffer's bytes, luma's own pretended device, a PNG that is always whole."""

import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin
from luma.core.device import dummy
from PIL import Image, ImageChops

from drivers.base import Advice
from edge import SetupError
from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.screen import shows
from edge.screen.latest import Latest
from edge.screen.picture import draw
from edge.screen.scene import Corner, screen
from edge.screen.sinks import wires
from edge.screen.sinks.display import Display
from edge.screen.sinks.framebuffer import FrameBuffer, Info, parse
from edge.screen.sinks.luma import LumaPanel, spi_panel
from edge.screen.sinks.png import PngPanel
from edge.screen.voice import Voice
from edge.screen.words import Language
from edge.session import states
from edge.session.policy import Rules
from edge.settings import Settings, Shown

LONG_S = 20.0
ROOT = Path(__file__).parents[3]
BOTH = (Language.HINDI, Language.ENGLISH)


def variable(wide: int, high: int, bits: int, red: int, green: int, blue: int, left: int = 0, top: int = 0) -> bytes:
    """`struct fb_var_screeninfo` as a kernel fills it in."""
    sizes = struct.pack("@8I", wide, high, wide, 2 * high, left, top, bits, 0)
    return sizes + struct.pack("@12I", red, 8, 0, green, 8, 0, blue, 8, 0, 0, 0, 0) + bytes(80)


def fixed(line_bytes: int) -> bytes:
    """`struct fb_fix_screeninfo` as a kernel fills it in."""
    return struct.pack("@16sLI3I3HI", b"pretended", 0, 0, 0, 0, 2, 1, 1, 0, line_bytes).ljust(128, b"\0")


def memory(path: Path, info: Info) -> Path:
    path.write_bytes(bytes(info.start + info.high * info.line_bytes + 64))
    return path


def test_the_kernels_answer_is_understood() -> None:
    assert parse(variable(480, 320, 16, 11, 5, 0), fixed(960)) == Info(480, 320, 960, 0, "RGB565")
    assert parse(variable(800, 480, 32, 16, 8, 0, 2, 3), fixed(3328)) == Info(800, 480, 3328, 3 * 3328 + 8, "BGRX")
    assert parse(variable(800, 480, 32, 0, 8, 16), fixed(3200)).packing == "RGBX"


@pytest.mark.parametrize(
    ("of", "line"),
    [
        ((480, 320, 8, 0, 0, 0), 480),
        ((0, 320, 16, 11, 5, 0), 960),
        ((480, 320, 16, 11, 5, 0), 100),
        ((9999, 9, 32, 16, 8, 0), 4),
    ],
)
def test_an_order_of_colours_nobody_knows_is_refused(of: tuple[int, int, int, int, int, int], line: int) -> None:
    with pytest.raises(SetupError, match="is not known"):
        parse(variable(*of), fixed(line))


def test_pixels_are_written_as_the_kernel_wants_them(tmp_path: Path) -> None:
    """Two pixels a line and two lines, with padding at the end of each; nothing is written into it."""
    image = Image.new("RGB", (2, 2), (255, 0, 0))
    image.putpixel((1, 0), (0, 255, 0))
    image.putpixel((0, 1), (0, 0, 255))
    for info, pixel in (
        (Info(2, 2, 8, 4, "RGB565"), {"r": "00f8", "g": "e007", "b": "1f00", "pad": "00000000"}),
        (Info(2, 2, 12, 0, "BGRX"), {"r": "0000ff", "g": "00ff00", "b": "ff0000", "pad": "00000000"}),
    ):
        path = memory(tmp_path / info.packing, info)
        panel = FrameBuffer(path, info=info)
        panel.show(image)
        lines = [path.read_bytes()[info.start + n * info.line_bytes :][: info.line_bytes] for n in range(2)]
        step = info.pixel_bytes
        found = [[line[at : at + step].hex()[: len(pixel["r"])] for at in (0, step)] for line in lines]
        assert found == [[pixel["r"], pixel["g"]], [pixel["b"], pixel["r"]]]
        assert all(line[2 * step :].hex() == pixel["pad"] for line in lines)
        panel.close()
        assert not any(path.read_bytes()), "dark when closed: no name stays on the panel"


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_turned_panel_shows_the_picture_upright(tmp_path: Path, rotate: int) -> None:
    info = Info(320, 480, 1280, 0, "RGBX")
    panel = FrameBuffer(memory(tmp_path / "fb", info), rotate, info)
    assert panel.size == ((480, 320) if rotate in (90, 270) else (320, 480))
    image = Image.linear_gradient("L").resize(panel.size).convert("RGB")
    panel.show(image)
    raw = Image.frombytes("RGB", (320, 480), (tmp_path / "fb").read_bytes()[: 1280 * 480], "raw", "RGBX")
    assert ImageChops.difference(raw.rotate(rotate, expand=True), image).getbbox() is None
    panel.close()


def test_what_is_no_framebuffer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(SetupError, match="framebuffer"):
            FrameBuffer(path)
    with pytest.raises(SetupError, match="rotate"):
        FrameBuffer(tmp_path / "file", 45)


def test_a_luma_panel_shows_the_very_picture() -> None:
    device = dummy(width=320, height=240, mode="RGB")
    panel = LumaPanel(device)
    shot = draw(screen(states.Idle()), Corner(), panel.size, BOTH)
    panel.show(shot)
    assert ImageChops.difference(device.image, shot).getbbox() is None
    panel.close()


class Ili9341:
    """The chip at the other end of the wires, by its datasheet: a window of columns and rows, and what is put into it.

    Command and data are told apart by a pin, so both must come in their order.
    """

    error = RuntimeError

    def __init__(self, data_pin: MockPin) -> None:
        self.shown = Image.new("RGB", (320, 240), "white")
        self.opened: list[tuple[int, ...]] = []
        self._data_pin, self._command, self._got = data_pin, 0, b""
        self._window = [(0, 0), (0, 0)]

    def spi_open(self, spi_device: int, spi_channel: int, baud: int, spi_flags: int) -> int:
        self.opened.append((spi_device, spi_channel, baud, spi_flags))
        return 7

    def spi_write(self, handle: int, data: bytes) -> int:
        assert handle == 7
        if not self._data_pin.state:
            (self._command,), self._got = data, b""
            return 0
        self._got += data
        if self._command in (0x2A, 0x2B):
            first, last = struct.unpack(">HH", self._got.ljust(4, b"\0"))
            self._window[self._command - 0x2A] = (first, last + 1)
        elif self._command == 0x2C:
            (left, right), (top, bottom) = self._window
            if len(self._got) == 3 * (right - left) * (bottom - top):
                self.shown.paste(Image.frombytes("RGB", (right - left, bottom - top), self._got), (left, top))
        return 0

    def spi_close(self, handle: int) -> int:
        self.opened.remove(self.opened[-1])
        return handle


def test_an_spi_panel_shows_the_very_picture_over_its_wires() -> None:
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    try:
        light = Device.pin_factory.pin(f"GPIO{wires.LIGHT}")
        chip = Ili9341(Device.pin_factory.pin(f"GPIO{wires.DATA}"))
        panel = spi_panel("ili9341", (320, 240), bus=chip)
        assert chip.opened == [(0, 0, 32_000_000, wires.MODE)]
        assert light.state
        for state in (states.Idle(), states.Place(1, None), states.Place(2, Advice.WIPE)):
            shot = draw(screen(state), Corner(), panel.size, BOTH)
            panel.show(shot)
            assert ImageChops.difference(chip.shown, shot).getbbox() is None
        panel.close()
        assert not chip.opened
        panel = spi_panel("ili9341", (320, 240), bus=chip)  # its pins are free again
        with pytest.raises(SetupError, match="luma ili9341"):
            spi_panel("ili9341", (320, 240), bus=chip)
        panel.close()
    finally:
        Device.pin_factory.reset()
        Device.pin_factory = before


def test_a_panel_that_is_not_fitted_is_named() -> None:
    with pytest.raises(SetupError, match="expected one of ili9341"):
        spi_panel("ili9999", (320, 240))
    with pytest.raises(SetupError, match="luma ili9341"):
        spi_panel("ili9341", (320, 240))


def test_a_picture_file_is_whole_at_every_moment(tmp_path: Path) -> None:
    path, ended = tmp_path / "screen" / "screen.png", threading.Event()
    panel = PngPanel(path, (320, 240))
    shots = [draw(screen(state), Corner(), panel.size, BOTH) for state in (states.Idle(), states.Working())]
    panel.show(shots[0])
    seen: set[tuple[int, ...]] = set()

    def look() -> None:
        while not ended.is_set():
            with Image.open(path) as image:
                seen.add(image.convert("RGB").getpixel((319, 239)))  # type: ignore[arg-type]

    reader = threading.Thread(target=look)
    reader.start()
    for n in range(60):
        panel.show(shots[n % 2])
    ended.set()
    reader.join()
    assert seen <= {shot.getpixel((319, 239)) for shot in shots}
    assert [p.name for p in path.parent.iterdir()] == ["screen.png"]
    panel.close()
    panel.close()
    assert not path.exists()


class Slow:
    """A panel that shows nothing until it may."""

    size = (320, 240)

    def __init__(self) -> None:
        self.may, self.shown, self.began = threading.Event(), 0, threading.Event()
        self.closed = False

    def show(self, _image: Image.Image) -> None:
        self.began.set()
        self.shown += 1
        assert self.may.wait(LONG_S)

    def close(self) -> None:
        self.closed = True


def test_a_slow_panel_holds_nobody_up_and_shows_the_latest_state() -> None:
    """The terminal's thread says twenty states to a panel that stands still; only the first and the last are drawn."""
    panel, corners = Slow(), iter(Corner(clock=f"09:{n:02}") for n in range(60))
    display = Display(panel, BOTH, lambda: next(corners))
    display(states.Idle())
    assert panel.began.wait(LONG_S)
    for keys in range(1, 20):
        display(states.Typing(keys))
    assert panel.shown == 1
    panel.may.set()
    display.close()
    assert panel.shown <= 2
    assert panel.closed


def test_a_broken_panel_is_a_trouble_and_mends() -> None:
    said: list[str] = []
    works, told = threading.Event(), threading.Semaphore(0)

    def act(_value: int) -> None:
        if not works.is_set():
            raise OSError("no panel")

    def trouble(reason: str) -> None:
        said.append(reason)
        told.release()

    latest = Latest("panel", act, trouble)
    latest.put(1)
    assert told.acquire(timeout=LONG_S)
    works.set()
    latest.put(2)
    assert told.acquire(timeout=LONG_S)
    latest.close()
    assert said == ["OSError: no panel", ""]


def test_the_newest_is_done_again_when_asked_to() -> None:
    done, twice = [], threading.Event()

    def act(value: str) -> None:
        done.append(value)
        if len(done) == 3:
            twice.set()

    latest = Latest("again", act, lambda _: None, again_s=0.01)
    latest.put("idle")
    assert twice.wait(LONG_S)
    latest.close()
    assert set(done) == {"idle"}


def settings(folder: Path, **shown: object) -> Settings:
    preview = folder / "screen.png"
    fitted = Shown(**shown)  # type: ignore[arg-type]
    return Settings(folder, folder, None, 1e-5, 0.1, Rules(), (), preview_png=preview, shown=fitted)


def test_what_the_settings_name_is_fitted_and_what_fails_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal without its panel, lights or voice still serves people."""
    troubles = Troubles(Report("terminal", events=False))
    of = settings(tmp_path, panel="framebuffer", framebuffer=tmp_path / "fb9", size=(320, 240), voice_dir=tmp_path)
    fitted = shows.fitted(of, Corner, troubles)
    for state in (states.Idle(), states.Working()):
        for show in fitted:
            show(state)
    until = threading.Event()
    for _ in range(200):
        if (tmp_path / "screen.png").exists():
            break
        until.wait(0.05)
    assert (tmp_path / "screen.png").exists()
    for show in fitted:
        show.close()
    assert len(fitted) == 2
    assert "what=panel" in capsys.readouterr().err
    assert not (tmp_path / "screen.png").exists()


@pytest.mark.parametrize(("voice_for", "hears"), [("everybody", 2), ("flagged", 1)])
def test_words_aloud_are_for_everybody_or_for_those_whose_card_says_so(
    tmp_path: Path, voice_for: str, hears: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """S16: nobody hears a prompt twice."""
    of, troubles = (
        settings(tmp_path, voice_dir=tmp_path, voice_for=voice_for),
        Troubles(Report("terminal", events=False)),
    )
    fitted, aloud = shows.fitted(of, Corner, troubles), shows.aloud(of, troubles)
    assert len(fitted) == hears
    assert isinstance(aloud, Voice) is (voice_for == "flagged")
    aloud(states.Place(1, None))
    for show in (*fitted, aloud):
        show.close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "module", ["edge.uplink", "edge.__main__", "edge.screen.shows", "edge.screen.scene", "edge.screen.sinks.text"]
)
def test_what_draws_is_loaded_only_where_there_is_a_panel(module: str) -> None:
    """The sync process, and a terminal that only beeps, do without Pillow, luma and gpiozero."""
    heavy = "{'PIL', 'luma', 'gpiozero'}"
    code = f"import sys, {module}; found = {heavy} & set(sys.modules); sys.exit(', '.join(found) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
