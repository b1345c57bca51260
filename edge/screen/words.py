"""Every message a person at the terminal sees, in Hindi, English, Kannada and Urdu."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from drivers.base import Advice
from edge.people.fingers import Finger
from edge.screen import kannada, urdu
from edge.session.states import Ask, Fact, Fault, Page, Reason
from sync.record import Kind


class Language(StrEnum):
    """A language of the screen, by its ISO 639-1 code."""

    HINDI = "hi"
    ENGLISH = "en"
    KANNADA = "kn"
    URDU = "ur"


@dataclass(frozen=True, slots=True)
class Words:
    """One message in every language. `{...}` is filled in by the screen; `unfilled` is what it was before that.

    Written in Hindi and English; edge.screen.kannada and edge.screen.urdu have the rest by the English text; where
    they do not, English is shown.
    """

    hi: str
    en: str
    kn: str = ""
    ur: str = ""
    unfilled: "Words | None" = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kn", self.kn or kannada.TEXT.get(self.en, self.en))
        object.__setattr__(self, "ur", self.ur or urdu.TEXT.get(self.en, self.en))

    @property
    def both(self) -> str:
        """In Hindi and English, on one line."""
        return f"{self.hi} / {self.en}"

    def fill(self, **values: "str | Words") -> "Words":
        """Words that are filled in are said in each language, too."""

        def within(language: Language) -> str:
            said = {name: v.within(language) if isinstance(v, Words) else v for name, v in values.items()}
            return self.within(language).format(**said)

        return _each(within, self)

    def said(self) -> dict[str, str]:
        """By the language's code, for programs."""
        return {language.value: self.within(language) for language in Language}

    def within(self, language: Language) -> str:
        """The message in this language."""
        match language:
            case Language.HINDI:
                return self.hi
            case Language.ENGLISH:
                return self.en
            case Language.KANNADA:
                return self.kn
            case Language.URDU:
                return self.ur
        assert_never(language)


def catalogue() -> dict[str, Words]:
    """Every message by a name that stays: "wait", "advice.wipe"; sounds are filed under it."""
    found: dict[str, Words] = {}
    for name, value in globals().items():
        if isinstance(value, Words):
            found[name.lower()] = value
        elif name.isupper() and isinstance(value, dict):
            found |= {f"{name}.{key.name}".lower(): words for key, words in value.items()}
    return found


IDLE = Words("अपने छह अंक दबाएँ, फिर ↵", "Type your six digits, then ↵")
WIPE_FIRST = Words("पहले सेंसर का शीशा पोंछें", "Please wipe the sensor's glass first")
TYPING = Words("अंक, फिर ↵", "Digits, then ↵")
PLACE = Words("अपनी उँगली सेंसर पर रखें", "Place your finger on the sensor")
PLACE_OTHER = Words("अपनी दूसरी उँगली सेंसर पर रखें", "Place another of your fingers on the sensor")
IDENTIFY = Words("उँगली रखें, या छह अंक दबाएँ", "Place your finger, or type your six digits")
IDENTIFY_FACE = Words("कैमरे में देखें, या छह अंक दबाएँ", "Look into the camera, or type your six digits")
LOOK = Words("कैमरे में देखें", "Look into the camera")
ASK = {
    Ask.TURN_LEFT: Words("सिर अपनी बाईं ओर घुमाएँ और वापस लाएँ", "Turn your head to your left and back"),
    Ask.TURN_RIGHT: Words("सिर अपनी दाईं ओर घुमाएँ और वापस लाएँ", "Turn your head to your right and back"),
    Ask.CLOSE_EYES: Words("आँखें एक पल बंद करके खोलें", "Close your eyes for a moment and open them"),
}
WAIT = Words("कृपया रुकें…", "Please wait…")
ASKING = Words("कार्यालय से पूछ रहे हैं…", "Asking the office…")
LOCATED = Words("इस मशीन को ढूँढ़ा जा रहा है", "Somebody is looking for this terminal")

KIND = {
    Kind.IN: Words("आगमन", "In"),
    Kind.OUT: Words("प्रस्थान", "Out"),
    Kind.MOVEMENT_OUT: Words("काम से बाहर जाना", "Going out during the day"),
    Kind.MOVEMENT_IN: Words("बाहर से वापसी", "Coming back"),
    Kind.ON_DUTY: Words("ड्यूटी पर", "On duty"),
}
ACCEPTED = {
    Kind.IN: Words("हाज़िरी लग गई: आगमन", "Recorded: in"),
    Kind.OUT: Words("हाज़िरी लग गई: प्रस्थान", "Recorded: out"),
    Kind.MOVEMENT_OUT: Words("दर्ज हुआ: बाहर जाना", "Recorded: going out"),
    Kind.MOVEMENT_IN: Words("दर्ज हुआ: वापसी", "Recorded: coming back"),
    Kind.ON_DUTY: Words("दर्ज हुआ: ड्यूटी पर", "Recorded: on duty"),
}
GREETING = Words("नमस्ते", "Welcome")
FAREWELL = Words("फिर मिलेंगे", "Goodbye")
RECEIPT = Words("रसीद", "Receipt")
DUPLICATE = Words("थोड़ी ही देर में दूसरी बार; पहली गिनी गई है", "Second time in a short while; the first one counts")
CLOCK = Words("समय बाद में ठीक किया जाएगा", "The time will be corrected later")
CLOCK_CORNER = Words("समय ठीक किया जाएगा", "Time will be corrected")

WRONG_DIGITS = Words("ठीक छह अंक दबाएँ", "Exactly six digits, please")
NO_MATCH = Words("पहचान नहीं हुई। अंक जाँचें या कार्यालय से पूछें", "Not recognised. Check the digits, or ask the office")
TOO_CLOSE = Words(
    "पक्का नहीं हो सका। दूसरी उँगली या दूसरी संख्या से कोशिश करें",
    "Not certain enough. Please use another finger or your other number",
)
NOT_RECORDED = Words("दर्ज नहीं हुआ: रजिस्टर में लिखें", "Not recorded: use the register")
NOTED = Words("नोट किया गया; कार्यालय पुष्टि करेगा", "Noted; the office will confirm it")
ELSEWHERE = Words("आप दूसरे राज्य के हैं: अपने कार्यालय से पूछें", "You are of another state: ask your office")
NOT_SUPERVISED = Words("पर्यवेक्षक की पहचान नहीं हुई", "The supervisor was not recognised")
LOCKED = Words("बहुत बार विफल। {seconds} सेकंड रुकें", "Too many failures. Wait {seconds} seconds")
CLEARED = Words("मिटा दिया। फिर से शुरू करें", "Cleared. Please start again")
ABANDONED = Words("समय पूरा हुआ। फिर से शुरू करें", "Time is up. Please start again")
POOR_IMAGE = Words("उँगली ठीक से नहीं पढ़ी जा सकी", "The finger could not be read well")
OUT_OF_SERVICE = Words("मशीन बंद है: रजिस्टर में लिखें", "Out of service: use the register")
FAULT = {
    Fault.SENSOR: Words("सेंसर नहीं मिल रहा", "The sensor is not there"),
    Fault.KEYPAD: Words("कीपैड नहीं मिल रहा", "The keypad is not there"),
    Fault.STORAGE: Words("डिस्क पर लिखा नहीं जा रहा", "The disk cannot be written"),
}

SUPERVISOR = Words("पहचान नहीं हुई। पर्यवेक्षक अपने छह अंक दबाएँ", "Not recognised. A supervisor may type their own six digits")
SUPERVISOR_FINGER = Words("पर्यवेक्षक अपनी उँगली रखें", "The supervisor's finger, please")
FOR_WHOM = Words("किसके लिए?", "For whom?")
WHY = Words("{name} के लिए कारण?", "Why, for {name}?")
WHY_UNKNOWN = Words("ये अंक यहाँ दर्ज नहीं हैं। कारण?", "These digits are not known here. Why?")
REASON = {
    Reason.WORN: Words("उँगली पढ़ी नहीं जाती", "Worn or dry fingers"),
    Reason.INJURED: Words("उँगली में चोट", "Injured finger"),
    Reason.UNABLE: Words("उँगली या चेहरा संभव नहीं", "Unable to use finger or face"),
    Reason.MACHINE: Words("मशीन ख़राब", "The machine fails"),
    Reason.NEW: Words("नए या स्थानांतरित", "New here, or transferred"),
}
PIN = Words("तकनीशियन पिन", "Technician's PIN")
PIN_WRONG = Words("पिन ग़लत है", "Wrong PIN")
PAGE = {
    Page.STATUS: Words("स्थिति", "Status"),
    Page.SELFTEST: Words("जाँच", "Self-test"),
    Page.NETWORK: Words("नेटवर्क", "Network"),
}
FACT = {
    Fact.SEQ: Words("अभिलेख", "Records"),
    Fact.RECEIPTED: Words("केंद्र को मिले", "Receipted"),
    Fact.PEOPLE: Words("लोग", "People"),
    Fact.TEMPLATES: Words("उँगलियाँ और चेहरे", "Templates"),
    Fact.DAMAGED: Words("ख़राब", "Damaged"),
    Fact.BAD_READINGS: Words("न पढ़ी गईं", "Not readable"),
    Fact.FACES: Words("चेहरे", "Faces"),
    Fact.UNRECEIPTED: Words("भेजना बाकी", "Waiting to be sent"),
    Fact.CLOCK: Words("समय", "Time"),
    Fact.TRUSTED: Words("समय पक्का", "Time is certain"),
    Fact.LINK: Words("कनेक्शन", "Link"),
    Fact.UP: Words("केंद्र से जुड़ा", "Connected"),
    Fact.REASON: Words("कारण", "Reason"),
    Fact.METERED: Words("डेटा का ख़र्च", "Paid by the megabyte"),
    Fact.SIGNAL_PERCENT: Words("सिग्नल (%)", "Signal (%)"),
    Fact.OPERATOR: Words("कंपनी", "Operator"),
}
YES = Words("हाँ", "Yes")
NO = Words("नहीं", "No")

ENROL_FACE = Words("कैमरे में देखें ({view}/{views})", "Look into the camera ({view} of {views})")
ENROL = Words("उँगली रखें ({view}/{views})", "Place the finger ({view} of {views})")
FINGER = {
    Finger.RIGHT_THUMB: Words("दायाँ अँगूठा", "Right thumb"),
    Finger.RIGHT_INDEX: Words("दायीं तर्जनी", "Right index finger"),
    Finger.RIGHT_MIDDLE: Words("दायीं मध्यमा", "Right middle finger"),
    Finger.RIGHT_RING: Words("दायीं अनामिका", "Right ring finger"),
    Finger.RIGHT_LITTLE: Words("दायीं कनिष्ठा", "Right little finger"),
    Finger.LEFT_THUMB: Words("बायाँ अँगूठा", "Left thumb"),
    Finger.LEFT_INDEX: Words("बायीं तर्जनी", "Left index finger"),
    Finger.LEFT_MIDDLE: Words("बायीं मध्यमा", "Left middle finger"),
    Finger.LEFT_RING: Words("बायीं अनामिका", "Left ring finger"),
    Finger.LEFT_LITTLE: Words("बायीं कनिष्ठा", "Left little finger"),
}
ENROLLED = Words("दर्ज हो गया", "Enrolled")
NOT_ENROLLING = Words("दर्ज नहीं हुआ", "Not enrolled")


def enrol(finger: int, view: int, views: int) -> Words:
    """What to lay on the sensor now; `finger` 0: nobody said which."""
    due = ENROL.fill(view=str(view), views=str(views))
    if not finger:
        return due
    return replace(joined(": ", [FINGER[Finger(finger)], due]), unfilled=due.unfilled)


def joined(between: str, parts: Sequence[Words]) -> Words:
    """One after the other, in every language."""
    return _each(lambda language: between.join(part.within(language) for part in parts))


def _each(within: Callable[[Language], str], unfilled: Words | None = None) -> Words:
    hi, en, kn, ur = map(within, Language)
    return Words(hi, en, kn, ur, unfilled)


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
