"""Links that carry, and links that break: the loopback hub, and the relay that cuts a real TCP connection."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from sync import LinkError
from sync.link import Delivery, Hub, LoopbackLink, matches
from sync.reasons import Reason, Why
from sync.relay import Relay

CONNECTED = Why(Reason.CONNECTED)


@pytest.mark.parametrize(
    ("pattern", "topic", "covered"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/b", "a", False),
        ("a", "a/b", False),
        ("a/+/c", "a/b/c", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a/b/c", True),
        ("a/#", "b/c", False),
        ("#", "a", True),
    ],
)
def test_topic_filters(pattern: str, topic: str, covered: bool) -> None:
    assert matches(pattern, topic) is covered


class Side:
    """One end of a hub: what it got, and what it was told of its state."""

    def __init__(self, hub: Hub, *subscriptions: str) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.states: list[tuple[bool, Why]] = []
        self.link = LoopbackLink(hub, subscriptions)

    def open(self, will: tuple[str, bytes] | None = None) -> "Side":
        self.link.open(self.take, lambda up, why: self.states.append((up, why)), (lambda: will) if will else None)
        return self

    def take(self, delivery: Delivery) -> None:
        self.got.append((delivery.topic, delivery.payload))
        delivery.done()


def test_loopback_carries_to_those_who_listen() -> None:
    hub = Hub()
    left, right = Side(hub, "up/#").open(), Side(hub, "down").open()
    right.link.publish("up/x", b"1")
    left.link.publish("down", b"2")
    assert (left.got, right.got) == ([("up/x", b"1")], [("down", b"2")])


def test_loopback_keeps_the_last_retained_message() -> None:
    hub = Hub()
    left = Side(hub).open()
    left.link.publish("down", b"old", retain=True)
    left.link.publish("down", b"new", retain=True)
    assert Side(hub, "down").open().got == [("down", b"new")]


def test_a_cut_loopback_carries_nothing_and_leaves_its_will() -> None:
    hub = Hub()
    watcher, side = Side(hub, "will", "up").open(), Side(hub, "down").open(will=("will", b"gone"))
    side.link.cut("pulled out")
    with pytest.raises(LinkError, match="no link"):
        side.link.publish("up", b"lost")
    watcher.link.publish("down", b"unheard")
    side.link.mend()
    side.link.publish("up", b"back")
    assert watcher.got == [("will", b"gone"), ("up", b"back")]
    assert side.got == []
    assert side.states == [(True, CONNECTED), (False, Why(Reason.LOST, "pulled out")), (True, CONNECTED)]


def test_a_closed_or_unopened_loopback_is_silent() -> None:
    hub = Hub()
    side = Side(hub, "#").open()
    side.link.close()
    side.link.close()
    side.link.deliver("x", b"late")
    never = Side(hub, "#")
    never.link.cut()
    never.link.mend()
    assert side.got == never.got == []


# ── relay ──


@pytest.fixture
def echo() -> Iterator[int]:
    """A server on loopback that sends everything back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # one side resets
            while data := connection.recv(4096):
                connection.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def test_the_relay_passes_breaks_and_comes_back(echo: int) -> None:
    relay = Relay("127.0.0.1", echo)
    with connect(relay.port) as line:
        line.sendall(b"hello")
        assert line.recv(10) == b"hello"
        relay.cut()
        assert line.recv(10) == b""
        relay.cut()  # twice is once
    with pytest.raises(ConnectionRefusedError):
        connect(relay.port)
    relay.mend()
    relay.mend()
    with connect(relay.port) as line:
        line.sendall(b"again")
        assert line.recv(10) == b"again"
    relay.close()


def test_a_relay_to_nowhere_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    relay = Relay("127.0.0.1", port)
    with connect(relay.port) as line:
        assert line.recv(10) == b""
    relay.close()


def test_a_relay_survives_a_side_that_resets(echo: int) -> None:
    relay = Relay("127.0.0.1", echo)
    line = connect(relay.port)
    line.sendall(b"x")
    assert line.recv(1) == b"x"
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close with RST
    line.close()
    with connect(relay.port) as other:
        other.sendall(b"still here")
        assert other.recv(20) == b"still here"
    relay.close()
