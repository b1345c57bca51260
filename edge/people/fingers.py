"""Where a template belongs: the ten fingers by their positions in ISO/IEC 19794-2:2005, table 6, and the face."""

from collections.abc import Mapping
from enum import IntEnum


class Finger(IntEnum):
    """A finger of a hand."""

    RIGHT_THUMB = 1
    RIGHT_INDEX = 2
    RIGHT_MIDDLE = 3
    RIGHT_RING = 4
    RIGHT_LITTLE = 5
    LEFT_THUMB = 6
    LEFT_INDEX = 7
    LEFT_MIDDLE = 8
    LEFT_RING = 9
    LEFT_LITTLE = 10


FACE = 0
FINGERS: Mapping[str, int] = {finger.name.lower(): int(finger) for finger in Finger}
