"""The networks' weights: a manifest, and an installer that accepts a file only when its hash agrees.

`install` is for setting up; programs that run only ask for a `path`, which never fetches anything.
"""

from matching.models.manifest import Model, OpenVino, Sdist, manifest
from matching.models.store import State, Status, best, folder, install, listing, load, path, verify

__all__ = [
    "Model",
    "OpenVino",
    "Sdist",
    "State",
    "Status",
    "best",
    "folder",
    "install",
    "listing",
    "load",
    "manifest",
    "path",
    "verify",
]
