"""Questions over D-Bus, each with a time limit; a service that is not running is not started by being asked.

jeepney: pure Python and blocking, so it needs neither a compiler, nor libdbus, nor an event loop on the terminal.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from jeepney import DBusAddress, DBusErrorResponse, MessageFlag, new_method_call  # type: ignore[import-untyped]
from jeepney.io.blocking import DBusConnection, open_dbus_connection  # type: ignore[import-untyped]
from jeepney.wrappers import unwrap_msg  # type: ignore[import-untyped]

from drivers import DeviceGone

_TIMEOUT_S = 2.0
_PROPERTIES = "org.freedesktop.DBus.Properties"
_ABSENT = {
    "org.freedesktop.DBus.Error." + name
    for name in ("ServiceUnknown", "NameHasNoOwner", "UnknownObject", "UnknownMethod", "UnknownInterface")
}

Properties = Mapping[str, object]


class NoBus(DeviceGone):
    """There is no D-Bus here."""


class Bus:
    """One connection. Every method raises DeviceGone when the bus, or who was asked, does not answer in time."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection

    def ask(self, name: str, path: str, interface: str, method: str, *given: str) -> tuple[object, ...] | None:
        """What the method returns, None when there is no such service, object or method. `given`: texts."""
        address = DBusAddress(path, name, interface)
        message = new_method_call(address, method, "s" * len(given) or None, given)
        message.header.flags = MessageFlag.no_auto_start
        try:
            answer = self._connection.send_and_get_reply(message, timeout=_TIMEOUT_S)
            return tuple(unwrap_msg(answer))
        except DBusErrorResponse as error:
            if error.name in _ABSENT:
                return None
            raise DeviceGone(f"{name}: {method}: {error.name}") from None
        except TimeoutError:
            raise DeviceGone(f"{name}: no answer in time") from None
        except Exception as error:  # noqa: BLE001 - the library raises whatever its parser meets
            raise DeviceGone(f"{name}: {type(error).__name__}") from None

    def properties(self, name: str, path: object, interface: str) -> Properties:
        """All of an object's properties on one interface; none when it is not there, or `path` is no path."""
        if not isinstance(path, str) or not path.startswith("/") or path == "/":
            return {}
        answer = self.ask(name, path, _PROPERTIES, "GetAll", interface)
        return plain(answer[0]) if answer else {}


def plain(found: object) -> dict[str, object]:
    """A dictionary of variants as one of values."""
    if not isinstance(found, dict):
        return {}
    return {
        str(key): value[1] if isinstance(value, tuple) and len(value) == 2 else value for key, value in found.items()
    }


@contextmanager
def opened(address: str) -> Iterator[Bus]:
    """`address`: SYSTEM, or a D-Bus address. Raises NoBus when there is none."""
    try:
        connection = open_dbus_connection(address, auth_timeout=_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - as above
        raise NoBus(f"no D-Bus at {address}: {type(error).__name__}") from None
    try:
        yield Bus(connection)
    finally:
        connection.close()
