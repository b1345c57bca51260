"""Whose word counts: one key of the server's, or those that stand while keys are exchanged (sync.charter). No I/O."""

from collections.abc import Callable, Sequence
from typing import Protocol

from cryptography.exceptions import InvalidSignature


class Verifier(Protocol):
    """An Ed25519PublicKey is one."""

    def verify(self, signature: bytes, data: bytes, /) -> None:
        """Raises cryptography's InvalidSignature."""
        ...


class Word:
    """Believes any of `keys`; where none of them signed, it asks `look` once more which keys stand by now."""

    def __init__(self, keys: Sequence[Verifier], look: Callable[[], Sequence[Verifier]] | None = None) -> None:
        self._keys, self._look = tuple(keys), look

    def verify(self, signature: bytes, data: bytes, /) -> None:
        """Raises InvalidSignature."""
        if self._any(signature, data):
            return
        if self._look is not None:
            self._keys = tuple(self._look())
            if self._any(signature, data):
                return
        raise InvalidSignature

    def _any(self, signature: bytes, data: bytes) -> bool:
        for key in self._keys:
            try:
                key.verify(signature, data)
            except InvalidSignature:
                continue
            return True
        return False
