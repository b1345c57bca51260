"""A bounded HTTP request against servers that are slow, endless, cut off, not HTTP, or not who they should be."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.web import MAX_BODY_BYTES, Client, Site, Trust, secret, site
from drivers.web_sim import Handler, Server, self_signed

Behaviour = Callable[[socket.socket], None]


@contextlib.contextmanager
def serving(behave: Behaviour) -> Iterator[Client]:
    """A server that does this to everybody who connects."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    behave(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Client(Site(False, "127.0.0.1", listener.getsockname()[1], "/"))
    finally:
        done.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def drip(connection: socket.socket) -> None:
    """One byte now and then, for ever: each read succeeds, and the answer never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(500):
        connection.sendall(b"x")
        time.sleep(0.02)


def drip_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for n in range(500):
        connection.sendall(b"X-%d: y\r\n" % (n % 7))
        time.sleep(0.02)


def silent(connection: socket.socket) -> None:
    connection.settimeout(5)
    with contextlib.suppress(OSError):
        connection.recv(1)


@pytest.mark.parametrize("behave", [drip, silent])
def test_a_slow_server_costs_no_more_than_was_allowed(behave: Behaviour) -> None:
    with serving(behave) as client:
        start = time.monotonic()
        with pytest.raises(DeviceGone, match="no answer in time"):
            client.ask("GET", "/", 0.3)
        assert time.monotonic() - start < 5


def test_a_head_without_end_is_given_up() -> None:
    with serving(drip_head) as client, pytest.raises((DeviceGone, ProtocolError)):
        client.ask("GET", "/", 0.5)


def says(data: bytes) -> Behaviour:
    """Whatever is asked, and hears all of it: what is unread when a socket is closed resets the connection."""

    def behave(connection: socket.socket) -> None:
        connection.settimeout(5)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass

    return behave


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", DeviceGone),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", DeviceGone),
        (b"SSH-2.0-x\r\n", ProtocolError),
        (b"\x00" * 100 + b"\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * (MAX_BODY_BYTES + 10), ProtocolError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nshort", DeviceGone),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", DeviceGone),
    ],
)
def test_what_is_no_whole_answer_is_an_error_of_ours(data: bytes, error: type[Exception]) -> None:
    with serving(says(data)) as client, pytest.raises(error):
        client.ask("GET", "/", 5)


def test_an_answer_is_taken_whole_and_cancel_is_for_others_too() -> None:
    with serving(says(b"HTTP/1.1 404 No\r\nX-Two: b\r\n\r\nbody")) as client:
        answer = client.ask("POST", "", 5, b"asked", {"A": "b"})
        assert (answer.status, answer.headers["x-two"], answer.body) == (404, "b", b"body")
        client.cancel()
        with pytest.raises(DeviceGone, match="closed"):
            client.ask("GET", "/", 5)
        client.resume()
        assert client.ask("GET", "/", 5).status == 404


class Hello(Handler):
    def do_GET(self) -> None:
        self.reply(b"hello", "text/plain")


@pytest.fixture
def secure() -> Iterator[Server]:
    with closing(Server("127.0.0.1", 0, Hello, tls=True)) as server:
        yield server


def test_the_pinned_certificate_is_believed_and_no_other(secure: Server) -> None:
    where = site(secure.url)
    colons = ":".join(secure.pin[n : n + 2] for n in range(0, 64, 2)).upper()
    for pin in (secure.pin, colons):
        assert Client(where, Trust(pin)).ask("GET", "/", 5).body == b"hello"
    with pytest.raises(DeviceGone, match="not the pinned one"):
        Client(where, Trust("0" * 64)).ask("GET", "/", 5)
    with pytest.raises(DeviceGone, match="not trusted"):
        Client(where).ask("GET", "/", 5)


def test_an_authority_of_ones_own_is_believed_for_its_names(secure: Server, tmp_path: Path) -> None:
    _, other, _ = self_signed("127.0.0.1")
    (tmp_path / "other.crt").write_bytes(other)
    with pytest.raises(DeviceGone, match="not trusted"):
        Client(site(secure.url), Trust(ca=str(tmp_path / "other.crt"))).ask("GET", "/", 5)


def test_a_tls_handshake_that_never_ends_is_given_up() -> None:
    with serving(silent) as plain:
        slow = Client(Site(True, "127.0.0.1", plain._site.port, "/"), Trust("0" * 64))
        start = time.monotonic()
        with pytest.raises(DeviceGone):
            slow.ask("GET", "/", 0.3)
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("pin", ["12", "g" * 64])
def test_a_pin_that_is_none_is_refused(pin: str) -> None:
    with pytest.raises(OptionError, match="SHA-256"):
        Client(site("https://localhost"), Trust(pin))


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("nothing")
    for ca in (tmp_path / "ca.crt", tmp_path / "none.crt"):
        with pytest.raises(OptionError, match=ca.name):
            Client(site("https://localhost"), Trust(ca=str(ca)))


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://", "localhost:80", "http://a:b@c/", "http://x:99999/", "http://x/\n", "http://ä/"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(OptionError):
        site(url)


def test_addresses() -> None:
    assert site("http://192.0.2.1/a?b=c") == Site(False, "192.0.2.1", 80, "/a?b=c")
    assert str(site("https://[::1]:8443/")) == "https://[::1]:8443"


def test_secrets_are_files(tmp_path: Path) -> None:
    (tmp_path / "licence").write_text("  one line\n")
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert (secret(""), secret(str(tmp_path / "licence"))) == ("", "one line")
    for name in ("none", "bytes"):
        with pytest.raises(OptionError, match=name):
            secret(str(tmp_path / name))
