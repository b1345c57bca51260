"""The network and its broker: late, twice, in another order, or not at all, but never other than it was said.

What may happen to a message is what may happen to one over MQTT: it is lost with the line it was on, or with a broker
that is wiped, and it comes again where nobody acknowledged it. What a line carries stays in order, but for batches:
they overtake each other now and then, which the aggregator must not mind. One name, one session: a newcomer ends the
other's.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random

from server.simulate.world import HOUR_MS, SECOND_MS, World
from sync import LinkError
from sync.link import Delivery, OnDelivery, OnState, Will
from sync.reasons import Reason, Why
from sync.topics import leaf

_TWICE, _OVERTAKEN = 0.03, 0.05
_AGAIN_MS = 90 * SECOND_MS


class Exchange:
    """The broker, and all the lines to it."""

    def __init__(self, world: World, dice: Random, counts: Counter[str]) -> None:
        self.world, self.dice, self.counts = world, dice, counts
        self.serving = True
        self._server: OnDelivery | None = None
        self._sessions: dict[str, UnitLink] = {}
        self._retained: dict[str, bytes] = {}
        self._unread: dict[int, tuple[str, bytes]] = {}  # not acknowledged by the aggregator
        self._number = 0

    # ── the aggregator's side: a sync.link.Link ──

    def open(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None = None) -> None:
        self._server = on_delivery
        on_state(True, Why(Reason.CONNECTED))

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        if retain:
            self._retained[topic] = payload
        if link := self._sessions.get(topic.split("/")[1]):
            self._send_down(link, topic, payload)

    def close(self) -> None:
        self._server = None

    def fail(self, for_ms: int, *, wiped: bool) -> None:
        """The aggregator's machine goes down. What it had not acknowledged comes again, unless the broker forgot."""
        self.serving = False
        self.counts["server_failures"] += 1
        for link in list(self._sessions.values()):
            link.cut("the server went down")
        if wiped:
            self.counts["brokers_wiped"] += 1
            self._retained.clear()
            self._unread.clear()
        self.world.later(for_ms, self._come_back)

    def _come_back(self) -> None:
        self.serving = True
        for number in list(self._unread):
            self._redeliver(number)

    # ── the terminals' side ──

    def meet(self, link: "UnitLink") -> None:
        """A session begins; one of the same name ends."""
        if other := self._sessions.get(link.name):
            self.counts["sessions_taken_over"] += 1
            other.cut("taken over")
        self._sessions[link.name] = link
        for topic, payload in list(self._retained.items()):
            if topic.split("/")[1] == link.name:
                self._send_down(link, topic, payload)

    def part(self, link: "UnitLink") -> None:
        if self._sessions.get(link.name) is link:
            del self._sessions[link.name]

    def take(self, link: "UnitLink", topic: str, payload: bytes) -> None:
        """Said by a terminal: it is here a while later, where the line lasts so long."""
        way_ms = self._way_ms()
        if leaf(topic) == "batch" and self.dice.random() < _OVERTAKEN:
            self.counts["batches_held_up"] += 1
            way_ms += self.dice.randrange(30 * SECOND_MS)
        else:
            link.said_until_ms = max(link.said_until_ms, self.world.now_ms + way_ms)
            way_ms = link.said_until_ms - self.world.now_ms
        self.world.later(way_ms, partial(self._arrive, link, link.session, topic, payload))

    def _arrive(self, link: "UnitLink", session: int, topic: str, payload: bytes) -> None:
        if link.session != session:
            self.counts["messages_lost"] += 1
            return
        self._number += 1
        self._unread[self._number] = topic, payload
        self._redeliver(self._number)
        if self.dice.random() < _TWICE:
            self.counts["messages_doubled"] += 1
            again = self.dice.randrange(_AGAIN_MS)
            self.world.later(again, partial(self._deliver, topic, payload, lambda: None))

    def _redeliver(self, number: int) -> None:
        topic, payload = self._unread[number]
        self._deliver(topic, payload, partial(self._read, number))

    def _read(self, number: int) -> None:
        self._unread.pop(number, None)

    def _deliver(self, topic: str, payload: bytes, done: Callable[[], None]) -> None:
        if self.serving and self._server is not None:
            self._server(Delivery(topic, payload, done))

    def _send_down(self, link: "UnitLink", topic: str, payload: bytes) -> None:
        link.heard_until_ms = max(link.heard_until_ms, self.world.now_ms + self._way_ms())
        self.world.at(link.heard_until_ms, partial(link.hear, link.session, topic, payload))

    def _way_ms(self) -> int:
        """2G, mostly; now and then it loses a segment or two."""
        return self.dice.randrange(40, 900) + (self.dice.randrange(20 * SECOND_MS) if self.dice.random() < 0.02 else 0)


class UnitLink:
    """A terminal's sync.link.Link: comes back by itself when there is a network, after a pause."""

    def __init__(
        self, exchange: Exchange, name: str, dice: Random, rouse: Callable[[], None], *, network: bool
    ) -> None:
        """`rouse()`: something came in."""
        self.name = name
        self.session = 0  # every line has a number, so that nothing of an old one comes over a new one
        self.network = network
        self.said_until_ms = self.heard_until_ms = 0  # when what is on its way has come
        self._exchange, self._dice, self._rouse = exchange, dice, rouse
        self._up = self._closed = False
        self._on_delivery: OnDelivery | None = None
        self._on_state: OnState | None = None
        self._will: Will | None = None

    def open(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None = None) -> None:
        self._on_delivery, self._on_state, self._will = on_delivery, on_state, will
        self._try_later(5 * SECOND_MS)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        if not self._up:
            raise LinkError("no link")
        self._exchange.take(self, topic, payload)

    def close(self) -> None:
        self._closed = True
        self._end()
        self._on_delivery = self._on_state = self._will = None

    def cut(self, why: str) -> None:
        """The line is gone, and what is on it."""
        taken_over = why == "taken over"
        if self._up:
            self._end()
            self._say(False, Why(Reason.LOST, why))
        if self.network and not self._closed:
            self._try_later(12 * HOUR_MS if taken_over else 60 * SECOND_MS)

    def lose_network(self) -> None:
        self.network = False
        self.cut("no network")

    def find_network(self) -> None:
        self.network = True
        self._try_later(30 * SECOND_MS)

    def hear(self, session: int, topic: str, payload: bytes) -> None:
        if self._up and session == self.session and self._on_delivery:
            self._on_delivery(Delivery(topic, payload, lambda: None))
            self._rouse()

    def _end(self) -> None:
        self._up = False
        self.session += 1
        self._exchange.part(self)

    def _try_later(self, within_ms: int) -> None:
        session = self.session
        pause_ms = self._dice.randrange(within_ms // 2, within_ms)
        self._exchange.world.later(pause_ms, lambda: self._try(session))

    def _try(self, session: int) -> None:
        if self._up or self._closed or not self.network or session != self.session:
            return
        if not self._exchange.serving:
            self._try_later(60 * SECOND_MS)
            return
        if self._will:
            self._will()  # what it draws is the session's
        self._up = True
        self._exchange.meet(self)
        self._say(True, Why(Reason.CONNECTED))

    def _say(self, up: bool, why: Why) -> None:
        if self._on_state:
            self._on_state(up, why)
        self._rouse()
