"""How a terminal comes by new software, and back: signed releases, two slots, one switch, one way back.

    /opt/hazri/current       -> venv, slots/a or slots/b: what the services run (bin -> current/bin)
    /opt/hazri/good          -> the last that proved itself: what runs `hazri-edge update`, where a bad one falls back
    /opt/hazri/venv          as the Debian package made it       /opt/hazri/wheels  what that was made of
    /opt/hazri/slots/{a,b}   whole or not there at all: a folder is filled under another name
    /opt/hazri/update        journal.json, the signed metadata, what is being fetched, the bytes spent

`steps` decides and does nothing; `run` carries out what it decides; `root` is whose releases are believed; `trust`
alone knows TUF, and only while it looks for news: no daemon of the terminal imports it.

UpdateError       nothing was installed; says why
├── TrustError    what was found is not signed as it must be, is old, or is not for this terminal
├── SourceError   the place it comes from is not reached, is too slow, sends too much, or has not what it names
├── LaterError    not now: the bytes of this month are spent, or people are punching
└── SlotError     this machine's disk or its Python does not take it
"""

from edge import EdgeError


class UpdateError(EdgeError):
    """Nothing was installed; says why."""


class TrustError(UpdateError):
    """Not signed as it must be, out of date, older than what is here, or for somebody else."""


class SourceError(UpdateError):
    """Not reached, too slow, too much, or not what was named."""


class LaterError(UpdateError):
    """Not now; it goes on by itself."""


class SlotError(UpdateError):
    """The disk refuses, or the release is for another Python than this machine's."""
