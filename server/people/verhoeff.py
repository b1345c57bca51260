"""The check digit of Aadhaar numbers: J. Verhoeff, Error Detecting Decimal Codes, 1969. Pure.

Digits are multiplied in the dihedral group of ten elements after a permutation that depends on their place; every
single wrong digit is found, and every exchange of two neighbours.
"""


def _times(a: int, b: int) -> int:
    """The group of the pentagon's turns (0–4) and reflections (5–9)."""
    turn = (a % 5 + b) % 5 if a < 5 else (a % 5 - b) % 5
    return turn if (a < 5) == (b < 5) else turn + 5


_GROUP = tuple(tuple(_times(a, b) for b in range(10)) for a in range(10))
_INVERSE = tuple(row.index(0) for row in _GROUP)
_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _powers() -> tuple[tuple[int, ...], ...]:
    power = tuple(range(10))
    found = [power]
    for _ in range(7):
        power = tuple(_STEP[digit] for digit in power)
        found.append(power)
    return tuple(found)


_PLACES = _powers()


def is_valid(number: str) -> bool:
    """Does the last digit fit the others? ASCII digits only."""
    if not number or not (number.isascii() and number.isdigit()):
        return False
    return _sum(number, 0) == 0


def check_digit(number: str) -> str:
    """The digit that makes `number` valid when written after it."""
    return str(_INVERSE[_sum(number, 1)])


def _sum(number: str, first: int) -> int:
    total = 0
    for place, digit in enumerate(reversed(number), first):
        total = _GROUP[total][_PLACES[place % 8][int(digit)]]
    return total
