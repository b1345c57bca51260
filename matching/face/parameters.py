"""Every number of the face pipeline, with where it comes from. None was fitted to a test set.

[YuNet] Wu, Peng and Yu, "YuNet: a tiny millisecond-level face detector", Machine Intelligence Research 20, 2023;
        the defaults of OpenCV's FaceDetectorYN.
[reid]  Open Model Zoo, face-reidentification-retail-0095: its alignment and input.
[MFN]   Silent-Face-Anti-Spoofing: the two MiniFASNets and their crops.
"""

from typing import Final

# The picture.
MIN_SIDE_PX: Final = 64
MAX_SIDE_PX: Final = 16_000  # OpenCV warps pictures of less than 2¹⁵ px a side
MAX_PIXELS: Final = 16_000_000  # bounds time and memory before anything is computed

# Finding faces, from [YuNet]. A face at a terminal fills a tenth of the frame or more: 320 px are enough to find it.
DETECT_SIDE_PX: Final = 320  # a larger frame is made smaller, a smaller one is taken as it is
DETECT_SCORE: Final = 0.6
DETECT_OVERLAP: Final = 0.3
DETECT_MOST: Final = 50

# Alignment and embedding, from [reid].
ALIGNED_PX: Final = 128
LANDMARKS: Final = (  # right eye, left eye, nose, right and left corner of the mouth (the person's), share of the side
    (0.3156, 0.4616),
    (0.6826, 0.4616),
    (0.5003, 0.6405),
    (0.3495, 0.8247),
    (0.6534, 0.8247),
)

# A head, in distances between the pupils: right eye, left eye, nose, corners of the mouth. x to the picture's right,
# y down, z towards the camera. x and y are the landmarks above; a nose stands out by about half that distance.
HEAD: Final = ((-0.5, 0.0, 0.0), (0.5, 0.0, 0.0), (0.0, 0.487, 0.5), (-0.414, 0.989, 0.1), (0.414, 0.989, 0.1))

# Quality: plain figures. The recogniser's own grid has 47 px between the eyes.
EYES_LEAST_PX: Final = 30.0
FACE_MOST_SHARE: Final = 0.85  # of the frame's shorter side
OTHER_FACE_SHARE: Final = 0.7  # of the height of the first: then it is not clear who is meant
YAW_MOST_DEG: Final = 30.0
ROLL_MOST_DEG: Final = 30.0
PITCH_MOST_DEG: Final = 30.0  # from where this person's head looks level, which the five points tell but roughly
DARK: Final = 50.0  # mean grey level of the face, 0 … 255
BRIGHT: Final = 215.0
CLIPPED_LEVEL: Final = 250
CLIPPED_SHARE: Final = 0.3
BACKLIGHT_RATIO: Final = 0.45  # face to surroundings …
BACKLIGHT_FACE: Final = 80.0  # … and the face is dim too
SHARP_LEAST: Final = 12.0  # variance of the Laplacian of the aligned face; a still face has hundreds

# The three-frame rule.
FRAMES: Final = 3
FRAME_GAP_S: Final = 1.0  # frames further apart are not consecutive

# The challenge.
CHALLENGE_S: Final = 8.0  # for each action
TURNED_DEG: Final = 18.0  # away from where the head began
FRONT_DEG: Final = 9.0
LOST_S: Final = 0.7  # without the face before the challenge is over
JUMP_SHARE: Final = 0.6  # of the box's width that its middle may move between two frames
EYES_CLOSED: Final = 0.6  # of the person's own openness at the start
EYES_OPEN: Final = 0.8

# Passive liveness, from [MFN]: sides of the crop in sides of the face's box, of the two networks.
LIVE_SIDE_PX: Final = 80
LIVE_SCALES: Final = (2.7, 4.0)
