"""What the contract suite does to a pretended device, whatever its family.

A rig whose device is reached over a line (serial, TCP) also has a property `wire`: see wire.py and
../test_driver_faults.py, which then spoil that line in every way.
"""

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
