"""Are the settings sound, and is what they name there? Looks only: makes no key, no table and no folder."""

import os

from server import StartError
from server.broker import find_mosquitto
from server.ledger.store import check_url
from server.settings import ServerSettings
from server.trust import pki


def check(settings: ServerSettings) -> None:
    """Raises ServerError naming what `run` would stumble over."""
    check_state_dir(settings)
    check_url(settings.url)
    pki.check_hosts(settings.broker.hosts)
    if settings.broker.embedded:
        find_mosquitto(settings.broker.mosquitto)


def check_state_dir(settings: ServerSettings) -> None:
    """The folder is there and ours to write, or can be made where its next parent is."""
    wanted = settings.state_dir
    try:
        there = next(path for path in (wanted, *wanted.absolute().parents) if path.exists())
        if not there.is_dir():
            raise StartError(f"{wanted}: {there} is not a directory")
    except (OSError, ValueError) as error:
        raise StartError(f"state_dir: {error}") from None
    if not os.access(there, os.W_OK | os.X_OK):
        raise StartError(f"{wanted}: this user may not write in {there}")
