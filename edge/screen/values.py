"""What the technician's pages say beside their labels: facts that are words, in the words of the screen."""

from collections.abc import Mapping

from edge.screen.words import NO, YES, Words
from sync.health import Verdict
from sync.reasons import WORDS as REASONS

VERDICTS: Mapping[Verdict, Words] = {
    Verdict.UNTRIED: Words("अभी जाँचा नहीं", "Not tried yet"),
    Verdict.FINE: Words("ठीक", "Fine"),
    Verdict.DIRTY: Words("काँच गंदा है", "The glass is dirty"),
    Verdict.PRINT: Words("काँच पर पिछली छाप", "A print on the glass"),
    Verdict.DEAD_LINES: Words("मृत पंक्तियाँ", "Dead lines"),
    Verdict.GARBLED: Words("डेटा बिगड़ा: तार देखें", "Garbled: see to the cable"),
    Verdict.GONE: Words("नहीं मिला", "Not found"),
    Verdict.SILENT: Words("उत्तर नहीं", "No answer"),
    Verdict.WRONG: Words("सेटिंग ग़लत", "Wrong settings"),
}
_WORDS: Mapping[str, Words] = {
    "True": YES,
    "False": NO,
    "lan": Words("केबल (LAN)", "Cable (LAN)"),
    "wifi": Words("वाई-फ़ाई", "Wi-Fi"),
    "gprs": Words("मोबाइल", "Mobile"),
    "none": Words("कोई नहीं", "None"),
    "other": Words("अन्य", "Another"),
    "unknown": Words("पता नहीं", "Not known"),
    "ready": Words("तैयार", "Ready"),
    "no camera": Words("कैमरा नहीं", "No camera"),
    "off": Words("बंद", "Off"),
}
_VALUES = (
    dict(_WORDS)
    | {verdict.name.lower(): words for verdict, words in VERDICTS.items()}
    | {reason.en: Words(reason.hi, reason.en) for reason in REASONS.values()}
)


def value(text: str) -> Words | None:
    """The words for a fact; what stands behind it in brackets or after a colon is for the log. None: as it is."""
    return _VALUES.get(text) or _VALUES.get(text.partition(" (")[0]) or _VALUES.get(text.partition(": ")[0])
