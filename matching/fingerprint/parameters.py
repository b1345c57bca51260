"""Every number of the fingerprint pipeline, with where it comes from.

Published values are used as published, but where it says otherwise. The round figures of alignment and score were
chosen on synthetic fingers, with the figures of the four FVC sets in view: nothing was fitted to them, but they are no
longer unseen. What `hazri-edge bench fingerprint --leave-one-out` says of those it chooses on other sensors is in the
README.

[LEADER] Cappelli and Ferrara, arXiv 2602.15493, 2026.
[MCC]    Cappelli, Ferrara and Maltoni, "Minutia Cylinder-Code: a new representation and matching technique
         for fingerprint recognition", IEEE PAMI 32(12), 2010, table 1.
"""

import math
from typing import Final

# The picture.
DPI: Final = 500.0  # the resolution LEADER was made for
MIN_DPI: Final = 150.0
MAX_DPI: Final = 2000.0
MIN_SIDE_PX: Final = 32  # one block of the network
MAX_PIXELS: Final = 16_000_000  # of the picture as given; bounds time and memory before anything is computed
MAX_CROP_PX: Final = (640, 512)  # rows, columns at 500 dpi: 32 × 26 mm, more than a thumb pressed flat

# The foreground.
GRADIENT_WINDOW_PX: Final = 25  # about three ridges
GRADIENT_SHARE: Final = 0.2  # of the 95th percentile of the local gradient: contact
GRADIENT_FLOOR: Final = 8.0  # grey levels per pixel (Sobel / 8 summed over x and y): below it nothing touches
CROP_MARGIN_PX: Final = 16

# Extraction, from [LEADER].
SIZE_MULTIPLE_PX: Final = 32
QUALITY_MIN: Final = 0.45
FAINT_QUALITY_MIN: Final = 0.2  # not in [LEADER]: of a poor finger, fainter minutiae are kept too …
FAINT_UP_TO: Final = 16  # … until there are so many; round figures, chosen on synthetic fingers of all conditions
MAX_MINUTIAE: Final = 50  # the best; keeps a stored view below 300 bytes

# Descriptors, from [MCC]: eight cells a side, as the lighter of the two published variants
CYLINDER_RADIUS_PX: Final = 70.0
CYLINDER_CELLS: Final = 8
CYLINDER_SECTORS: Final = 6
SIGMA_DISTANCE_PX: Final = 7.5  # [MCC] has 28 / 3: a network's minutiae are more exactly placed, see leave_out
SIGMA_DIRECTION: Final = 2 * math.pi / 9
SQUASH_CENTRE: Final = 0.01
SQUASH_STEEPNESS: Final = 400.0
HULL_MARGIN_PX: Final = 50.0
VALID_CELLS_MIN: Final = 0.75  # share of a cylinder's cells that lie on the finger
NEIGHBOURS_MIN: Final = 2
COMMON_CELLS_MIN: Final = 0.6  # share of cells valid in both cylinders
ROTATION_MAX: Final = math.radians(60)  # not in [MCC]: a finger laid on glass by hand is seldom turned further

# Relaxation, the LSA-R of [MCC].
PAIRS_LEAST: Final = 4
PAIRS_MOST: Final = 12
PAIRS_CENTRE: Final = 20.0
PAIRS_STEEPNESS: Final = 0.4
RELAX_ROUNDS: Final = 5
RELAX_KEEP: Final = 0.5
RELAX_LEAST: Final = 12  # pairs a weight is shared over even when there are fewer: not in [MCC], see relaxation
# centre and steepness of the three sigmoids: distance (px), direction, bearing (rad)
RELAX_DISTANCE: Final = (5.0, -8 / 5)
RELAX_DIRECTION: Final = (math.pi / 12, -30.0)
RELAX_BEARING: Final = (math.pi / 12, -30.0)

# Quality: plain figures. A thumb pressed flat covers about 200 mm² of glass.
AREA_FINGER_MM2: Final = 10.0
AREA_LEAST_MM2: Final = 40.0
AREA_SMALL_MM2: Final = 90.0
MINUTIAE_ENOUGH: Final = 12
DARK_SHARE_DRY: Final = 0.38
DARK_SHARE_GOOD: Final = 0.45
DARK_SHARE_WET: Final = 0.55
OFF_CENTRE_SHARE: Final = 0.2  # of the picture's side, from its middle

# Alignment. Round figures from the anatomy: ridges are 9 px apart, skin gives by a few millimetres.
STIFFNESS: Final = (2.0, 2.0, 2.0, 0.3, 0.3, 0.3)  # against shear and unequal stretch, a round each
STIFF_SCALE: Final = 0.02  # against growing and shrinking
STIFF_REACH_PX: Final = 20.0  # how many px of arm a direction is worth
OUTLIER_PX: Final = 25.0
OUTLIER_ANGLE: Final = math.pi / 3
ANCHOR_GAP_PX: Final = 40.0
ANCHOR_ANGLE: Final = math.pi / 5
BEND_PX: Final = 60.0
BEND_STIFFNESS: Final = 0.3
NEAR_PX: Final = (16.0, 12.0, 12.0)  # how near counterparts must be, a round each
NEAR_ANGLE: Final = math.pi / 6
LOOK_SHARE: Final = 0.3  # so that minutiae without a descriptor can be counterparts too
OTHER_TYPE: Final = 0.7  # worth of an ending over a bifurcation: pressure turns the one into the other, but not often
OVERLAP_PRIOR: Final = 4.0  # minutiae that did not agree, assumed beside those seen: few minutiae prove little

# The second look.
LOOKS: Final = 8  # at a near miss, in all: all the ways of fingerprint.looks; chosen on other sensors, see leave_out
# Strangers, as a share, below whose best score a finger is clearly another's and not looked at again.
CLEAR_MISS_FMR: Final = 0.1
