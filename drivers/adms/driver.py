"""Machines that push: each punch is answered with OK only when it is on disk, so the machine keeps what is not.

Serial numbers on the list are served, others refused and said once. A push waits, with its machine, for the commit of
all its rows; when that does not come in time it is answered with an error, and the machine sends the rows again.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.adms import codec
from drivers.adms.door import Answer, Door
from drivers.base import Feature, Info, Means, Reading, Recognition, Stamp
from drivers.shelf import Key, Shelf, key_of

_MAX_WAITING = 10_000
_MAX_TOLD = 32
_REMEMBERED = 20_000
_JUST_MADE_MS = 90_000  # a row younger than this was pushed as it was made, and so tells the time


@dataclass(frozen=True, slots=True)
class Machine:
    """One on the list: the zone its clock shows, and the word that tells it so."""

    zone: ZoneInfo
    word: str


@dataclass
class _Heard:
    """What is known of one machine since it was first heard."""

    stamp: str = ""
    offset_ms: int | None = None


class AdmsDriver:
    """See drivers.base.Driver, Informed and Acknowledged for the contract."""

    def __init__(
        self, host: str, port: int, machines: Mapping[str, Machine], *, states: bool, set_clock: bool, commit_s: float
    ) -> None:
        self._host, self._port = host, port
        self._machines = machines
        self._states, self._set_clock, self._commit_s = states, set_clock, commit_s
        self._door: Door | None = None
        self._shelf = Shelf()
        self._taken: OrderedDict[Key, None] = OrderedDict()
        self._heard: dict[str, _Heard] = {}
        self._commands: dict[str, list[tuple[int, str]]] = {}
        self._results: dict[int, int] = {}
        self._number = 0
        self._news: deque[str] = deque(maxlen=_MAX_TOLD)
        self._told: set[str] = set()
        self._counts = {"pushes": 0, "rows": 0, "bad_rows": 0, "other_rows": 0, "refused": 0}
        self._lock = threading.Lock()

    @property
    def features(self) -> Feature:
        return Feature.RECOGNITION

    def open(self) -> None:
        if self._door is None:
            self._shelf.again()
            self._door = Door(self._host, self._port, self._answer, dated=self._set_clock)

    def close(self) -> None:
        with self._lock:
            door, self._door = self._door, None
        if door is not None:
            self._shelf.close()
            door.close()

    def read(self, timeout_s: float) -> Reading | None:
        until = time.monotonic() + timeout_s
        while True:
            self._open().tidy()
            with self._lock:
                if self._news:
                    raise ProtocolError(self._news.popleft())
            found = self._shelf.next(max(0.0, until - time.monotonic()))
            if found is not None:
                return found
            self._open()
            if not self._news and time.monotonic() >= until:
                return None

    def taken(self, reading: Recognition) -> None:
        with self._lock:
            self._taken[key_of(reading)] = None
            if len(self._taken) > _REMEMBERED:
                self._taken.popitem(last=False)
        self._shelf.take(reading)

    def info(self) -> Info:
        self._open()
        with self._lock:
            details: dict[str, str | int | float] = {**self._counts, "waiting": len(self._shelf)}
            details |= {"machines": len(self._heard), "commands": sum(map(len, self._commands.values()))}
            return Info("push receiver", serial=" ".join(sorted(self._heard)), details=details)

    def order(self, serial: str, command: str) -> int:
        """Have a machine asked to tell something, when it next calls; the command's number. Raises ProtocolError."""
        with self._lock:
            if serial not in self._machines or len(self._commands.get(serial, ())) >= _MAX_TOLD:
                raise ProtocolError(f"{serial}: not on the list, or {_MAX_TOLD} commands wait already")
            self._number += 1
            self._commands.setdefault(serial, []).append((self._number, codec.check_command(command)))
            return self._number

    def result(self, number: int) -> int | None:
        """What the machine returned to this command: 0 is success, None nothing yet."""
        return self._results.get(number)

    def _open(self) -> Door:
        door = self._door
        if door is None:
            raise DeviceGone(f"{self._host}:{self._port}: closed")
        return door

    # On the threads of those who call.

    def _answer(self, method: str, target: str, body: bytes) -> Answer:
        try:
            call = codec.call(method, target)
        except ProtocolError as error:
            self._tell("request", str(error))
            return 400, "not understood"
        machine = self._machines.get(call.serial)
        if machine is None:
            self._tell(call.serial, f"{call.serial}: a machine that is not on the list")
            return 403, "not on the list"
        with self._lock:
            heard = self._heard.setdefault(call.serial, _Heard())
        match call:
            case codec.Handshake(serial):
                return 200, codec.options(serial, heard.stamp, machine.word)
            case codec.Attendance(serial, stamp):
                return self._push(serial, stamp, body, heard)
            case codec.Rows():
                rows = codec.count(body)
                self._add(other_rows=rows)
                return 200, f"OK: {rows}"
            case codec.Poll(serial):
                with self._lock:
                    return 200, codec.commands(self._commands.pop(serial, ()))
            case codec.Results():
                with self._lock:
                    self._results |= {n: r for n, r in codec.results(body).items() if n <= self._number}
                return 200, "OK"
            case codec.Other():
                return 200, "OK"
        assert_never(call)

    def _push(self, serial: str, stamp: str, body: bytes, heard: _Heard) -> Answer:
        """OK when every row is on disk; else an error, and the machine pushes them again."""
        rows, bad = codec.rows(body)
        self._add(pushes=1, rows=len(rows), bad_rows=bad)
        if bad:
            self._tell(f"rows of {serial}", f"{serial}: rows that are no punches are let go")
        readings = [self._reading(serial, row, heard) for row in rows]
        with self._lock:
            new = [reading for reading in readings if key_of(reading) not in self._taken]
        if len(self._shelf) + len(new) > _MAX_WAITING:
            return 503, "too much waits; push it again"
        for reading in new:
            self._shelf.put(reading)
        if not self._shelf.emptied([key_of(reading) for reading in new], self._commit_s):
            return 503, "not on disk yet; push it again"
        heard.stamp = stamp or heard.stamp
        return 200, f"OK: {len(rows) + bad}"

    def _reading(self, serial: str, row: codec.Row, heard: _Heard) -> Recognition:
        zone = self._machines[serial].zone
        wall_ms = round(row.when.replace(tzinfo=zone).timestamp() * 1000)
        ahead_ms = wall_ms - round(time.time() * 1000)
        if ahead_ms > -_JUST_MADE_MS:
            heard.offset_ms = ahead_ms
        kind = codec.STATES.get(row.state, "") if self._states else ""
        stamp = Stamp(wall_ms, heard.offset_ms, serial, row.cursor)
        return Recognition(row.pin, codec.MEANS.get(row.how, Means.FINGER), kind, stamp)

    def _add(self, **more: int) -> None:
        with self._lock:
            for name, n in more.items():
                self._counts[name] += n

    def _tell(self, what: str, news: str) -> None:
        """For the next read to say, once; what comes after the first few strangers is only counted."""
        with self._lock:
            self._counts["refused"] += 1
            if what not in self._told and len(self._told) < _MAX_TOLD:
                self._told.add(what)
                self._news.append(news)
        self._shelf.poke()


def machines(text: str) -> dict[str, Machine]:
    """Who is on the list, from "SERIAL=Zone, SERIAL=Zone@word". Raises OptionError.

    `word` is what the machine is told of its zone when it does not understand the usual one (codec.zone_word).
    """
    found = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        serial, _, rest = part.partition("=")
        name, _, word = rest.partition("@")
        try:
            zone = ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise OptionError(f"driver adms: machines: {part!r}: expected SERIAL=Zone, as in X1=Asia/Kolkata") from None
        offset = datetime.now(zone).utcoffset()
        found[serial] = Machine(zone, word or codec.zone_word(offset or timedelta(0)))
    if not found:
        raise OptionError("driver adms: machines: no serial number is on the list, so nobody would be served")
    return found
