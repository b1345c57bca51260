"""What the terminal process knows of the terminal's health, as a note that sync reads (sync.health).

One small file in the runtime directory, which is memory and no SD card: CLOCK_BOOTTIME in milliseconds as 8 bytes, and
a Health in which all that only sync knows is left as it is by default. edge.health.vitals writes it once a minute and
whenever a device breaks or is mended; a note older than some minutes is of a terminal that ended or hangs.
"""

import contextlib
import os
from pathlib import Path

from edge import SOFTWARE
from sync import WireError
from sync.asker import since_boot_ms
from sync.health import Health, LinkKind, Serving, health_bytes, parse_health

_STALE_MS = 3 * 60_000
_AT_BYTES = 8
_MAX_BYTES = 16384

NOBODY = Health(SOFTWARE, Serving.ABSENT, LinkKind.OTHER)
"""What sync says while the terminal process says nothing."""


def note(file: Path, health: Health) -> None:
    """Whole or not at all. A runtime directory that cannot be written costs the news, and nothing else."""
    new = file.with_suffix(".new")
    with contextlib.suppress(OSError):
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "wb") as out:
            out.write(since_boot_ms().to_bytes(_AT_BYTES, "big") + health_bytes(health))
        new.rename(file)


def noted(file: Path, within_ms: int | None = _STALE_MS) -> Health | None:
    """What the terminal noted last, of whatever age when `within_ms` is None; None when it did not, or long ago."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_BYTES)
        age_ms = since_boot_ms() - int.from_bytes(data[:_AT_BYTES], "big")
        return parse_health(data[_AT_BYTES:]) if age_ms >= 0 and (within_ms is None or age_ms < within_ms) else None
    except (OSError, WireError):
        return None
