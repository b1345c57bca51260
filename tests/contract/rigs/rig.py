"""What the contract suite does to a pretended device, whatever its family."""

from typing import Protocol

from drivers.entry import Options


class Rig(Protocol):
    """Plays the device, or the person at it, for one driver."""

    options: Options

    def touch(self) -> None:
        """A finger is laid down and stays."""

    def lift(self) -> None: ...

    def garble(self) -> None:
        """The device sends a reading that is not one."""

    def press(self, *keys: str) -> None: ...

    def close(self) -> None:
        """Take the pretended device away."""
