"""Who is refused with their own digits, for the record: so that a finger that no longer matches is seen to (R2.6, S1).

Known by the digits alone, and only where one person has them: it may as well have been somebody else who typed them.
That is why it is evidence for mending and nothing more, and told at most once an hour of anybody.
"""

AGAIN_S = 3600.0


class Rejections:
    """Of one terminal since it started."""

    def __init__(self) -> None:
        self._told: dict[bytes, float] = {}

    def tell(self, person: bytes, at_s: float) -> bool:
        """Is this one to be put down? `at_s`: monotonic seconds."""
        if self._told.get(person, -AGAIN_S) + AGAIN_S > at_s:
            return False
        self._told = {one: told_s for one, told_s in self._told.items() if told_s + AGAIN_S > at_s}
        self._told[person] = at_s
        return True
