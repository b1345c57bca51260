"""A whole fleet in simulated time: terminals that suffer what terminals suffer, the aggregator that believes none of
them, and an oracle that knows every punch whose light was green.

What runs is what is shipped: sync's outbox on SQLite, its agent, batches, chain, anchors and questions for the time;
the aggregator's ingest, judge and ledger; the bench that reads dead cards. Simulated are time, the network with its
broker, and the finger. Everything is drawn from a seed, so a failure is seen again by the same words on the command
line; what is random by nature (names of logs, nonces) decides nothing.
"""

PUNCHES_A_DAY = 20
