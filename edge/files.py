"""The terminal's small files: written whole, and where the disk refuses, said so to whoever set it up."""

from pathlib import Path

from edge import SetupError
from sync.files import replace_file


def put_file(path: Path, data: bytes | str, mode: int | None = 0o644) -> None:
    """As sync.files.replace_file. A folder that is missing, a stick perhaps, is not made. Raises SetupError."""
    try:
        replace_file(path, data.encode() if isinstance(data, str) else data, mode)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None


def make_folder(path: Path, mode: int = 0o755) -> None:
    """With what leads to it, unless it is there. Raises SetupError."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}") from None
