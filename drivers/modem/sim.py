"""A pretended modem on a serial line: the AT commands that software asks a modem before it dials.

    signal N · operator NAME · off · on · time TEXT · urc TEXT · error · cme N · mute · speak · unplug · plug · help

`urc`: this line between those of every answer from now on; `error` and `cme`: the next commands end so; `mute`: no
answer at all.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

from drivers import OptionError, ProtocolError
from drivers.entry import Stage
from drivers.modem import VARIANTS
from drivers.stand import Stand

_BAUD = 115200
_IST = timezone(timedelta(hours=5, minutes=30))
_WHO = {
    "sim800": ("SIMCOM_Ltd", "SIMCOM_SIM800L", "Revision:1418B04SIM800L24"),
    "ec25": ("Quectel", "EC25", "Revision: EC25EUGAR06A07M4G"),
    "sim7600": ("SIMCOM INCORPORATED", "SIMCOM_SIM7600E-H", "SIM7600M22_V2.0"),
}
_UNASKED = {"sim800": "", "ec25": '+QIND: "csq",21,99', "sim7600": '*PSUTTZ: 26/11/22,05:45:12","+22",0'}
_NEWS = 7  # so many answers, and then a line that nobody asked for
_SETTINGS = re.compile(
    r"ATZ|ATE[01]|AT&F|AT\+(CTZU|CTZR|CLTS|CREG|CGREG|CEREG|CMEE|COPS|CMGF|CNMI|CGDCONT|CFUN|CSCS)=.*|AT&.*"
)


class ModemSimulation:
    def __init__(self, stage: Stage) -> None:
        variant = stage.variant or next(iter(VARIANTS))
        if variant not in VARIANTS:
            raise OptionError(f"variant = {variant!r}: expected one of {', '.join(VARIANTS)}")
        self._variant = variant
        self._echo = variant != "sim7600"
        self._signal, self._operator, self._on = 21, "airtel", True
        self._urc = ""
        self._said = 0
        self._clock = ""
        self._charset = "IRA"
        self._final = "OK"
        self._mute = False
        self._heard = b""
        self._stand = Stand(stage, self._hear, lambda: _BAUD)

    @property
    def where(self) -> str:
        return self._stand.where

    def do(self, what: str) -> str:
        word, _, rest = what.strip().partition(" ")
        match word:
            case "help":
                return "signal N, operator NAME, off, on, time TEXT, urc TEXT, error, cme N, mute, speak, unplug, plug"
            case "signal" if rest.isdecimal():
                self._signal = int(rest)
            case "operator" if rest.isprintable() and '"' not in rest:
                self._operator = rest
            case "on" | "off":
                self._on = word == "on"
            case "time":
                self._clock = rest
            case "urc":
                self._urc = rest
            case "error":
                self._final = "ERROR"
            case "cme" if rest.isdecimal():
                self._final = f"+CME ERROR: {rest}"
            case "mute" | "speak":
                self._mute, self._final = word == "mute", "OK"
            case "unplug":
                self._stand.unplug()
            case "plug":
                self._stand.plug()
            case _:
                raise ProtocolError(f"{what!r}: not known here; see help")
        return "ok"

    def close(self) -> None:
        self._stand.close()

    def _hear(self, data: bytes, _baud: int | None) -> Iterable[bytes]:
        *commands, self._heard = re.split(rb"\r\n?|\n", (self._heard + data)[-4096:])
        for line in commands:
            command = line.decode("ascii", errors="replace").strip()
            if command and not self._mute:
                yield self._say(command)

    def _say(self, command: str) -> bytes:
        """The whole answer, echo and all."""
        echo = f"{command}\r".encode() if self._echo else b""
        known = self._answer(command.upper()) if self._final == "OK" else None
        lines = [*([self._urc] if self._urc else []), *(known or [])]
        final = "OK" if known is not None else self._final if self._final != "OK" else "ERROR"
        self._said += 1
        news = [_UNASKED[self._variant]] if _UNASKED[self._variant] and self._said % _NEWS == 0 else []
        return echo + b"".join(f"\r\n{line}\r\n".encode() for line in [*lines, final, *news])

    def _answer(self, command: str) -> list[str] | None:
        """The lines before OK; None: it does not know the command."""
        maker, model, revision = _WHO[self._variant]
        lte = self._variant != "sim800"
        status = 1 if self._on else 2
        act = 7 if lte else 0
        cell = f'0,{status},"00A1","0012AB34",{act}' if self._on else f"0,{status}"
        name = self._operator if self._charset != "UCS2" else self._operator.encode("utf-16-be").hex().upper()
        answers = {
            "AT": [],
            "ATI": [maker, model, revision],
            "AT+CGMI": [maker],
            "AT+CGMM": [model],
            "AT+CGMR": [revision],
            "AT+CPIN?": ["+CPIN: READY"],
            "AT+CSQ": [f"+CSQ: {self._signal},99"],
            "AT+CREG?": [f"+CREG: {cell}"],
            "AT+CGREG?": [f"+CGREG: {cell}"],
            "AT+CGATT?": [f"+CGATT: {int(self._on)}"],
            "AT+COPS?": [f'+COPS: 0,0,"{name}",{act}' if self._on else "+COPS: 0"],
            "AT+CCLK?": [f'+CCLK: "{self._clock or _now()}"'],
            "AT+CBC": ["+CBC: 0,87,4105"],
            "AT+CSCS=?": ['+CSCS: ("IRA","GSM","UCS2")'],
            "AT+CSCS?": [f'+CSCS: "{self._charset}"'],
            "AT+CGSN": ["000000000000000"],
            "AT+CIMI": ["000000000000000"],
        }
        if lte:
            answers["AT+CEREG?"] = [f"+CEREG: {cell}"]
        chosen = re.fullmatch(r'AT\+CSCS="(IRA|GSM|UCS2)"', command)
        if chosen:
            self._charset = chosen[1]
        if command in ("ATE0", "ATE1"):
            self._echo = command == "ATE1"
        if command.startswith("AT+CLTS") and lte:
            return None  # only the 2G modules have it
        return [] if _SETTINGS.fullmatch(command) and command not in answers else answers.get(command)


def _now() -> str:
    """By the computer's clock, as an Indian network would tell it."""
    return datetime.now(UTC).astimezone(_IST).strftime("%y/%m/%d,%H:%M:%S+22")
