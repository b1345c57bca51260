"""A module found, known and used: its commands under their own names."""

import hashlib
import struct
from dataclasses import dataclass

from drivers import DeviceGone, ProtocolError
from drivers.base import DeviceTemplate
from drivers.gt521f.codec import BAUDS, INFO_BYTES, OPEN_BYTES, Cmd, Nack
from drivers.gt521f.link import Link, Refused
from drivers.ports import Port

PROBE_S = 0.25
PATIENT_TRIES = 3  # where it was last; elsewhere one try a round, so that a search does not take for ever
SLOTS = 8  # ids at the end of the module's database that hold candidates for a while
RAW_PX = (160, 120)
FAST_BAUD = 115200


@dataclass(frozen=True, slots=True)
class Identity:
    """What a module says of itself, else what a GT-511C3 is like; `ids` of the smallest of the family."""

    name: str = "GT-511C"
    firmware: str = ""
    serial: str = ""
    width_px: int = 202
    height_px: int = 258
    ids: int = 20
    template_bytes: int = 498

    @property
    def family(self) -> str:
        """Whose templates it understands."""
        return f"gt521f/{self.template_bytes}"


class Module:
    """One module on a port. Every method raises Refused, ProtocolError or DeviceGone."""

    def __init__(self, port: Port, baud: int, patience: float = 1.0) -> None:
        self.link = Link(port, patience)
        self._baud = baud
        self._slots: dict[bytes, int] = {}  # whose template is where, the oldest first

    def open(self) -> Identity:
        """Find it, last known speed first, and go as fast as it can. Raises DeviceGone."""
        self.link.stop.clear()
        self.link.port.open()
        self._slots.clear()
        self._find()
        said = self.link.fetch(Cmd.OPEN, 1, data_bytes=OPEN_BYTES)
        self._hasten()
        return self._identify(said)

    def dark(self) -> None:
        """The light out, in passing. Raises DeviceGone when the port is gone."""
        self.link.post(Cmd.LED, 0)

    def _find(self) -> None:
        port, here = self.link.port, self.link.port.baud
        elsewhere = [baud for baud in BAUDS if baud != here]
        # Elsewhere twice round: a machine that was busy for a moment may have missed the answer.
        for baud in (here, *elsewhere, *elsewhere):
            if port.baud != baud:
                port.baud = baud
            if self._answers(PATIENT_TRIES if baud == here else 1):
                return
        port.baud = here
        raise DeviceGone("no module answers at any speed tried")

    def _answers(self, times: int) -> bool:
        for _ in range(times):
            try:
                self.link.ask(Cmd.LED, 0, times=1, timeout_s=PROBE_S)
            except Refused:
                return True
            except (ProtocolError, DeviceGone):
                self.link.port.flush()  # raises when it is the port itself
            else:
                return True
        return False

    def _hasten(self) -> None:
        port, wanted = self.link.port, self._baud or FAST_BAUD
        if port.baud == wanted:
            return
        before = port.baud
        self.link.ask(Cmd.CHANGE_BAUD, wanted)
        port.baud = wanted
        if not self._answers(PATIENT_TRIES):
            port.baud = before
            raise DeviceGone(f"the module does not follow to {wanted} baud")

    def _identify(self, said: bytes) -> Identity:
        firmware, _, serial = struct.unpack("<II16s", said)
        told = Identity(firmware=f"{firmware:x}", serial=serial.hex())
        try:
            data = self.link.fetch(Cmd.MODULE_INFO, data_bytes=INFO_BYTES)
        except Refused:
            return told
        sensor, _, _, _, width, height, ids, _, template = struct.unpack("<12s12s7H", data)
        name = "".join(c for c in sensor.split(b"\0")[0].decode("ascii", "replace") if c.isascii() and c.isprintable())
        # Firmwares disagree which of the two is the width; the picture is higher than wide.
        width, height = sorted((width or told.width_px, height or told.height_px))
        return Identity(
            name or told.name,
            told.firmware,
            told.serial,
            width,
            height,
            ids or told.ids,
            template or told.template_bytes,
        )

    def light(self, *, on: bool) -> None:
        """Without light there is neither finger nor picture."""
        self.link.ask(Cmd.LED, int(on))

    def pressed(self) -> bool:
        return self.link.ask(Cmd.IS_PRESS_FINGER) == 0

    def capture(self) -> Nack | None:
        """The best picture of what lies there into the module; why not, when not."""
        try:
            self.link.ask(Cmd.CAPTURE, 1)
        except Refused as refused:
            return refused.why
        return None

    def picture(self, known: Identity, *, raw: bool) -> bytes:
        if raw:
            return self.link.fetch(Cmd.GET_RAW_IMAGE, data_bytes=RAW_PX[0] * RAW_PX[1])
        return self.link.fetch(Cmd.GET_IMAGE, data_bytes=known.width_px * known.height_px)

    def template(self, known: Identity) -> bytes:
        """Of what was captured."""
        return self.link.fetch(Cmd.MAKE_TEMPLATE, data_bytes=known.template_bytes)

    def verify(self, known: Identity, candidate: DeviceTemplate) -> int | None:
        """1 when what was captured is this finger, else 0; None when the module refuses the template.

        The module compares with what is in its database alone, so the candidate is put there first, once.
        """
        mark = hashlib.sha256(candidate.data).digest()
        try:
            slot = self._slot(known, mark, candidate.data)
        except Refused:
            return None
        try:
            self.link.sure(Cmd.VERIFY, slot)
        except Refused as refused:
            if refused.why is Nack.VERIFY_FAILED:
                return 0
            if refused.why is Nack.NOT_USED:
                self._slots.pop(mark, None)
                return None
            raise
        return 1

    def identify(self) -> int | None:
        """The id of whoever is in the module's database, None when nobody is."""
        try:
            return self.link.sure(Cmd.IDENTIFY)
        except Refused as refused:
            if refused.why in (Nack.IDENTIFY_FAILED, Nack.EMPTY):
                return None
            raise

    def stored(self, known: Identity, id_: int) -> bytes:
        """The template at an id."""
        return self.link.fetch(Cmd.GET_TEMPLATE, id_, data_bytes=known.template_bytes)

    def put(self, id_: int, template: bytes) -> None:
        """A template to an id, in the place of what was there."""
        self.remove(id_)
        self.link.hand(Cmd.SET_TEMPLATE, id_, template)

    def remove(self, id_: int) -> None:
        try:
            self.link.ask(Cmd.DELETE_ID, id_)
        except Refused as refused:
            if refused.why not in (Nack.NOT_USED, Nack.EMPTY, Nack.BAD_ID):
                raise

    def _slot(self, known: Identity, mark: bytes, template: bytes) -> int:
        slot = self._slots.pop(mark, None)
        if slot is None:
            free = set(range(known.ids - SLOTS, known.ids)) - set(self._slots.values())
            slot = min(free) if free else self._slots.pop(next(iter(self._slots)))
            self.put(slot, template)
        self._slots[mark] = slot
        return slot
