"""What the rules of accounts, roles and custody say in English, and in Hindi."""

import re
from collections.abc import Callable, Mapping

from server.access.roles import ROLES

SAID: Mapping[str, str] = {
    "the present password is another one": "वर्तमान पासवर्ड यह नहीं है",
    "password: is the one you have; take another": "यही पासवर्ड अभी भी है; दूसरा चुनें",
    "password: expected 10 to 128 characters; a few words are easy to keep": (
        "पासवर्ड 10 से 128 अक्षर का हो; कुछ शब्द याद रखना आसान होता है"
    ),
    "password: has too few different characters": "पासवर्ड में बहुत कम अलग-अलग अक्षर हैं",
    "password: is made of what everybody tries first; take other words": ("यह पासवर्ड सब सबसे पहले आज़माते हैं; दूसरे शब्द चुनें"),
    "the code is not the one of now; is the clock of the phone right?": (
        "यह इस समय का कोड नहीं है; क्या फ़ोन की घड़ी सही है?"
    ),
    "they are not posted at this office": "वे इस कार्यालय में पदस्थ नहीं हैं",
    "somebody senior is posted there; the portal belongs to the senior-most official": (
        "वहाँ कोई वरिष्ठ पदस्थ है; पोर्टल वरिष्ठतम अधिकारी का है"
    ),
    "a teacher or master may not hold the portal of a district or a zone": (
        "शिक्षक या मास्टर ज़िले या क्षेत्र का पोर्टल नहीं रख सकते"
    ),
    "where: choose an office of the list": "कहाँ: सूची से कार्यालय चुनें",
    "role: choose one of the list": "भूमिका: सूची से चुनें",
    "reason: say why it ends": "कारण लिखें",
    "there is no such grant in force": "ऐसी कोई भूमिका लागू नहीं है",
    "there is no such office": "ऐसा कोई कार्यालय नहीं है",
    "log-in name: is taken": "लॉग-इन नाम किसी और का है",
    "your own account is looked after by somebody else": "आपका अपना खाता कोई और देखता है",
    "they hold a role that is not yours to give": "उनके पास ऐसी भूमिका है जो आप नहीं दे सकते",
    "log-in name: expected 3 to 64 of a-z, 0-9 and . _ @ -, beginning with a letter or a digit": (
        "लॉग-इन नाम: a-z, 0-9 और . _ @ - में से 3 से 64; आरंभ अक्षर या अंक से"
    ),
    "name: expected 1 to 100 printable characters": "नाम: 1 से 100 अक्षर लिखें",
    "mobile: expected ten digits, the first of them 6 to 9": "मोबाइल: दस अंक लिखें, पहला 6 से 9",
    "designation: expected at most 64 printable characters": "पदनाम: अधिक से अधिक 64 अक्षर",
    "person: nobody is registered under this reference, or they have an account already": (
        "व्यक्ति: इस संदर्भ पर कोई पंजीकृत नहीं है, या उनका खाता पहले से है"
    ),
    "there is no such account": "ऐसा कोई खाता नहीं है",
    "reason: say why, in 3 to 500 characters (an order's number and date)": (
        "कारण: 3 से 500 अक्षरों में लिखें (आदेश की संख्या और तिथि)"
    ),
    "until: is before it begins": "अंत: आरंभ से पहले है",
    "until: expected a date, YYYY-MM-DD": "अंत: तिथि लिखें, YYYY-MM-DD",
    "the whole ledger is given on the command line alone": "पूरी बही केवल कमांड लाइन से दी जाती है",
    "an exception from the rule of seniority is the state's to make": "वरिष्ठता के नियम से छूट केवल राज्य दे सकता है",
    "why: expected 3 to 500 characters": "कारण: 3 से 500 अक्षर लिखें",
    "there is no such report to make": "ऐसी कोई रिपोर्ट देय नहीं है",
    "this is for accounts": "यह खातों के लिए है",
    "there is no such report": "ऐसी कोई रिपोर्ट नहीं है",
}

_LEVELS = {"state": "राज्य", "district": "ज़िला", "zone": "क्षेत्र", "office": "कार्यालय"}
_ROLES = {facts.en: facts.hi for facts in ROLES.values()}

_SAID_OF: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(.+): not yours to give here"), lambda m: f"{_role(m)}: यहाँ आप नहीं दे सकते"),
    (re.compile(r"(.+): they hold it here already"), lambda m: f"{_role(m)}: यह भूमिका उनके पास यहाँ पहले से है"),
    (
        re.compile(r"(.+): whoever watches does not do; end the other role first"),
        lambda m: f"{_role(m)}: जो जाँचता है वह करता नहीं; पहले दूसरी भूमिका समाप्त करें",
    ),
    (
        re.compile(r"(.+): is not held at a (\w+), but at: ([\w, ]+)"),
        lambda m: f"{_role(m)}: {_level(m[2])} में नहीं, इनमें होती है: {', '.join(map(_level, m[3].split(', ')))}",
    ),
    (
        re.compile(r"(.+); the state may record an exception with its reason"),
        lambda m: f"{hindi(m[1])}; राज्य कारण सहित छूट दर्ज कर सकता है",
    ),
    (
        re.compile(r"(\d+) custodies are against the rules; hand them over first"),
        lambda m: f"{m[1]} पोर्टल नियम के विरुद्ध हैं; पहले उन्हें सौंपें",
    ),
)


def hindi(text: str) -> str:
    """What is not known stays as it is."""
    if text in SAID:
        return SAID[text]
    found = ((pattern.fullmatch(text), told) for pattern, told in _SAID_OF)
    return next((told(match) for match, told in found if match), text)


def _role(match: re.Match[str]) -> str:
    return _ROLES.get(match[1], match[1])


def _level(name: str) -> str:
    return _LEVELS.get(name, name)
