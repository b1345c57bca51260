"""Whose word counts: one key of the server's, or those that stand while keys are exchanged (sync.charter). No I/O."""

from collections.abc import Callable, Sequence

from sync import SignatureError
from sync.ed25519 import PublicKey


class Word:
    """Believes any of `keys`; where none of them signed, it asks `look` once more which keys stand by now."""

    def __init__(self, keys: Sequence[PublicKey], look: Callable[[], Sequence[PublicKey]] | None = None) -> None:
        self._keys, self._look = tuple(keys), look

    def verify(self, signature: bytes, data: bytes, /) -> None:
        """Raises SignatureError."""
        if self._any(signature, data):
            return
        if self._look is not None:
            self._keys = tuple(self._look())
            if self._any(signature, data):
                return
        raise SignatureError("signature: of no key whose word counts")

    def _any(self, signature: bytes, data: bytes) -> bool:
        for key in self._keys:
            try:
                key.verify(signature, data)
            except SignatureError:
                continue
            return True
        return False


Verifier = PublicKey | Word
