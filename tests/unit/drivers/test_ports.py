"""Ports over real pseudo-terminals and sockets: what comes, what goes, and what is gone."""

import errno
import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from drivers import DeviceGone, OptionError
from drivers.ports import Pty, SerialPort


def test_bytes_go_both_ways_and_the_device_sees_the_baud(tmp_path: Path) -> None:
    with closing(Pty(tmp_path / "sensor")) as pty, closing(SerialPort(pty.where, 9600)) as port:
        port.open()
        port.open()
        assert pty.baud == 9600
        port.baud = 115200
        assert (pty.baud, port.baud) == (115200, 115200)
        port.write(b"\x00\x03\x04\x0d\x11\xff")  # nothing is translated, nothing is a control character
        assert os.read(pty.fileno(), 64) == b"\x00\x03\x04\x0d\x11\xff"
        os.write(pty.fileno(), b"\r\n\x13\x55")
        assert port.read(3, 1) == b"\r\n\x13"
        assert port.read(64, 1) == b"\x55"
        assert port.read(64, 0.01) == b""


def test_what_was_not_read_can_be_thrown_away(tmp_path: Path) -> None:
    with closing(Pty(tmp_path / "sensor")) as pty, closing(SerialPort(pty.where)) as port:
        port.open()
        os.write(pty.fileno(), b"stale")
        port.flush()
        assert port.read(64, 0.01) == b""


def test_a_pulled_cable_is_gone_and_the_link_finds_it_again(tmp_path: Path) -> None:
    with closing(Pty(tmp_path / "sensor")) as pty, closing(SerialPort(pty.where)) as port:
        port.open()
        pty.unplug()
        with pytest.raises(DeviceGone):
            port.read(1, 1)
        with pytest.raises(DeviceGone):
            port.write(b"x" * 100)
        port.close()
        with pytest.raises(DeviceGone):
            port.open()
        with pytest.raises(DeviceGone):
            _ = pty.baud
        pty.plug()
        port.open()
        port.write(b"back")
        assert os.read(pty.fileno(), 64) == b"back"


def test_a_port_is_ours_alone_and_closed_means_gone(tmp_path: Path) -> None:
    with closing(Pty(tmp_path / "sensor")) as pty, closing(SerialPort(pty.where)) as port:
        port.open()
        with closing(SerialPort(pty.where)) as second, pytest.raises(DeviceGone):
            second.open()
        port.close()
        port.close()
        with pytest.raises(DeviceGone, match="closed"):
            port.read(1, 1)
        with pytest.raises(DeviceGone, match="closed"):
            port.write(b"x")


def test_close_from_another_thread_ends_a_read(tmp_path: Path) -> None:
    with closing(Pty(tmp_path / "sensor")) as pty, closing(SerialPort(pty.where)) as port:
        port.open()
        closer = threading.Timer(0.1, port.close)
        closer.start()
        with pytest.raises(DeviceGone):
            port.read(1, 30)
        closer.join()


def test_a_socket_is_a_port_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, tcp = server.getsockname()
        with closing(SerialPort(f"socket://{host}:{tcp}")) as port:
            port.open()
            peer, _ = server.accept()
            port.write(b"ask")
            assert peer.recv(64) == b"ask"
            peer.sendall(b"answer")
            assert port.read(64, 5) == b"answer"
            peer.close()
            with pytest.raises(DeviceGone):
                port.read(64, 5)


def test_what_is_no_port_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="port = 'gopher://x'"):
        SerialPort("gopher://x")
    with closing(SerialPort(str(tmp_path / "none"))) as port, pytest.raises(DeviceGone):
        port.open()


def test_no_sentence_of_the_library_comes_through(tmp_path: Path) -> None:
    """What a technician reads names the port, and what is wrong with it."""
    with closing(Pty(tmp_path / "sensor")) as pty, closing(SerialPort(pty.where)) as port:
        port.open()
        with closing(SerialPort(pty.where)) as second:
            assert said(second.open) == f"{pty.where}: another program uses it"
        pty.unplug()
        for use in (lambda: port.read(1, 1), lambda: port.write(b"x"), port.flush, port.check):
            assert said(use) == f"{pty.where}: it was pulled out"
    missing = str(tmp_path / "none")
    assert said(SerialPort(missing).open) == f"{missing}: nothing is plugged in there"
    with socket.create_server(("127.0.0.1", 0)) as server:
        name = f"socket://127.0.0.1:{server.getsockname()[1]}"
    assert said(SerialPort(name).open) == f"{name}: nothing answers there"


def said(use: Callable[[], object]) -> str:
    with pytest.raises(DeviceGone) as gone:
        use()
    return str(gone.value)


def test_a_link_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(OptionError, match="not a link"):
        Pty(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"


def test_the_link_goes_with_the_device(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with closing(Pty(tmp_path / "sensor")) as pty:
            assert (tmp_path / "sensor").readlink() == Path(pty.path)
        pty.close()
    assert not (tmp_path / "sensor").is_symlink()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_link_where_nobody_may_look_is_refused_and_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for anybody but root in root's own folder; tests may run as root, who may look everywhere."""

    def denied(self: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "exists", denied)
    monkeypatch.setattr(Path, "is_symlink", denied)
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - Path is out of order here
    with pytest.raises(OptionError, match="Permission denied"):
        Pty(tmp_path / "sensor")
    assert set(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
