"""A pretended ZFM module on a pseudo-terminal, TCP or a real port, and the words of whoever stands in front of it."""

from collections.abc import Callable, Mapping
from pathlib import PurePath

from drivers import OptionError, ProtocolError, sim_finger
from drivers.entry import Stage
from drivers.grain import grained
from drivers.stand import Stand
from drivers.zfm.sim_module import Module, Variant
from drivers.zfm.table import Code

VARIANTS: Mapping[str, Variant] = {
    "r307": Variant(lamp=True),
    "as608": Variant("AS608", pages=300, wakes=False),
    "r503": Variant("R503", 192, 192, 1536, 200, buffers=6, told=True),
    "fpm": Variant("FPM383", 160, 160, 768, 60, told=True, wakes=False),
    "password": Variant(password=0x0000CAFE, address=0x12345678),
    "packet32": Variant(packet_code=0),
    "packet256": Variant(packet_code=3, baud=115200),
    "slow": Variant(baud=9600),
    "noisy": Variant(noise=20),
}

HELP = (
    "place [PICTURE] · touch [PICTURE] · lift · messy · faint · clear · spoil [N] · reset · unplug · plug · noise · "
    "enrol PAGE [PICTURE] · pictures · status · help"
)
_NOISE = bytes(range(0xE8, 0xF8)) + b"\xef\x01\xff\xff\x55"


class ZfmSim:
    """See drivers.entry.Simulation. Raises OptionError for a stage it cannot stand on."""

    def __init__(self, stage: Stage) -> None:
        if stage.variant and stage.variant not in VARIANTS:
            raise OptionError(f"variant = {stage.variant!r}: expected one of {', '.join(VARIANTS)}")
        self._fingers = sim_finger.library(stage.library)
        self.module = Module(VARIANTS[stage.variant or "r307"], self._fingers)
        self.stand = Stand(stage, self.module.hear, lambda: self.module.baud)
        self._words: Mapping[str, Callable[..., str]] = {
            "place": self._place, "touch": self._touch, "lift": self._lift, "messy": lambda: self._trouble(Code.MESSY),
            "faint": lambda: self._trouble(Code.FEW_POINTS), "clear": lambda: self._trouble(Code.OK),
            "spoil": self._spoil, "reset": self._reset, "unplug": self._unplug, "plug": self._plug,
            "noise": self._noise, "enrol": self._enrol, "pictures": lambda: " ".join(self._fingers),
            "status": self._status, "help": lambda: HELP,
        }  # fmt: skip

    @property
    def where(self) -> str:
        return self.stand.where

    def do(self, what: str) -> str:
        word, *rest = what.split() or ["help"]
        if word not in self._words:
            raise ProtocolError(f"{word!r}: expected {HELP}")
        try:
            return self._words[word](*rest)
        except (TypeError, ValueError):
            raise ProtocolError(f"{what!r}: expected {HELP}") from None

    def close(self) -> None:
        self.stand.close()

    def _place(self, picture: str = "") -> str:
        self.module.on_glass = self._finger(picture)
        return f"{self.module.on_glass.name} lies on the glass"

    def _touch(self, picture: str = "") -> str:
        finger = self._finger(picture)
        self.module.on_glass = sim_finger.Finger(finger.name, grained(finger.image, shade=16))
        return f"{finger.name} lies on the glass, as never before"

    def _lift(self) -> str:
        self.module.on_glass = None
        return "nothing lies on the glass"

    def _trouble(self, code: Code) -> str:
        self.module.trouble = code
        return f"features end with {code.name}"

    def _spoil(self, count: str = "1") -> str:
        self.module.spoil = int(count)
        return f"{self.module.spoil} streams of data will come damaged"

    def _reset(self) -> str:
        self.stand.say(self.module.reset())
        return "off and on again"

    def _unplug(self) -> str:
        self.stand.unplug()
        return "the cable is out"

    def _plug(self) -> str:
        self.stand.plug()
        return f"the cable is in: {self.where}"

    def _noise(self) -> str:
        self.stand.say(_NOISE)
        return "noise on the line"

    def _enrol(self, page: str, picture: str = "") -> str:
        self.module.enrol(int(page), self._finger(picture))
        return f"page {int(page)} is taken"

    def _status(self) -> str:
        m = self.module
        finger = m.on_glass.name if m.on_glass else "nothing"
        return f"{m.variant.name} baud={m.baud} finger={finger} light={m.light} enrolled={len(m.library)}"

    def _finger(self, picture: str) -> sim_finger.Finger:
        name = PurePath(picture).stem or next(iter(self._fingers))
        if name not in self._fingers:
            raise ProtocolError(f"{name!r}: no such picture; known: {', '.join(self._fingers)}")
        return self._fingers[name]
