"""One exchange after the other with a module: command out, answer and data in, over a Port.

An answer does not say what it answers. So after anything that went wrong the line is waited quiet before the next
question, and a word that lets somebody in (`sure`) is believed only when it is said twice.
"""

from drivers import DeviceGone, ProtocolError
from drivers.gt521f import codec
from drivers.gt521f.codec import ACK, NACK, Cmd, Damaged, Data, Event, Nack, Packet
from drivers.hearing import Hearing
from drivers.ports import Port

ANSWER_S = 0.5
PATIENCE_S = {
    **dict.fromkeys((Cmd.CAPTURE, Cmd.MAKE_TEMPLATE, Cmd.VERIFY, Cmd.IDENTIFY), 2.0),
    **dict.fromkeys((Cmd.SET_TEMPLATE, Cmd.DELETE_ID, Cmd.DELETE_ALL), 1.0),
}
QUIET_S = 0.15  # within a packet, and before the line is used again after trouble
FLOOD_S = 70.0  # a picture at 9600 baud takes 54 s


class Refused(ProtocolError):  # noqa: N818 - reads as what happened
    """The module's nack."""

    def __init__(self, cmd: Cmd, why: Nack) -> None:
        super().__init__(f"the module answers {cmd.name} with {why:04X} ({why.name})")
        self.why = why


class Link(Hearing[Event]):
    """See drivers.hearing.Hearing."""

    def __init__(self, port: Port, patience: float = 1.0) -> None:
        self._parser = codec.Parser()
        super().__init__(port, self._parser, FLOOD_S, patience)

    def ask(self, cmd: Cmd, parameter: int = 0, *, times: int = 2, timeout_s: float = 0, data_bytes: int = 0) -> int:
        """What a command is answered with. Raises Refused, ProtocolError or DeviceGone."""
        heard = False
        for attempt in range(times):
            if attempt:
                self.settle()
            self.forget()
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
            for event in self.events(QUIET_S):
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
        for _ in self.events(QUIET_S):
            pass
        self.forget()

    def _answer(self, timeout_s: float) -> Packet | Damaged | None:
        for event in self.events(timeout_s):
            match event:
                case Packet(code, _) if code in (ACK, NACK):
                    return event
                case Data():
                    continue  # left over from before
                case _:
                    return Damaged()
        return None
