"""The gate of a NATS cluster: who is let in, what they may say there, and that the pass is signed.

On SQLite: the gate asks two questions by key.
"""

import base64
import datetime as dt
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from server import BrokerError
from server.fleet import synthetic
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import terminal
from server.nats import cap, passes
from server.nats.gate import Door
from server.nats.passes import Pass, Question
from server.trust import pki
from server.trust.keys import open_keys
from sync.keys import new_transport_key


def asks(folder: Path, name: str, client_id: str) -> Question:
    authority = open_keys(folder, ()).authority
    now = dt.datetime.now(dt.UTC)
    leaf = pki.client_certificate(authority, name, new_transport_key().public_key(), now, 1)
    return Question("NODE", "USER", client_id, leaf)


def test_only_who_is_in_the_registry_comes_in_and_under_its_own_name(tmp_path: Path) -> None:
    """Also S8: one terminal cannot end another's session."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    one, gone = synthetic.write(ledger, 2, 1, now_ms())
    with ledger.write() as connection:
        connection.execute(update(terminal).where(terminal.c.id == gone).values(state="revoked"))
    door = Door(ledger)
    given = door.opens(asks(tmp_path, one, one))
    assert isinstance(given, Pass)
    assert list(given.publish) == [f"hz1.{one}.u.>"]
    assert list(given.subscribe) == [f"hz1.{one}.d", f"hz1.{one}.d.>"]
    assert given.for_s
    assert door.opens(asks(tmp_path, one, "another")) == "the client id is not the name in the certificate"
    assert door.opens(asks(tmp_path, gone, gone)) == "revoked"
    assert door.opens(asks(tmp_path, "stranger", "stranger")) == "not in the registry"
    assert door.opens(Question("NODE", "USER", one, None)) == "no certificate"
    ingest = door.opens(asks(tmp_path, "hazri-ingest", "hazri-ingest"))
    assert isinstance(ingest, Pass)
    assert ingest.for_s is None
    ledger.close()


def test_a_pass_is_signed_by_the_account_and_a_bad_question_is_refused() -> None:
    key = Ed25519PrivateKey.generate()
    question = Question("NODE", "USER", "t-1", None)
    told = passes.granted(key, question, Pass("t-1", ["a"], ["b"], 60), 1000)
    signed, _, signature = told.rpartition(b".")
    key.public_key().verify(base64.urlsafe_b64decode(signature + b"=="), signed)
    outer = json.loads(base64.urlsafe_b64decode(told.split(b".")[1] + b"=="))
    inner = json.loads(base64.urlsafe_b64decode(outer["nats"]["jwt"].split(".")[1] + "=="))
    assert (outer["aud"], outer["sub"], outer["iss"]) == ("NODE", "USER", passes.nkey(passes.ACCOUNT, key))
    assert (inner["exp"], inner["nats"]["pub"], inner["nats"]["sub"]) == (1060, {"allow": ["a"]}, {"allow": ["b"]})
    for bad in (b"", b"a.b.c", b"a." + base64.urlsafe_b64encode(b"[]") + b".c"):
        with pytest.raises(BrokerError):
            passes.read(bad)


def test_the_store_of_messages_is_capped_once_it_is_there() -> None:
    """What NATS tells of a stream goes back as it was, but for the cap; a cap set by hand stands."""
    config = {"name": cap.MESSAGES, "max_bytes": -1, "discard": "old", "num_replicas": 3}
    wanted = cap.change(json.dumps({"config": config, "state": {"messages": 4}}).encode())
    assert wanted is not None
    assert json.loads(wanted) == config | {"max_bytes": cap.MAX_BYTES, "discard": "new"}
    for limit in (cap.MAX_BYTES, 1000):
        told = json.dumps({"config": json.loads(wanted) | {"max_bytes": limit}}).encode()
        assert cap.is_capped(told)
        assert cap.change(told) is None


@pytest.mark.parametrize(
    "told",
    [b'{"error":{"code":404,"description":"stream not found"}}', b"", b"\xff", b"[]", b'{"config":[]}', b"[" * 100_000,
     b'{"config":{"max_bytes":"none"}}'],
)  # fmt: skip
def test_an_answer_that_tells_of_no_stream_changes_nothing(told: bytes) -> None:
    assert cap.change(told) is None
    assert not cap.is_capped(told)
