"""A mobile line of the second generation, for tests and benches: slow, far away, lossy, and now and then gone.

What lies on it is whole IP packets, so the TCP at both ends is the kernel's own, with its handshakes, time-outs and
repeats: a relay of bytes, which ends one TCP and begins another, could only guess at them. It is a TUN device that
gives each packet back with its two addresses changed over:

    terminal ──▶ line.far ══ rate, delay, loss ══▶ the service, which listens on line.near (or on every address)

Whoever connects to `far` thus reaches what listens on `near` at the same port, and every checksum stays right, for a
sum does not ask about order. The addresses are of 198.18.0.0/15, which are set apart for such tests (RFC 2544). Needs
CAP_NET_ADMIN and /dev/net/tun.
"""

import errno
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

from sync import LinkError

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # Linux, if_tun.h
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCSIFMTU = 0x8914, 0x8916, 0x891C, 0x8922  # Linux, sockios.h
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_LINES = 256
_TCP = 6
_LONGEST_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Weather:
    """How the line is. `rate_bps` in bits a second each way (0: no limit), `rtt_s` there and back, `loss` of packets
    from 0 to 1 each way, `queue_s` how much may wait at the slow end before more is thrown away."""

    rate_bps: int = 0
    rtt_s: float = 0.0
    loss: float = 0.0
    queue_s: float = 8.0


CLEAR = Weather()
POOR_2G = Weather(rate_bps=20_000, rtt_s=0.7, loss=0.03)  # what the district's back roads have on a working day


@dataclass
class _Way:
    """One direction: when its sender is free again, and its own dice."""

    dice: random.Random
    free_at: float = 0.0
    bytes: int = 0
    lost: int = 0


@dataclass
class Traffic:
    """Bytes of IP packets that were sent, lost ones too, and how many packets were lost."""

    up_bytes: int = 0
    down_bytes: int = 0
    lost: int = 0


@dataclass(order=True)
class _Parcel:
    due: float
    number: int
    packet: bytes = field(compare=False)


class Gprs:
    """One line. `weather` may be changed at any time; `cut`, `mend` and `readdress` do what masts and operators do."""

    def __init__(self, weather: Weather = POOR_2G, seed: int = 1) -> None:
        """Raises LinkError without the right to make one."""
        self.weather = weather
        self._tun, self.near, self.far = _device()
        self._up = _Way(random.Random(2 * seed))  # noqa: S311 - a rehearsal, not a secret
        self._down = _Way(random.Random(2 * seed + 1))  # noqa: S311
        self._under_way: list[_Parcel] = []
        self._number = 0
        self._cut = False
        self._ports: set[int] = set()
        self._forgotten: set[int] = set()
        self._near = socket.inet_aton(self.near)
        self._wake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._carry, name="gprs", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """No coverage: everything is lost, and nobody is told."""
        self._cut = True

    def mend(self) -> None:
        self._cut = False

    def readdress(self) -> None:
        """The operator gives another address: what was open is never heard of again, what is new works (S4)."""
        self._forgotten |= self._ports

    def traffic(self) -> Traffic:
        return Traffic(self._up.bytes, self._down.bytes, self._up.lost + self._down.lost)

    def close(self) -> None:
        os.close(self._waker)
        self._thread.join()
        os.close(self._tun)
        os.close(self._wake)

    # ── on the line's own thread ──

    def _carry(self) -> None:
        while True:
            wait_s = self._under_way[0].due - time.monotonic() if self._under_way else _LONGEST_WAIT_S
            ready, _, _ = select.select([self._tun, self._wake], [], [], max(0.0, wait_s))
            if self._wake in ready:
                return
            if ready:
                self._send(os.read(self._tun, 65536))
            while self._under_way and self._under_way[0].due <= time.monotonic():
                self._arrive(heapq.heappop(self._under_way).packet)

    def _send(self, packet: bytes) -> None:
        flow = _flow(packet)
        if flow is None:
            return  # neighbours being looked for; nothing of ours
        ports, is_first = flow
        way = self._way(ports, is_first)
        weather, now = self.weather, time.monotonic()
        start = max(now, way.free_at)
        if start - now > weather.queue_s:
            way.lost += 1
            return
        way.free_at = start + (8 * len(packet) / weather.rate_bps if weather.rate_bps else 0.0)
        way.bytes += len(packet)
        if way.dice.random() < weather.loss or self._cut or self._forgotten.intersection(ports):
            way.lost += 1
            return
        self._number += 1
        changed_over = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
        heapq.heappush(self._under_way, _Parcel(way.free_at + weather.rtt_s / 2, self._number, changed_over))

    def _way(self, ports: tuple[int, int], is_first: bool) -> _Way:
        """Up or down? The terminal's port is the one that spoke first."""
        source, target = ports
        if is_first:
            self._ports.add(source)
            self._forgotten.discard(source)
        return self._up if source in self._ports and target not in self._ports else self._down

    def _arrive(self, packet: bytes) -> None:
        if not self._cut:
            os.write(self._tun, packet)


def _flow(packet: bytes) -> tuple[tuple[int, int], bool] | None:
    """((source port, target port), does it open a connection?) of a TCP packet, None for anything else."""
    if packet[0] >> 4 != 4 or packet[9] != _TCP:
        return None
    at = (packet[0] & 0x0F) * 4
    flags = packet[at + 13]
    return struct.unpack(">HH", packet[at : at + 4]), flags & 0x12 == 0x02


def _device() -> tuple[int, str, str]:
    """(file, near address, far address) of a new TUN device; the first that is free. Raises LinkError."""
    try:
        for number in range(_LINES):
            tun = os.open("/dev/net/tun", os.O_RDWR)
            name = f"hazri-2g-{number}".encode()
            try:
                fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", name, _IFF_TUN | _IFF_NO_PI))
            except OSError as error:
                os.close(tun)
                if error.errno != errno.EBUSY:
                    raise
                continue
            near, far = (f"198.18.{number}.{host}" for host in (1, 2))
            _configure(name, near)
            return tun, near, far
    except OSError as error:
        raise LinkError(f"no emulated line: /dev/net/tun: {error.strerror}; it needs CAP_NET_ADMIN") from None
    raise LinkError(f"no emulated line: {_LINES} are in use")


def _configure(name: bytes, near: str) -> None:
    def address(text: str) -> bytes:
        return struct.pack("16sHH4s16x", name, socket.AF_INET, 0, socket.inet_aton(text))

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFADDR, address(near))
        fcntl.ioctl(control, _SIOCSIFNETMASK, address("255.255.255.252"))
        fcntl.ioctl(control, _SIOCSIFMTU, struct.pack("16si20x", name, 1400))
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", name, _IFF_UP | _IFF_RUNNING))
