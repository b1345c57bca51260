"""One exchange after the other with a module: instruction out, acknowledgement and data in, over a Port.

A frame that was lost or damaged either way is asked for once more; a module that was reset in between is given its
password again. What still fails is told apart: silence (DeviceGone), bytes that make no sense (ProtocolError), and a
refusal, which is the module's own word (Refused).
"""

from typing import Any

from drivers import DeviceGone, ProtocolError
from drivers.hearing import Hearing
from drivers.ports import Port
from drivers.zfm import codec
from drivers.zfm.codec import Damaged, Event, Frame, Kind, Noise
from drivers.zfm.table import ANY_ADDRESS, BAUD_UNIT, Code, Op, Register

ANSWER_S = 0.5  # most instructions take some milliseconds
QUIET_S = 0.3  # within a stream of data; longer, and it has broken off
FLOOD_S = 20.0  # no exchange outlasts this, whatever comes
MAX_STREAM_BYTES = 1 << 18
PATIENCE_S = {
    **dict.fromkeys((Op.GEN_IMG, Op.GET_IMAGE_EX, Op.IMG_2_TZ, Op.MATCH, Op.REG_MODEL), 1.0),
    **dict.fromkeys((Op.SEARCH, Op.HI_SPEED_SEARCH, Op.STORE, Op.DELETE, Op.EMPTY), 2.5),
}
"""What takes longer: pictures and features some tenths of a second, flash and a full library up to two seconds."""


class Refused(ProtocolError):  # noqa: N818 - reads as what happened
    """The module's confirmation code for an instruction, when it is not OK."""

    def __init__(self, op: Op, code: Code) -> None:
        super().__init__(f"the module answers {op.name} with {code:02X} ({code.name})")
        self.code = code


class Link(Hearing[Event]):
    """`packet_bytes`: the module's packet size, once known."""

    def __init__(self, port: Port, password: int = 0, address: int = ANY_ADDRESS, patience: float = 1.0) -> None:
        super().__init__(port, codec.Parser(), FLOOD_S, patience)
        self.address, self.password = address, password
        self.packet_bytes = 128
        self._late = False  # an instruction was given twice: its first answer may still come

    def ask(self, op: Op, *args: Any, times: int = 2, timeout_s: float | None = None) -> tuple[Any, ...]:
        """The results of an instruction. Raises Refused, ProtocolError or DeviceGone."""
        timeout_s = timeout_s or PATIENCE_S.get(op, ANSWER_S)
        code, results = self._exchange(op, args, times, timeout_s)
        if code is Code.MUST_VERIFY and op is not Op.VFY_PWD:
            self.ask(Op.VFY_PWD, self.password)
            code, results = self._exchange(op, args, times, timeout_s)
        if code is not Code.OK:
            raise Refused(op, code)
        return results

    def fetch(self, op: Op, *args: Any, expected_bytes: int) -> bytes:
        """The data an instruction brings up; a stream that was damaged is asked for again. Raises as `ask` does.

        Of another length than expected they are taken only when nothing at all was wrong on the line.
        """
        try:
            self.ask(op, *args)
            return self._stream(op, expected_bytes)
        except Refused:
            raise
        except ProtocolError:
            self.ask(op, *args)
            return self._stream(op, expected_bytes)

    def hand(self, op: Op, *args: Any, data: bytes) -> None:
        """Data an instruction takes down. That it arrived shows in the next instruction alone."""
        self.ask(op, *args)
        for frame in codec.data_frames(data, self.packet_bytes, self.address):
            self.port.write(frame)

    def post(self, op: Op, *args: Any) -> None:
        """An instruction whose answer nobody waits for."""
        self.port.write(codec.command(op, *args, address=self.address))

    def change_baud(self, baud: int) -> None:
        """Tell the module its new speed and follow it there; back again when it is not there. Raises as `ask` does."""
        before = self.port.baud
        self.ask(Op.SET_SYS_PARA, Register.BAUD, baud // BAUD_UNIT)
        self.port.baud = baud
        try:
            self.ask(Op.VFY_PWD, self.password)
        except (ProtocolError, DeviceGone):
            self.port.baud = before
            raise

    def _exchange(self, op: Op, args: tuple[Any, ...], times: int, timeout_s: float) -> tuple[Code, tuple[Any, ...]]:
        heard, refused = False, 0
        if self._late:  # else an answer of the same shape would be taken for this one's
            self._late = False
            for _ in self.events(QUIET_S):
                pass
        for attempt in range(times):
            self.forget()
            self.port.flush()
            self.port.write(codec.command(op, *args, address=self.address))
            for event in self.events(timeout_s):
                heard = True
                if event == Damaged(Kind.ACK):
                    break  # it has answered; waiting for more is in vain
                if isinstance(event, Frame) and event.kind is Kind.ACK and self._is_ours(op, event):
                    try:
                        code, results = codec.answered(op, event.payload)
                    except ProtocolError:
                        continue  # a late answer to what was asked before
                    if code is Code.PACKET_ERROR:
                        refused += 1
                        break
                    self._late = attempt > 0
                    return code, results
        if refused == times:  # old modules say so of what they do not know; said once, it may be the line
            return Code.PACKET_ERROR, ()
        if heard:
            raise ProtocolError(f"no whole answer to {op.name}")
        raise DeviceGone(f"no answer to {op.name}")

    def _is_ours(self, op: Op, frame: Frame) -> bool:
        # A module that was given a new address may answer with it at once.
        return frame.address == self.address or op is Op.SET_ADDR

    def _stream(self, op: Op, expected_bytes: int) -> bytes:
        """Reads to the end even when it is damaged early, so that nothing is left to be mistaken for an answer."""
        data, whole, clean = bytearray(), True, True
        for event in self.events(QUIET_S):
            match event:
                case Frame(Kind.DATA | Kind.END as kind, payload, address) if address == self.address:
                    data += payload
                    if kind is Kind.END and whole and (clean or len(data) == expected_bytes):
                        return bytes(data)
                    if kind is Kind.END:
                        break
                case Noise():
                    clean = False  # between two frames, or in the place of one
                case _:
                    whole = False
            if len(data) > MAX_STREAM_BYTES:
                break
        raise ProtocolError(f"the data of {op.name} came damaged or broke off after {len(data)} bytes")
