"""A pretended GT-511C or GT-521F module, and the words of whoever stands in front of it."""

import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from drivers import OptionError, ProtocolError, sim_finger
from drivers.entry import Stage
from drivers.grain import grained
from drivers.gt521f import codec
from drivers.gt521f.codec import ACK, BAUDS, NACK, Cmd, Damaged, Data, Event, Nack, Packet
from drivers.sim_finger import Finger
from drivers.stand import Stand

RAW_PX = (160, 120)
TEMPLATE_BYTES = 498
LEAST_SCORE = 50
_GAP_S = 0.1  # a packet whose rest does not come in time is none

Answer = int | Nack | tuple[int, bytes]
"""The parameter of an ack, a refusal, or a parameter and the data that follow."""


@dataclass(frozen=True, slots=True)
class Variant:
    name: str
    ids: int
    told: bool = True  # it knows MODULE_INFO
    width_px: int = 202
    height_px: int = 258


VARIANTS: Mapping[str, Variant] = {
    "f32": Variant("GT-521F32", 200),
    "f52": Variant("GT-521F52", 3000),
    "c3": Variant("GT-511C3", 200, told=False),
    "c1r": Variant("GT-511C1R", 20, told=False),
}


class Module:
    """The module without I/O: bytes it hears in, the packets it answers with out."""

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.on_glass: Finger | None = None
        self.bad = False  # what is captured is of no use
        self.spoil = 0  # so many data packets come damaged
        self.database: dict[int, bytes] = {}
        self.resets = 0
        self._security = 3
        self._heard_at = 0.0
        self._parser = codec.Parser()
        self._boot()

    def reset(self) -> None:
        """Power off and on."""
        self.resets += 1
        self._boot()

    def hear(self, data: bytes, baud: int | None) -> Iterator[bytes]:
        if baud is not None and baud != self.baud:
            return
        now, before = time.monotonic(), self._heard_at
        self._heard_at, life = now, self.resets
        if now - before > _GAP_S:
            self._parser.give_up()
        for event in self._parser.feed(data):
            for packet in self._react(event):
                if life != self.resets:
                    return
                yield packet

    def template(self, finger: Finger) -> bytes:
        return sim_finger.merged([sim_finger.touch(finger.name, finger.image.tobytes())], TEMPLATE_BYTES)

    def _boot(self) -> None:
        self.baud, self.light = BAUDS[0], False
        self._captured: Finger | None = None
        self._awaiting: int | None = None  # whose template comes down
        self._enrolling: tuple[int, list[bytes]] | None = None
        self._parser.reset()

    def _react(self, event: Event) -> Iterator[bytes]:
        match event:
            case Damaged():
                yield _answer(Nack.COMM_ERROR)
            case Data(data):
                yield _answer(self._stored(data))
            case Packet(code, parameter):
                self._parser.data_bytes, self._awaiting = 0, None
                yield from self._command(code, parameter)

    def _command(self, code: int, parameter: int) -> Iterator[bytes]:
        if code not in _DO or (code == Cmd.MODULE_INFO and not self.variant.told):
            yield _answer(Nack.NOT_SUPPORTED)
            return
        before, life = self.baud, self.resets
        answer = _DO[Cmd(code)](self, parameter)
        after, self.baud = self.baud, before  # the answer still comes at the old speed
        yield _answer(answer[0] if isinstance(answer, tuple) else answer)
        if life != self.resets:
            return  # it was reset while its answer went out, and is at its first speed again
        self.baud = after
        if isinstance(answer, tuple):
            packet = codec.pack_data(answer[1])
            if self.spoil:
                self.spoil -= 1
                packet = packet[:-1] + bytes([packet[-1] ^ 0x40])
            # In pieces, so that whoever pulls the plug finds it in the middle.
            yield from (packet[at : at + 256] for at in range(0, len(packet), 256))

    def _open(self, parameter: int) -> Answer:
        said = struct.pack("<II16s", 0x20150814, 0, b"pretended module")
        return (0, said) if parameter else 0

    def _change_baud(self, baud: int) -> Answer:
        if baud not in BAUDS:
            return Nack.BAD_BAUD
        self.baud = baud
        return 0

    def _module_info(self, _: int) -> Answer:
        v = self.variant
        figures = (*RAW_PX, v.width_px, v.height_px, v.ids, len(self.database), TEMPLATE_BYTES)
        return codec.INFO_BYTES, struct.pack("<12s12s7H", v.name.encode(), b"pretended", *figures)

    def _led(self, on: int) -> Answer:
        self.light = bool(on)
        return 0

    def _check_enrolled(self, id_: int) -> Answer:
        return self._valid(id_) or (0 if id_ in self.database else Nack.NOT_USED)

    def _enrol_start(self, id_: int) -> Answer:
        if bad := self._valid(id_):
            return bad
        if id_ in self.database:
            return Nack.ALREADY_USED
        self._enrolling = (id_, [])
        return 0

    def _enrol(self, turn: int) -> Answer:
        if self._enrolling is None or len(self._enrolling[1]) != turn - 1:
            return Nack.TURN_ERROR
        if self._captured is None:
            return Nack.BAD_FINGER
        id_, touches = self._enrolling
        touches.append(self.template(self._captured))
        if turn == 3:
            self._enrolling = None
            if not sim_finger.same_finger(touches):
                return Nack.ENROLL_FAILED
            self.database[id_] = touches[0]
        return 0

    def _is_press(self, _: int) -> Answer:
        return 0 if self.light and self.on_glass else Nack.NO_FINGER.value

    def _delete(self, id_: int) -> Answer:
        if bad := self._valid(id_):
            return bad
        return Nack.NOT_USED if self.database.pop(id_, None) is None else 0

    def _delete_all(self, _: int) -> Answer:
        empty = not self.database
        self.database.clear()
        return Nack.EMPTY if empty else 0

    def _verify(self, id_: int) -> Answer:
        if bad := self._valid(id_):
            return bad
        if id_ not in self.database:
            return Nack.NOT_USED
        return 0 if self._score(self.database[id_]) >= LEAST_SCORE else Nack.VERIFY_FAILED

    def _identify(self, _: int) -> Answer:
        if not self.database:
            return Nack.EMPTY
        scores = {id_: self._score(template) for id_, template in self.database.items()}
        best = max(scores, key=lambda id_: scores[id_])
        return best if scores[best] >= LEAST_SCORE else Nack.IDENTIFY_FAILED

    def _capture(self, _: int) -> Answer:
        self._captured = None
        if not self.light or self.on_glass is None:
            return Nack.NO_FINGER
        if self.bad:
            return Nack.BAD_FINGER
        self._captured = self.on_glass
        return 0

    def _make_template(self, _: int) -> Answer:
        return Nack.BAD_FINGER if self._captured is None else (0, self.template(self._captured))

    def _image(self, _: int) -> Answer:
        return Nack.NO_FINGER if self._captured is None else (0, self._picture(self._captured))

    def _raw_image(self, _: int) -> Answer:
        finger = self.on_glass if self.light else None
        if finger is None:
            return 0, bytes([255]) * (RAW_PX[0] * RAW_PX[1])
        return 0, sim_finger.fit(finger.image[::2, ::2], *RAW_PX).tobytes()

    def _get_template(self, id_: int) -> Answer:
        if bad := self._valid(id_):
            return bad
        return (0, self.database[id_]) if id_ in self.database else Nack.NOT_USED

    def _set_template(self, id_: int) -> Answer:
        id_ &= 0xFFFF  # above: whether doubles are refused
        if bad := self._valid(id_):
            return bad
        self._awaiting, self._parser.data_bytes = id_, TEMPLATE_BYTES
        return 0

    def _set_security(self, level: int) -> Answer:
        if not 1 <= level <= 5:
            return Nack.BAD_PARAMETER
        self._security = level
        return 0

    def _stored(self, data: bytes) -> Answer:
        if self._awaiting is None or sim_finger.score(data, data) is None:
            return Nack.DEVICE_ERROR
        self.database[self._awaiting], self._awaiting = data, None
        return 0

    def _picture(self, finger: Finger) -> bytes:
        return sim_finger.fit(finger.image, self.variant.width_px, self.variant.height_px).tobytes()

    def _score(self, template: bytes) -> int:
        if self._captured is None:
            return 0
        return sim_finger.score(self.template(self._captured), template) or 0

    def _valid(self, id_: int) -> Nack | None:
        return None if 0 <= id_ < self.variant.ids else Nack.BAD_ID


_DO: Mapping[Cmd, Callable[[Module, int], Answer]] = {
    Cmd.OPEN: Module._open,
    Cmd.CLOSE: lambda _, __: 0,
    Cmd.USB_INTERNAL_CHECK: lambda _, __: 0x55,
    Cmd.CHANGE_BAUD: Module._change_baud,
    Cmd.MODULE_INFO: Module._module_info,
    Cmd.LED: Module._led,
    Cmd.ENROLL_COUNT: lambda module, _: len(module.database),
    Cmd.CHECK_ENROLLED: Module._check_enrolled,
    Cmd.ENROLL_START: Module._enrol_start,
    Cmd.ENROLL1: lambda module, _: module._enrol(1),
    Cmd.ENROLL2: lambda module, _: module._enrol(2),
    Cmd.ENROLL3: lambda module, _: module._enrol(3),
    Cmd.IS_PRESS_FINGER: Module._is_press,
    Cmd.DELETE_ID: Module._delete,
    Cmd.DELETE_ALL: Module._delete_all,
    Cmd.VERIFY: Module._verify,
    Cmd.IDENTIFY: Module._identify,
    Cmd.CAPTURE: Module._capture,
    Cmd.MAKE_TEMPLATE: Module._make_template,
    Cmd.GET_IMAGE: Module._image,
    Cmd.GET_RAW_IMAGE: Module._raw_image,
    Cmd.GET_TEMPLATE: Module._get_template,
    Cmd.SET_TEMPLATE: Module._set_template,
    Cmd.SET_SECURITY: Module._set_security,
    Cmd.GET_SECURITY: lambda module, _: module._security,
}


def _answer(answer: int | Nack | tuple[int, bytes]) -> bytes:
    if isinstance(answer, Nack):
        return codec.pack(Packet(NACK, answer))
    return codec.pack(Packet(ACK, answer if isinstance(answer, int) else answer[0]))


HELP = (
    "place [PICTURE] · touch [PICTURE] · lift · bad · clear · spoil [N] · reset · unplug · plug · noise · "
    "enrol ID [PICTURE] · pictures · status · help"
)


class Gt521fSim:
    """See drivers.entry.Simulation. Raises OptionError for a stage it cannot stand on."""

    def __init__(self, stage: Stage) -> None:
        if stage.variant and stage.variant not in VARIANTS:
            raise OptionError(f"variant = {stage.variant!r}: expected one of {', '.join(VARIANTS)}")
        self._fingers = sim_finger.library(stage.library)
        self.module = Module(VARIANTS[stage.variant or "f32"])
        self.stand = Stand(stage, self.module.hear, lambda: self.module.baud)

    @property
    def where(self) -> str:
        return self.stand.where

    def do(self, what: str) -> str:
        module, finger = self.module, self._finger
        match what.split():
            case ["place", *name] if len(name) < 2:
                module.on_glass = finger(*name)
                return f"{module.on_glass.name} lies on the glass"
            case ["touch", *name] if len(name) < 2:
                module.on_glass = Finger(finger(*name).name, grained(finger(*name).image))
                return f"{module.on_glass.name} lies on the glass, as never before"
            case ["lift"]:
                module.on_glass = None
                return "nothing lies on the glass"
            case ["bad" | "clear" as word]:
                module.bad = word == "bad"
                return "captures are bad" if module.bad else "captures are good"
            case ["spoil", *count] if len(count) < 2 and all(c.isdecimal() for c in count):
                module.spoil = int(count[0]) if count else 1
                return f"{module.spoil} data packets will come damaged"
            case ["reset"]:
                module.reset()
                return "off and on again"
            case ["unplug"]:
                self.stand.unplug()
                return "the cable is out"
            case ["plug"]:
                self.stand.plug()
                return f"the cable is in: {self.where}"
            case ["noise"]:
                self.stand.say(b"\x55\xaa\x01\x00\x5a\xa5noise")
                return "noise on the line"
            case ["enrol", id_, *name] if len(name) < 2 and id_.isdecimal() and int(id_) < module.variant.ids:
                module.database[int(id_)] = module.template(finger(*name))
                return f"id {int(id_)} is taken"
            case ["pictures"]:
                return " ".join(self._fingers)
            case ["status"]:
                on = module.on_glass.name if module.on_glass else "nothing"
                return f"{module.variant.name} baud={module.baud} finger={on} light={module.light}"
            case ["help"]:
                return HELP
        raise ProtocolError(f"{what!r}: expected {HELP}")

    def close(self) -> None:
        self.stand.close()

    def _finger(self, picture: str = "") -> Finger:
        name = PurePath(picture).stem or next(iter(self._fingers))
        if name not in self._fingers:
            raise ProtocolError(f"{name!r}: no such picture; known: {', '.join(self._fingers)}")
        return self._fingers[name]
