"""The aggregator: takes punches in, keeps them, and shows them.

ServerError
├── StartError      something the start needs is missing, taken or unreadable (the message says what to do)
│   └── BrokerError the broker cannot be started or reached
├── LedgerError     the database refused, or is of a later version than this program
│   └── TilesError  the stored tree of the transparency log is not whole
├── ProofError      a punch that is not there, or not one, or a checkpoint that nobody can read
├── AdmissionError  a terminal's request that may not be granted
├── ClaimError      a token or a claim that lets nobody in
├── RotationError   a key that cannot be exchanged now
├── FleetError      a step, a move or a ticket that a terminal's standing does not allow
├── PeopleError     a registration that cannot be taken; names the line, never the digits
├── AccessError     an account, a role or a custody that cannot be given as asked
├── TokenError      a token that cannot be made as asked
├── HookError       a webhook that is not there, or an address that cannot be one
├── BackupError     a backup that cannot be written, read or put in place
├── ReleaseError    a release that cannot be made, signed, published or rolled out as asked
├── PullError       a pull that cannot go on: the other side, the token, or the local files
│   └── StackError  a district shows records that its terminals did not sign, or others than before
└── DemoError       the demo cannot be set up, or one of its programs ended
"""


class ServerError(Exception):
    """Root of everything this room raises. Its text is for the person at the keyboard."""


class StartError(ServerError):
    """The aggregator cannot start as it is set up."""


class BrokerError(StartError):
    """No broker: not installed, its port is taken, or it ends at once."""


class LedgerError(ServerError):
    """The database cannot be opened, read or written."""


class TilesError(LedgerError):
    """A tile of the stored tree is missing or cut: somebody was at the database. `hazri-server audit` says more."""


class ProofError(ServerError):
    """No proof: no such punch, more than one, or a statement that cannot be read."""


class AdmissionError(ServerError):
    """A terminal's request is refused."""


class ClaimError(ServerError):
    """A token or a claim lets nobody in; says why, never the token."""


class RotationError(ServerError):
    """A key cannot be exchanged now; says what comes first."""


class FleetError(ServerError):
    """Not with this terminal, or not now: no such step, place, ticket or evidence. Says what is possible instead."""


class PeopleError(ServerError):
    """A registration is refused; nothing of its import was stored."""


class AccessError(ServerError):
    """What was asked of an account, a grant or a custody is against the rules; nothing was changed."""


class TokenError(ServerError):
    """A token cannot be made as asked."""


class HookError(ServerError):
    """A webhook that is not there, or an address that cannot be one."""


class BackupError(ServerError):
    """A backup that cannot be written, read or put in place; nothing was put there."""


class ReleaseError(ServerError):
    """A release cannot be made, signed, published or rolled out as asked; terminals see what they saw before."""


class PullError(ServerError):
    """A pull stops; what was written before is whole and the next run goes on from there."""


class StackError(PullError):
    """A district's records are not what its terminals signed, or not those it showed before: nothing was taken."""


class DemoError(ServerError):
    """The demo cannot go on; names the program that ended and its last words."""
