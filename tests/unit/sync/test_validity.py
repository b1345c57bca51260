"""S15: a wrong clock never locks a terminal out, and a right one lets no expired certificate in. A real link, real TLS;
the broker is as much of one as it takes to be connected to."""

import datetime as dt
import queue
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

from sync.mqtt import MqttLink, MqttSettings
from sync.reasons import Reason, Why
from sync.validity import wrong_dates

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
WAIT_S = 20.0
_CONNACK, _SUBACK = b"\x20\x02\x00\x00", b"\x90\x03"
_CONNECT, _SUBSCRIBE = 1, 8


@dataclass
class Clock:
    """What the terminal knows of the time: at first, nothing."""

    true_s: float | None = None

    def __call__(self) -> float | None:
        return self.true_s


def write(folder: Path, name: str, begins: dt.datetime, ends: dt.datetime, signer: str = "") -> None:
    """A certificate `name`, made by `signer` (itself: an authority), and its key, as files."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, signer or name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=not signer, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    signing = key
    if signer:
        found = serialization.load_pem_private_key((folder / f"{signer}.key").read_bytes(), None)
        assert isinstance(found, EllipticCurvePrivateKey)
        signing = found
    certificate = builder.sign(signing, hashes.SHA256())
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(*pem))


def serve(line: ssl.SSLSocket) -> None:
    """Greet who connects, allow what is subscribed to, and listen until they go."""
    with suppress(OSError), line:
        while head := line.recv(1):
            size = line.recv(1)[0]
            body = line.recv(size) if size else b""
            if head[0] >> 4 == _CONNECT:
                line.sendall(_CONNACK)
            elif head[0] >> 4 == _SUBSCRIBE:
                line.sendall(_SUBACK + body[:2] + b"\x01")


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Listens on a port of this machine with the certificate `broker`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "broker.crt", folder / "broker.key")
    listener = socket.create_server(("localhost", 0))

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError):
                line = context.wrap_socket(plain, server_side=True)
                threading.Thread(target=serve, args=(line,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def link(folder: Path, clock: Clock | None) -> Iterator["queue.SimpleQueue[tuple[bool, Why]]"]:
    """A terminal's link to that broker, and what it tells of itself."""
    news: queue.SimpleQueue[tuple[bool, Why]] = queue.SimpleQueue()
    with broker(folder) as port:
        one = MqttLink(
            MqttSettings(
                host="localhost",
                port=port,
                ca=folder / "ca.crt",
                certificate=folder / "t-1.crt",
                key=folder / "t-1.key",
                client_id="t-1",
                subscriptions=("hz1/t-1/d/#",),
                retry_max_s=0.2,
                true_s=clock,
            )
        )
        one.open(lambda _delivery: None, lambda up, why: news.put((up, why)))
        try:
            yield news
        finally:
            one.close()


def certificates(folder: Path, begins: dt.datetime, ends: dt.datetime, ca_ends: dt.datetime = NOW + 900 * DAY) -> Path:
    write(folder, "ca", NOW - 900 * DAY, ca_ends)
    write(folder, "broker", begins, ends, "ca")
    write(folder, "t-1", NOW - DAY, NOW + DAY, "ca")
    return folder


NOT_YET, EXPIRED = (NOW + DAY, NOW + 90 * DAY), (NOW - 90 * DAY, NOW - DAY)


@pytest.mark.parametrize("dates", [NOT_YET, EXPIRED])
def test_by_its_own_clock_a_wrong_date_is_refused(tmp_path: Path, dates: tuple[dt.datetime, dt.datetime]) -> None:
    """Where nobody asks the server for the time, TLS judges as ever."""
    with link(certificates(tmp_path, *dates), None) as news:
        up, why = news.get(timeout=WAIT_S)
        assert (up, why.reason) == (False, Reason.CLOCK)


@pytest.mark.parametrize("dates", [NOT_YET, EXPIRED])
def test_who_does_not_know_the_time_gets_through_to_ask(tmp_path: Path, dates: tuple[dt.datetime, dt.datetime]) -> None:
    """A clock at 1970 sees a certificate from the future; a clock far ahead sees one that has expired."""
    clock = Clock()
    with link(certificates(tmp_path, *dates), clock) as news:
        assert news.get(timeout=WAIT_S) == (True, Why(Reason.CONNECTED))
        assert news.empty()
        clock.true_s = (dates[0] + DAY).timestamp()  # the server has said so: all in order
        with pytest.raises(queue.Empty):
            news.get(timeout=1.5)


@pytest.mark.parametrize(("dates", "word"), [(NOT_YET, "is valid from"), (EXPIRED, "expired on")])
def test_once_the_time_is_known_a_wrong_date_ends_the_link(
    tmp_path: Path, dates: tuple[dt.datetime, dt.datetime], word: str
) -> None:
    clock = Clock()
    with link(certificates(tmp_path, *dates), clock) as news:
        assert news.get(timeout=WAIT_S)[0]
        clock.true_s = NOW.timestamp()
        up, why = news.get(timeout=WAIT_S)
        assert (up, why.reason) == (False, Reason.CLOCK)
        assert f"the broker's certificate {word}" in why.detail
        while not why.detail:  # it tries again, and is cut off at once
            up, why = news.get(timeout=WAIT_S)


def test_an_expired_authority_ends_the_link(tmp_path: Path) -> None:
    clock = Clock(NOW.timestamp())
    with link(certificates(tmp_path, NOW - DAY, NOW + DAY, NOW - DAY / 2), clock) as news:
        assert news.get(timeout=WAIT_S)[0]
        assert "the authority's certificate expired on" in news.get(timeout=WAIT_S)[1].detail


def test_another_authority_is_refused_whatever_the_time(tmp_path: Path) -> None:
    """S4: only the dates are left, never who signed."""
    folder = certificates(tmp_path, NOW - DAY, NOW + DAY)
    write(folder, "ca", NOW - DAY, NOW + DAY)  # another one of the same name
    with link(folder, Clock()) as news:
        up, why = news.get(timeout=WAIT_S)
        assert (up, why.reason) == (False, Reason.STRANGER)


def test_a_line_that_is_closed_has_no_dates() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    plain, other = socket.socketpair()
    line = context.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False)
    assert wrong_dates(line, 0.0) == ""
    line.close()
    other.close()
    assert wrong_dates(line, 0.0) == ""


def test_a_link_whose_time_never_comes_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """S15: it works as long as it is needed."""
    with link(certificates(tmp_path, *EXPIRED), Clock()) as news:
        assert news.get(timeout=WAIT_S) == (True, Why(Reason.CONNECTED))
    assert news.empty()
