"""Which way does the head look, from its five points? Pure.

A camera a metre away sees a head nearly in parallel projection, so the five points are a linear image of an
average head's (DeMenthon and Davis, "Model-based object pose in 25 lines of code", IJCV 15, 1995, without the
perspective rounds). Noses differ: the angles are good to some ten degrees between people, and better within one
person's turn, which is what the challenge uses.
"""

import math
from dataclasses import dataclass

import numpy as np

from matching.face.detect import Points
from matching.face.parameters import HEAD

_HEAD = np.array(HEAD) - np.mean(HEAD, axis=0)
_FIT = np.linalg.pinv(_HEAD)


@dataclass(frozen=True)
class Pose:
    """Degrees. yaw: positive when the head is turned to the person's own left, the right of an unmirrored picture.

    pitch: positive when it looks down. roll: positive when the head leans to the right of the picture.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def pose(points: Points) -> Pose | None:
    """The pose of a head with these points (5, 2), or None when they are not those of a head."""
    if not np.isfinite(points).all():
        return None
    across = points[1] - points[0]
    roll = math.atan2(across[1], across[0])
    turn = np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
    upright = (points - points.mean(axis=0)) @ turn.T
    camera = (_FIT @ upright).T  # (2, 3): the first two rows of a rotation, times a scale
    left, sizes, right = np.linalg.svd(camera, full_matrices=False)
    if sizes[1] < 1e-9:
        return None
    facing = (left @ right)[:, 2]
    yaw, pitch = (math.degrees(math.asin(float(np.clip(part, -1, 1)))) for part in facing)
    return Pose(yaw, pitch, math.degrees(roll))
