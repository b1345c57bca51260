"""One rig a driver: the pretended device, and the hands that play it for the contract suite."""

from tests.contract.rigs.adms import AdmsRig
from tests.contract.rigs.camera import CameraRig, NetCameraRig
from tests.contract.rigs.evdev import EvdevRig
from tests.contract.rigs.gpio_keypad import GpioKeypadRig
from tests.contract.rigs.gt521f import Gt521fRig
from tests.contract.rigs.http_capture import HttpCaptureRig
from tests.contract.rigs.libfprint import WiredLibfprintMatchRig, WiredLibfprintRig
from tests.contract.rigs.rdservice import RdServiceRig
from tests.contract.rigs.rig import Rig
from tests.contract.rigs.uru4000 import Uru4000Rig
from tests.contract.rigs.virtual import VirtualRig
from tests.contract.rigs.zfm import ZfmRig
from tests.contract.rigs.zk import ZkRig

RIGS = {
    "virtual": VirtualRig,
    "uru4000": Uru4000Rig,
    "libfprint": WiredLibfprintRig,
    "libfprint_match": WiredLibfprintMatchRig,
    "evdev": EvdevRig,
    "gpio_keypad": GpioKeypadRig,
    "camera": CameraRig,
    "camera_net": NetCameraRig,
    "rdservice": RdServiceRig,
    "http_capture": HttpCaptureRig,
    "zk": ZkRig,
    "adms": AdmsRig,
    "zfm": ZfmRig,
    "gt521f": Gt521fRig,
}

__all__ = ["RIGS", "Rig"]
