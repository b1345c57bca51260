"""Every number of the synthetic finger in one place. Lengths are pixels at 500 dpi (19.7 px = 1 mm)."""

from dataclasses import dataclass
from enum import StrEnum

DPI = 500

# The skin that is grown: 19.5 × 24.4 mm, more than any one touch shows. Both sides are even.
MASTER_WIDTH_PX = 384
MASTER_HEIGHT_PX = 480


class Pattern(StrEnum):
    """The Henry classes, with the double loop kept apart from the plain whorl."""

    ARCH = "arch"
    TENTED_ARCH = "tented arch"
    LEFT_LOOP = "left loop"
    RIGHT_LOOP = "right loop"
    WHORL = "whorl"
    TWIN_LOOP = "twin loop"


# Wilson, Candela and Watson 1993 (3.7, 2.9, 33.8, 31.7 and 27.9 %); of the whorls about one in six is a twin loop.
PROPORTIONS: dict[Pattern, float] = {
    Pattern.ARCH: 0.037,
    Pattern.TENTED_ARCH: 0.029,
    Pattern.LEFT_LOOP: 0.338,
    Pattern.RIGHT_LOOP: 0.317,
    Pattern.WHORL: 0.234,
    Pattern.TWIN_LOOP: 0.045,
}


class Condition(StrEnum):
    """How a finger was laid down."""

    GOOD = "good"  # an enrolment under supervision
    NORMAL = "normal"  # a working day
    DRY = "dry"  # December: broken ridges
    WET = "wet"  # monsoon: ridges run together
    PARTIAL = "partial"  # a hurried tip or side
    HARD = "hard"  # dry or wet, turned, and partly off the glass
    WORN = "worn"  # nothing a matcher should be asked about


@dataclass(frozen=True)
class Touch:
    """What may vary between the touches of one condition; every pair is the range of a uniform draw."""

    rotation_deg: float  # standard deviation
    shift_px: float  # standard deviation, each axis
    skin_turn_deg: float  # standard deviation of the torque that distorts the skin (Cappelli 2001)
    skin_pull_px: float  # standard deviation of the traction, each axis
    contact_x_px: tuple[float, float]  # half axes of the contact ellipse
    contact_y_px: tuple[float, float]
    contact_shift_px: float  # standard deviation of its centre, each axis
    pressure: tuple[float, float]  # -1 thin ridges … 1 ridges that touch
    dryness: tuple[float, float]  # 0 none … 1 ridges mostly gone
    wetness: tuple[float, float]  # 0 none … 1 valleys mostly flooded
    scratches: int  # at most
    noise: float  # standard deviation of the sensor, grey levels


TOUCHES: dict[Condition, Touch] = {
    Condition.GOOD: Touch(5, 8, 2.5, 3.0, (118, 140), (150, 185), 6, (-0.15, 0.20), (0.00, 0.15), (0.00, 0.10), 0, 2.0),
    Condition.NORMAL: Touch(
        9, 15, 4.5, 6.0, (96, 132), (120, 170), 14, (-0.35, 0.40), (0.00, 0.42), (0.00, 0.30), 2, 3.0
    ),
    Condition.DRY: Touch(
        9, 15, 4.5, 6.0, (88, 118), (110, 150), 14, (-0.55, -0.20), (0.50, 0.70), (0.00, 0.00), 3, 3.0
    ),
    Condition.WET: Touch(9, 15, 4.5, 6.0, (100, 132), (125, 170), 14, (0.30, 0.60), (0.00, 0.05), (0.50, 0.75), 1, 3.0),
    Condition.PARTIAL: Touch(
        12, 18, 5.0, 7.0, (70, 90), (80, 105), 38, (-0.35, 0.35), (0.00, 0.35), (0.00, 0.25), 2, 3.0
    ),
    Condition.HARD: Touch(
        14, 20, 6.5, 8.0, (76, 104), (90, 130), 26, (-0.50, 0.55), (0.10, 0.62), (0.00, 0.50), 4, 4.0
    ),
    Condition.WORN: Touch(
        9, 15, 4.5, 6.0, (80, 110), (95, 135), 14, (-0.85, -0.65), (0.88, 1.00), (0.00, 0.00), 8, 5.0
    ),
}


@dataclass(frozen=True)
class Sensor:
    """The glass: its size in pixels at 500 dpi and what it shows where nothing touches."""

    height_px: int = 288
    width_px: int = 256
    background: float = 232.0  # grey level, 0 … 255
    ink: float = 42.0  # grey level of a firmly pressed ridge
    unevenness: float = 8.0  # grey levels between the brightest and the darkest corner


OPTICAL = Sensor()
OPTICAL_SQUARE = Sensor(height_px=320, width_px=320)
GREY = Sensor(height_px=300, width_px=300, background=128.0, ink=26.0, unevenness=26.0)


@dataclass(frozen=True)
class Growth:
    """How ridges grow (Cappelli 2009, §6.4)."""

    orientations: int = 48  # of the filter bank, over half a turn
    periods_px: tuple[float, ...] = (7.0, 7.6, 8.2, 8.8, 9.4, 10.0, 10.7, 11.4, 12.1)
    sigma_periods: float = 0.42  # the Gaussian envelope, in ridge periods
    radius_px: int = 5  # of the filter, on the half-size grid
    seed_density: float = 0.006  # seeds a pixel of the half-size grid
    rounds: int = 30
    gain: float = 1.6  # per round, before clipping


GROWTH = Growth()
