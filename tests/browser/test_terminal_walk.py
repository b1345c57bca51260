"""The first day: somebody who was never told anything, before a live terminal, its screen seen in a real browser.

The terminal, its numpad and the page that shows its screen are real programs; finger and face are drawn by code. What
each screen says is for people to judge: with HAZRI_PICTURES=folder the walk leaves a picture of each there.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from drivers.entry import Stage
from drivers.evdev.sim import KeypadSim
from drivers.lines import LineClient
from edge.screen.picture import PAINTS
from edge.screen.scene import Colour
from matching.synthetic import generate
from sync.wire import CardFlag, SealedTemplate
from tests.browser.test_public import CHROMIUM, FLAGS
from tests.contract.rigs.adms import free_port
from tests.flow.terminal_site import Site, person
from tests.flow.test_old_machines import Bridge
from tests.flow.test_terminal_faces import NOT_TRIED, face_of, networks
from tests.soak.stages import camera

SIZE, TOP = (800, 480), 60
PICTURES = os.environ.get("HAZRI_PICTURES")
TEACHER, SLOW = "123456", "654321"
PATIENCE_S = 20


class Walk:
    """One person at the numpad, and somebody who watches the page."""

    def __init__(self, site: Site, numpad: KeypadSim, page: Page, eyes: LineClient, folder: Path) -> None:
        self.site, self._numpad, self._page, self._eyes, self._folder = site, numpad, page, eyes, folder
        self.seen: list[str] = []
        self._below = b""  # what the last screen showed, without the corner where the clock goes on

    def press(self, *keys: str) -> None:
        self._numpad.do(" ".join(("press", *keys)))

    def until(self, *states: str) -> str:
        """Wait for one of these states or outcomes; which it was."""
        while True:
            told = self._eyes.next(60)
            name = str(told.get("outcome") if told.get("event") == "outcome" else told.get("state"))
            if name in states:
                return name

    def sees(self, title: str, colour: Colour) -> None:
        """The page comes to show another screen than before, of this colour; keep its picture."""
        file, until = self._folder / f"{len(self.seen):02}-{title}.png", time.monotonic() + 60
        shown: object = None
        below = self._below
        while shown != PAINTS[colour].back or below == self._below:
            assert time.monotonic() < until, f"{title}: the page shows {shown}, not {colour}"
            # The page loads itself anew every second: a picture taken just then may not come.
            with contextlib.suppress(PlaywrightError):
                self._page.screenshot(path=file, timeout=5000)
                with Image.open(file) as picture:
                    plain = picture.convert("RGB")
                    shown, below = plain.getpixel((2, SIZE[1] - 3)), plain.crop((0, TOP, *SIZE)).tobytes()
        self._below = below
        self.seen.append(title)


Start = Callable[..., Walk]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def started(*flags: CardFlag, faces: bool = False, languages: Sequence[str] = ("hi", "en")) -> Walk:
            site, port = Site(tmp_path, patience_s=PATIENCE_S, policy="done_s = 10\nface_turns = 0\n"), free_port()
            numpad = stack.enter_context(closing(KeypadSim(Stage(pty=tmp_path / "numpad"))))
            words = ", ".join(f'"{code}"' for code in languages)
            with site.config.open("a") as file:
                file.write(f'[[sensors]]\ndriver = "evdev"\noptions = {{ device = "{numpad.where}" }}\n')
                file.write(f'[bridge]\npreview_png = "{tmp_path}/preview/screen.png"\npreview_port = {port}\n')
                file.write(f"[screen]\nwidth = {SIZE[0]}\nheight = {SIZE[1]}\nlanguages = [{words}]\n")
            views = _with_face(site, stack) if faces else []
            site.people(
                site.authority.entry(person(1), TEACHER, views, flags[0] if flags else CardFlag.NONE),
                site.authority.entry(person(2), SLOW),
            )
            generate(2, 6, 7, tmp_path / "fingers")
            stack.callback(lambda: site.process and site.stop())
            site.start()
            bridge = Bridge(site.config)
            stack.callback(bridge.end)
            browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            stack.callback(browser.close)
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
            site.wait(lambda: any("event=ready" in line for line in bridge.log))
            page.goto(f"http://127.0.0.1:{port}/")
            eyes = stack.enter_context(site.control())
            eyes.ask({"do": "watch"})
            folder = Path(PICTURES) if PICTURES else tmp_path / "seen"
            return Walk(site, numpad, page, eyes, folder)

        yield started


def _with_face(site: Site, stack: ExitStack) -> list[SealedTemplate]:
    """A camera before which a face stands, and the templates of that face."""
    folder = networks(site.folder / "networks")
    device = camera(site, site.folder)
    for sim in device.sims:
        stack.callback(sim.close)
    text = site.config.read_text().splitlines()
    lines = [f'models_dir = "{folder}"' if line.startswith("models_dir") else line for line in text]
    site.config.write_text("\n".join(lines) + "\n" + device.block)
    return [face_of(site, folder, person(1))]


def finger(site: Site, whose: int, view: int) -> Path:
    return site.folder / "fingers" / f"{100 + whose}_{view}.png"


def test_the_first_day_of_a_teacher_who_was_told_nothing(start: Start) -> None:
    """R1.1, R1.8: digits, the wrong finger, another try, and green with name and code."""
    walk = start()
    site = walk.site
    walk.sees("idle", Colour.WHITE)
    answer = site.enrol(person(1), 1, [finger(site, 1, view) for view in (1, 2, 3)])
    assert answer["ok"], answer

    walk.press(*TEACHER[:3])
    walk.sees("three-digits", Colour.WHITE)
    walk.press("enter")
    assert walk.until("wrong_digits") == "wrong_digits"
    walk.sees("too-few-digits", Colour.YELLOW)

    walk.press(*TEACHER, "enter")
    walk.until("place")
    walk.sees("place-a-finger", Colour.BLUE)
    site.glass.lay(finger(site, 2, 1))
    walk.until("place")
    walk.sees("wrong-finger-try-another", Colour.BLUE)
    site.glass.lay(finger(site, 1, 4))
    assert walk.until("accepted", "no_match") == "accepted"
    walk.sees("recorded", Colour.GREEN)
    site.glass.lift()
    assert len(site.punches()) == 1

    walk.press(*TEACHER, "enter")
    for view in (1, 2):
        walk.until("place")
        site.glass.lay(finger(site, 2, view))
    walk.until("no_match")
    walk.sees("nobody-recognised", Colour.RED)
    assert len(site.punches()) == 1


def test_somebody_who_needs_more_time_and_is_known_by_the_face(start: Start) -> None:
    """S16: their card says so: the face is asked for first, and every step waits longer."""
    if not os.environ.get("HAZRI_MODELS"):
        print(NOT_TRIED, file=sys.stderr)  # noqa: T201
        return
    walk = start(CardFlag.FACE_FIRST | CardFlag.MORE_TIME, faces=True, languages=("ur", "en"))
    site = walk.site
    site.wait(lambda: site.status()["devices"].get("camera", {}).get("here", False))
    walk.sees("urdu-idle", Colour.WHITE)
    walk.press(*TEACHER, "enter")
    assert walk.until("look_at_camera", "place") == "look_at_camera"
    assert walk.until("accepted") == "accepted"
    walk.sees("urdu-recorded", Colour.GREEN)
    assert len(site.punches()) == 1
