"""A serial module that is pulled out while nobody wants it is missed at once, not by the next person's finger."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from drivers import DeviceGone, registry
from drivers.base import Watchful
from drivers.entry import Stage
from drivers.gt521f.sim import Gt521fSim
from drivers.zfm.sim import ZfmSim


@pytest.mark.parametrize(("name", "make"), [("zfm", ZfmSim), ("gt521f", Gt521fSim)])
def test_pulled_out_is_seen_without_reading(name: str, make: type[ZfmSim] | type[Gt521fSim], tmp_path: Path) -> None:
    with closing(make(Stage(pty=tmp_path / "module", pacing=False))) as sim:
        driver = registry.make(name, {"port": str(tmp_path / "module")})
        driver.open()
        assert isinstance(driver, Watchful)
        driver.check()
        sim.do("unplug")
        time.sleep(0.05)
        with pytest.raises(DeviceGone):
            driver.check()
        driver.close()
        with pytest.raises(DeviceGone):
            driver.check()
        sim.do("plug")
        driver.open()
        driver.check()
        driver.close()
