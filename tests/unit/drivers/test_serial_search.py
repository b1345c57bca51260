"""A serial module at another speed than expected is found, though it misses the first question put to it there."""

from contextlib import closing

from drivers.entry import Stage
from drivers.gt521f.module import Module as Gt521fModule
from drivers.gt521f.sim import Gt521fSim
from drivers.ports import SerialPort
from drivers.zfm.module import Module as ZfmModule
from drivers.zfm.sim import ZfmSim
from drivers.zfm.table import ANY_ADDRESS

THERE = 115200


class Busy(SerialPort):
    """A machine that is busy when the module would have to answer: it hears nothing in time."""

    missed = 0

    def write(self, data: bytes) -> None:
        if self.baud == THERE and not self.missed:
            self.missed += 1
        else:
            super().write(data)


def test_zfm() -> None:
    with closing(ZfmSim(Stage(variant="packet256", pacing=False))) as sim, closing(Busy(sim.where, 57600)) as port:
        ZfmModule(port, 0, ANY_ADDRESS, 0).open()
        assert (port.baud, port.missed, sim.module.baud) == (THERE, 1, THERE)


def test_gt521f() -> None:
    with closing(Gt521fSim(Stage(pacing=False))) as sim, closing(Busy(sim.where, 9600)) as port:
        sim.module.baud = THERE
        Gt521fModule(port, THERE).open()
        assert (port.baud, port.missed) == (THERE, 1)
