"""Fingers that nobody has, for demonstrations and tests: `finger`, `impression`, `bare_glass`, `generate`."""

from matching.synthetic.errors import SyntheticError
from matching.synthetic.finger import MasterFinger, finger
from matching.synthetic.generate import generate
from matching.synthetic.impression import bare_glass, impression
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
    "bare_glass",
    "finger",
    "generate",
    "impression",
]
