"""The control socket of a running terminal: who may open it may enrol, ask how it is, and watch.

    {"do": "status"}                                   one answer: ok, and the terminal's figures
    {"do": "watch"}                                    ok, then one line an event, for as long as one listens
    {"do": "enrol", "person": "<hex>", "finger": 1}    place, advice and view events, then ok with seqs, or an error
    {"do": "enrol", "person": "<hex>", "fingers": [1, 6], "face": true, "best": 1, "impressions": 3, "alive": true}
                                                       the same of several, as in edge.people.enrolment.Request
    {"do": "selftest", "timeout_s": 10}                tell and finding events, then ok (edge.devices.selftest)

While somebody is being served the last two wait, and a waiting event says so at once.

No digits, names or pictures pass it. The socket's threads only hand on: the terminal's own thread enrols and tests,
between two sessions.
"""

import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers import ProtocolError
from drivers.lines import LineServer, Message, Peer
from edge import EnrolmentRefused
from edge.people.enrolment import MOST_IMPRESSIONS, Enrolled, Request
from edge.screen.words import Words
from edge.session import outcome
from edge.session.states import Done, EnrolPlace, LookAtCamera, Place, State, Typing
from sync.record import PERSON_BYTES

LONGEST_TEST_S = 15
WAITING = Words("मशीन पर अभी कोई है; प्रतीक्षा हो रही है", "The terminal is busy with somebody; waiting")


@dataclass(frozen=True, slots=True)
class Order:
    """An enrolment somebody asked for, and where the answer goes."""

    request: Request
    answer: Callable[[Message], None]

    def run(self, enrol: Callable[[Request], Enrolled]) -> Enrolled | None:
        """Do it and answer; what was enrolled."""
        try:
            done = enrol(self.request)
        except EnrolmentRefused as refused:
            self.answer({"ok": False, "error": str(refused), **refused.words.said()})
            return None
        self.answer({"ok": True, "seqs": done.seqs, "fingers": done.fingers})
        return done


@dataclass(frozen=True, slots=True)
class Examine:
    """A self-test somebody asked for: how long each device may take, and where the findings go."""

    timeout_s: float
    answer: Callable[[Message], None]


class Control:
    def __init__(
        self, path: Path, status: Callable[[], dict[str, Any]], busy: Callable[[], bool] = lambda: False
    ) -> None:
        """`busy`: somebody is being served just now, so that orders wait."""
        self._server = LineServer(path, self._answer)
        self._status, self._busy = status, busy
        self._orders: queue.Queue[Order | Examine] = queue.Queue(1)
        self._watchers: set[Peer] = set()
        self._lock = threading.Lock()

    def open(self) -> None:
        """Raises DeviceGone when the socket cannot be made, say because another terminal is running."""
        self._server.start()

    def close(self) -> None:
        self._server.close()

    def order(self) -> Order | Examine | None:
        """What waits for a quiet moment, if anything does."""
        try:
            return self._orders.get_nowait()
        except queue.Empty:
            return None

    def tell(self, event: dict[str, Any]) -> None:
        """Show an event to everybody who watches."""
        with self._lock:
            self._watchers = {peer for peer in self._watchers if not peer.gone.is_set()}
            watchers = list(self._watchers)
        for peer in watchers:
            peer.send(event)

    def _answer(self, message: Message, peer: Peer) -> Message | None:
        match message:
            case {"do": "status"}:
                return {"ok": True, **self._status()}
            case {"do": "watch"}:
                with self._lock:
                    peer.send({"ok": True})
                    self._watchers.add(peer)
                return None
            case {"do": "enrol", "person": str(person)}:
                self._order(Order(_request(message, _person(person), peer), peer.send), peer)
                return None
            case {"do": "selftest", "timeout_s": float() | int() as timeout_s} if 0 < timeout_s <= LONGEST_TEST_S:
                self._order(Examine(float(timeout_s), peer.send), peer)
                return None
        raise ProtocolError(
            'expected {"do": "status", "watch", "selftest" with "timeout_s" up to 15, '
            'or "enrol" with "person" in hex and "finger" 1 to 10, or "fingers" and "face"}'
        )

    def _order(self, order: Order | Examine, peer: Peer) -> None:
        try:
            if self._busy() and not self._orders.full():
                peer.send({"event": "waiting", **WAITING.said()})
            self._orders.put_nowait(order)
        except queue.Full:
            raise ProtocolError("another enrolment or test is waiting already") from None


def _request(message: Message, person: bytes, peer: Peer) -> Request:
    """Raises ProtocolError for anything else than fingers of a hand, each once, and plain yes or no."""
    fingers = [message["finger"]] if "finger" in message else message.get("fingers", [])
    face, alive = message.get("face", False), message.get("alive", False)
    best, impressions = message.get("best", 0), message.get("impressions", 3)
    # type, because True is an int and no finger to anybody
    hand = isinstance(fingers, list) and all(type(finger) is int and 1 <= finger <= 10 for finger in fingers)
    if not hand or len(set(fingers)) < len(fingers):
        raise ProtocolError("finger or fingers: expected whole numbers from 1 to 10, each once")
    if type(face) is not bool or type(alive) is not bool or not (fingers or face):
        raise ProtocolError("enrol: expected fingers, a face, or both")
    if type(best) is not int or not 0 <= best <= len(fingers):
        raise ProtocolError("best: expected how many of the fingers to keep; 0: all")
    if type(impressions) is not int or not 3 <= impressions <= MOST_IMPRESSIONS:
        raise ProtocolError(f"impressions: expected 3 to {MOST_IMPRESSIONS}")
    return Request(person, tuple(fingers), peer.send, peer.gone.is_set, face, best, impressions, alive)


def _person(text: str) -> bytes:
    try:
        person = bytes.fromhex(text)
    except ValueError:
        person = b""
    if len(person) != PERSON_BYTES:
        raise ProtocolError(f"person: expected {2 * PERSON_BYTES} hexadecimal digits")
    return person


def as_told(state: State) -> dict[str, object]:
    """A state for those who watch; nothing personal but the opaque reference of who was accepted."""
    named = {"event": "state", "state": re.sub(r"(?<!^)(?=[A-Z])", "_", type(state).__name__).lower()}
    match state:
        case Done(ended):
            return outcome.event(ended)
        case Typing(keys):
            return {**named, "keys": keys}
        case Place(attempt, advice, other):
            return {**named, "attempt": attempt, "advice": advice, "other": other}
        case LookAtCamera(advice, ask):
            return {**named, "advice": advice, "ask": ask}
        case EnrolPlace(view, views, advice, finger):
            return {**named, "view": view, "views": views, "advice": advice, "finger": finger}
    return dict(named)
