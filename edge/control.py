"""The control socket of a running terminal: who may open it may enrol, ask how it is, and watch.

    {"do": "status"}                                   one answer: ok, and the terminal's figures
    {"do": "watch"}                                    ok, then one line an event, for as long as one listens
    {"do": "enrol", "person": "<hex>", "finger": 1}    place, advice and view events, then ok with seqs, or an error

No digits, names or pictures pass it. The socket's threads only hand on: the terminal's own thread enrols, between two
sessions.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers import ProtocolError
from drivers.lines import LineServer, Message, Peer
from edge import EnrolmentRefused
from edge.enrolment import Request
from sync.record import PERSON_BYTES


@dataclass(frozen=True, slots=True)
class Order:
    """An enrolment somebody asked for, and where the answer goes."""

    request: Request
    answer: Callable[[Message], None]

    def run(self, enrol: Callable[[Request], list[int]]) -> bool:
        """Do it and answer; whether something was enrolled."""
        try:
            seqs = enrol(self.request)
        except EnrolmentRefused as refused:
            self.answer({"ok": False, "error": str(refused)})
            return False
        self.answer({"ok": True, "seqs": seqs})
        return True


class Control:
    def __init__(self, path: Path, status: Callable[[], dict[str, Any]]) -> None:
        self._server = LineServer(path, self._answer)
        self._status = status
        self._orders: queue.Queue[Order] = queue.Queue(1)
        self._watchers: set[Peer] = set()
        self._lock = threading.Lock()

    def open(self) -> None:
        """Raises DeviceGone when the socket cannot be made, say because another terminal is running."""
        self._server.start()

    def close(self) -> None:
        self._server.close()

    def order(self) -> Order | None:
        """The enrolment that waits, if one does."""
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
            # type, because True is an int to a pattern and no finger to anybody
            case {"do": "enrol", "person": str(person), "finger": finger} if type(finger) is int and 1 <= finger <= 10:
                self._order(Request(_person(person), finger, peer.send, peer.gone.is_set), peer)
                return None
        raise ProtocolError('expected {"do": "status", "watch", or "enrol" with "person" in hex and "finger" 1 to 10}')

    def _order(self, request: Request, peer: Peer) -> None:
        try:
            self._orders.put_nowait(Order(request, peer.send))
        except queue.Full:
            raise ProtocolError("another enrolment is waiting already") from None


def _person(text: str) -> bytes:
    try:
        person = bytes.fromhex(text)
    except ValueError:
        person = b""
    if len(person) != PERSON_BYTES:
        raise ProtocolError(f"person: expected {2 * PERSON_BYTES} hexadecimal digits")
    return person
