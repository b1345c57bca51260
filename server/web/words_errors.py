"""What a page says when it cannot be shown, in both languages: why, and what to do about it."""

from collections.abc import Mapping

# What a room below or the framework said in English: in better English, and in Hindi.
SAID: Mapping[str, tuple[str, str]] = {
    "Not Found": ("There is no such page.", "ऐसा कोई पन्ना नहीं है।"),
    "Method Not Allowed": ("This page is not opened in this way.", "यह पन्ना इस तरह नहीं खुलता।"),
    "more than {most} bytes were sent": (
        "More was sent than this page takes.",
        "जितना यह पन्ना लेता है उससे अधिक भेजा गया।",
    ),
    "invalid": ("Not understood: {fields}", "यह समझ में नहीं आया: {fields}"),
    "the ledger cannot be read now; try again": ("The ledger cannot be read now.", "बही अभी पढ़ी नहीं जा सकती।"),
    "something failed here; the server's log says what": (
        "Something failed here; the server's log says what.",
        "यहाँ कुछ विफल हुआ; सर्वर के लॉग में लिखा है।",
    ),
    "the trail of reads cannot be written now": (
        "Who reads what cannot be written down now, so nothing about people is shown.",
        "कौन क्या पढ़ता है यह अभी दर्ज नहीं हो सकता, इसलिए लोगों के बारे में कुछ नहीं दिखाया जाता।",
    ),
    "nobody is registered here": ("Nobody is registered here.", "यहाँ किसी का पंजीकरण नहीं होता।"),
    "there is nothing here": ("There is nothing here.", "यहाँ कुछ नहीं है।"),
    "the photograph was erased": ("The photograph was erased.", "फ़ोटो मिटा दी गई है।"),
    "this server takes nothing in by hand now": (
        "This server takes nothing in by hand now.",
        "यह सर्वर अभी हाथ से लाया गया कुछ नहीं लेता।",
    ),
    "somebody else is handing in just now; try again": (
        "Somebody else is handing in just now.",
        "अभी कोई और जमा कर रहा है।",
    ),
    "there is no checkpoint yet; the first is made within a minute of the first record": (
        "There is no checkpoint yet; the first is made within a minute of the first record.",
        "अभी कोई जाँच-बिंदु नहीं है; पहला अभिलेख आने के एक मिनट के भीतर बनता है।",
    ),
}

# What to do, by the status of the answer.
TODO: Mapping[int, tuple[str, str]] = {
    403: (
        "What your roles open is on “My desk”. Who looks after the accounts of your office gives other roles.",
        "आपकी भूमिकाओं में जो आता है वह “मेरा काम” पर है। दूसरी भूमिका वही देता है जो आपके कार्यालय के खाते देखता है।",
    ),
    404: (
        "It may have been mistyped, be gone, or belong to another office.",
        "हो सकता है पता ग़लत लिखा गया हो, वह हटा दिया गया हो, या किसी और कार्यालय का हो।",
    ),
    409: ("Go back and look at how it stands now.", "वापस जाकर देखें कि अब क्या स्थिति है।"),
    413: ("Go back and choose a smaller file, or send it in parts.", "वापस जाकर छोटी फ़ाइल चुनें, या टुकड़ों में भेजें।"),
    422: ("Go back and mend what is named here.", "वापस जाकर जो यहाँ बताया गया है उसे ठीक करें।"),
    429: ("Wait a little, and try again.", "थोड़ा रुकें, फिर कोशिश करें।"),
    503: ("Nothing is lost. Try again in half a minute.", "कुछ खोया नहीं है। आधे मिनट बाद फिर कोशिश करें।"),
}


def said(text: str, code: str) -> str:
    """In this language ("en" or "hi"); empty: not one of these."""
    return SAID[text][code == "hi"] if text in SAID else ""


def todo(status: int, code: str) -> str:
    """What to do; empty where nothing is to be said."""
    return TODO[status][code == "hi"] if status in TODO else ""
