"""Anchors: the server's signed word on what time it is, tied to a terminal's clock that nobody can set. No I/O.

    question  tag = first 16 bytes of SHA-256( "hazri question 1" ‖ boot id ‖ u8(asked) ‖ nonce )
    answer    server's time, and its signature over "hazri time 1" ‖ terminal ‖ tag ‖ u8(server's time)

`asked` and `came` are CLOCK_BOOTTIME when the question left and when the answer was here. The answer was made between
the two, so that clock stood no lower than `asked` and no higher than `came` at the server's time: half of the way
there and back is all that can be wrong, whichever of the two ways was slow. The tag binds boot, moment and nonce
before the server speaks, so that an answer kept from another question, boot or terminal fits nothing (S10).

What must stay true here: parsers raise WireError, and nothing else, on bytes that are not theirs; `check` raises for
any anchor that this server did not give to this terminal in answer to this question.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sync import ChainError, SignatureError
from sync.cbor import MAX_INT, VERSION, encode, integer, message, octets
from sync.ed25519 import Signer
from sync.record import SIGNATURE_BYTES
from sync.word import Verifier

NONCE_BYTES = 8
TAG_BYTES = 16
PATIENCE_MS = 60_000  # an answer that took longer says too little, and is old enough to have been kept back

DRIFT_PPM = 50  # a crystal without an oven, from 0 to 60 °C and with some years of age
SLEW_PPM = 500  # as fast as the kernel turns the clock for an NTP client (adjtimex(2), the PLL's limit) …
SLEW_MS = 400  # … until this much is made up for: a wider gap is stepped, which moves the wall and not this clock


def drift_ms(elapsed_ms: int) -> int:
    """By how much CLOCK_BOOTTIME may have gone wrong in so long, either way, rounded up. Milliseconds; elapsed of
    either sign."""
    elapsed_ms = abs(elapsed_ms)
    return -(-elapsed_ms * DRIFT_PPM // (1_000_000 - DRIFT_PPM)) + min(SLEW_MS, -(-elapsed_ms * SLEW_PPM // 1_000_000))


@dataclass(frozen=True, slots=True)
class Question:
    """What time is it? Asked in the boot `boot_id`, when its CLOCK_BOOTTIME stood at `asked_ms`."""

    boot_id: bytes
    asked_ms: int
    nonce: bytes

    @property
    def tag(self) -> bytes:
        asked = self.asked_ms.to_bytes(8, "big")
        return hashlib.sha256(b"hazri question 1\0" + self.boot_id + asked + self.nonce).digest()[:TAG_BYTES]


@dataclass(frozen=True, slots=True)
class Answer:
    """Unix time in milliseconds at the server while it answered."""

    server_ms: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Anchor:
    """A question, its answer, and CLOCK_BOOTTIME when that was here."""

    question: Question
    came_ms: int
    answer: Answer

    @property
    def bound_ms(self) -> int:
        """How far `offset_ms` may be off, of this anchor alone: half of the way there and back, and two clocks' last
        digits."""
        return (self.came_ms - self.question.asked_ms + 1) // 2 + 1

    @property
    def offset_ms(self) -> int:
        """Unix time minus CLOCK_BOOTTIME, in the middle of what it can be."""
        return self.answer.server_ms - (self.came_ms + self.question.asked_ms) // 2

    def bound_at_ms(self, since_boot_ms: int) -> int:
        """How far Unix time by `offset_ms` may be off when CLOCK_BOOTTIME stands at `since_boot_ms`."""
        return self.bound_ms + drift_ms(since_boot_ms - (self.came_ms + self.question.asked_ms) // 2)


def question_bytes(question: Question) -> bytes:
    return encode([VERSION, question.tag])


def parse_question(data: bytes) -> bytes:
    """The tag of a question: all that the server needs to see of it. Raises WireError."""
    return octets(message(data, "question", 2)[1], "tag", TAG_BYTES)


def answer_bytes(answer: Answer) -> bytes:
    return encode([VERSION, answer.server_ms, answer.signature])


def parse_answer(data: bytes) -> Answer:
    """Read an answer. Raises WireError."""
    fields = message(data, "answer", 3)
    return Answer(integer(fields[1], "server time", 0), octets(fields[2], "signature", SIGNATURE_BYTES))


def sign_answer(key: Signer, terminal: str, tag: bytes, server_ms: int) -> Answer:
    return Answer(server_ms, key.sign(_answer_message(terminal, tag, server_ms)))


def check(key: Verifier, terminal: str, anchor: Anchor, now_ms: int) -> None:
    """Is this what the server said to this terminal, and in time? `now_ms`: CLOCK_BOOTTIME, of the same boot.

    Raises ChainError where it is not.
    """
    q, a = anchor.question, anchor.answer
    if not q.asked_ms <= anchor.came_ms <= now_ms:
        raise ChainError("anchor: the answer came before it was asked for, or has not come yet")
    if anchor.came_ms - q.asked_ms > PATIENCE_MS:
        raise ChainError(f"anchor: the answer took {anchor.came_ms - q.asked_ms} ms, more than {PATIENCE_MS}")
    try:
        key.verify(a.signature, _answer_message(terminal, q.tag, a.server_ms))
    except SignatureError:
        raise ChainError("anchor: not the server's answer to this question of this boot and terminal") from None


# ── as an event of the log ──

Detail = Mapping[str, int | str | bytes]


def anchor_detail(anchor: Anchor, wall_offset_ms: int) -> dict[str, int | str | bytes]:
    """The detail of a TIME_ANCHOR event. `wall_offset_ms` is what the machine's own clock had, for comparison."""
    return {
        "asked_ms": anchor.question.asked_ms,
        "came_ms": anchor.came_ms,
        "nonce": anchor.question.nonce,
        "server_ms": anchor.answer.server_ms,
        "signature": anchor.answer.signature,
        "wall_ms": wall_offset_ms,
    }


def detailed_anchor(boot_id: bytes, detail: Detail) -> Anchor:
    """The anchor of a TIME_ANCHOR event in the boot of this id. Raises WireError."""
    asked_ms = integer(detail.get("asked_ms"), "asked_ms", 0, MAX_INT)
    return Anchor(
        Question(boot_id, asked_ms, octets(detail.get("nonce"), "nonce", NONCE_BYTES)),
        integer(detail.get("came_ms"), "came_ms", 0, MAX_INT),
        Answer(
            integer(detail.get("server_ms"), "server_ms", 0, MAX_INT),
            octets(detail.get("signature"), "signature", SIGNATURE_BYTES),
        ),
    )


def _answer_message(terminal: str, tag: bytes, server_ms: int) -> bytes:
    return b"hazri time 1\0" + terminal.encode() + b"\0" + tag + server_ms.to_bytes(8, "big")
