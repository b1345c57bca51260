"""While a machine waits to be let in, the panel says so in every language, and its code can be read."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from edge.image.firstboot_screen import WORDS, qr, shower
from edge.screen.words import Language
from edge.trust.claim import Step, Waiting

LINK = "https://attendance.example/claims"


class Panel:
    size = (480, 320)

    def __init__(self) -> None:
        self.shown: list[Image.Image] = []

    def show(self, image: Image.Image) -> None:
        self.shown.append(image)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("languages", [(Language.HINDI, Language.ENGLISH), (Language.KANNADA,), (Language.URDU,)])
def test_every_step_is_drawn_in_every_language(languages: tuple[Language, ...]) -> None:
    panel = Panel()
    show = shower(panel, languages, LINK)
    for step in Step:
        assert set(WORDS[step].said()) == {"hi", "en", "kn", "ur"}
        show(Waiting(step, "hr-12-3-a1b2"))
    assert len({image.tobytes() for image in panel.shown}) == len(Step)


def test_the_code_leads_to_where_claims_are_approved() -> None:
    picture = np.asarray(Image.open(io.BytesIO(qr(LINK))).convert("L"))
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert text == LINK


def test_the_code_on_the_panel_can_be_read_by_a_phone() -> None:
    panel = Panel()
    shower(panel, (Language.ENGLISH,), LINK)(Waiting(Step.APPROVAL, "hr-12-3-a1b2"))
    picture = cv2.resize(np.asarray(panel.shown[0].convert("L")), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert text == LINK
