"""What each alarm says, and what to do about it, in English and Hindi. For whoever stands before the terminal or
answers for it: no word of ours that only programmers know."""

from typing import NamedTuple


class Advice(NamedTuple):
    what: str
    what_hi: str
    do: str
    do_hi: str


ADVICE = {
    "offline": Advice(
        "not heard of", "संपर्क नहीं",
        "See whether it has power; then cable, Wi-Fi or SIM. It goes on taking punches and sends them later.",
        "बिजली देखें; फिर केबल, वाई-फ़ाई या सिम। हाज़िरी लगती रहती है और बाद में पहुँचती है।",
    ),
    "lagging": Advice(
        "does not have all its people yet", "सूची के सब लोग अभी नहीं पहुँचे",
        "Newcomers may be refused there. See the line; restart the network service if the line is good.",
        "नए लोगों की हाज़िरी वहाँ शायद न लगे। लाइन देखें; लाइन ठीक हो तो नेटवर्क सेवा दोबारा चलाएँ।",
    ),
    "silent": Advice(
        "online, but nobody punches", "चालू है, पर कोई हाज़िरी नहीं लगा रहा",
        "Call the office: is it a holiday there? If not, somebody should try a finger on the machine now.",
        "कार्यालय को फ़ोन करें: क्या वहाँ छुट्टी है? नहीं तो कोई अभी मशीन पर उँगली लगाकर देखे।",
    ),
    "service": Advice(
        "cannot take punches", "हाज़िरी नहीं ले सकता",
        "Use the register meanwhile. Restart it; if that does not help, look at the sensor's cable and the disk.",
        "तब तक रजिस्टर में लिखें। दोबारा चालू करें; न चले तो सेंसर का तार और डिस्क देखें।",
    ),
    "unfit": Advice(
        "people's days cannot be decided: it was not fit", "टर्मिनल ठीक नहीं था: लोगों के दिन तय नहीं हो सके",
        "See why no word came in these hours: power, line, sensor. Mend it and run the self-test there.",
        "देखें कि इन घंटों में सूचना क्यों नहीं आई: बिजली, लाइन, सेंसर। ठीक करें और वहीं स्व-जाँच चलाएँ।",
    ),
    "sensor": Advice(
        "a sensor is not in order", "सेंसर ठीक नहीं",
        "Wipe the glass with a dry cloth; push the cable in; run the self-test. Then replace the sensor.",
        "शीशा सूखे कपड़े से पोंछें; तार कसकर लगाएँ; स्व-जाँच चलाएँ। फिर भी न चले तो सेंसर बदलें।",
    ),
    "backlog": Advice(
        "punches wait to be sent", "हाज़िरी भेजी जानी बाकी है",
        "They are safe there. See the line; where there is none, fetch them on a stick (`hazri-edge export`).",
        "वे वहाँ सुरक्षित हैं। लाइन देखें; लाइन न हो तो पेन ड्राइव पर ले आएँ (`hazri-edge export`)।",
    ),
    "signal": Advice(
        "a weak radio signal", "कमज़ोर सिग्नल",
        "Move the antenna to a window, or try another operator's SIM.",
        "एंटीना खिड़की के पास रखें, या दूसरी कंपनी का सिम लगाएँ।",
    ),
    "clock": Advice(
        "its clock is not to be trusted", "घड़ी भरोसे की नहीं",
        "It corrects itself when it is online. If it stays so, replace the clock's battery.",
        "ऑनलाइन होने पर अपने-आप ठीक होगी। न हो तो घड़ी की बैटरी बदलें।",
    ),
    "storage": Advice(
        "its disk is nearly full", "डिस्क भरने वाली है",
        "Let it send what waits; delete nothing by hand. Replace the card if the space does not come back.",
        "जो बाकी है उसे भेजने दें; हाथ से कुछ न मिटाएँ। जगह न बने तो कार्ड बदलें।",
    ),
    "wear": Advice(
        "its memory card is nearly worn out", "मेमोरी कार्ड घिस चुका है",
        "Replace the card soon, on a day when everything was sent.",
        "जिस दिन सब भेजा जा चुका हो, जल्द कार्ड बदलें।",
    ),
    "heat": Advice(
        "too hot", "बहुत गर्म",
        "Take it out of the sun, free its air slits of dust.",
        "धूप से हटाएँ, हवा के छेदों की धूल साफ़ करें।",
    ),
    "power": Advice(
        "too little voltage", "वोल्टेज कम",
        "Replace the power supply or its cable: the original one, 5.1 V.",
        "पावर सप्लाई या उसका तार बदलें: असली वाला, 5.1 V।",
    ),
    "memory": Advice(
        "little free memory", "मेमोरी कम",
        "Restart it after office hours; tell the maintainers if it comes back.",
        "कार्यालय समय के बाद दोबारा चालू करें; फिर हो तो बताएँ।",
    ),
    "roster": Advice(
        "its list of people is old", "लोगों की सूची पुरानी",
        "Who joined or left since is not known there. Bring it online.",
        "उसके बाद आए-गए लोग वहाँ दर्ज नहीं। उसे ऑनलाइन लाएँ।",
    ),
    "certificate": Advice(
        "its certificate ends soon", "प्रमाणपत्र समाप्त होने वाला है",
        "Keep it online: it asks for a new one by itself. Otherwise admit it again.",
        "ऑनलाइन रखें: नया अपने-आप माँगेगा। नहीं तो दोबारा स्वीकृत करें।",
    ),
    "restarts": Advice(
        "starts again and again", "बार-बार दोबारा चालू होता है",
        "Look at the power supply first, then at its log.",
        "पहले पावर सप्लाई देखें, फिर उसका लॉग।",
    ),
    "software": Advice(
        "older software than others", "सॉफ़्टवेयर औरों से पुराना",
        "Update it when the line is good.",
        "लाइन अच्छी हो तब नया करें।",
    ),
    "rejected": Advice(
        "a person is refused again and again", "एक व्यक्ति की उँगली बार-बार अस्वीकार",
        "Enrol another finger, or the face, at the terminal; look at the fingers for dryness or wear.",
        "टर्मिनल पर दूसरी उँगली या चेहरा दर्ज करें; उँगलियों की सूखापन या घिसाव देखें।",
    ),
    "quarantined": Advice(
        "kept aside, not believed", "अलग रखा गया, मान्य नहीं",
        "Find out whether unit and place are the right ones; then make it active again, or revoke it.",
        "पता करें कि मशीन और जगह सही हैं; फिर दोबारा सक्रिय करें या रद्द करें।",
    ),
    "moved": Advice(
        "seems to stand elsewhere", "लगता है जगह बदली गई",
        "Ask the office. If it was moved on purpose, write the move down.",
        "कार्यालय से पूछें। जानबूझकर हटाया हो तो नई जगह दर्ज करें।",
    ),
    "fork": Advice(
        "two histories of one log: a copied card", "एक लॉग के दो इतिहास: कार्ड की नकल",
        "Put the terminal in quarantine and look at the unit itself.",
        "टर्मिनल को अलग रखें और मशीन खुद देखें।",
    ),
    "rollback": Advice(
        "its card was put back to an earlier day", "कार्ड पुराने दिन पर लौटाया गया",
        "Put the terminal in quarantine and look at the unit itself.",
        "टर्मिनल को अलग रखें और मशीन खुद देखें।",
    ),
    "signature": Advice(
        "records nobody signed", "बिना हस्ताक्षर के रिकॉर्ड",
        "Somebody else may speak in its name: put it in quarantine and look at the unit itself.",
        "कोई और इसके नाम से बोल रहा हो सकता है: इसे अलग रखें और मशीन देखें।",
    ),
    "clock-back": Advice(
        "its clock was turned back in office hours", "कार्यालय समय में घड़ी पीछे की गई",
        "Ask who was at it. Punches are dated by the server's word all the same.",
        "पूछें कि मशीन पर कौन था। हाज़िरी का समय फिर भी सर्वर से तय होता है।",
    ),
    "false-anchor": Advice(
        "a word on the time that is not this server's", "समय की बात जो इस सर्वर की नहीं",
        "Somebody may stand in the line: look at the network there.",
        "लाइन के बीच कोई हो सकता है: वहाँ का नेटवर्क देखें।",
    ),
    "anchors-disagree": Advice(
        "its count of time does not run as time does", "समय की गिनती सही नहीं चलती",
        "The machine's own clock is broken, or somebody was at it: replace the unit.",
        "मशीन की घड़ी खराब है, या किसी ने छेड़ी है: मशीन बदलें।",
    ),
}  # fmt: skip


def advice(kind: str) -> Advice:
    """What there is to say of an alarm; for one without words of its own, its name."""
    return ADVICE.get(kind) or Advice(kind, kind, "Look at the terminal's page.", "टर्मिनल का पेज देखें।")
