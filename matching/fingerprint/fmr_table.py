"""Made by `python -m matching.calibrate DIR --write`, which says how; do not edit.

From 62,320 trials of 40 fingers (FVC2002_DB1_B, FVC2002_DB3_B, FVC2004_DB1_B, FVC2004_DB3_B).
Measured down to 0.01 %, extrapolated from there.
"""

from typing import Final

TABLE: Final = (
    (1e-1, 0.00139),
    (1e-2, 0.0022),
    (1e-3, 0.00319),
    (1e-4, 0.00472),
    (1e-5, 0.00696),
    (1e-6, 0.01032),
)
"""FMR and the evidence from which it holds, strictest last."""
