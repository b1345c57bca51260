"""USB/IP both ways, and a server and a client to whom nonsense is said."""

import errno
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import DeviceGone
from drivers.entry import Stage
from drivers.uru4000 import usbip
from drivers.uru4000.backend import setup
from drivers.uru4000.link import Reach
from drivers.uru4000.sim import UruSimulation
from drivers.uru4000.usbip import Done, Shared, Submit, Unlink, Wire, WireError, address, dial

DESCRIPTOR = setup(0x80, 6, 0x0100, 0, 18)
READER = Shared("1-1", 1, 2, 0x05BA, 0x000A, 0x0103)


@pytest.fixture
def sim() -> Iterator[UruSimulation]:
    with closing(UruSimulation(Stage(tcp="127.0.0.1:0", pacing=False))) as sim:
        yield sim


@pytest.fixture
def wires() -> Iterator[tuple[Wire, Wire]]:
    ours, theirs = socket.socketpair()
    with closing(Wire(ours)) as client, closing(Wire(theirs)) as server:
        client.wait_at_most(5)
        server.wait_at_most(5)
        yield client, server


def attached(sim: UruSimulation) -> Wire:
    wire = dial(*address(sim.where))
    wire.ask_attach("1-1")
    return wire


def test_the_bytes_are_those_of_the_kernels_documentation(sim: UruSimulation) -> None:
    """OP_REQ_DEVLIST, OP_REQ_IMPORT and USBIP_CMD_SUBMIT written out by hand, version 1.1.1."""
    with socket.create_connection(address(sim.where), 5) as raw:
        raw.sendall(bytes.fromhex("0111 8005 00000000"))
        listed = _take(raw, 12 + 312 + 4)
        assert listed[:12].hex(" ", 4) == "01110005 00000000 00000001"
        assert listed[12 + 256 : 12 + 260] == b"1-1\0"
        assert listed[12 + 288 : 12 + 312].hex(" ", 2) == "0000 0001 0000 0002 0000 0002 05ba 000a 0103 ffff ff01 0101"
        assert listed[-4:].hex() == "ffffff00"
        raw.sendall(bytes.fromhex("0111 8003 00000000") + b"1-1".ljust(32, b"\0"))
        assert _take(raw, 8 + 312)[:8].hex(" ", 4) == "01110003 00000000"
        head = "00000001 00000007 00010002 00000001 00000000"
        raw.sendall(bytes.fromhex(head + "00000000 00000012 00000000 00000000 00000000") + DESCRIPTOR)
        answer = _take(raw, 48 + 18)
        assert answer[:28].hex(" ", 4) == "00000003 00000007 00000000 00000000 00000000 00000000 00000012"
        assert answer[48:].hex() == "12010002ffffff08ba050a00030101020301"


def test_what_a_client_says_is_what_a_server_hears(wires: tuple[Wire, Wire]) -> None:
    client, server = wires
    urbs = [Submit(1, 0x80, DESCRIPTOR, 18), Submit(2, 0x00, setup(0x40, 4, 0x4E, 0, 1), 1, b"\x10")]
    urbs += [Submit(3, 0x81, b"\0" * 8, 64), Submit(4, 0x82, b"\0" * 8, 111424)]
    for urb in urbs:
        client.submit(urb)
        assert server.command() == urb
    client.unlink(5, 3)
    assert server.command() == Unlink(5, 3)


def test_what_a_server_says_is_what_a_client_hears(wires: tuple[Wire, Wire]) -> None:
    client, server = wires
    for result in (Done(1, 0, b"abc"), Done(2, 0, b"", 5), Done(3, -errno.EPIPE), Done(4, 0, bytes(111424))):
        server.done(result)
        assert client.result({1, 4}) == result
    server.unlinked(6, True)
    assert client.result(set()) == Unlink(6, 0)


def test_a_waiting_transfer_is_given_up(sim: UruSimulation) -> None:
    with closing(attached(sim)) as wire:
        wire.submit(Submit(1, 0x81, b"", 64))
        assert not wire.readable(0.05)
        wire.unlink(2, 1)
        assert wire.result({1}) == Unlink(2, 0)
        wire.submit(Submit(3, 0x80, DESCRIPTOR, 18))
        assert wire.result({3}) == Done(3, 0, bytes.fromhex("12010002ffffff08ba050a00030101020301"))


def test_transfers_wait_side_by_side(sim: UruSimulation) -> None:
    with closing(attached(sim)) as wire:
        wire.submit(Submit(1, 0x81, b"", 64))
        wire.submit(Submit(2, 0x82, b"", 512))
        wire.submit(Submit(3, 0x80, DESCRIPTOR, 18))
        first = wire.result({1, 2, 3})
        assert isinstance(first, Done)
        assert first.sequence == 3


def test_what_the_reader_does_not_know_is_a_stall(sim: UruSimulation) -> None:
    with closing(attached(sim)) as wire:
        for sequence, bad in enumerate((setup(0xC0, 4, 0x99, 0, 1), setup(0x80, 6, 0x0900, 0, 9)), 1):
            wire.submit(Submit(sequence, 0x80, bad, 1))
            assert wire.result({sequence}) == Done(sequence, -errno.EPIPE)
        wire.submit(Submit(9, 0x83, b"", 64))
        assert wire.result({9}) == Done(9, -errno.EPIPE)


def test_pulling_the_cable_ends_the_connection_and_empties_the_list(sim: UruSimulation) -> None:
    with closing(attached(sim)) as wire:
        sim.do("unplug")
        with pytest.raises(WireError):
            wire.result(set())
    with closing(dial(*address(sim.where))) as wire:
        assert wire.ask_list() == ()
    with closing(dial(*address(sim.where))) as wire, pytest.raises(WireError, match="no such device"):
        wire.ask_attach("1-1")
    sim.do("plug")
    with closing(dial(*address(sim.where))) as wire:
        assert [(d.vendor, d.product) for d in wire.ask_list()] == [(0x05BA, 0x000A)]


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200), st.booleans())
def test_a_server_to_whom_nonsense_is_said_serves_the_next(data: bytes, attach: bool) -> None:
    with socket.create_connection(_shared_server(), 5) as raw:
        if attach:
            raw.sendall(bytes.fromhex("0111 8003 00000000") + b"1-1".ljust(32, b"\0"))
        raw.sendall(data)
    with closing(dial(*_shared_server())) as wire:
        assert len(wire.ask_list()) == 1


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=700))
def test_a_client_to_whom_nonsense_is_said_finds_no_reader(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with closing(Wire(ours)) as wire:
        wire.wait_at_most(5)
        theirs.sendall(data)
        theirs.close()
        for ask in (wire.ask_list, lambda: wire.ask_attach("1-1"), lambda: wire.result({1, 2, 3})):
            assert _ends(ask)


def test_a_server_that_says_nothing_is_no_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usbip, "TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"usbip://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DeviceGone):
            Reach(where).find()
    with pytest.raises(DeviceGone):
        Reach(where).find()


def test_clients_come_and_go_and_leave_no_thread(sim: UruSimulation) -> None:
    before = threading.active_count()
    for _ in range(30):
        with closing(attached(sim)) as wire:
            wire.submit(Submit(1, 0x81, b"", 64))
    until = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.02)
    assert threading.active_count() <= before


def test_addresses() -> None:
    assert address("usbip://10.0.0.7:3241") == ("10.0.0.7", 3241)
    assert address("10.0.0.7") == ("10.0.0.7", 3240)
    with pytest.raises(ValueError):
        address("usbip://here:there")


_SERVERS: list[UruSimulation] = []


def _shared_server() -> tuple[str, int]:
    """One server for all examples of a property; it ends with the tests."""
    if not _SERVERS:
        _SERVERS.append(UruSimulation(Stage(tcp="127.0.0.1:0", pacing=False)))
    return address(_SERVERS[0].where)


def _ends(ask: Callable[[], object]) -> bool:
    """At the latest when nothing is left of what was said."""
    for _ in range(100):
        try:
            ask()
        except WireError:
            return True
    return False


def _take(raw: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = raw.recv(count - len(data))
        assert part
        data += part
    return data


def test_the_layouts_have_the_documented_sizes() -> None:
    assert (usbip._DEVICE.size, usbip._HEAD.size, struct.calcsize(">IIIII8s")) == (312, 48, 28)
