"""What happens to a terminal in so many days, drawn from its seed: people come and go, the power and the network fail,
clocks are turned, cards are copied, put back and exchanged.
"""

from enum import Enum
from random import Random

from server.simulate.unit import Unit
from server.simulate.world import DAY_MS, EPOCH_MS, HOUR_MS, MINUTE_MS, SECOND_MS

_OPENS_MS, _CLOSES_MS = 9 * HOUR_MS, 17 * HOUR_MS
_NO_NETWORK, _NO_POWER, _CLOCK_TURNED = 0.4, 0.3, 0.1  # chances a day
_FATE = 0.03  # of each kind, a terminal


class Fate(Enum):
    """What becomes of a terminal's card; at most one thing."""

    NONE = "none"
    CLONED = "cloned"  # a second unit goes on with a copy (S9)
    PUT_BACK = "put_back"  # an image of some days ago is written over it (S8)
    REPLACED = "replaced"  # the unit dies; its card comes to the bench days later (S7)


def fate_of(index: int, terminals: int, dice: Random) -> Fate:
    """In a fleet of four and more, each happens at least once."""
    kinds = (Fate.CLONED, Fate.PUT_BACK, Fate.REPLACED)
    drawn = dice.random()
    if terminals > len(kinds) and index < len(kinds):
        return kinds[index]
    return next((kind for i, kind in enumerate(kinds, 1) if drawn < i * _FATE), Fate.NONE)


class Life:
    """Arranges everything for one unit; `begin` once."""

    def __init__(self, unit: Unit, dice: Random, days: int, punches_a_day: int) -> None:
        self.unit, self.dice, self.days, self._punches = unit, dice, days, punches_a_day
        self._world = unit.place.world

    def begin(self, from_ms: int = EPOCH_MS) -> None:
        self._world.at(from_ms + self.dice.randrange(HOUR_MS), self.unit.boot)
        for day in range(self.days):
            midnight_ms = EPOCH_MS + day * DAY_MS
            if midnight_ms >= from_ms:
                self._day(midnight_ms)

    def fated(self, fate: Fate, other: "Life | None" = None) -> None:
        """`other` is whoever goes on with a copy of the card, or in the dead unit's place."""
        day_ms = EPOCH_MS + DAY_MS * max(1, self.days // 3)
        later_ms = day_ms + DAY_MS * max(1, self.days // 4)
        match fate:
            case Fate.CLONED if other is not None:
                self._world.at(day_ms + 13 * HOUR_MS, lambda: self._clone(other))
            case Fate.PUT_BACK:
                self._world.at(day_ms + 13 * HOUR_MS, lambda: self._keep_image(later_ms))
            case Fate.REPLACED if other is not None:
                self._world.at(day_ms + 7 * HOUR_MS, self.unit.lose_network)  # so that something is on its card alone
                self._world.at(day_ms + 13 * HOUR_MS, lambda: self._die(other))

    # ── a day ──

    def _day(self, midnight_ms: int) -> None:
        dice, unit, at = self.dice, self.unit, self._world.at
        for n in range(self._punches):
            about_ms = _OPENS_MS if n % 2 == 0 else _CLOSES_MS
            at(midnight_ms + about_ms + round(abs(dice.gauss(0, 40 * MINUTE_MS))), unit.touch)
        if dice.random() < _NO_NETWORK:
            began_ms = midnight_ms + dice.randrange(DAY_MS)
            lasts_ms = round(dice.choice((10 * MINUTE_MS, 3 * HOUR_MS, 2 * DAY_MS)) * dice.random()) + SECOND_MS
            at(began_ms, unit.lose_network)
            at(began_ms + lasts_ms, unit.find_network)
        while dice.random() < _NO_POWER:
            at(midnight_ms + self._some_time(), self._cut_power)
        if dice.random() < _CLOCK_TURNED:
            by_ms = dice.choice((-1, 1)) * round(dice.uniform(3 * SECOND_MS, 3 * DAY_MS))
            at(midnight_ms + dice.randrange(DAY_MS), lambda: unit.set_clock(by_ms))
        at(midnight_ms + 23 * HOUR_MS, unit.tidy)

    def _some_time(self) -> int:
        """Half of all cuts in the hours when something is written."""
        if self.dice.random() < 0.5:
            return _OPENS_MS + self.dice.randrange(HOUR_MS)
        return self.dice.randrange(DAY_MS)

    def _cut_power(self) -> None:
        lasts_ms = round(self.dice.choice((30 * SECOND_MS, HOUR_MS, 8 * HOUR_MS)) * self.dice.random()) + 5 * SECOND_MS
        self.unit.lose_power(lasts_ms, midway=self.dice.random() < 0.5)

    # ── what becomes of its card ──

    def _clone(self, other: "Life") -> None:
        """The original is off while it is copied."""
        unit, place = self.unit, self.unit.place
        unit.lose_power(10 * MINUTE_MS)
        place.oracle.copied_card(unit.name, unit.last_log)
        other.unit.insert(unit.image())
        other.begin(self._world.now_ms)

    def _keep_image(self, put_back_ms: int) -> None:
        unit = self.unit
        unit.lose_power(10 * MINUTE_MS)
        image, seq = unit.image(), unit.last_seq
        self._world.at(put_back_ms + 13 * HOUR_MS, lambda: self._put_back(image, seq))

    def _put_back(self, image: dict[str, bytes], seq: int) -> None:
        unit = self.unit
        unit.lose_power()
        unit.place.oracle.copied_card(unit.name, unit.last_log)
        unit.place.oracle.overwritten(unit.name, unit.card, unit.last_log, seq)
        unit.card += " put back"
        unit.insert(image)
        unit.boot()

    def _die(self, other: "Life") -> None:
        unit = self.unit
        unit.lose_power()
        unit.dead = True
        other.unit.network = True
        other.begin(self._world.now_ms)
        days_ms = self.dice.randrange(DAY_MS, 3 * DAY_MS)
        self._world.later(days_ms, lambda: unit.place.read_card(unit.folder))
