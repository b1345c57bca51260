"""docs/wire.md holds what another implementation is tried against: every vector in it is what this program makes."""

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from sync import chain, seal
from sync.anchor import Question, answer_bytes, question_bytes, sign_answer
from sync.batch import Batch, batch_bytes
from sync.record import parse_record
from sync.wire import (
    PersonCard,
    RosterEntry,
    parse_card,
    parse_template,
    receipt_bytes,
    roster_bytes,
)

ROOT = Path(__file__).parents[3]
RECORD, SERVER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (0, 1))
TEMPLATE, SEAL = (X25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (2, 3))
LOOKUP = seal.lookup(bytes([4]) * 32, "000123")
LOG = b"the-log!"
QUESTION = Question(bytes(range(16)), 86_400_123, b"question")


def vectors() -> dict[str, bytes]:
    """The lines `name  hexadecimal` of the document; a line without a name continues the one before."""
    found: dict[str, str] = {}
    name = ""
    for block in re.findall(r"```text\n(.*?)```", (ROOT / "docs" / "wire.md").read_text(), re.DOTALL):
        for line in block.splitlines():
            name = line[:21].strip() or name
            found[name] = found.get(name, "") + line[21:]
    return {key: bytes.fromhex(value) for key, value in found.items()}


def golden(name: str) -> bytes:
    return bytes.fromhex((ROOT / "tests" / "captures" / "wire" / f"{name}.hex").read_text())


def made() -> dict[str, bytes]:
    """What this program makes of the same keys and records."""
    bodies = [golden("event"), golden("punch")]
    head0 = chain.genesis("t-1", LOG)
    head1, head2 = chain.heads(head0, bodies)
    signature = chain.sign_head(RECORD, 2, head2)
    return {
        "record public key": RECORD.public_key().public_bytes_raw(),
        "server public key": SERVER.public_key().public_bytes_raw(),
        "template public key": TEMPLATE.public_key().public_bytes_raw(),
        "seal public key": SEAL.public_key().public_bytes_raw(),
        "head 0": head0,
        "head 1": head1,
        "head 2": head2,
        "signature of head 2": signature,
        "batch of 1 and 2": batch_bytes(Batch(LOG, 1, tuple(parse_record(b) for b in bodies), signature)),
        "receipt for 2": receipt_bytes(chain.sign_receipt(SERVER, "t-1", LOG, 2, head2)),
        "look-up of 000123": LOOKUP,
        "question": question_bytes(QUESTION),
        "answer": answer_bytes(sign_answer(SERVER, "t-1", QUESTION.tag, 1_798_086_400_500)),
        "roster": roster_bytes(chain.sign_roster(SERVER, "t-1", 5, 3, (RosterEntry(b"person-1", False, b"", ()),))),
    }


SEALED = {"template going up", "template coming down", "sealed card"}


def test_the_document_has_these_vectors_and_no_others() -> None:
    assert set(vectors()) == set(made()) | SEALED


@pytest.mark.parametrize("name", made())
def test_a_vector_is_what_this_program_makes(name: str) -> None:
    assert made()[name].hex() == vectors()[name].hex()


def test_the_sealed_vectors_open() -> None:
    found = vectors()
    up, down = parse_template(found["template going up"]), parse_template(found["template coming down"])
    assert (up.person, up.finger, up.version) == (down.person, down.finger, down.version) == (b"person-1", 1, 1)
    assert up.body == down.body
    assert seal.open_template(up, TEMPLATE, "server") == b"ridges"
    by = (TEMPLATE.public_key(),)
    assert seal.open_template(down, SEAL, "t-1", by) == b"ridges"
    card = parse_card(seal.open_sealed(SEAL, found["sealed card"], b"hazri card 1\0person-1t-1", by))
    assert card == PersonCard(LOOKUP, "Synthetic Person 001")


def test_the_punch_taken_apart_is_the_golden_one() -> None:
    text = (ROOT / "docs" / "wire.md").read_text().split("## One punch, byte by byte")[1].split("##")[0]
    taken = re.findall(r"^ {4} *((?:[0-9a-f]{2}|[0-9a-f]{4,})(?: [0-9a-f]{4,}| [0-9a-f]{2})*) {2}", text, re.MULTILINE)
    assert bytes.fromhex("".join(taken)) == golden("punch")
