"""A pretended GT-521F32."""

from pathlib import Path

from drivers.entry import Stage
from drivers.gt521f.sim import Gt521fSim
from tests.contract.rigs.module import ModuleRig


class Gt521fRig(ModuleRig):
    def __init__(self, folder: Path) -> None:
        super().__init__(Gt521fSim(Stage(variant="f32", pacing=False)), folder)
