"""The pretended U.are.U behind real libusb: our driver and libfprint's C driver take the same picture from it.

umockdev plays the kernel (usbdevfs and sysfs) to a process of its own; drivers/uru4000/umock.py turns its URBs into
USB/IP. What libfprint is answered is recorded, and compared with tests/captures/uru4000.
"""

import base64
import hashlib
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from drivers.entry import Stage
from drivers.uru4000 import codec
from drivers.uru4000.model import VARIANTS, UruModel
from drivers.uru4000.port import Transfer
from drivers.uru4000.sim import UMOCK, UruSimulation, rings

ROOT = Path(__file__).parents[2]
CAPTURES = ROOT / "tests" / "captures" / "uru4000"
FINGER = rings()
DIGEST = hashlib.sha256(FINGER.tobytes()).hexdigest()
SCAN = f"scan {DIGEST} 512"
ORIGIN = (
    "# Origin: no real device. libfprint 1.94.5 (Debian 12) took one picture from Hazri's simulator ({variant}),\n"
    "# through libusb and umockdev. Regenerate: HAZRI_RECORD=1 pytest tests/flow/test_uru4000_libusb.py -k recorded\n"
    "# Each line: endpoint, setup, bytes out, bytes in; long ones as zlib, base64.\n"
)


class Player:
    """A driver in a process of its own, on a mocked bus."""

    def __init__(self, sim: UruSimulation, name: str) -> None:
        where = sim.where.removeprefix("usbip://")
        command = [sys.executable, "-m", "tests.flow.play_driver", name]
        self._process = subprocess.Popen(
            ["umockdev-wrapper", "/usr/bin/python3", str(UMOCK), where, "--", *command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def ask(self, line: str) -> str:
        self.say(line)
        return self.hear()

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@contextmanager
def playing(variant: str, name: str) -> Iterator[tuple[UruSimulation, Player]]:
    stage = Stage(tcp="127.0.0.1:0", variant=variant, pacing=False)
    with closing(UruSimulation(stage)) as sim, closing(Player(sim, name)) as player:
        yield sim, player


def lit(sim: UruSimulation) -> None:
    until = time.monotonic() + 20
    while "lit" not in sim.do("state"):
        assert time.monotonic() < until
        time.sleep(0.01)


def take(sim: UruSimulation, player: Player) -> str:
    """One touch of a second or less; libfprint tells of it when the finger has gone."""
    player.say("read 20")
    lit(sim)
    before = _frames(sim)
    sim.touch(FINGER)
    until = time.monotonic() + 20
    while _frames(sim) == before:
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(0.05)
    sim.do("lift")
    return player.hear()


@pytest.mark.parametrize("name", ["uru4000", "libfprint"])
@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_both_drivers_take_the_picture_that_lies_on_the_glass(variant: str, name: str) -> None:
    with playing(variant, name) as (sim, player):
        assert player.ask("open") == "ok"
        assert take(sim, player) == SCAN
        assert player.ask("close") == "ok"


@pytest.mark.parametrize("name", ["uru4000", "libfprint"])
def test_a_reader_that_is_pulled_out_and_put_back_is_read_again(name: str) -> None:
    with playing("4500", name) as (sim, player):
        assert player.ask("open") == "ok"
        player.say("read 20")
        lit(sim)
        sim.do("unplug")
        assert player.hear().startswith("gone")
        assert player.ask("open").startswith("gone")
        sim.do("plug")
        until = time.monotonic() + 20
        while player.ask("open") != "ok" or player.ask("read 0.1") != "none":  # it may answer before it is well
            assert time.monotonic() < until
            player.ask("close")
            time.sleep(0.1)
        assert take(sim, player) == SCAN


def test_opening_and_closing_through_libusb_leaves_no_thread_and_no_file_behind() -> None:
    with playing("4500", "uru4000") as (sim, player):
        assert player.ask("open") == "ok"
        assert take(sim, player) == SCAN
        assert player.ask("close") == "ok"
        before = player.ask("held")
        for _ in range(10):
            assert player.ask("open") == "ok"
            assert player.ask("read 0.01") == "none"
            assert player.ask("close") == "ok"
        assert player.ask("held") == before


@pytest.mark.parametrize("variant", ["4000", "4500"])
def test_libfprints_session_is_the_recorded_one(variant: str) -> None:
    """What the simulator answers does not drift from what libfprint was content with."""
    with playing(variant, "libfprint") as (sim, player):
        assert player.ask("open") == "ok"
        sim.port.record = []
        assert take(sim, player) == SCAN
        assert player.ask("close") == "ok"
        heard = list(sim.port.record)
    path = CAPTURES / f"libfprint-{variant}.txt"
    if os.environ.get("HAZRI_RECORD"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(ORIGIN.format(variant=variant) + "".join(_line(t) for t in heard))
    recorded = _load(path)
    assert [_shape(t) for t in heard] == [_shape(t) for t in recorded]


@pytest.mark.parametrize("variant", ["4000", "4500"])
def test_a_recorded_session_replayed_to_a_reader_gets_the_recorded_answers(variant: str) -> None:
    model = UruModel(VARIANTS[variant])
    for transfer in _load(CAPTURES / f"libfprint-{variant}.txt"):
        if transfer.endpoint == codec.INTERRUPT_EP:
            if codec.interrupt(transfer.came) is codec.Interrupt.FINGER:
                model.touch(FINGER)
            elif codec.interrupt(transfer.came) is codec.Interrupt.LIFT:
                model.lift()
            assert model.interrupt() == transfer.came
        elif transfer.endpoint == codec.BULK_EP:
            frame = model.bulk(codec.FRAME_BYTES)
            assert frame is not None
            assert codec.header(frame) == codec.header(transfer.came)
        elif transfer.setup[2:4] == b"\x07\x00" and transfer.setup[0] == codec.READ:
            # Whether an interrupt waits depends on how quickly the host fetches it.
            assert model.control(transfer.setup)[0] | 2 == transfer.came[0] | 2
        else:
            assert model.control(transfer.setup, transfer.out) == transfer.came


@pytest.mark.parametrize("variant", ["4000", "4500"])
def test_a_recorded_frame_is_the_finger(variant: str) -> None:
    recorded = _load(CAPTURES / f"libfprint-{variant}.txt")
    frame = next(t.came for t in recorded if t.endpoint == codec.BULK_EP)
    seeds = [int.from_bytes(t.out[1:], "little") for t in recorded if t.setup[2:4] == b"\x33\x00"]
    answers = [t.came for t in recorded if t.setup[2:4] == b"\x34\x00"]
    keys = [codec.key(answer, seed) for answer, seed in zip(answers, seeds, strict=True)]
    picture = codec.picture(frame, codec.header(frame), keys, VARIANTS[variant].kind)
    assert np.array_equal(picture, FINGER)


def _frames(sim: UruSimulation) -> int:
    assert sim.port.model
    return sim.port.model.frames


def _shape(transfer: Transfer) -> tuple[object, ...]:
    """What of a transfer is the same in every session: not seeds, nor whether an interrupt was waiting."""
    setup, came = transfer.setup, transfer.came
    if setup[2:4] == b"\x33\x00":
        return (setup, len(transfer.out))
    if setup[2:4] in (b"\x34\x00", b"\x07\x00") and setup[0] == codec.READ:
        return (setup, len(came))
    return (transfer.endpoint, setup, transfer.out, came)


def _line(transfer: Transfer) -> str:
    fields = [f"{transfer.endpoint:02x}", transfer.setup.hex(), transfer.out.hex()]
    came = transfer.came.hex()
    if len(transfer.came) > 64:
        came = "zlib:" + base64.b64encode(zlib.compress(transfer.came, 9)).decode()
    return " ".join(field or "-" for field in [*fields, came]) + "\n"


def _load(path: Path) -> list[Transfer]:
    found = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            endpoint, *fields = ("" if field == "-" else field for field in line.split())
            packed = fields[2].removeprefix("zlib:")
            came = zlib.decompress(base64.b64decode(packed)) if packed != fields[2] else bytes.fromhex(packed)
            found.append(Transfer(int(endpoint, 16), bytes.fromhex(fields[0]), bytes.fromhex(fields[1]), came))
    return found
