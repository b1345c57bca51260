"""A pretended ZFM module without I/O: bytes it hears in, the packets it answers with out, one method an instruction."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drivers import ProtocolError, sim_finger
from drivers.sim_finger import Finger
from drivers.zfm import codec
from drivers.zfm.codec import Damaged, Event, Frame, Kind
from drivers.zfm.table import ANY_ADDRESS, BAUD_UNIT, INSTRUCTIONS, Aura, Code, Op, Register, Stream

Answer = tuple[Code, tuple[Any, ...], bytes]
"""Code, results, and the data that follow."""

_OF_THE_NEW = {
    Op.GET_IMAGE_EX, Op.CANCEL, Op.AUTO_ENROLL, Op.AUTO_IDENTIFY, Op.AURA_LED, Op.CHECK_SENSOR, Op.GET_ALG_VER,
    Op.GET_FW_VER, Op.READ_PROD_INFO, Op.SOFT_RST, Op.HAND_SHAKE,
}  # fmt: skip
_LAMP = {Op.LED_ON, Op.LED_OFF}
_MAX_DATA = 1 << 17
_GAP_S = 0.1
ANY_PAGE = 0xC8  # AUTO_ENROLL: wherever there is room
COMPARED, MERGED, STORED = 0x0D, 0x0E, 0x0F  # its last steps
_LEAST_SCORE = {1: 30, 2: 40, 3: 50, 4: 60, 5: 70}  # by security level
_BEFORE_PASSWORD = {Op.VFY_PWD, Op.GET_ECHO, Op.HAND_SHAKE, Op.SOFT_RST}


@dataclass(frozen=True, slots=True)
class Variant:
    """A firmware. `told`: it has the instructions of the R503. `noise`: one packet in so many is spoilt."""

    name: str = "R307"
    width_px: int = 256
    height_px: int = 288
    template_bytes: int = 512
    pages: int = 1000
    packet_code: int = 2
    baud: int = 57600
    buffers: int = 2
    told: bool = False
    lamp: bool = False  # LED_ON and LED_OFF
    wakes: bool = True  # says 55 when it is ready
    password: int = 0
    address: int = ANY_ADDRESS
    noise: int = 0


class Module:
    """Its state, what lies on it, and what is the matter with it."""

    def __init__(self, variant: Variant, fingers: Mapping[str, Finger]) -> None:
        self.variant = variant
        self.on_glass: Finger | None = None
        self.trouble = Code.OK  # what the next touches' features end with
        self.spoil = 0  # so many streams come damaged
        self.library: dict[int, bytes] = {}
        self.light = "off"
        self.resets = 0
        self.baud, self.address, self.password = variant.baud, variant.address, variant.password
        self._packet_code, self._security = variant.packet_code, 3
        self._notepad: dict[int, bytes] = {}
        self._heard_at = 0.0
        self._steps: list[tuple[int, int]] = []  # that the instruction at hand reports before it ends
        self._parser, self._chance = codec.Parser(), random.Random(variant.name)  # noqa: S311 - chance that repeats
        self._known = {self._packed(f): f.name for f in fingers.values()}
        self._boot()

    def reset(self) -> bytes:
        """Power off and on; what it says then."""
        self.resets += 1
        self._boot()
        return codec.WAKE if self.variant.wakes else b""

    def enrol(self, page: int, finger: Finger) -> None:
        """A finger into the library, as if it had been enrolled with the maker's own software."""
        self.library[page] = self._template(self._packed(finger))

    def hear(self, data: bytes, baud: int | None) -> Iterator[bytes]:
        """Packets it answers with; nothing at a speed that is not its own. A reset ends an answer in the middle."""
        if baud is not None and baud != self.baud:
            return
        now, before = time.monotonic(), self._heard_at
        self._heard_at, life = now, self.resets
        # A frame whose rest does not come is none; else it would swallow the next.
        late = self._parser.give_up() if now - before > _GAP_S else []
        for event in [*late, *self._parser.feed(data)]:
            for packet in self._react(event):
                if life != self.resets:
                    return
                yield from self._noisy(packet)

    def _boot(self) -> None:
        self._verified = not self.password
        self._image, self._owner = b"", ""
        self._buffers: dict[int, bytes] = {}
        self._awaited: tuple[Op, int] | None = None  # data on their way down, and for which buffer
        self._data, self._data_lost = bytearray(), False
        self._spoiling = False
        self._parser.reset()

    def _react(self, event: Event) -> Iterator[bytes]:
        if isinstance(event, Damaged):
            if event.kind is Kind.COMMAND:
                yield codec.answer(Op.GEN_IMG, Code.PACKET_ERROR, address=self.address)
            else:
                self._data_lost = True
        elif isinstance(event, Frame) and event.address == self.address:
            if event.kind is Kind.COMMAND:
                yield from self._command(event.payload)
            elif event.kind in (Kind.DATA, Kind.END):
                self._take_data(event)

    def _command(self, payload: bytes) -> Iterator[bytes]:
        self._awaited = None
        before, address = self.baud, self.address
        op, (code, results, data) = self._done(payload)
        # The answer still comes at the old speed, and to the old address.
        after, self.baud = self.baud, before
        for step in self._steps:
            yield codec.answer(op, Code.OK, *step, address=address)
        yield codec.answer(op, code, *results, address=address)
        self.baud = after
        if code is Code.OK and INSTRUCTIONS[op].stream is Stream.UP:
            self._spoiling, self.spoil = self.spoil > 0, max(0, self.spoil - 1)
            yield from codec.data_frames(data, 32 << self._packet_code, address)
            self._spoiling = False
        if op is Op.SOFT_RST and code is Code.OK:
            self._boot()
            if self.variant.wakes:
                yield codec.WAKE

    def _done(self, payload: bytes) -> tuple[Op, Answer]:
        self._steps = []
        try:
            op, args = codec.asked(payload)
        except ProtocolError:
            return Op.GEN_IMG, (Code.PACKET_ERROR, (), b"")
        if op not in _DO or (op in _OF_THE_NEW and not self.variant.told) or (op in _LAMP and not self.variant.lamp):
            return Op.GEN_IMG, (Code.PACKET_ERROR, (), b"")
        if not self._verified and op not in _BEFORE_PASSWORD:
            return op, (Code.MUST_VERIFY, (), b"")
        answer = _DO[op](self, *args)
        return op, answer if isinstance(answer, tuple) else (answer, (), b"")

    def _take_data(self, frame: Frame) -> None:
        if self._awaited is None:
            return
        self._data += frame.payload
        if len(self._data) > _MAX_DATA:
            self._awaited = None
        elif frame.kind is Kind.END:
            (op, buffer), self._awaited = self._awaited, None
            if self._data_lost:
                return  # what was there before stays
            if op is Op.DOWN_IMAGE:
                self._image, self._owner = bytes(self._data), ""
            else:
                self._buffers[buffer] = bytes(self._data)

    def _noisy(self, packet: bytes) -> Iterator[bytes]:
        if self._spoiling and packet[6] == Kind.END:
            packet = packet[:-1] + bytes([packet[-1] ^ 0x40])
        if self.variant.noise and not self._chance.randrange(self.variant.noise):
            yield self._chance.randbytes(self._chance.randrange(1, 6))
            if not self._chance.randrange(16):
                where = self._chance.randrange(len(packet))
                packet = packet[:where] + bytes([packet[where] ^ 0x10]) + packet[where + 1 :]
        yield packet

    def _packed(self, finger: Finger) -> bytes:
        return codec.picture_data(sim_finger.fit(finger.image, self.variant.width_px, self.variant.height_px))

    def _template(self, picture: bytes) -> bytes:
        owner = self._owner if picture is self._image else ""
        owner = owner or self._known.get(picture) or hashlib.sha256(picture).hexdigest()
        return sim_finger.merged([sim_finger.touch(owner, picture)], self.variant.template_bytes)

    # The instructions, in the order of their codes.

    def _gen_img(self) -> Code:
        finger = self.on_glass  # whoever plays may lift it while it is looked at
        if finger is None:
            return Code.NO_FINGER
        self._image, self._owner = self._packed(finger), finger.name
        return Code.OK

    def _img_2_tz(self, buffer: int) -> Code:
        if not self._image:
            return Code.NO_IMAGE
        if self.trouble is not Code.OK:
            return self.trouble
        if len(set(self._image)) < 4:
            return Code.FEW_POINTS
        self._buffers[self._buffer(buffer)] = self._template(self._image)
        return Code.OK

    def _match(self) -> Answer | Code:
        score = sim_finger.score(self._buffers.get(1, b""), self._buffers.get(2, b""))
        if score is None:
            return Code.LOAD_ERROR
        return (Code.OK, (score,), b"") if score >= _LEAST_SCORE[self._security] else Code.NO_MATCH

    def _search(self, buffer: int, start: int, count: int) -> Answer | Code:
        touch = self._buffers.get(self._buffer(buffer), b"")
        scores = {
            page: sim_finger.score(touch, template) or 0
            for page, template in self.library.items()
            if start <= page < start + count
        }
        best = max(scores, key=lambda page: scores[page], default=None)
        if best is None or scores[best] < _LEAST_SCORE[self._security]:
            return Code.NOT_FOUND
        return Code.OK, (best, scores[best]), b""

    def _reg_model(self) -> Code:
        parts = [self._buffers[n] for n in sorted(self._buffers)]
        if len(parts) < 2 or not sim_finger.same_finger(parts):
            return Code.MERGE_MISMATCH
        whole = sim_finger.merged(parts, self.variant.template_bytes)
        self._buffers = dict.fromkeys(self._buffers, whole)
        return Code.OK

    def _store(self, buffer: int, page: int) -> Code:
        template = self._buffers.get(self._buffer(buffer), b"")
        if page >= self.variant.pages:
            return Code.BAD_PAGE
        if sim_finger.score(template, template) is None:
            return Code.LOAD_ERROR
        self.library[page] = template
        return Code.OK

    def _load_char(self, buffer: int, page: int) -> Code:
        if page >= self.variant.pages:
            return Code.BAD_PAGE
        if page not in self.library:
            return Code.LOAD_ERROR
        self._buffers[self._buffer(buffer)] = self.library[page]
        return Code.OK

    def _up_char(self, buffer: int) -> Answer | Code:
        template = self._buffers.get(self._buffer(buffer))
        return Code.UP_CHAR_FAIL if template is None else (Code.OK, (), template)

    def _down(self, op: Op, buffer: int = 0) -> Code:
        self._awaited, self._data, self._data_lost = (op, self._buffer(buffer)), bytearray(), False
        return Code.OK

    def _up_image(self) -> Answer | Code:
        return (Code.OK, (), self._image) if self._image else Code.UP_IMAGE_FAIL

    def _delete(self, page: int, count: int) -> Code:
        if page + count > self.variant.pages:
            return Code.BAD_PAGE
        for n in range(page, page + count):
            self.library.pop(n, None)
        return Code.OK

    def _empty(self) -> Code:
        self.library.clear()
        return Code.OK

    def _set_sys_para(self, register: int, value: int) -> Code:
        if register == Register.BAUD and 1 <= value <= 12:
            self.baud = value * BAUD_UNIT
        elif register == Register.SECURITY and 1 <= value <= 5:
            self._security = value
        elif register == Register.PACKET and value <= 3:
            self._packet_code = value
        else:
            return Code.BAD_REGISTER_VALUE if register in frozenset(Register) else Code.BAD_REGISTER
        return Code.OK

    def _read_sys_para(self) -> Answer:
        status = self._verified << 2 | bool(self._image) << 3
        room = (status, 9, self.variant.pages, self._security, self.address, self._packet_code)
        return Code.OK, (*room, self.baud // BAUD_UNIT), b""

    def _set_pwd(self, password: int) -> Code:
        self.password = password
        return Code.OK

    def _vfy_pwd(self, password: int) -> Code:
        self._verified = self._verified or password == self.password
        return Code.OK if password == self.password else Code.BAD_PASSWORD

    def _set_addr(self, address: int) -> Code:
        self.address = address
        return Code.OK

    def _write_notepad(self, page: int, text: bytes) -> Code:
        self._notepad[page] = text
        return Code.OK if page < 16 else Code.BAD_NOTEPAD_PAGE

    def _read_index(self, table: int) -> Answer:
        bits = sum(1 << page % 256 for page in self.library if page // 256 == table)
        return Code.OK, (bits.to_bytes(32, "little"),), b""

    def _auto_identify(self, security: int, start: int, count: int, _steps: int, _tries: int) -> Answer | Code:
        for code in (self._gen_img(), self._img_2_tz(1)):
            if code is not Code.OK:
                return Code.TIMEOUT if code is Code.NO_FINGER else code
        found = self._search(1, start, count)
        return (Code.OK, (5, *found[1]), b"") if isinstance(found, tuple) else found

    def _auto_enroll(self, page: int, overwrite: int, double: int, steps: int, _leave: int) -> Answer | Code:
        """All views of the finger that lies there, which need not leave; with `steps` each is reported when done."""

        def done(step: int) -> None:
            if steps:
                self._steps.append((step, page))

        free = (n for n in range(self.variant.pages) if n not in self.library)
        page = next(free, self.variant.pages) if page == ANY_PAGE else page
        if page >= self.variant.pages:
            return Code.BAD_PAGE
        if page in self.library and not overwrite:
            return Code.TEMPLATE_NOT_EMPTY
        for view in range(1, self.variant.buffers + 1):
            for step, code in enumerate((self._gen_img(), self._img_2_tz(view)), 2 * view - 1):
                if code is not Code.OK:
                    return Code.TIMEOUT if code is Code.NO_FINGER else code
                done(step)
        if not double and isinstance(self._search(1, 0, self.variant.pages), tuple):
            return Code.ALREADY_EXISTS
        done(COMPARED)
        if (code := self._reg_model()) is not Code.OK:
            return code
        done(MERGED)
        if (code := self._store(1, page)) is not Code.OK:
            return code
        return Code.OK, (STORED, page), b""

    def _aura_led(self, control: int, _speed: int, _colour: int, _times: int) -> Code:
        self.light = "off" if control == Aura.OFF else "on"
        return Code.OK

    def _lit(self, light: str) -> Code:
        self.light = light
        return Code.OK

    def _version(self, text: str) -> Answer:
        return Code.OK, (text.encode(),), b""

    def _read_prod_info(self) -> Answer:
        v = self.variant
        sizes = (v.width_px, v.height_px, v.template_bytes, v.pages)
        return Code.OK, (v.name.encode(), b"SIM0", b"00000001", 1, 2, b"pretend", *sizes), b""

    def _buffer(self, number: int) -> int:
        return number if 1 <= number <= self.variant.buffers else 2


_DO: Mapping[Op, Callable[..., Answer | Code]] = {
    Op.GEN_IMG: Module._gen_img,
    Op.IMG_2_TZ: Module._img_2_tz,
    Op.MATCH: Module._match,
    Op.SEARCH: Module._search,
    Op.REG_MODEL: Module._reg_model,
    Op.STORE: Module._store,
    Op.LOAD_CHAR: Module._load_char,
    Op.UP_CHAR: Module._up_char,
    Op.DOWN_CHAR: lambda module, buffer: module._down(Op.DOWN_CHAR, buffer),
    Op.UP_IMAGE: Module._up_image,
    Op.DOWN_IMAGE: lambda module: module._down(Op.DOWN_IMAGE),
    Op.DELETE: Module._delete,
    Op.EMPTY: Module._empty,
    Op.SET_SYS_PARA: Module._set_sys_para,
    Op.READ_SYS_PARA: Module._read_sys_para,
    Op.SET_PWD: Module._set_pwd,
    Op.VFY_PWD: Module._vfy_pwd,
    Op.GET_RANDOM: lambda module: (Code.OK, (module._chance.getrandbits(32),), b""),
    Op.SET_ADDR: Module._set_addr,
    Op.READ_INF_PAGE: lambda module: (Code.OK, (), module.variant.name.encode().ljust(512, b"\0")),
    Op.PORT_CONTROL: lambda _, __: Code.OK,
    Op.WRITE_NOTEPAD: Module._write_notepad,
    Op.READ_NOTEPAD: lambda module, page: (Code.OK, (module._notepad.get(page, b""),), b""),
    Op.HI_SPEED_SEARCH: Module._search,
    Op.TEMPLATE_NUM: lambda module: (Code.OK, (len(module.library),), b""),
    Op.READ_INDEX: Module._read_index,
    Op.GET_IMAGE_EX: Module._gen_img,
    Op.CANCEL: lambda _: Code.OK,
    Op.AUTO_ENROLL: Module._auto_enroll,
    Op.AUTO_IDENTIFY: Module._auto_identify,
    Op.AURA_LED: Module._aura_led,
    Op.CHECK_SENSOR: lambda _: Code.OK,
    Op.GET_ALG_VER: lambda module: module._version("pretended 1"),
    Op.GET_FW_VER: lambda module: module._version("1.2"),
    Op.READ_PROD_INFO: Module._read_prod_info,
    Op.SOFT_RST: lambda _: Code.OK,
    Op.HAND_SHAKE: lambda _: Code.OK,
    Op.LED_ON: lambda module: module._lit("on"),
    Op.LED_OFF: lambda module: module._lit("off"),
    Op.GET_ECHO: lambda _: Code.ECHO,
}
"""Of AUTO_IDENTIFY, which takes one touch, the last answer alone: no report of each step."""
