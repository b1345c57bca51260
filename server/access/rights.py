"""What may be done, and which roles may do it: the table behind every endpoint. `hazri-server roles` prints it."""

from dataclasses import dataclass
from enum import Enum

from server.access.roles import Role

_ADMINS = frozenset({Role.STATE_ADMIN, Role.DISTRICT_ADMIN})
_CUSTODIANS = frozenset({Role.ZONAL_CUSTODIAN, Role.OFFICE_CUSTODIAN})
_OFFICERS = frozenset(
    {
        Role.NODAL_OFFICER,
        Role.REPORTING_OFFICER,
        Role.SECTION_OFFICER,
        Role.BRANCH_HEAD,
        Role.BRANCH_OFFICER,
        Role.ADMINISTRATION_WING,
        Role.SCHEME_INCHARGE,
    }
)
_MANAGEMENT = frozenset(Role) - {Role.EMPLOYEE, Role.CENTRAL_PULLER, Role.REGISTRAR, Role.VIEWER}
_MACHINES = _ADMINS | _CUSTODIANS | {Role.TECHNICIAN, Role.AUDITOR}


@dataclass(frozen=True, slots=True)
class May:
    """`personal`: what it opens is about people, so every read is put on record. `own`: about oneself alone, so it is
    open in both views of an account (R1.10)."""

    what: str
    roles: frozenset[Role]
    personal: bool = True
    own: bool = False


class Right(Enum):
    """Each endpoint needs exactly one."""

    WATCH = May("see the dashboard", _ADMINS | _CUSTODIANS | _OFFICERS | {Role.AUDITOR, Role.VIEWER})
    PULL = May("read punches", _ADMINS | {Role.AUDITOR, Role.CENTRAL_PULLER})
    ALARMS = May("read alarms", _MACHINES | {Role.CENTRAL_PULLER, Role.NODAL_OFFICER}, personal=False)
    REFUSALS = May(
        "read what was refused", _MACHINES | {Role.CENTRAL_PULLER, Role.NODAL_OFFICER, Role.VIEWER}, personal=False
    )
    ACCOUNTS = May("look after accounts and roles", _ADMINS)
    CUSTODY = May("read the custody register", _ADMINS | {Role.ZONAL_CUSTODIAN, Role.AUDITOR})
    CERTIFY = May("report custody and certify it", _ADMINS)
    TRAIL = May("read who read and changed what", frozenset({Role.AUDITOR}))
    OWN_ACCOUNT = May("look after one's own account", _MANAGEMENT | {Role.EMPLOYEE}, own=True)
    OWN_PUNCHES = May("see one's own punches", frozenset({Role.EMPLOYEE}), own=True)
    # Of what the next rooms build; each names the requirement that fixes its roles.
    ORDERS = May("enter orders of the service ledger (R6.3)", frozenset({Role.ORDER_ISSUER}))
    SERVICE = May(
        "read the service ledger and what was entered out of rule (R6.3, R6.4)",
        _ADMINS
        | {
            Role.ORDER_ISSUER,
            Role.REPORTING_OFFICER,
            Role.NODAL_OFFICER,
            Role.BRANCH_HEAD,
            Role.BRANCH_OFFICER,
            Role.ADMINISTRATION_WING,
            Role.AUDITOR,
        },
    )
    VERIFY = May("verify registrations (R1.8)", frozenset({Role.NODAL_OFFICER}) | _ADMINS)
    HAND_IN = May("hand registrations in by the file (R1.5)", frozenset({Role.NODAL_OFFICER, Role.REGISTRAR}) | _ADMINS)
    ORGS = May("take organisations in (R1.11)", frozenset({Role.STATE_ADMIN}))
    OFFICES = May("write down what happens to offices (R6.8)", _ADMINS, personal=False)
    MASTERS = May("keep the closed lists (R1.7)", _ADMINS | {Role.NODAL_OFFICER}, personal=False)
    COVERAGE = May(
        "read how far registration is (R1.17)",
        _ADMINS
        | _CUSTODIANS
        | {Role.NODAL_OFFICER, Role.SECTION_OFFICER, Role.BRANCH_HEAD, Role.BRANCH_OFFICER, Role.AUDITOR},
        personal=False,
    )
    ON_DUTY = May("declare duty elsewhere (R4.6)", frozenset({Role.REPORTING_OFFICER}))
    DECIDE = May("decide what people ask for: leave, duty, corrections", frozenset({Role.REPORTING_OFFICER}))
    RETURNS = May(
        "read returns (R4)",
        _ADMINS
        | _CUSTODIANS
        | {
            Role.SECTION_OFFICER,
            Role.SCHEME_INCHARGE,
            Role.ADMINISTRATION_WING,
            Role.DRAWING_OFFICER,
            Role.AUDITOR,
        },
    )
    SEND_RETURNS = May(
        "send returns, which freezes them (R2.5)",
        _ADMINS | _CUSTODIANS | {Role.SECTION_OFFICER, Role.ADMINISTRATION_WING},
    )
    LEAVE = May("credit leave accounts (R2.4)", frozenset({Role.SECTION_OFFICER, Role.ADMINISTRATION_WING}))
    LATE_REGISTER = May("keep the late register (R2.7)", frozenset({Role.SECTION_OFFICER}))
    BRANCH_REGISTER = May("own a branch's register (R6.6)", frozenset({Role.BRANCH_HEAD, Role.BRANCH_OFFICER}))
    SANCTION = May("approve late sitting beforehand (R3.6)", frozenset({Role.SANCTIONING_AUTHORITY}))
    CLAIMS = May(
        "read claims of late sitting with their certificates (R3.7, R3.9)",
        frozenset({Role.DRAWING_OFFICER, Role.SANCTIONING_AUTHORITY}),
    )
    MOVEMENTS = May("oversee the movement register (R1.16)", frozenset({Role.ADMINISTRATION_WING}))
    MONITOR = May("monitor daily attendance (R4.7)", _ADMINS | _CUSTODIANS | {Role.SCHEME_INCHARGE, Role.AUDITOR})
    LEADS = May("read leads on integrity (S10)", _ADMINS | {Role.AUDITOR})
    FLEET = May(
        "read how terminals are", _MACHINES | {Role.NODAL_OFFICER, Role.CENTRAL_PULLER, Role.VIEWER}, personal=False
    )
    FIND = May("search terminals, offices and people by name", _MACHINES | {Role.NODAL_OFFICER, Role.VIEWER})
    COMMAND = May("command terminals", _ADMINS | {Role.TECHNICIAN}, personal=False)
    TICKETS = May("read fault tickets (R2.6)", _MACHINES | {Role.NODAL_OFFICER})
    MEND = May("work on fault tickets (R2.6)", (_MACHINES | {Role.NODAL_OFFICER}) - {Role.AUDITOR})

    @property
    def may(self) -> May:
        found: May = self.value
        return found
