"""Both ends of USB/IP in user space: a pretended port served to whoever attaches it, and a bus that pyusb can use."""

import contextlib
import errno
import socket
import struct
import threading
import time
from collections.abc import Sequence

from drivers import OptionError
from drivers.uru4000.backend import Place, UrbError
from drivers.uru4000.port import PLACE, Port
from drivers.uru4000.usbip import TIMEOUT_S, Done, Shared, Submit, Unlink, Wire, WireError, address, dial

BUSID = f"{PLACE.bus}-{PLACE.ports[0]}"
_MAX_CLIENTS = 8
_MAX_WAITING = 64
_STUCK = struct.pack("@ll", 5, 0)  # seconds: a client that takes nothing is cut off


class Server:
    """Serves what is in `port` at host:port. A cable that is pulled ends the connections that attached it."""

    def __init__(self, port: Port, host: str = "127.0.0.1", tcp_port: int = 0) -> None:
        self._port = port
        self._wires: set[Wire] = set()
        self._lock = threading.Lock()
        try:
            self._listener = socket.create_server((host, tcp_port))
        except OSError as error:
            raise OptionError(f"tcp = {host}:{tcp_port}: {error.strerror or error}") from None
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        threading.Thread(target=self._accept, name="usbip", daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            wires = list(self._wires)
        for wire in wires:
            wire.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _STUCK)
            wire = Wire(connection)
            with self._lock:
                full = len(self._wires) >= _MAX_CLIENTS
                if not full:
                    self._wires.add(wire)
            if full:
                wire.close()
            else:
                threading.Thread(target=self._serve, args=(wire,), name="usbip client", daemon=True).start()

    def _serve(self, wire: Wire) -> None:
        try:
            while (wanted := wire.request()) is not None:
                here = self._shared()
                if not wanted:
                    wire.offer(here)
                    continue
                found = next((device for device in here if device.busid == wanted), None)
                wire.attach(found)
                if found is not None:
                    _Attached(wire, self._port).serve()
                return
        except WireError:
            pass
        finally:
            wire.close()
            with self._lock:
                self._wires.discard(wire)

    def _shared(self) -> tuple[Shared, ...]:
        with self._port.changed:
            places, model = self._port.places(), self._port.model
            if model is None:
                return ()
            make = model.make
            return tuple(Shared(BUSID, p.bus, p.address, make.vendor, make.product, make.release) for p in places)


class _Attached:
    """One client's use of the device: what it submitted waits here until the device answers."""

    def __init__(self, wire: Wire, port: Port) -> None:
        self._wire, self._port, self._plugged = wire, port, port.plugged
        self._waiting: dict[int, Submit] = {}
        self._ended = False

    def serve(self) -> None:
        pump = threading.Thread(target=self._pump, name="usbip transfers", daemon=True)
        pump.start()
        try:
            while True:
                self._take(self._wire.command())
        except WireError:
            pass
        finally:
            with self._port.changed:
                self._ended = True
                self._port.changed.notify_all()
            pump.join()

    def _take(self, command: Submit | Unlink) -> None:
        with self._port.changed:
            if isinstance(command, Unlink):
                self._wire.unlinked(command.sequence, self._waiting.pop(command.victim, None) is not None)
            elif len(self._waiting) >= _MAX_WAITING:
                self._wire.done(Done(command.sequence, -errno.ENOMEM))
            else:
                self._waiting[command.sequence] = command
                self._port.changed.notify_all()

    def _pump(self) -> None:
        try:
            with self._port.changed:
                while not self._ended:
                    if not any(self._try(urb) for urb in list(self._waiting.values())):
                        self._port.changed.wait()
        except WireError:
            pass
        finally:
            self._wire.close()

    def _try(self, urb: Submit) -> bool:
        if urb.sequence not in self._waiting:
            return False
        try:
            came = self._port.attempt(self._plugged, urb.endpoint, urb.setup, urb.data, urb.length)
        except UrbError as error:
            if error.errno == errno.ENODEV:
                raise WireError("unplugged") from None
            result = Done(urb.sequence, -(error.errno or errno.EIO))
        else:
            if came is None:
                return False
            result = Done(urb.sequence, 0, came, len(urb.data))
        self._waiting.pop(urb.sequence, None)
        self._wire.done(result)
        return True


class UsbipBus:
    """The devices of a USB/IP server, for drivers.uru4000.backend."""

    def __init__(self, host: str, port: int, patience: float = 1.0) -> None:
        self._where = (host, port, patience * TIMEOUT_S)

    @classmethod
    def at(cls, text: str, patience: float = 1.0) -> "UsbipBus":
        """usbip://host:port. Raises OptionError."""
        try:
            return cls(*address(text), patience)
        except ValueError:
            raise OptionError(f"bus = {text!r}: expected usbip://host:port") from None

    def places(self) -> Sequence[Place]:
        wire = self._dial()
        try:
            return [Place(d.bus, d.address, _ports(d.busid)) for d in wire.ask_list()]
        except WireError as error:
            raise UrbError(errno.ENODEV, str(error)) from None
        finally:
            wire.close()

    def open(self, place: Place) -> "UsbipPipes":
        wire = self._dial()
        try:
            wire.ask_attach(f"{place.bus}-{'.'.join(map(str, place.ports))}")
        except WireError as error:
            wire.close()
            raise UrbError(errno.ENODEV, str(error)) from None
        return UsbipPipes(wire)

    def _dial(self) -> Wire:
        try:
            return dial(*self._where)
        except WireError as error:
            raise UrbError(errno.ENODEV, str(error)) from None


class UsbipPipes:
    """An attached device: one transfer at a time."""

    def __init__(self, wire: Wire) -> None:
        self._wire, self._sequence = wire, 0

    def control(self, setup: bytes, data: bytes, timeout_s: float) -> bytes:
        length = int.from_bytes(setup[6:8], "little")
        return self._transfer(Submit(self._next(), setup[0] & 0x80, setup, length, data), timeout_s)

    def read(self, endpoint: int, length: int, timeout_s: float) -> bytes:
        return self._transfer(Submit(self._next(), endpoint, b"", length), timeout_s)

    def close(self) -> None:
        self._wire.close()

    def _transfer(self, urb: Submit, timeout_s: float) -> bytes:
        reading = {urb.sequence} if urb.endpoint & 0x80 else set()
        until = time.monotonic() + timeout_s
        try:
            self._wire.submit(urb)
            if not self._wire.readable(until - time.monotonic()):
                self._wire.unlink(self._next(), urb.sequence)
            result = self._wire.result(reading)
            if isinstance(result, Unlink):
                raise UrbError(errno.ETIMEDOUT, "timed out")
            if self._sequence != urb.sequence:
                self._wire.result(set())  # it ended just as it was given up
        except WireError as error:
            raise UrbError(errno.ENODEV, str(error)) from None
        if result.status:
            raise UrbError(-result.status, "transfer failed")
        return result.data

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def _ports(busid: str) -> tuple[int, ...]:
    parts = busid.partition("-")[2].split(".")
    return tuple(int(part) for part in parts if part.isdigit()) or (0,)
