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
    WORN = "worn"  # dry and rubbed flat: nothing a matcher should be asked about
    SOAKED = "soaked"  # nor about this


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
    wetness: tuple[float, float]  # 0 none … 1 valleys flooded in places … 2 everywhere
    wear: tuple[float, float]  # 0 none … 1 ridges rubbed flat, but for a few patches
    scratches: int  # at most
    noise: float  # standard deviation of the sensor, grey levels


TOUCHES: dict[Condition, Touch] = {
    Condition.GOOD: Touch(
        rotation_deg=5, shift_px=9, skin_turn_deg=3, skin_pull_px=3.5,
        contact_x_px=(118, 140), contact_y_px=(145, 185), contact_shift_px=7,
        pressure=(-0.15, 0.20), dryness=(0, 0.2), wetness=(0, 0.15), wear=(0, 0.1), scratches=0, noise=2,
    ),
    Condition.NORMAL: Touch(
        rotation_deg=13, shift_px=26, skin_turn_deg=7, skin_pull_px=9,
        contact_x_px=(92, 138), contact_y_px=(110, 180), contact_shift_px=22,
        pressure=(-0.50, 0.50), dryness=(0, 0.78), wetness=(0, 0.70), wear=(0, 0.55), scratches=4, noise=3,
    ),
    Condition.DRY: Touch(
        rotation_deg=10, shift_px=18, skin_turn_deg=5, skin_pull_px=6,
        contact_x_px=(88, 118), contact_y_px=(105, 150), contact_shift_px=16,
        pressure=(-0.55, -0.25), dryness=(0.65, 0.90), wetness=(0, 0), wear=(0.2, 0.5), scratches=4, noise=3,
    ),
    Condition.WET: Touch(
        rotation_deg=10, shift_px=18, skin_turn_deg=5, skin_pull_px=6,
        contact_x_px=(98, 132), contact_y_px=(120, 170), contact_shift_px=16,
        pressure=(0.30, 0.60), dryness=(0, 0), wetness=(0.65, 0.95), wear=(0, 0.3), scratches=1, noise=3,
    ),
    Condition.PARTIAL: Touch(
        rotation_deg=14, shift_px=20, skin_turn_deg=6, skin_pull_px=8,
        contact_x_px=(66, 88), contact_y_px=(78, 104), contact_shift_px=30,
        pressure=(-0.40, 0.40), dryness=(0, 0.45), wetness=(0, 0.35), wear=(0, 0.3), scratches=2, noise=3,
    ),
    Condition.HARD: Touch(
        rotation_deg=16, shift_px=26, skin_turn_deg=8, skin_pull_px=9,
        contact_x_px=(74, 104), contact_y_px=(86, 130), contact_shift_px=28,
        pressure=(-0.55, 0.55), dryness=(0.1, 0.75), wetness=(0, 0.65), wear=(0.1, 0.6), scratches=6, noise=4,
    ),
    Condition.WORN: Touch(
        rotation_deg=10, shift_px=18, skin_turn_deg=5, skin_pull_px=6,
        contact_x_px=(76, 100), contact_y_px=(86, 120), contact_shift_px=16,
        pressure=(-0.80, -0.60), dryness=(0.75, 0.95), wetness=(0, 0), wear=(0.95, 1.0), scratches=14, noise=5,
    ),
    Condition.SOAKED: Touch(
        rotation_deg=10, shift_px=18, skin_turn_deg=5, skin_pull_px=6,
        contact_x_px=(96, 125), contact_y_px=(115, 155), contact_shift_px=16,
        pressure=(0.60, 0.80), dryness=(0, 0), wetness=(1.8, 2.2), wear=(0.80, 0.90), scratches=1, noise=3,
    ),
}  # fmt: skip


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
    seed_density: float = 0.01  # seeds a pixel of the half-size grid
    rounds: int = 18
    gain: float = 1.6  # per round, before clipping


GROWTH = Growth()
