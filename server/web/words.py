"""Every word of the pages, in both languages. Templates use `w.<name>`; a test holds both lists equal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `code` is its BCP 47 tag."""

    code: str
    other_code: str
    other_name: str
    product: str
    title: str
    sign_out: str
    live: str
    connecting: str
    reconnecting: str
    today: str
    all_punches: str
    terminals_online: str
    waiting: str
    refused: str
    people: str
    punches: str
    punches_hint: str
    no_punches: str
    terminals: str
    no_terminals: str
    some_terminals: str
    all_terminals: str
    time: str
    name: str
    terminal: str
    kind: str
    means: str
    state: str
    last_seen: str
    backlog: str
    stored: str
    roster: str
    quarantined: str
    never: str
    seconds_ago: str
    minutes_ago: str
    hours_ago: str
    days_ago: str
    no_date: str
    clock_unknown: str
    of: str
    fork: str
    duplicate: str
    enter_title: str
    enter_text: str
    enter_label: str
    enter_button: str
    enter_working: str
    enter_wrong: str
    enter_expired: str
    enter_other: str
    refused_hint: str
    no_refused: str
    reason: str
    times: str
    detail: str
    reasons: dict[str, str]
    error_title: str
    error_form: str
    error_busy: str
    error_session: str
    back: str
    skip: str
    words: dict[str, str]


EN = Words(
    code="en",
    other_code="hi",
    other_name="हिन्दी",
    product="Hazri",
    title="Attendance, live",
    sign_out="Sign out",
    live="Live",
    connecting="Connecting…",
    reconnecting="No connection. Trying again…",
    today="Punches today",
    all_punches="{n} in all",
    terminals_online="Terminals online",
    waiting="Waiting on terminals",
    refused="Messages refused",
    people="People",
    punches="Punches",
    punches_hint="Newest first. They appear by themselves.",
    no_punches="No punch yet. The first one will appear here by itself.",
    terminals="Terminals",
    no_terminals="No terminal yet. `hazri-server admit` admits one.",
    some_terminals="{n} of {of}, those first from which nothing is heard.",
    all_terminals="All terminals",
    time="Time (IST)",
    name="Name",
    terminal="Terminal",
    kind="Kind",
    means="By",
    state="State",
    last_seen="Last heard",
    backlog="Waiting",
    stored="Stored",
    roster="Roster",
    quarantined="Refused",
    never="never",
    seconds_ago="{n} s ago",
    minutes_ago="{n} min ago",
    hours_ago="{n} h ago",
    days_ago="{n} d ago",
    no_date="no date",
    clock_unknown="clock not confirmed",
    of="of {n}",
    fork="two histories",
    duplicate="again",
    enter_title="Open the dashboard",
    enter_text="Paste the token that `hazri-server token new --scope dashboard` printed.",
    enter_label="Token",
    enter_button="Open",
    enter_working="Checking the link…",
    enter_wrong="This token is not one of this server's.",
    enter_expired="This token has expired. Ask for a new one.",
    enter_other="This token is for something else, not for the dashboard.",
    refused_hint="Kept with the reason, the newest first. Nothing of it is counted as attendance.",
    no_refused="Nothing was refused.",
    reason="Why",
    times="Times",
    detail="More",
    reasons={
        "garbage": "not readable",
        "version": "of a later version",
        "topic": "wrong address",
        "unknown-terminal": "terminal not admitted",
        "revoked": "terminal revoked",
        "quarantined": "terminal kept aside",
        "signature": "false signature",
        "fork": "two histories: copied card?",
        "rollback": "records gone: card put back?",
        "chunk": "part of an unknown template",
        "template": "not the template announced",
        "ledger": "not storable",
    },
    error_title="That did not work",
    error_form="The form was not sent from this page.",
    error_busy="Too many pages are open. Try again in half a minute.",
    error_session="No session. Open the dashboard first.",
    back="To the dashboard",
    skip="Skip to the content",
    words={
        "online": "online",
        "offline": "offline",
        "silent": "silent",
        "new": "not seen yet",
        "revoked": "revoked",
        "in": "in",
        "out": "out",
        "movement_out": "left premises",
        "movement_in": "back",
        "on_duty": "on duty",
        "finger": "finger",
        "face": "face",
        "supervised": "supervised",
        "card": "card",
        "password": "password",
        "rtc": "battery clock",
        "ntp": "network time",
        "server": "server time",
        "unknown": "unknown",
    },
)

HI = Words(
    code="hi",
    other_code="en",
    other_name="English",
    product="हाज़िरी",
    title="लाइव उपस्थिति",
    sign_out="साइन आउट करें",
    live="लाइव",
    connecting="जुड़ रहा है…",
    reconnecting="संपर्क नहीं है। फिर से कोशिश हो रही है…",
    today="आज की हाज़िरी",
    all_punches="कुल {n}",
    terminals_online="चालू मशीनें",
    waiting="मशीनों पर बाकी",
    refused="अस्वीकृत संदेश",
    people="कर्मचारी",
    punches="हाज़िरी",
    punches_hint="नई सबसे ऊपर। अपने-आप दिखती हैं।",
    no_punches="अभी कोई हाज़िरी नहीं। पहली हाज़िरी यहाँ अपने-आप दिखेगी।",
    terminals="मशीनें",
    no_terminals="अभी कोई मशीन नहीं। `hazri-server admit` से जोड़ें।",
    some_terminals="{of} में से {n}; जिनसे कोई ख़बर नहीं, वे पहले।",
    all_terminals="सभी मशीनें",
    time="समय (IST)",
    name="नाम",
    terminal="मशीन",
    kind="प्रकार",
    means="पहचान",
    state="स्थिति",
    last_seen="पिछला संदेश",
    backlog="बाकी",
    stored="जमा",
    roster="सूची",
    quarantined="अस्वीकृत",
    never="कभी नहीं",
    seconds_ago="{n} से. पहले",
    minutes_ago="{n} मि. पहले",
    hours_ago="{n} घं. पहले",
    days_ago="{n} दिन पहले",
    no_date="तारीख़ नहीं",
    clock_unknown="घड़ी की पुष्टि नहीं",
    of="{n} में से",
    fork="दो इतिहास",
    duplicate="दोबारा",
    enter_title="डैशबोर्ड खोलें",
    enter_text="`hazri-server token new --scope dashboard` से मिला टोकन यहाँ चिपकाएँ।",
    enter_label="टोकन",
    enter_button="खोलें",
    enter_working="लिंक जाँचा जा रहा है…",
    enter_wrong="यह टोकन इस सर्वर का नहीं है।",
    enter_expired="इस टोकन की अवधि समाप्त हो गई है। नया माँगें।",
    enter_other="यह टोकन किसी और काम के लिए है, डैशबोर्ड के लिए नहीं।",
    refused_hint="कारण के साथ रखे गए, नए सबसे ऊपर। इनमें से कुछ भी हाज़िरी में नहीं गिना जाता।",
    no_refused="कुछ भी अस्वीकृत नहीं हुआ।",
    reason="कारण",
    times="बार",
    detail="विवरण",
    reasons={
        "garbage": "पढ़ा नहीं जा सका",
        "version": "नए संस्करण का",
        "topic": "पता ग़लत",
        "unknown-terminal": "मशीन जुड़ी नहीं है",
        "revoked": "मशीन रद्द है",
        "quarantined": "मशीन अलग रखी गई है",
        "signature": "हस्ताक्षर झूठा",
        "fork": "दो इतिहास: क्या कार्ड की नक़ल हुई?",
        "rollback": "अभिलेख ग़ायब: क्या पुराना कार्ड लगा?",
        "chunk": "अज्ञात टेम्पलेट का अंश",
        "template": "बताया गया टेम्पलेट नहीं",
        "ledger": "जमा नहीं हो सका",
    },
    error_title="यह नहीं हो पाया",
    error_form="यह फ़ॉर्म इस पेज से नहीं भेजा गया।",
    error_busy="बहुत सारे पेज खुले हैं। आधे मिनट बाद फिर कोशिश करें।",
    error_session="सत्र नहीं खुला है। पहले डैशबोर्ड खोलें।",
    back="डैशबोर्ड पर जाएँ",
    skip="सीधे सामग्री पर जाएँ",
    words={
        "online": "चालू",
        "offline": "बंद",
        "silent": "मौन",
        "new": "अभी नहीं दिखी",
        "revoked": "रद्द",
        "in": "आगमन",
        "out": "प्रस्थान",
        "movement_out": "परिसर से बाहर",
        "movement_in": "वापसी",
        "on_duty": "ड्यूटी पर",
        "finger": "उँगली",
        "face": "चेहरा",
        "supervised": "पर्यवेक्षित",
        "card": "कार्ड",
        "password": "पासवर्ड",
        "rtc": "बैटरी घड़ी",
        "ntp": "नेटवर्क समय",
        "server": "सर्वर समय",
        "unknown": "अज्ञात",
    },
)

LANGUAGES = {"en": EN, "hi": HI}


def ago(words: Words, then_ms: int | None, now_ms: int) -> str:
    """How long ago, in one short word or two."""
    if then_ms is None:
        return words.never
    seconds = max(0, now_ms - then_ms) // 1000
    for limit, size, text in (
        (90, 1, words.seconds_ago),
        (5400, 60, words.minutes_ago),
        (172_800, 3600, words.hours_ago),
    ):
        if seconds < limit:
            return text.format(n=seconds // size)
    return words.days_ago.format(n=seconds // 86_400)


def bound(error_bound_ms: int) -> str:
    """An error bound as a person reads it."""
    if error_bound_ms < 1000:
        return f"±{error_bound_ms} ms"
    if error_bound_ms < 120_000:
        return f"±{error_bound_ms / 1000:.3g} s"
    return f"±{error_bound_ms / 60_000:.3g} min"


def filled(text: str, known: Mapping[re.Pattern[str], str]) -> str:
    """What a room below said, in other words and with its figures in their places; as it is where there are none."""
    found = ((pattern.fullmatch(text), other) for pattern, other in known.items())
    return next((match.expand(other) for match, other in found if match), text)
