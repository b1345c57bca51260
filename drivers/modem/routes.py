"""The uplink as the kernel sees it, where no NetworkManager runs: the default route, and what device it takes."""

from pathlib import Path

from drivers.modem import Kind, Uplink

_PPP = "512"  # ARPHRD_PPP (Linux, if_arp.h)
_UP = 0x1  # RTF_UP (Linux, route.h)
_MAX_BYTES = 64 * 1024


def look(root: Path = Path("/")) -> Uplink:
    """By the default route with the least metric; Kind.NONE when there is none."""
    interface = _default(_read(root / "proc/net/route"))
    if interface is None:
        return Uplink(Kind.NONE)
    device = root / "sys/class/net" / interface
    if _read(device / "type").strip() == _PPP or "DEVTYPE=wwan" in _read(device / "uevent").split():
        return Uplink(Kind.GPRS, metered=True)
    if (device / "wireless").exists() or (device / "phy80211").exists():
        return Uplink(Kind.WIFI, signal_percent=_signal(_read(root / "proc/net/wireless"), interface))
    return Uplink(Kind.LAN)


def _default(table: str) -> str | None:
    """/proc/net/route: Iface Destination Gateway Flags RefCnt Use Metric Mask …, figures in hex but for the metric."""
    found: list[tuple[int, str]] = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        try:
            interface, destination, flags, metric, mask = (
                fields[0],
                fields[1],
                int(fields[3], 16),
                int(fields[6]),
                fields[7],
            )
        except (IndexError, ValueError):
            continue
        if int(flags) & _UP and set(destination) == {"0"} and set(mask) == {"0"} and "/" not in interface:
            found.append((metric, interface))
    return min(found)[1] if found else None


def _signal(table: str, interface: str) -> int | None:
    """/proc/net/wireless: the link quality, of 70 as all drivers of mac80211 count it."""
    for line in table.splitlines():
        name, _, figures = line.partition(":")
        if name.strip() == interface:
            quality = [*figures.split(), "", ""][1].rstrip(".")
            return min(100, round(int(quality) * 100 / 70)) if quality.isdecimal() else None
    return None


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MAX_BYTES)
    except OSError:
        return ""
