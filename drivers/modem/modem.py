"""A modem asked by AT commands, over a port that is ours (see drivers.modem.owner)."""

import time

from drivers import DeviceGone
from drivers.modem import Kind, Uplink, at
from drivers.ports import Port

_ANSWER_S = 2.0
_HELLOS = 3


class Modem:
    """Every method raises DeviceGone when the modem does not answer, and ProtocolError for what is no answer."""

    def __init__(self, port: Port, answer_s: float = _ANSWER_S) -> None:
        self._port = port
        self._answer_s = answer_s

    def look(self) -> Uplink:
        """Signal, operator and network time; Kind.NONE when it is on no network."""
        self._hello()
        on = any(
            at.registration(self._ask(f"AT+{command}?"), command) in at.REGISTERED
            for command in ("CEREG", "CGREG", "CREG")
        )
        signal = at.signal_percent(self._ask("AT+CSQ"))
        if not on:
            return Uplink(Kind.NONE, metered=True, signal_percent=signal)
        self._ask("AT+COPS=3,0")  # names, not numbers
        name = at.operator(self._ask("AT+COPS?"))
        return Uplink(Kind.GPRS, True, signal, name, at.network_time(self._ask("AT+CCLK?")))

    def _hello(self) -> None:
        """Wake it, tell its baud by an AT or two, and have it stop repeating what it hears."""
        for attempt in range(_HELLOS):
            try:
                self._ask("AT")
                break
            except DeviceGone:
                if attempt == _HELLOS - 1:
                    raise
        self._ask("ATE0")
        self._ask("AT+CTZU=1")  # set the clock by the network from now on; SIMCom's 2G modules know CLTS instead
        self._ask("AT+CLTS=1")

    def _ask(self, command: str) -> at.Answer:
        """Whatever it answers, ERROR too: a modem that does not know a command knows others."""
        self._port.flush()
        conversation = at.Conversation(command)
        self._port.write(conversation.sent)
        until = time.monotonic() + self._answer_s
        while (left := until - time.monotonic()) > 0:
            answer = conversation.feed(self._port.read(256, left))
            if answer:
                return answer
        raise DeviceGone("the modem does not answer")
