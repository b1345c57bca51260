"""Is this frame worth comparing, and if not, what should the person or the technician do? (S11, S16) Pure."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from matching.face import parameters as p
from matching.face.detect import Face
from matching.face.picture import Picture
from matching.face.pose import Pose, pose


class Advice(enum.Enum):
    """What is wrong, as the person before the camera can mend it."""

    NO_FACE = "no_face"  # stand before the camera; uncover the face, or use the other way to punch
    ONE_AT_A_TIME = "one_at_a_time"
    COME_CLOSER = "come_closer"
    STEP_BACK = "step_back"
    WHOLE_FACE = "whole_face"  # it is cut off by the frame's edge: move to the middle
    LOOK_HERE = "look_here"  # straight at the camera, head upright
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    BACKLIGHT = "backlight"  # the light is behind you: turn round, or the camera faces a door or window
    HOLD_STILL = "hold_still"


@dataclass(frozen=True)
class Quality:
    """What was seen of the first face. Light is in grey levels, 0 … 255.

    eyes_px: distance between the eyes. light: mean of the face. surroundings: mean outside it. clipped: share of
    the face that is pure white, 0 … 1. sharpness: variance of the Laplacian of the aligned face. pose: None when
    the points are those of no head. advice: None when nothing is wrong.
    """

    eyes_px: float
    light: float
    surroundings: float
    clipped: float
    sharpness: float
    pose: Pose | None
    advice: Advice | None


def look(image: Picture, faces: Sequence[Face], aligned: Picture) -> Quality:
    """The quality of the first of `faces` (at least one) in a checked frame, and what to do about it."""
    face = faces[0]
    light, clipped, surroundings = _light(image, face)
    sharpness = float(cv2.Laplacian(cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())
    head = pose(face.points)
    advice = (
        _place(image, faces)
        or _exposure(light, clipped, surroundings)
        or _attitude(head)
        or (Advice.HOLD_STILL if sharpness < p.SHARP_LEAST else None)
    )
    return Quality(face.eyes_px, light, surroundings, clipped, sharpness, head, advice)


def _place(image: Picture, faces: Sequence[Face]) -> Advice | None:
    rows, columns = image.shape[:2]
    x, y, width, height = faces[0].box
    if len(faces) > 1 and faces[1].box[3] > p.OTHER_FACE_SHARE * height:
        return Advice.ONE_AT_A_TIME
    if faces[0].eyes_px < p.EYES_LEAST_PX:
        return Advice.COME_CLOSER
    if max(width, height) > p.FACE_MOST_SHARE * min(rows, columns):
        return Advice.STEP_BACK
    points = faces[0].points
    whole = (points >= 0).all() and (points < (columns, rows)).all()
    middle = 0 <= x + width / 2 < columns and 0 <= y + height / 2 < rows
    return None if whole and middle else Advice.WHOLE_FACE


def _exposure(light: float, clipped: float, surroundings: float) -> Advice | None:
    if light < p.BACKLIGHT_FACE and light < p.BACKLIGHT_RATIO * surroundings:
        return Advice.BACKLIGHT
    if light < p.DARK:
        return Advice.MORE_LIGHT
    if light > p.BRIGHT or clipped > p.CLIPPED_SHARE:
        return Advice.LESS_LIGHT
    return None


def _attitude(head: Pose | None) -> Advice | None:
    if head is None:
        return Advice.LOOK_HERE
    most = (p.YAW_MOST_DEG, p.PITCH_MOST_DEG, p.ROLL_MOST_DEG)
    angles = (head.yaw_deg, head.pitch_deg, head.roll_deg)
    straight = all(abs(angle) <= limit for angle, limit in zip(angles, most, strict=True))
    return None if straight else Advice.LOOK_HERE


def _light(image: Picture, face: Face) -> tuple[float, float, float]:
    """Mean of the face, its clipped share, mean of what is around it; a coarse look is enough."""
    step = max(1, max(image.shape[:2]) // p.DETECT_SIDE_PX)
    grey = cv2.cvtColor(np.ascontiguousarray(image[::step, ::step]), cv2.COLOR_BGR2GRAY)
    rows, columns = grey.shape
    x, y, width, height = (side / step for side in face.box)
    across = np.clip([x + 0.15 * width, x + 0.85 * width], 0, columns).astype(int)
    down = np.clip([y + 0.15 * height, y + 0.9 * height], 0, rows).astype(int)
    inner = grey[down[0] : down[1], across[0] : across[1]]
    if inner.size == 0:
        return float(grey.mean()), 0.0, float(grey.mean())
    box = np.clip([x, x + width, y, y + height], 0, [columns, columns, rows, rows]).astype(int)
    inside = grey[box[2] : box[3], box[0] : box[1]]
    rest = grey.size - inside.size
    around = (float(grey.sum()) - float(inside.sum())) / rest if rest else float(grey.mean())
    return float(inner.mean()), float((inner >= p.CLIPPED_LEVEL).mean()), around
