"""Two other ways of the states, worked out by hand: minutes late or early by day, and the leave that comes of it."""

# ── half a day for each late day, the first two of a month forgiven where at most 60 min (central-half-day-2024) ──
#  minutes late        half days   forgiven   arithmetic
CENTRAL = (
    ((10,),            0,          1,         "1 - 1 forgiven = 0"),
    ((10, 20),         0,          2,         "2 - 2 forgiven = 0"),
    ((10, 20, 30),     1,          2,         "3 - 2 = 1 half day"),
    ((10, 20, 30, 40), 2,          2,         "4 - 2 = 2 half days"),
    ((60, 60),         0,          2,         "an hour is at most an hour"),
    ((61, 60, 60),     1,          2,         "61 > 60 is not forgiven; the two others are"),
    ((61, 61, 61),     3,          0,         "none is forgiven"),
)  # fmt: skip

# ── 300 minutes of grace a month, at most 60 a day; beyond them half a day each (kerala-grace-2023) ──
#  late, early of each day             half days   drawn   arithmetic
KERALA = (
    (((60, 0),) * 5,                   0,          300,    "5 x 60 = 300"),
    (((60, 0),) * 6,                   1,          300,    "5 x 60 = 300, nothing left for the sixth"),
    (((61, 0),),                       1,          0,      "61 > 60 on one day draws nothing"),
    (((30, 30),) * 5,                  0,          300,    "30 + 30 = 60 a day, 5 days"),
    (((30, 31),),                      1,          0,      "30 + 31 = 61 > 60"),
    (((59, 0),) * 5 + ((5, 0),),       0,          300,    "5 x 59 = 295, 295 + 5 = 300"),
    (((59, 0),) * 5 + ((6, 0),),       1,          295,    "295 + 6 = 301 > 300"),
    (((0, 45),) * 4,                   0,          180,    "leaving early draws as coming late does"),
    (((1, 0),) * 20,                   0,          20,     "twenty minutes in all"),
)  # fmt: skip
