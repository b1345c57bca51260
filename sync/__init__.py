"""The contract between a terminal and its aggregator: what crosses the wire, how it is kept, signed and sealed.

SyncError
├── WireError        bytes that are not what they claim to be (refused, counted, never applied)
│   └── VersionError a message of a later protocol than this program speaks
├── ChainError       a record that does not follow from the one before it, or a signature that is not its signer's
│   └── SignatureError the signature alone, before anybody has said what was signed
├── SealError        a sealed body that this key does not open, or that was moved from another person or finger
├── StorageError     the disk did not take it: what was asked for is NOT recorded
│   └── NotMadeError a file its writer has not made yet: wait for it
└── LinkError        there is no link, or it broke
"""


class SyncError(Exception):
    """Root of everything this room raises."""


class WireError(SyncError):
    """Bytes that do not parse as the message they claim to be."""


class VersionError(WireError):
    """A message of a protocol version this program does not speak: update this side."""


class ChainError(SyncError):
    """A record or a signature that does not fit the log it claims to continue."""


class SignatureError(ChainError):
    """A signature that is not this key's over these bytes."""


class SealError(SyncError):
    """A sealed body that does not open: wrong key, altered bytes, or bound to something else."""


class StorageError(SyncError):
    """The disk refused. Nothing that depended on this write may be called done (S13)."""


class NotMadeError(StorageError):
    """The process that writes this file has not started yet. No fault: it will be there."""


class LinkError(SyncError):
    """No link, or it broke while in use; try again after a pause."""
