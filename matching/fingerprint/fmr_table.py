"""Made by `python -m matching.calibrate DIR --write`, which says how; do not edit.

From 62,320 trials of 40 fingers (FVC2002_DB1_B, FVC2002_DB3_B, FVC2004_DB1_B, FVC2004_DB3_B).
Measured down to 0.01 %, extrapolated from there.
"""

from typing import Final

TABLE: Final = (
    (1e-1, 0.00122),
    (1e-2, 0.00221),
    (1e-3, 0.00349),
    (1e-4, 0.0056),
    (1e-5, 0.00894),
    (1e-6, 0.01424),
)
"""FMR and the evidence from which it holds, strictest last."""
