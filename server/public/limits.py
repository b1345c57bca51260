"""How much one address may ask of the public pages: two token buckets each. Pure; the caller brings the time.

Thousands of phones may share one address (a carrier's gateway), so what comes from the cache is hardly limited: it
costs next to nothing. A page that has to be made costs a question to the database, and those are counted apart.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

MAX_ADDRESSES = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """What a bucket holds, and what flows in a second."""

    hold: float
    per_s: float


ANSWERS = Rate(hold=600, per_s=200)
PAGES_MADE = Rate(hold=60, per_s=10)


class Limit:
    """One rate, for every address. One thread."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, now_s: float) -> bool:
        """May it? Then one is counted."""
        rate = self._rate
        left, at_s = self._buckets.pop(address, (rate.hold, now_s))
        left = min(rate.hold, left + rate.per_s * max(0.0, now_s - at_s))
        allowed = left >= 1
        self._buckets[address] = (left - 1 if allowed else left, now_s)
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed


def whose(address: str) -> str:
    """Of IPv6 the first 64 bits: one subscriber has all the rest."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address
