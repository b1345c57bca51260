"""A small file that is replaced whole, so that whoever reads it finds what was there or what is there now.

The bytes are on the disk before the name points at them, and the name is on the disk before this returns: after a power
cut neither half a file nor an empty one stands there (rename(2), fsync(2)).
"""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes, mode: int | None = 0o600, *, lasting: bool = True) -> None:
    """Put `data` in its place. `mode` holds whatever the umask; None: what the umask leaves, for FAT has no modes.
    Not `lasting`: nobody waits for the disk, and a power cut may leave anything there.

    Raises OSError, and then what was there is there still.
    """
    new = path.with_name(path.name + ".new")
    # Never through what another user may have put there under this name: the broker owns its directory.
    new.unlink(missing_ok=True)
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666 if mode is None else mode)
    with os.fdopen(file, "wb") as out:
        if mode is not None:
            os.fchmod(file, mode)
        out.write(data)
        out.flush()
        if lasting:
            os.fsync(file)
    new.replace(path)
    if lasting:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """What was renamed in it stays renamed, whatever happens to the power. Raises OSError."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
