"""Two readers behind libfprint at one terminal, each with a helper of its own: whose finger came from which is known,
and one that is pulled out does not disturb the other. The readers are libfprint's own virtual ones.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from matching.synthetic import generate
from tests.contract.rigs.libfprint import LibfprintRig
from tests.flow.terminal_site import Site, person

READERS = ("one", "two")
DIGITS = ("000001", "000002")


class Reader(LibfprintRig):
    """A virtual reader with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        super().__init__(folder)

    def lose(self) -> None:
        """Pulled out, and not to be found again."""
        self.unplug()
        self.python.write_text("#!/bin/sh\nexit 1\n")

    def lay(self, picture: Path) -> None:
        image = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
        assert image is not None
        self.show(image.astype(np.uint8))


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[list[Reader]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Reader(tmp_path / name))) for name in READERS]


@pytest.fixture
def site(tmp_path: Path, readers: list[Reader]) -> Iterator[Site]:
    generate(2, 5, 7, tmp_path / "fingers")
    site = Site(tmp_path, patience_s=10)
    with site.config.open("a") as file:
        for reader in readers:
            options = f'{{ device = "{reader.name}", python = "{reader.python}" }}'
            file.write(f'[[sensors]]\ndriver = "libfprint"\noptions = {options}\n')
    site.people(*(site.authority.entry(person(n), digits) for n, digits in enumerate(DIGITS, 1)))
    site.start()
    for number in (1, 2):
        answer = site.enrol(person(number), 1, [picture(tmp_path, number, view) for view in (1, 2, 3)])
        assert answer["ok"], answer
    site.wait(lambda: here(site) == [True, True])
    yield site
    if site.process:
        assert site.stop() == 0


def picture(folder: Path, number: int, view: int) -> Path:
    return folder / "fingers" / f"{100 + number}_{view}.png"


def here(site: Site) -> list[bool]:
    return [device["here"] for name, device in site.status()["devices"].items() if name.startswith("libfprint")]


def readings(site: Site) -> list[int]:
    return [device["readings"] for name, device in site.status()["devices"].items() if name.startswith("libfprint")]


def punched(site: Site, reader: Reader, number: int, view: int) -> str:
    """The outcome, and whose it is, of somebody's digits and finger on this reader."""
    with site.hands() as hands, site.control() as eyes:
        eyes.ask({"do": "watch"})
        hands.ask({"do": "press", "keys": [*DIGITS[number - 1], "enter"]})
        while (seen := eyes.next()).get("event") != "outcome":
            if seen.get("state") == "place":
                reader.lay(picture(site.folder, number, view))
    return f"{seen['outcome']} {seen.get('person', '')}"


def test_each_finger_is_counted_where_it_lay_and_one_reader_goes_without_the_other(
    site: Site, readers: list[Reader]
) -> None:
    """R1.1, S13: two people at two readers, and then one reader alone."""
    one, two = readers
    assert readings(site) == [0, 0]
    assert punched(site, one, 1, 4) == f"accepted {person(1).hex()}"
    assert readings(site) == [1, 0]
    assert punched(site, two, 2, 4) == f"accepted {person(2).hex()}"
    assert readings(site) == [1, 1]

    two.lose()
    assert punched(site, one, 2, 5) == f"accepted {person(2).hex()}"
    site.wait(lambda: here(site) == [True, False])
    assert readings(site) == [2, 1]
    assert punched(site, one, 1, 5) == f"accepted {person(1).hex()}"
    assert (readings(site), here(site)) == ([3, 1], [True, False])
