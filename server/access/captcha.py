"""A puzzle in words, ours and offline: a small sum, written out in the reader's language, so that a screen reader
reads it and nobody has to see anything. It keeps away what fills in every form it meets; against whoever writes a
program for this very page the limits on attempts stand, not the puzzle.

The token names the puzzle and is signed: nothing is kept until it is answered, and each is answered once.
"""

import base64
import binascii
import hmac
import os
import struct
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from server.access.keys import AccessKeys
from server.ledger.tables import spent

LIFE_MS = 10 * 60_000
MAX_TOKEN = 100
_BODY, _MAC = struct.Struct(">16sQ"), 16

_NUMBERS = {
    "en": [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ],
    "hi": [
        "शून्य",
        "एक",
        "दो",
        "तीन",
        "चार",
        "पाँच",
        "छह",
        "सात",
        "आठ",
        "नौ",
        "दस",
        "ग्यारह",
        "बारह",
        "तेरह",
        "चौदह",
        "पंद्रह",
        "सोलह",
        "सत्रह",
        "अठारह",
        "उन्नीस",
    ],
}
_SENTENCES = {
    "en": (
        "Take {a}, add {b}, and take away {c}. What is left?",
        "How much is {a} and {b}, less {c}?",
        "There are {a} chairs. {b} more are brought, {c} are taken away. How many are there?",
    ),
    "hi": (
        "{a} में {b} जोड़ें, फिर {c} घटाएँ। कितना बचा?",
        "{a} और {b} का जोड़, उसमें से {c} कम: कितना हुआ?",
        "{a} कुर्सियाँ हैं। {b} और लाई गईं, {c} हटा दी गईं। अब कितनी हैं?",
    ),
}


@dataclass(frozen=True, slots=True)
class Puzzle:
    """`text` is to be read, `token` comes back with the answer."""

    text: str
    token: str


def make(keys: AccessKeys, language: str, now_ms: int) -> Puzzle:
    """A new puzzle in "en" or "hi", good for ten minutes."""
    body = _BODY.pack(os.urandom(16), now_ms + LIFE_MS)
    token = base64.urlsafe_b64encode(body + keys.mac("puzzles", body)[:_MAC]).decode()
    a, b, c, which = _parts(keys, body)
    words = _NUMBERS[language]
    text = _SENTENCES[language][which].format(a=words[a], b=words[b], c=words[c])
    return Puzzle(text[0].upper() + text[1:], token)


def solved(connection: Connection, keys: AccessKeys, token: str, answer: str, now_ms: int) -> bool:
    """Is this the answer, in time and for the first time? Digits of any script, or the word in either language."""
    body = _open(keys, token)
    if body is None:
        return False
    nonce, expires_ms = _BODY.unpack(body)
    connection.execute(delete(spent).where(spent.c.expires_ms <= now_ms))
    if expires_ms <= now_ms or connection.scalar(select(spent.c.nonce).where(spent.c.nonce == nonce)) is not None:
        return False
    connection.execute(insert(spent).values(nonce=nonce, expires_ms=expires_ms))
    a, b, c, _ = _parts(keys, body)
    return _number(answer) == a + b - c


def _parts(keys: AccessKeys, body: bytes) -> tuple[int, int, int, int]:
    """Three numbers whose sum stays between 1 and 18, and which sentence: all of them follow from the nonce."""
    seed = keys.mac("puzzle numbers", body)
    a, b = 2 + seed[0] % 9, 1 + seed[1] % 9
    return a, b, 1 + seed[2] % (a + b - 1), seed[3] % len(_SENTENCES["en"])


def _open(keys: AccessKeys, token: str) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii")) if len(token) <= MAX_TOKEN else b""
    except (binascii.Error, UnicodeEncodeError):
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    return body if len(mac) == _MAC and hmac.compare_digest(keys.mac("puzzles", body)[:_MAC], mac) else None


def _number(answer: str) -> int | None:
    told = answer.strip().casefold()[:40]
    for words in _NUMBERS.values():
        if told in words:
            return words.index(told)
    return int(told) if told.isdecimal() and len(told) <= 4 else None
