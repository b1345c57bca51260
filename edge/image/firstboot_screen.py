"""What the panel shows while a machine is set up for the first time: what it waits for, and a QR code that leads the
technician's phone to where claims are approved. Before there is a terminal process, so it draws by itself."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import segno

from edge.screen.scene import Colour, Corner, Icon, Screen
from edge.screen.words import Language, Words
from edge.trust.claim import Step, Waiting

if TYPE_CHECKING:
    from edge.screen.sinks.display import Panel

WORDS = {
    Step.NETWORK: Words(
        "सर्वर तक पहुँच नहीं। नेटवर्क देखें",
        "The server is not reached. Check the network",
        "ಸರ್ವರ್ ಸಿಗುತ್ತಿಲ್ಲ. ನೆಟ್‌ವರ್ಕ್ ನೋಡಿ",
        "سرور تک رسائی نہیں۔ نیٹ ورک دیکھیں",
    ),
    Step.APPROVAL: Words(
        "स्वीकृति की प्रतीक्षा है",
        "Waits for approval",
        "ಅನುಮೋದನೆಗೆ ಕಾಯುತ್ತಿದೆ",
        "منظوری کا انتظار ہے",
    ),
    Step.ADMITTED: Words("स्वीकृत", "Admitted", "ಅನುಮೋದಿಸಲಾಗಿದೆ", "منظور"),
}
_SHARE = 0.65  # of the side
_LOOKS = {
    Step.NETWORK: (Colour.YELLOW, Icon.AGAIN),
    Step.APPROVAL: (Colour.WHITE, Icon.WAIT),
    Step.ADMITTED: (Colour.GREEN, Icon.TICK),
}


def screen(waiting: Waiting, link: str) -> Screen:
    """The picture of one step; while it waits, with the code of `link`."""
    colour, icon = _LOOKS[waiting.step]
    name = Words(waiting.terminal, waiting.terminal, waiting.terminal, waiting.terminal)
    code = None if waiting.step is Step.ADMITTED else qr(link)
    return Screen(colour, icon, (WORDS[waiting.step], name), photo=code)


def qr(link: str) -> bytes:
    """As JPEG, in a corner of the square: the sign of the step has the opposite one."""
    from PIL import Image

    picture = io.BytesIO()
    segno.make(link, error="m", micro=False).save(picture, kind="png", scale=12, border=4)
    code, out = Image.open(picture).convert("RGB"), io.BytesIO()
    square = Image.new("RGB", (round(code.width / _SHARE),) * 2, (255, 255, 255))
    square.paste(code, (0, 0))
    square.save(out, "JPEG", quality=95)
    return out.getvalue()


def shower(panel: "Panel", languages: tuple[Language, ...], link: str) -> Callable[[Waiting], None]:
    """Shows each step on a panel; one that cannot be drawn on is passed over."""
    from edge.screen.picture import draw

    def show(waiting: Waiting) -> None:
        try:
            panel.show(draw(screen(waiting, link), Corner(), panel.size, languages[:2]))
        except OSError:
            return

    return show
