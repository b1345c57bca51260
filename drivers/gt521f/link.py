"""One exchange after the other with a module: command out, answer and data in, over a Port.

An answer does not say what it answers. So after anything that went wrong the line is waited quiet before the next
question, and a word that lets somebody in (`sure`) is believed only when it is said twice.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator

from drivers import DeviceGone, ProtocolError
from drivers.gt521f import codec
from drivers.gt521f.codec import ACK, NACK, Cmd, Damaged, Data, Event, Nack, Packet
from drivers.ports import Port

ANSWER_S = 0.5
PATIENCE_S = {
    **dict.fromkeys((Cmd.CAPTURE, Cmd.MAKE_TEMPLATE, Cmd.VERIFY, Cmd.IDENTIFY), 2.0),
    **dict.fromkeys((Cmd.SET_TEMPLATE, Cmd.DELETE_ID, Cmd.DELETE_ALL), 1.0),
}
QUIET_S = 0.15  # within a packet, and before the line is used again after trouble
LOOK_UP_S = 0.05
FLOOD_S = 70.0  # a picture at 9600 baud takes 54 s


class Refused(ProtocolError):  # noqa: N818 - reads as what happened
    """The module's nack."""

    def __init__(self, cmd: Cmd, why: Nack) -> None:
        super().__init__(f"the module answers {cmd.name} with {why:04X} ({why.name})")
        self.why = why


class Link:
    """`stop` ends whatever waits, with DeviceGone."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.stop = threading.Event()
        self._parser = codec.Parser()
        self._waiting: deque[Event] = deque()

    def ask(self, cmd: Cmd, parameter: int = 0, *, times: int = 2, timeout_s: float = 0, data_bytes: int = 0) -> int:
        """What a command is answered with. Raises Refused, ProtocolError or DeviceGone."""
        heard = False
        for attempt in range(times):
            if attempt:
                self.settle()
            self._parser.reset()
            self._waiting.clear()
            self._parser.data_bytes = data_bytes
            self.port.flush()
            self.port.write(codec.pack(Packet(cmd, parameter)))
            answer = self._answer(timeout_s or PATIENCE_S.get(cmd, ANSWER_S))
            if isinstance(answer, Packet) and answer.code == ACK:
                return answer.parameter
            if isinstance(answer, Packet) and codec.nack(answer.parameter) is not Nack.COMM_ERROR:
                raise Refused(cmd, codec.nack(answer.parameter))
            heard = heard or answer is not None
        self.settle()
        if heard:
            raise ProtocolError(f"no whole answer to {cmd.name}")
        raise DeviceGone(f"no answer to {cmd.name}")

    def sure(self, cmd: Cmd, parameter: int = 0) -> int:
        """As `ask`, and the module says the same again. Raises ProtocolError when it does not."""
        first = self.ask(cmd, parameter, times=1)
        self.settle()
        if self.ask(cmd, parameter, times=1) != first:
            raise ProtocolError(f"the module answers {cmd.name} now so and now so")
        return first

    def fetch(self, cmd: Cmd, parameter: int = 0, *, data_bytes: int) -> bytes:
        """The data a command brings up; what was damaged is asked for again. Raises as `ask` does."""
        for _ in range(2):
            self.ask(cmd, parameter, data_bytes=data_bytes)
            for event in self._events(QUIET_S):
                if isinstance(event, Data):
                    return event.data
                break
            self.settle()
        raise ProtocolError(f"the data of {cmd.name} came damaged or broke off")

    def hand(self, cmd: Cmd, parameter: int, data: bytes) -> int:
        """Data a command takes down; what the module says to them. Raises as `ask` does."""
        for _ in range(2):
            self.ask(cmd, parameter)
            self.port.write(codec.pack_data(data))
            answer = self._answer(PATIENCE_S.get(cmd, ANSWER_S))
            if isinstance(answer, Packet) and answer.code == ACK:
                return answer.parameter
            if isinstance(answer, Packet) and codec.nack(answer.parameter) is not Nack.COMM_ERROR:
                raise Refused(cmd, codec.nack(answer.parameter))
            self.settle()
        raise ProtocolError(f"no whole answer to the data of {cmd.name}")

    def post(self, cmd: Cmd, parameter: int = 0) -> None:
        """A command whose answer nobody waits for."""
        self.port.write(codec.pack(Packet(cmd, parameter)))

    def settle(self) -> None:
        """Wait until the line is quiet, and forget what came."""
        for _ in self._events(QUIET_S):
            pass
        self._parser.reset()
        self._waiting.clear()

    def close(self) -> None:
        """End what waits and let the port go. Never raises."""
        self.stop.set()
        self.port.close()

    def _answer(self, timeout_s: float) -> Packet | Damaged | None:
        for event in self._events(timeout_s):
            match event:
                case Packet(code, _) if code in (ACK, NACK):
                    return event
                case Data():
                    continue  # left over from before
                case _:
                    return Damaged()
        return None

    def _events(self, quiet_s: float) -> Iterator[Event]:
        """What comes, until the line was quiet for so long."""
        flood, quiet = time.monotonic() + FLOOD_S, time.monotonic() + quiet_s
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self.stop.is_set():
                raise DeviceGone("the driver was closed")
            now = time.monotonic()
            if now > min(quiet, flood):
                break
            if data := self.port.read(4096, min(LOOK_UP_S, quiet - now)):
                self._waiting.extend(self._parser.feed(data))
                quiet = time.monotonic() + quiet_s
        yield from self._parser.give_up()
