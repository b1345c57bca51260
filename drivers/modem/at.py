"""AT commands: what is sent, and what an answer says. No I/O.

3GPP TS 27.007 (+CSQ, +CREG, +CGREG, +CEREG, +COPS, +CCLK, +CPIN) and ITU-T V.250 (framing, echo, result codes).
A modem may repeat the command, and says things nobody asked for between the lines of an answer.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from drivers import ProtocolError

MAX_LINE = 512
MAX_LINES = 64
_FINAL = re.compile(r"OK|ERROR|\+CM[ES] ERROR: ?.*|NO CARRIER|COMMAND NOT SUPPORT")
_SET_SINCE = 2024  # an unset clock says 1970, 1980 or 2004
REGISTERED = (1, 5)  # at home, roaming


@dataclass(frozen=True, slots=True)
class Answer:
    """The lines up to the final one, and that one."""

    lines: tuple[str, ...]
    final: str

    @property
    def fine(self) -> bool:
        return self.final == "OK"


class Conversation:
    """One command and its answer. Raises ProtocolError for lines too long or too many."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._rest = b""
        self._lines: list[str] = []

    @property
    def sent(self) -> bytes:
        return self._command.encode("ascii") + b"\r"

    def feed(self, data: bytes) -> Answer | None:
        """The answer once it is whole."""
        *lines, self._rest = re.split(rb"[\r\n]+", self._rest + data)
        if len(self._rest) > MAX_LINE:
            raise ProtocolError(f"a line of more than {MAX_LINE} bytes from the modem")
        for line in lines:
            text = line.decode("ascii", errors="replace").strip()
            if not text or text == self._command:
                continue
            if _FINAL.fullmatch(text):
                return Answer(tuple(self._lines), text)
            self._lines.append(text[:MAX_LINE])
            if len(self._lines) > MAX_LINES:
                raise ProtocolError(f"more than {MAX_LINES} lines from the modem")
        return None


def signal_percent(answer: Answer) -> int | None:
    """+CSQ: rssi,ber with rssi 0 to 31 (dBm = −113 + 2 rssi); 99 and what a modem makes up beyond is not known."""
    for rssi, _ in _fields(answer, "+CSQ", r"(\d{1,3}),(\d{1,3})"):
        if int(rssi) <= 31:
            return round(int(rssi) * 100 / 31)
    return None


def registration(answer: Answer, command: str) -> int | None:
    """+CREG: n,stat[,…] and its sisters. What comes unasked has no n: a number alone, or a quoted text after it."""
    for _, status in _fields(answer, f"+{command}", r"([0-5]),(\d{1,2})(?:,.*)?"):
        return int(status)
    return None


def operator(answer: Answer) -> str:
    """+COPS: mode,format,"name"[,act]; empty when on none."""
    for (name,) in _fields(answer, "+COPS", r'\d,\d,"([^"]{0,64})".*'):
        return str(name) if name.isprintable() else ""
    return ""


def network_time(answer: Answer) -> datetime | None:
    """+CCLK: "yy/MM/dd,hh:mm:ss±zz": local time, and its offset in quarters of an hour. None when it was never set."""
    for year, month, day, hour, minute, second, quarters in _fields(
        answer, "+CCLK", r'"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)"'
    ):
        try:
            zone = timezone(timedelta(minutes=15 * int(quarters)))
            found = datetime(2000 + int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=zone)
        except ValueError:
            continue
        known = _SET_SINCE <= found.year < 2070  # 70 and 80 are 1970 and 1980
        return found.astimezone(UTC) if known else None
    return None


def _fields(answer: Answer, prefix: str, pattern: str) -> list[tuple[str, ...]]:
    """What the lines that begin so say, where they say it as they should."""
    found = (re.fullmatch(re.escape(prefix) + r": ?" + pattern, line, re.ASCII) for line in answer.lines)
    return [match.groups() for match in found if match]
