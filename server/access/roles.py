"""The roles as data: what each is called, at which level of the tree it may be held, and who may give it.

Custodians look after the portals of an office: a role of custody has one active session, and only the senior-most
official posted there may hold it (R4.2); teachers and masters never at a district or a zone (R4.3).
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is, somewhere. `viewer` is what a dashboard token of a small site without accounts makes one;
    `central_puller` and `registrar` are programs with a token."""

    STATE_ADMIN = "state_admin"
    DISTRICT_ADMIN = "district_admin"
    ZONAL_CUSTODIAN = "zonal_custodian"
    OFFICE_CUSTODIAN = "office_custodian"
    NODAL_OFFICER = "nodal_officer"
    REPORTING_OFFICER = "reporting_officer"
    SECTION_OFFICER = "section_officer"
    ORDER_ISSUER = "order_issuer"
    BRANCH_HEAD = "branch_head"
    BRANCH_OFFICER = "branch_officer"
    SANCTIONING_AUTHORITY = "sanctioning_authority"
    DRAWING_OFFICER = "drawing_officer"
    ADMINISTRATION_WING = "administration_wing"
    SCHEME_INCHARGE = "scheme_incharge"
    AUDITOR = "auditor"
    TECHNICIAN = "technician"
    EMPLOYEE = "employee"
    CENTRAL_PULLER = "central_puller"
    REGISTRAR = "registrar"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Facts:
    """`levels`: of the offices at which it may be held. `custody`: R4.2 to R4.4 hold for it."""

    en: str
    hi: str
    levels: frozenset[str]
    custody: bool = False


_ANY = frozenset({"state", "district", "zone", "office"})
_UPPER = frozenset({"state", "district"})

ROLES = MappingProxyType(
    {
        Role.STATE_ADMIN: Facts("State admin", "राज्य प्रशासक", frozenset({"state"}), custody=True),
        Role.DISTRICT_ADMIN: Facts("District admin", "ज़िला प्रशासक", frozenset({"district"}), custody=True),
        Role.ZONAL_CUSTODIAN: Facts("Zonal custodian", "क्षेत्रीय अभिरक्षक", frozenset({"zone"}), custody=True),
        Role.OFFICE_CUSTODIAN: Facts("Office custodian", "कार्यालय अभिरक्षक", _ANY, custody=True),
        Role.NODAL_OFFICER: Facts("Nodal officer", "नोडल अधिकारी", _ANY),
        Role.REPORTING_OFFICER: Facts("Reporting officer", "प्रतिवेदक अधिकारी", _ANY),
        Role.SECTION_OFFICER: Facts("Section officer", "अनुभाग अधिकारी", _ANY),
        Role.ORDER_ISSUER: Facts("Order-issuing authority", "आदेश जारीकर्ता प्राधिकारी", _ANY),
        Role.BRANCH_HEAD: Facts("Branch head", "शाखा प्रमुख", _ANY),
        Role.BRANCH_OFFICER: Facts("Branch officer", "शाखा अधिकारी", _ANY),
        Role.SANCTIONING_AUTHORITY: Facts("Sanctioning authority", "स्वीकृति प्राधिकारी", _ANY),
        Role.DRAWING_OFFICER: Facts("Drawing and disbursing officer", "आहरण एवं संवितरण अधिकारी", _ANY),
        Role.ADMINISTRATION_WING: Facts("Administration wing", "प्रशासन शाखा", _ANY),
        Role.SCHEME_INCHARGE: Facts("Scheme in-charge", "योजना प्रभारी", _ANY),
        Role.AUDITOR: Facts("Auditor", "लेखा परीक्षक", _UPPER),
        Role.TECHNICIAN: Facts("Technician", "तकनीशियन", _ANY),
        Role.EMPLOYEE: Facts("Employee", "कर्मचारी", frozenset()),
        Role.CENTRAL_PULLER: Facts("Central puller", "केंद्रीय संग्राहक", frozenset()),
        Role.REGISTRAR: Facts("Registering program (token)", "पंजीकरण प्रोग्राम (टोकन)", frozenset()),
        Role.VIEWER: Facts("Viewer (token)", "दर्शक (टोकन)", frozenset()),
    }
)

# By whom a role may be given: nobody gives what he holds himself but the state admin, and an auditor is never made
# by those whose doings are audited below the state.
_DISTRICT_GIVES = frozenset(Role) - {Role.STATE_ADMIN, Role.DISTRICT_ADMIN, Role.AUDITOR}
GIVES = MappingProxyType(
    {
        Role.STATE_ADMIN: frozenset(role for role, facts in ROLES.items() if facts.levels),
        Role.DISTRICT_ADMIN: frozenset(role for role in _DISTRICT_GIVES if ROLES[role].levels),
    }
)

# Who watches does not do: an account with one of these cannot be given the other.
APART = (frozenset({Role.AUDITOR}), frozenset({Role.STATE_ADMIN, Role.DISTRICT_ADMIN}))
