"""The state directory, opened: its keys and its ledger, which every command works on and every process begins with."""

from dataclasses import dataclass

from server import StartError
from server.ledger.store import Ledger
from server.settings import ServerSettings
from server.trust.keys import ServerKeys, held, open_keys


@dataclass(frozen=True, slots=True)
class Opened:
    """The state directory, opened: what every command works on."""

    keys: ServerKeys
    ledger: Ledger


def open_state(settings: ServerSettings, *, considerate: bool = False) -> Opened:
    """Open the state directory, making what is missing (keys, certificates, tables). `considerate`: see Ledger. Raises
    ServerError."""
    directory = settings.state_dir
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StartError(f"{directory}: {error.strerror}; may this user write there?") from None
    except ValueError as error:
        raise StartError(f"state_dir: {error}") from None
    keys = open_keys(directory, settings.broker.hosts)
    with held(directory / ".migrate"):
        return Opened(keys, Ledger(settings.url, considerate=considerate))
