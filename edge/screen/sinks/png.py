"""The newest screen as one PNG file that is always whole: for a preview, and for whoever serves it."""

import os
from pathlib import Path

from PIL import Image


class PngPanel:
    """A panel whose picture is a file (see edge.screen.sinks.display.Panel)."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._path = path
        self.size = size

    def show(self, image: Image.Image) -> None:
        save(image, self._path)

    def close(self) -> None:
        """What was shown last is nobody's business any more."""
        self._path.unlink(missing_ok=True)


def save(image: Image.Image, path: Path) -> None:
    """Written beside and moved into place: a reader sees the old picture or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    image.save(fresh, "PNG", compress_level=1 if image.mode == "RGB" else 9)
    fresh.replace(path)
