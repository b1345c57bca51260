"""The pretended ZK machine on a real port: TCP and UDP beside each other, as on the real ones.

On the stage: `tcp` is "host:port" for both; `library` a file of entries (drivers.playing.entries).
"""

import contextlib
import socket
import threading
import time
from datetime import datetime

from drivers import OptionError, ProtocolError
from drivers.entry import Stage
from drivers.playing import Orders, entries, play, variant
from drivers.stand import host_and_port
from drivers.zk import codec
from drivers.zk.machine import FIRMWARES, Line, Machine

_PACKET_GAP_S = 0.002  # of a machine that is paced but not slow
_CLIENTS = 8
_HELP = "punch BADGE [STATE [HOW]] · clear · skew SECONDS · garble [N] · drop [N] · lose [N] · unplug · plug · state"


class ZkSim:
    """Serves `machine` on 127.0.0.1 or wherever the stage says, until closed."""

    def __init__(self, machine: Machine, host: str = "127.0.0.1", port: int = 0, *, pacing: bool = False) -> None:
        self.machine = machine
        self._gap_s = machine.firmware.gap_s or (_PACKET_GAP_S if pacing else 0.0)
        self._host, self._port = host, port
        self._lose = 0
        self._lock = threading.RLock()
        self._tcp: socket.socket | None = None
        self._udp: socket.socket | None = None
        self._clients: dict[socket.socket, Line] = {}
        self._lines: dict[tuple[str, int], Line] = {}  # of UDP
        self._listeners: list[threading.Thread] = []
        self._orders: Orders = {
            "punch": lambda badge, state="0", how="1": self.punch(badge, int(state), int(how)),
            "clear": machine.clear,
            "skew": lambda seconds: setattr(machine, "skew_s", float(seconds)),
            "garble": lambda packets="1": setattr(machine, "garble", int(packets)),
            "drop": lambda packets="1": setattr(machine, "drop", int(packets)),
            "lose": lambda packets="1": setattr(self, "_lose", int(packets)),
            "unplug": self.unplug,
            "plug": self.plug,
            "state": lambda: f"{len(machine.entries)} entries, {len(self._clients)} clients",
        }
        self.plug()

    @property
    def port(self) -> int:
        return self._port

    @property
    def where(self) -> str:
        return f"{self._host}:{self._port}, TCP and UDP"

    def do(self, what: str) -> str:
        """One line of whoever plays: see `help`. Raises ProtocolError."""
        return play(what, self._orders, _HELP)

    def punch(self, badge: str, state: int = 0, verify: int = 1, when: datetime | None = None) -> None:
        """Somebody punches; who listens is told."""
        entry = self.machine.punch(badge, state, verify, when)
        with self._lock:
            for client, line in self._clients.items():
                if line.events:
                    with contextlib.suppress(OSError):
                        client.sendall(codec.framed(self.machine.event(line, entry)))
            for address, line in self._lines.items():
                if line.events and self._udp is not None:
                    with contextlib.suppress(OSError):
                        self._udp.sendto(self.machine.event(line, entry), address)

    def plug(self) -> None:
        """Back on the network, at the same address."""
        with self._lock:
            if self._tcp is not None:
                return
            try:
                self._tcp = tcp = socket.create_server((self._host, self._port))
                self._port = tcp.getsockname()[1]
                self._udp = udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                udp.bind((self._host, self._port))
            except OSError as error:
                self.unplug()
                raise OptionError(f"{self._host}:{self._port}: {error.strerror or error}") from None
        self._listeners = [
            threading.Thread(target=self._accept, args=(tcp,), daemon=True),
            threading.Thread(target=self._listen, args=(udp,), daemon=True),
        ]
        for thread in self._listeners:
            thread.start()

    def unplug(self) -> None:
        """Off the network, in the middle of whatever goes on."""
        with self._lock:
            ends = [*self._clients, self._tcp, self._udp]
            self._tcp = self._udp = None
            self._lines.clear()
            listeners, self._listeners = self._listeners, []
        for end in ends:
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        for thread in listeners:
            thread.join(1)  # the port is free when nobody waits on it any more

    def close(self) -> None:
        self.unplug()

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while self._tcp is server:
                client, _ = server.accept()
                line = Line(udp=False)
                with self._lock:
                    if self._tcp is not server or len(self._clients) >= _CLIENTS:
                        client.close()
                        continue
                    self._clients[client] = line
                threading.Thread(target=self._serve, args=(client, line), daemon=True).start()

    def _serve(self, client: socket.socket, line: Line) -> None:
        stream = b""
        try:
            while data := client.recv(65536):
                stream += data
                while len(stream) >= codec.TOP_BYTES:
                    end = codec.TOP_BYTES + codec.length(stream)
                    if len(stream) < end:
                        break
                    packet, stream = stream[codec.TOP_BYTES : end], stream[end:]
                    for answer in self.machine.answer(packet, line):
                        if answer is None:
                            return
                        self._pace()
                        with self._lock:
                            client.sendall(codec.framed(answer) if _whole(answer) else _torn(answer))
        except (OSError, ProtocolError):
            return
        finally:
            with self._lock:
                self._clients.pop(client, None)
            client.close()

    def _listen(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while self._udp is server:
                packet, address = server.recvfrom(65536)
                if not packet:
                    continue  # shut down, or an empty datagram
                line = self._lines.setdefault(address, Line(udp=True))
                for answer in self.machine.answer(packet, line):
                    if answer is None:
                        self._lines.pop(address, None)
                        break
                    self._pace()
                    if self._lose:
                        self._lose -= 1
                        continue
                    server.sendto(answer, address)
                if len(self._lines) > 64:
                    self._lines.pop(next(iter(self._lines)))

    def _pace(self) -> None:
        if self._gap_s:
            time.sleep(self._gap_s)


def start(stage: Stage) -> ZkSim:
    """Raises OptionError."""
    if stage.port or stage.pty is not None:
        raise OptionError("a ZK machine stands on the network: --tcp host:port")
    firmware = FIRMWARES[variant(stage, FIRMWARES)]
    host, port = host_and_port(stage.tcp or f"127.0.0.1:{codec.PORT}")
    machine = Machine(firmware)
    for badge, state, how, when in entries(stage.library) if stage.library is not None else ():
        machine.punch(badge, state, how, when)
    return ZkSim(machine, host, port, pacing=stage.pacing)


def _whole(packet: bytes) -> bool:
    return codec.decode(packet)[1]


def _torn(packet: bytes) -> bytes:
    """The beginning of a packet twice as long: the connection ends before the rest."""
    return codec.framed(packet + bytes(len(packet)))[: -len(packet)]
