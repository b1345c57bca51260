"""What was seen, what may innocently explain it, and what to look at, in Hindi and English."""

from dataclasses import dataclass

from server.leads.rules import Rule


@dataclass(frozen=True, slots=True)
class Saying:
    """`seen` is filled in with a lead's figures."""

    name: str
    seen: str
    innocent: str
    look: str


@dataclass(frozen=True, slots=True)
class LeadWords:
    title: str
    explain: str
    none: str
    not_yet: str
    looked: str
    cut: str
    earlier: str
    later: str
    days: str
    show: str
    office: str
    terminal: str
    when: str
    people: str
    evidence: str
    innocent: str
    look: str
    rules: dict[Rule, Saying]
    truly_late: str
    neighbours: str


EN = LeadWords(
    title="Leads, not verdicts",
    explain="What a machine found odd and a person should look at. A lead proves nothing against anybody: each says "
    "what else may be the reason, and names the records it rests on.",
    none="No lead in these days.",
    not_yet="Nothing has been looked through yet: the server does it within minutes of its start. Come back later.",
    looked="Looked through until {at}.",
    earlier="before",
    later="next",
    cut="There was more than one look can hold: only the newest records were searched.",
    days="Days back",
    show="Show",
    office="Office",
    terminal="Terminal",
    when="Last seen",
    people="People",
    evidence="Records",
    innocent="It may be innocent",
    look="What to look at",
    truly_late=" By the server's time {truly_late} of them came after it: one shown as {shown} came at {true_at_least} "
    "or later.",
    neighbours=" In {neighbours} offices beside it {neighbours_late_percent} % of first marks are later.",
    rules={
        Rule.IDENTICAL_PROBE: Saying(
            "Identical probe",
            "The same finger or face came {times} times identical to the last bit, as no living one does.",
            "A sensor that freezes can hand over its last picture again.",
            "The sensor's self-test of that day; who stood there, by the register or the guard.",
        ),
        Rule.IMPOSSIBLE_TRAVEL: Saying(
            "Impossible travel",
            "Two marks of one person {km} km apart, {minutes} minutes or less between them (from {from_terminal}).",
            "A terminal was moved and its place not yet written down; two offices' positions were mistyped.",
            "Where both terminals stood on that day, and the positions of their offices.",
        ),
        Rule.RUSH: Saying(
            "Twenty people in ninety seconds",
            "{people} people marked within {seconds:.0f} seconds.",
            "A queue at the bell, with a quick terminal.",
            "Whether the same people came one by one on other days, and the scores of their matches.",
        ),
        Rule.NEVER_LATE: Saying(
            "Nobody is ever late",
            "Of {marks} first marks of {people} people on {days} days none is later than 09:30; the latest shows "
            "{latest_shown}.",
            "A punctual office, a small one, or one that opens early.",
            "The terminal's clock events, and its punches beside the times the server received them.",
        ),
        Rule.CLOCK_DISPUTED: Saying(
            "Clock disputed",
            "{punches} punches on {day} show a time that cannot be true, by up to {seconds:.0f} seconds.",
            "An empty clock battery, or a terminal that started without a network.",
            "The terminal's clock events of that day. Attendance goes by the evidence, not by the shown time.",
        ),
    },
)
HI = LeadWords(
    title="संकेत, निर्णय नहीं",
    explain="जो मशीन को असामान्य लगा और जिसे किसी व्यक्ति को देखना चाहिए। संकेत किसी के विरुद्ध कुछ सिद्ध नहीं करता: "
    "हर एक बताता है कि और क्या कारण हो सकता है, और किन रिकॉर्डों पर टिका है।",
    none="इन दिनों में कोई संकेत नहीं है।",
    not_yet="अभी कुछ भी नहीं देखा गया है: सर्वर शुरू होने के कुछ मिनटों में यह करता है। बाद में फिर देखें।",
    looked="{at} तक के रिकॉर्ड देखे जा चुके हैं।",
    earlier="पिछला",
    later="अगला",
    cut="रिकॉर्ड एक बार में देखे जा सकने से अधिक थे: केवल सबसे नए देखे गए हैं।",
    days="पिछले दिन",
    show="दिखाएँ",
    office="कार्यालय",
    terminal="मशीन",
    when="अंतिम बार",
    people="लोग",
    evidence="रिकॉर्ड",
    innocent="निर्दोष कारण भी हो सकता है",
    look="क्या देखें",
    truly_late=" सर्वर के समय से उनमें से {truly_late} उसके बाद आए: {shown} दिखाने वाला एक {true_at_least} या उसके बाद आया।",
    neighbours=" पास के {neighbours} कार्यालयों में {neighbours_late_percent} % पहली उपस्थितियाँ देर की हैं।",
    rules={
        Rule.IDENTICAL_PROBE: Saying(
            "हूबहू वही छाप",
            "वही उँगली या चेहरा {times} बार बिट-दर-बिट हूबहू आया, जैसा किसी जीवित का नहीं आता।",
            "अटका हुआ सेंसर अपना पिछला चित्र दोबारा दे सकता है।",
            "उस दिन सेंसर की स्व-जाँच; रजिस्टर या गार्ड के अनुसार वहाँ कौन था।",
        ),
        Rule.IMPOSSIBLE_TRAVEL: Saying(
            "असंभव यात्रा",
            "एक व्यक्ति की दो उपस्थितियाँ {km} किमी दूर, बीच में अधिकतम {minutes} मिनट ({from_terminal} से)।",
            "मशीन हटाई गई और उसका नया स्थान अभी लिखा नहीं गया; कार्यालयों के स्थान ग़लत लिखे गए।",
            "उस दिन दोनों मशीनें कहाँ थीं, और उनके कार्यालयों के स्थान।",
        ),
        Rule.RUSH: Saying(
            "नब्बे सेकंड में बीस लोग",
            "{people} लोगों ने {seconds:.0f} सेकंड में उपस्थिति दर्ज की।",
            "घंटी पर लगी क़तार और तेज़ मशीन।",
            "क्या वही लोग और दिनों में एक-एक करके आए, और उनके मिलान के अंक।",
        ),
        Rule.NEVER_LATE: Saying(
            "कोई कभी देर से नहीं",
            "{days} दिनों में {people} लोगों की {marks} पहली उपस्थितियों में से कोई 09:30 के बाद नहीं; "
            "सबसे देर की {latest_shown} दिखाती है।",
            "समय का पाबंद, छोटा, या जल्दी खुलने वाला कार्यालय।",
            "मशीन की घड़ी की घटनाएँ, और उसकी उपस्थितियाँ सर्वर को मिलने के समय के साथ।",
        ),
        Rule.CLOCK_DISPUTED: Saying(
            "विवादित घड़ी",
            "{day} को {punches} उपस्थितियाँ ऐसा समय दिखाती हैं जो सच नहीं हो सकता, {seconds:.0f} सेकंड तक का अंतर।",
            "घड़ी की ख़ाली बैटरी, या बिना नेटवर्क के चालू हुई मशीन।",
            "उस दिन मशीन की घड़ी की घटनाएँ। उपस्थिति प्रमाण से गिनी जाती है, दिखाए गए समय से नहीं।",
        ),
    },
)
LANGUAGES = {"en": EN, "hi": HI}
