"""Whose a serial port is: what ModemManager has or may take, and what somebody has locked, is never opened."""

import contextlib
import os
import stat
from pathlib import Path

from drivers import DeviceGone
from drivers.modem.bus import NoBus, opened
from drivers.modem.managers import ports

_IGNORED = ("ID_MM_DEVICE_IGNORE=1", "ID_MM_PORT_IGNORE=1")
_CANDIDATE = "ID_MM_CANDIDATE=1"


def refusal(port: str, *, bus: str = "SYSTEM", root: Path = Path("/")) -> str | None:
    """Why this port is not ours to open, in words; None when it is. Never raises.

    Without a D-Bus there is no ModemManager. One that does not answer is taken to have the port.
    """
    device = os.path.realpath(port)
    name = Path(device).name
    holder = _lock_holder(root / "run/lock" / f"LCK..{name}")
    if holder:
        return f"locked by process {holder}"
    try:
        with opened(bus) as line:
            managed = ports(line)
    except NoBus:
        return None
    except DeviceGone as gone:
        return f"ModemManager may have it: {gone}"
    if managed is None:
        return None
    if name in managed:
        return "ModemManager has it"
    words = _udev(device, root)
    if _CANDIDATE in words and not words & set(_IGNORED):
        return "ModemManager may take it; set ID_MM_PORT_IGNORE=1 for it in a udev rule"
    return None


def _lock_holder(lock: Path) -> int | None:
    """The living process that a UUCP lock file names."""
    try:
        holder = int(lock.read_text(encoding="ascii", errors="replace")[:32].split()[0])
    except (OSError, ValueError, IndexError):
        return None
    if holder <= 0:
        return None
    with contextlib.suppress(PermissionError):
        try:
            os.kill(holder, 0)
        except (ProcessLookupError, OverflowError):
            return None
    return holder


def _udev(device: str, root: Path) -> set[str]:
    """The properties that udev keeps for a character device."""
    try:
        found = Path(device).stat()
        if not stat.S_ISCHR(found.st_mode):
            return set()
        number = f"c{os.major(found.st_rdev)}:{os.minor(found.st_rdev)}"
        text = (root / "run/udev/data" / number).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    return {line.removeprefix("E:") for line in text.splitlines() if line.startswith("E:")}
