"""A pretended capacitive ZFM module."""

from pathlib import Path

from drivers.entry import Stage
from drivers.zfm.sim import ZfmSim
from tests.contract.rigs.module import ModuleRig


class ZfmRig(ModuleRig):
    def __init__(self, folder: Path) -> None:
        super().__init__(ZfmSim(Stage(variant="r503", pacing=False)), folder)
