"""Helpers: releases in miniature, signed as in the field, and a machine they are installed on.

The program in them prints its version after it has held every file of its own against the sum it was built with, so
that what runs is known to be whole, and to be one version and no mixture of two.
"""

import base64
import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]

from edge.update import unpack
from edge.update.fetch import Fetching
from edge.update.run import FOLDER, INCOMING, Parts, Update
from edge.update.slots import CURRENT, GOOD, Slots
from edge.update.source import Folder, Source
from edge.update.trust import Offer, Whose, look
from server.releases import contents, keys
from server.releases.holders import Change
from server.releases.repository import Repository
from sync.release import Release, Wheel, wheel_path

ARCH = "amd64"
DISTRICT = "hr-12"
PYTHON = f"3.{sys.version_info.minor}"
WHOSE = Whose("gate-1", (DISTRICT,), ARCH)
_PROGRAM = '''"""A program in miniature."""
import hashlib, pathlib, sys
SUMS = {sums!r}
def main():
    here = pathlib.Path(__file__).parent
    for name, told in SUMS.items():
        if hashlib.sha256((here / name).read_bytes()).hexdigest() != told:
            print("damaged", name)
            return 3
    import numbers_small
    print("hazri-edge {version}", numbers_small.VALUE, {state!r})
    return 0
'''


def make_wheel(folder: Path, name: str, version: str, files: dict[str, bytes], points: str = "") -> Path:
    """A wheel as installers want it: RECORD and all. The same files give the same bytes."""
    info = f"{name}-{version}.dist-info"
    held = dict(files) | {f"{info}/METADATA": f"Name: {name}\nVersion: {version}\n".encode()}
    if points:
        held[f"{info}/entry_points.txt"] = points.encode()
    rows = [f"{path},sha256={_sum64(data)},{len(data)}" for path, data in held.items()]
    held[f"{info}/RECORD"] = ("\n".join([*rows, f"{info}/RECORD,,"]) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for one, data in held.items():
            file.writestr(zipfile.ZipInfo(one), data)
    return path


def make_wheels(folder: Path, version: str, state: str = "well", parts: int = 6) -> Path:
    """A release's wheels: the program, of whose parts one changes with each version, and a library that never does."""
    data = {f"hazri_small_data/{n}.txt": (f"part {n} " * 40).encode() for n in range(parts)}
    data["hazri_small_data/version.txt"] = (version * 50).encode()
    sums = {name: hashlib.sha256(one).hexdigest() for name, one in data.items()}
    program = _PROGRAM.format(sums=sums, version=version, state=state).encode()
    points = "[console_scripts]\nhazri-edge = hazri_small:main\n"
    make_wheel(folder, "hazri", version, {"hazri_small.py": program, **data}, points)
    make_wheel(folder, "numbers_small", "1.0", {"numbers_small/__init__.py": b"VALUE = 42\n"})
    return folder


def _sum64(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


class Makers:
    """The holders with their keys, and the server's repository."""

    def __init__(self, folder: Path, districts: tuple[str, ...] = (DISTRICT, "hr-13")) -> None:
        self.folder, self.keys = folder, folder / "keys"
        self.repository = Repository(folder / "repository")
        self.root = self.repository.init(self.keys, districts, count=3, threshold=2, passphrase=None).read_bytes()
        self.public = folder / "repository" / "public"

    def release(
        self, version: str, state: str = "well", wheels: Path | None = None, signers: tuple[int, ...] = (1, 2)
    ) -> Release:
        """Made, signed by two of three, and published; nobody is offered it yet."""
        folder = wheels or make_wheels(self.folder / f"wheels-{version}", version, state)
        release = contents.take(folder, version, ARCH, PYTHON, self.repository.targets_dir)
        self.repository.add(release)
        self.repository.sign([self.holder(n) for n in signers])
        self.repository.publish()
        return release

    def change(self, change: Change, *holders: int) -> str:
        """Another root, signed by these holders with both their keys, and published."""
        self.repository.change(change)
        self.sign(*holders)
        return self.repository.publish()

    def sign(self, *holders: int) -> str:
        said = ""
        for n in holders:
            said = self.repository.sign([self.root_key(n), self.holder(n)])
        return said

    def root_key(self, n: int) -> CryptoSigner:
        return keys.load(self.keys / f"root-{n}.pem")

    def holder(self, n: int) -> CryptoSigner:
        return keys.load(self.keys / f"targets-{n}.pem")

    def offer(self, version: str, percent: int = 100, district: str = DISTRICT) -> None:
        self.repository.offer(district, version, percent)


@dataclass
class Bench:
    """What a machine did, and how it answers; restarting is a note of what the services run from then on."""

    root: Path
    restarts: list[str] = field(default_factory=list)

    def starts(self, slot: Path, version: str) -> str:
        return "" if run(slot).split()[:2] == ["hazri-edge", version] else "it does not start"

    def restart(self) -> None:
        new = self.root / "services.new"
        new.write_text(str((self.root / CURRENT).readlink()))
        new.replace(self.root / "services")
        self.restarts.append(self.served)

    def ill(self, version: str) -> str:
        said = run(self.root / self.served).split()
        return "" if said == ["hazri-edge", version, "42", "well"] else "the terminal serves nobody"

    @property
    def served(self) -> str:
        """The slot whose programs the services run."""
        return (self.root / "services").read_text()


def run(slot: Path) -> str:
    """What the program of a slot says."""
    done = subprocess.run([slot / "bin" / "hazri-edge"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else f"code {done.returncode}: {done.stdout[-200:]}{done.stderr[-200:]}"


class Terminal:
    """A machine as the Debian package leaves it, with one version; everything on it is real but its services."""

    def __init__(self, root: Path, wheels: Path, version: str) -> None:
        self.root = root
        self.bench = Bench(root)
        self.slots = Slots(root, flush=lambda: None, reserve=0)
        if not root.exists():
            install(root, wheels, version)
            self.bench.restart()

    def look(self, source: Source, root_json: bytes, whose: Whose = WHOSE) -> Offer:
        return look(source, self.root / FOLDER, root_json, whose)

    def update(self, source: Source, root_json: bytes, whose: Whose = WHOSE) -> str:
        """As the command does it: settle, look, install. Why it ended."""
        self.settle()
        offer = self.look(source, root_json, whose)
        if offer.release is None:
            return offer.why
        return self.install(source, offer.release)

    def settle(self) -> str:
        return Update(Parts(self.slots, self.bench, None, lambda: True, lambda _: None)).run()

    def install(self, source: Source, release: Release, *, hours: bool = True) -> str:
        fetching = Fetching(source, self.root / FOLDER / INCOMING, self.slots.wheels)
        return Update(Parts(self.slots, self.bench, fetching, lambda: hours, lambda _: None), release).run()

    @property
    def version(self) -> str:
        """Of what runs, by its own word."""
        return run(self.root / CURRENT).split()[1]

    def state(self) -> tuple[str, str, str]:
        """The version that runs, the one it falls back to, and the one the services run."""
        slots = (self.root / CURRENT, self.root / GOOD, self.root / self.bench.served)
        first, second, third = (run(slot).split()[1] for slot in slots)
        return first, second, third


def install(root: Path, wheels: Path, version: str, arch: str = ARCH) -> None:
    """What the package's scripts do, in short."""
    root.mkdir(parents=True)
    release = contents.take(wheels, version, arch, PYTHON, root / "taken")
    files: dict[Wheel, Path] = {wheel: root / "taken" / wheel_path(wheel) for wheel in release.wheels}
    unpack.fill(root / "venv", root / "venv", Path(sys._base_executable), release, files, None)
    (root / "venv" / "wheels").rename(root / "wheels")
    (root / "slots").mkdir()
    (root / FOLDER).mkdir()
    for link in (CURRENT, GOOD):
        (root / link).symlink_to("venv")
    (root / "bin").symlink_to("current/bin")


def offering(folder: Path, version: str) -> Makers:
    """Makers who have made a release and offered it."""
    made = Makers(folder)
    made.release(version)
    made.offer(version)
    return made


def installed(folder: Path, version: str) -> Terminal:
    """A terminal on which this version runs."""
    return Terminal(folder / "opt", make_wheels(folder / "old", version), version)


def stick(makers: Makers) -> Folder:
    return Folder(makers.public)
