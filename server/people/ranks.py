"""The ladder of grades that every designation is equivalent to, and what goes by rank. Pure.

An organisation names its posts as it likes and says which grade each is equivalent to (Karnataka's registration
instructions: "designation of their offices along with designation equivalence"). Everything that goes by rank asks
the grade: who marks where (CBSE/SECY/2016/1590-95 of 2016, paragraph 5, R1.15), who is senior-most (R4.2), and who may
never hold the portal of a district or a zone (Jammu, DSEJ/Gen/19013-30 of 08-08-2024, R4.3).
"""

import datetime as dt
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """Of an office, from the top down. The text is what the ledger holds."""

    STATE = "state"
    DISTRICT = "district"
    ZONE = "zone"
    OFFICE = "office"

    @property
    def depth(self) -> int:
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Grade:
    """One rung. A higher rank is more senior; equal ranks are each other's equals."""

    code: str
    name: str
    name_hi: str
    rank: int
    teaching: bool = False


MTS, SECTION_OFFICER, JOINT_SECRETARY = 10, 50, 80

GRADES = (
    Grade("mts", "Multi-Tasking Staff", "बहु-कार्य कर्मचारी", MTS),
    Grade("driver", "Staff Car Driver", "स्टाफ कार चालक", 15),
    Grade("junior-assistant", "Junior Assistant", "कनिष्ठ सहायक", 20),
    Grade("senior-assistant", "Senior Assistant", "वरिष्ठ सहायक", 30),
    Grade("teacher", "Teacher", "शिक्षक", 32, teaching=True),
    Grade("master", "Master", "मास्टर", 36, teaching=True),
    Grade("superintendent", "Superintendent", "अधीक्षक", 40),
    Grade("lecturer", "Lecturer", "प्रवक्ता", 44, teaching=True),
    Grade("section-officer", "Section Officer", "अनुभाग अधिकारी", SECTION_OFFICER),
    Grade("headmaster", "Headmaster", "प्रधानाध्यापक", 54),
    Grade("assistant-secretary", "Assistant Secretary", "सहायक सचिव", 58),
    Grade("zonal-officer", "Zonal Education Officer", "क्षेत्रीय शिक्षा अधिकारी", 60),
    Grade("principal", "Principal", "प्रधानाचार्य", 62),
    Grade("deputy-secretary", "Deputy Secretary", "उप सचिव", 68),
    Grade("district-officer", "Chief Education Officer", "मुख्य शिक्षा अधिकारी", 72),
    Grade("joint-secretary", "Joint Secretary", "संयुक्त सचिव", JOINT_SECRETARY),
    Grade("director", "Director", "निदेशक", 85),
    Grade("secretary", "Secretary", "सचिव", 90),
    Grade("head", "Head of the Organisation", "संगठन प्रमुख", 100),
)
BY_CODE = {grade.code: grade for grade in GRADES}


@dataclass(frozen=True, slots=True)
class MarkingRule:
    """Who marks where, from a day on; ranks are inclusive. A later order adds a rule."""

    since: dt.date
    machine_up_to: int
    register_from: int
    register_up_to: int
    order: str


@dataclass(frozen=True, slots=True)
class Marking:
    """Where one person marks. Above the machine's limit nobody is late or absent by machine."""

    biometric_required: bool
    register_also: bool


MARKING_RULES = (
    MarkingRule(dt.date.min, JOINT_SECRETARY, MTS, SECTION_OFFICER, "CBSE/SECY/2016/1590-95, paragraph 5"),
)


def marking(rank: int, on: dt.date, rules: tuple[MarkingRule, ...] = MARKING_RULES) -> Marking:
    """What the rule in force on a day asks of a rank (R1.15). `rules` must begin with one that is always in force."""
    rule = max((one for one in rules if one.since <= on), key=lambda one: one.since)
    return Marking(rank <= rule.machine_up_to, rule.register_from <= rank <= rule.register_up_to)


def may_hold_portal(level: Level, rank: int, teaching: bool, ranks_posted: list[int]) -> str:
    """Why somebody of this rank may not be custodian of an office of this level; empty: they may (R4.2, R4.3).

    `ranks_posted` are the ranks of everybody posted there.
    """
    if teaching and level in (Level.DISTRICT, Level.ZONE):
        return "a teacher or master may not handle the portal of a district or a zone"
    if any(other > rank for other in ranks_posted):
        return "somebody senior is posted there; the portal belongs to the senior-most official"
    return ""
