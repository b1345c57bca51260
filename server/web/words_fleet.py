"""The words of the pages about terminals: each with its English and its Hindi. Templates say `f.<name>`.

What ails a terminal, and what to do about it, is in server/fleet/advice.py.
"""

from collections.abc import Mapping
from types import MappingProxyType

from server.web.words import filled
from server.web.words_manage import MANAGE, REFUSED
from server.web.words_places import PLACES
from server.web.words_rollouts import ROLLOUTS

# name: English, Hindi
_PAGES = {
    "fleet": ("Fleet", "टर्मिनल"),
    "overview": ("Overview", "सारांश"),
    "terminals": ("Terminals", "टर्मिनल सूची"),
    "map": ("Map", "नक्शा"),
    "alarms": ("Alarms", "चेतावनियाँ"),
    "tickets": ("Tickets", "शिकायतें"),
    "orders": ("Commands", "आदेश"),
    "rosters": ("Rosters", "सूचियाँ"),
    "work": ("My work", "मेरा काम"),
    "search": ("Search", "खोज"),
    "claims": ("Claims", "दावे"),
    "refused": ("Refused", "अस्वीकृत"),
    "live": ("Live punches", "लाइव हाज़िरी"),
    "sections": ("Parts of the fleet", "टर्मिनलों के भाग"),
    "sample": ("All names and places here are synthetic.", "यहाँ सभी नाम और स्थान काल्पनिक हैं।"),
}

_OVERVIEW = {
    "everywhere": ("Everywhere", "सब जगह"),
    "you_are_here": ("Where you are", "आप यहाँ हैं"),
    "total": ("Terminals", "टर्मिनल"),
    "online": ("Online", "ऑनलाइन"),
    "offline": ("Offline", "ऑफ़लाइन"),
    "failing": ("With a fault", "ख़राब"),
    "warning": ("To be looked at", "ध्यान दें"),
    "well": ("In order", "ठीक"),
    "open_alarms": ("Open alarms", "खुली चेतावनियाँ"),
    "open_tickets": ("Open tickets", "खुली शिकायतें"),
    "breached": ("past day 7", "7 दिन से ऊपर"),
    "punches_today": ("Punches today", "आज की हाज़िरी"),
    "today_by_quarter": ("Punches today, by quarter hour", "आज की हाज़िरी, हर पंद्रह मिनट"),
    "below": ("Below it", "इसके नीचे"),
    "itself": ("At this office itself", "इसी कार्यालय में"),
    "no_office": ("Without an office", "बिना कार्यालय"),
    "what_ails": ("What ails them", "क्या ख़राब है"),
    "nothing_ails": ("Every terminal is in order.", "सभी टर्मिनल ठीक हैं।"),
    "no_terminals": ("No terminal here.", "यहाँ कोई टर्मिनल नहीं।"),
    "name": ("Name", "नाम"),
    "level": ("Level", "स्तर"),
    "code": ("Code", "कोड"),
    "show_list": ("List its terminals", "टर्मिनलों की सूची"),
    "show_map": ("On the map", "नक्शे पर"),
    "no_place": ("No place here has a latitude and longitude.", "यहाँ किसी जगह का अक्षांश-देशांतर दर्ज नहीं।"),
    "of_terminals": ("{n} terminals", "{n} टर्मिनल"),
    "state": ("State", "राज्य"),
    "district": ("District", "ज़िला"),
    "zone": ("Zone", "क्षेत्र"),
    "office": ("Office", "कार्यालय"),
}

_LIST = {
    "terminal": ("Terminal", "टर्मिनल"),
    "place": ("Place", "स्थान"),
    "status": ("Status", "स्थिति"),
    "link": ("Link", "संपर्क"),
    "last_seen": ("Last heard", "अंतिम संपर्क"),
    "waiting": ("Waiting", "बकाया"),
    "roster": ("Roster", "सूची"),
    "ails": ("What is wrong", "क्या गड़बड़ है"),
    "filter": ("Filter", "छाँटें"),
    "apply": ("Show", "दिखाएँ"),
    "unfilter": ("Clear", "हटाएँ"),
    "any": ("any", "कोई भी"),
    "words": ("Name or number", "नाम या नंबर"),
    "condition": ("Condition", "हालत"),
    "worse": ("Warning or fault", "चेतावनी या ख़राबी"),
    "only_fail": ("Fault", "ख़राब"),
    "standing": ("Standing", "दर्जा"),
    "kind": ("Kind", "प्रकार"),
    "csv": ("Save as CSV", "CSV सहेजें"),
    "showing": ("{first}–{last} of {total}", "{total} में से {first}–{last}"),
    "nothing_found": ("Nothing was found. Take a filter away.", "कुछ नहीं मिला। कोई छँटाई हटाएँ।"),
    "earlier": ("Back", "पीछे"),
    "later": ("Next", "आगे"),
    "pages": ("Pages", "पृष्ठ"),
    "pending": ("pending", "प्रतीक्षा में"),
    "active": ("active", "सक्रिय"),
    "quarantined": ("kept aside", "अलग रखा"),
    "revoked": ("revoked", "रद्द"),
    "retired": ("retired", "सेवामुक्त"),
    "ok": ("in order", "ठीक"),
    "warn": ("look at it", "ध्यान दें"),
    "fail": ("fault", "ख़राब"),
    "converged": ("up to date", "पूरी"),
    "behind": ("{n} changes behind", "{n} बदलाव बाकी"),
    "rosters_hint": (
        "Does each terminal have the newest of its people? Those that lag come first.",
        "क्या हर टर्मिनल के पास अपने लोगों की नई सूची है? जो पीछे हैं, पहले।",
    ),
    "has": ("Has", "पास है"),
    "wanted": ("Should have", "होनी चाहिए"),
}

_TERMINAL = {
    "what_to_do": ("What is wrong, and what to do", "क्या गड़बड़ है, और क्या करें"),
    "all_well": ("Nothing is wrong with this terminal.", "इस टर्मिनल में कोई गड़बड़ नहीं।"),
    "since": ("since {when}", "{when} से"),
    "now": ("How it is", "अभी की हालत"),
    "said_ago": ("said {when}", "{when} बताया"),
    "never_said": ("It has not spoken of its health yet.", "इसने अपनी हालत अभी नहीं बताई।"),
    "signal": ("Signal", "सिग्नल"),
    "oldest": ("Oldest unsent", "सबसे पुराना बकाया"),
    "clock": ("Clock", "घड़ी"),
    "clock_off": ("off by {n} ms, known to ± {bound} ms", "{n} ms का अंतर, ± {bound} ms तक ज्ञात"),
    "software": ("Software", "सॉफ़्टवेयर"),
    "certificate": ("Certificate", "प्रमाणपत्र"),
    "days_left": ("{n} days left", "{n} दिन शेष"),
    "running": ("Running for", "चालू है"),
    "restarts": ("Restarts", "दोबारा चालू"),
    "temperature": ("Temperature", "तापमान"),
    "storage": ("Storage", "भंडार"),
    "storage_free": ("{free} MB free, {used} % used", "{free} MB ख़ाली, {used} % भरा"),
    "wear": ("Card wear", "कार्ड घिसाव"),
    "memory": ("Free memory", "ख़ाली मेमोरी"),
    "power": ("Power", "बिजली"),
    "power_low": ("too little voltage", "वोल्टेज कम"),
    "power_was_low": ("voltage was low", "वोल्टेज कम हुआ था"),
    "power_well": ("in order", "ठीक"),
    "roster_age": ("Roster age", "सूची की आयु"),
    "serving": ("Takes punches", "हाज़िरी लेता है"),
    "yes": ("yes", "हाँ"),
    "no": ("no", "नहीं"),
    "sensors": ("Sensors", "सेंसर"),
    "sensor": ("Sensor", "सेंसर"),
    "verdict": ("Self-test", "स्व-जाँच"),
    "score": ("Score", "अंक"),
    "glass": ("Glass", "शीशा"),
    "refusals": ("Asked again", "दोबारा माँगा"),
    "fitness": ("Could it have taken a punch?", "क्या हाज़िरी लग सकती थी?"),
    "fitness_hint": ("Minute by minute, Indian time.", "हर मिनट, भारतीय समय।"),
    "fit": ("yes", "हाँ"),
    "unfit": ("no", "नहीं"),
    "unknown": ("not known", "पता नहीं"),
    "fitness_said": (
        "{day}: yes {fit} %, no {unfit} %, not known {unknown} %",
        "{day}: हाँ {fit} %, नहीं {unfit} %, पता नहीं {unknown} %",
    ),
    "gaps": ("The times it could not, or nobody knows", "जब नहीं लग सकती थी, या पता नहीं"),
    "from": ("From", "से"),
    "to": ("To", "तक"),
    "why": ("Why", "क्यों"),
    "days": ("{n} days", "{n} दिन"),
    "one_day": ("1 day", "1 दिन"),
    "charts": ("The last hours", "पिछले घंटे"),
    "chart_backlog": ("Waiting to be sent", "भेजना बाकी"),
    "chart_signal": ("Weakest signal", "सबसे कमज़ोर सिग्नल"),
    "chart_heat": ("Highest temperature", "अधिकतम तापमान"),
    "chart_range": ("from {low} to {high}", "{low} से {high}"),
    "chart_none": ("No figures yet.", "अभी कोई आँकड़ा नहीं।"),
    "settings": ("Settings", "सेटिंग"),
    "desired": ("Should have", "होनी चाहिए"),
    "reported": ("Says it has", "बताई गई"),
    "version": ("version {n}", "संस्करण {n}"),
    "no_settings": ("none", "कोई नहीं"),
    "settled": ("the same", "एक समान"),
    "not_settled": ("not there yet", "अभी नहीं पहुँची"),
    "its_word": ("Its word", "उसका उत्तर"),
    "people_here": ("People on it", "इस पर लोग"),
    "people_missing": ("{n} of them not there yet", "{n} अभी नहीं पहुँचे"),
    "people_all": ("all are there", "सब पहुँच गए"),
    "cards": ("Logs of its cards", "कार्डों के लॉग"),
    "log": ("Log", "लॉग"),
    "records": ("Records here", "यहाँ रिकॉर्ड"),
    "follows": ("Follows", "इसके बाद का"),
    "first_log": ("the first", "पहला"),
    "units": ("Hardware", "मशीन"),
    "serial": ("Label", "लेबल"),
    "key": ("Key", "कुंजी"),
    "in_use": ("in use", "उपयोग में"),
    "history": ("History", "इतिहास"),
    "what": ("What", "क्या"),
    "who": ("Who", "कौन"),
    "when": ("When", "कब"),
    "was_became": ("From → to", "पहले → अब"),
    "note_state": ("standing", "दर्जा"),
    "note_unit": ("hardware", "मशीन"),
    "note_place": ("place", "स्थान"),
    "label": ("QR code of the unit", "मशीन का QR कोड"),
    "label_hint": (
        "Stick it on the unit. A technician's phone opens this page with it.",
        "इसे मशीन पर चिपकाएँ। तकनीशियन का फ़ोन इससे यह पेज खोलता है।",
    ),
    "moves": ("Places", "जगहें"),
}

_ORDERS = {
    "give": ("Command it", "आदेश दें"),
    "give_hint": (
        "Carried out as soon as it is online. Its own log says when it is done.",
        "ऑनलाइन होते ही होगा। पूरा होने की बात उसका अपना लॉग कहता है।",
    ),
    "not_active": ("It is not active, and obeys nobody.", "यह सक्रिय नहीं है, कोई आदेश नहीं मानता।"),
    "selftest": ("Self-test", "स्व-जाँच"),
    "restart": ("Restart", "दोबारा चालू"),
    "resync": ("Send the roster anew", "सूची फिर भेजें"),
    "locate": ("Show yourself", "अपनी जगह दिखाओ"),
    "wipe": ("Wipe", "सब मिटाएँ"),
    "config": ("Settings", "सेटिंग"),
    "retry_window": ("Come back spread out", "बारी-बारी से लौटें"),
    "selftest_hint": ("tries every sensor", "हर सेंसर जाँचता है"),
    "restart_hint": ("half a minute without punches", "आधा मिनट हाज़िरी नहीं"),
    "resync_hint": ("fetches all its people again", "अपने सब लोग फिर लाता है"),
    "locate_hint": ("light and beep for 30 s", "30 सेकंड बत्ती और आवाज़"),
    "wipe_hint": ("forgets everybody, for good", "सबको हमेशा के लिए भूल जाता है"),
    "wipe_title": ("Wipe {name}?", "{name} का सब कुछ मिटाएँ?"),
    "wipe_text": (
        (
            "It forgets everybody and its keys, and is revoked. Nobody can punch there until it is admitted "
            "anew. What it has sent stays here; what waits there is lost."
        ),
        (
            "यह सबको और अपनी कुंजियाँ भूल जाएगा, और रद्द होगा। दोबारा स्वीकृत होने तक वहाँ कोई हाज़िरी नहीं "
            "लगा सकेगा। जो भेजा जा चुका है यहाँ रहेगा; जो वहाँ बाकी है, खो जाएगा।"
        ),
    ),
    "wipe_type": ("Type its number to go on: {id}", "आगे बढ़ने के लिए इसका नंबर लिखें: {id}"),
    "wipe_wrong": ("That is not its number. Nothing was done.", "यह इसका नंबर नहीं है। कुछ नहीं किया गया।"),
    "wipe_waiting": ("{n} records wait there and would be lost.", "वहाँ {n} रिकॉर्ड बाकी हैं, खो जाएँगे।"),
    "cancel": ("Leave it as it is", "जैसा है रहने दें"),
    "choose": ("Choose one of the commands.", "इनमें से एक आदेश चुनें।"),
    "order": ("Command", "आदेश"),
    "asked": ("asked", "माँगा गया"),
    "sent": ("sent", "भेजा गया"),
    "done": ("done", "पूरा"),
    "asked_at": ("Asked", "माँगा"),
    "done_at": ("Done", "पूरा हुआ"),
    "result": ("Result", "परिणाम"),
    "no_orders": ("No command yet.", "अभी कोई आदेश नहीं।"),
    "order_given": (
        "Asked. It is carried out as soon as the terminal is online.",
        "आदेश दर्ज हुआ। टर्मिनल के ऑनलाइन होते ही होगा।",
    ),
    "server_self": ("the server", "सर्वर"),
    "terminal_self": ("the terminal", "टर्मिनल"),
}

_TICKETS = {
    "tickets_hint": (
        "Mended within seven days (R2.6), the one due first at the top.",
        "सात दिन में ठीक (R2.6), जिसकी तारीख़ पहले है वह ऊपर।",
    ),
    "fault": ("Fault", "ख़राबी"),
    "due": ("Due", "अंतिम तिथि"),
    "day": ("Day", "दिन"),
    "day_n": ("day {n} of 7", "7 में से दिन {n}"),
    "day_late": ("day {n}: too late", "दिन {n}: देर हो गई"),
    "day_closed": ("closed on day {n}", "दिन {n} पर बंद"),
    "taken": ("Taken by", "किसने लिया"),
    "nobody": ("nobody yet", "अभी कोई नहीं"),
    "take": ("I take it", "मैं देखता हूँ"),
    "close": ("Close it", "बंद करें"),
    "show_open": ("Open", "खुली"),
    "show_late": ("Past day 7", "7 दिन से ऊपर"),
    "show_closed": ("Closed", "बंद"),
    "no_tickets": ("No ticket here.", "यहाँ कोई शिकायत नहीं।"),
    "opened": ("Found", "मिली"),
    "closed": ("Closed", "बंद हुई"),
    "evidence": ("Evidence", "प्रमाण"),
    "close_device": (
        "It closes when a self-test is passed and the fault is gone. None was passed since.",
        "स्व-जाँच पास होने और ख़राबी जाने पर बंद होती है। अब तक पास नहीं हुई।",
    ),
    "close_person": (
        "It closes when a finger or the face of this person is accepted at a terminal.",
        "इस व्यक्ति की उँगली या चेहरा टर्मिनल पर स्वीकार होने पर बंद होती है।",
    ),
    "over_already": ("It is closed already.", "यह पहले ही बंद है।"),
    "closes_by_rule": (
        "Nobody's word closes a ticket: a passed self-test or an accepted finger does.",
        "किसी के कहने से शिकायत बंद नहीं होती: स्व-जाँच पास हो या उँगली स्वीकार हो।",
    ),
    "person": ("Person", "व्यक्ति"),
    "ticket_of": ("Ticket: {what}", "शिकायत: {what}"),
    "work_title": ("Work to be done", "करने का काम"),
    "work_hint": (
        "The most urgent first. Scan the QR code on the unit to open its page.",
        "सबसे ज़रूरी पहले। मशीन का QR कोड स्कैन करके उसका पेज खोलें।",
    ),
    "no_work": ("Nothing to be done. Every fault is mended.", "कोई काम बाकी नहीं। सब ठीक है।"),
    "call": ("Call the office", "कार्यालय को फ़ोन करें"),
    "way": ("The way there", "वहाँ का रास्ता"),
    "qr": ("QR code", "QR कोड"),
    "page_of": ("Its page", "इसका पेज"),
    "run_test": ("Run the self-test", "स्व-जाँच चलाएँ"),
    "more": ("{n} more on the list of tickets", "शिकायतों की सूची में {n} और"),
}

_ALARMS = {
    "alarms_hint": (
        "Raised after two looks in a row. They close by themselves when the terminal is well.",
        "लगातार दो बार दिखने पर बनती हैं। टर्मिनल ठीक होने पर अपने-आप बंद होती हैं।",
    ),
    "no_alarms": ("No alarm here.", "यहाँ कोई चेतावनी नहीं।"),
    "seen_it": ("I have seen it", "मैंने देख लिया"),
    "seen_by": ("Seen by", "किसने देखा"),
    "not_over": ("It is not over: the terminal itself says so.", "यह खत्म नहीं हुई: टर्मिनल खुद यही कहता है।"),
    "came_back": ("came back {n} times", "{n} बार लौटी"),
}

_CLAIMS = {
    "claims_hint": (
        "Machines that brought a token. Let in the one that stands where it says; nobody else.",
        "मशीनें जो टोकन लाईं। उसी को स्वीकारें जो बताई जगह पर खड़ी है; किसी और को नहीं।",
    ),
    "no_claims": ("Nobody asks to be let in.", "कोई मशीन स्वीकृति नहीं माँग रही।"),
    "claim_token": ("Token made by", "टोकन किसने बनाया"),
    "claim_replaces": ("It takes the place of a unit that is known.", "यह पहले की मशीन की जगह लेगी।"),
    "claim_approve": ("Let it in", "स्वीकारें"),
    "claim_refuse": ("Turn it away", "अस्वीकारें"),
    "claim_past": ("Decided of late", "हाल के निर्णय"),
    "claim_admitted": ("let in", "स्वीकृत"),
    "claim_refused": ("turned away", "अस्वीकृत"),
    "claim_closed": ("Nothing is claimed at this server.", "इस सर्वर पर दावे नहीं लिए जाते।"),
}

_SEARCH = {
    "search_label": ("Terminal, office or person", "टर्मिनल, कार्यालय या व्यक्ति"),
    "search_label_plain": ("Terminal or office", "टर्मिनल या कार्यालय"),
    "search_hint": (
        "At least two letters. What is searched for stands in no address.",
        "कम से कम दो अक्षर। जो खोजा गया वह किसी पते में नहीं लिखा जाता।",
    ),
    "offices": ("Offices", "कार्यालय"),
    "people": ("People", "लोग"),
    "not_found": ("Nothing within what you may see has that in its name.", "जो आप देख सकते हैं उसमें इस नाम का कुछ नहीं।"),
    "first_few": ("The first {n}.", "पहले {n}।"),
    "more_letters": ("Give at least two letters.", "कम से कम दो अक्षर लिखें।"),
}

# What programs say, as people read it.
_SAID = {
    "link_none": ("no line", "कोई लाइन नहीं"), "link_lan": ("cable", "केबल"), "link_wifi": ("Wi-Fi", "वाई-फ़ाई"),
    "link_gprs": ("mobile network", "मोबाइल नेटवर्क"), "link_other": ("other", "अन्य"),
    "clock_unknown": ("not known", "पता नहीं"), "clock_rtc": ("battery clock", "बैटरी घड़ी"),
    "clock_ntp": ("network time", "नेटवर्क समय"), "clock_server": ("server time", "सर्वर समय"),
    "kind_finger": ("finger", "उँगली"), "kind_face": ("face", "चेहरा"), "kind_keypad": ("keypad", "कीपैड"),
    "kind_machine": ("old machine", "पुरानी मशीन"), "kind_other": ("other", "अन्य"),
    "sensor_gone": ("gone", "नहीं मिला"), "sensor_here": ("here", "मौजूद"),
    "sensor_left": ("left alone: it hung", "छोड़ा गया: अटकता था"),
    "verdict_untried": ("not tried", "नहीं जाँचा"), "verdict_fine": ("passed", "पास"), "verdict_dirty": ("dirty", "गंदा"),
    "verdict_print": ("a print on the glass", "शीशे पर छाप"), "verdict_dead_lines": ("dead lines", "मरी रेखाएँ"),
    "verdict_garbled": ("garbled", "अस्पष्ट"), "verdict_gone": ("gone", "नहीं मिला"),
    "verdict_silent": ("no answer", "उत्तर नहीं"), "verdict_wrong": ("wrong settings", "ग़लत सेटिंग"),
    "why_absent": ("the program does not run", "प्रोग्राम नहीं चल रहा"),
    "why_unable": ("something is missing", "कुछ नहीं मिल रहा"),
    "why_sensor": ("no sensor", "सेंसर नहीं"), "why_clock": ("clock not known", "घड़ी का पता नहीं"),
    "why_storage": ("disk full", "डिस्क भरी"), "why_roster": ("list of people too old", "लोगों की सूची पुरानी"),
    "why_starting": ("starting", "चालू हो रहा था"), "why_power": ("off, or no power", "बंद, या बिजली नहीं"),
    "why_silent": ("nobody punched", "किसी ने हाज़िरी नहीं लगाई"),
    "why_no_word": ("no word of that time", "उस समय की सूचना नहीं"),
    "result_passed": ("passed", "पास"), "result_failed": ("failed", "फ़ेल"), "result_kept": ("kept", "रख ली"),
    "result_gone": ("gone, proven", "मिट गया, प्रमाणित"), "result_unproven": ("not proven", "प्रमाणित नहीं"),
    "result_void": ("void: the unit was replaced", "रद्द: मशीन बदली गई"), "result_done": ("done", "पूरा"),
    "result_unknown": ("it does not know this command", "यह आदेश नहीं जानता"),
}  # fmt: skip

_MORE = MANAGE | PLACES | ROLLOUTS
WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    _PAGES | _OVERVIEW | _LIST | _TERMINAL | _ORDERS | _TICKETS | _ALARMS | _CLAIMS | _SEARCH | _SAID | _MORE
)


class FleetWords(dict[str, str]):
    """One language; `column`: which of a pair."""

    def __init__(self, column: int) -> None:
        super().__init__({name: pair[column] for name, pair in WORDS.items()})
        self._refused = {pattern: pair[column] for pattern, pair in REFUSED.items()}

    def say(self, text: str) -> str:
        """What a room below refused, with its figures; as it is where there is no word for it."""
        return filled(text, self._refused)

    def said(self, what: str, word: str) -> str:
        """A program's word for people: as it is where there is none."""
        return self.get(f"{what}_{word}", word)


LANGUAGES = {code: FleetWords(n) for n, code in enumerate(("en", "hi"))}
