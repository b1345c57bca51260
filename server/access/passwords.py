"""Passwords: argon2id by the second recommendation of RFC 9106, section 4 (64 MiB, three passes, four lanes).

As NIST SP 800-63B, section 5.1.1.2 asks: length counts, composition does not, nothing expires by itself, and what
everybody tries first is refused. At most two are worked on at a time: each takes 64 MiB, and anybody may ask.
"""

import functools
import secrets
import threading

import argon2

from server import AccessError

MIN_LENGTH, MAX_LENGTH = 10, 128
_COMMON = ("password", "qwerty", "123456", "abcdef", "admin", "welcome", "letmein", "iloveyou", "india", "hazri")
_hasher = argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)
_room = threading.BoundedSemaphore(2)


@functools.cache
def _nobodys() -> str:
    """What is checked where there is no account: it takes as long as a real one, and nothing opens it."""
    return _hasher.hash(secrets.token_urlsafe(16))


def close(password: str) -> str:
    with _room:
        return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Takes the same time whether there is a password to compare with or not."""
    if len(password) > MAX_LENGTH:
        return False
    with _room:
        try:
            _hasher.verify(kept or _nobodys(), password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
    return kept is not None


def stale(kept: str) -> bool:
    """Was it hashed with weaker parameters than today's?"""
    return _hasher.check_needs_rehash(kept)


def check(password: str, *names: str) -> None:
    """Raises AccessError where a guesser would come by early. `names` are the account's own."""
    plain = password.casefold()
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise AccessError(f"password: expected {MIN_LENGTH} to {MAX_LENGTH} characters; a few words are easy to keep")
    if len(set(plain)) < 5:
        raise AccessError("password: has too few different characters")
    rest = plain
    for word in (*_COMMON, *(name.casefold() for name in names if len(name) >= 3)):
        rest = rest.replace(word, "")
    if len(rest) < MIN_LENGTH - 4:
        raise AccessError("password: is made of what everybody tries first; take other words")


def make() -> str:
    """One to begin with, of 80 random bits, easy to read out: it must be changed at the first log-in."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
