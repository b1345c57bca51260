"""An old machine on the network: people punch there, and what it wrote down is taken over, once.

The machine is only ever read: never locked, never cleared, its clock never set. What was taken is remembered by what
an entry says (codec.Entry.cursor), not by where it stands, so a cleared or wrapped log neither loses nor doubles one.
Live events only hasten the next look at the log; the log alone says who was there.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from drivers import DeviceGone, ProtocolError
from drivers.base import Feature, Info, Means, Reading, Recognition, Stamp
from drivers.shelf import Shelf
from drivers.zk import codec
from drivers.zk.client import Client, Counts

_WHOLE_S, _WRAPPED_S = 900.0, 60.0  # the log is read even though its length is the same: a full one stays so for ever
_COMPARE_S = 600.0
_FETCHES = 3


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it is, how it speaks, and how its entries are read. `since`: what is older is not taken over."""

    host: str
    port: int
    udp: bool
    key_file: Path | None
    zone: ZoneInfo
    since: date | None
    states: bool
    poll_s: float
    timeout_s: float


class ZkDriver:
    """See drivers.base.Driver, Informed and Acknowledged for the contract."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._client: Client | None = None
        self._device = ""
        self._about = ("", "")
        self._waiting = Shelf()
        self._taken: set[int] = set()
        self._dropped: set[int] = set()  # entries without a date or a badge, said once
        self._length = 0  # of the log when last fetched
        self._cleared = 0
        self._count = -1
        self._offset_ms: int | None = None
        self._poll_at_s = self._whole_at_s = self._compare_at_s = self._rest_s = 0.0

    @property
    def features(self) -> Feature:
        return Feature.RECOGNITION

    def open(self) -> None:
        if self._client is not None:
            return
        m = self._machine
        client = Client(m.host, m.port, udp=m.udp, key=_key(m.key_file), timeout_s=m.timeout_s)
        try:
            self._meet(client)
        except ProtocolError as error:
            client.close()
            raise DeviceGone(f"{m.host}:{m.port}: not a machine that can be read: {error}") from None
        except DeviceGone:
            client.close()
            raise
        self._waiting.again()
        self._client = client

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def read(self, timeout_s: float) -> Reading | None:
        """The next entry of the log that is not taken yet. A look at a long log may take longer than `timeout_s`."""
        until = time.monotonic() + timeout_s
        while True:
            client, now = self._open(), time.monotonic()
            if now >= self._poll_at_s:
                self._poll_at_s = now + self._machine.poll_s
                self._poll(client)
                # A long log keeps a slow machine busy: it gets as much rest as it had work.
                self._rest_s = time.monotonic() - now
            found = self._waiting.next()
            if found is not None:
                return found
            left = min(until, self._poll_at_s) - time.monotonic()
            if time.monotonic() >= until:
                return None
            if left > 0 and client.wait(left):
                self._poll_at_s, self._whole_at_s = time.monotonic() + self._rest_s, 0.0

    def taken(self, reading: Recognition) -> None:
        if reading.stamp is not None and self._waiting.take(reading) and reading.stamp.device == self._device:
            self._taken.add(int(reading.stamp.cursor, 16))

    def info(self) -> Info:
        self._open()
        details: dict[str, str | int | float] = {"entries": self._length, "waiting": len(self._waiting)}
        details |= {"cleared": self._cleared, "unusable": len(self._dropped)}
        if self._offset_ms is not None:
            details["offset_ms"] = self._offset_ms
        return Info(self._about[0], self._about[1], self._device, details)

    def _open(self) -> Client:
        if self._client is None:
            raise DeviceGone(f"{self._machine.host}:{self._machine.port}: closed")
        return self._client

    def _meet(self, client: Client) -> None:
        device = client.serial() or f"{self._machine.host}:{self._machine.port}"
        if device != self._device:
            self._device, self._length, self._taken, self._dropped = device, 0, set(), set()
        self._about = client.model(), client.firmware()
        self._compare(client)
        client.listen()
        self._count, self._poll_at_s, self._whole_at_s = -1, 0.0, 0.0

    def _poll(self, client: Client) -> None:
        if time.monotonic() >= self._compare_at_s:
            self._compare(client)
        counts = client.counts()
        if counts.records == self._count and time.monotonic() < self._whole_at_s:
            return
        entries, counts = self._fetch(client, counts)
        full = 0 < counts.capacity <= counts.records
        self._whole_at_s = time.monotonic() + (_WRAPPED_S if full else _WHOLE_S)
        self._count = counts.records
        self._sort(entries)

    def _fetch(self, client: Client, counts: Counts) -> tuple[list[codec.Entry], Counts]:
        """The whole log. Somebody may punch meanwhile: then its length is asked again, and the log with it."""
        for _ in range(_FETCHES):
            badges = codec.users(client.users(), counts.users) if counts.users else {}
            table = client.attendance() if counts.records else _nothing_or(client)
            after = client.counts()
            if after == counts:
                break
            counts = after
        else:
            raise ProtocolError("the log moved each time it was read; it is read again at the next look")
        return codec.entries(table, counts.records, badges), counts

    def _sort(self, entries: list[codec.Entry]) -> None:
        """What is new goes to those that wait; what the machine forgot, this forgets too. Raises for what is odd."""
        here: set[int] = set()
        odd = 0
        for entry in entries:
            number = int(entry.cursor, 16)
            here.add(number)
            if number in self._taken or number in self._dropped or (self._device, entry.cursor) in self._waiting:
                continue
            reading = self._reading(entry)
            if reading is None:
                self._dropped.add(number)
                odd += 1
            elif self._is_old(entry):
                self._taken.add(number)
            else:
                self._waiting.put(reading)
        self._taken &= here
        self._dropped &= here
        before, self._length = self._length, len(entries)
        if len(entries) < before:
            self._cleared += 1
            raise ProtocolError(f"the log shrank from {before} to {len(entries)} entries: somebody cleared the machine")
        if odd:
            raise ProtocolError(f"{odd} entries without a date or without a badge are left on the machine")

    def _reading(self, entry: codec.Entry) -> Recognition | None:
        try:
            when = codec.unpack_time(entry.when)
        except ProtocolError:
            return None
        if not codec.is_badge(entry.badge):
            return None
        kind = codec.STATES.get(entry.state, "") if self._machine.states else ""
        stamp = Stamp(self._ms(when), self._offset_ms, self._device, entry.cursor)
        return Recognition(entry.badge, codec.MEANS.get(entry.verify, Means.FINGER), kind, stamp)

    def _is_old(self, entry: codec.Entry) -> bool:
        since = self._machine.since
        return since is not None and codec.unpack_time(entry.when).date() < since

    def _compare(self, client: Client) -> None:
        """How far the machine's clock is ahead of ours. It shows whole seconds, so on average half of one is gone."""
        before = time.time()
        shown = client.clock()
        ours_ms = round((before + time.time()) * 500)
        self._offset_ms = self._ms(shown) + 500 - ours_ms
        self._compare_at_s = time.monotonic() + _COMPARE_S

    def _ms(self, when: datetime) -> int:
        return round(when.replace(tzinfo=self._machine.zone).timestamp() * 1000)


def _nothing_or(client: Client) -> bytes:
    """The log of a machine that says it has none: some say so wrongly, some refuse to show an empty one."""
    try:
        return client.attendance()
    except ProtocolError:
        return b""


def _key(file: Path | None) -> int:
    if file is None:
        return 0
    try:
        return int(file.read_text().strip())
    except (OSError, ValueError):
        raise DeviceGone(f"key_file {file}: cannot be read as a number") from None
