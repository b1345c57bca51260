"""The seam between the agent and whatever carries its messages; and LoopbackLink, which carries them in memory.

LoopbackLink ships: demos, simulations and tests run whole systems over it, with cuts, losses and repeats at will.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sync import LinkError
from sync.reasons import Reason, Why


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that arrived. `done()` tells the carrier that it is safe here; until then it may come again."""

    topic: str
    payload: bytes
    done: Callable[[], None]


OnDelivery = Callable[[Delivery], None]
OnState = Callable[[bool, Why], None]
Will = Callable[[], tuple[str, bytes]]


class Link(Protocol):
    """Carries messages at least once while up. Both callbacks run on the link's own thread and must not block."""

    def open(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None = None) -> None:
        """Start to connect and to stay connected; `on_state(up, why)` tells each change.

        With Reason.GREETING what is said goes out, but nobody has answered yet; Reason.CONNECTED or the end follows.

        `will` is asked at each connection for (topic, payload) to be published by the other side if we vanish.
        """
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand over one message. Raises LinkError when there is no link now; it may still get lost later."""
        ...

    def close(self) -> None:
        """Say goodbye and stop; no callback runs after this returns."""
        ...


def matches(pattern: str, topic: str) -> bool:
    """Does an MQTT topic filter (`+`, `#`; MQTT 3.1.1, section 4.7) cover this topic?"""
    wanted, found = pattern.split("/"), topic.split("/")
    for i, part in enumerate(wanted):
        if part == "#":
            return True
        if i >= len(found) or part not in ("+", found[i]):
            return False
    return len(wanted) == len(found)


@dataclass
class Hub:
    """A broker in memory: who listens to what, and the last retained message of each topic."""

    links: list["LoopbackLink"] = field(default_factory=list)
    retained: dict[str, bytes] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def spread(self, topic: str, payload: bytes, retain: bool) -> None:
        with self.lock:
            if retain:
                self.retained[topic] = payload
            listeners = [link for link in self.links if link.listens_to(topic)]
        for link in listeners:
            link.deliver(topic, payload)


class LoopbackLink:
    """A Link through a Hub. `cut()` and `mend()` break and restore it as a network would."""

    def __init__(self, hub: Hub, subscriptions: tuple[str, ...]) -> None:
        self._hub = hub
        self._subscriptions = subscriptions
        self._up = False
        self._on_delivery: OnDelivery | None = None
        self._on_state: OnState | None = None
        self._will: Will | None = None
        self._last_will: tuple[str, bytes] | None = None

    def open(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None = None) -> None:
        self._on_delivery, self._on_state, self._will = on_delivery, on_state, will
        with self._hub.lock:
            self._hub.links.append(self)
        self.mend()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        if not self._up:
            raise LinkError("no link: the loopback is cut")
        self._hub.spread(topic, payload, retain)

    def close(self) -> None:
        self._up = False
        with self._hub.lock:
            if self in self._hub.links:
                self._hub.links.remove(self)
        self._on_delivery = self._on_state = None

    def cut(self, detail: str = "cut") -> None:
        self._up = False
        if self._last_will:
            self._hub.spread(*self._last_will, retain=False)
        if self._on_state:
            self._on_state(False, Why(Reason.LOST, detail))

    def mend(self) -> None:
        self._up = True
        self._last_will = self._will() if self._will else None
        if self._on_state:
            self._on_state(True, Why(Reason.CONNECTED))
        with self._hub.lock:
            kept = [(t, p) for t, p in self._hub.retained.items() if self.listens_to(t)]
        for topic, payload in kept:
            self.deliver(topic, payload)

    def listens_to(self, topic: str) -> bool:
        return self._up and any(matches(pattern, topic) for pattern in self._subscriptions)

    def deliver(self, topic: str, payload: bytes) -> None:
        if self._on_delivery:
            self._on_delivery(Delivery(topic, payload, lambda: None))
