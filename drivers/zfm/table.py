"""The module's instructions, confirmation codes and models as data. Facts, no code.

Sources: ZFM-20 series user's manual V2.0 (ZhianTec 2010), ZFM-70 series user manual, R307 and R503 user manuals
(Hangzhou Grow), AS608 (Synochip) communication protocol. Where they differ, the newer device is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, auto

from drivers.base import Advice


class Op(IntEnum):
    """Instruction codes, under the names the manuals use."""

    GEN_IMG = 0x01
    IMG_2_TZ = 0x02
    MATCH = 0x03
    SEARCH = 0x04
    REG_MODEL = 0x05
    STORE = 0x06
    LOAD_CHAR = 0x07
    UP_CHAR = 0x08
    DOWN_CHAR = 0x09
    UP_IMAGE = 0x0A
    DOWN_IMAGE = 0x0B
    DELETE = 0x0C
    EMPTY = 0x0D
    SET_SYS_PARA = 0x0E
    READ_SYS_PARA = 0x0F
    SET_PWD = 0x12
    VFY_PWD = 0x13
    GET_RANDOM = 0x14
    SET_ADDR = 0x15
    READ_INF_PAGE = 0x16
    PORT_CONTROL = 0x17
    WRITE_NOTEPAD = 0x18
    READ_NOTEPAD = 0x19
    HI_SPEED_SEARCH = 0x1B
    TEMPLATE_NUM = 0x1D
    READ_INDEX = 0x1F
    GET_IMAGE_EX = 0x28
    CANCEL = 0x30
    AUTO_ENROLL = 0x31
    AUTO_IDENTIFY = 0x32
    AURA_LED = 0x35
    CHECK_SENSOR = 0x36
    GET_ALG_VER = 0x39
    GET_FW_VER = 0x3A
    READ_PROD_INFO = 0x3C
    SOFT_RST = 0x3D
    HAND_SHAKE = 0x40
    LED_ON = 0x50
    LED_OFF = 0x51
    GET_ECHO = 0x53


class Stream(IntEnum):
    """Whether data packets follow the acknowledgement."""

    NONE = auto()
    UP = auto()  # from the module
    DOWN = auto()  # to the module; nothing acknowledges them


@dataclass(frozen=True, slots=True)
class Instruction:
    """`args` and `results` are struct formats (big-endian) of what stands behind the code."""

    args: str = ""
    results: str = ""
    stream: Stream = Stream.NONE


INSTRUCTIONS: Mapping[Op, Instruction] = {
    Op.GEN_IMG: Instruction(),
    Op.IMG_2_TZ: Instruction("B"),  # buffer
    Op.MATCH: Instruction("", "H"),  # score
    Op.SEARCH: Instruction("BHH", "HH"),  # buffer, first page, pages -> page, score
    Op.REG_MODEL: Instruction(),
    Op.STORE: Instruction("BH"),  # buffer, page
    Op.LOAD_CHAR: Instruction("BH"),
    Op.UP_CHAR: Instruction("B", stream=Stream.UP),
    Op.DOWN_CHAR: Instruction("B", stream=Stream.DOWN),
    Op.UP_IMAGE: Instruction(stream=Stream.UP),
    Op.DOWN_IMAGE: Instruction(stream=Stream.DOWN),
    Op.DELETE: Instruction("HH"),  # first page, pages
    Op.EMPTY: Instruction(),
    Op.SET_SYS_PARA: Instruction("BB"),  # Register, value
    Op.READ_SYS_PARA: Instruction(
        "", "HHHHIHH"
    ),  # status, system id, library, security, address, packet code, baud/9600
    Op.SET_PWD: Instruction("I"),
    Op.VFY_PWD: Instruction("I"),
    Op.GET_RANDOM: Instruction("", "I"),
    Op.SET_ADDR: Instruction("I"),
    Op.READ_INF_PAGE: Instruction(stream=Stream.UP),
    Op.PORT_CONTROL: Instruction("B"),
    Op.WRITE_NOTEPAD: Instruction("B32s"),
    Op.READ_NOTEPAD: Instruction("B", "32s"),
    Op.HI_SPEED_SEARCH: Instruction("BHH", "HH"),
    Op.TEMPLATE_NUM: Instruction("", "H"),
    Op.READ_INDEX: Instruction("B", "32s"),  # a bit a page, the lowest first
    Op.GET_IMAGE_EX: Instruction(),
    Op.CANCEL: Instruction(),
    Op.AUTO_ENROLL: Instruction("BBBBB", "BB"),  # page, may overwrite, may double, report steps, finger must leave
    Op.AUTO_IDENTIFY: Instruction("BBBBB", "BHH"),  # security, first page, pages, report steps, tries
    Op.AURA_LED: Instruction("BBBB"),  # Aura, speed, Colour, times
    Op.CHECK_SENSOR: Instruction(),
    Op.GET_ALG_VER: Instruction("", "32s"),
    Op.GET_FW_VER: Instruction("", "32s"),
    # type, batch, serial, hardware major and minor, sensor, width, height, bytes of a template, pages
    Op.READ_PROD_INFO: Instruction("", "16s4s8sBB8sHHHH"),
    Op.SOFT_RST: Instruction(),
    Op.HAND_SHAKE: Instruction(),
    Op.LED_ON: Instruction(),
    Op.LED_OFF: Instruction(),
    Op.GET_ECHO: Instruction(),
}


class Code(IntEnum):
    """Confirmation codes."""

    OK = 0x00
    PACKET_ERROR = 0x01
    NO_FINGER = 0x02
    CAPTURE_FAIL = 0x03
    MESSY = 0x06
    FEW_POINTS = 0x07
    NO_MATCH = 0x08
    NOT_FOUND = 0x09
    MERGE_MISMATCH = 0x0A
    BAD_PAGE = 0x0B
    LOAD_ERROR = 0x0C
    UP_CHAR_FAIL = 0x0D
    NO_DATA_PACKETS = 0x0E
    UP_IMAGE_FAIL = 0x0F
    DELETE_FAIL = 0x10
    EMPTY_FAIL = 0x11
    BAD_PASSWORD = 0x13
    NO_IMAGE = 0x15
    FLASH_ERROR = 0x18
    UNDEFINED = 0x19
    BAD_REGISTER = 0x1A
    BAD_REGISTER_VALUE = 0x1B
    BAD_NOTEPAD_PAGE = 0x1C
    PORT_ERROR = 0x1D
    LIBRARY_FULL = 0x1F
    ADDRESS_ERROR = 0x20
    MUST_VERIFY = 0x21
    TEMPLATE_NOT_EMPTY = 0x22
    LIBRARY_EMPTY = 0x24
    TIMEOUT = 0x26
    ALREADY_EXISTS = 0x27
    SENSOR_ERROR = 0x29
    ECHO = 0x55
    UNSUPPORTED = 0xFC
    HARDWARE_ERROR = 0xFD
    EXECUTION_FAIL = 0xFE
    UNKNOWN = 0xFF


ADVICE: Mapping[Code, Advice] = {
    Code.CAPTURE_FAIL: Advice.PLACE_AGAIN,
    Code.MESSY: Advice.WIPE,
    Code.FEW_POINTS: Advice.PRESS_HARDER,
    Code.MERGE_MISMATCH: Advice.PLACE_AGAIN,
    Code.UP_CHAR_FAIL: Advice.PLACE_AGAIN,
    Code.UP_IMAGE_FAIL: Advice.PLACE_AGAIN,
    Code.NO_IMAGE: Advice.PLACE_AGAIN,
    Code.NOT_FOUND: Advice.PLACE_AGAIN,
}
"""What the person can do about a code; all others are the machine's trouble."""


class Register(IntEnum):
    """System parameters of SET_SYS_PARA."""

    BAUD = 4  # in units of 9600
    SECURITY = 5  # 1 loose to 5 strict
    PACKET = 6  # 32 << value bytes of data in a packet


class Aura(IntEnum):
    """What the light ring of an R502 or R503 does."""

    BREATHE = 1
    FLASH = 2
    ON = 3
    OFF = 4
    FADE_IN = 5
    FADE_OUT = 6


class Colour(IntEnum):
    """Of the ring; green to white from firmware 1.2 on."""

    RED = 1
    BLUE = 2
    PURPLE = 3
    GREEN = 4
    YELLOW = 5
    CYAN = 6
    WHITE = 7


BAUDS = (57600, 115200, 9600, 19200, 38400)
"""In the order to try them: the maker's default, what we set, and what other people's software sets."""

ANY_ADDRESS = 0xFFFFFFFF
BAUD_UNIT = 9600


@dataclass(frozen=True, slots=True)
class Model:
    """What a module that cannot say it itself is like. `template_bytes` of a finished template."""

    name: str
    width_px: int
    height_px: int
    dpi: int
    template_bytes: int


OPTICAL = Model("R305, R307 or AS608", 256, 288, 500, 512)
"""What a module is taken for that answers neither READ_PROD_INFO nor anything else of its own."""

MODELS: Mapping[str, Model] = {
    "R30": OPTICAL,
    "AS6": OPTICAL,
    "ZFM": OPTICAL,
    "R502": Model("R502", 192, 192, 508, 1536),
    "R503": Model("R503", 192, 192, 508, 1536),
    "FPM": Model("FPM383", 160, 160, 508, 768),
}
"""By the beginning of the type that READ_PROD_INFO gives; it also gives sizes, but no resolution."""
