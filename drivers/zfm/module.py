"""A module found, known and used: where it answers, what it is, and its instructions under their own names."""

import contextlib
from dataclasses import dataclass
from typing import Any

from drivers import DeviceGone, DriverError, ProtocolError
from drivers.ports import Port
from drivers.zfm.link import Link, Refused
from drivers.zfm.table import (
    ANY_ADDRESS,
    BAUD_UNIT,
    BAUDS,
    MODELS,
    OPTICAL,
    Aura,
    Code,
    Colour,
    Model,
    Op,
    Register,
)

PROBE_S = 0.25
PATIENT_TRIES = 3  # where it was last; elsewhere one try a round, so that a search does not take for ever
TOUCH, SPARE = 1, 2  # the two buffers every module has
PAGES_A_TABLE = 256


@dataclass(frozen=True, slots=True)
class Identity:
    """What a module says of itself, and what the table adds."""

    model: Model
    library: int
    security: int
    packet_bytes: int
    told: bool = False  # it answers READ_PROD_INFO, so it has a ring of light too
    serial: str = ""
    firmware: str = ""
    algorithm: str = "synochip"

    @property
    def family(self) -> str:
        """Whose templates it understands."""
        return f"zfm/{self.algorithm}/{self.model.template_bytes}"


class Module:
    """One module on a port. Every method raises Refused, ProtocolError or DeviceGone."""

    def __init__(self, port: Port, baud: int, address: int, password: int, patience: float = 1.0) -> None:
        self.link = Link(port, password, address, patience)
        self._bauds = (baud,) if baud else BAUDS
        self._addresses = tuple(dict.fromkeys((address, ANY_ADDRESS)))
        self._template_bytes = OPTICAL.template_bytes
        self._led = True  # until it says that it has none

    def open(self) -> Identity:
        """Find it, last known place first. Raises DeviceGone."""
        self.link.stop.clear()
        self.link.port.open()
        self._find()
        identity = self._identify()
        self._template_bytes = identity.model.template_bytes
        return identity

    def _find(self) -> None:
        port, here = self.link.port, (self.link.port.baud, self.link.address)
        places = [(baud, address) for address in self._addresses for baud in self._bauds]
        elsewhere = [place for place in places if place != here]
        # Elsewhere twice round: a machine that was busy for a moment may have missed the answer.
        for baud, address in (here, *elsewhere, *elsewhere):
            if port.baud != baud:
                port.baud = baud
            self.link.address = address
            if any(self._answers() for _ in range(PATIENT_TRIES if (baud, address) == here else 1)):
                return
        port.baud, self.link.address = here
        raise DeviceGone("no module answers at any speed tried")

    def _answers(self) -> bool:
        for _ in range(2):
            try:
                self.link.ask(Op.VFY_PWD, self.link.password, times=1, timeout_s=PROBE_S)
            except Refused as refused:
                if refused.code is Code.BAD_PASSWORD:
                    raise DeviceGone("the module refuses the password") from None
            except ProtocolError:
                continue  # it was in the middle of something, or this is the wrong speed
            except DeviceGone:
                self.link.port.flush()  # raises when it is the port itself
                return False
            else:
                return True
        return False

    def _identify(self) -> Identity:
        _, _, library, security, _, packet_code, _ = self.link.ask(Op.READ_SYS_PARA)
        packet_bytes = 32 << min(packet_code, 3)
        self.link.packet_bytes = packet_bytes
        told = self._told()
        if told is None:
            return Identity(OPTICAL, library, security, packet_bytes)
        kind, batch, serial, major, minor, _, width, height, template, pages = told
        name = _text(kind)
        near = next((model for start, model in MODELS.items() if name.upper().startswith(start)), OPTICAL)
        model = Model(name or near.name, width or near.width_px, height or near.height_px, near.dpi, template or 512)
        firmware = self._version(Op.GET_FW_VER) or f"{major}.{minor}"
        algorithm = self._version(Op.GET_ALG_VER) or "synochip"
        number = f"{_text(batch)}{_text(serial)}"
        return Identity(model, library or pages, security, packet_bytes, True, number, firmware, algorithm)

    def _told(self) -> tuple[Any, ...] | None:
        """What a newer module says of itself; None for an old one, whether it refuses to or is silent."""
        for _ in range(2):
            try:
                return self.link.ask(Op.READ_PROD_INFO, timeout_s=PROBE_S)
            except Refused:
                return None
            except DeviceGone:
                # It is an old one only when it is still there, and silent again: it or we may have been busy. A damaged
                # answer is another matter: to take a module for what it is not would turn its pictures into stripes.
                self.link.ask(Op.VFY_PWD, self.link.password)
        return None

    def _version(self, op: Op) -> str:
        try:
            return _text(self.link.ask(op, timeout_s=PROBE_S)[0])
        except Refused:
            return ""

    def capture(self) -> Code:
        """OK: a finger's picture is in the module. Else NO_FINGER, or a code of ADVICE."""
        return self._tried(Op.GEN_IMG)

    def features(self, buffer: int) -> Code:
        """The picture's features into a buffer: OK, or a code of ADVICE."""
        return self._tried(Op.IMG_2_TZ, buffer)

    def picture(self, width_px: int, height_px: int) -> bytes:
        """The picture as the module packs it; as high as the module makes it."""
        return self.link.fetch(Op.UP_IMAGE, expected_bytes=width_px * height_px // 2)

    def template(self, buffer: int) -> bytes:
        """What is in a buffer."""
        return self.link.fetch(Op.UP_CHAR, buffer, expected_bytes=self._template_bytes)

    def score(self, template: bytes) -> int | None:
        """The touch in TOUCH against this: 0 when the module calls it another finger, None when it refuses it.

        Nothing acknowledges a template on its way down: were it damaged, the module would compare with the one before.
        So a score that counts is believed only when what stands in the buffer is what was sent.
        """
        for _ in range(2):
            self.link.hand(Op.DOWN_CHAR, SPARE, data=template)
            try:
                score = int(self.link.ask(Op.MATCH)[0])
            except Refused as refused:
                if refused.code is Code.NO_MATCH:
                    return 0
                if refused.code in {Code.LOAD_ERROR, Code.EXECUTION_FAIL, Code.UNKNOWN}:
                    return None
                continue
            if self.template(SPARE) == template:
                return score
        return None

    def search(self, buffer: int, pages: int) -> tuple[int, int] | None:
        """Page and score of whoever is in the module's own library, None when nobody is."""
        for op in (Op.SEARCH, Op.HI_SPEED_SEARCH):
            try:
                page, score = self.link.ask(op, buffer, 0, pages)
            except Refused as refused:
                if refused.code in {Code.NOT_FOUND, Code.LIBRARY_EMPTY}:
                    return None
                if refused.code is not Code.UNSUPPORTED:
                    raise
            else:
                return int(page), int(score)
        return None

    def pages(self, library: int) -> list[int]:
        """Which pages of the library are taken."""
        taken: list[int] = []
        for table in range(-(-library // PAGES_A_TABLE)):
            bits = int.from_bytes(self.link.ask(Op.READ_INDEX, table)[0], "little")
            taken += [table * PAGES_A_TABLE + n for n in range(PAGES_A_TABLE) if bits >> n & 1]
        return taken

    def put(self, page: int, template: bytes) -> None:
        """A template into the library. What stands there afterwards is what was sent, or ProtocolError."""
        self.link.hand(Op.DOWN_CHAR, SPARE, data=template)
        if self.template(SPARE) != template:
            raise ProtocolError("the template did not arrive whole")
        self.link.ask(Op.STORE, SPARE, page)

    def remove(self, page: int) -> None:
        self.link.ask(Op.DELETE, page, 1)

    def set_packets(self, packet_bytes: int) -> None:
        """32, 64, 128 or 256 bytes of data in a packet."""
        self.link.ask(Op.SET_SYS_PARA, Register.PACKET, (packet_bytes // 32).bit_length() - 1)
        self.link.packet_bytes = packet_bytes

    def set_baud(self, baud: int) -> None:
        """A multiple of 9600 up to 115200; the module keeps it."""
        if baud % BAUD_UNIT or not 1 <= baud // BAUD_UNIT <= 12:
            raise ProtocolError(f"{baud} baud: expected a multiple of {BAUD_UNIT} up to {12 * BAUD_UNIT}")
        self.link.change_baud(baud)

    def light(self, identity: Identity, *, on: bool) -> None:
        """The ring or the lamp, where there is one; an optical sensor lights itself while it captures."""
        if not self._led:
            return
        try:
            if identity.told:
                self.link.ask(Op.AURA_LED, Aura.BREATHE if on else Aura.OFF, 100, Colour.BLUE, 0)
            else:
                self.link.ask(Op.LED_ON if on else Op.LED_OFF, times=1)
        except Refused:
            self._led = False
        except DriverError:
            if identity.told:
                raise
            self._led = False  # the oldest say nothing at all to an instruction they do not know
            self.link.port.flush()

    def dark(self, identity: Identity) -> None:
        """The light out, in passing: nothing is waited for and nothing raised."""
        with contextlib.suppress(DriverError):
            if self._led and identity.told:
                self.link.post(Op.AURA_LED, Aura.OFF, 0, Colour.BLUE, 0)
            elif self._led:
                self.link.post(Op.LED_OFF)

    def _tried(self, op: Op, *args: int) -> Code:
        try:
            self.link.ask(op, *args)
        except Refused as refused:
            return refused.code
        return Code.OK


def _text(data: bytes) -> str:
    """A text of a device, safe for a log line and a screen."""
    text = data.split(b"\0")[0].decode("ascii", "replace")
    return "".join(c for c in text if c.isascii() and c.isprintable()).strip()
