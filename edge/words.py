"""Every message a person at the terminal sees, in Hindi, English, Kannada and Urdu."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from drivers.base import Advice
from sync.record import Kind


class Language(StrEnum):
    """A language of the screen, by its ISO 639-1 code."""

    HINDI = "hi"
    ENGLISH = "en"
    KANNADA = "kn"
    URDU = "ur"


@dataclass(frozen=True, slots=True)
class Words:
    """One message in every language. `{...}` is filled in by the screen; `unfilled` is what it was before that."""

    hi: str
    en: str
    kn: str = ""
    ur: str = ""
    unfilled: "Words | None" = field(default=None, compare=False, repr=False)

    def fill(self, **values: str) -> "Words":
        hi, en, kn, ur = (text.format(**values) for text in (self.hi, self.en, self.kn, self.ur))
        return Words(hi, en, kn, ur, self)

    def within(self, language: Language) -> str:
        """The message in this language; in English where it was not translated yet."""
        match language:
            case Language.HINDI:
                return self.hi
            case Language.ENGLISH:
                return self.en
            case Language.KANNADA:
                return self.kn or self.en
            case Language.URDU:
                return self.ur or self.en
        assert_never(language)


IDLE = Words("अपने छह अंक दबाएँ, फिर ↵", "Type your six digits, then ↵")
TYPING = Words("अंक: {dots}", "Digits: {dots}")
PLACE = Words("अपनी उँगली सेंसर पर रखें", "Place your finger on the sensor")
WAIT = Words("कृपया रुकें…", "Please wait…")

ACCEPTED = {
    Kind.IN: Words("हाज़िरी लग गई: आगमन", "Recorded: in"),
    Kind.OUT: Words("हाज़िरी लग गई: प्रस्थान", "Recorded: out"),
    Kind.MOVEMENT_OUT: Words("दर्ज हुआ: बाहर जाना", "Recorded: going out"),
    Kind.MOVEMENT_IN: Words("दर्ज हुआ: वापसी", "Recorded: coming back"),
    Kind.ON_DUTY: Words("दर्ज हुआ: ड्यूटी पर", "Recorded: on duty"),
}
GREETING = Words("नमस्ते, {name}", "Welcome, {name}")
FAREWELL = Words("फिर मिलेंगे, {name}", "Goodbye, {name}")
DUPLICATE = Words("थोड़ी ही देर में दूसरी बार; पहली गिनी गई है", "Second time in a short while; the first one counts")
CLOCK = Words("समय बाद में ठीक किया जाएगा", "The time will be corrected later")

WRONG_DIGITS = Words("ठीक छह अंक दबाएँ", "Exactly six digits, please")
NOBODY = Words("ये अंक यहाँ दर्ज नहीं हैं। कार्यालय से पूछें", "These digits are not known here. Please ask the office")
NOT_ENROLLED = Words(
    "आपकी उँगली अभी दर्ज नहीं है। कार्यालय में दर्ज कराएँ", "No finger of yours is enrolled yet. Please have it enrolled"
)
NO_MATCH = Words("उँगली इन अंकों से मेल नहीं खाती", "The finger does not match these digits")
TOO_CLOSE = Words(
    "पक्का नहीं हो सका। दूसरी उँगली या दूसरी संख्या से कोशिश करें",
    "Not certain enough. Please use another finger or your other number",
)
NOT_RECORDED = Words("दर्ज नहीं हुआ: रजिस्टर में लिखें", "Not recorded: use the register")
CLEARED = Words("मिटा दिया। फिर से शुरू करें", "Cleared. Please start again")
ABANDONED = Words("समय पूरा हुआ। फिर से शुरू करें", "Time is up. Please start again")
POOR_IMAGE = Words("उँगली ठीक से नहीं पढ़ी जा सकी", "The finger could not be read well")
OUT_OF_SERVICE = Words("मशीन बंद है: रजिस्टर में लिखें", "Out of service: use the register")

ENROL = Words("उँगली रखें ({view}/{views})", "Place the finger ({view} of {views})")
ENROLLED = Words("उँगली दर्ज हो गई", "The finger is enrolled")
NOT_ENROLLING = Words("उँगली दर्ज नहीं हुई", "The finger was not enrolled")

ADVICE = {
    Advice.PLACE_AGAIN: Words("उँगली उठाकर फिर से रखें", "Lift the finger and place it again"),
    Advice.PLACE_FLAT: Words("पूरी उँगली सपाट रखें", "Lay the whole finger pad flat"),
    Advice.MOVE_TO_MIDDLE: Words("उँगली बीच में रखें", "Move the finger to the middle"),
    Advice.PRESS_HARDER: Words("थोड़ा ज़ोर से दबाएँ", "Press a little harder"),
    Advice.PRESS_SOFTER: Words("हल्के से दबाएँ", "Press more softly"),
    Advice.WIPE: Words("उँगली और शीशा पोंछें", "Wipe the finger and the glass"),
    Advice.LIFT: Words("उँगली उठाएँ", "Lift the finger"),
    Advice.OTHER_FINGER: Words("पोंछकर फिर रखें, या दूसरी उँगली रखें", "Wipe and try again, or use another finger"),
    Advice.NO_FACE: Words("कैमरे के सामने खड़े हों, चेहरा खुला रखें", "Stand before the camera with your face uncovered"),
    Advice.ONE_AT_A_TIME: Words("एक बार में एक ही व्यक्ति", "One person at a time"),
    Advice.COME_CLOSER: Words("थोड़ा पास आएँ", "Come a little closer"),
    Advice.STEP_BACK: Words("थोड़ा पीछे हटें", "Step back a little"),
    Advice.WHOLE_FACE: Words("चेहरा बीच में रखें", "Bring your whole face into the middle"),
    Advice.LOOK_HERE: Words("सीधे कैमरे में देखें", "Look straight at the camera"),
    Advice.MORE_LIGHT: Words("यहाँ रोशनी कम है", "There is too little light"),
    Advice.LESS_LIGHT: Words("चेहरे पर रोशनी बहुत तेज़ है", "There is too much light on your face"),
    Advice.BACKLIGHT: Words("रोशनी आपके पीछे है; थोड़ा घूम जाएँ", "The light is behind you; please turn a little"),
    Advice.HOLD_STILL: Words("स्थिर रहें", "Hold still"),
}
