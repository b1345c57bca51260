"""Devices, each behind one small contract: bytes of a device in, Readings out.

DriverError
├── DeviceGone      unplugged, closed, or no longer answering: reopen it after a pause
├── ProtocolError   bytes the device should not have sent: counted, and the next reading is tried
└── OptionError     a setting of a driver that does not exist or cannot be used; names the nearest
"""


class DriverError(Exception):
    """Root of everything this room raises."""


class DeviceGone(DriverError):  # noqa: N818 - reads as what happened
    """The device is not there (any more)."""


class ProtocolError(DriverError):
    """The device, or who plays it, sent what its protocol does not allow."""


class OptionError(DriverError):
    """A driver's option is unknown, missing or of the wrong type."""
