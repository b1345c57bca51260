"""Where pretended devices stand: on a pseudo-terminal, on TCP, on a real port; pulled out, put back, and paced."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from drivers import DeviceGone, OptionError
from drivers.entry import Stage
from drivers.ports import Pty, SerialPort
from drivers.stand import Stand


def echo(data: bytes, baud: int | None) -> list[bytes]:
    return [data, f"@{baud}".encode()]


@pytest.mark.parametrize("tcp", ["", "127.0.0.1:0"])
def test_it_answers_hears_the_speed_and_can_be_pulled_out(tcp: str, tmp_path: Path) -> None:
    stage = Stage(tcp=tcp, pacing=False) if tcp else Stage(pty=tmp_path / "sensor", pacing=False)
    with closing(Stand(stage, echo, lambda: 9600)) as stand, closing(SerialPort(stand.where, 38400)) as port:
        for _ in range(2):
            port.open()
            port.write(b"ask")
            assert _all(port) == b"ask@" + (b"None" if tcp else b"38400")
            stand.say(b"unasked")
            assert _all(port) == b"unasked"
            stand.unplug()
            with pytest.raises(DeviceGone):
                port.read(1, 1)
            port.close()
            with pytest.raises(DeviceGone):
                port.open()
            stand.plug()


def test_it_stands_on_a_real_port_too() -> None:
    with closing(Pty()) as cable, closing(Stand(Stage(port=cable.path, pacing=False), echo, lambda: 19200)) as stand:
        assert stand.where == f"the other end of {cable.path}"
        with closing(SerialPort(cable.path)) as other, pytest.raises(DeviceGone):
            other.open()  # it is the simulator's alone


def test_with_pacing_it_takes_as_long_as_the_wire(tmp_path: Path) -> None:
    with (
        closing(Stand(Stage(pty=tmp_path / "x"), echo, lambda: 1200)) as stand,
        closing(SerialPort(stand.where)) as port,
    ):
        port.open()
        start = time.monotonic()
        port.write(bytes(60))
        got = b""
        while len(got) < 64:
            got += port.read(100, 2)
        assert time.monotonic() - start > 0.4


@pytest.mark.parametrize(
    "stage",
    [Stage(tcp="nowhere"), Stage(tcp="127.0.0.1:0", port="/dev/null"), Stage(port="/none"), Stage(pty=Path("/none/x"))],
    ids=str,
)
def test_where_it_cannot_stand_is_said(stage: Stage) -> None:
    with pytest.raises(OptionError):
        Stand(stage, echo, lambda: 9600)


def _all(port: SerialPort) -> bytes:
    data = port.read(100, 2)
    while more := port.read(100, 0.1):
        data += more
    return data
