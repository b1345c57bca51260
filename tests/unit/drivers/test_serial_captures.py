"""Sessions that independent clients had with our simulators, replayed: the simulators still say the same.

pyfingerprint, Adafruit's library and the r503 package enrolled, matched, searched and fetched pictures from the ZFM
simulator, and PyGT521F32 from that of the GT-521F, over a pseudo-terminal, with all their own checks content.
"""

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from drivers.entry import Stage
from drivers.gt521f.sim import Gt521fSim
from drivers.zfm.sim import ZfmSim

CAPTURES = Path(__file__).parents[2] / "captures"
SIMS: dict[str, Callable[[Stage], ZfmSim | Gt521fSim]] = {"zfm": ZfmSim, "gt521f": Gt521fSim}


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*/*.log")), ids=lambda path: path.stem)
def test_a_client_is_answered_as_it_was(capture: Path) -> None:
    head, *lines = capture.read_text().splitlines()
    assert head.startswith("# Origin: ")
    variant = head.split("variant ")[1].split(".")[0]
    expected = heard = b""
    exchanges = 0
    with closing(SIMS[capture.parent.name](Stage(variant=variant, pacing=False))) as sim:
        for line in lines:
            way, _, said = line.partition(" ")
            if way == "!":
                sim.do(said)
            elif way == ">":
                heard = b"".join(sim.module.hear(bytes.fromhex(said), None))
                exchanges += 1
            elif way == "<" and said.startswith("sha256"):
                _, length, digest = said.split()
                assert (len(heard), hashlib.sha256(heard).hexdigest()) == (int(length), digest)
            elif way == "<":
                expected = bytes.fromhex(said)
                assert heard == expected
    assert exchanges > 20
