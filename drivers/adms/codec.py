"""What machines push over HTTP ("ADMS", "iclock"), and what they are answered. No I/O.

    GET  /iclock/cdata?SN=…&options=all            the handshake                    → options, one a line
    POST /iclock/cdata?SN=…&table=ATTLOG&Stamp=…   rows of a table                  → OK: how many
    GET  /iclock/getrequest?SN=…                   is there something to do?        → C:<number>:<command>, or OK
    POST /iclock/devicecmd?SN=…                    what came of it                  → OK

A row of ATTLOG: PIN ⇥ YYYY-MM-DD HH:MM:SS ⇥ state ⇥ how ⇥ work code …. Some firmwares say .aspx, or end with a slash.
Of OPERLOG and of users, fingers, faces and photographs only the number of rows is taken: their answer lets the machine
go on, and nothing of them is kept.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from drivers import ProtocolError
from drivers.base import Means

PORT = 8081
MAX_BODY = 1024 * 1024
MAX_ROWS = 5000
MAX_COMMAND = 200
_SERIAL = re.compile(r"[A-Za-z0-9._-]{1,32}")
_PIN = re.compile(r"[A-Za-z0-9._-]{1,24}")

STATES = {"0": "in", "1": "out", "2": "movement_out", "3": "movement_in", "4": "in", "5": "out"}
# Claimed: 0, 2 by old firmwares, 3, 4, 15 by later ones; whatever else, the finger it was bought for.
MEANS = {"0": Means.PASSWORD, "2": Means.CARD, "3": Means.PASSWORD, "4": Means.CARD, "15": Means.FACE}
# What may be asked of a machine: to tell. Never a shell, a restart, or a change of what it holds.
_TELLING = re.compile(r"(INFO|CHECK|LOG|DATA QUERY ATTLOG StartTime=[0-9: -]{19}\tEndTime=[0-9: -]{19})")


@dataclass(frozen=True, slots=True)
class Handshake:
    serial: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table other than ATTLOG: only counted."""

    serial: str
    table: str


@dataclass(frozen=True, slots=True)
class Attendance:
    serial: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Poll:
    serial: str


@dataclass(frozen=True, slots=True)
class Results:
    serial: str


@dataclass(frozen=True, slots=True)
class Other:
    """Something the newer firmwares say besides: registry, push, ping."""

    serial: str


Call = Handshake | Attendance | Rows | Poll | Results | Other


@dataclass(frozen=True, slots=True)
class Row:
    """One punch as the machine tells it; `when` is its local wall time."""

    pin: str
    when: datetime
    state: str
    how: str

    @property
    def cursor(self) -> str:
        """Who and when: the machines themselves have nothing better to tell two punches apart by."""
        return f"{self.when:%Y%m%d%H%M%S}-{self.pin}"


def call(method: str, target: str) -> Call:
    """What a request asks for. Raises ProtocolError for anything that no such machine says."""
    parts = urlsplit(target)
    word = parts.path.lower().rstrip("/").removesuffix(".aspx").rpartition("/iclock/")[2]
    given = {name.lower(): value for name, value in parse_qsl(parts.query, max_num_fields=32)}
    serial = given.get("sn", "")
    if not parts.path.lower().startswith("/iclock/") or not _SERIAL.fullmatch(serial):
        raise ProtocolError("a request without /iclock/ or a serial number")
    match method, word:
        case "GET", "cdata":
            return Handshake(serial)
        case "POST", "cdata" if given.get("table", "").upper() == "ATTLOG":
            return Attendance(serial, re.sub(r"\W", "", given.get("stamp", ""))[:32])
        case "POST", "cdata" | "fdata":
            return Rows(serial, re.sub(r"\W", "", given.get("table", ""))[:16].upper())
        case "GET", "getrequest":
            return Poll(serial)
        case "POST", "devicecmd":
            return Results(serial)
        case "GET" | "POST", "registry" | "push" | "ping":
            return Other(serial)
    raise ProtocolError("a request no such machine makes")


def rows(body: bytes) -> tuple[list[Row], int]:
    """The punches in an ATTLOG body, and how many of its lines are none."""
    lines = [line for line in body.decode("utf-8", "replace").splitlines() if line.strip()]
    found = [row for row in map(_row, lines[:MAX_ROWS]) if row]
    return found, len(lines) - len(found)


def _row(line: str) -> Row | None:
    fields = [*(field.strip() for field in line.split("\t")), "", "", ""]
    try:
        when = datetime.strptime(fields[1], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - its zone is in the settings
    except ValueError:
        return None
    return Row(fields[0], when, fields[2], fields[3]) if _PIN.fullmatch(fields[0]) else None


def count(body: bytes) -> int:
    return sum(1 for line in body.splitlines() if line.strip())


def options(serial: str, stamp: str, zone: str) -> str:
    """The answer to a handshake. `stamp`: everything after it is sent again; "0": everything."""
    values = {
        "ATTLOGStamp": stamp or "0",
        "OPERLOGStamp": "9999",
        "ATTPHOTOStamp": "None",
        "ErrorDelay": "30",
        "Delay": "10",
        "TransTimes": "00:00;14:05",
        "TransInterval": "1",
        "TransFlag": "TransData AttLog\tOpLog",  # no people, fingers, faces, photographs
        "TimeZone": zone,
        "Realtime": "1",
        "Encrypt": "None",
    }
    return f"GET OPTION FROM: {serial}\n" + "".join(f"{name}={value}\n" for name, value in values.items())


def zone_word(offset: timedelta) -> str:
    """An offset from UTC as the machines read it: whole hours, or else minutes (330 on those tried in India)."""
    minutes = round(offset.total_seconds() / 60)
    return str(minutes // 60 if minutes % 60 == 0 else minutes)


def commands(waiting: Sequence[tuple[int, str]]) -> str:
    return "".join(f"C:{number}:{command}\n" for number, command in waiting) or "OK"


def check_command(command: str) -> str:
    """Raises ProtocolError for a command that would change the machine, or none at all."""
    if len(command) > MAX_COMMAND or not _TELLING.fullmatch(command):
        raise ProtocolError("expected INFO, CHECK, LOG, or DATA QUERY ATTLOG with StartTime and EndTime")
    return command


def results(body: bytes) -> Mapping[int, int]:
    """Return code by command number; 0 is success. Lines that say neither are left out."""
    found: dict[int, int] = {}
    for line in body.decode("utf-8", "replace").splitlines()[:100]:
        said = dict(parse_qsl(line.strip()[:MAX_COMMAND], max_num_fields=None))
        if re.fullmatch(r"\d{1,9}", said.get("ID", "")) and re.fullmatch(r"-?\d{1,9}", said.get("Return", "")):
            found[int(said["ID"])] = int(said["Return"])
    return found
