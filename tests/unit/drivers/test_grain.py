"""A living touch never gives the same bytes twice, and hardly another picture."""

import numpy as np
import pytest

from drivers.entry import Stage
from drivers.grain import grained
from drivers.zfm.sim import ZfmSim


@pytest.mark.parametrize("shade", [1, 16])
def test_a_pixel_here_and_there_is_a_shade_off(shade: int) -> None:
    image = np.full((290, 384), 200, np.uint8)
    one, other = grained(image, shade), grained(image, shade)
    assert one.dtype == np.uint8
    assert not np.array_equal(one, other)
    off = np.abs(one.astype(int) - image)
    assert set(np.unique(off)) == {0, shade}
    assert 0.01 < (off > 0).mean() < 0.022


def test_a_pretended_modules_touch_is_new_each_time_and_still_the_same_finger() -> None:
    sim = ZfmSim(Stage(tcp="127.0.0.1:0", pacing=False))
    try:
        seen = []
        for _ in range(2):
            assert "as never before" in sim.do("touch 1_1")
            assert sim.module.on_glass is not None
            seen.append((sim.module.on_glass.name, sim.module._packed(sim.module.on_glass)))
        sim.do("place 1_1")
        assert sim.module.on_glass is not None
        assert seen[0][0] == seen[1][0] == sim.module.on_glass.name
        assert seen[0][1] != seen[1][1]
    finally:
        sim.close()
