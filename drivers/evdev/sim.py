"""A numpad that is not there: the kernel's input events, byte by byte, on a pseudo-terminal.

The kernel answers ioctls that a pseudo-terminal does not know, so a program has to be told its path, as ours can be.
"""

import contextlib
import os
import time

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.entry import Stage
from drivers.evdev import codec
from drivers.ports import Pty

_HELP = "press KEY… · hold KEY · noise · lose KEY… · half KEY · unplug · plug · help"
EV_MSC, MSC_SCAN = 4, 4


class KeypadSim:
    """See drivers.entry.Simulation. Keys are 0 to 9, enter, clear, and the names of codec.NAMED."""

    def __init__(self, stage: Stage) -> None:
        if stage.port or stage.tcp:
            raise OptionError("a keypad stands on a pseudo-terminal only: --pty LINK")
        self._event = codec.EVENT_32 if stage.variant == "armhf" else codec.EVENT
        self._pty = Pty(stage.pty)

    @property
    def where(self) -> str:
        return self._pty.where

    def do(self, what: str) -> str:
        verb, *keys = what.split() or ["help"]
        match verb, keys:
            case "press", [_, *_]:
                return self._send(b"".join(self.stroke(key) for key in keys), what)
            case "hold", [key]:
                return self._send(
                    self.event(codec.EV_KEY, code(key), 1) + 5 * self.event(codec.EV_KEY, code(key), 2), what
                )
            case "half", [key]:
                return self._send(self.stroke(key)[: self._event.size // 2], what)
            case "lose", [_, *_]:
                return self._send(
                    self.event(codec.EV_SYN, codec.SYN_DROPPED, 0) + b"".join(map(self.stroke, keys)), what
                )
            case "noise", []:
                # Of no meaning: a wheel that turned, a key without a name, a type there is not.
                return self._send(self.event(2, 8, -1) + self.event(codec.EV_KEY, 700, 1) + self.event(99, 9, 9), what)
            case "unplug", []:
                self._pty.unplug()
                return "unplugged"
            case "plug", []:
                self._pty.plug()
                return f"plugged in at {self.where}"
            case "help", []:
                return _HELP
        raise ProtocolError(f"{what!r}: expected {_HELP}")

    def stroke(self, key: str) -> bytes:
        """One key down and up again, as a USB numpad reports it."""
        number = code(key)
        scan = self.event(EV_MSC, MSC_SCAN, 0x70000 + number)
        report = self.event(codec.EV_SYN, codec.SYN_REPORT, 0)
        down, up = (self.event(codec.EV_KEY, number, value) for value in (1, 0))
        return scan + down + report + scan + up + report

    def event(self, kind: int, number: int, value: int) -> bytes:
        now_s = time.time()
        return self._event.pack(int(now_s), int(now_s % 1 * 1e6), kind, number, value)

    def close(self) -> None:
        self._pty.close()

    def _send(self, data: bytes, what: str) -> str:
        with contextlib.suppress(BlockingIOError):
            try:
                os.write(self._pty.fileno(), data)
            except OSError as error:
                raise DeviceGone(f"{self.where}: {error.strerror}") from None
        return what


_CODES = {"enter": 96, "clear": 14} | {digit: number for number, digit in codec.NUMPAD.items()}


def code(key: str) -> int:
    """The numpad's code of a key. Raises ProtocolError."""
    number = _CODES.get(key) or codec.NAMED.get(key, (0,))[0]
    if not number:
        raise ProtocolError(f"no key {key!r}; keys: {' '.join([*_CODES, *codec.NAMED])}")
    return number
