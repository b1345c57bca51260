"""The pretended devices that a soaked terminal is used with: how each stands in its settings, and how it is touched.

Each runs without pacing, in the process of whoever plays the people: what is measured is the terminal's own.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from drivers.adms.sim import SERIAL, AdmsSim
from drivers.camera import LOCAL_VARIANTS, NET_VARIANTS
from drivers.camera.sim import CameraSimulation
from drivers.entry import Simulation, Stage
from drivers.grain import grained
from drivers.gt521f.sim import Gt521fSim
from drivers.http_capture.sim import CaptureSimulation
from drivers.uru4000.sim import UruSimulation
from drivers.zfm.sim import ZfmSim
from drivers.zk.machine import FIRMWARES, Machine
from drivers.zk.sim import ZkSim
from tests.contract.rigs.adms import free_port
from tests.contract.rigs.libfprint import LibfprintMatchRig, LibfprintRig
from tests.flow.terminal_site import Glass, Site
from tests.flow.test_terminal_faces import drawn

SEEN_BARE_S = 0.1  # what a polled sensor takes to see that a finger has gone; nobody is as quick as a simulator


class Played(Protocol):
    """A device as people use it."""

    def lay(self, picture: Path) -> None: ...
    def lift(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """A simulator's glass, by the words it knows: `touch` is followed by a picture's path, or by its name alone."""

    sim: Simulation
    by_name: bool = False
    bare_s: float = SEEN_BARE_S

    def lay(self, picture: Path) -> None:
        self.sim.do("lift")
        time.sleep(self.bare_s)
        self.sim.do(f"touch {picture.stem if self.by_name else _alive(picture)}")

    def lift(self) -> None:
        self.sim.do("lift")


@dataclass(frozen=True, slots=True)
class Pictured:
    """libfprint's virtual reader, which takes the picture and has seen the finger go."""

    rig: LibfprintRig

    def lay(self, picture: Path) -> None:
        image = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
        assert image is not None
        self.rig.show(grained(image.astype(np.uint8)))

    def lift(self) -> None:
        """It was lifted already."""


@dataclass(frozen=True, slots=True)
class Named:
    """libfprint's virtual reader that matches: a finger is a name."""

    rig: LibfprintMatchRig

    def lay(self, picture: Path) -> None:
        self.rig.touch(picture.stem.partition("_")[0])

    def lift(self) -> None:
        """It was lifted already."""


class Ending(Protocol):
    """What must be closed at the end."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Device:
    """One sensor of a soaked terminal: its settings, what is played, and what must be closed at the end.

    `module`: it compares by itself, so a finger is enrolled on the keypad's own sensor first and then on it.
    `punch`: an old machine, where somebody with this badge punches at this time, by the machine's own clock.
    """

    name: str
    block: str
    glass: Played | None
    sims: Sequence[Ending] = field(default=())
    network: bool = False
    module: bool = False
    face: bool = False
    punch: Callable[[str, datetime], None] | None = None


def virtual(site: Site, _pictures: Path) -> Device:
    return Device("virtual", "", Glass(site))


def zfm(site: Site, pictures: Path) -> Device:
    """Pictures, at a speed at which they are worth it: the R503's, which are small, at 115200 baud."""
    sim = ZfmSim(Stage(pty=site.folder / "zfm", variant="r307", library=pictures, pacing=False))
    options = f'{{ port = "{site.folder}/zfm", mode = "image" }}'
    return Device("zfm", block("zfm", options), Spoken(sim, by_name=True), [sim])


def zfm_match(site: Site, pictures: Path) -> Device:
    """The same module, asked to compare."""
    sim = ZfmSim(Stage(pty=site.folder / "zfm", variant="r307", library=pictures, pacing=False))
    options = f'{{ port = "{site.folder}/zfm", mode = "match" }}'
    return Device("zfm", block("zfm", options), Spoken(sim, by_name=True, bare_s=0.3), [sim], module=True)


def gt521f(site: Site, pictures: Path) -> Device:
    sim = Gt521fSim(Stage(pty=site.folder / "gt521f", library=pictures, pacing=False))
    options = f'{{ port = "{site.folder}/gt521f", mode = "image" }}'
    return Device("gt521f", block("gt521f", options), Spoken(sim, by_name=True), [sim])


def uru4000(_site: Site, _pictures: Path) -> Device:
    sim = UruSimulation(Stage(tcp="127.0.0.1:0", pacing=False))
    return Device("uru4000", block("uru4000", f'{{ bus = "{sim.where}" }}'), Spoken(sim), [sim])


def http_capture(_site: Site, pictures: Path) -> Device:
    """By way of the bridge, over TLS."""
    sim = CaptureSimulation(Stage(tcp="127.0.0.1:0", variant="secugen", library=pictures, pacing=False))
    options = f'{{ shape = "secugen", glance_ms = 50, url = "{sim.url}", pin = "{sim.pin}" }}'
    glass = Spoken(sim, bare_s=0.4)
    return Device("http_capture", block("http_capture", options), glass, [sim], network=True)


def camera(site: Site, _pictures: Path) -> Device:
    """A face that nobody has, before a camera on a socket."""
    sim = CameraSimulation(Stage(pty=site.folder / "camera", library=_face(site)), LOCAL_VARIANTS)
    options = f'{{ source = "{site.folder}/camera", frozen_ms = 0 }}'
    return Device("camera", block("camera", options), None, [sim], face=True)


def camera_net(site: Site, _pictures: Path) -> Device:
    """The same, on the network: ten pictures of a megabyte a second pass the bridge while somebody is looked at."""
    sim = CameraSimulation(Stage(tcp="127.0.0.1:0", library=_face(site)), NET_VARIANTS)
    options = f'{{ url = "{sim.where}", frozen_ms = 0 }}'
    return Device("camera_net", block("camera_net", options), None, [sim], network=True, face=True)


def libfprint(site: Site, _pictures: Path) -> Device:
    """libfprint in its helper process, which is measured too."""
    rig = LibfprintRig(_own(site, "libfprint"))
    options = f'{{ device = "{rig.name}", python = "{rig.python}" }}'
    return Device("libfprint", block("libfprint", options), Pictured(rig), [rig])


def libfprint_match(site: Site, _pictures: Path) -> Device:
    rig = LibfprintMatchRig(_own(site, "libfprint_match"))
    options = f'{{ device = "{rig.name}", python = "{rig.python}" }}'
    return Device("libfprint_match", block("libfprint_match", options), Named(rig), [rig], module=True)


def zk(_site: Site, _pictures: Path) -> Device:
    """A machine whose log the bridge reads. It grows by each punch, as there: all of it is read each time."""
    sim = ZkSim(Machine(FIRMWARES["tcp40"]))
    options = f'{{ host = "127.0.0.1", port = {sim.port}, poll_s = 1 }}'
    punch = lambda badge, when: sim.punch(badge, when=when)  # noqa: E731
    return Device("zk", block("zk", options), None, [sim], network=True, punch=punch)


def adms(_site: Site, _pictures: Path) -> Device:
    """A machine that pushes to the bridge."""
    port = free_port()
    sim = AdmsSim("127.0.0.1", port, pause_s=0.1)
    options = f'{{ host = "127.0.0.1", port = {port}, machines = "{SERIAL}=Asia/Kolkata" }}'
    punch = lambda badge, when: sim.punch(badge, when=when)  # noqa: E731
    return Device("adms", block("adms", options), None, [sim], network=True, punch=punch)


def _own(site: Site, name: str) -> Path:
    folder = site.folder / name
    folder.mkdir()
    return folder


def _alive(picture: Path) -> Path:
    """With the grain of this touch, as no sensor sees the same twice."""
    alive = picture.with_name("alive.png")
    cv2.imwrite(str(alive), grained(cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)))
    return alive


DEVICES: Mapping[str, Callable[[Site, Path], Device]] = {
    "virtual": virtual,
    "zfm": zfm,
    "zfm_match": zfm_match,
    "gt521f": gt521f,
    "uru4000": uru4000,
    "libfprint": libfprint,
    "libfprint_match": libfprint_match,
    "http_capture": http_capture,
    "zk": zk,
    "adms": adms,
    "camera": camera,
    "camera_net": camera_net,
}


def block(driver: str, options: str) -> str:
    return f'[[sensors]]\ndriver = "{driver}"\noptions = {options}\n'


def _face(site: Site) -> Path:
    folder = site.folder / "faces"
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "drawn.png"), drawn(210))
    return folder
