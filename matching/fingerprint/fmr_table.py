"""Made by `python -m matching.calibrate DIR --write`, which says how; do not edit.

From 62,320 trials of 40 fingers (FVC2002_DB1_B, FVC2002_DB3_B, FVC2004_DB1_B, FVC2004_DB3_B).
Measured down to 0.01 %, extrapolated from there.
"""

from typing import Final

TABLE: Final = (
    (1e-1, 0.00121),
    (1e-2, 0.00188),
    (1e-3, 0.00279),
    (1e-4, 0.00424),
    (1e-5, 0.00651),
    (1e-6, 0.00997),
)
"""FMR and the evidence of one look from which it holds, strictest last."""

LOOKS_TABLE: Final = (
    (1e-1, 0.00113),
    (1e-2, 0.0017),
    (1e-3, 0.00257),
    (1e-4, 0.00385),
    (1e-5, 0.00581),
    (1e-6, 0.00876),
)
"""The same for the evidence of all looks together, near misses being looked at again."""
