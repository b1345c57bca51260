"""Every driver whose rig has a `wire` (tests/contract/rigs/wire.py), with that wire spoilt at every kind of byte.

What a strike is, and what a driver owes whatever is struck, stands in tests/faults/strikes.py. Here as many are tried
as `SAMPLE` says, drawn by a seed; with HAZRI_FAULTS=full, and by `make faults`, all of them. Almost always a driver
works again within a second of the device's return; on a machine so busy that a reading takes long where nothing is
spoilt, within half as long again.

To join, see tests/contract/rigs/wire.py. A rig whose readings differ from touch to touch defines
`genuine(reading) -> bool`; else a reading must equal that of the whole wire. One whose device keeps a log, of which
entries come until they are taken, has a `log`: what was ever touched. What its driver must be told to wait no longer
than a quick line needs is in `hasty`; where each strike is dear, `few` says how many will do,
`lanes` how many go side by side, and `recovery_s` what is allowed instead of a second.
"""

import os
import random
import sys
from contextlib import closing
from pathlib import Path

import pytest

from drivers import registry
from drivers.base import Feature, Matcher
from drivers.registry import DRIVERS
from tests.contract.rigs import RIGS
from tests.faults import strikes
from tests.faults.strikes import WIRED

SAMPLE = 240  # of a driver, over all its faults and sessions
SEED = 4


@pytest.mark.parametrize("name", WIRED)
def test_a_spoilt_wire_invents_no_reading_and_is_got_over(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """S11, S13: no phantom, no hang, no crash, and back within a second."""
    every = strikes.everywhere(name)
    full = os.environ.get("HAZRI_FAULTS") == "full"
    sample = min(getattr(RIGS[name], "few", SAMPLE), len(every))
    chosen = every if full else random.Random(f"{SEED} {name}").sample(every, sample)
    struck = strikes.strike(chosen)
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: {len(chosen):,} of {len(every):,} strikes: ")
    assert not struck.violations
    assert len(struck.recovery_s) == len(chosen)
    slow = struck.slow(name)
    limit_s = struck.limit_s(name)
    assert slow <= len(chosen) // 10, f"{slow} of {len(chosen)} times it took more than {limit_s:.1f} s to recover"


@pytest.mark.parametrize("name", WIRED)
def test_a_driver_that_says_it_matches_is_a_matcher(name: str, tmp_path: Path) -> None:
    with closing(RIGS[name](tmp_path)) as rig:
        assert isinstance(registry.make(name, rig.options), Matcher) is (Feature.MATCH in DRIVERS[name].features)
