"""The receipt code: six characters that stand for one record of one log. Pure.

It is the first 30 bits of the chain's head after the record, in Crockford's base 32
(https://www.crockford.com/base32.html: no I, L, O or U). A person may copy it off the screen; the aggregator, which
keeps every head, can say whether the record it stands for has come. It proves nothing by itself: it is a name, and
two of a terminal's 10 000 newest records share one with a chance of 1 in 20.
"""

from sync import WireError

LETTERS = 6
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS = 5
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def receipt_code(head: bytes) -> str:
    """Six characters of the head after a record (32 bytes, as sync.chain.next_head returns it)."""
    number = int.from_bytes(head[:4], "big") >> (32 - LETTERS * _BITS)
    return "".join(_ALPHABET[number >> _BITS * (LETTERS - 1 - place) & 31] for place in range(LETTERS))


def read_code(text: str) -> str:
    """A code as somebody typed it: any case, O for 0, I or L for 1, blanks and hyphens. Raises WireError."""
    code = text.upper().translate(_READ_AS)
    if len(code) != LETTERS or any(letter not in _ALPHABET for letter in code):
        raise WireError(f"not a receipt code: expected {LETTERS} letters and digits, without U")
    return code


def stands_for(code: str, head: bytes) -> bool:
    """Whether a code, as somebody typed it, is that of the record with this head. Raises WireError."""
    return read_code(code) == receipt_code(head)


def head_prefixes(code: str) -> tuple[bytes, bytes]:
    """The lowest and highest first four bytes of a head with this code: a range to look up. Raises WireError."""
    number = 0
    for letter in read_code(code):
        number = number << _BITS | _ALPHABET.index(letter)
    low = number << (32 - LETTERS * _BITS)
    return low.to_bytes(4, "big"), (low | 3).to_bytes(4, "big")
