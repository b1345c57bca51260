"""Is this picture worth comparing, and if not, what should the person do?

Advice explains a poor result, it never forbids a good one: a dry finger that still shows enough minutiae is let
through, whatever it looks like. The limits are plain figures, not fitted to any test set.
"""

import enum
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.fingerprint import parameters as p
from matching.fingerprint.foreground import Foreground
from matching.minutiae import CELL_PX, Minutiae

_PX_PER_MM = p.DPI / 25.4


class Advice(enum.Enum):
    """What was wrong, as the person at the glass can mend it."""

    NO_FINGER = "no_finger"
    PARTIAL = "partial"  # press more of the thumb
    OFF_CENTRE = "off_centre"  # move it to the middle
    TOO_DRY = "too_dry"  # breathe on it, press a little harder
    TOO_WET = "too_wet"  # wipe it, press more softly
    UNCLEAR = "unclear"  # wipe the glass, try again or another thumb


@dataclass(frozen=True)
class Quality:
    """What was seen. None is what this source could not tell.

    area_mm2: of contact. dark_share: of the contact that is darker than its surroundings, 0 … 1, about 0.45 for
    good skin. minutiae: how many clear ones. clarity: their mean quality, 0 … 1. advice: None when nothing is wrong.
    """

    area_mm2: float
    dark_share: float | None
    minutiae: int | None
    clarity: float | None
    advice: Advice | None


def of_picture(finger: Foreground) -> Quality:
    """A first look, before extraction: is there a finger, and enough of it?"""
    area = float(finger.mask.sum()) / _PX_PER_MM**2
    return Quality(area, _dark_share(finger), None, None, _first_look(finger, area))


def of_minutiae(minutiae: Minutiae) -> Quality:
    """What a stored view still tells."""
    area = float(minutiae.contact.sum()) * (CELL_PX / _PX_PER_MM) ** 2
    advice = Advice.NO_FINGER if area < p.AREA_FINGER_MM2 else None
    clear = _clear(minutiae)
    if advice is None and len(clear) < p.MINUTIAE_ENOUGH:
        advice = Advice.PARTIAL if area < p.AREA_SMALL_MM2 else Advice.UNCLEAR
    return Quality(area, None, len(clear), _clarity(clear), advice)


def of_view(finger: Foreground, minutiae: Minutiae) -> Quality:
    """Picture and minutiae together: when the minutiae are too few, the picture says why."""
    look = of_picture(finger)
    advice = look.advice
    clear = _clear(minutiae)
    if advice is None and len(clear) < p.MINUTIAE_ENOUGH:
        advice = _reason(finger, look)
    return Quality(look.area_mm2, look.dark_share, len(clear), _clarity(clear), advice)


def _first_look(finger: Foreground, area_mm2: float) -> Advice | None:
    if area_mm2 < p.AREA_FINGER_MM2:
        return Advice.NO_FINGER
    if area_mm2 < p.AREA_LEAST_MM2:
        return Advice.OFF_CENTRE if _off_centre(finger) else Advice.PARTIAL
    return None


def _reason(finger: Foreground, look: Quality) -> Advice:
    dark_share = look.dark_share if look.dark_share is not None else p.DARK_SHARE_GOOD
    if dark_share < p.DARK_SHARE_DRY:
        return Advice.TOO_DRY
    if dark_share > p.DARK_SHARE_WET:
        return Advice.TOO_WET
    if look.area_mm2 < p.AREA_SMALL_MM2:
        return Advice.OFF_CENTRE if _off_centre(finger) else Advice.PARTIAL
    return Advice.UNCLEAR


def _dark_share(finger: Foreground) -> float | None:
    if not finger.mask.any():
        return None
    window = (p.GRADIENT_WINDOW_PX, p.GRADIENT_WINDOW_PX)
    darker: NDArray[np.bool_] = finger.image < cv2.blur(finger.image, window)
    return float(darker[finger.mask].mean())


def _clear(minutiae: Minutiae) -> NDArray[np.float32]:
    """The quality of those that are clear, counted as they are stored, so that a stored view has as many."""
    return minutiae.quality[np.rint(minutiae.quality * 127) >= round(p.QUALITY_MIN * 127)]


def _clarity(clear: NDArray[np.float32]) -> float | None:
    return float(clear.mean()) if len(clear) else None


def _off_centre(finger: Foreground) -> bool:
    rows, columns = np.nonzero(finger.mask)
    middle = (finger.top + rows.mean(), finger.left + columns.mean())
    return any(abs(at / side - 0.5) > p.OFF_CENTRE_SHARE for at, side in zip(middle, finger.picture, strict=True))
