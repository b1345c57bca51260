"""The terminal process with a numpad and a panel: keys by the kernel's input events, and what the person sees."""

import time
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from drivers.entry import Stage
from drivers.evdev.sim import KeypadSim
from edge.screen.picture import PAINTS
from edge.screen.scene import Colour
from matching.synthetic import generate
from tests.flow.terminal_site import Site, person

SIZE = (320, 240)


def colour(path: Path) -> Colour | None:
    """The colour of the panel now, by a pixel at its lower edge; None before there is a picture."""
    if not path.exists():
        return None
    with Image.open(path) as image:
        assert image.size == SIZE
        pixel = image.convert("RGB").getpixel((1, 238))
    return next((name for name, paint in PAINTS.items() if paint.back == pixel), None)


def test_digits_on_a_numpad_and_green_on_the_panel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R1.1: white, blue, green; a panel whose colour turned green shows what is in punches.db."""
    generate(1, 6, 7, tmp_path / "fingers")
    fingers = [tmp_path / "fingers" / f"101_{impression}.png" for impression in range(1, 5)]
    preview = tmp_path / "preview" / "screen.png"
    with closing(KeypadSim(Stage(pty=tmp_path / "numpad"))) as numpad:
        site = Site(tmp_path)
        with site.config.open("a") as config:
            config.write(f'[[sensors]]\ndriver = "evdev"\noptions = {{ device = "{numpad.where}" }}\n')
            config.write(f'[bridge]\npreview_png = "{preview}"\n')
            config.write(f'[screen]\nwidth = {SIZE[0]}\nheight = {SIZE[1]}\nlanguages = ["kn", "en"]\n')
        site.people(site.authority.entry(person(1), "123456"))
        site.start()
        site.wait(lambda: colour(preview) is Colour.WHITE)
        answer = site.enrol(person(1), 1, fingers[:3])
        assert answer["ok"], (answer, site.log[-5:])
        with site.hands() as hands, site.control() as eyes:
            eyes.ask({"do": "watch"})
            numpad.do("press 1 2 3 4 5 6 enter")
            while eyes.next().get("state") != "place":
                pass
            site.wait(lambda: colour(preview) is Colour.BLUE)
            hands.ask({"do": "place", "picture": str(fingers[3])})
            while (seen := eyes.next()).get("event") != "outcome":
                pass
            decided = time.monotonic()
            assert seen["outcome"] == "accepted"
            site.wait(lambda: colour(preview) is Colour.GREEN)
            took_ms = (time.monotonic() - decided) * 1000
        assert seen["seq"] in site.punches()
        assert site.stop() == 0
    assert not preview.exists(), "nobody's name stays when the terminal has ended"
    with capsys.disabled():
        print(f"\ngreen in the preview {took_ms:.0f} ms after the decision was told")  # noqa: T201
