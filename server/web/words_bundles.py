"""The words of the page where anybody hands in what they carried, in Hindi and English."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BundleWords:
    title: str
    explain: str
    files: str
    send: str
    back: str


HI = BundleWords(
    title="हाथ से लाई गई हाज़िरी",
    explain="जिस मशीन में नेटवर्क नहीं है, उससे निकाली गई फ़ाइलें यहाँ दें। "
    "आप उन्हें न पढ़ सकते हैं, न बदल सकते हैं; दो बार देने से कुछ नहीं बिगड़ता।",
    files="फ़ाइलें",
    send="भेजें",
    back="उत्तर में मिली फ़ाइल उसी मशीन पर वापस ले जाएँ।",
)
EN = BundleWords(
    title="Attendance carried by hand",
    explain="Hand in the files that were taken off a terminal without a network. You can neither read nor change them, "
    "and nothing happens when they are handed in twice.",
    files="Files",
    send="Hand in",
    back="Carry the file you get in return back to the same terminal.",
)
LANGUAGES = {"hi": HI, "en": EN}
