"""A batch verified record by record, as the aggregator does by column: what the tests check a terminal's word with."""

from sync.batch import Batch
from sync.chain import heads, verify_head
from sync.ed25519 import PublicKey
from sync.record import record_body


def verify_batch(key: PublicKey, batch: Batch, head: bytes) -> list[tuple[bytes, bytes]]:
    """(body, head) of each record of a batch that continues a log from `head`. Raises ChainError when the last head is
    not signed by `key`."""
    bodies = [record_body(record) for record in batch.records]
    after = heads(head, bodies)
    verify_head(key, batch.last_seq, after[-1], batch.signature)
    return list(zip(bodies, after, strict=True))
