"""What can go wrong when synthetic fingers are asked for.

MatchingError
└── SyntheticError        the request cannot be met: counts, seed, condition or folder; the message says which
"""

from matching.errors import MatchingError


class SyntheticError(MatchingError):
    """A request for synthetic fingers that cannot be met."""
