"""The transparency log: every accepted record is a leaf of one Merkle tree, and signed checkpoints say what it holds.

tree.py        the mathematics of RFC 6962, section 2.1, and nothing else
leaf.py        what a leaf says of a record
tiles.py       the tree in the ledger
checkpoint.py  a signed statement of the tree's size and root, in the format of C2SP tlog-checkpoint
notary.py      makes one a day

Whoever holds a checkpoint can later prove that a record stood in the ledger then, and that nothing which stood there
was changed or taken out since: also against the administrator of the database, and of the server.
"""
