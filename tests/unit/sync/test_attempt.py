"""An attempt to connect is given up at whatever step it is, also where there is nothing yet to shut down (S4)."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sync.attempt import Attempt

LONG_S, SOON_S = 60.0, 10.0


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """Takes one connection, and lets the next ones wait at the door for ever."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        yield listener


def outcome(work: Any) -> tuple[threading.Thread, list[BaseException]]:
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except OSError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised


def test_it_reaches_what_listens(deaf: socket.socket) -> None:
    with Attempt().connect(*deaf.getsockname(), LONG_S) as line:
        assert line.getpeername() == deaf.getsockname()
        assert line.gettimeout() == LONG_S


def test_what_refuses_and_what_keeps_silent_are_told_apart(deaf: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        Attempt().connect("127.0.0.1", port, LONG_S)
    with pytest.raises(OSError, match=r"unreachable|denied"):
        Attempt().connect("255.255.255.255", port, LONG_S)  # the kernel says so at once
    with Attempt().connect(*deaf.getsockname(), LONG_S), pytest.raises(TimeoutError):
        Attempt().connect(*deaf.getsockname(), 0.05)


def test_it_is_given_up_while_nobody_answers(deaf: socket.socket) -> None:
    attempt = Attempt()
    with Attempt().connect(*deaf.getsockname(), LONG_S):
        thread, raised = outcome(lambda: attempt.connect(*deaf.getsockname(), LONG_S))
        while attempt._socket is None:
            time.sleep(0.001)
        attempt.give_up()
        thread.join(SOON_S)
    assert not thread.is_alive()
    assert isinstance(raised[0], ConnectionAbortedError)


@pytest.mark.parametrize("moment", ["getaddrinfo", "connect_ex"])
def test_it_is_given_up_before_the_kernel_has_begun(
    deaf: socket.socket, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Every address would be tried in turn, each for a minute."""
    attempt = Attempt()

    def then_give_up(real: Any) -> Any:
        def at_that_moment(*args: Any, **kwargs: Any) -> Any:
            attempt.give_up()
            return real(*args, **kwargs)

        return at_that_moment

    if moment == "getaddrinfo":
        monkeypatch.setattr(socket, "getaddrinfo", then_give_up(socket.getaddrinfo))
    else:
        monkeypatch.setattr(socket.socket, "connect_ex", then_give_up(socket.socket.connect_ex), raising=False)
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: 2 * found(*a, **k))
    thread, raised = outcome(lambda: attempt.connect(*deaf.getsockname(), LONG_S))
    thread.join(SOON_S)
    assert not thread.is_alive()
    assert isinstance(raised[0], ConnectionAbortedError)


def test_it_is_given_up_between_tcp_and_tls(deaf: socket.socket) -> None:
    """The plain socket is none any more, and the one of TLS is not made yet."""
    attempt = Attempt()
    plain = attempt.connect(*deaf.getsockname(), LONG_S)
    context = ssl.create_default_context()
    with context.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False) as line:
        attempt.give_up()  # what it holds has no descriptor
        with pytest.raises(ConnectionAbortedError):
            attempt.hold(line)


def test_it_is_given_up_in_a_handshake(deaf: socket.socket) -> None:
    attempt = Attempt()
    plain = attempt.connect(*deaf.getsockname(), LONG_S)
    context = ssl.create_default_context()
    with context.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False) as line:
        attempt.hold(line)
        thread, raised = outcome(line.do_handshake)
        with deaf.accept()[0] as other:
            other.recv(1)
            attempt.give_up()
            thread.join(SOON_S)
        assert not thread.is_alive()
        assert raised
