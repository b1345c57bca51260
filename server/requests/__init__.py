"""What people ask for and officers decide: leave, duty elsewhere, tours, movements, corrections, register entries.

request ─▶ reporting officer ─▶ effect. A punch is never edited: a correction stands beside it (R2.7).
"""

from server import ServerError


class RequestError(ServerError):
    """A request that cannot be taken or decided; says what to do."""
