"""Made by `python -m matching.calibrate DIR --write`, which says how; do not edit.

From 99,712 trials of 40 fingers (FVC2002_DB1_B, FVC2002_DB3_B, FVC2004_DB1_B, FVC2004_DB3_B).
Measured down to 0.01 %, extrapolated from there.
"""

from typing import Final

TABLE: Final = (
    (1e-1, 0.00137),
    (1e-2, 0.00211),
    (1e-3, 0.00298),
    (1e-4, 0.0044),
    (1e-5, 0.0065),
    (1e-6, 0.00969),
)
"""FMR and the evidence from which it holds, strictest last."""
