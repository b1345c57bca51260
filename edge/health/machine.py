"""What the computer says of itself: heat, power, memory, and the storage that holds the punches.

Read from the kernel's files, each as far as it is there: a Raspberry Pi tells its throttling, an eMMC its wear, and
other machines, and SD cards, neither.
"""

import os
import re
import time
from pathlib import Path

from sync.health import Machine, Throttled

_FACTS = 4096
_TEMPERATURE = "sys/class/thermal/thermal_zone0/temp"
_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
_WEAR = "sys/block/mmcblk*/device/life_time"
_MB = 1_000_000


def look(state_dir: Path, restarts: int = 0, root: Path = Path("/")) -> Machine:
    """As it is now; `restarts` is handed on. Never raises."""
    free_mb, used_percent = _storage(state_dir)
    return Machine(
        uptime_s=int(time.clock_gettime(time.CLOCK_BOOTTIME)),
        restarts=restarts,
        temperature_c=_temperature(_read(root / _TEMPERATURE)),
        throttled=Throttled(int(_number(_read(root / _THROTTLED), 16) or 0) & 0xFFFFFFFF),
        memory_free_percent=_memory(_read(root / "proc/meminfo")),
        storage_free_mb=free_mb,
        storage_used_percent=used_percent,
        wear_percent=max((_wear(_read(file)) for file in root.glob(_WEAR)), key=lambda worn: worn or 0, default=None),
    )


def _storage(folder: Path) -> tuple[int | None, int | None]:
    """Free MB, and percent used, of what an ordinary user may have."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None, None
    used = found.f_blocks - found.f_bfree
    total = used + found.f_bavail
    return found.f_bavail * found.f_frsize // _MB, round(100 * used / total) if total else None


def _temperature(text: str) -> int | None:
    """The kernel says thousandths of a degree."""
    milli = _number(text, 10)
    return None if milli is None or not -100_000 <= milli <= 200_000 else round(milli / 1000)


def _memory(text: str) -> int | None:
    found = {
        name: int(value) for name, value in re.findall(r"^(MemTotal|MemAvailable):\s+(\d+) kB", text, re.MULTILINE)
    }
    total = found.get("MemTotal")
    return min(100, round(100 * found.get("MemAvailable", 0) / total)) if total else None


def _wear(text: str) -> int | None:
    """JEDEC JESD84-B51, DEVICE_LIFE_TIME_EST: two areas in steps of 10 %, 0x0B for what is past its life."""
    worst = max((int(word, 16) for word in re.findall(r"0x([0-9a-fA-F]{1,2})\b", text)), default=0)
    return 10 * worst or None


def _number(text: str, base: int) -> int | None:
    try:
        return int(text.strip(), base)
    except ValueError:
        return None


def _read(file: Path) -> str:
    """Empty when it is not there, or not for us."""
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            return opened.read(_FACTS)
    except OSError:
        return ""
