"""One touch of a finger on a sensor, as a grey picture.

The skin is turned, shifted and stretched under the glass, pressed by an uneven hand, dry here and wet there, and
only part of it touches. The order is that of Cappelli 2009 (see orientation.py).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matching.synthetic import noise
from matching.synthetic.distortion import Distortion, displaced
from matching.synthetic.errors import SyntheticError
from matching.synthetic.finger import MasterFinger
from matching.synthetic.parameters import OPTICAL, TOUCHES, Condition, Sensor, Touch
from matching.synthetic.skin import scratch
from matching.synthetic.streams import Purpose, stream

Field = NDArray[np.float32]
Image = NDArray[np.uint8]
Rng = np.random.Generator

MIN_SIDE_PX, MAX_SIDE_PX = 96, 1024


@dataclass(frozen=True, eq=False)
class _Placed:
    """The part of a finger that lies over the sensor, each field float32 (H, W)."""

    ridges: Field
    relief: Field
    x: Field  # where on the master each pixel lies
    y: Field


def impression(
    master: MasterFinger, seed: int, condition: Condition | str = Condition.NORMAL, sensor: Sensor = OPTICAL
) -> Image:
    """One touch: uint8 (sensor.height_px, sensor.width_px), dark ridges on a light ground, 500 dpi.

    The same master, seed, condition and sensor give the same picture. Raises SyntheticError for a condition that is
    not in `Condition`, a seed out of range, or a sensor under 96 or over 1024 px a side.
    """
    touch = TOUCHES[as_condition(condition)]
    _check(sensor)
    rng = stream(Purpose.TOUCH, master.seed, seed)
    placed = _place(rng, master, touch, sensor)
    ink = _ink(rng, placed, touch)
    ink *= _contact(rng, placed, touch)
    ink *= 1 - _scratches(rng, touch, sensor)
    return _picture(rng, ink, touch.noise, sensor)


def bare_glass(seed: int, sensor: Sensor = OPTICAL) -> Image:
    """The picture when nothing touches: uint8 (sensor.height_px, sensor.width_px). Raises as `impression` does."""
    _check(sensor)
    nothing = np.zeros((sensor.height_px, sensor.width_px), np.float32)
    return _picture(stream(Purpose.GLASS, seed), nothing, TOUCHES[Condition.NORMAL].noise, sensor)


def as_condition(name: Condition | str) -> Condition:
    """The condition of this name. Raises SyntheticError for another."""
    try:
        return Condition(name)
    except ValueError:
        raise SyntheticError(f"no condition {name!r}: it is one of {', '.join(Condition)}") from None


def _check(sensor: Sensor) -> None:
    sides = (sensor.height_px, sensor.width_px)
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in sides):
        raise SyntheticError(f"a sensor of {sides[1]} × {sides[0]} px; each side is {MIN_SIDE_PX} to {MAX_SIDE_PX}")


def _place(rng: Rng, master: MasterFinger, touch: Touch, sensor: Sensor) -> _Placed:
    height, width = master.ridges.shape
    x = np.broadcast_to(np.arange(sensor.width_px, dtype=np.float32)[None, :], (sensor.height_px, sensor.width_px))
    y = np.broadcast_to(np.arange(sensor.height_px, dtype=np.float32)[:, None], (sensor.height_px, sensor.width_px))
    x, y = x - (sensor.width_px - 1) / 2, y - (sensor.height_px - 1) / 2
    x, y = displaced(_skin(rng, touch), x, y)
    turn = np.deg2rad(rng.normal(0, touch.rotation_deg))
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    shift = rng.normal(0, touch.shift_px, 2)
    # The middle of the pad, which people aim at the middle of the glass, lies a little above that of the master.
    on_x = cos * x - sin * y + np.float32((width - 1) / 2 + shift[0])
    on_y = sin * x + cos * y + np.float32((height - 1) / 2 - 12 + shift[1])
    ridges = cv2.remap(master.ridges, on_x, on_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    relief = cv2.remap(master.relief, on_x, on_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return _Placed(
        np.asarray(ridges, np.float32),
        np.asarray(relief, np.float32),
        on_x - np.float32((width - 1) / 2),
        on_y - np.float32((height - 1) / 2),
    )


def _skin(rng: Rng, touch: Touch) -> Distortion:
    pull = rng.normal(0, touch.skin_pull_px, 2)
    return Distortion(
        centre=(float(rng.normal(0, 15)), float(rng.normal(0, 15))),
        half_axes_px=(float(rng.uniform(35, 60)), float(rng.uniform(45, 75))),
        elasticity=float(rng.uniform(1.0, 2.0)),
        turn_deg=float(rng.normal(0, touch.skin_turn_deg)),
        pull_px=(float(pull[0]), float(pull[1])),
    )


def _ink(rng: Rng, placed: _Placed, touch: Touch) -> Field:
    """How dark each pixel prints, 0 … 1, were all of the skin on the glass."""
    height, width = placed.ridges.shape
    pressure, dryness, wetness, wear = (
        np.float32(rng.uniform(*span)) for span in (touch.pressure, touch.dryness, touch.wetness, touch.wear)
    )
    lean = noise.smooth(rng, height, width, 70.0)
    patch, rubbed = noise.smooth(rng, height, width, 45.0), noise.smooth(rng, height, width, 40.0)
    fine, coarse = noise.grain(rng, height, width, 1.1), noise.grain(rng, height, width, 2.2)
    height_left = 1 - wear * np.clip(np.float32(0.8) + np.float32(0.35) * rubbed, 0, 1)
    level = height_left * placed.ridges + np.float32(0.45) * pressure + np.float32(0.18) * lean
    level += np.float32(0.16) * fine + np.float32(0.14) * coarse
    # Dry skin touches only at its highest points; sweat floods the valleys, in patches both.
    dry = dryness * np.clip(1 + np.float32(0.7) * patch, 0, 2)
    level -= dry * (np.float32(0.55) + np.float32(0.65) * np.maximum(coarse, -0.8) + np.float32(0.35) * fine)
    wet = wetness * np.clip(1 - np.float32(0.8) * patch, 0, 2.2)
    level += wet * (np.float32(0.55) + np.float32(0.5) * coarse)
    level -= placed.relief * np.float32(1.6) * max(np.float32(0.15), 1 - np.float32(1.2) * wetness)
    return np.asarray(1 / (1 + np.exp(np.float32(-3.4) * level)), dtype=np.float32)


def _contact(rng: Rng, placed: _Placed, touch: Touch) -> Field:
    """1 where the finger presses, 0 where it does not touch, ragged in between."""
    height, width = placed.ridges.shape
    # No touch leaves the skin that was grown.
    centre = touch.contact_shift_px * np.clip(rng.standard_normal(2), -2, 2)
    across, along = rng.uniform(*touch.contact_x_px), rng.uniform(*touch.contact_y_px)
    reach = np.sqrt(((placed.x - centre[0]) / across) ** 2 + ((placed.y + 12 - centre[1]) / along) ** 2)
    rim = (1 - reach) * np.float32(min(across, along))  # about the distance to the rim, in pixels
    ragged = 5 * noise.smooth(rng, height, width, 18.0) + 5 * noise.grain(rng, height, width, 1.8)
    # Towards the rim only crests touch: the threshold on the ridge rises with nearness.
    return np.asarray(1 / (1 + np.exp(-(rim + ragged + 5 * placed.ridges) / 3.5)), dtype=np.float32)


def _scratches(rng: Rng, touch: Touch, sensor: Sensor) -> Field:
    lines = np.zeros((sensor.height_px, sensor.width_px), np.float32)
    for _ in range(int(rng.integers(0, touch.scratches + 1))):
        scratch(rng, lines, length_px=(25, 110), width_px=(1, 2))
    return np.asarray(cv2.GaussianBlur(lines, (5, 5), 0.7), dtype=np.float32)


def _picture(rng: Rng, ink: Field, sensor_noise: float, sensor: Sensor) -> Image:
    height, width = ink.shape
    ground = sensor.background + sensor.unevenness / 3 * noise.smooth(rng, height, width, max(height, width) / 2)
    depth = np.clip(1 - 0.10 * noise.smooth(rng, height, width, 60.0), 0.6, 1.1)
    grey = ground - (ground - sensor.ink) * depth * ink
    grey = cv2.GaussianBlur(np.asarray(grey, dtype=np.float32), (0, 0), 0.6)
    grey = grey + sensor_noise * rng.standard_normal((height, width), dtype=np.float32)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)
