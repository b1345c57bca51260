"""How the terminal is connected just now: sync knows and notes it, the terminal shows it in a corner of the screen.

One small file in the runtime directory, which is memory and no SD card: it is written once a minute, and by sync
alone. Facts for people; nothing depends on them, and facts older than some minutes are none.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers import modem
from sync.agent import AgentState

if TYPE_CHECKING:
    from edge.screen.scene import Link

EVERY_S = 60.0
_STALE_S = 3 * EVERY_S
_MAX_BYTES = 4096
_MAX_WORDS = 120
_BARS = 4


@dataclass(frozen=True, slots=True)
class Connection:
    """`up`: the aggregator's broker is reached, or else `reason`. The rest is of the link: see drivers.modem.Uplink."""

    up: bool
    reason: str
    kind: modem.Kind
    metered: bool = False
    signal_percent: int | None = None
    operator: str = ""

    @property
    def link(self) -> "Link | None":
        """What the corner shows: crossed out when nothing gets through, whatever the link; None: of another kind."""
        from edge.screen.scene import Link  # a megabyte of words in four languages, which sync has no use for

        links = {modem.Kind.LAN: Link.LAN, modem.Kind.WIFI: Link.WIFI, modem.Kind.GPRS: Link.MOBILE}
        return links.get(self.kind) if self.up else Link.NONE

    @property
    def bars(self) -> int | None:
        """0 to 4, for a link by air that carries something."""
        by_air = self.up and self.kind in (modem.Kind.WIFI, modem.Kind.GPRS)
        return round(_BARS * self.signal_percent / 100) if by_air and self.signal_percent is not None else None

    def facts(self) -> dict[str, Any]:
        """For the technician: what there is to say, by plain names."""
        said: dict[str, Any] = {"link": self.kind.value, "up": self.up, "reason": self.reason, "metered": self.metered}
        said |= {"signal_percent": self.signal_percent, "operator": self.operator}
        return {name: value for name, value in said.items() if value not in (None, "")}


class Noting(threading.Thread):
    """Of the sync process: looks at the link every minute, and notes that and each change of the agent's."""

    def __init__(self, file: Path, stop: threading.Event, look: Callable[[], modem.Uplink] = modem.look) -> None:
        super().__init__(name="connection", daemon=True)
        self._file, self._ending, self._look = file, stop, look
        self._changed = threading.Condition()
        self._agent = AgentState()
        self._fresh = False
        self.uplink = modem.Uplink(modem.Kind.OTHER)

    def __call__(self, state: AgentState) -> None:
        """The agent's state, from its own thread: noted soon."""
        with self._changed:
            self._fresh |= (state.up, state.reason) != (self._agent.up, self._agent.reason)
            self._agent = state
            self._changed.notify_all()

    def run(self) -> None:
        """Until `stop`, which is noticed with the next look at the latest; then what was noted is taken away."""
        due_s = 0.0
        while not self._ending.is_set():
            if time.monotonic() >= due_s:
                self.uplink, due_s = self._look(), time.monotonic() + EVERY_S
            note(self._file, self._now())
            with self._changed:
                self._changed.wait_for(lambda: self._fresh or self._ending.is_set(), max(0.0, due_s - time.monotonic()))
                self._fresh = False

    def end(self) -> None:
        """After `stop` was set."""
        with self._changed:
            self._changed.notify_all()
        self.join(EVERY_S / 10)
        self._file.unlink(missing_ok=True)

    def _now(self) -> Connection:
        link, agent = self.uplink, self._agent
        reason = "" if agent.up else agent.reason
        return Connection(agent.up, reason, link.kind, link.metered, link.signal_percent, link.operator)


def note(file: Path, connection: Connection) -> None:
    """Whole or not at all. A runtime directory that cannot be written costs a sign in the corner, and nothing else."""
    fields = asdict(
        replace(connection, reason=connection.reason[:_MAX_WORDS], operator=connection.operator[:_MAX_WORDS])
    )
    new = file.with_suffix(".new")
    with contextlib.suppress(OSError):
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w") as out:
            out.write(json.dumps({**fields, "at_s": _since_boot_s()}))
        new.rename(file)


def noted(file: Path) -> Connection | None:
    """What sync noted last; None when it did not, long ago, or what is no such note."""
    try:
        with file.open("rb") as noted:
            found = json.loads(noted.read(_MAX_BYTES))
        age_s = _since_boot_s() - float(found.pop("at_s"))
        return _connection(found) if 0 <= age_s < _STALE_S else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _connection(found: dict[str, Any]) -> Connection:
    """Raises ValueError, TypeError."""
    signal = found.get("signal_percent")
    plain = all(type(found.get(name, False)) is bool for name in ("up", "metered"))
    words = all(isinstance(found.get(name, ""), str) for name in ("reason", "operator"))
    if not plain or not words or not (signal is None or (type(signal) is int and 0 <= signal <= 100)):
        raise ValueError("no such note")
    return Connection(**{**found, "kind": modem.Kind(found["kind"])})


def _since_boot_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
