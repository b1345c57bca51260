"""Runs a command that finds a USB/IP server's device on its own USB bus: real libusb over a mocked kernel.

    umockdev-wrapper /usr/bin/python3 umock.py 127.0.0.1:3240 -- COMMAND …

For tests, and to point other people's software at a pretended reader where the kernel has no USB/IP. Only Debian's
interpreter has umockdev, so this script runs on that one. What goes over to the command is the kernel's usbdevfs
(linux/usbdevice_fs.h); each URB becomes a transfer of USB/IP.
"""

import contextlib
import errno
import importlib
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[2]))

from drivers.uru4000 import usbip
from drivers.uru4000.usbip import Done, Shared, Submit, Unlink, Wire, WireError

_gi = importlib.import_module("gi")
_gi.require_version("UMockdev", "1.0")
_umockdev: Any = importlib.import_module("gi.repository.UMockdev")

_SUBMIT_URB, _DISCARD_URB, _REAP_URB, _REAP_URB_NOW = 0x8038550A, 0x550B, 0x4008550C, 0x4008550D
_GET_CAPABILITIES = 0x8004551A
_NOTHING_TO_DO = (
    0x8004550F,  # claim an interface
    0x80045510,  # release it
    0x8108551B,  # disconnect a driver and claim
    0x80045505,  # set a configuration
    0x80085504,  # set an interface
    0x80045515,  # clear a halt
    0x5514,  # reset
)
_GET_DRIVER = 0x41045508
_CAPABILITIES = 0x01 | 0x04  # zero packets, and URBs of any size: else libusb cuts a frame into pieces
_URB = struct.Struct("<BBxxiI4xQi")  # type, endpoint, status, flags, buffer, its length
_URB_BYTES, _BUFFER_AT, _STATUS_AT, _ACTUAL_AT = 56, 16, 4, 28
_CONTROL = 2
# A root hub: libfprint looks up the way to its reader.
_HUB = bytes.fromhex("12010002090000406b1d020001060302010109021900010100e0000904000001090000000705810304000c")
_POLL_S = 0.0005
_SEEK_S = 0.05


class Node(_umockdev.IoctlBase):  # type: ignore[misc]  # there are no types for it
    """The device node: one client's URBs on their way to the server and back."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire, self._sequence = wire, 0
        self._lock = threading.Lock()
        self._sent: dict[int, tuple[bytes, Any, Submit]] = {}  # by sequence: its address, its memory, what was asked
        self._done: list[tuple[Any, Submit, Done]] = []
        self._reading: set[int] = set()  # whose answers carry data, also when given up meanwhile
        self.gone = threading.Event()
        wire.wait_at_most(None)
        threading.Thread(target=self._receive, daemon=True).start()

    def do_handle_ioctl(self, client: Any) -> bool:
        try:
            result, code = self._handle(client.get_request(), client.get_arg())
        except WireError:
            self.gone.set()
            result, code = -1, errno.ENODEV
        client.complete(result, code)
        return True

    def _handle(self, request: int, arg: Any) -> tuple[int, int]:
        if self.gone.is_set() and request not in (_REAP_URB, _REAP_URB_NOW):
            return -1, errno.ENODEV
        if request in _NOTHING_TO_DO:
            return 0, 0
        if request == _GET_DRIVER:
            return -1, errno.ENODATA
        if request == _GET_CAPABILITIES:
            arg.resolve(0, 4).update(0, struct.pack("<I", _CAPABILITIES))
            return 0, 0
        if request == _SUBMIT_URB:
            return self._submit(arg)
        if request == _DISCARD_URB:
            return self._discard(bytes(arg.retrieve()))
        if request in (_REAP_URB, _REAP_URB_NOW):
            return self._reap(arg)
        return -1, errno.ENOTTY

    def _submit(self, arg: Any) -> tuple[int, int]:
        address = bytes(arg.retrieve())  # before it is resolved: then it is an address here
        memory = arg.resolve(0, _URB_BYTES)
        kind, endpoint, _, _, _, length = _URB.unpack_from(bytes(memory.retrieve()))
        with self._lock:
            self._sequence += 1
            if kind == _CONTROL:
                whole = bytes(memory.resolve(_BUFFER_AT, length).retrieve())
                setup, size = whole[:8], int.from_bytes(whole[6:8], "little")
                out = b"" if setup[0] & 0x80 else whole[8 : 8 + size]
                urb = Submit(self._sequence, setup[0] & 0x80, setup, size, out)
            else:
                urb = Submit(self._sequence, endpoint, b"", length)
            self._sent[urb.sequence] = (address, memory, urb)
            if urb.endpoint & 0x80:
                self._reading.add(urb.sequence)
            self._wire.submit(urb)
        return 0, 0

    def _discard(self, where: bytes) -> tuple[int, int]:
        with self._lock:
            for sequence, (address, _, _) in self._sent.items():
                if address == where:
                    self._sequence += 1
                    self._wire.unlink(self._sequence, sequence)
                    # It ends as given up now; should the server's answer cross this, it is passed over.
                    _, memory, urb = self._sent.pop(sequence)
                    self._done.append((memory, urb, Done(sequence, -errno.ENOENT)))
                    return 0, 0
        return -1, errno.EINVAL

    def _reap(self, arg: Any) -> tuple[int, int]:
        with self._lock:
            if not self._done:
                gone = self.gone.is_set()
            else:
                self._finish(arg, *self._done.pop(0))
                return 0, 0
        time.sleep(_POLL_S)
        return -1, errno.ENODEV if gone else errno.EAGAIN

    def _finish(self, arg: Any, memory: Any, urb: Submit, done: Done) -> None:
        if done.data:
            at = 8 if urb.setup else 0
            memory.resolve(_BUFFER_AT, at + urb.length).update(at, done.data)
        memory.update(_STATUS_AT, struct.pack("<i", done.status))
        memory.update(_ACTUAL_AT, struct.pack("<i", len(done.data) or done.written))
        arg.resolve(0, 8).set_ptr(0, memory)

    def _receive(self) -> None:
        with contextlib.suppress(WireError):
            while True:
                result = self._wire.result(self._reading)
                if isinstance(result, Unlink):
                    continue
                with self._lock:
                    self._reading.discard(result.sequence)
                    if result.sequence in self._sent:
                        _, memory, urb = self._sent.pop(result.sequence)
                        self._done.append((memory, urb, result))
        with self._lock:
            self.gone.set()
            self._done += [(memory, urb, Done(urb.sequence, -errno.ENODEV)) for _, memory, urb in self._sent.values()]
            self._sent.clear()


class MockedBus:
    """A USB bus on which the server's device appears and disappears with its cable."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._bed = _umockdev.Testbed.new()
        hub = Shared("usb1", 1, 1, 0x1D6B, 0x0002, 0x0601)
        self._bed.add_from_string(_record(hub, 1, _HUB, "hub"))
        self._node: Node | None = None
        self._number = 1
        self._path = ""

    @property
    def root(self) -> str:
        return str(self._bed.get_root_dir())

    def watch(self) -> None:
        """Take note of a cable that was pulled or put back; returns at once."""
        if self._node is not None and self._node.gone.is_set():
            self._bed.uevent(self._path, "remove")
            self._bed.remove_device(self._path)
            self._node = None
        if self._node is None:
            with contextlib.suppress(WireError):
                self._plug()

    def _plug(self) -> None:
        listing = usbip.dial(*self._where)
        try:
            devices = listing.ask_list()
        finally:
            listing.close()
        if not devices:
            return
        wire = usbip.dial(*self._where)
        try:
            self._add(wire.ask_attach(devices[0].busid), wire)
        except BaseException:
            wire.close()
            raise

    def _add(self, device: Shared, wire: Wire) -> None:
        described, serial = _descriptors(wire)
        self._number += 1
        self._path = f"/sys{_path(device)}"
        self._bed.add_from_string(_record(device, self._number, described, serial))
        self._node = Node(wire)
        self._bed.attach_ioctl(f"/dev/{_name(self._number)}", self._node)
        self._bed.uevent(self._path, "add")


def _name(number: int) -> str:
    return f"bus/usb/001/{number:03}"


def _path(device: Shared) -> str:
    return "/devices/hazri/usb1" + ("" if device.busid == "usb1" else f"/{device.busid}")


def _record(device: Shared, number: int, described: bytes, serial: str) -> str:
    """The device in the words of umockdev-record."""
    vendor, product, release = device.vendor, device.product, device.release
    facts = {
        "busnum": "1",
        "devnum": str(number),
        "speed": "12",
        "bConfigurationValue": "1",
        "bNumConfigurations": "1",
        "idVendor": f"{vendor:04x}",
        "idProduct": f"{product:04x}",
        "bcdDevice": f"{release:04x}",
        "serial": "".join(sign for sign in serial if sign.isalnum()),
        "removable": "removable",
    }
    words = {
        "DEVNAME": f"/dev/{_name(number)}",
        "DEVTYPE": "usb_device",
        "SUBSYSTEM": "usb",
        "BUSNUM": "001",
        "DEVNUM": f"{number:03}",
        "PRODUCT": f"{vendor:x}/{product:x}/{release:x}",
        "TYPE": "255/255/255",
        "ID_VENDOR_ID": f"{vendor:04x}",
        "ID_MODEL_ID": f"{product:04x}",
    }
    lines = [f"P: {_path(device)}", f"N: {_name(number)}"]
    lines += [f"E: {key}={value}" for key, value in words.items()]
    lines += [f"A: {key}={value}\\n" for key, value in facts.items()]
    return "\n".join([*lines, f"H: descriptors={described.hex().upper()}"]) + "\n\n"


def _descriptors(wire: Wire) -> tuple[bytes, str]:
    """Device and configuration, as sysfs shows them, and the serial number."""
    found = []
    for sequence, (value, language) in enumerate(((0x0100, 0), (0x0200, 0), (0x0303, 0x0409)), 1):
        wire.submit(Submit(sequence, 0x80, struct.pack("<BBHHH", 0x80, 6, value, language, 255), 255))
        result = wire.result({sequence})
        found.append(result.data if isinstance(result, Done) else b"")
    return found[0] + found[1], found[2][2:].decode("utf-16-le", "replace")


def main(arguments: list[str]) -> int:
    """The command's exit code."""
    where, dashes, *command = arguments
    if dashes != "--" or not command:
        raise SystemExit(__doc__)
    bus = MockedBus(*usbip.address(where))
    bus.watch()
    process = subprocess.Popen(command, env={**os.environ, "UMOCKDEV_DIR": bus.root})
    try:
        while process.poll() is None:
            bus.watch()
            time.sleep(_SEEK_S)
    except KeyboardInterrupt:
        process.terminate()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
