"""An order is the server's, to one terminal, on one connection; what it carries survives a database."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync import ChainError, WireError
from sync.ed25519 import PublicKey
from sync.orders import (
    PROOF_BYTES,
    Detail,
    Order,
    OrderKind,
    detail_bytes,
    done_key,
    parse_detail,
    seconds,
    sign_order,
    verify_order,
    wipe_proof,
)

SERVER, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
ORDER = sign_order(SERVER, "t-1", b"session1", 7, OrderKind.LOCATE, {"seconds": 5})


def test_the_servers_order_is_believed() -> None:
    verify_order(PublicKey.of(SERVER), "t-1", ORDER)


@pytest.mark.parametrize(
    ("terminal", "order"),
    [
        ("t-2", ORDER),
        ("t-1", replace(ORDER, session=b"session2")),
        ("t-1", replace(ORDER, number=8)),
        ("t-1", replace(ORDER, kind=OrderKind.WIPE)),
        ("t-1", replace(ORDER, detail={"seconds": 6})),
        ("t-1", sign_order(OTHER, "t-1", b"session1", 7, OrderKind.LOCATE, {"seconds": 5})),
    ],
    ids=["another terminal", "another connection", "another number", "another kind", "another detail", "another key"],
)
def test_any_other_is_not(terminal: str, order: Order) -> None:
    with pytest.raises(ChainError, match=r"order [78]: the signature is not the server's"):
        verify_order(PublicKey.of(SERVER), terminal, order)


def test_a_detail_comes_back_from_a_database_as_it_went() -> None:
    detail: Detail = {"person": b"person-1", "version": 3, "why": "left"}
    assert parse_detail(detail_bytes(detail)) == detail
    with pytest.raises(WireError):
        parse_detail(b"\xff")


def test_what_an_order_left_behind_is_named_by_nothing_else() -> None:
    assert len({done_key(n) for n in range(1, 50)}) == 49
    proofs = {wipe_proof(person, version) for person in (b"person-1", b"person-2") for version in (1, 2)}
    assert len(proofs) == 4
    assert {len(proof) for proof in proofs} == {PROOF_BYTES}


def test_seconds_are_a_whole_number_within_bounds() -> None:
    assert [seconds({"seconds": s}, 1, 60) for s in (1, 60)] == [1, 60]
    for detail in ({}, {"seconds": 0}, {"seconds": 61}, {"seconds": "5"}):
        with pytest.raises(WireError, match="seconds"):
            seconds(detail, 1, 60)
