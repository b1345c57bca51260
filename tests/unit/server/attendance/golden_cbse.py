"""The orders of CBSE, worked out by hand: what is punched, what must come of it, and the arithmetic.

Orders: consolidation of 10.01.2019 with SECY/2016/1590-95, Admn.I/2012/8646-8745, JS(A&L)/2014/778-82,
Rectt.Cell/6(2)/2012/9972-1072, JS(A&L)/2015/02-08, Admn.I/14(16)/2005/3733-3857, BAS/2016/5083-5133.
"""

# ── R2.2: "coming late … after 9.30 a.m."; late limit = 09:00 + 30 min = 09:30, read by the minute ──
#  first in    late by   arithmetic
LATE = (
    ("08:15:00", None,   "before 09:00"),
    ("09:00:00", None,   "09:00 <= 09:30"),
    ("09:29:59", None,   "reads 09:29"),
    ("09:30:00", None,   "09:30 is not after 09:30"),
    ("09:30:59", None,   "reads 09:30, which is not after 09:30"),
    ("09:31:00", 1,      "09:31 - 09:30 = 1"),
    ("09:31:59", 1,      "reads 09:31"),
    ("09:41:00", 11,     "09:41 - 09:30 = 11"),
    ("13:30:00", 240,    "13:30 - 09:30 = 4 h"),
)  # fmt: skip

# ── R2.2 by the second, for an office that wants it: `granularity = "second"` ──
LATE_BY_SECOND = (
    ("09:30:00", None, "09:30:00 is not after 09:30:00"),
    ("09:30:01", 1,    "1 s after; a late day is never of 0 min"),
    ("09:30:59", 1,    "59 s after"),
    ("09:31:00", 1,    "60 s after"),
    ("09:32:00", 2,    "120 s after"),
)  # fmt: skip

# ── R2.1, R4.1: office until 17:30 ──
#  last out    early by
EARLY = (
    ("17:30:00", None, "17:30 - 17:30 = 0"),
    ("17:29:59", 1,    "1 s short: reads 17:29, 1 min"),
    ("17:29:00", 1,    "17:30 - 17:29 = 1"),
    ("16:00:00", 90,   "17:30 - 16:00 = 90"),
    ("18:45:00", None, "after closing time"),
)  # fmt: skip

# ── R2.3: one day for every three late days of a month: floor(n / 3) ──
#  late days   days of leave
DEDUCTION = ((0, 0), (1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2), (8, 2), (9, 3))

# ── R2.4: casual leave, then earned leave; balances and results in days ──
#  lates  balances                        taken                     why
ORDER = (
    (3, {"CL": 8.0, "EL": 10.0},          ("CL",),                  "3/3 = 1, CL 8 >= 1"),
    (6, {"CL": 1.0, "EL": 10.0},          ("CL", "EL"),             "6/3 = 2: CL 1 -> 0, then EL"),
    (3, {"CL": 0.5, "EL": 10.0},          ("EL",),                  "CL 0.5 < 1 and is not split"),
    (6, {"CL": 1.5, "EL": 10.0},          ("CL", "EL"),             "CL 1.5 -> 0.5 < 1, then EL"),
    (3, {"CL": 0.0, "EL": 0.5},           (None,),                  "neither has 1: for decision"),
    (9, {"CL": 1.0, "EL": 1.0},           ("CL", "EL", None),       "9/3 = 3: one each, one for decision"),
    (3, {},                               (None,),                  "no leave account: for decision"),
)  # fmt: skip

# ── R3.2: the group of a pay band and grade pay ──
GROUPS = (
    ("PB-4", 12000, "A"), ("PB-4", 10000, "A"), ("PB-4", 8900, "A"), ("PB-4", 8700, "A"),
    ("PB-3", 7600, "A"), ("PB-3", 6600, "A"), ("PB-3", 5400, "A"),
    ("PB-2", 5400, "B"), ("PB-2", 4800, "B"), ("PB-2", 4600, "B"), ("PB-2", 4200, "B"),
    ("PB-1", 2800, "C"), ("PB-1", 2400, "C"), ("PB-1", 2000, "C"), ("PB-1", 1900, "C"), ("PB-1", 1800, "C"),
)  # fmt: skip

# ── R3.1: rupees a working day and a holiday, since 06.08.2014 ──
RATES = (("A", 500, 1000), ("B", 350, 750), ("C", 250, 500))

# ── R3.4: stay until 19:30, and as many minutes more as one came after 09:00 ──
#  in       out        paid   needed    arithmetic
EVENINGS = (
    ("08:45", "19:30", True,  "19:30", "early: nothing is added"),
    ("09:00", "19:30", True,  "19:30", "19:30 + 0"),
    ("09:00", "19:29", False, "19:30", "19:29 < 19:30"),
    ("09:01", "19:30", False, "19:31", "19:30 + 1 min"),
    ("09:01", "19:31", True,  "19:31", "19:30 + 1 min"),
    ("09:30", "20:00", True,  "20:00", "19:30 + 30 min, though 09:30 is not late"),
    ("09:40", "20:09", False, "20:10", "19:30 + 40 min = 20:10"),
    ("09:40", "20:10", True,  "20:10", "19:30 + 40 min = 20:10"),
    ("11:00", "21:29", False, "21:30", "19:30 + 120 min = 21:30"),
    ("11:00", "21:30", True,  "21:30", "19:30 + 120 min = 21:30"),
)  # fmt: skip

# ── R3.5: on a holiday four hours from first in to last out, the break not subtracted ──
HOLIDAYS = (
    ("10:00", "13:59", False, "3:59 < 4:00"),
    ("10:00", "14:00", True,  "4:00, though 13:00 to 13:30 is the break"),
    ("10:01", "14:00", False, "3:59 < 4:00"),
    ("09:00", "18:00", True,  "9:00"),
)  # fmt: skip

# ── R3.3: days of a financial year ──
#  pay band, grade pay, post                    paid before   outcome    why
CAPS = (
    ("PB-3", 6600, "",                 149,     "pay",     "A: the 150th of 150"),
    ("PB-3", 6600, "",                 150,     "refuse",  "A: the 151st of 150"),
    ("PB-2", 4200, "",                 149,     "pay",     "B: the 150th of 150"),
    ("PB-2", 4200, "",                 150,     "refuse",  "B: the 151st of 150"),
    ("PB-1", 1900, "head_office",      224,     "pay",     "C with the Chairman: the 225th of 225"),
    ("PB-1", 1900, "head_office",      225,     "refuse",  "C with the Chairman: the 226th of 225"),
    ("PB-1", 1900, "staff_car_driver", 224,     "pay",     "driver: the 225th of 225"),
    ("PB-1", 1900, "staff_car_driver", 225,     "refuse",  "driver: the 226th of 225"),
    ("PB-1", 1900, "",                 0,       "decide",  "C elsewhere: no order gives a cap"),
)  # fmt: skip

# ── R3.8: "within succeeding month": of April until the last of May, Indian time ──
#  month       submitted on     at          taken
WINDOWS = (
    ("2026-04", "2026-05-01", "10:00:00", True),
    ("2026-04", "2026-05-31", "23:59:59", True),
    ("2026-04", "2026-06-01", "00:00:00", False),
    ("2026-12", "2027-01-31", "23:59:59", True),
    ("2026-12", "2027-02-01", "00:00:00", False),
    ("2027-01", "2027-02-28", "23:59:59", True),
    ("2027-01", "2027-03-01", "00:00:00", False),
)  # fmt: skip
