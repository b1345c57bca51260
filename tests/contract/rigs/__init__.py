"""One rig a driver: the pretended device, and the hands that play it for the contract suite."""

from tests.contract.rigs.evdev import EvdevRig
from tests.contract.rigs.gpio_keypad import GpioKeypadRig
from tests.contract.rigs.http_capture import HttpCaptureRig
from tests.contract.rigs.rdservice import RdServiceRig
from tests.contract.rigs.rig import Rig
from tests.contract.rigs.virtual import VirtualRig

RIGS = {
    "virtual": VirtualRig,
    "evdev": EvdevRig,
    "gpio_keypad": GpioKeypadRig,
    "rdservice": RdServiceRig,
    "http_capture": HttpCaptureRig,
}

__all__ = ["RIGS", "Rig"]
