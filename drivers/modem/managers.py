"""What NetworkManager and ModemManager say of the uplink (their D-Bus interfaces, as NetworkManager 1.42 and
ModemManager 1.20 of Debian 12 document them)."""

from collections.abc import Iterator
from datetime import datetime

from drivers.modem import Kind, Uplink
from drivers.modem.bus import Bus, Properties, opened, plain

NM = "org.freedesktop.NetworkManager"
NM_PATH = "/org/freedesktop/NetworkManager"
MM = "org.freedesktop.ModemManager1"
MM_PATH = "/org/freedesktop/ModemManager1"

_KINDS = {"802-3-ethernet": Kind.LAN, "802-11-wireless": Kind.WIFI, "gsm": Kind.GPRS, "cdma": Kind.GPRS}
_METERED = {1: True, 2: False, 3: True, 4: False}  # NMMetered: yes, no, guessed yes, guessed no; 0 is not known
_PORTAL = 2  # NMConnectivityState
_LONGEST = 64


def look(address: str) -> Uplink | None:
    """The link by which NetworkManager reaches the world; None when it does not run. Raises DeviceGone."""
    with opened(address) as bus:
        manager = bus.properties(NM, NM_PATH, NM)
        if not manager:
            return None
        active = bus.properties(NM, manager.get("PrimaryConnection"), f"{NM}.Connection.Active")
        if not active:
            return Uplink(Kind.NONE)
        kind = _KINDS.get(_text(manager, "PrimaryConnectionType") or _text(active, "Type"), Kind.OTHER)
        metered = _METERED.get(_number(manager, "Metered"), kind is Kind.GPRS)
        portal = _number(manager, "Connectivity") == _PORTAL
        device = bus.properties(NM, _first(active.get("Devices")), f"{NM}.Device")
        if kind is Kind.WIFI:
            return Uplink(kind, metered, _strength(bus, _first(active.get("Devices"))), portal=portal)
        if kind is Kind.GPRS:
            signal, operator, at = _mobile(bus, {_text(device, "Interface"), _text(device, "IpInterface")})
            return Uplink(kind, metered, signal, operator, at, portal)
        return Uplink(kind, metered, portal=portal)


def ports(bus: Bus) -> set[str] | None:
    """The names of every port that ModemManager has, as in ttyUSB2; None when it does not run. Raises DeviceGone."""
    answer = bus.ask("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", MM)
    if not answer or answer[0] is not True:
        return None
    return {name for _, modem in _modems(bus) for name in _ports(modem)}


def _mobile(bus: Bus, interfaces: set[str]) -> tuple[int | None, str, datetime | None]:
    """(signal in per cent, operator, network time) of the modem behind these interfaces, else of the first one."""
    modems = list(_modems(bus))
    if not modems:
        return None, "", None
    path, modem = next(((p, m) for p, m in modems if interfaces & _ports(m)), modems[0])
    quality = modem.get("SignalQuality")
    signal = quality[0] if isinstance(quality, tuple) and quality else None
    registered = bus.properties(MM, path, f"{MM}.Modem.Modem3gpp")
    answer = bus.ask(MM, path, f"{MM}.Modem.Time", "GetNetworkTime")
    return _percent(signal), _text(registered, "OperatorName"), _time(answer[0] if answer else None)


def _modems(bus: Bus) -> Iterator[tuple[str, Properties]]:
    """Path and properties of each."""
    answer = bus.ask(MM, MM_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    objects = answer[0] if answer else {}
    for path, interfaces in objects.items() if isinstance(objects, dict) else ():
        if isinstance(interfaces, dict) and f"{MM}.Modem" in interfaces:
            yield str(path), plain(interfaces[f"{MM}.Modem"])


def _ports(modem: Properties) -> set[str]:
    found = modem.get("Ports")
    names = {str(port[0]) for port in found if isinstance(port, tuple) and port} if isinstance(found, list) else set()
    return names | ({_text(modem, "PrimaryPort")} - {""})


def _strength(bus: Bus, device: object) -> int | None:
    wireless = bus.properties(NM, device, f"{NM}.Device.Wireless")
    point = bus.properties(NM, wireless.get("ActiveAccessPoint"), f"{NM}.AccessPoint")
    strength = point.get("Strength")
    return _percent(strength[0] if isinstance(strength, bytes) and strength else strength)


def _percent(value: object) -> int | None:
    return min(100, value) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _time(value: object) -> datetime | None:
    """ISO 8601 with an offset; a time without one could be anywhere."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def _text(properties: Properties, name: str) -> str:
    value = properties.get(name)
    return value[:_LONGEST] if isinstance(value, str) and value.isprintable() else ""


def _number(properties: Properties, name: str) -> int:
    value = properties.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
