"""Settings that the server wants here: looked at, kept beside this machine's own, and gone by from the next start."""

from edge import SetupError
from edge.settings import Settings
from sync import StorageError
from sync.files import replace_file


def adopt(settings: Settings, body: bytes) -> str:
    """Keep them in place of those kept before; returns in words why not, where this terminal could not go by them.

    Raises StorageError.
    """
    try:
        settings.acceptable(body.decode())
    except UnicodeDecodeError:
        return "not UTF-8 text"
    except SetupError as error:
        return str(error)
    try:
        replace_file(settings.adopted, body)
    except OSError as error:
        raise StorageError(f"{settings.adopted}: {error.strerror}") from None
    return ""
