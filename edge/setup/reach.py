"""By which network the machine is in the world, what time it has, and whether the server is reached, each with a reason
in one line (S15)."""

import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from drivers import DriverError, modem
from edge import SetupError
from edge.health import asking
from edge.health.connection import noted
from edge.image import dropin, firstboot
from edge.record.clock import asked
from edge.screen.values import value
from edge.screen.words import Words
from edge.setup import words
from edge.setup.said import Desk, Finding, State, Tell, fine
from edge.trust import claim as claiming
from edge.trust.identity import load_transport
from edge.trust.papers import Folder
from sync.reasons import WORDS as REASONS
from sync.reasons import Reason, Why, of_error
from sync.record import ClockSource

TIMEOUT_S = 8.0
_HEARD_S = 2.0  # a broker that does not want a certificate says so at once after the handshake
_WEAK_PERCENT = 30
_OLDEST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def network(desk: Desk, _given: Mapping[str, str], tell: Tell) -> None:
    """Which link carries what leaves now, and how well."""
    found = modem.look(at_port=desk.uplink.modem_port, root=desk.root)
    if found.kind is modem.Kind.NONE:
        tell(Finding(State.WRONG, words.NO_LINK, words.NO_LINK_NOW))
        return
    kind = value(found.kind.value)
    tell(fine(words.LINK.fill(kind=kind) if kind else words.LINK))
    if found.portal:
        tell(Finding(State.WRONG, words.PORTAL, words.PORTAL_NOW))
    if found.signal_percent is not None:
        weak = found.signal_percent < _WEAK_PERCENT
        text = words.SIGNAL.fill(percent=str(found.signal_percent), operator=found.operator or "–")
        tell(Finding(State.CARE if weak else State.FINE, text, words.WEAK_NOW if weak else None))
    if found.metered:
        tell(Finding(State.CARE, words.METERED))


def clock(desk: Desk, _given: Mapping[str, str], tell: Tell) -> None:
    """What the machine shows, and who has told it: the kernel knows of NTP, a running terminal of the server's word."""
    now = dt.datetime.now(dt.UTC).astimezone()
    shown = words.SHOWN.fill(time=now.strftime("%Y-%m-%d %H:%M:%S %Z"))
    tell(Finding(State.WRONG, words.FAR, words.UNSET_NOW) if now < _OLDEST else fine(shown))
    source, bound_ms = _terminals_clock(desk.settings.control) or asked()
    if source is ClockSource.UNKNOWN or bound_ms is None:
        tell(Finding(State.CARE, words.UNSET, words.UNSET_NOW))
    else:
        tell(fine(words.SET_BY.fill(source=source.name, bound=f"{bound_ms / 1000:.1f} s")))


def _terminals_clock(control: Path) -> tuple[ClockSource, int | None] | None:
    """Who has told the running terminal the time, and its bound in ms; None where none runs."""
    try:
        said = asking.status(control)
        return (ClockSource[str(said["clock"]).upper()], said["clock_bound_ms"]) if said else None
    except (DriverError, KeyError):
        return None


def server(desk: Desk, _given: Mapping[str, str], tell: Tell) -> None:
    """The broker, once this terminal is admitted; before that the server of hazri.toml."""
    try:
        me = load_transport(desk.settings.state_dir)
    except SetupError:
        _before_admission(tell)
        return
    host, port = desk.uplink.broker_host or me.broker_host, desk.uplink.broker_port or me.broker_port
    running = noted(desk.settings.connection)
    if running is not None and running.up:
        tell(fine(words.REACHED_BY_SYNC))
    else:
        folder = Folder(desk.settings.state_dir, me.admission, me.certificate, me.ca)
        files = folder.files()
        _tell(f"{host}:{port}", greet(host, port, files.ca, files.certificate, me.key), tell)


def greet(host: str, port: int, ca: Path, certificate: Path, key: Path) -> Why:
    """What becomes of a connection that is begun as sync begins its own, and says nothing. Never raises."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key)
        with (
            socket.create_connection((host, port), TIMEOUT_S) as line,
            context.wrap_socket(line, server_hostname=host) as tls,
        ):
            tls.settimeout(_HEARD_S)
            with contextlib.suppress(TimeoutError):  # it waits for us to speak, as it should
                if not tls.recv(1):
                    return Why(Reason.LOST)
    except OSError as error:
        return of_error(error)
    return Why(Reason.CONNECTED)


def _before_admission(tell: Tell) -> None:
    path = find()
    if path is None:
        tell(Finding(State.WRONG, words.UNKNOWN_SERVER, words.UNKNOWN_SERVER_NOW))
        return
    try:
        one = dropin.read(path)
        _tell(one.server, claiming.greet(one), tell)
    except SetupError as error:
        tell(Finding(State.WRONG, words.FAILED.fill(why=str(error)), words.CALL))


def find() -> Path | None:
    """hazri.toml on the card, whether its token is used or not."""
    return next((folder / dropin.NAME for folder in firstboot.CARDS if (folder / dropin.NAME).exists()), None)


def _tell(where: str, why: Why, tell: Tell) -> None:
    if why.reason is Reason.CONNECTED:
        tell(fine(words.REACHED.fill(where=where)))
        return
    said = REASONS[why.reason]
    detail = f" ({why.detail})" if why.detail else ""
    text = Words(f"{where}: {said.hi}{detail}", f"{where}: {said.en}{detail}")
    tell(Finding(State.WRONG, text, words.CALL))
