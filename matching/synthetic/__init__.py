"""Fingers that nobody has, for demonstrations and tests: `finger`, `impression`, `generate`."""

from matching.synthetic.errors import SyntheticError
from matching.synthetic.finger import MasterFinger, finger
from matching.synthetic.generate import generate
from matching.synthetic.impression import impression
from matching.synthetic.parameters import GREY, OPTICAL, OPTICAL_SQUARE, Condition, Pattern, Sensor

__all__ = [
    "GREY",
    "OPTICAL",
    "OPTICAL_SQUARE",
    "Condition",
    "MasterFinger",
    "Pattern",
    "Sensor",
    "SyntheticError",
    "finger",
    "generate",
    "impression",
]
