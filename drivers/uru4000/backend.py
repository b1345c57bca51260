"""A back end of pyusb over anything that carries URBs: a pretended port in this process, or a USB/IP server.

Descriptors are asked of the device itself, as a host does.
"""

import errno
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

import usb.backend
import usb.core

_STANDARD_IN, _STANDARD_OUT = 0x80, 0x00
_GET_DESCRIPTOR, _GET_CONFIGURATION, _SET_CONFIGURATION = 6, 8, 9
_DESCRIPTOR_TIMEOUT_S = 1.0
_DEVICE = struct.Struct("<BBHBBBBHHHBBBB")
_DEVICE_FIELDS = [
    "bLength",
    "bDescriptorType",
    "bcdUSB",
    "bDeviceClass",
    "bDeviceSubClass",
    "bDeviceProtocol",
    "bMaxPacketSize0",
    "idVendor",
    "idProduct",
    "bcdDevice",
    "iManufacturer",
    "iProduct",
    "iSerialNumber",
    "bNumConfigurations",
]
_CONFIGURATION = struct.Struct("<BBHBBBBB")
_CONFIGURATION_FIELDS = [
    "bLength",
    "bDescriptorType",
    "wTotalLength",
    "bNumInterfaces",
    "bConfigurationValue",
    "iConfiguration",
    "bmAttributes",
    "bMaxPower",
]
_INTERFACE = struct.Struct("<BBBBBBBBB")
_INTERFACE_FIELDS = [
    "bLength",
    "bDescriptorType",
    "bInterfaceNumber",
    "bAlternateSetting",
    "bNumEndpoints",
    "bInterfaceClass",
    "bInterfaceSubClass",
    "bInterfaceProtocol",
    "iInterface",
]
_ENDPOINT = struct.Struct("<BBBBHB")
_ENDPOINT_FIELDS = [
    "bLength", "bDescriptorType", "bEndpointAddress", "bmAttributes", "wMaxPacketSize", "bInterval",
]  # fmt: skip


class UrbError(OSError):
    """A URB failed; `errno` says how, as Linux would."""


class Pipes(Protocol):
    """An opened device. A transfer returns what came in, or raises UrbError (ETIMEDOUT after `timeout_s`)."""

    def control(self, setup: bytes, data: bytes, timeout_s: float) -> bytes: ...
    def read(self, endpoint: int, length: int, timeout_s: float) -> bytes: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A device somewhere on a bus: 1-1 is port 1 of bus 1."""

    bus: int
    address: int
    ports: tuple[int, ...]


class Bus(Protocol):
    def places(self) -> Sequence[Place]:
        """What is plugged in. Raises UrbError."""
        ...

    def open(self, place: Place) -> Pipes:
        """Raises UrbError (ENODEV when nothing is there any more)."""
        ...


class UrbBackend(usb.backend.IBackend):  # type: ignore[misc]  # pyusb has no types
    """What pyusb wants of a back end, for devices with one configuration.

    `patience`: how often as long as usual a device may take to describe itself.
    """

    def __init__(self, bus: Bus, patience: float = 1.0) -> None:
        self._bus = bus
        self._describe_s = _DESCRIPTOR_TIMEOUT_S * patience
        self._known: dict[Place, tuple[Any, bytes]] = {}

    def enumerate_devices(self) -> Any:
        try:
            return list(self._bus.places())
        except UrbError as error:
            raise _usb(error) from None

    def get_device_descriptor(self, dev: Place) -> Any:
        return self._descriptors(dev)[0]

    def get_configuration_descriptor(self, dev: Place, config: int) -> Any:
        if config:
            raise IndexError(f"no configuration {config}")
        return _named(_CONFIGURATION, _CONFIGURATION_FIELDS, self._descriptors(dev)[1])

    def get_interface_descriptor(self, dev: Place, intf: int, alt: int, config: int) -> Any:
        interfaces = _parts(self._descriptors(dev)[1], 4)
        if alt or intf >= len(interfaces):
            raise IndexError(f"no interface {intf}")
        return _named(_INTERFACE, _INTERFACE_FIELDS, interfaces[intf])

    def get_endpoint_descriptor(self, dev: Place, ep: int, intf: int, alt: int, config: int) -> Any:
        found = _named(_ENDPOINT, _ENDPOINT_FIELDS, _parts(self._descriptors(dev)[1], 5)[ep])
        found.bRefresh, found.bSynchAddress = 0, 0
        return found

    def open_device(self, dev: Place) -> Pipes:
        try:
            return self._bus.open(dev)
        except UrbError as error:
            raise _usb(error) from None

    def close_device(self, dev_handle: Pipes) -> None:
        dev_handle.close()

    def get_configuration(self, dev_handle: Pipes) -> int:
        return _control(dev_handle, _STANDARD_IN, _GET_CONFIGURATION, 0, 0, 1, 1.0)[0]

    def set_configuration(self, dev_handle: Pipes, config_value: int) -> None:
        _control(dev_handle, _STANDARD_OUT, _SET_CONFIGURATION, config_value, 0, b"", 1.0)

    def claim_interface(self, dev_handle: Pipes, intf: int) -> None:
        """One client has the whole device: nothing to claim."""

    def release_interface(self, dev_handle: Pipes, intf: int) -> None:
        """Nothing to release either."""

    def is_kernel_driver_active(self, dev_handle: Pipes, intf: int) -> bool:
        return False

    def ctrl_transfer(
        self, dev_handle: Pipes, request_type: int, request: int, value: int, index: int, data: Any, timeout: int
    ) -> int:
        if not request_type & 0x80:
            _control(dev_handle, request_type, request, value, index, bytes(data), timeout / 1000)
            return len(data)
        came = _control(dev_handle, request_type, request, value, index, len(data), timeout / 1000)
        return _fill(data, came)

    def bulk_read(self, dev_handle: Pipes, ep: int, intf: int, buff: Any, timeout: int) -> int:
        try:
            return _fill(buff, dev_handle.read(ep, len(buff), timeout / 1000))
        except UrbError as error:
            raise _usb(error) from None

    intr_read = bulk_read

    def _descriptors(self, place: Place) -> tuple[Any, bytes]:
        if place not in self._known:
            pipes = self.open_device(place)
            try:
                device = _control(pipes, _STANDARD_IN, _GET_DESCRIPTOR, 0x0100, 0, 18, self._describe_s)
                configuration = _control(pipes, _STANDARD_IN, _GET_DESCRIPTOR, 0x0200, 0, 255, self._describe_s)
            finally:
                pipes.close()
            found = _named(_DEVICE, _DEVICE_FIELDS, device)
            found.address, found.bus, found.speed = place.address, place.bus, 2
            found.port_number, found.port_numbers = place.ports[-1], place.ports
            self._known[place] = (found, configuration)
        return self._known[place]


def setup(request_type: int, request: int, value: int, index: int, length: int) -> bytes:
    """The 8 bytes that begin a control transfer (USB 2.0, 9.3)."""
    return struct.pack("<BBHHH", request_type, request, value, index, length)


def _control(
    pipes: Pipes, request_type: int, request: int, value: int, index: int, data: bytes | int, timeout_s: float
) -> bytes:
    out, length = (data, len(data)) if isinstance(data, bytes) else (b"", data)
    try:
        return pipes.control(setup(request_type, request, value, index, length), out, timeout_s)
    except UrbError as error:
        raise _usb(error) from None


def _usb(error: UrbError) -> Exception:
    kind = usb.core.USBTimeoutError if error.errno == errno.ETIMEDOUT else usb.core.USBError
    raised: Exception = kind(error.strerror or "transfer failed", None, error.errno)
    return raised


def _fill(buffer: Any, came: bytes) -> int:
    memoryview(buffer).cast("B")[: len(came)] = came
    return len(came)


def _parts(configuration: bytes, kind: int) -> list[bytes]:
    """The descriptors of one type inside a configuration's."""
    found, at = [], 0
    while at + 2 <= len(configuration) and configuration[at] >= 2:
        if configuration[at + 1] == kind:
            found.append(configuration[at : at + configuration[at]])
        at += configuration[at]
    return found


def _named(layout: struct.Struct, fields: list[str], data: bytes) -> Any:
    if len(data) < layout.size:
        raise usb.core.USBError("a descriptor that is cut short", None, errno.EPROTO)
    named = SimpleNamespace(**dict(zip(fields, layout.unpack_from(data), strict=True)))
    named.extra_descriptors = []
    return named
