"""How many bytes does a punch cost on the line? Everything real: agent, outbox, paho, TLS 1.3 with both certificates,
Mosquitto, ingest, signed receipt.

Counted are the bytes of IP packets in both directions between the terminal and a relay on loopback (which lets the line
be cut), headers included, TCP acknowledgements too; what was longer than an Ethernet line takes is counted as the
packets it would have been. Seen with a packet socket, which needs CAP_NET_RAW; without that, the kernel's own counts of
the connection are taken.

The day is that of a metered line as shipped. What keeps the line open between the beats is told apart, because it is
the operator's habit and not ours: where idle lines live longer than five minutes, no ping is needed.
"""

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import NameOID
from rich.console import Console
from rich.progress import Progress

from server import ServerError
from server.bench.fleet import PEOPLE, arrivals
from server.bench.stage import Stage, staged
from server.fleet.admit import admit
from server.people.register import Registration, register
from server.settings import BrokerSettings
from server.trust.vault import Vault
from sync.admission import to_json
from sync.agent import Agent, AgentSettings
from sync.ed25519 import PublicKey
from sync.health import (
    Counters,
    Health,
    LinkKind,
    Machine,
    Sensor,
    SensorKind,
    SensorState,
    Serving,
    Throttled,
    Verdict,
    health_bytes,
)
from sync.keys import new_transport_key, write_key
from sync.mqtt import MqttLink, MqttSettings
from sync.outbox import Outbox
from sync.record import ClockSource, Punch
from sync.relay import Relay
from sync.request import make_request
from sync.roster import RosterStore
from sync.topics import down_all, up

NAME = "t-0001"
_SIZES = (1, 10, 50)
_ROUNDS, _SEED = 8, 1
_RUSHES, _RUSH_S, _RUSH_PUNCHES = 2, 20 * 60, 50
RECEIPT_S = 60  # a punch's receipt comes within, 15 s of a 2G line included
LINGER_S, KEEPALIVE_S, BEAT_S = 40.0, 100, 300  # as shipped ([sync] in edge.toml)
_BEATS, _RECONNECTS = 288, 20
_HEALTHS, _NEWS = 24, 4  # how it is: hourly, in the place of a beat; and when something breaks or is mended
_PING_BYTES = 204  # request and answer, 24 bytes of TLS in a packet of 76 each, and an acknowledgement of 52
_MSS, _HEADERS = 1448, 52  # an Ethernet line's; IPv4 and TCP with time stamps
TYPICAL = Health(
    software="0.1.0",
    serving=Serving.SERVING,
    link=LinkKind.GPRS,
    metered=True,
    signal_percent=61,
    backlog=3,
    oldest_s=42,
    clock=ClockSource.SERVER,
    clock_offset_ms=-1200,
    clock_bound_ms=384,
    roster_version=213,
    roster_age_s=260_000,
    certificate_days=61,
    machine=Machine(2_600_000, 1, 54, Throttled.UNDER_VOLTAGE_ONCE, 48, 11_800, 21, 10),
    sensors=(
        Sensor("zfm", SensorKind.FINGER, SensorState.HERE, Verdict.FINE, 96, 96, Counters(21_412, 1931, 12, 2)),
        Sensor("evdev", SensorKind.KEYPAD, SensorState.HERE, Verdict.FINE, 100),
        Sensor("camera", SensorKind.FACE, SensorState.HERE, Verdict.FINE, 100, counters=Counters(412, 120)),
    ),
)
_SETTLE_S, _PATIENCE_S = 0.4, 60.0


def run(console: Console) -> dict[str, Any]:
    """The figures: bytes a punch by batch, and KiB of a day with its parts."""
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(console=console, transient=True))
        stage = stack.enter_context(staged())
        relay = Relay(*stage.address)
        stack.callback(relay.close)
        site = Site(stage, "127.0.0.1", relay.port, eager=True)
        stack.callback(site.close)
        meter = open_meter(relay.port, lambda: site.link.carried)
        stack.callback(meter.close)
        people = register_people(stage)
        site.settle(lambda: site.agent.state.up and site.agent.state.roster_version >= PEOPLE)
        coming = arrivals(people, _SEED)
        task = progress.add_task("punches", total=len(_SIZES) * _ROUNDS)
        per_punch = {}
        for size in _SIZES:
            # The middle one: on a busy machine some receipt comes later than TCP delays an acknowledgement.
            costs = [_cost(site, meter, coming, size, lambda: progress.advance(task)) for _ in range(_ROUNDS)]
            per_punch[str(size)] = round(median(costs) / size, 1)
        day = _day(site, relay, meter, coming, progress)
    return {
        "bytes_per_punch": per_punch,
        "kib_per_day": round(sum(day.values()) / 1024, 1),
        "day_bytes": day,
        "pings_kib_per_day": round(_BEATS * ((BEAT_S - 1) // KEEPALIVE_S) * _PING_BYTES / 1024, 1),
        "counted": meter.how,
    }


def _cost(site: "Site", meter: "Meter", coming: Iterator[Punch], n: int, on_done: Callable[[], None]) -> int:
    """Bytes from the first byte of a batch of n to the last acknowledgement of its receipt."""
    before = meter.bytes()
    for _ in range(n):
        site.outbox.append(next(coming))
    site.settle(lambda: site.agent.state.receipted == site.outbox.seq)
    on_done()
    return meter.bytes() - before


def _day(site: "Site", relay: Relay, meter: "Meter", coming: Iterator[Punch], progress: Progress) -> dict[str, int]:
    """A day from its parts: each batch of the two rushes as it would be sent; beat, health and reconnect, averaged."""
    groups = _rushes()
    task = progress.add_task("a day", total=len(groups) + 15)
    punches = sum(_cost(site, meter, coming, n, lambda: progress.advance(task)) for n in groups)
    before = meter.bytes()
    for _ in range(5):
        site.agent.beat(qos=0)
        site.settle(lambda: True)
        progress.advance(task)
    beats = (meter.bytes() - before) / 5
    before = meter.bytes()
    for _ in range(5):
        site.link.publish(up(NAME, "health"), health_bytes(TYPICAL), qos=0)
        site.settle(lambda: True)
        progress.advance(task)
    health = (meter.bytes() - before) / 5
    before = meter.bytes()
    for _ in range(5):
        relay.cut()
        site.wait(lambda: not site.agent.state.up)
        relay.mend()
        site.settle(lambda: site.agent.state.up)
        progress.advance(task)
    reconnect = (meter.bytes() - before) / 5
    return {
        "punches": punches,
        "beats": round(_BEATS * beats),
        "healths": round(_HEALTHS * (health - beats) + _NEWS * health),
        "reconnects": round(_RECONNECTS * reconnect),
    }


def _rushes() -> list[int]:
    """How many punches share a batch, when people come at random and a receipt may take a minute."""
    draw = random.Random(_SEED)  # noqa: S311 - a load, not a secret
    groups: list[int] = []
    for _ in range(_RUSHES):
        until = -1.0
        for at in sorted(draw.uniform(0, _RUSH_S) for _ in range(_RUSH_PUNCHES)):
            if at > until:
                groups.append(0)
                until = at + LINGER_S
            groups[-1] += 1
    return groups


def register_people(stage: Stage) -> list[bytes]:
    made_up = [Registration(f"Synthetic Person {i:03}", f"{i:06}") for i in range(PEOPLE)]
    return register(stage.ledger, Vault(stage.keys.vault), made_up)


class Site:
    """One terminal without its sensors: its outbox, its roster and its agent, stepped from here."""

    def __init__(self, stage: Stage, host: str, port: int, name: str = NAME, *, eager: bool = False) -> None:
        folder = stage.folder / name
        folder.mkdir()
        record, transport = Ed25519PrivateKey.generate(), new_transport_key()
        seal = X25519PrivateKey.generate().public_key().public_bytes_raw()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(transport, hashes.SHA256())
        asked = make_request(name, csr.public_bytes(serialization.Encoding.PEM).decode(), record, seal)
        broker = BrokerSettings(True, "", host, host, port, "", 0)
        granted = admit(stage.ledger, stage.keys, broker, to_json(asked).encode())
        write_key(folder / "transport.key", transport)
        (folder / "transport.crt").write_text(granted.certificate)
        self.outbox = Outbox(folder / "punches.db", name, record)
        self.settings = AgentSettings(name, poll_s=0.02)
        link = MqttLink(
            MqttSettings(
                host=host,
                port=port,
                ca=stage.ca,
                certificate=folder / "transport.crt",
                key=folder / "transport.key",
                client_id=name,
                subscriptions=(down_all(name),),
                keepalive_s=400,
                retry_max_s=1.0,
                connect_timeout_s=30.0,
                eager=eager,
            )
        )
        server_key = PublicKey.of(stage.keys.server)
        self.link = link
        self.agent = Agent(
            self.settings, folder / "punches.db", RosterStore(folder / "roster.db"), link, server_key, lambda _: None
        )
        self.agent.open()

    def wait(self, until: Callable[[], bool]) -> None:
        give_up = time.monotonic() + _PATIENCE_S
        while not until():
            self.agent.step()
            if time.monotonic() > give_up:
                raise ServerError(f"bench: the terminal does not get on: {self.agent.state}")

    def settle(self, until: Callable[[], bool]) -> None:
        """Until it is so, and a little longer, for the last acknowledgement."""
        self.wait(until)
        quiet = time.monotonic() + _SETTLE_S
        while time.monotonic() < quiet:
            self.agent.step()

    def close(self) -> None:
        self.link.close()


class Meter(Protocol):
    """Counts bytes of IP packets from its making on."""

    how: str

    def bytes(self) -> int: ...

    def close(self) -> None: ...


class KernelMeter:
    """Takes the kernel's counts of the terminal's connections (tcp_info), which anybody may read."""

    how = "TCP payload and segments as the kernel counts them, both directions, with 52 bytes of headers computed each"

    def __init__(self, carried: Callable[[], int]) -> None:
        self._carried = carried

    def bytes(self) -> int:
        return self._carried()

    def close(self) -> None:
        pass


class PacketMeter:
    """Counts the bytes of every IP packet to or from a TCP port on loopback."""

    how = "IP packets seen by a packet socket on loopback, both directions, headers included"

    def __init__(self, port: int) -> None:
        """Raises PermissionError without CAP_NET_RAW."""
        self._port = port
        self._bytes = 0
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self._socket.bind(("lo", 0x0800))
        self._socket.settimeout(0.2)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def bytes(self) -> int:
        time.sleep(0.05)
        return self._bytes

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _count(self) -> None:
        while not self._stop.is_set():
            try:
                data, where = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            if where[2] == socket.PACKET_OUTGOING or data[9] != socket.IPPROTO_TCP:  # each is seen going and coming
                continue
            start = (data[0] & 0x0F) * 4
            if self._port in struct.unpack(">HH", data[start : start + 4]):
                header = start + (data[start + 12] >> 4) * 4
                more = max(0, (len(data) - header - 1) // _MSS)
                self._bytes += len(data) + more * _HEADERS


def open_meter(port: int, carried: Callable[[], int]) -> Meter:
    """The exact one where we may; else the one that anybody may have."""
    try:
        return PacketMeter(port)
    except PermissionError:
        return KernelMeter(carried)
