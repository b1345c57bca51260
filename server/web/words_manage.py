"""The words of the page on which a terminal is looked after, and of tokens for new machines: English, Hindi."""

import re

MANAGE = {
    "manage": ("Look after it", "देखभाल"),
    "manage_title": ("Look after {name}", "{name} की देखभाल"),
    "manage_done": ("Written down.", "दर्ज हो गया।"),
    "become": ("It becomes", "इसका दर्जा हो"),
    "become_hint": (
        (
            "Kept aside: its punches wait and are not believed. Revoked: its keys are no longer good; only new ones "
            "bring it back. Retired: out of use for good."
        ),
        "अलग रखा: इसकी हाज़िरी रुकती है, मानी नहीं जाती। रद्द: इसकी कुंजियाँ बेकार; नई से ही लौटेगा। सेवामुक्त: हमेशा के लिए बंद।",
    ),
    "become_do": ("Change its standing", "दर्जा बदलें"),
    "become_none": ("It is out of use for good.", "यह हमेशा के लिए सेवामुक्त है।"),
    "why_hint": ("For its history: whoever looks later will ask.", "इतिहास के लिए: बाद में देखने वाला पूछेगा।"),
    "move": ("Move it", "जगह बदलें"),
    "move_office": ("Office, as ORG/CODE", "कार्यालय, संगठन/कोड"),
    "move_name": ("Name for people", "लोगों के लिए नाम"),
    "move_place": ("Place in the building", "भवन में जगह"),
    "move_on": ("From the day", "किस दिन से"),
    "move_on_hint": ("Empty: from now on.", "ख़ाली: अभी से।"),
    "move_hint": (
        "It keeps its history; other people belong on it from then on.",
        "इसका इतिहास बना रहता है; तब से दूसरे लोग इस पर होंगे।",
    ),
    "move_no_day": ("There is no such day.", "ऐसा कोई दिन नहीं।"),
    "move_no_office": ("No such office among yours.", "आपके कार्यालयों में ऐसा कोई नहीं।"),
    "settings_hint": (
        "TOML, at most 512 bytes. A new version goes out when it is online; it then goes by it, or says why not.",
        "TOML, अधिकतम 512 बाइट। नया संस्करण ऑनलाइन होते ही जाता है; मशीन तब से उसी पर चलती है, या बताती है कि क्यों नहीं।",
    ),
    "settings_wrong": ("Nothing was changed: {why}", "कुछ नहीं बदला: {why}"),
    "settings_size": ("Settings are 1 to {most} bytes.", "सेटिंग 1 से {most} बाइट तक होती हैं।"),
    "why_needed": ("Say why: whoever looks later will ask.", "कारण लिखें: बाद में देखने वाला पूछेगा।"),
    "settings_do": ("It should have these", "ये सेटिंग हों"),
    "settings_past": ("Versions", "संस्करण"),
    "replace": ("Replace the unit", "मशीन बदलें"),
    "replace_hint": (
        (
            "Saves hazri.toml with a token for one machine, valid for a day. Put it on the card of the new unit: it "
            "takes this one's place, name and history, and the old unit is believed no more."
        ),
        (
            "एक मशीन के टोकन वाली hazri.toml सहेजता है, एक दिन के लिए मान्य। इसे नई मशीन के कार्ड पर रखें: वह इसकी जगह, नाम और "
            "इतिहास लेगी, और पुरानी मशीन नहीं मानी जाएगी।"
        ),
    ),
    "replace_do": ("Save hazri.toml", "hazri.toml सहेजें"),
    "token_new": ("A new terminal", "नया टर्मिनल"),
    "token_hint": (
        "Saves hazri.toml with a token for one machine of this office, valid for a day.",
        "इस कार्यालय की एक मशीन के टोकन वाली hazri.toml सहेजता है, एक दिन के लिए मान्य।",
    ),
    "token_url": ("How it reaches this server", "यह सर्वर तक कैसे पहुँचे"),
    "token_id": ("Its number, or empty for one that is free", "इसका नंबर, या ख़ाली: कोई मुक्त नंबर"),
    "token_at_once": ("Let it in without asking again", "दोबारा पूछे बिना स्वीकारें"),
    "state_quarantined": ("Keep it aside", "अलग रखें"),
    "state_active": ("Believe it (again)", "(फिर) मानें"),
    "state_revoked": ("Revoke it", "रद्द करें"),
    "state_retired": ("Take it out of use for good", "हमेशा के लिए सेवामुक्त करें"),
}

# What rooms below refuse on these pages, as whoever is at a page is told it; at the console it is said with commands.
REFUSED: dict[re.Pattern[str], tuple[str, str]] = {
    re.compile(r"terminal id .*"): (
        "A number has 1 to 32 letters a to z, digits and hyphens; it begins with none of these: - hazri-",
        "नंबर में 1 से 32 अक्षर a से z, अंक और हाइफ़न हों; आरंभ - या hazri- से न हो।",
    ),
    re.compile(r"the server's address: .*"): (
        "The address is https:// and a name by which machines reach this server.",
        "पता https:// से शुरू हो, और वह नाम हो जिससे मशीनें इस सर्वर तक पहुँचती हैं।",
    ),
    re.compile(r"no such claim; .*"): ("There is no such claim any more.", "ऐसा कोई दावा अब नहीं है।"),
    re.compile(r"this claim was refused; .*"): (
        "It was turned away already; make another token for it.",
        "यह पहले ही अस्वीकृत है; इसके लिए दूसरा टोकन बनाएँ।",
    ),
    re.compile(r"it was admitted already; .*"): (
        "It was let in already; revoke it on its own page.",
        "यह पहले ही स्वीकृत है; इसे इसके अपने पृष्ठ पर रद्द करें।",
    ),
    re.compile(r"\S+: it is \w+, and from there may become .*"): (
        "Somebody else has changed its standing; look at the page again.",
        "किसी और ने दर्जा बदल दिया है; पृष्ठ फिर देखें।",
    ),
    re.compile(r"\S+: name and place are plain text of at most (\d+) characters"): (
        r"Name and place are plain text of at most \1 characters.",
        r"नाम और जगह सादा पाठ हों, अधिकतम \1 अक्षर।",
    ),
    re.compile(r"since: no such time"): ("There is no such day.", "ऐसा कोई दिन नहीं।"),
}
