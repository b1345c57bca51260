"""A reader on its bus: found, claimed, its registers and its two pipes; what pyusb raises becomes ours."""

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import usb.core
import usb.util

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.uru4000 import codec
from drivers.uru4000.codec import Kind, Register

_CONTROL_TIMEOUT_S = 1.0
_STALLED = (errno.EPIPE, errno.EOVERFLOW)
_TIMED_OUT = (errno.ETIMEDOUT,)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which reader, on which bus, and how often as long as usual it may take: the driver's options.

    Raises OptionError.
    """

    bus: str = "usb"
    device: str = "any"
    patience: float = 1.0

    def __post_init__(self) -> None:
        if self.bus != "usb" and not self.bus.startswith("usbip://"):
            raise OptionError(f"driver uru4000: bus = {self.bus!r}: expected usb or usbip://host:port")

    def find(self) -> "Link":
        """The first reader that fits and is free, claimed. Raises DeviceGone saying what was looked for, or why not."""
        which = "" if self.device == "any" else f" named {self.device}"
        why = DeviceGone(f"no U.are.U or Microsoft reader{which} on {self.bus}")
        for device in self._found():
            try:
                with _translated():
                    if self.device == "any" or self.device in _names(device):
                        return Link(device, self.patience)
                    usb.util.dispose_resources(device)  # it was opened to ask for its serial number
            except DeviceGone as error:
                why = error
        raise why

    def _found(self) -> list[Any]:
        with _translated():
            try:
                return list(usb.core.find(find_all=True, backend=self._backend(), custom_match=_is_reader))
            except usb.core.NoBackendError:
                raise DeviceGone("libusb is not installed (Debian: libusb-1.0-0)") from None

    def _backend(self) -> Any:
        if self.bus == "usb":
            return None
        from drivers.uru4000.backend import UrbBackend
        from drivers.uru4000.share import UsbipBus

        return UrbBackend(UsbipBus.at(self.bus, self.patience), self.patience)


class Link:
    """A claimed reader. Every method raises DeviceGone or ProtocolError; `close` never raises."""

    def __init__(self, device: Any, patience: float = 1.0) -> None:
        self._patience = patience
        self.kind: Kind = codec.KINDS[device.idVendor, device.idProduct]
        self._device = device
        try:
            with _translated():
                self._claim()
        except BaseException:
            self.close()
            raise

    @property
    def where(self) -> str:
        return f"{self._device.bus}-{'.'.join(map(str, self._device.port_numbers or (self._device.address,)))}"

    @property
    def _control_ms(self) -> int:
        return int(_CONTROL_TIMEOUT_S * self._patience * 1000)

    @property
    def serial(self) -> str:
        """The serial number the reader tells, empty when it does not."""
        return _serial(self._device)

    def read_register(self, register: Register, count: int = 1) -> bytes:
        with _translated():
            data = self._device.ctrl_transfer(codec.READ, codec.REQUEST, register, 0, count, self._control_ms)
        if len(data) != count:
            raise ProtocolError(f"register {register.name}: {len(data)} bytes instead of {count}")
        return bytes(data)

    def write_register(self, register: Register, data: bytes) -> None:
        with _translated():
            self._device.ctrl_transfer(codec.WRITE, codec.REQUEST, register, 0, data, self._control_ms)

    def interrupt(self, timeout_s: float) -> bytes | None:
        """The next interrupt, None when none came in time."""
        return self._read(codec.INTERRUPT_EP, codec.INTERRUPT_BYTES, timeout_s)

    def frame(self, timeout_s: float) -> bytes:
        """What comes down the picture's pipe until the reader pauses; empty when nothing does."""
        return self._read(codec.BULK_EP, codec.FRAME_BYTES, timeout_s * self._patience) or b""

    def close(self) -> None:
        with contextlib.suppress(Exception):
            usb.util.dispose_resources(self._device)

    def _read(self, endpoint: int, count: int, timeout_s: float) -> bytes | None:
        with _translated():
            try:
                return bytes(self._device.read(endpoint, count, max(1, int(timeout_s * 1000))))
            except usb.core.USBTimeoutError:
                return None

    def _claim(self) -> None:
        for interface in self._configuration():
            if interface.bInterfaceClass == 0xFF:
                number = interface.bInterfaceNumber
                with contextlib.suppress(NotImplementedError):
                    if self._device.is_kernel_driver_active(number):
                        self._device.detach_kernel_driver(number)
                usb.util.claim_interface(self._device, number)
                return
        raise DeviceGone(f"{self.kind.model}: no interface of the reader's own class")

    def _configuration(self) -> Any:
        try:
            return self._device.get_active_configuration()
        except usb.core.USBError as error:
            if error.errno is not None:
                raise
            self._device.set_configuration()  # nobody has chosen one yet
            return self._device.get_active_configuration()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except usb.core.USBError as error:
        code = error.errno
        if code in _STALLED:
            raise ProtocolError("the reader refused a transfer") from None
        if code == errno.EACCES:
            raise DeviceGone(
                "no right to the reader: install Hazri's udev rules, or start as the group hazri"
            ) from None
        if code == errno.EBUSY:
            raise DeviceGone("another program holds the reader (fprintd?): end it") from None
        what = "does not answer" if code in _TIMED_OUT else "is gone"
        raise DeviceGone(f"the reader {what} ({errno.errorcode.get(code or 0, 'USB')})") from None
    except (NotImplementedError, ValueError, KeyError, IndexError, AttributeError) as error:
        # pyusb stumbles over the descriptors of a device that goes away while it is looked at.
        raise DeviceGone(f"the reader's descriptors cannot be read ({type(error).__name__})") from None


def _is_reader(device: Any) -> bool:
    return (device.idVendor, device.idProduct) in codec.KINDS


def _serial(device: Any) -> str:
    try:
        return str(device.serial_number or "") if device.iSerialNumber else ""
    except (usb.core.USBError, ValueError, NotImplementedError):
        return ""


def _names(device: Any) -> tuple[str, ...]:
    place = ".".join(map(str, device.port_numbers or (device.address,)))
    return (f"{device.bus}-{place}", _serial(device))
